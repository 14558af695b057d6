"""Confidence intervals for means and proportions over tasks, the same bytes on every machine."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .estimates import Estimate, Interval
from .resampling import (
    BOOTSTRAP_CLUSTERS,
    MINIMUM_CLUSTERS,
    RESAMPLES,
    check_confidence,
    cluster_codes,
    counts_in_blocks,
    resampling_counts,
    spreads,
    student_interval,
    sum_by_cluster,
)

__all__ = ["MeanEstimate", "clustered_mean", "mean_interval", "resampling_counts", "wilson"]

MINIMUM_TASKS = MINIMUM_CLUSTERS
BOOTSTRAP_TASKS = BOOTSTRAP_CLUSTERS


@dataclass(frozen=True, kw_only=True)
class MeanEstimate(Estimate):
    """A mean over observations grouped in clusters; `n` counts observations."""

    clusters: int
    student: Interval | None = None
    """Student's interval on the clusters, as a check of the published one."""


def mean_interval(
    scores: Sequence[int], *, confidence: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> Interval | None:
    """Two-sided interval for the mean of `scores` over tasks drawn like these.

    Integers make every sum exact, so no summation order or BLAS can change the result.

    Args:
        scores: One integer per task, in any unit; the interval has the same unit.
        confidence: Coverage, in (0, 1).
        resamples: Bootstrap resamples of tasks.
        seed: Seed of `numpy.random.RandomState`, whose stream is frozen across versions.

    Returns:
        None below 5 tasks; the Student t interval below 30; else the percentile bootstrap that resamples tasks
        (Efron & Tibshirani 1993, ch. 13).
    """
    n = len(scores)
    if n < MINIMUM_TASKS:
        return None
    if n < BOOTSTRAP_TASKS:
        return _t_interval(scores, confidence)
    values = np.asarray(scores, dtype=np.int64)
    means = np.concatenate([block @ values for block in counts_in_blocks(n, resamples, seed)]) / n
    tail = 100 * (1 - confidence) / 2
    low, high = np.percentile(means, [tail, 100 - tail])
    return float(low), float(high)


def _t_interval(scores: Sequence[int], confidence: float) -> Interval:
    from scipy.special import stdtrit

    n = len(scores)
    total = sum(scores)
    # n·Σx² − (Σx)² is exact in integers.
    variance = (n * sum(x * x for x in scores) - total * total) / (n * (n - 1))
    half = float(stdtrit(n - 1, 1 - (1 - confidence) / 2)) * math.sqrt(variance / n)
    return total / n - half, total / n + half


def clustered_mean(
    values: ArrayLike,
    *,
    clusters: Sequence[Hashable] | NDArray[Any] | None = None,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> MeanEstimate:
    """Mean of observations that hang together in clusters (a source clip, a prompt family).

    The mean is the ratio Σ values / Σ observations; clusters may differ in size, and clusters are what is resampled.

    Args:
        values: One number per observation.
        clusters: The cluster of each observation; None makes each its own.
        confidence: Coverage, in (0, 1).
        resamples: Bootstrap resamples of clusters.
        seed: Seed of the resamples.

    Returns:
        The mean with its cluster-robust standard error; the interval is None below 5 clusters, Student's below 30,
        else the percentile bootstrap. `student` is Student's wherever there are 5 clusters.

    Raises:
        InputError: A value is missing or infinite, or the clusters don't fit.
    """
    check_confidence(confidence)
    numbers = finite_numbers(values, "values")
    codes = cluster_codes(clusters, len(numbers), "value")
    if not len(numbers):
        return MeanEstimate(value=None, n=0, reason="too_few", clusters=0)
    table = sum_by_cluster(np.stack([numbers, np.ones(len(numbers))], axis=1), codes)
    [(se, interval)] = spreads(
        table, lambda z: z[:, :1] / z[:, 1:], confidence=confidence, resamples=resamples, seed=seed
    )
    value, groups = float(numbers.mean()), len(table)
    has_student = se is not None and groups >= MINIMUM_CLUSTERS
    student = student_interval(value, se, groups - 1, confidence) if has_student and se is not None else None
    return MeanEstimate(value=value, n=len(numbers), se=se, interval=interval, clusters=groups, student=student)


def wilson(successes: int, n: int, *, confidence: float = 0.95) -> Estimate:
    """A proportion with Wilson's (1927) score interval, which keeps its coverage near 0 and 1.

    Args:
        successes: How many of the trials succeeded.
        n: Independent trials.
        confidence: Coverage, in (0, 1).

    Returns:
        The proportion; None with `too_few` for no trials.

    Raises:
        InputError: `successes` is not within 0…n.
    """
    from scipy.special import ndtri

    check_confidence(confidence)
    if n < 0 or not 0 <= successes <= n:
        raise InputError(f"successes must be within 0…n, got {successes!r} of {n!r}")
    if n == 0:
        return Estimate(value=None, n=0, reason="too_few")
    share, z = successes / n, float(ndtri(1 - (1 - confidence) / 2))
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    # At 0 and n the bound is exactly 0 or 1; rounding must not move it outside.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return Estimate(value=share, n=n, se=math.sqrt(share * (1 - share) / n), interval=(low, high))


def wilson_of_clusters(share: float, clusters: int, n: int, *, confidence: float = 0.95) -> Estimate:
    """A share of 0 or 1 of units in clusters, which resampling cannot move: Wilson's bounds, each cluster one trial.

    Units of a cluster may all be one and the same event, so counting each as a trial would promise too much.

    Args:
        share: 0 or 1.
        clusters: Clusters that hold any of the units.
        n: Units.
        confidence: Coverage, in (0, 1).

    Returns:
        The share with `n` units and the interval of as many trials as there are clusters.
    """
    bounds = wilson(round(share * clusters), clusters, confidence=confidence).interval
    return Estimate(value=share, n=n, se=0.0, interval=bounds)


def finite_numbers(values: ArrayLike, name: str, *, dimensions: int = 1) -> NDArray[Any]:
    """`values` as float64 of the given number of dimensions.

    Raises:
        InputError: It isn't numeric, is ragged, has other dimensions, or holds a missing or infinite value.
    """
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be numbers in a regular array of {dimensions} dimension(s): {error}") from error
    if numbers.ndim != dimensions:
        raise InputError(f"{name} must have {dimensions} dimension(s), got shape {numbers.shape}")
    bad = np.argwhere(~np.isfinite(numbers))
    if len(bad):
        place = ", ".join(str(int(i)) for i in bad[0])
        raise InputError(f"{name}[{place}] is {numbers[tuple(bad[0])]}; leave out or fill in what is missing")
    return numbers
