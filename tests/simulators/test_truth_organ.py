"""The truth of organ clips: every criterion has one, faithful clips are right, violations turn round what they say."""

from __future__ import annotations

import pytest

from microworldbench.rubric import Polarity, Task
from microworldbench.simulators import MECHANISMS
from microworldbench.simulators.truth import Truth
from microworldbench.suites.folder import load_folder
from microworldbench.suites.packaged import packaged_folder

FLIPS = {
    ("cardiac", "both_valves_open"): {
        "both-valves-open",
        "mitral-shuts-before-outflow",
        "aortic-shuts-before-filling",
        "backflow",
    },
    ("cardiac", "long_contraction"): {"long-contraction"},
    ("cardiac", "reversed_time"): {
        "mitral-shuts-before-outflow",
        "aortic-shuts-before-filling",
        "backflow",
        "one-way-blood",
        "long-contraction",
    },
    ("cardiac", "thinning_wall"): {"wall-thickens"},
    ("cardiac", "shut_valves"): {"mitral-shuts-before-outflow", "aortic-shuts-before-filling"},
    ("cardiac", "feeble_beat"): {"cavity-shrinks", "wall-thickens", "base-descends"},
    ("cardiac", "collapsing_chamber"): {"cavity-shrinks"},
    ("cardiac", "racing_heart"): {"one-beat"},
    ("cardiac", "lifting_apex"): {"base-descends"},
    ("alveoli", "collapsing"): {"collapse", "gentle-swing"},
    ("alveoli", "ballooning"): {"gentle-swing"},
    ("alveoli", "frozen_lung"): {"breathes-in-rhythm", "gentle-swing", "two-or-three-breaths"},
    ("alveoli", "long_inspiration"): {"longer-expiration"},
    ("alveoli", "panting"): {"flutter", "two-or-three-breaths", "gentle-swing"},
    ("alveoli", "held_breath"): {"breathes-in-rhythm", "two-or-three-breaths"},
    ("alveoli", "slow_breath"): {"breathes-in-rhythm", "two-or-three-breaths"},
    ("alveoli", "extra_alveoli"): {"number-kept"},
    ("alveoli", "vanishing_alveoli"): {"number-kept"},
    ("alveoli", "out_of_step"): {"breathes-in-rhythm", "gentle-swing", "two-or-three-breaths", "all-together"},
    ("alveoli", "drifting_bubbles"): {"balls-of-air"},
    ("peristalsis", "backward_wave"): {"rings-left-to-right", "chyme-carried"},
    ("peristalsis", "standing_squeeze"): {
        "rings-left-to-right",
        "tightens-in-place",
        "chyme-carried",
        "steady-rings",
    },
    ("peristalsis", "stuck_chyme"): {"chyme-carried"},
    ("peristalsis", "counterflow"): {"chyme-carried"},
    ("peristalsis", "vanishing_chyme"): {"amount-kept"},
    ("peristalsis", "through_the_wall"): {"through-the-wall"},
    ("peristalsis", "racing_wave"): {"steady-rings"},
    ("peristalsis", "appearing_chyme"): {"amount-kept"},
    ("peristalsis", "shallow_wave"): {"ring-narrows", "chyme-carried", "wall-thickens"},
    ("peristalsis", "frozen_gut"): {"rings-left-to-right", "chyme-carried", "steady-rings"},
    ("peristalsis", "teleport"): {"bits-jump"},
    ("excitation", "passing_waves"): {"waves-annihilate", "waves-pass-through", "same-order"},
    ("excitation", "one_wave"): {"from-both-electrodes", "waves-annihilate", "like-speeds"},
    ("excitation", "reversed_time"): {"from-both-electrodes", "waves-annihilate", "fronts-spread", "like-speeds"},
    ("excitation", "flash"): {
        "from-both-electrodes",
        "waves-annihilate",
        "fronts-spread",
        "all-at-once",
        "like-speeds",
    },
    ("excitation", "blocked_waves"): {"waves-annihilate", "no-dark-patch"},
    ("excitation", "single_round"): {"fires-again"},
    ("excitation", "dead_half"): {"from-both-electrodes", "waves-annihilate", "like-speeds"},
    ("excitation", "no_recovery"): {"recovers", "fires-again"},
    ("excitation", "spiral"): {
        "from-both-electrodes",
        "waves-annihilate",
        "fronts-spread",
        "like-speeds",
        "turning-wave",
    },
    ("excitation", "uneven_waves"): {"like-speeds"},
    ("vessel", "plug_flow"): {"faster-on-axis"},
    ("vessel", "cells_through_clot"): {"through-the-clot", "faster-in-throat"},
    ("vessel", "reversed_flow"): {"left-to-right"},
    ("vessel", "sloshing_flow"): {"left-to-right", "turns-round"},
    ("vessel", "no_acceleration"): {"faster-in-throat"},
    ("vessel", "vanishing_cells"): {"as-many-behind"},
    ("vessel", "steady_flow"): {"surges-with-the-heart"},
    ("vessel", "fast_walls"): {"faster-on-axis"},
    ("vessel", "slow_throat"): {"faster-in-throat"},
    ("vessel", "teleport"): {"cells-jump"},
}
"""Criteria that a violation turns round, by mechanism and violation."""

OPEN = {
    ("excitation", "passing_waves"): {"fires-again"},
    ("excitation", "one_wave"): {"no-dark-patch"},
    ("excitation", "reversed_time"): {"same-order", "no-dark-patch", "fires-again"},
    ("excitation", "flash"): {"same-order", "fires-again"},
    ("excitation", "blocked_waves"): {"fronts-spread", "same-order", "like-speeds"},
    ("excitation", "dead_half"): {"no-dark-patch", "fires-again", "same-order"},
    ("excitation", "no_recovery"): {"same-order"},
    ("excitation", "spiral"): {"same-order", "no-dark-patch", "fires-again"},
    ("peristalsis", "vanishing_chyme"): {"bits-keep-their-looks"},
    ("peristalsis", "through_the_wall"): {"amount-kept"},
    ("peristalsis", "shallow_wave"): {"reopens"},
    ("peristalsis", "frozen_gut"): {"reopens"},
    ("peristalsis", "teleport"): {"bits-keep-their-looks"},
    ("alveoli", "collapsing"): {"number-kept", "shared-walls", "changing-sacs"},
    ("alveoli", "frozen_lung"): {"longer-expiration", "all-together"},
    ("alveoli", "panting"): {"longer-expiration"},
    ("alveoli", "slow_breath"): {"longer-expiration"},
    ("alveoli", "extra_alveoli"): {"changing-sacs"},
    ("alveoli", "vanishing_alveoli"): {"shared-walls", "changing-sacs"},
    ("alveoli", "out_of_step"): {"longer-expiration", "shared-walls"},
    ("cardiac", "both_valves_open"): {"one-way-blood"},
    ("cardiac", "shut_valves"): {"one-way-blood"},
    ("cardiac", "feeble_beat"): {"one-way-blood"},
    ("vessel", "sloshing_flow"): {"surges-with-the-heart"},
    ("vessel", "vanishing_cells"): {"cells-keep-their-looks"},
    ("vessel", "teleport"): {"cells-keep-their-looks"},
}
"""Criteria that a violation leaves undetermined."""

NAMES = sorted({name for name, _ in FLIPS})


@pytest.fixture(scope="module")
def tasks() -> dict[str, Task]:
    suite = load_folder(packaged_folder() / "core")
    return {name: suite.by_id[MECHANISMS[name].task_id] for name in NAMES}


def told(name: str, seed: int, violation: str | None = None, duration_s: float = 5.0625) -> dict[str, Truth]:
    mechanism = MECHANISMS[name]
    state = mechanism.simulate(mechanism.params.drawn(seed), seed, duration_s, 16.0, violation)
    return dict(mechanism.truth(state))


def turned(task: Task, truths: dict[str, Truth]) -> set[str]:
    """Criteria whose truth is bad news for the clip."""
    bad = {c.id: c.polarity is Polarity.PENALTY for c in task.criteria}
    return {key for key, truth in truths.items() if truth.met is bad[key]}


def test_the_table_knows_every_violation() -> None:
    assert set(FLIPS) == {(name, violation) for name in NAMES for violation in MECHANISMS[name].violations}


@pytest.mark.parametrize("name", NAMES)
def test_every_criterion_of_the_task_has_a_truth(name: str, tasks: dict[str, Task]) -> None:
    assert set(told(name, 4)) == {criterion.id for criterion in tasks[name].criteria}


@pytest.mark.parametrize("seed", [2, 40, 41])
@pytest.mark.parametrize("name", NAMES)
def test_a_faithful_clip_is_right_in_everything(name: str, seed: int, tasks: dict[str, Task]) -> None:
    truths = told(name, seed)
    assert turned(tasks[name], truths) == set()
    assert {key for key, truth in truths.items() if truth.met is None} == set()


@pytest.mark.parametrize(("name", "violation"), FLIPS)
def test_a_violation_turns_round_what_it_breaks_and_nothing_else(
    name: str, violation: str, tasks: dict[str, Task]
) -> None:
    truths = told(name, 42, violation)
    assert turned(tasks[name], truths) == FLIPS[name, violation]
    assert {key for key, truth in truths.items() if truth.met is None} == OPEN.get((name, violation), set())


@pytest.mark.parametrize("name", NAMES)
def test_a_single_instant_tells_nothing_about_time_and_breaks_nothing(name: str, tasks: dict[str, Task]) -> None:
    truths = told(name, 3, duration_s=0.05)
    assert turned(tasks[name], truths) <= {c.id for c in tasks[name].criteria if c.temporal}
