"""From the released average to the corrected one, one repaired defect after the other.

Every step rescores all tasks with one more rule repaired, in the fixed order of `STEPS`, and its points are the change
of the average. So the points add up to the whole difference; in another order single points would differ, their sum
would not.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from ..rubric import Dimension, Record
from ..suites.released_files import NumberedCriterion, ReleasedTask
from ..suites.released_results import ReleasedResults, index_of, read_reply, read_score, reply_of

STEPS: dict[str, str] = {
    "duplicate-entries": "a task that stands in the file twice counts once, by its last entry",
    "odd-scores": 'a score written "1" is met; one that is neither 0 nor 1 is missing, not 0',
    "empty-checklists": "a dimension numbered 11, 22, … counts in full; nobody was asked, so it is missing, not absent",
    "short-replies": "rewards that were not answered stay in the denominator; what was not answered is missing",
    "clamping": "a task may be negative, and one without a reward has no score",
    "dropped-tasks": "a task with an unreadable reply counts, what is unreadable being missing",
    "absent-tasks": "a task that is not in the file counts, everything being missing (or 0 where the model failed)",
}
"""Every defect and its repair, in the order of the waterfall."""


class Step(Record):
    """What one defect is worth to one model."""

    defect: str
    points: float
    """Change of the average by repairing it, given that the defects before it are repaired."""
    tasks: int
    """Tasks whose score changes, or which begin or cease to count."""


def waterfall(results: ReleasedResults, tasks: Sequence[ReleasedTask]) -> list[Step]:
    """The steps from the released average of `results` to the corrected one."""
    files = _Files(results, tasks)
    before = files.scores(())
    steps = []
    for number, defect in enumerate(STEPS, 1):
        after = files.scores(tuple(STEPS)[:number])
        changed = sum(before.get(index) != after.get(index) for index in before.keys() | after.keys())
        steps.append(Step(defect=defect, points=_average(after) - _average(before), tasks=changed))
        before = after
    return steps


def _average(scores: Mapping[int, Sequence[float]]) -> float:
    values = [value for found in scores.values() for value in found]
    return math.fsum(values) / len(values) if values else 0.0


class _Files:
    """One model's entries by task, scored under any set of repairs."""

    def __init__(self, results: ReleasedResults, tasks: Sequence[ReleasedTask]) -> None:
        self.results = results
        self.tasks = tasks
        self.entries: dict[int, list[dict[str, Any]]] = {task.index: [] for task in tasks}
        for entry in results.entries:
            index = index_of(entry)
            if index in self.entries:
                self.entries[index].append(entry)

    def scores(self, repaired: Collection[str]) -> dict[int, list[float]]:
        """Points of every entry that counts, by task."""
        found = {}
        for task in self.tasks:
            entries = self.entries[task.index]
            if "duplicate-entries" in repaired:
                entries = entries[-1:]
            values = [self._entry(task, entry, repaired) for entry in entries]
            if not entries and "absent-tasks" in repaired:
                values = [0.0 if task.index in self.results.failed else self._entry(task, {}, repaired)]
            if kept := [value for value in values if value is not None]:
                found[task.index] = kept
        return found

    def _entry(self, task: ReleasedTask, entry: dict[str, Any], repaired: Collection[str]) -> float | None:
        raw = top = 0.0
        for dimension in Dimension:
            reply = reply_of(entry, dimension)
            if reply is None and "dropped-tasks" not in repaired:
                return None
            shares = self._shares(task, dimension, reply, repaired)
            for criterion, share in zip(task.in_dimension(dimension), shares, strict=True):
                if share is None:
                    continue
                signed = criterion.polarity.sign * _weight(criterion)
                raw += share * signed
                top += max(0.0, signed)
        if "clamping" in repaired:
            return raw / top * 100 if top > 0 else None
        return max(0.0, raw / top * 100) if top > 0 else 0.0

    def _shares(
        self, task: ReleasedTask, dimension: Dimension, reply: object, repaired: Collection[str]
    ) -> list[float | None]:
        """Share of its weight each criterion enters with; None where it does not even enter the denominator."""
        criteria = task.in_dimension(dimension)
        unread = not isinstance(reply, list) and (reply is None or "odd-scores" in repaired)
        if unread or (task.is_misnumbered(dimension) and "empty-checklists" in repaired):
            outcomes = read_reply(task, dimension, reply, self.results.asked_all)
            return [outcome.share for outcome in outcomes]
        answers = list(reply) if isinstance(reply, list | str | dict) else []
        shares: list[float | None] = []
        for criterion in criteria:
            if criterion.number > len(answers):
                shares.append(0.5 if "short-replies" in repaired else None)
                continue
            answer = answers[criterion.number - 1]
            if "odd-scores" in repaired:
                shares.append(read_score(answer).share)
            else:
                shares.append(1.0 if answer == 1 else 0.0)
        return shares


@cache
def _weight(criterion: NumberedCriterion) -> float:
    return criterion.weight("tiered")
