"""What generators may be and return, and how their videos are stored."""

from __future__ import annotations

import asyncio
import errno
import functools
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import microworldbench as bench
from microworldbench.errors import InputError, RunStoppedError
from microworldbench.generation.request import named
from microworldbench.runs import RunFolder

Make = Callable[..., Any]


def frames(count: int = 6) -> np.ndarray:
    made = np.zeros((count, 48, 64, 3), np.uint8)
    for t in range(count):
        made[t, 4 * t : 4 * t + 8] = 200
    return made


class Model:
    name = "model"
    version = "2"

    def __init__(self) -> None:
        self.settings = {"steps": 50}

    def generate(self, request: Any) -> Any:
        return bench.Video(frames(), 8.0)


def test_an_object_with_generate_carries_its_identity(suite: Any, scripted: Make, run_path: Path) -> None:
    report = bench.evaluate(Model(), suite, scripted(), run_path)
    generator = report.scorecard.generator
    assert (generator.name, generator.version, generator.settings) == ("model", "2", {"steps": 50})


@pytest.mark.parametrize(
    "output",
    [
        lambda path: (frames(), 8),
        lambda path: (list(frames()), np.float32(8)),
        lambda path: (frames().astype(np.float32) / 255, 8.0),
        lambda path: bench.Video(frames(), 8.0),
    ],
    ids=["array", "list and numpy scalar", "floats", "Video"],
)
def test_videos_come_in_several_forms(output: Any, suite: Any, scripted: Make, run_path: Path) -> None:
    report = bench.evaluate(lambda request: output(run_path), suite, scripted(), run_path, name="forms")
    assert report.coverage.missing == 0
    made = RunFolder.read(run_path).generations()["task-1", 0].video
    assert made is not None
    assert (made.width, made.height, made.fps, made.frames) == (64, 48, 8.0, 6)


def test_a_returned_file_is_copied_under_a_name_of_ours(suite: Any, scripted: Make, tmp_path: Path) -> None:
    from microworldbench.video import write

    def generate(request: Any) -> str:
        place = tmp_path / "temporary.mp4"
        write(place, bench.Video(frames(), 8.0))
        return str(place)

    bench.evaluate(generate, suite, scripted(), tmp_path / "run")
    stored = sorted(p.relative_to(tmp_path / "run").as_posix() for p in (tmp_path / "run" / "videos").rglob("*.*"))
    assert stored == ["videos/task-1/0.mp4", "videos/task-2/0.mp4", "videos/task-3/0.mp4"]


def test_an_async_generator_function_is_awaited(suite: Any, scripted: Make, run_path: Path) -> None:
    async def generate(request: Any) -> Any:
        return frames(), 8.0

    assert bench.evaluate(generate, suite, scripted(), run_path).coverage.missing == 0


def test_it_is_awaited_in_a_notebook_too(suite: Any, scripted: Make, run_path: Path) -> None:
    async def generate(request: Any) -> Any:
        return frames(), 8.0

    async def cell() -> Any:
        return bench.evaluate(generate, suite, scripted(), run_path)

    assert asyncio.run(cell()).coverage.missing == 0


def test_none_is_a_failure_of_the_model(suite: Any, scripted: Make, run_path: Path) -> None:
    report = bench.evaluate(lambda request: None, suite, scripted(), run_path, name="empty")
    assert report.coverage.failed_generations == 3
    assert report.overall is not None
    assert report.overall.value == 0.0


def test_the_request_names_task_seed_and_prompt(suite: Any, scripted: Make, run_path: Path) -> None:
    seen = []

    def generate(request: Any) -> Any:
        seen.append((request.task_id, request.seed, request.prompt))
        return frames(), 8.0

    bench.evaluate(generate, suite, scripted(), run_path, seeds=[3, 5], prompt_field="requirement", limit=1)
    assert seen == [("task-1", 3, "Process 1 in order."), ("task-1", 5, "Process 1 in order.")]


def test_requests_run_side_by_side_only_as_far_as_the_generator_allows(
    big_suite: Any, scripted: Make, tmp_path: Path
) -> None:
    for allowed in (1, 3):
        here, most, guard = [0], [0], threading.Lock()

        def generate(request: Any, here: Any = here, most: Any = most, guard: Any = guard) -> Any:
            with guard:
                here[0] += 1
                most[0] = max(most[0], here[0])
            made = frames()
            threading.Event().wait(0.05)
            with guard:
                here[0] -= 1
            return made, 8.0

        generate.max_concurrency = allowed  # type: ignore[attr-defined]
        bench.evaluate(generate, big_suite, scripted(), tmp_path / str(allowed), workers=8)
        assert most[0] == allowed


def test_what_differs_from_the_request_is_recorded(suite: Any, tmp_path: Path) -> None:
    from microworldbench.generation.generate import make
    from microworldbench.generation.request import GenerationRequest

    with RunFolder.write(tmp_path / "run") as run:
        request = GenerationRequest(task_id="task-1", prompt="p", width=128, height=48, fps=8, duration_s=5)
        record = make(run, named(lambda request: (frames(), 8.0), "n"), request, copy_videos=False)
    assert record.changed == {"width": 64, "duration_s": 0.75}


def test_a_full_disk_stops_the_run_and_keeps_what_is_there(
    suite: Any, scripted: Make, run_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import microworldbench.video.writing as writing

    stored = writing._store
    calls = []

    def full(path: Path, data: Any) -> None:
        calls.append(path)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        stored(path, data)

    monkeypatch.setattr(writing, "_store", full)
    with pytest.raises(RunStoppedError, match="disk is full"):
        bench.evaluate(Model(), suite, scripted(), run_path)
    assert list(RunFolder.read(run_path).generations()) == [("task-1", 0)]
    monkeypatch.undo()
    assert bench.evaluate(Model(), suite, scripted(), run_path).coverage.missing == 0


def test_names_of_callables_are_readable() -> None:
    assert named(lambda request: None).name == "lambda"
    assert named(functools.partial(frames, 3)).name == "frames"
    assert named(Model()).name == "model"


@pytest.mark.parametrize("thing", [3, None, Model, "x"])
def test_what_is_no_generator_is_refused(thing: Any) -> None:
    with pytest.raises(InputError, match="callable"):
        named(thing)


def test_settings_that_cannot_be_stored_are_refused() -> None:
    model = Model()
    model.settings = {"device": object()}  # type: ignore[dict-item]
    with pytest.raises(InputError, match="device"):
        named(model)


class TestFolders:
    """``folder:`` and the policy on missing videos."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        from microworldbench.video import write

        for name in ("task-1", "task-3"):
            write(tmp_path / f"{name}.mp4", bench.Video(frames(), 8.0))
        return tmp_path

    def test_missing_videos_are_refused_and_listed(self, folder: Path, suite: Any, scripted: Make) -> None:
        with pytest.raises(InputError, match="task task-2, seed 0"):
            bench.evaluate(f"folder:{folder}", suite, scripted(), folder / "run")
        assert not (folder / "run").exists()

    def test_skip_makes_a_view_of_its_own(self, folder: Path, suite: Any, scripted: Make) -> None:
        report = bench.evaluate(f"folder:{folder}", suite, scripted(), folder / "run", missing="skip")
        assert report.tasks.ids == ["task-1", "task-3"]
        assert "2 of 3 tasks" in report.scorecard.view.name

    def test_fail_counts_as_the_models_failure(self, folder: Path, suite: Any, scripted: Make) -> None:
        (folder / "task-2.mp4").write_bytes(b"junk")
        report = bench.evaluate(f"folder:{folder}", suite, scripted(), folder / "run", missing="fail")
        assert report.coverage.failed_generations == 1
        assert report.tasks["task-2"].failed == 1

    def test_the_users_files_are_referenced_unless_copied(self, folder: Path, suite: Any, scripted: Make) -> None:
        bench.evaluate(f"folder:{folder}", suite, scripted(), folder / "run", missing="skip", name="mine")
        assert not (folder / "run" / "videos").exists()
        stored = RunFolder.read(folder / "run").generations()["task-1", 0].video
        assert stored is not None
        assert Path(stored.path) == (folder / "task-1.mp4").resolve()
        bench.evaluate(f"folder:{folder}", suite, scripted(), folder / "two", missing="skip", copy_videos=True)
        assert (folder / "two" / "videos" / "task-1" / "0.mp4").is_file()

    def test_two_videos_for_one_task_are_refused(self, folder: Path, suite: Any, scripted: Make) -> None:
        (folder / "task-1.MOV").write_bytes((folder / "task-1.mp4").read_bytes())
        with pytest.raises(InputError, match="more than one video"):
            bench.evaluate(f"folder:{folder}", suite, scripted(), folder / "run", missing="skip")
