"""The built-in generator: what it draws, what it refuses, and that it repeats itself."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from pydantic import ValidationError

from microworldbench.errors import GenerationError, InputError, UnknownNameError
from microworldbench.generation.request import GenerationRequest
from microworldbench.simulators import MECHANISMS, Simulator, SimulatorSettings
from microworldbench.suites.folder import load_folder
from microworldbench.suites.packaged import packaged_folder

TASKS = [mechanism.task_id for mechanism in MECHANISMS.values()]


def asked(task: str, seed: int = 0, **more: object) -> GenerationRequest:
    size: dict[str, object] = {"width": 64, "height": 48, "duration_s": 0.5}
    return GenerationRequest.model_validate({"task_id": task, "prompt": "show it", "seed": seed, **size, **more})


def test_every_mechanism_answers_a_core_task_of_its_level() -> None:
    suite = load_folder(packaged_folder() / "core")
    assert {m.task_id: m.level for m in MECHANISMS.values()} == {t: suite.by_id[t].level for t in TASKS}


@pytest.mark.parametrize("name", MECHANISMS)
def test_a_mechanism_has_at_least_four_violations_and_names_its_worst(name: str) -> None:
    mechanism = MECHANISMS[name]
    assert len(mechanism.violations) >= 4
    assert mechanism.default_violation in mechanism.violations


@pytest.mark.parametrize("task", TASKS)
def test_one_request_gives_the_same_frames_twice(task: str) -> None:
    first, second = (Simulator()(asked(task, 3)).frames for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("task", TASKS)
def test_another_seed_gives_a_visibly_different_clip(task: str) -> None:
    first, second = (Simulator()(asked(task, seed)).frames[0].astype(float) for seed in (0, 1))
    assert np.abs(first - second).mean() > 2


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(("width", "height"), [(63, 37), (40, 90), (16, 16), (200, 41)])
def test_any_size_and_rate_is_honoured(task: str, width: int, height: int) -> None:
    clip = Simulator()(asked(task, width=width, height=height, fps=23.976, duration_s=0.25))
    assert clip.frames.shape == (6, height, width, 3)
    assert clip.fps == 23.976


@pytest.mark.parametrize("task", TASKS)
def test_a_clip_is_never_black_or_flat(task: str) -> None:
    frames = Simulator()(asked(task, width=160, height=96)).frames
    assert frames.std() > 15


def test_the_defaults_are_81_frames_of_832_by_480() -> None:
    made = SimulatorSettings()
    assert (made.width, made.height, round(made.fps * made.duration_s)) == (832, 480, 81)


@pytest.mark.parametrize(
    ("name", "violation"), [(name, violation) for name, m in MECHANISMS.items() for violation in m.violations]
)
def test_every_violation_draws_something_else_than_the_truth(name: str, violation: str) -> None:
    request = asked(MECHANISMS[name].task_id, 5, duration_s=4.0, fps=5.0)
    true, broken = (Simulator(SimulatorSettings(violation=v))(request).frames for v in ("faithful", violation))
    assert np.abs(true.astype(int) - broken.astype(int)).max() > 40


def test_the_twin_breaks_every_mechanism() -> None:
    twin = Simulator(SimulatorSettings(violation="default"))
    assert twin.name == "simulator-violated"
    for mechanism in MECHANISMS.values():
        assert mechanism.broken_by("default") == mechanism.default_violation


def test_a_named_violation_leaves_the_other_mechanisms_faithful() -> None:
    request = asked("mitosis", 2)
    plain, other = (Simulator(SimulatorSettings(violation=v))(request).frames for v in ("faithful", "plug_flow"))
    assert np.array_equal(plain, other)


def test_a_task_without_a_mechanism_is_the_models_failure() -> None:
    with pytest.raises(GenerationError, match="no mechanism is simulated for task 'bronchodilation'") as caught:
        Simulator()(asked("bronchodilation"))
    assert caught.value.kind == "empty"


def test_an_unknown_violation_names_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="'plug_flow'"):
        Simulator(SimulatorSettings(violation="plugflow"))


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ValidationError, match="colour"):
        SimulatorSettings.model_validate({"colour": "red"})


def test_a_clip_of_absurd_size_is_refused_before_it_is_drawn() -> None:
    with pytest.raises(InputError, match="at most"):
        Simulator()(asked("mitosis", width=100_000, height=100_000))


def test_listing_the_mechanisms_loads_no_numerics() -> None:
    code = (
        "import sys\nfrom microworldbench.simulators import MECHANISMS, SimulatorSettings\n"
        "list(MECHANISMS.values())\nprint([m for m in ('numpy', 'scipy', 'av') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
