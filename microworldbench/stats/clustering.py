"""From a table of unit features to estimates: grouping into clusters, standard errors, intervals."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .coefficients import Columns, Formula, Sums
from .estimates import Interval, finite
from .resampling import RESAMPLES, check_confidence, cluster_codes, evaluate, spreads


class Options(TypedDict, total=False):
    """How error bars are made; the same four keywords everywhere."""

    clusters: Sequence[Hashable] | NDArray[Any] | None
    """The cluster of each unit; without it units count as independent and nothing is resampled."""
    confidence: float
    """Coverage, in (0, 1); 0.95 unless given."""
    resamples: int
    """Bootstrap resamples of clusters; 10,000 unless given."""
    seed: int
    """Seed of the resamples; 0 unless given."""


def check_options(options: Options) -> None:
    """Refuses an unknown keyword, a coverage outside (0, 1) and fewer than one resample.

    Raises:
        TypeError: A keyword that no function takes, as Python itself would.
        InputError: A value out of range.
    """
    unknown = sorted(set(options) - set(Options.__annotations__))
    if unknown:
        raise TypeError(f"unexpected keyword argument {unknown[0]!r}; known: {', '.join(Options.__annotations__)}")
    check_confidence(options.get("confidence", 0.95))
    resamples = options.get("resamples", RESAMPLES)
    if resamples < 1:
        raise InputError(f"resamples must be at least 1, got {resamples!r}")


Spread = tuple[float | None, float | None, Interval | None]
"""A value with its standard error and interval."""


def estimate_all(columns: Columns, formulas: Sequence[Formula], options: Options) -> list[Spread]:
    """Evaluates formulas on one table with one matrix of resamples.

    Args:
        columns: Features of units.
        formulas: Each maps named sums to one value a row.
        options: Clusters, confidence, resamples and seed.

    Returns:
        For each formula its value, standard error and interval; None where undefined.
    """
    check_options(options)
    clusters = options.get("clusters")
    units = len(columns.parts[0])
    codes = cluster_codes(clusters, units)
    if not units:
        return [(None, None, None)] * len(formulas)
    table = columns.table(codes)

    def statistic(sums: NDArray[Any]) -> NDArray[Any]:
        named: Sums = columns.read(sums)
        return np.stack([formula(named) for formula in formulas], axis=1)

    values = [finite(v) for v in evaluate(statistic, table.sum(axis=0)[None])[0]]
    found = spreads(
        table,
        statistic,
        bootstrap=clusters is not None,
        confidence=options.get("confidence", 0.95),
        resamples=options.get("resamples", RESAMPLES),
        seed=options.get("seed", 0),
        small_sample=clusters is not None,
    )
    return [(value, se, interval) for value, (se, interval) in zip(values, found, strict=True)]


def within(interval: Interval | None, low: float, high: float) -> Interval | None:
    """Cuts an interval to the range its statistic can take."""
    return interval and (max(low, interval[0]), min(high, interval[1]))
