"""The numbers of the site as files: JSON for machines, CSV for spreadsheets.

Text in CSV that a spreadsheet would take for a formula gets an apostrophe in front; numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence

import numpy as np

from ..rendering.wording import plain
from ..rubric import Dimension, Level
from ..scorecard import Score
from ..scoring import MICRO
from ..tabular import no_formula
from .ranking import Ranked
from .records import Row, Table

Cell = str | int | float | None
HEAD = (
    "suite", "version", "view", "judge", "submission", "model", "model_version", "access", "authors", "date",
    "standing", "best_rank", "worst_rank", "tier", "score", "low", "high", "ci_low", "ci_high", "corrected",
    "corrected_low", "corrected_high", "labelled_tasks", *(x.value for x in Level), *(x.value for x in Dimension),
    "lost_to_penalties", "win_rate", "failure_rate", "completed_only", "failure_at_worst", "floored_at_zero",
    "order_changes", "tasks", "seeds", "judge_calls", "cost_usd", "certificate_balanced_accuracy",
)  # fmt: skip


def leaderboard_csv(tables: Iterable[Table]) -> str:
    """One line a row of every table."""
    return _csv([HEAD, *(_line(table, row) for table in tables for row in table.rows)])


def tasks_csv(ranked: Ranked) -> str:
    """Every model's score on every task: one line a task and model. It holds names of ours and numbers only."""
    columns = []
    for entry in ranked.entries:
        numbers = np.vstack([entry.values / MICRO, entry.low, entry.high, entry.parts]).round(6) + 0.0
        columns.append([",".join(map(_shown, task)) for task in numbers.T.tolist()])
    lines = [",".join(("task", "level", "submission", "score", "low", "high", *Dimension, "failed"))]
    for place, task in enumerate(ranked.view.tasks):
        for entry, shown in zip(ranked.entries, columns, strict=True):
            lines.append(f"{task.id},{task.level.value},{entry.slug},{shown[place]},{entry.failed[place]}")
    return "\n".join([*lines, ""])


def differences_csv(ranked: Ranked) -> str:
    """Every paired difference, the higher row first."""
    head = ("first", "second", "difference", "ci_low", "ci_high", "simultaneous_low", "simultaneous_high", "p")
    lines: list[Sequence[Cell]] = [(*head, "p_adjusted")]
    lines += [
        (gap.first, gap.second, gap.value, *_ends(gap.ci95), *_ends(gap.simultaneous95), gap.p, gap.p_adjusted)
        for gap in ranked.differences
    ]
    return _csv(lines)


def _line(table: Table, row: Row) -> Sequence[Cell]:
    about, fixed, seen, other = row.about, row.corrected, row.certificate, row.treatments
    scopes = [_value(row.by_level.get(x)) for x in Level] + [_value(row.by_dimension.get(x)) for x in Dimension]
    return (
        table.suite.id, table.suite.version, table.view.name, table.judge.name, row.submission, about.model,
        about.version, about.access.value, "; ".join(about.authors), about.date, row.standing.word, row.best_rank,
        row.worst_rank, row.tier, row.score.value, row.score.low, row.score.high, *_ends(row.score.ci95),
        None if fixed is None else fixed.value, *_ends(None if fixed is None else fixed.ci95),
        None if fixed is None else fixed.n, *scopes, row.lost_to_penalties, row.win_rate, row.failure_rate,
        other.completed_only, other.failure_at_worst, other.floored_at_zero, " ".join(other.moves), row.tasks,
        row.seeds, row.usage.calls, row.usage.cost_usd, None if seen is None else seen.balanced_accuracy,
    )  # fmt: skip


def _value(score: Score | None) -> float | None:
    return None if score is None else score.value


def _shown(value: float) -> str:
    return "" if math.isnan(value) else repr(value)


def _ends(interval: tuple[float, float] | None) -> tuple[Cell, Cell]:
    return (None, None) if interval is None else interval


def _csv(lines: Iterable[Sequence[Cell]]) -> str:
    target = io.StringIO()
    csv.writer(target, lineterminator="\n").writerows([_safe(cell) for cell in line] for line in lines)
    return target.getvalue()


def _safe(cell: Cell) -> Cell:
    """Text on one line that no spreadsheet takes for a formula."""
    return no_formula(plain(cell)) if isinstance(cell, str) else cell
