"""The truth of cellular clips: a violation turns round what it breaks, and a faithful clip is right throughout."""

from __future__ import annotations

import pytest

from microworldbench.rubric import Polarity, Task
from microworldbench.simulators import MECHANISMS
from microworldbench.simulators.truth import Truth
from microworldbench.suites.folder import load_folder
from microworldbench.suites.packaged import packaged_folder

_NOT_SWALLOWED = {
    "lips-meet-beyond",
    "enclosed-in-vacuole",
    "vacuole-moves-inwards",
    "one-in-two-out",
    "vesicles-gather",
}
FLIPS = {
    ("bacteria", "linear_growth"): {"grows-exponentially"},
    ("bacteria", "filaments"): {"lengths-kept", "thirty-at-the-end"},
    ("bacteria", "arrested"): {"grows-exponentially", "thirty-at-the-end"},
    ("bacteria", "vanishing"): {"grows-exponentially", "cells-vanish", "thirty-at-the-end"},
    ("bacteria", "reversed_time"): {
        "grows-exponentially",
        "cells-vanish",
        "starts-with-one-rod",
        "thirty-at-the-end",
    },
    ("bacteria", "no_pushing"): {"rods-in-a-heap", "pushes-neighbours"},
    ("bacteria", "unequal_division"): {"splits-in-halves"},
    ("bacteria", "scattering"): {"one-patch", "darts"},
    ("mitosis", "third_daughter"): {"one-becomes-two", "third-cell", "two-at-the-end"},
    ("mitosis", "lost_daughter"): {"one-becomes-two", "cells-merge-or-vanish", "volume-kept", "two-at-the-end"},
    ("mitosis", "no_segregation"): {"equal-chromatin", "empty-daughter", "parting-before-furrow", "nuclei-re-form"},
    ("mitosis", "growing_volume"): {"volume-kept"},
    ("mitosis", "unequal_daughters"): {"daughters-alike"},
    ("mitosis", "unequal_sets"): {"equal-chromatin", "parting-before-furrow"},
    ("mitosis", "fusing_again"): {"one-becomes-two", "cells-merge-or-vanish", "two-at-the-end"},
    ("mitosis", "reversed_time"): {
        "one-becomes-two",
        "alone-at-first",
        "plate-before-parting",
        "cells-merge-or-vanish",
        "two-at-the-end",
    },
    ("chemotaxis", "against_gradient"): {"climbs-the-gradient", "crawls-away", "gathers-at-the-tip"},
    ("chemotaxis", "no_bias"): {"climbs-the-gradient"},
    ("chemotaxis", "straight_lines"): {"glides-straight"},
    ("chemotaxis", "frozen"): {"climbs-the-gradient", "speed", "hardly-moves", "gathers-at-the-tip"},
    ("chemotaxis", "racing"): {"speed"},
    ("chemotaxis", "rigid"): {"front-and-tail", "shape-changes"},
    ("chemotaxis", "teleport"): {"cells-jump"},
    ("chemotaxis", "vanishing"): {"number-kept"},
    ("chemotaxis", "circling"): {"climbs-the-gradient", "gathers-at-the-tip"},
    ("chemotaxis", "dividing"): {"number-kept"},
    ("chemotaxis", "reversed_time"): {"climbs-the-gradient", "crawls-away", "front-leads", "gathers-at-the-tip"},
    ("phagocytosis", "vanishing_prey"): _NOT_SWALLOWED | {"count-stays-three", "half-closed-cup"},
    ("phagocytosis", "through_membrane"): {
        "fades-through-membrane",
        "half-closed-cup",
        "lips-meet-beyond",
        "enclosed-in-vacuole",
        "vesicles-gather",
    },
    ("phagocytosis", "stalled_cup"): _NOT_SWALLOWED,
    ("phagocytosis", "pulled_in"): {"contact-first"},
    ("phagocytosis", "giant_prey"): {"size-relation"},
    ("phagocytosis", "extra_prey"): {"count-stays-three", "one-in-two-out"},
    ("phagocytosis", "darting_cell"): {"darting-cell"},
    ("phagocytosis", "reversed_time"): {"three-at-start", "lips-meet-beyond", "one-in-two-out", "vesicles-gather"},
    ("wound", "fills_from_middle"): {"cells-from-nowhere", "both-edges-advance", "rows-behind-follow"},
    ("wound", "reopening"): {"gap-only-narrows", "gap-closed-at-end"},
    ("wound", "stalled"): {"gap-only-narrows", "both-edges-advance", "gap-closed-at-end"},
    ("wound", "one_sided"): {"gap-only-narrows", "both-edges-advance", "gap-closed-at-end"},
    ("wound", "sudden_closure"): {"gap-only-narrows"},
    ("wound", "rubber"): {"elastic-cells", "rows-behind-follow"},
    ("wound", "lone_runners"): {"lone-runners"},
    ("wound", "reversed_time"): {
        "straight-gap-at-start",
        "gap-only-narrows",
        "both-edges-advance",
        "rows-behind-follow",
        "gap-closed-at-end",
    },
}
"""Criteria that a violation turns round, by mechanism and violation."""

_NO_MEETING = {"rows-behind-follow", "fronts-stop-on-contact"}
_OF_DAUGHTERS = {"equal-chromatin", "empty-daughter", "daughters-alike", "nuclei-re-form"}
OPEN = {
    ("bacteria", "linear_growth"): {"starts-with-one-rod"},
    ("bacteria", "arrested"): {"pushes-neighbours"},
    ("bacteria", "vanishing"): {"pushes-neighbours", "one-patch"},
    ("bacteria", "reversed_time"): {"splits-in-halves", "pushes-neighbours", "one-patch", "looks-kept"},
    ("bacteria", "no_pushing"): {
        "grows-exponentially",
        "splits-in-halves",
        "lengths-kept",
        "thirty-at-the-end",
        "sharp-picture",
        "looks-kept",
    },
    ("bacteria", "scattering"): {"pushes-neighbours"},
    ("mitosis", "third_daughter"): _OF_DAUGHTERS,
    ("mitosis", "lost_daughter"): _OF_DAUGHTERS,
    ("mitosis", "no_segregation"): {"plate-before-parting"},
    ("mitosis", "unequal_daughters"): {"equal-chromatin", "empty-daughter"},
    ("mitosis", "reversed_time"): _OF_DAUGHTERS | {"volume-kept", "parting-before-furrow"},
    ("mitosis", "fusing_again"): _OF_DAUGHTERS,
    ("chemotaxis", "frozen"): {"front-leads", "glides-straight"},
    ("chemotaxis", "rigid"): {"front-leads"},
    ("chemotaxis", "teleport"): {
        "climbs-the-gradient",
        "crawls-away",
        "front-leads",
        "glides-straight",
        "speed",
        "gathers-at-the-tip",
    },
    ("phagocytosis", "vanishing_prey"): {"contact-first"},
    ("phagocytosis", "through_membrane"): {"vacuole-moves-inwards"},
    ("phagocytosis", "reversed_time"): {"contact-first", "enclosed-in-vacuole", "vacuole-moves-inwards"},
    ("wound", "fills_from_middle"): {
        "gap-only-narrows",
        "gap-closed-at-end",
        "lone-runners",
        "cells-stay-joined",
        "fronts-stop-on-contact",
        "borders-followable",
    },
    ("wound", "reopening"): _NO_MEETING | {"both-edges-advance"},
    ("wound", "stalled"): _NO_MEETING,
    ("wound", "one_sided"): _NO_MEETING,
    ("wound", "sudden_closure"): _NO_MEETING
    | {
        "both-edges-advance",
        "cells-from-nowhere",
        "elastic-cells",
        "cells-stay-joined",
        "static-field",
        "borders-followable",
        "cells-melt-together",
    },
    ("wound", "lone_runners"): {"cells-stay-joined"},
    ("wound", "reversed_time"): {"fronts-stop-on-contact", "cell-scale"},
}
"""Criteria that a violation leaves undetermined."""

NAMES = sorted({name for name, _ in FLIPS})


@pytest.fixture(scope="module")
def tasks() -> dict[str, Task]:
    suite = load_folder(packaged_folder() / "core")
    return {name: suite.by_id[MECHANISMS[name].task_id] for name in NAMES}


def told(name: str, seed: int, violation: str | None = None, duration_s: float = 5.0625) -> dict[str, Truth]:
    mechanism = MECHANISMS[name]
    return dict(mechanism.truth(mechanism.simulate(mechanism.params.drawn(seed), seed, duration_s, 16.0, violation)))


def turned(task: Task, truths: dict[str, Truth]) -> set[str]:
    """Criteria whose truth speaks against the clip."""
    return {c.id for c in task.criteria if truths[c.id].met is (c.polarity is Polarity.PENALTY)}


def open_(truths: dict[str, Truth]) -> set[str]:
    return {key for key, truth in truths.items() if truth.met is None}


def test_the_table_knows_every_violation() -> None:
    assert set(FLIPS) == {(name, violation) for name in NAMES for violation in MECHANISMS[name].violations}


@pytest.mark.parametrize("seed", [2, 40, 41])
@pytest.mark.parametrize("name", NAMES)
def test_every_criterion_has_a_truth_and_a_faithful_clip_is_right_in_all(name: str, seed: int, tasks) -> None:  # type: ignore[no-untyped-def]
    truths = told(name, seed)
    assert set(truths) == {criterion.id for criterion in tasks[name].criteria}
    assert (turned(tasks[name], truths), open_(truths)) == (set(), set())


@pytest.mark.parametrize(("name", "violation"), FLIPS)
def test_a_violation_turns_round_what_it_breaks_and_nothing_else(name: str, violation: str, tasks) -> None:  # type: ignore[no-untyped-def]
    truths = told(name, 42, violation)
    assert turned(tasks[name], truths) == FLIPS[name, violation]
    assert open_(truths) == OPEN.get((name, violation), set())


@pytest.mark.parametrize("name", NAMES)
def test_the_truth_of_a_single_instant_is_told_all_the_same(name: str, tasks) -> None:  # type: ignore[no-untyped-def]
    assert set(told(name, 3, duration_s=0.05)) == {criterion.id for criterion in tasks[name].criteria}
