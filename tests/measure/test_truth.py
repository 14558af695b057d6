"""What the judge says of clips whose truth is known by construction. Seeds here were not used to set thresholds."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from microworldbench.results import Judgement
from microworldbench.rubric import Polarity, Task
from microworldbench.simulators import MECHANISMS

Judged = Callable[..., dict[str, Judgement]]

FLIPS = {
    ("vessel", "plug_flow"): {"faster-on-axis"},
    ("vessel", "cells_through_clot"): {"through-the-clot"},
    ("vessel", "reversed_flow"): {"left-to-right"},
    ("vessel", "sloshing_flow"): {"left-to-right", "turns-round"},
    ("vessel", "no_acceleration"): {"faster-in-throat"},
    ("vessel", "vanishing_cells"): {"as-many-behind"},
    ("vessel", "steady_flow"): {"surges-with-the-heart"},
    ("vessel", "teleport"): {"cells-jump"},
    ("mitosis", "third_daughter"): {"one-becomes-two", "third-cell"},
    ("mitosis", "lost_daughter"): {"one-becomes-two", "cells-merge-or-vanish", "volume-kept"},
    ("mitosis", "no_segregation"): {"equal-chromatin", "empty-daughter"},
    ("mitosis", "growing_volume"): {"volume-kept"},
    ("mitosis", "unequal_daughters"): {"daughters-alike"},
    ("mitosis", "reversed_time"): {"one-becomes-two", "cells-merge-or-vanish"},
    ("vesicles", "drift"): {"no-common-drift", "spreads-as-diffusion"},
    ("vesicles", "ballistic"): {"spreads-as-diffusion", "glide-straight"},
    ("vesicles", "frozen"): {"stand-still"},
    ("vesicles", "teleport"): {"jump"},
    ("vesicles", "vanishing"): {"number-kept"},
}
"""Criteria that a violation turns round for certain."""

DOUBTFUL = {
    # Where the violation hides what a criterion asks about, or changes it along with the rest.
    ("vessel", "cells_through_clot"): {"faster-in-throat"},
    ("vessel", "sloshing_flow"): {"faster-in-throat", "faster-on-axis", "surges-with-the-heart"},
    ("mitosis", "third_daughter"): {"equal-chromatin", "daughters-alike", "empty-daughter"},
    ("mitosis", "lost_daughter"): {"equal-chromatin", "daughters-alike", "empty-daughter"},
    ("mitosis", "unequal_daughters"): {"equal-chromatin", "empty-daughter"},
    ("mitosis", "reversed_time"): {"equal-chromatin", "daughters-alike", "empty-daughter"},
    ("vesicles", "drift"): {"glide-straight", "number-kept"},
    ("vesicles", "frozen"): {"spreads-as-diffusion", "no-common-drift", "glide-straight", "number-kept"},
    ("vesicles", "teleport"): {"spreads-as-diffusion", "number-kept"},
    ("vesicles", "vanishing"): {"some-thirty-vesicles"},
}

NAMES = sorted({name for name, _ in FLIPS})
DEFAULTS = [(name, MECHANISMS[name].default_violation) for name in NAMES]
OTHERS = [pair for pair in FLIPS if pair not in DEFAULTS]


def good(task: Task, criterion: str) -> bool:
    return next(c for c in task.criteria if c.id == criterion).polarity is Polarity.REWARD


def check(task: Task, said: dict[str, Judgement], flipped: set[str], doubtful: set[str]) -> None:
    wrong = {
        criterion: judgement.observation
        for criterion, judgement in said.items()
        if criterion not in doubtful and judgement.met is not (good(task, criterion) ^ (criterion in flipped))
    }
    assert wrong == {}


def test_the_table_knows_every_violation() -> None:
    assert set(FLIPS) == {(name, violation) for name in NAMES for violation in MECHANISMS[name].violations}


@pytest.mark.parametrize("name", NAMES)
def test_a_faithful_clip_meets_every_reward_and_no_penalty(name: str, judged: Judged, tasks: dict[str, Task]) -> None:
    check(tasks[name], judged(name, 31), set(), set())


@pytest.mark.parametrize(("name", "violation"), DEFAULTS)
def test_the_worst_violation_flips_what_it_breaks_and_nothing_else(
    name: str, violation: str, judged: Judged, tasks: dict[str, Task]
) -> None:
    pair = (name, violation)
    check(tasks[name], judged(name, 32, violation), FLIPS[pair], DOUBTFUL.get(pair, set()))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "violation"), OTHERS)
def test_every_other_violation_flips_what_it_breaks_and_nothing_else(
    name: str, violation: str, judged: Judged, tasks: dict[str, Task]
) -> None:
    pair = (name, violation)
    check(tasks[name], judged(name, 33, violation), FLIPS[pair], DOUBTFUL.get(pair, set()))
