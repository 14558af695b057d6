"""Win, tie and loss over tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .clustering import Options, check_options
from .estimates import Estimate, finite
from .pairs import read_scores
from .resampling import RESAMPLES, cluster_codes, evaluate, spreads, sum_by_cluster


@dataclass(frozen=True, kw_only=True)
class WinTieLoss:
    """On how many tasks one model beats the other."""

    wins: int
    ties: int
    losses: int
    net: Estimate
    """(wins − losses) / tasks."""
    win_rate: Estimate
    """(wins + ties/2) / tasks."""


def win_tie_loss(a: ArrayLike, b: ArrayLike, *, margin: float = 0.0, **options: Unpack[Options]) -> WinTieLoss:
    """Counts the tasks on which `a` scores higher than `b`.

    Args:
        a: One score per task, None or NaN where missing.
        b: The other model's.
        margin: Differences up to it are ties.
        **options: See `Options`.

    Returns:
        Counts over common tasks, and rates with intervals over clusters.

    Raises:
        InputError: Different lengths or a negative margin.
    """
    first, second = read_scores([a])[0], read_scores([b])[0]
    if len(first) != len(second):
        raise InputError(f"both models need one score per task: got {len(first)} and {len(second)}")
    if not margin >= 0:
        raise InputError(f"margin must not be negative, got {margin!r}")
    gap = first - second
    both = np.isfinite(gap)
    with np.errstate(invalid="ignore"):
        sign = np.where(both, (gap > margin).astype(float) - (gap < -margin), 0.0)
    net, rate = _rates(np.stack([sign, (sign + 1) / 2]), both, options)
    wins, losses = int((sign > 0).sum()), int((sign < 0).sum())
    return WinTieLoss(wins=wins, ties=int(both.sum()) - wins - losses, losses=losses, net=net, win_rate=rate)


def win_rates(scores: ArrayLike, *, margin: float = 0.0, **options: Unpack[Options]) -> list[Estimate]:
    """Each model's win rate against the field: over tasks and opponents, a tie counting half.

    Args:
        scores: Models × tasks, None or NaN where missing.
        margin: Differences up to it are ties.
        **options: See `Options`.

    Returns:
        One share per model; None with `too_few` where it meets no opponent.
    """
    table = read_scores(scores)
    made = []
    for model, row in enumerate(table):
        gap = row - np.delete(table, model, axis=0)
        met = np.isfinite(gap)
        with np.errstate(invalid="ignore"):
            points = np.where(met, ((gap > margin).astype(float) - (gap < -margin) + 1) / 2, 0.0).sum(axis=0)
        opponents = met.sum(axis=0)
        share = points / np.maximum(opponents, 1)
        made.append(_rates(share[None], opponents > 0, options)[0])
    return made


def _rates(values: NDArray[Any], present: NDArray[Any], options: Options) -> list[Estimate]:
    """Means of the rows of `values` over the tasks present, with clustered intervals."""
    check_options(options)
    codes = cluster_codes(options.get("clusters"), len(present), "task")
    n = int(present.sum())
    if n == 0:
        return [Estimate(value=None, n=0, reason="too_few")] * len(values)
    features = np.stack([*(values * present), present], axis=1)
    table = sum_by_cluster(features, codes)
    table = table[table[:, -1] > 0]
    found = spreads(
        table,
        _mean,
        confidence=options.get("confidence", 0.95),
        resamples=options.get("resamples", RESAMPLES),
        seed=options.get("seed", 0),
    )
    means = [finite(v) for v in evaluate(_mean, table.sum(axis=0)[None])[0]]
    return [Estimate(value=v, n=n, se=se, interval=i) for v, (se, i) in zip(means, found, strict=True)]


def _mean(sums: NDArray[Any]) -> NDArray[Any]:
    result: NDArray[Any] = sums[:, :-1] / sums[:, -1:]
    return result
