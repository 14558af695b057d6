"""How training is told: averages, times people read, and what TensorBoard gets."""

from __future__ import annotations

import dataclasses
import importlib.util
import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from microverse.assumptions import assumptions
from microverse.board import BoardWatcher
from microverse.console import TrainingProgress, duration, print_plan
from microverse.presets import read_config
from microverse.telemetry import StepRecord
from microworldbench.errors import MissingExtraError

RECORD = StepRecord(1, 0.5, 1e-5, 2.0, [0.1], [0.5], 2.0, 0.1, 4.0, 131_040.0, 0.46, 41.3)


def told(interval_s: float, terminal: bool = False) -> tuple[TrainingProgress, Any]:
    out = io.StringIO()
    console = Console(file=out, width=200, force_terminal=terminal)
    clock = iter(range(0, 10_000, 4))
    return TrainingProgress(console, interval_s, lambda: float(next(clock))), out


def test_a_line_has_what_people_look_for() -> None:
    progress, out = told(0)
    progress.begin(101, 0)
    progress.stepped(RECORD)
    line = out.getvalue()
    for part in (
        "step 1/101",
        "loss 0.5000",
        "2 s/step",
        "4 samples/s",
        "MFU 46%",
        "41.3 GiB",
        "waiting 5.0%",
        "3 min 20 s left",
    ):
        assert part in line


def test_lines_come_now_and_then_and_at_the_end() -> None:
    progress, out = told(10)
    progress.begin(9, 0)
    for step in range(1, 10):
        progress.stepped(dataclasses.replace(RECORD, step=step, mfu=None))
    lines = [line for line in out.getvalue().splitlines() if line.startswith("step")]
    assert [line.split("/")[0] for line in lines] == ["step 1", "step 4", "step 7", "step 9"]
    assert "MFU" not in out.getvalue()
    assert "left" not in lines[-1]


def test_a_terminal_gets_a_bar_and_notes_above_it() -> None:
    progress, out = told(10, terminal=True)
    progress.begin(10, 4)
    progress.stepped(dataclasses.replace(RECORD, step=5))
    progress.note("a \x1b[31mnote [bold]")
    progress.finish()
    progress.finish()
    assert "continuing after step 4" in out.getvalue()
    assert "a note [bold]" in out.getvalue()
    assert "5/10" in out.getvalue()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59, "59 s"), (200, "3 min 20 s"), (3600 * 5 + 600, "5 h 10 min"), (3600 * 51, "2 d 3 h")],
)
def test_times_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize("width", [60, 160])
def test_the_plan_names_every_open_question_at_any_width(width: int) -> None:
    out = io.StringIO()
    questions = assumptions(read_config("paper-full"), 8)
    print_plan(Console(file=out, width=width), questions, [("model", "Wan")])
    shown = " ".join(out.getvalue().split())
    assert questions
    for question in questions:
        assert question.setting in shown
        assert question.open_because in shown


def test_tensorboard_is_optional(tmp_path: Path, watcher: Any) -> None:
    if importlib.util.find_spec("tensorboard") is None:
        with pytest.raises(MissingExtraError, match=r"tensorboard=true needs tensorboard.*pip install tensorboard"):
            BoardWatcher(watcher, tmp_path)
        pytest.skip("tensorboard is not installed: only its absence was tested")
    board = BoardWatcher(watcher, tmp_path)
    board.begin(2, 0)
    board.stepped(RECORD)
    board.note("seen")
    assert (watcher.records, watcher.notes) == ([RECORD], ["seen"])
    assert list(tmp_path.glob("events*"))


def test_a_record_is_exact_where_it_decides_and_short_where_it_was_measured() -> None:
    record = dataclasses.replace(RECORD, loss=0.123456789012, seconds=1.23456789, mfu=None).as_json()
    assert (record["loss"], record["seconds"], record["mfu"]) == (0.123456789012, 1.23457, None)
    assert json.loads(json.dumps(record, allow_nan=False)) == record
