"""What the judge says of subcellular clips against what is true of them.

Held out: no threshold was set on seeds of 30 or more, nor on the violations ``one_wave`` and ``uneven_speeds``
(calcium); ``frozen_tips`` and ``lasting_comets`` (microtubule), ``falls_off`` and ``short_strides`` (kinesin),
``wide_at_once`` and ``buds_again`` (exocytosis), which are younger than the last threshold. (Before them ``in_step``
and ``both_ends``, ``inchworm`` and ``to_and_fro``, ``wrong_vesicle`` and ``all_fuse`` were held out, until gates were
mended with whole batteries in view.)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from microworldbench.results import Judgement
from microworldbench.rubric import Polarity, Task
from microworldbench.simulators import MECHANISMS
from microworldbench.simulators.truth import Truth

Judged = Callable[..., dict[str, Judgement]]

NAMES = ("microtubule", "calcium", "kinesin", "exocytosis")
UNSEEN = {("microtubule", "frozen_tips")}
"""Violations that no measurement tells from the truth: lines of which none moves are not followed at all."""

DEFAULTS = [(name, MECHANISMS[name].default_violation) for name in NAMES]
OTHERS = [(name, v) for name in NAMES for v in MECHANISMS[name].violations if (name, v) not in DEFAULTS]


@cache
def told(name: str, seed: int, violation: str | None) -> dict[str, Truth]:
    mechanism = MECHANISMS[name]
    return dict(mechanism.truth(mechanism.simulate(mechanism.params.drawn(seed), seed, 5.0625, 16.0, violation)))


def wrong(said: dict[str, Judgement], true: dict[str, Truth]) -> dict[str, str]:
    """Criteria judged otherwise than they are."""
    return {
        c: f"{judgement.met}: {judgement.observation}, but {true[c].reason}"
        for c, judgement in said.items()
        if None not in (judgement.met, true[c].met) and judgement.met is not true[c].met
    }


def seen(task: Task, said: dict[str, Judgement]) -> set[str]:
    """Criteria judged as no faithful clip would be."""
    virtue = {c.id: c.polarity is Polarity.REWARD for c in task.criteria}
    return {c for c, judgement in said.items() if judgement.met is (not virtue[c])}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [31, 34])
def test_a_faithful_clip_is_judged_as_it_is_and_nearly_completely(name: str, seed: int, judged: Judged) -> None:
    said, true = judged(name, seed), told(name, seed, None)
    assert wrong(said, true) == {}
    assert sum(judgement.met is None for judgement in said.values()) <= 0.15 * len(said)


@pytest.mark.parametrize(("name", "violation"), DEFAULTS)
def test_the_worst_violation_is_seen_and_nothing_else_is_judged_wrong(
    name: str, violation: str, judged: Judged, tasks: dict[str, Task]
) -> None:
    said = judged(name, 32, violation)
    assert wrong(said, told(name, 32, violation)) == {}
    assert seen(tasks[name], said)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "violation"), OTHERS)
def test_every_other_violation_is_seen_and_nothing_else_is_judged_wrong(
    name: str, violation: str, judged: Judged, tasks: dict[str, Task]
) -> None:
    said = judged(name, 33, violation)
    assert wrong(said, told(name, 33, violation)) == {}
    assert bool(seen(tasks[name], said)) is ((name, violation) not in UNSEEN)
