"""Truth of the subcellular mechanisms: complete, derived from the state, and turned round by each violation."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from microworldbench.rubric import Polarity, Task
from microworldbench.simulators import MECHANISMS
from microworldbench.simulators.truth import Truth, both, declared
from microworldbench.suites.folder import load_folder
from microworldbench.suites.packaged import packaged_folder

NAMES = ("vesicles", "microtubule", "calcium", "kinesin", "exocytosis")
SUITE = load_folder(packaged_folder() / "core")

FLIPS = {
    ("vesicles", "drift"): {"spreads-as-diffusion", "no-common-drift", "independent-neighbours"},
    ("vesicles", "ballistic"): {"spreads-as-diffusion", "glide-straight"},
    ("vesicles", "frozen"): {"stand-still", "ceaseless-small-steps"},
    ("vesicles", "teleport"): {"jump"},
    ("vesicles", "caged"): {"spreads-as-diffusion"},
    ("vesicles", "multiplying"): {"number-kept"},
    ("vesicles", "vanishing"): {"number-kept"},
    ("microtubule", "symmetric_speeds"): {"shortens-faster"},
    ("microtubule", "in_step"): {"switches-out-of-step"},
    ("microtubule", "only_growth"): {"catastrophe", "rescue", "switches-out-of-step"},
    ("microtubule", "reversed_time"): {"shortens-faster", "comets-mark-growth"},
    ("microtubule", "inverted_comets"): {"comets-mark-growth"},
    ("microtubule", "frozen_tips"): {"grows-at-tip-only", "catastrophe", "rescue", "switches-out-of-step"},
    ("microtubule", "lasting_comets"): {"comets-mark-growth"},
    ("microtubule", "sliding_rods"): {"rod-slides", "grows-at-tip-only", "catastrophe", "four-from-left"},
    ("microtubule", "both_ends"): {"grows-at-tip-only", "four-from-left"},
    ("microtubule", "wriggling"): {"snaking-filaments", "grows-at-tip-only"},
    ("microtubule", "fading"): {"fades-as-a-whole", "catastrophe", "rescue"},
    ("calcium", "pass_through"): {"annihilate", "lights-up-twice"},
    ("calcium", "all_at_once"): {"lights-up-at-once", "lights-up-in-turn", "annihilate", "starts-at-both-ends"},
    ("calcium", "no_recovery"): {"dims-behind"},
    ("calcium", "second_wave"): {"lights-up-twice"},
    ("calcium", "passive_spread"): {"lights-up-in-turn", "undiminished", "annihilate"},
    ("calcium", "uneven_speeds"): {"like-speeds"},
    ("calcium", "stalled"): {"steady-speed", "undiminished", "annihilate"},
    ("calcium", "one_wave"): {"starts-at-both-ends", "annihilate"},
    ("calcium", "reversed_time"): {"starts-at-both-ends", "annihilate"},
    ("kinesin", "backwards"): {"walks-right", "walks-left"},
    ("kinesin", "gliding"): {"glides", "heads-take-turns", "rests-between-swings"},
    ("kinesin", "inchworm"): {"heads-take-turns", "stride-length"},
    ("kinesin", "floating"): {"always-holds-on", "floats-off"},
    ("kinesin", "falls_off"): {"always-holds-on", "floats-off"},
    ("kinesin", "short_strides"): {"stride-length"},
    ("kinesin", "giant_strides"): {"stride-length"},
    ("kinesin", "to_and_fro"): {"walks-right", "walks-left"},
    ("kinesin", "standing"): {"walks-right", "heads-take-turns", "rests-between-swings"},
    ("kinesin", "cargo_left_behind"): {"cargo-follows"},
    ("exocytosis", "leak"): {"leak-through-membrane", "contents-leave", "membrane-joins"},
    ("exocytosis", "burst"): {"vesicle-bursts", "contents-leave", "membrane-joins"},
    ("exocytosis", "whole_crosses"): {"whole-vesicle-crosses", "membrane-joins", "contents-leave"},
    ("exocytosis", "calcium_late"): {"calcium-precedes-pore"},
    ("exocytosis", "kiss_and_run"): {"membrane-joins", "contents-leave"},
    ("exocytosis", "wide_at_once"): {"narrow-pore-first"},
    ("exocytosis", "buds_again"): {"membrane-joins"},
    ("exocytosis", "never_opens"): {"narrow-pore-first", "contents-leave", "membrane-joins", "reaches-receptors"},
    ("exocytosis", "wrong_vesicle"): {"middle-vesicle-fuses", "neighbours-stay"},
    ("exocytosis", "all_fuse"): {"middle-vesicle-fuses", "neighbours-stay"},
    ("exocytosis", "reversed_time"): {"calcium-precedes-pore", "contents-leave", "synapse-layout"},
}
"""Criteria whose truth a violation turns round at every seed."""


def task_of(name: str) -> Task:
    return SUITE.by_id[MECHANISMS[name].task_id]


@cache
def told(name: str, seed: int, violation: str | None = None) -> dict[str, Truth]:
    mechanism = MECHANISMS[name]
    state: Any = mechanism.simulate(mechanism.params.drawn(seed), seed, 5.0, 16.0, violation)
    return dict(mechanism.truth(state))


@pytest.mark.parametrize("name", NAMES)
def test_every_criterion_of_the_task_has_a_truth(name: str) -> None:
    assert set(told(name, 3)) == {criterion.id for criterion in task_of(name).criteria}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [3, 30, 31])
def test_a_faithful_clip_has_every_virtue_and_no_fault(name: str, seed: int) -> None:
    wanted = {c.id: c.polarity is Polarity.REWARD for c in task_of(name).criteria}
    wrong = {c: t.reason for c, t in told(name, seed).items() if t.met is not wanted[c]}
    assert wrong == {}


@pytest.mark.parametrize("name", NAMES)
def test_most_of_the_scientific_truth_comes_from_the_state(name: str) -> None:
    science = [c.id for c in task_of(name).criteria if c.dimension == "scientific_fidelity"]
    assert sum(told(name, 3)[c].known == "state" for c in science) > len(science) / 2


@pytest.mark.parametrize("name", NAMES)
def test_the_table_of_flips_knows_every_violation(name: str) -> None:
    assert {v for n, v in FLIPS if n == name} == set(MECHANISMS[name].violations)


@pytest.mark.parametrize(("pair", "flipped"), FLIPS.items(), ids=[" ".join(pair) for pair in FLIPS])
@pytest.mark.parametrize("seed", [3, 30])
def test_a_violation_turns_round_what_it_breaks(pair: tuple[str, str], flipped: set[str], seed: int) -> None:
    name, violation = pair
    virtue = {c.id: c.polarity is Polarity.REWARD for c in task_of(name).criteria}
    assert {c for c in flipped if told(name, seed, violation)[c].met is not (not virtue[c])} == set()


@pytest.mark.parametrize(
    ("first", "second", "met"),
    [(True, True, True), (True, False, False), (None, False, False), (None, True, None), (None, None, None)],
)
def test_two_claims_hold_where_both_do(first: bool | None, second: bool | None, met: bool | None) -> None:
    assert both(Truth(first, "a"), declared(second, "b")) == Truth(met, "a; b", "declared")
