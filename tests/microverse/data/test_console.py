"""What a run shows while it goes on, and afterwards."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from microverse.data.config import Curation
from microverse.data.console import Watching, print_tally
from microverse.data.curate import Shelf, run
from microverse.data.executors import make_executor
from microverse.data.report.pages import write_report


@pytest.fixture
def shelf(videos: Path, studio: Any, tmp_path: Path) -> Shelf:
    """A clip that is kept and one with borders, from a file whose name is not UTF-8; and junk."""
    studio.film(videos / "a.mp4", [studio.shot(5, 1), studio.shot(5, 2, bars=(20, 20, 0, 0))])
    os.rename(videos / "a.mp4", os.fsdecode(os.fsencode(videos) + b"/\xe9\x1b[31m.mp4"))  # noqa: PTH104
    (videos / "junk.mp4").write_text("no video")
    return Shelf(
        Curation.model_validate({"sources": videos, "out": tmp_path / "out", "text": None, "gates": {"min_side": 90}})
    )


def screen(*, terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=100, color_system=None)


def test_on_a_terminal_the_funnel_is_live(shelf: Shelf) -> None:
    console = screen(terminal=True)
    with Watching(shelf, console) as watching:
        run(shelf, make_executor("serial"), progress=watching.progress, changed=watching.changed)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "cut from the videos" in shown
    assert "cutting clips" in shown


def test_elsewhere_there_are_lines(shelf: Shelf) -> None:
    console = screen(terminal=False)
    with Watching(shelf, console) as watching:
        run(shelf, make_executor("serial"), progress=watching.progress, changed=watching.changed)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert lines[0] == "looking at files: 2 to do"
    assert "scoring videos: 1 to do" in lines


def test_the_funnel_adds_up_and_a_strange_name_steers_nothing(shelf: Shelf, tmp_path: Path) -> None:
    tally = run(shelf, make_executor("serial"))
    console = screen(terminal=False)
    print_tally(tally, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "2 files: 1 distinct videos, 0 copies of them, 1 unreadable" in text
    (row,) = [line for line in text.splitlines() if line.startswith("without black borders")]
    assert row.split()[3:] == ["1", "50.0", "%", "50.0", "%"]
    page = write_report(shelf, tmp_path / "report.html").read_text()
    assert "\x1b" not in text + page
    assert "\\xe9" in page
