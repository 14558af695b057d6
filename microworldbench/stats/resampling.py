"""One matrix of resampling weights times one table of sums per task: every clustered error bar comes from here.

A statistic is a function of *sums over tasks* (confusion counts, weighted scores, wins). So it is computed once as a
table, clusters × columns, and each resample is a row of multiplicities times that table. All statistics of one call
see the same resamples, so that differences between them are paired.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .estimates import Interval, finite

RESAMPLES = 10_000
MINIMUM_CLUSTERS = 5
"""Below this there is no interval."""
BOOTSTRAP_CLUSTERS = 30
"""From here on the interval is a percentile bootstrap; below it, Student's."""
MOST_UNDEFINED = 0.05
"""Share of resamples that may lack a value before the interval is withheld."""

_CELLS = 1 << 20  # of float64 held at once: 8 MiB
_CACHED_CELLS = 1 << 23

Statistic = Callable[[NDArray[Any]], NDArray[Any]]
"""Sums (rows × columns) to values (rows × statistics); NaN where undefined. Must accept complex sums."""


@lru_cache(maxsize=4)
def resampling_counts(n: int, resamples: int = RESAMPLES, seed: int = 0) -> NDArray[Any]:
    """How often each of `n` tasks is drawn in each resample: integers, resamples × n, rows summing to n.

    One matrix serves every statistic over the same tasks, which makes their differences paired.
    """
    state, counts = np.random.RandomState(seed), np.empty((resamples, n), np.min_scalar_type(-n - 1))
    for rows in _blocks(resamples, n):
        counts[rows] = _draw(state, n, rows.stop - rows.start)
    counts.setflags(write=False)
    return counts


def _draw(state: np.random.RandomState, n: int, rows: int) -> NDArray[Any]:
    draws = state.randint(0, n, size=(rows, n))
    draws += np.arange(rows)[:, None] * n
    return np.bincount(draws.ravel(), minlength=rows * n).reshape(rows, n)


def _blocks(rows: int, width: int) -> Iterator[slice]:
    """Slices of `rows` rows, each of as many as may be held at once when one is `width` float64 wide."""
    step = max(1, _CELLS // max(width, 1))
    yield from (slice(start, min(start + step, rows)) for start in range(0, rows, step))


def counts_in_blocks(n: int, resamples: int = RESAMPLES, seed: int = 0, *, width: int = 1) -> Iterator[NDArray[Any]]:
    """The rows of `resampling_counts(n, resamples, seed)`, some at a time.

    Args:
        n: Clusters.
        resamples: Rows in all.
        seed: Seed of `numpy.random.RandomState`, whose stream is frozen across versions.
        width: Columns the caller makes of each row; blocks shrink with it, so that memory stays bounded.

    Yields:
        Blocks whose concatenation is `resampling_counts(n, resamples, seed)`, however many rows each has.
    """
    blocks = _blocks(resamples, max(width, n))
    if n * resamples <= _CACHED_CELLS:
        counts = resampling_counts(n, resamples, seed)
        yield from (counts[rows] for rows in blocks)
        return
    state = np.random.RandomState(seed)
    yield from (_draw(state, n, rows.stop - rows.start) for rows in blocks)


def cluster_codes(clusters: Sequence[Hashable] | NDArray[Any] | None, n: int, what: str = "unit") -> NDArray[Any]:
    """Numbers 0…G−1 for the clusters of `n` observations, in the order of their sorted names.

    Sorted, so that the order in which tasks arrive changes nothing, not even the resamples.

    Args:
        clusters: One hashable name per observation; None makes every observation its own cluster.
        n: Observations.
        what: What an observation is called in the message.

    Raises:
        InputError: There are more or fewer names than observations, or a name is missing.
    """
    if clusters is None:
        return np.arange(n)
    names = list(clusters.tolist() if isinstance(clusters, np.ndarray) else clusters)
    if len(names) != n:
        raise InputError(f"clusters must name one cluster per {what}: got {len(names)} for {n} {what}s")
    missing = [i for i, name in enumerate(names) if name is None or name != name]  # NaN differs from itself
    if missing:
        raise InputError(f"clusters[{missing[0]}] is {names[missing[0]]!r}; name the cluster of every {what}")
    number = {name: i for i, name in enumerate(sorted(set(names), key=_order))}
    return np.array([number[name] for name in names], dtype=np.int64)


def _order(name: Hashable) -> tuple[int, Any]:
    if isinstance(name, (int, float)):
        return 0, name
    return (1, name) if isinstance(name, str) else (2, repr(name))


def sum_by_cluster(features: NDArray[Any], codes: NDArray[Any]) -> NDArray[Any]:
    """Sums the rows of `features` (observations × columns) that share a cluster code: clusters × columns."""
    count = int(codes.max()) + 1 if codes.size else 0
    if count == len(codes) and (codes == np.arange(count)).all():
        return features
    columns = [np.bincount(codes, weights=column, minlength=count) for column in features.T]
    return np.stack(columns, axis=1) if columns else np.zeros((count, 0))


def evaluate(statistic: Statistic, sums: NDArray[Any]) -> NDArray[Any]:
    """Calls `statistic` on sums of shape rows × columns; 0/0 becomes NaN in silence."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return statistic(sums)


def resample(table: NDArray[Any], statistic: Statistic, resamples: int = RESAMPLES, seed: int = 0) -> NDArray[Any]:
    """Values of `statistic` in each resample of the table's rows: resamples × statistics, NaN where undefined."""
    blocks = counts_in_blocks(len(table), resamples, seed, width=table.shape[1])
    return np.concatenate([evaluate(statistic, block.astype(np.float64) @ table) for block in blocks])


def linear_se(table: NDArray[Any], statistic: Statistic, *, small_sample: bool = True) -> NDArray[Any]:
    """Standard errors by linearisation (delta method), clusters being the rows: one per statistic.

    How the value answers to a little more weight on one cluster is its derivative along that cluster's row, taken
    by a complex step, which is exact to the last bits. With one unit a row this gives the variances of Fleiss, Cohen
    & Everitt (1969) and Gwet (2014); with several, the usual cluster-robust ones. `small_sample` multiplies the
    variance by G/(G−1).
    """
    total, groups = table.sum(axis=0), len(table)
    table, times = _distinct_rows(table)
    step, rows = 1e-30, max(1, _CELLS // (2 * max(1, table.shape[1])))
    parts = []
    for start in range(0, len(table), rows):
        sums = total + 1j * step * table[start : start + rows]
        parts.append(evaluate(statistic, sums).imag / step)
    influence = np.concatenate(parts)
    influence = influence - (times @ influence) / groups
    factor = groups / (groups - 1) if small_sample else 1.0
    result: NDArray[Any] = np.sqrt(factor * (times @ influence**2))
    return result


def _distinct_rows(table: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Different rows and how often each occurs; a million verdicts make a few dozen. Small tables stay as they are."""
    once = table, np.ones(len(table))
    if len(table) < 10_000:
        return once
    key = table @ np.sqrt(np.arange(2, 2 + table.shape[1]))
    _, first, inverse, counts = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    if len(first) > len(table) // 2 or any((column[first][inverse] != column).any() for column in table.T):
        return once
    return table[first], counts.astype(np.float64)


def percentile_interval(values: NDArray[Any], confidence: float) -> Interval | None:
    """The middle `confidence` of resampled values; None if more than 5 % of them are undefined."""
    defined = values[np.isfinite(values)]
    if len(defined) < (1 - MOST_UNDEFINED) * len(values):
        return None
    tail = 100 * (1 - confidence) / 2
    low, high = np.percentile(defined, [tail, 100 - tail])
    return float(low), float(high)


def student_interval(value: float, se: float, df: int, confidence: float) -> Interval:
    """`value` ± the Student quantile with `df` degrees of freedom times `se`."""
    from scipy.special import stdtrit

    half = float(stdtrit(df, 1 - (1 - confidence) / 2)) * se
    return value - half, value + half


def spreads(
    table: NDArray[Any],
    statistic: Statistic,
    *,
    bootstrap: bool = True,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
    small_sample: bool = True,
) -> list[tuple[float | None, Interval | None]]:
    """Standard error and interval of each statistic of a table whose rows are independent clusters.

    The error is linearised. The interval is None below 5 clusters, Student's with G−1 degrees of freedom below 30 or
    without `bootstrap`, else the percentile bootstrap of clusters. Both are None where the value is undefined.
    """
    groups = len(table)
    values = [finite(v) for v in evaluate(statistic, table.sum(axis=0)[None])[0]]
    if groups < 2:
        return [(None, None)] * len(values)
    errors = [finite(e) for e in linear_se(table, statistic, small_sample=small_sample)]
    drawn = resample(table, statistic, resamples, seed) if bootstrap and groups >= BOOTSTRAP_CLUSTERS else None
    result: list[tuple[float | None, Interval | None]] = []
    for i, (value, se) in enumerate(zip(values, errors, strict=True)):
        if value is None or se is None:
            result.append((None, None))
        elif groups < MINIMUM_CLUSTERS:
            result.append((se, None))
        elif drawn is None:
            result.append((se, student_interval(value, se, groups - 1, confidence)))
        else:
            result.append((se, percentile_interval(drawn[:, i], confidence)))
    return result


def check_confidence(confidence: float) -> None:
    """Refuses a coverage outside (0, 1), for example 95."""
    if not 0 < confidence < 1:
        raise InputError(f"confidence must be in (0, 1), got {confidence!r}; 0.95 means 95 %")
