"""How a run's progress looks: a live bar on a terminal, now and then a line elsewhere. Imports rich: load late."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from .wording import dollars, plain

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID


class ConsoleProgress:
    """A `progress.Progress` that people read. It writes to standard error, so that standard output stays a document.

    Args:
        console: Where to write; by default standard error.
        interval_s: Seconds between two lines where the console is no terminal.
        clock: Seconds that never go back.
    """

    def __init__(
        self, console: Console | None = None, interval_s: float = 5.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console or Console(stderr=True)
        self._interval_s, self._clock = interval_s, clock
        self._name = ""
        self._total = self._done = self._started_at_done = self._failed = 0
        self._cost_usd = 0.0
        self._began_s = self._told_s = 0.0
        self._bar: Bar | None = None
        self._bar_task: TaskID | None = None

    def stage(self, name: str, total: int, done: int = 0) -> None:
        """Begins a stage, ending the one before it."""
        self._end_stage()
        self._name, self._total, self._done, self._started_at_done = plain(name), total, done, done
        self._failed, self._cost_usd = 0, 0.0
        self._began_s = self._told_s = self._clock()
        if self._console.is_terminal:
            self._bar = _bar(self._console)
            self._bar_task = self._bar.add_task(escape(self._name), total=total, completed=done, tally="")
            self._bar.start()
        else:
            earlier = f", {done:,} of them done before" if done else ""
            self._say(f"{self._name}: {total:,} to do{earlier}")

    def advance(self, *, failed: int = 0, cost_usd: float = 0.0) -> None:
        """Counts one step."""
        self._done += 1
        self._failed += failed
        self._cost_usd += cost_usd
        if self._bar is not None and self._bar_task is not None:
            self._bar.update(self._bar_task, completed=self._done, tally=self._tally().lstrip(", "))
        elif self._clock() - self._told_s >= self._interval_s:
            self._told_s = self._clock()
            self._say(self._line() + self._remaining())

    def note(self, message: str) -> None:
        """Writes one line, above the bar where there is one."""
        self._say(plain(message))

    def finish(self) -> None:
        """Ends the last stage. May be called again."""
        self._end_stage()

    def __enter__(self) -> ConsoleProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish()

    def _end_stage(self) -> None:
        if not self._name:
            return
        if self._bar is not None:
            self._bar.stop()
            self._bar = self._bar_task = None
        else:
            self._say(self._line() + f", {_duration(self._clock() - self._began_s)}")
        self._name = ""

    def _say(self, text: str) -> None:
        encodable = text.encode(self._console.encoding, "replace").decode(self._console.encoding)
        self._console.print(Text(encodable), soft_wrap=True)

    def _line(self) -> str:
        return f"{self._name}: {self._done:,}/{self._total:,}{self._tally()}"

    def _tally(self) -> str:
        failed = f", {self._failed:,} failed" if self._failed else ""
        return failed + (f", {dollars(self._cost_usd)}" if self._cost_usd else "")

    def _remaining(self) -> str:
        done_now = self._done - self._started_at_done
        left = self._total - self._done
        if done_now < 1 or left < 1:
            return ""
        return f", about {_duration((self._clock() - self._began_s) / done_now * left)} left"


def _bar(console: Console) -> Bar:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None, complete_style="cyan", finished_style="cyan"),
        MofNCompleteColumn(),
        TextColumn("{task.fields[tally]}", style="dim"),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        console=console,
        expand=True,
    )


def _duration(seconds: float) -> str:
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
