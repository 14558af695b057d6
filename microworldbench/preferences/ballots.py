"""Votes as they stand in a file, and what is made of repeats."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..tabular import Row, read_rows

COLUMNS = ("task", "evaluator", "left", "right", "choice")
CHOICES = {"left": 1.0, "right": 0.0, "tie": 0.5, "cannot_judge": None}
MOST_MODELS = 200


@dataclass(frozen=True)
class Ballot:
    """One evaluator's answer on two videos of one task."""

    task: str
    evaluator: str
    left: str
    right: str
    points: float | None
    """Of the left one: 1, 0.5 or 0; None where the evaluator could not judge."""

    @property
    def pair(self) -> tuple[str, str]:
        """The two models, sorted."""
        return (self.left, self.right) if self.left < self.right else (self.right, self.left)

    @property
    def points_of_first(self) -> float | None:
        """Of the first of `pair`, whichever side it was on."""
        return self.points if self.points is None or self.left < self.right else 1 - self.points


@dataclass
class Ballots:
    """All votes of a study."""

    counted: list[Ballot]
    cannot_judge: int = 0
    repeated: int = 0
    """Rows that say again what another row says."""
    swapped: int = 0
    """Second answers of an evaluator on the same two videos with sides swapped; they do not count as votes."""
    consistent: int = 0
    """Of these, how many agree with the first."""


def read_ballots(path: str | os.PathLike[str]) -> Ballots:
    """Reads votes from JSON lines or CSV with columns task, evaluator, left, right and choice.

    Raises:
        InputError: the file is damaged or empty, a model meets itself, an answer is unknown, or an evaluator gives two
            answers to one question.
    """
    found = Ballots([])
    first: dict[tuple[str, str, str, str], tuple[Ballot, Row]] = {}
    rows = 0
    for row in read_rows(Path(path), COLUMNS):
        rows += 1
        ballot = _ballot(row)
        if ballot.points is None:
            found.cannot_judge += 1
            continue
        key = (ballot.task, ballot.evaluator, *ballot.pair)
        before, told = first.setdefault(key, (ballot, row))
        if told is row:
            found.counted.append(ballot)
        elif before.left != ballot.left:
            found.swapped += 1
            found.consistent += before.points_of_first == ballot.points_of_first
        elif before == ballot:
            found.repeated += 1
        else:
            raise InputError(
                f"{row.place}: evaluator {ballot.evaluator!r} answers task {ballot.task!r} ({ballot.left!r} left, "
                f"{ballot.right!r} right) otherwise than in line {told.line}; keep one of the two"
            )
    if not rows:
        raise InputError(f"{path} holds no vote")
    models = {name for ballot in found.counted for name in ballot.pair}
    if len(models) > MOST_MODELS:
        raise InputError(f"{path} names {len(models)} models; more than {MOST_MODELS} are not a preference study")
    return found


def _ballot(row: Row) -> Ballot:
    left, right = row.text("left"), row.text("right")
    if left == right:
        raise InputError(f"{row.place}: {left!r} stands on both sides; a model is not compared with itself")
    return Ballot(row.text("task"), row.text("evaluator"), left, right, row.choice("choice", CHOICES))
