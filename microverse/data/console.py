"""The funnel on a console: live while a run goes on, and as a table afterwards. Imports rich: load late."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from microworldbench.progress import Progress as ProgressProtocol
from microworldbench.rendering.progress_lines import ConsoleProgress
from microworldbench.rendering.wording import UNKNOWN, count, plain, quantity

from .curate import Shelf, Tally
from .ledger import Failure

QUARANTINED_SHOWN = 10


class Watching:
    """Shows how a run goes: a live funnel above a bar on a terminal, now and then a line elsewhere.

    Args:
        shelf: What is being curated.
        console: Where to write; by default standard error.
    """

    def __init__(self, shelf: Shelf, console: Console | None = None) -> None:
        self._shelf = shelf
        self._console = console or Console(stderr=True)
        self._live = _Live(self._console) if self._console.is_terminal else None
        self._lines = ConsoleProgress(self._console)
        self._next_s = 0.0

    @property
    def progress(self) -> ProgressProtocol:
        """What the run tells of its steps."""
        return self._live or self._lines

    def changed(self) -> None:
        """Counts anew where that is worth its time: at most a twentieth of the whole."""
        now = time.monotonic()
        if self._live is None or now < self._next_s:
            return
        self._live.show(funnel_table(self._shelf.tally()))
        self._next_s = time.monotonic() + max(1.0, 20 * (time.monotonic() - now))

    def __enter__(self) -> Watching:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
        self._lines.finish()


class _Live:
    """A table and a bar that are redrawn in place."""

    def __init__(self, console: Console) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
        )
        self._table: Any = Text("")
        self._live = Live(self._drawn(), console=console, transient=True, refresh_per_second=4)
        self._task: Any = None

    def start(self) -> None:
        self._live.start()

    def stop(self) -> None:
        self._live.stop()

    def show(self, table: Any) -> None:
        self._table = table
        self._live.update(self._drawn())

    def stage(self, name: str, total: int, done: int = 0) -> None:
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(name, total=total, completed=done)

    def advance(self, *, failed: int = 0, cost_usd: float = 0.0) -> None:
        if self._task is not None:
            self._bar.advance(self._task)

    def note(self, message: str) -> None:
        self._live.console.print(Text(plain(message), style="yellow"))

    def finish(self) -> None: ...

    def _drawn(self) -> Any:
        return Group(self._table, self._bar)


def funnel_table(tally: Tally) -> Table:
    """The funnel, gate by gate."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("clips", style="cyan", no_wrap=True)
    for name in ("kept", "of these", "of all", "waiting"):
        table.add_column(name, justify="right", no_wrap=True)
    clips = tally.steps[0].entered if tally.steps else 0
    table.add_row("cut from the videos", count(clips), UNKNOWN, _share(clips, clips), "")
    for step in tally.steps:
        if step.is_on:
            waiting = count(step.waiting) if step.waiting else ""
            row = (count(step.kept), _share(step.kept, step.entered), _share(step.kept, clips), waiting)
            table.add_row(step.title, *row)
        else:
            table.add_row(Text(step.title, style="dim"), Text("gate off", style="dim"), "", "", "")
    return table


def print_tally(tally: Tally, console: Console | None = None) -> None:
    """Prints files, funnel and quarantine."""
    console = console or Console()
    bad = sum(tally.unreadable.values())
    facts = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row(
        "files",
        f"{quantity(tally.files, 'file')}: {count(tally.sources)} distinct videos, "
        f"{count(tally.twins)} copies of them, {count(bad)} unreadable",
    )
    for reason, number in sorted(tally.unreadable.items(), key=lambda pair: (-pair[1], pair[0]))[:QUARANTINED_SHOWN]:
        facts.add_row("", f"{count(number)} × {plain(reason)}")
    looked = f"{count(tally.split)} of {count(tally.sources)} videos looked at"
    facts.add_row(
        "shots",
        f"{looked}: {quantity(tally.counts['shots'], 'shot')}, "
        f"{count(tally.counts['long'])} of them too long, {quantity(tally.counts['short'], 'piece')} too short",
    )
    console.print(facts)
    console.print()
    console.print(funnel_table(tally))
    console.print()
    console.print(f"{quantity(tally.cut, 'clip')} cut")
    _print_quarantine(console, tally.quarantined)


def _print_quarantine(console: Console, quarantined: list[Failure]) -> None:
    if not quarantined:
        return
    console.print(f"[yellow]{quantity(len(quarantined), 'item')} given up; --forgive tries them again")
    for failure in quarantined[:QUARANTINED_SHOWN]:
        console.print(Text(f"  {plain(failure.error)}", style="yellow"))
    if len(quarantined) > QUARANTINED_SHOWN:
        console.print(f"  … and {len(quarantined) - QUARANTINED_SHOWN:,} more")


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else UNKNOWN
