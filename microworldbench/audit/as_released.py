"""The scorer of the released evaluator (``calculate_scores.py``), rule for rule, faults included.

For a task and a dimension it takes ``max(0, Σ scoreᵢ·wᵢ·signᵢ / Σ w⁺) · 100`` over the *answered* positions that are
also numbers of criteria; a task pools its three dimensions and counts only where all three have a reply; every entry of
a file counts, repeated ones too; the model's numbers are means over those tasks. Weights are the tiered ones. A reply
of a form it does not expect raises, and the whole model is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..rubric import Dimension, Level, Record
from ..suites.released_files import NumberedCriterion, ReleasedTask
from ..suites.released_results import EVALUATIONS


class ReleasedNumbers(Record):
    """The numbers the released scorer prints for one model, unrounded. An empty mean is 0, as there."""

    valid_tasks: int
    average: float
    scientific_fidelity: float
    visual_quality: float
    instruction_following: float
    by_level: dict[Level, float]


def score_as_released(entries: Sequence[Any], tasks: Sequence[ReleasedTask]) -> ReleasedNumbers:
    """What the released scorer makes of `entries`.

    Raises:
        AttributeError, TypeError: Where the released scorer raises too.
    """
    known = {task.index: task for task in tasks}
    totals: list[float] = []
    parts: dict[Dimension, list[float]] = {dimension: [] for dimension in Dimension}
    levels: dict[Level, list[float]] = {level: [] for level in Level}
    for entry in entries:
        index = entry.get("index")
        if index not in known:
            continue
        task = known[index]
        sums = _task_sums(task, entry)
        if sums is None:
            continue
        totals.append(_points(sum(raw for raw, _ in sums), sum(top for _, top in sums)))
        levels[task.level].append(totals[-1])
        for dimension, (raw, top) in zip(EVALUATIONS, sums, strict=True):
            parts[dimension].append(_points(raw, top))
    return ReleasedNumbers(
        valid_tasks=len(totals),
        average=_mean(totals),
        by_level={level: _mean(found) for level, found in levels.items()},
        **{dimension.value: _mean(found) for dimension, found in parts.items()},
    )


def _task_sums(task: ReleasedTask, entry: Any) -> list[tuple[float, float]] | None:
    """(raw, largest possible) of each dimension, or None where one has no reply."""
    sums = []
    for dimension, key in EVALUATIONS.items():
        evaluation = entry.get(key, {})
        parsed = evaluation.get("parsed_result") if evaluation else None
        scores = parsed.get("scores", []) if parsed else None
        if not scores:
            return None
        sums.append(_dimension_sum(task.in_dimension(dimension), scores))
    return sums


def _dimension_sum(criteria: Iterable[NumberedCriterion], scores: Iterable[Any]) -> tuple[float, float]:
    """Only numbers that were answered enter; only what equals 1 is met."""
    by_number = {criterion.number: criterion for criterion in criteria}
    raw = top = 0.0
    for number, value in enumerate(scores, 1):
        criterion = by_number.get(number)
        if criterion is None:
            continue
        weight = criterion.weight("tiered")
        if value == 1:
            raw += criterion.polarity.sign * weight
        if criterion.polarity.sign > 0:
            top += weight
    return raw, top


def _points(raw: float, top: float) -> float:
    return max(0.0, raw / top * 100) if top > 0 else 0.0


def _mean(found: list[float]) -> float:
    return sum(found) / len(found) if found else 0.0
