"""How training looks on a terminal, and in a log file. Imports rich: load late."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from microworldbench.rendering.wording import plain

from .assumptions import Assumption
from .telemetry import StepRecord

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

RECENT = 20
"""Steps that averages are taken over."""


class TrainingProgress:
    """A `trainer.Watcher` that people read, on standard error: a live bar on a terminal, now and then a line elsewhere.

    Args:
        console: Where; by default standard error.
        interval_s: Seconds between two lines where the console is no terminal.
        clock: Seconds that never go back.
    """

    def __init__(
        self, console: Console | None = None, interval_s: float = 10.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console or Console(stderr=True)
        self._interval_s, self._clock, self._told_s = interval_s, clock, float("-inf")
        self._recent: deque[StepRecord] = deque(maxlen=RECENT)
        self._steps = 0
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def begin(self, steps: int, done: int) -> None:
        """Training begins or goes on."""
        self._steps = steps
        if done:
            self.note(f"continuing after step {done:,}")
        if self._console.is_terminal:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            columns = (
                TextColumn("step"),
                MofNCompleteColumn(),
                BarColumn(bar_width=24),
                TextColumn("{task.fields[told]}"),
            )
            self._bar = Progress(*columns, console=self._console)
            self._task = self._bar.add_task("", total=steps, completed=done, told="")
            self._bar.start()

    def stepped(self, record: StepRecord) -> None:
        """Shows a step."""
        self._recent.append(record)
        told = self._told(record)
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=record.step, told=told)
        elif self._clock() - self._told_s >= self._interval_s or record.step == self._steps:
            self._told_s = self._clock()
            self.note(f"step {record.step:,}/{self._steps:,}  {told}")

    def note(self, text: str) -> None:
        """Writes one line, above the bar where there is one."""
        shown = plain(text).encode(self._console.encoding, "replace").decode(self._console.encoding)
        self._console.print(Text(shown), soft_wrap=True)

    def finish(self) -> None:
        """Takes the bar away. May be called again."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _told(self, record: StepRecord) -> str:
        return "  ".join(self._parts(record, self._recent))

    def _parts(self, record: StepRecord, recent: Sequence[StepRecord]) -> list[str]:
        """Loss, rate of the work, what it uses, and how long it will take."""
        seconds = sum(each.seconds for each in recent)
        loss = sum(each.loss for each in recent) / len(recent)
        each_s = sorted(each.seconds for each in recent)[len(recent) // 2]  # a look or a save must not spoil the rest
        parts = [f"loss {loss:.4f}", f"{each_s:.3g} s/step", f"{record.samples_per_s:.3g} samples/s"]
        if record.mfu is not None:
            parts.append(f"MFU {record.mfu:.0%}")
        parts += [f"{record.memory_gib:.1f} GiB", f"waiting {sum(e.waited_s for e in recent) / seconds:.1%}"]
        left = self._steps - record.step
        return [*parts, f"{duration(each_s * left)} left"] if left else parts


def print_plan(console: Console, open_questions: Sequence[Assumption], facts: Sequence[tuple[str, str]]) -> None:
    """Prints what a run is about to do, and how it answers what the paper leaves open."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for name, value in facts:
        table.add_row(Text(name, style="dim"), Text(plain(value)))
    console.print(table)
    console.print(Text("\nWhat the paper leaves open, and this run's answer:", style="bold"))
    for question in open_questions:
        console.print(Text.assemble((question.setting, "cyan"), "  ", plain(question.value)))
        console.print(Padding(Text(question.open_because, style="dim"), (0, 0, 0, 4)))
    console.print()


def duration(seconds: float) -> str:
    """Seconds as people say them: ``42 s``, ``3 min 20 s``, ``5 h 10 min``, ``2 d 3 h``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"
