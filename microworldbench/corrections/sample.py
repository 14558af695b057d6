"""The labelled tasks as a random sample: what they were drawn with, and whether that can be."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..labels import Label
from ..rubric import Level
from ..scorecard import TaskScore

IMPOSSIBLE = 4.0
"""Standard errors by which the tasks that the sample stands for may miss those there are."""
SUSPICIOUS = 3.0
"""Standard errors between the judge's means on labelled and on all tasks from which the draw is doubted."""


@dataclass(frozen=True)
class Sample:
    """Experts' and judge's scores of every task on the labelled seeds."""

    experts: Mapping[str, TaskScore]
    """Of the labelled tasks."""
    judge: Mapping[str, TaskScore]
    """Of all tasks."""
    inclusion: Mapping[str, float]
    """Probability with which each labelled task was drawn."""
    failed: frozenset[str]
    """Tasks without a video to label."""


def inclusion_of(labels: Sequence[Label]) -> dict[str, float]:
    """The probability with which each labelled task was drawn.

    Raises:
        InputError: a task has none, or two.
    """
    found: dict[str, float] = {}
    for label in labels:
        if label.inclusion is None:
            raise InputError(
                f"labels of task {label.task!r} do not say with which probability it was drawn (column inclusion): "
                "only a random sample of tasks can correct a score, never chosen ones. 'mwb review new' draws one"
            )
        if found.setdefault(label.task, label.inclusion) != label.inclusion:
            raise InputError(
                f"labels of task {label.task!r} state two inclusion probabilities, {found[label.task]:g} and "
                f"{label.inclusion:g}; a task is drawn once"
            )
    return found


def drawn_levels(sample: Sample) -> set[Level]:
    """The levels that were drawn from.

    Raises:
        InputError: by its probabilities the sample cannot stand for the run's tasks, nor for those of some levels.
    """
    if _stands_for(sample, set(Level)):
        return set(Level)
    covered = {sample.judge[name].level for name in sample.inclusion}
    if all(_stands_for(sample, {level}) for level in covered):
        return covered
    stood_for = math.fsum(1 / chance for chance in sample.inclusion.values())
    raise InputError(
        f"the inclusion probabilities do not fit a random sample: by them the {len(sample.inclusion)} labelled tasks "
        f"stand for {stood_for:.0f}, and the run has {len(sample.judge)}. State for each task the probability with "
        "which it was drawn"
    )


def _stands_for(sample: Sample, levels: set[Level]) -> bool:
    """Whether Σ 1/π of the labelled tasks is about their number (Horvitz & Thompson), failed ones drawn or not."""
    chance = np.array([p for name, p in sample.inclusion.items() if sample.judge[name].level in levels])
    there = [name for name, task in sample.judge.items() if task.level in levels]
    to_label = sum(name not in sample.failed for name in there)
    slack = IMPOSSIBLE * math.sqrt(float(((1 - chance) / chance**2).sum())) + 0.01 * len(there)
    return to_label - slack <= float((1 / chance).sum()) <= len(there) + slack


def unlike(sample: Sample) -> str | None:
    """A warning where the judge finds the labelled tasks quite unlike the rest, which a random draw seldom gives."""
    judged = {name: t.score.value for name, t in sample.judge.items() if t.score and t.score.value is not None}
    rest = {name: value for name, value in judged.items() if name not in sample.failed}
    drawn = [name for name in sample.inclusion if name in rest]
    if len(drawn) < 2 or len(drawn) == len(rest):
        return None
    weight = np.array([1 / sample.inclusion[name] for name in drawn])
    seen = float(np.average([rest[name] for name in drawn], weights=weight))
    values = np.array(list(rest.values()))
    effective = float(weight.sum() ** 2 / (weight**2).sum())
    error = float(values.std(ddof=1)) * math.sqrt((1 - len(drawn) / len(rest)) / effective)
    apart = abs(seen - float(values.mean()))
    if apart <= SUSPICIOUS * error:
        return None
    return (
        f"The judge's mean is {seen:.1f} on the labelled tasks and {values.mean():.1f} on all; a random draw seldom "
        "gives so large a gap. Were they drawn at random?"
    )
