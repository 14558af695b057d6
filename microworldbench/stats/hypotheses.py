"""Tests of no difference that assume no distribution: sign flips, their maximum over pairs, McNemar."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .intervals import finite_numbers
from .pairs import PairTable
from .resampling import RESAMPLES, cluster_codes, sum_by_cluster

EXACT_CLUSTERS = 15
"""Up to so many clusters all sign patterns are tried (half of them: the other half mirrors)."""
_TIE = 1 - 1e-9  # two sums of the same numbers may differ in their last bits
_CELLS = 1 << 22


@dataclass(frozen=True, kw_only=True)
class FlipTest:
    """Result of a sign-flip test."""

    p: float | None
    """Two-sided; None with `reason` where there is nothing to flip."""
    n: int
    """Clusters whose signs were flipped."""
    exact: bool
    """Whether every pattern was tried; otherwise p is a Monte Carlo estimate that includes the observed pattern."""
    reason: str | None = None


def sign_flip(
    differences: ArrayLike,
    *,
    clusters: Sequence[Hashable] | NDArray[Any] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> FlipTest:
    """Two-sided test that paired differences are symmetric around 0, by flipping their signs (Fisher 1935).

    Args:
        differences: One per task.
        clusters: The cluster of each task; a whole cluster flips at once.
        resamples: Patterns drawn where there are more than 15 clusters.
        seed: Seed of the patterns.

    Returns:
        The p-value; 1.0 where all differences are 0, None with `too_few` for no task.
    """
    numbers = finite_numbers(differences, "differences")
    if not len(numbers):
        return FlipTest(p=None, n=0, exact=False, reason="too_few")
    sums = sum_by_cluster(numbers[:, None], cluster_codes(clusters, len(numbers), "difference"))
    raw, _ = flip_p_values(PairTable(((0, 1),), sums, np.ones_like(sums)), resamples=resamples, seed=seed)
    return FlipTest(p=float(raw[0]), n=len(sums), exact=len(sums) <= EXACT_CLUSTERS)


def flip_p_values(table: PairTable, *, resamples: int = RESAMPLES, seed: int = 0) -> tuple[NDArray[Any], NDArray[Any]]:
    """Sign-flip p-values of P pairs, alone and adjusted for all of them.

    The adjusted value compares each pair with the largest statistic of all pairs under the same flips (Westfall &
    Young 1993, single-step max-T), so correlation between pairs is used rather than feared. The statistic,
    |Σ d| / √Σ d², orders patterns as Student's t does.

    Returns:
        p-values and max-T adjusted p-values, each of length P.
    """
    size = np.sqrt((table.sums**2).sum(axis=0))
    size = np.where(size > 0, size, 1.0)
    seen = np.abs(table.sums.sum(axis=0)) / size * _TIE
    alone, maxima = np.zeros(len(size)), []
    for signs in _patterns(len(table.sums), resamples, seed):
        largest = np.zeros(len(signs))
        times = partial(_flipped, signs)
        by_model = table.by_model(times)
        for part in table.parts(len(signs)):
            flipped = np.abs(table.totals(part, times, by_model)) / size[part, None]
            alone[part] += (flipped >= seen[part, None]).sum(axis=1)
            np.maximum(largest, flipped.max(axis=0), out=largest)
        maxima.append(largest)
    ordered = np.sort(np.concatenate(maxima))
    jointly, tried = (len(ordered) - np.searchsorted(ordered, seen)).astype(np.float64), len(ordered)
    if len(table.sums) > EXACT_CLUSTERS:
        alone, jointly, tried = alone + 1, jointly + 1, tried + 1
    return alone / tried, jointly / tried


def _flipped(signs: NDArray[Any], columns: NDArray[Any]) -> NDArray[Any]:
    result: NDArray[Any] = columns.T @ signs.T
    return result


def _patterns(groups: int, resamples: int, seed: int) -> Iterator[NDArray[Any]]:
    """Blocks of ±1, patterns × groups: every pattern up to its mirror image, or random ones."""
    if groups <= EXACT_CLUSTERS:
        numbers = np.arange(1 << (groups - 1))[:, None]
        yield 1.0 - 2.0 * ((numbers >> np.arange(groups)) & 1)
        return
    state, rows = np.random.RandomState(seed), max(1, _CELLS // groups)
    for start in range(0, resamples, rows):
        count = min(rows, resamples - start)
        bits = np.unpackbits(
            np.frombuffer(state.bytes(count * ((groups + 7) // 8)), dtype=np.uint8).reshape(count, -1), axis=1
        )
        yield 1.0 - 2.0 * bits[:, :groups]


@dataclass(frozen=True, kw_only=True)
class McNemarTest:
    """McNemar's test of two paired proportions."""

    statistic: float | None
    """(b − c)² / (b + c), without continuity correction."""
    p: float | None
    """From the chi-squared distribution with one degree of freedom."""
    p_exact: float | None
    """Two-sided binomial; prefer it below 25 discordant pairs."""
    n: int
    """Discordant pairs."""
    reason: str | None = None


def mcnemar(only_first: int, only_second: int) -> McNemarTest:
    """Did the first or the second succeed more often, on the same units?

    Args:
        only_first: Units where only the first succeeded.
        only_second: Units where only the second did.

    Returns:
        The test; None with `no_variation` where the two never differ.

    Raises:
        InputError: A negative count.
    """
    from scipy.special import bdtr, chdtrc

    if only_first < 0 or only_second < 0:
        raise InputError(f"counts of discordant pairs cannot be negative, got {only_first!r} and {only_second!r}")
    n = only_first + only_second
    if n == 0:
        return McNemarTest(statistic=None, p=None, p_exact=None, n=0, reason="no_variation")
    statistic = (only_first - only_second) ** 2 / n
    exact = min(1.0, 2 * float(bdtr(min(only_first, only_second), n, 0.5)))
    return McNemarTest(statistic=statistic, p=float(chdtrc(1, statistic)), p_exact=exact, n=n)


def correlation_of_ranks(a: ArrayLike, b: ArrayLike) -> float | None:
    """Kendall's tau-b of two sets of scores; None below two items or where one set is all equal."""
    first, second = finite_numbers(a, "a"), finite_numbers(b, "b")
    if len(first) != len(second):
        raise InputError(f"both must score the same items: got {len(first)} and {len(second)}")
    above = np.triu_indices(len(first), 1)
    x = np.sign(np.subtract.outer(first, first))[above]
    y = np.sign(np.subtract.outer(second, second))[above]
    scale = math.sqrt(float((x != 0).sum()) * float((y != 0).sum()))
    return float((x * y).sum()) / scale if scale else None
