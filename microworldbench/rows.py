"""Reports as flat rows, for tables: a row a task, or a row a vote."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .runs import RunFolder
from .scorecard import Score, TaskScore


def task_row(task: TaskScore) -> dict[str, Any]:
    """A task's score as a flat row: level, value, bounds, failed and the dimension scores."""

    def part(score: Score | None) -> float | None:
        return None if score is None else score.value

    total = task.score
    return {
        "task": task.id,
        "level": task.level.value,
        "value": part(total),
        "low": None if total is None else total.low,
        "high": None if total is None else total.high,
        "failed": task.failed,
        **{dimension.value: part(s) for dimension, s in task.by_dimension.items()},
    }


def verdict_rows(run: RunFolder) -> Iterator[dict[str, Any]]:
    """Every vote with the criterion it is about, in the order of the log."""
    snapshot = run.snapshot
    asked = {(task.id, c.id): (task, c) for task in snapshot.tasks for c in task.criteria}
    for verdict in run.verdicts_on(snapshot):
        task, criterion = asked[verdict.task, verdict.criterion]
        yield {
            "task": task.id,
            "level": task.level.value,
            "seed": verdict.seed,
            "criterion": criterion.id,
            "dimension": criterion.dimension.value,
            "polarity": criterion.polarity.value,
            "weight": criterion.weight,
            "statement": criterion.statement,
            "judge": verdict.judge,
            "vote": verdict.vote,
            "met": verdict.met,
            "reason": None if verdict.reason is None else verdict.reason.value,
            "observation": verdict.observation,
            "frames": list(verdict.frames),
        }
