"""What the judge says of clips whose truth is known by construction.

Seeds here were not used to set thresholds. Nor were the violations ``fast_walls`` and ``slow_throat`` (vessel),
``unequal_sets`` and ``fusing_again`` (mitosis), ``caged`` and ``multiplying`` (vesicles): they are younger than the
last threshold. All others were in view when thresholds were set.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from microworldbench.judging.footage import Footage
from microworldbench.judging.protocol import Question
from microworldbench.measure.judge import MeasuredJudge
from microworldbench.results import Judgement
from microworldbench.rubric import Task
from microworldbench.simulators import MECHANISMS
from microworldbench.video import Video, write
from microworldbench.violations import Recipe, Scene, Step, aspects_of, changed, truth_of
from microworldbench.violations.aspects import ABOUT_THE_FILM

Compared = Callable[..., tuple[dict[str, str], float]]

NAMES = ("vessel", "mitosis", "vesicles")
"""Those whose truth has no file of its own beside this one."""
DEFAULTS = [(name, MECHANISMS[name].default_violation) for name in NAMES]
OTHERS = [(name, v) for name in NAMES for v in MECHANISMS[name].violations if (name, v) not in DEFAULTS]
MISJUDGED = {("vessel", "slow_throat"): {"through-the-clot"}}
"""What is known to be judged wrong: cells that jam against the clot look as if they were in it."""
HARD = {("vessel", "fast_walls"): 0.1}
"""Violations of which little is answered, and the least part."""
VIOLATED = [
    ("vessel", "jitter"),
    ("vesicles", "moving_camera"),
    ("vessel", "still_image"),
    ("mitosis", "blur"),
    ("mitosis", "cut"),
    ("mitosis", "reversed_order"),
    ("mitosis", "shuffled"),
    ("vesicles", "flicker"),
    ("vesicles", "overlay"),
]
STRANGERS = [("vessel", "mitosis"), ("mitosis", "vesicles"), ("vesicles", "vessel")]


@pytest.mark.parametrize("name", NAMES)
def test_faithful_clips_are_judged_right_and_in_nearly_everything(name: str, compared: Compared) -> None:
    wrong, answered = compared(name, 31)
    assert wrong == {}
    assert answered >= 0.9


@pytest.mark.parametrize(("name", "violation"), DEFAULTS)
def test_broken_clips_are_judged_right(name: str, violation: str, compared: Compared) -> None:
    wrong, answered = compared(name, 32, violation)
    assert wrong == {}
    assert answered >= 0.7


@pytest.mark.slow
@pytest.mark.parametrize(("name", "violation"), OTHERS)
def test_clips_broken_in_other_ways_are_judged_right(name: str, violation: str, compared: Compared) -> None:
    wrong, answered = compared(name, 33, violation)
    assert set(wrong) == MISJUDGED.get((name, violation), set()), wrong
    assert answered >= HARD.get((name, violation), 0.5)


def said_of(recipe: Recipe, task: Task, folder: Path) -> tuple[dict[str, Judgement], dict[str, bool | None]]:
    """What the judge says of a finished clip that was violated, and the truth, by criterion."""
    scene, path, judge = Scene.of(recipe), folder / "clip.mp4", MeasuredJudge()
    write(path, Video(changed(scene.frames(256, 144), recipe, 16.0), 16.0), crf=20)
    group = judge.groups(task, task.criteria)[0]
    answer = judge.ask(Question(task, recipe.seed, group.criteria, 0, group.name, path, Footage(path)))
    truth = truth_of(recipe, task, scene.truth)
    return {j.criterion: j for j in answer.judgements}, {c: t.met for c, t in truth.items()}


@pytest.mark.parametrize(("name", "violation"), VIOLATED)
def test_finished_clips_that_were_violated_are_judged_right(
    name: str, violation: str, tasks: dict[str, Task], tmp_path: Path
) -> None:
    recipe = Recipe(mechanism=name, seed=34, steps=(Step(violation=violation),))
    said, truth = said_of(recipe, tasks[name], tmp_path)
    known = {c: j for c, j in said.items() if None not in (j.met, truth[c])}
    assert {c: j.observation for c, j in known.items() if j.met is not truth[c]} == {}
    assert known


@pytest.mark.parametrize(("shown", "asked"), STRANGERS)
def test_another_mechanisms_clip_earns_nothing_that_it_does_not_show(
    shown: str, asked: str, tasks: dict[str, Task], tmp_path: Path
) -> None:
    task = tasks[asked]
    recipe = Recipe(mechanism=shown, seed=34, steps=(Step(violation="wrong_subject"),), task=task.id)
    said, _ = said_of(recipe, task, tmp_path)
    places = aspects_of(task)
    met = {c: j.observation for c, j in said.items() if j.met and places[c].aspect not in ABOUT_THE_FILM}
    assert met == {}


@pytest.mark.parametrize("control", ["blank", "static"])
def test_an_empty_or_noisy_screen_earns_nothing(control: str, tasks: dict[str, Task], tmp_path: Path) -> None:
    for name in NAMES:
        recipe = Recipe(mechanism=name, seed=34, steps=(Step(violation=control),))
        said, truth = said_of(recipe, tasks[name], tmp_path)
        assert {c: j.observation for c, j in said.items() if j.met and truth[c] is False} == {}
