"""What a generator may hand over beside its video, and what the engine hands to a generator."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import microworldbench as bench
from microworldbench.errors import InputError, RunStoppedError
from microworldbench.generation.request import Made
from microworldbench.runs import RunFolder

Make = Callable[..., Any]
FRAMES = np.zeros((6, 48, 64, 3), np.uint8)


def test_what_a_generator_declares_stands_in_the_record(suite: Any, scripted: Make, run_path: Path) -> None:
    def generate(request: Any) -> Made:
        return Made((FRAMES, 8.0), {"prompt_tokens_dropped": np.int64(3)})

    bench.evaluate(generate, suite, scripted(), run_path)
    changes = [made.changed for made in RunFolder.read(run_path).generations().values()]
    assert changes == [{"prompt_tokens_dropped": 3}] * 3


def test_declarations_that_no_file_can_hold_are_refused() -> None:
    with pytest.raises(InputError, match="changed of Made must be JSON-able: array"):
        Made((FRAMES, 8.0), {"array": FRAMES})


def test_a_generator_gets_a_folder_inside_the_run_before_its_first_request(
    suite: Any, scripted: Make, run_path: Path
) -> None:
    class Keeper:
        folder: Path | None = None

        def keep_in(self, folder: Path) -> None:
            self.folder = folder

        def generate(self, request: Any) -> Any:
            assert self.folder is not None
            self.folder.mkdir(exist_ok=True)
            (self.folder / "notes.txt").write_text(request.task_id)
            return FRAMES, 8.0

    bench.evaluate(Keeper(), suite, scripted(), run_path)
    assert (run_path / "generator" / "notes.txt").read_text() == "task-3"


def test_requests_in_flight_are_stopped_when_a_run_ends_early(suite: Any, scripted: Make, run_path: Path) -> None:
    class Slow:
        max_concurrency = 2

        def __init__(self) -> None:
            self.stopped = threading.Event()

        def stop(self) -> None:
            self.stopped.set()

        def generate(self, request: Any) -> Any:
            if request.task_id == "task-1":
                raise RunStoppedError("no more")
            assert self.stopped.wait(60), "nobody called stop()"
            raise RunStoppedError("stopped")

    slow = Slow()
    with pytest.raises(RunStoppedError, match="no more"):
        bench.evaluate(slow, suite, scripted(), run_path)
    assert slow.stopped.is_set()
