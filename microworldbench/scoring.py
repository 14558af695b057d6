"""Verdicts to scores and their bounds. Pure: no files, no clock, no randomness but a fixed bootstrap.

The score is the paper's (MicroVerse, arXiv 2603.00585, Section 2.3): ``S = Σ sᵢwᵢ`` over the met criteria, s = +1 for a
reward and −1 for a penalty, and ``score = 100 · S / Σw⁺``. Two rules are ours. Σw⁺ runs over *all* rewards of the
scope, never over the answered ones, and nothing is clamped. What could not be judged widens the bounds:

================  ===================  ===========================  ========================
outcome           point                low                          high
================  ===================  ===========================  ========================
met               reward +w, penalty −w, in all three
not met           0                    0                            0
cannot tell       0                    reward 0, penalty −w         reward +w, penalty 0
missing           reward +w/2,         reward 0, penalty −w         reward +w, penalty 0
                  penalty −w/2
================  ===================  ===========================  ========================

Scores are held as integers of 10⁻⁶ point, so that means and intervals do not depend on the machine.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

from .errors import InputError
from .outcomes import Outcome, Reducer, reduce_votes
from .results import Verdict
from .rubric import Dimension, Level, Polarity
from .scorecard import Coverage, FailureSensitivity, Score, Scores, SeedScore, TaskScore
from .stats.intervals import mean_interval

__all__ = ["MAX_MISSING", "MICRO", "ZERO", "Outcome", "Points", "Scope", "Scored", "Weighted"]
__all__ += ["reduce_verdicts", "reduce_votes", "score", "score_criteria"]

MICRO = 1_000_000
MAX_MISSING = 0.005


class Weighted(Protocol):
    """A criterion, or the text-free snapshot of one."""

    @property
    def id(self) -> str: ...
    @property
    def dimension(self) -> Dimension: ...
    @property
    def polarity(self) -> Polarity: ...
    @property
    def weight(self) -> float: ...


class Scored(Protocol):
    """A task, or the text-free snapshot of one."""

    @property
    def id(self) -> str: ...
    @property
    def level(self) -> Level: ...
    @property
    def criteria(self) -> Sequence[Weighted]: ...


class Scope(Protocol):
    """A suite, a view, or the snapshot of one."""

    @property
    def tasks(self) -> Sequence[Scored]: ...


@dataclass(frozen=True)
class Points:
    """A score and its bounds in 10⁻⁶ point."""

    value: int
    low: int
    high: int
    partial: bool = False


ZERO = Points(0, 0, 0)


def score_criteria(criteria: Iterable[Weighted], outcomes: Mapping[str, Outcome]) -> Points | None:
    """The score of one video over `criteria`; a criterion without an outcome is missing.

    Returns:
        None where `criteria` hold no reward.
    """
    rewards: list[float] = []
    value: list[float] = []
    low: list[float] = []
    high: list[float] = []
    partial = False
    for criterion in criteria:
        weight = criterion.weight
        if criterion.polarity is Polarity.REWARD:
            rewards.append(weight)
        outcome = outcomes.get(criterion.id, Outcome.MISSING)
        if outcome is Outcome.NOT_MET:
            continue
        signed = weight * criterion.polarity.sign
        if outcome is Outcome.MET:
            value.append(signed)
            low.append(signed)
            high.append(signed)
            continue
        (high if signed > 0 else low).append(signed)
        if outcome is Outcome.MISSING:
            value.append(signed / 2)
            partial = True
    if not rewards:
        return None
    total = math.fsum(rewards)

    def points(part: list[float]) -> int:
        return round(100 * MICRO * math.fsum(part) / total)

    return Points(points(value), points(low), points(high), partial)


def score(
    verdicts: Iterable[Verdict | Mapping[str, Any]],
    suite: Scope,
    *,
    failed: Collection[tuple[str, int]] = (),
    seeds: Sequence[int] | None = None,
    max_missing: float = MAX_MISSING,
    reducer: Reducer = "majority",
    members: Collection[str] = (),
) -> Scores:
    """Scores verdicts on a suite or view: votes → criterion → video → mean over seeds → mean over tasks.

    Args:
        verdicts: One per vote, criterion, seed and task; of two with the same key the later one counts. Verdicts on
            tasks or criteria outside `suite` are ignored.
        suite: What was asked. A criterion without a verdict is missing.
        failed: (task, seed) pairs the model failed on; they score 0.
        seeds: The seeds that were asked for; by default those found, or seed 0.
        max_missing: Share of criteria × videos that may be missing. Above it, the value of every score that misses
            something is None and only its bounds stand.
        reducer: How one judge's votes on a criterion become one outcome: ``majority``, ``unanimous`` or ``first``.
        members: The judges of a panel, so that one without a verdict counts as lost; see `outcomes.reduce_votes`.

    Raises:
        InputError: `max_missing` is outside [0, 1], `failed` names an unknown task, or no reducer is called that.
    """
    if not 0 <= max_missing <= 1:
        raise InputError(f"max_missing must be between 0 and 1, got {max_missing!r}")
    known = {task.id for task in suite.tasks}
    if unknown := {task for task, _ in failed} - known:
        raise InputError(f"failed names tasks that the suite does not hold: {', '.join(sorted(unknown)[:5])}")
    records = [v if isinstance(v, Verdict) else Verdict.model_validate(v) for v in verdicts]
    if seeds is None:
        seeds = sorted({v.seed for v in records} | {seed for _, seed in failed}) or [0]
    board = _Board(suite, reduce_verdicts(records, reducer, members), frozenset(failed), tuple(seeds))
    return board.scores(max_missing)


def reduce_verdicts(
    verdicts: Iterable[Verdict], reducer: Reducer = "majority", members: Collection[str] = ()
) -> dict[tuple[str, int], dict[str, Outcome]]:
    """The outcome of every criterion that has a verdict, by video (task, seed) and criterion; see `reduce_votes`."""
    last = {v.key: v for v in verdicts}
    votes: dict[tuple[str, int], dict[str, list[Verdict]]] = defaultdict(lambda: defaultdict(list))
    for verdict in last.values():
        votes[verdict.task, verdict.seed][verdict.criterion].append(verdict)
    return {video: {c: reduce_votes(v, reducer, members=members) for c, v in by.items()} for video, by in votes.items()}


@dataclass(frozen=True)
class _Board:
    """Every video's outcomes, ready to be summed up by any scope."""

    suite: Scope
    outcomes: Mapping[tuple[str, int], Mapping[str, Outcome]]
    failed: frozenset[tuple[str, int]]
    seeds: tuple[int, ...]

    def scores(self, max_missing: float) -> Scores:
        tasks = self.suite.tasks
        coverage = self._coverage()
        strict = coverage.missing > max_missing * coverage.criteria
        totals = {t.id: self._task(t, t.criteria) for t in tasks}
        parts = {
            (t.id, d): self._task(t, [c for c in t.criteria if c.dimension is d]) for t in tasks for d in Dimension
        }
        by_level = {lv: _mean([totals[t.id] for t in tasks if t.level is lv], strict) for lv in Level}
        by_dimension = {d: _mean([parts[t.id, d] for t in tasks], strict) for d in Dimension}
        return Scores(
            overall=_mean(list(totals.values()), strict),
            by_level={level: s for level, s in by_level.items() if s},
            by_dimension={dimension: s for dimension, s in by_dimension.items() if s},
            tasks=tuple(self._task_score(t, totals[t.id], parts, strict) for t in tasks),
            coverage=coverage,
            failures=self._sensitivity(totals, strict),
        )

    def _video(self, task: Scored, seed: int, criteria: Sequence[Weighted]) -> Points | None:
        if (task.id, seed) in self.failed:
            return ZERO if any(c.polarity is Polarity.REWARD for c in criteria) else None
        return score_criteria(criteria, self.outcomes.get((task.id, seed), {}))

    def _task(self, task: Scored, criteria: Sequence[Weighted]) -> Points | None:
        return _over_seeds([self._video(task, seed, criteria) for seed in self.seeds])

    def _task_score(
        self, task: Scored, total: Points | None, parts: Mapping[tuple[str, Dimension], Points | None], strict: bool
    ) -> TaskScore:
        videos = {seed: self._video(task, seed, task.criteria) for seed in self.seeds}
        return TaskScore(
            id=task.id,
            level=task.level,
            score=_state(total, strict, n=len(self.seeds)),
            by_dimension={d: _state(parts[task.id, d], strict, n=len(self.seeds)) for d in Dimension},
            failed=sum((task.id, seed) in self.failed for seed in self.seeds),
            seeds=tuple(
                SeedScore(
                    seed=seed,
                    value=None if p is None or (strict and p.partial) else p.value / MICRO,
                    low=None if p is None else p.low / MICRO,
                    high=None if p is None else p.high / MICRO,
                    failed=(task.id, seed) in self.failed,
                )
                for seed, p in videos.items()
            ),
        )

    def _coverage(self) -> Coverage:
        counts = dict.fromkeys(Outcome, 0)
        failures = decided_by_failure = 0
        for task in self.suite.tasks:
            for seed in self.seeds:
                if (task.id, seed) in self.failed:
                    failures += 1
                    decided_by_failure += len(task.criteria)
                    continue
                outcomes = self.outcomes.get((task.id, seed), {})
                for criterion in task.criteria:
                    counts[outcomes.get(criterion.id, Outcome.MISSING)] += 1
        total = sum(counts.values()) + decided_by_failure
        return Coverage(
            criteria=total,
            resolved=total - counts[Outcome.MISSING],
            cannot_tell=counts[Outcome.CANNOT_TELL],
            missing=counts[Outcome.MISSING],
            videos=len(self.suite.tasks) * len(self.seeds),
            failed_generations=failures,
        )

    def _sensitivity(self, totals: Mapping[str, Points | None], strict: bool) -> FailureSensitivity:
        seen = [p for t in self.suite.tasks for s in self.seeds if (p := self._kept(t, s)) is not None]
        worst = Points(*(min([0, *(getattr(p, part) for p in seen)]) for part in ("value", "low", "high")))

        def at_worst(task: Scored) -> Points | None:
            if totals[task.id] is None:
                return None
            videos = [self._kept(task, seed) for seed in self.seeds]
            return _over_seeds([worst if p is None else p for p in videos])

        tasks = self.suite.tasks
        completed = [t for t in tasks if not any((t.id, s) in self.failed for s in self.seeds)]
        floored = [Points(max(0, p.value), max(0, p.low), max(0, p.high), p.partial) for p in totals.values() if p]
        videos = len(tasks) * len(self.seeds)
        return FailureSensitivity(
            rate=round(sum((t.id, s) in self.failed for t in tasks for s in self.seeds) / videos, 6) if videos else 0.0,
            completed_only=_mean([totals[t.id] for t in completed], strict),
            failure_at_worst=_mean([at_worst(t) for t in tasks], strict),
            floored_at_zero=_mean(floored, strict),
        )

    def _kept(self, task: Scored, seed: int) -> Points | None:
        return None if (task.id, seed) in self.failed else self._video(task, seed, task.criteria)


def _over_seeds(videos: Sequence[Points | None]) -> Points | None:
    present = [p for p in videos if p is not None]
    if not present:
        return None
    value, low, high = (
        round(Fraction(sum(getattr(p, part) for p in present), len(present))) for part in ("value", "low", "high")
    )
    return Points(value, low, high, any(p.partial for p in present))


def _state(points: Points | None, strict: bool, *, n: int) -> Score | None:
    if points is None:
        return None
    value = None if strict and points.partial else points.value / MICRO
    return Score(value=value, low=points.low / MICRO, high=points.high / MICRO, n=n, partial=points.partial)


def _mean(tasks: Sequence[Points | None], strict: bool) -> Score | None:
    present = [p for p in tasks if p is not None]
    if not present:
        return None
    partial = any(p.partial for p in present)
    value, low, high = (
        _points(sum(getattr(p, part) for p in present), len(present)) for part in ("value", "low", "high")
    )
    interval = None if strict and partial else mean_interval([p.value for p in present])
    return Score(
        value=None if strict and partial else value,
        low=low,
        high=high,
        ci95=None if interval is None else (round(interval[0] / MICRO, 6), round(interval[1] / MICRO, 6)),
        n=len(present),
        partial=partial,
    )


def _points(total: int, n: int) -> float:
    return round(Fraction(total, n)) / MICRO
