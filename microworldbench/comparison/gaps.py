"""Paired differences of all runs over one scope. A run with too much missing has bounds, no value and no test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from math import fsum
from typing import Any

import numpy as np

from ..scorecard import Score
from ..scoring import MICRO
from ..stats import paired
from ..stats.clustering import within
from ..stats.estimates import rounded, rounded_ends
from ..stats.intervals import mean_interval
from ..stats.resampling import spreads
from .records import Gap, ScopeComparison

Table = Mapping[str, Sequence[Score]]
"""The scores of each run, by its name, on the same tasks in the same order."""


def compare_scope(
    table: Table,
    *,
    parts: int = 1,
    margin: float,
    resamples: int,
    seed: int,
    adjust: Callable[[Gap], Gap] | None = None,
) -> ScopeComparison:
    """Compares every pair of runs over one scope.

    Args:
        table: Scores by run.
        parts: Scopes in the same breakdown; adjusted p-values are multiplied by it (Bonferroni).
        margin: Task differences up to it are ties.
        resamples: Resamples and sign flips.
        seed: Of both.
        adjust: What is done to every difference before tiers are drawn; ranks are not stated then.
    """
    names = list(table)
    n = len(table[names[0]])
    stated = [name for name in names if n and all(score.value is not None for score in table[name])]
    # Whole 10⁻⁶ points: sums of integers are exact, whatever their order, so that no machine gives other intervals.
    values = [[round(_value(score) * MICRO) for score in table[name]] for name in stated]
    found = paired.compare(values, stated, resamples=resamples, seed=seed) if len(stated) > 1 else None
    records = {} if found is None else _win_records(dict(zip(stated, values, strict=True)), margin, resamples, seed)
    gaps = tuple(
        _bounded(table, pair)
        if found is None or pair not in records
        else _tested(found.between(*pair), _bounded(table, pair), parts).model_copy(update=records[pair])
        for pair in combinations(names, 2)
    )
    gaps = gaps if adjust is None else tuple(adjust(gap) for gap in gaps)
    tiers: dict[str, int | None] = dict.fromkeys(names)
    ranks = None
    if found is not None:
        tiers |= _tiers(stated, values, gaps)
        if found.ranks is not None and len(stated) == len(names) and adjust is None:
            ranks = {name: (rank.best, rank.worst) for name, rank in zip(stated, found.ranks, strict=True)}
    return ScopeComparison(
        n=n, scores={name: mean_score(table[name]) for name in names}, differences=gaps, tiers=tiers, ranks=ranks
    )


def mean_score(scores: Sequence[Score]) -> Score | None:
    """The mean of task scores with its bounds and interval, by the rules of `scoring.score`; None without a task."""
    if not scores:
        return None
    stated = [round(score.value * MICRO) for score in scores if score.value is not None]
    whole = len(stated) == len(scores)
    interval = mean_interval(stated) if whole else None
    return Score(
        value=_mean([_value(score) for score in scores]) if whole else None,
        low=_mean([score.low for score in scores]),
        high=_mean([score.high for score in scores]),
        ci95=rounded_ends(interval, MICRO),
        n=len(scores),
        partial=any(score.partial for score in scores),
    )


def _value(score: Score) -> float:
    assert score.value is not None
    return score.value


def _mean(values: Sequence[float]) -> float:
    """In whole 10⁻⁶ points, as `scoring.score` does, so that a report and a comparison state the same number."""
    return round(Fraction(sum(round(value * MICRO) for value in values), len(values))) / MICRO


def _tiers(names: Sequence[str], values: Sequence[Sequence[float]], gaps: Sequence[Gap]) -> dict[str, int | None]:
    """By the p-values that are shown, so that no tier rests on a test the table does not state."""
    place = {name: i for i, name in enumerate(names)}
    differs = np.zeros((len(names), len(names)), dtype=bool)
    for gap in gaps:
        if gap.p_adjusted is not None and gap.p_adjusted <= 0.05:
            a, b = place[gap.first], place[gap.second]
            differs[a, b] = differs[b, a] = True
    found = paired.tiers([fsum(row) / len(row) for row in values], differs)
    return dict(zip(names, found, strict=True))


def _tested(made: paired.Difference, bounds: Gap, parts: int) -> Gap:
    adjusted = None if made.p_adjusted is None else min(1.0, parts * made.p_adjusted)
    return bounds.model_copy(
        update={
            "value": None if made.value is None else rounded(made.value / MICRO),
            "reason": None if made.value is not None else "too_few",
            "ci95": rounded_ends(made.interval, MICRO),
            "simultaneous95": rounded_ends(made.simultaneous, MICRO),
            "p": rounded(made.p),
            "p_adjusted": rounded(adjusted),
        }
    )


def _win_records(
    values: Mapping[str, Sequence[int]], margin: float, resamples: int, seed: int
) -> dict[tuple[str, str], dict[str, Any]]:
    """Wins, ties, losses and net wins of every pair, as `stats.paired.win_tie_loss` but all pairs on one resample."""
    pairs = list(combinations(values, 2))
    gaps = np.array([np.subtract(values[a], values[b]) for a, b in pairs]).T
    signs = (gaps > margin * MICRO).astype(float) - (gaps < -margin * MICRO)
    tasks = len(signs)
    table = np.concatenate([signs, np.ones((tasks, 1))], axis=1)
    found = spreads(table, lambda sums: sums[:, :-1] / sums[:, -1:], resamples=resamples, seed=seed)
    made = {}
    for pair, column, (_, interval) in zip(pairs, signs.T, found, strict=True):
        wins, losses = int((column > 0).sum()), int((column < 0).sum())
        made[pair] = {
            "wins": wins,
            "ties": tasks - wins - losses,
            "losses": losses,
            "net_wins": rounded((wins - losses) / tasks),
            "net_wins_ci95": rounded_ends(within(interval, -1.0, 1.0)),
        }
    return made


def _bounded(table: Table, pair: tuple[str, str]) -> Gap:
    """What stands without a value: the bounds."""
    a, b = table[pair[0]], table[pair[1]]
    low = high = None
    if a:
        low = _mean([x.low - y.high for x, y in zip(a, b, strict=True)])
        high = _mean([x.high - y.low for x, y in zip(a, b, strict=True)])
    reason = "missing" if a else "too_few"
    return Gap(first=pair[0], second=pair[1], value=None, reason=reason, low=low, high=high, n=len(a))
