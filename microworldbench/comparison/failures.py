"""Does the order of the runs hang on how a model's failures are scored?

A failed video scores 0, and a score can be negative: failing must not pay. So the order is told again over the tasks
that every run completed, with failures at the worst video seen (or 0 if that is lower), and with every task floored
at 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import fsum
from typing import Literal

from ..scorecard import TaskScore
from ..stats.estimates import rounded
from .records import Treatment

Name = Literal["as_scored", "completed_only", "failure_at_worst", "floored_at_zero"]


def treat_failures(tasks: Mapping[str, Sequence[TaskScore]]) -> tuple[Treatment, ...]:
    """The order under each treatment.

    Args:
        tasks: The common tasks of each run, by its name, in the same order.
    """
    rows = list(zip(*tasks.values(), strict=True))
    completed = [i for i, row in enumerate(rows) if not any(task.failed for task in row)]
    scores: dict[Name, dict[str, float | None]] = {
        "as_scored": {name: _mean([_scored(task) for task in own]) for name, own in tasks.items()},
        "completed_only": {name: _mean([_scored(own[i]) for i in completed]) for name, own in tasks.items()},
        "failure_at_worst": {name: _at_worst(own) for name, own in tasks.items()},
        "floored_at_zero": {name: _mean([_floored(task) for task in own]) for name, own in tasks.items()},
    }
    usual = scores["as_scored"]
    return tuple(
        Treatment(
            name=name,
            scores=found,
            n=len(completed) if name == "completed_only" else len(rows),
            order=tuple(sorted((run for run in found if found[run] is not None), key=lambda run: -(found[run] or 0.0))),
            changes_order=any(
                _sign(usual[a], usual[b]) not in (None, told)
                for a, b in combinations(tasks, 2)
                if (told := _sign(found[a], found[b])) is not None
            ),
        )
        for name, found in scores.items()
    )


def _scored(task: TaskScore) -> float | None:
    return None if task.score is None else task.score.value


def _floored(task: TaskScore) -> float | None:
    value = _scored(task)
    return None if value is None else max(0.0, value)


def _at_worst(tasks: Sequence[TaskScore]) -> float | None:
    kept = [video.value for task in tasks for video in task.seeds if not video.failed]
    if any(value is None for value in kept):
        return None
    worst = min([0.0, *(value for value in kept if value is not None)])
    return _mean(
        [_mean([worst if video.failed else video.value for video in task.seeds]) for task in tasks if task.seeds]
    )


def _mean(values: Sequence[float | None]) -> float | None:
    """None where there is nothing, or something has no value."""
    stated = [value for value in values if value is not None]
    return rounded(fsum(stated) / len(stated)) if stated and len(stated) == len(values) else None


def _sign(a: float | None, b: float | None) -> int | None:
    return None if a is None or b is None else (a > b) - (a < b)
