"""A short ranking between two marks of a README."""

from __future__ import annotations

import os
import re

from ..rendering.markdown import escape
from ..rendering.marks import refresh_between
from ..rendering.tables import markdown_table
from ..rendering.wording import interval, percent, points, span
from .build import read_ranked
from .records import Row, Table

MARKS = "leaderboard"


def refresh(submissions: str | os.PathLike[str], readme: str | os.PathLike[str], *, top: int = 10) -> bool:
    """Writes the first rows of the largest table between the marks of a README.

    Args:
        submissions: The folder of submissions.
        readme: A file that holds both marks once.
        top: Rows, at most.

    Returns:
        Whether the file changed.

    Raises:
        InputError: the marks are missing or doubled, or a file cannot be read or written. Also as `build`.
    """
    return refresh_between(readme, MARKS, markdown(read_ranked(submissions)[0].table, top))


def markdown(table: Table, top: int) -> str:
    """The first rows of `table` as GitHub Markdown; names are escaped."""
    head = ("Rank", "Model", "Score", "95 % interval", "Corrected", "Failed", "Standing")
    body = [_cells(row) for row in table.rows[:top]]
    left = len(table.rows) - top
    stated = "Below 30 tasks no ranks are stated."
    if any(row.best_rank is not None for row in table.rows):
        stated = "Rank: the ranks a model may truly have, all rows at once at 95 %."
    more = f" The first {top} of {len(table.rows)} rows." if left > 0 else ""
    return (
        f"{markdown_table(head, body, right_from=2)}\n\n"
        f"{escape(table.suite.id)} {escape(table.suite.version)}, view: {escape(table.view.name)}, judge: "
        f"{escape(table.judge.name)}, {table.tasks} tasks. {stated}{more}"
    )


def _cells(row: Row) -> tuple[str, ...]:
    ranks = "—" if row.best_rank is None else str(row.best_rank)
    if row.best_rank != row.worst_rank:
        ranks += f"–{row.worst_rank}"
    fixed = row.corrected
    corrected = "uncorrected" if fixed is None or fixed.value is None else f"{points(fixed.value)} {span(fixed.ci95)}"
    name = f"{escape(row.about.model)} {escape(row.about.version)}"
    return (
        ranks, re.sub(r"\s+", " ", name), points(row.score.value), interval(row.score), corrected,
        percent(row.failure_rate), row.standing.word,
    )  # fmt: skip
