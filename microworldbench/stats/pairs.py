"""Differences of every pair of models as one table of sums per cluster."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .resampling import cluster_codes, sum_by_cluster


@dataclass(frozen=True)
class PairTable:
    """Sums per cluster of the differences of P pairs.

    `sums` are clusters × P; `sizes`, the tasks behind them, clusters × P, or × 1 where all pairs share their tasks.
    """

    pairs: tuple[tuple[int, int], ...]
    sums: NDArray[Any]
    sizes: NDArray[Any]

    @property
    def tasks(self) -> NDArray[Any]:
        """Common tasks of each pair."""
        return np.broadcast_to(self.sizes.sum(axis=0), (len(self.pairs),))

    @property
    def groups(self) -> NDArray[Any]:
        """Clusters of each pair that hold a common task."""
        return np.broadcast_to((self.sizes > 0).sum(axis=0), (len(self.pairs),))

    @property
    def columns(self) -> NDArray[Any]:
        """What resamples sum: d and d², and beside them d·m, m and m² unless every cluster is one common task."""
        if (self.sizes == 1).all():
            return np.concatenate([self.sums, self.sums**2], axis=1)
        parts = [self.sums, self.sums**2, self.sums * self.sizes, self.sizes, self.sizes**2]
        return np.concatenate(parts, axis=1)

    def mean_and_se(self, totals: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Mean differences and cluster-robust standard errors from rows of summed columns: each rows × P.

        A cluster's part of the variance is (d − m·mean)², so only sums of products are needed.
        """
        count, groups = len(self.pairs), self.groups
        if totals.shape[1] == 2 * count:
            n = len(self.sums)
            mean = totals[:, :count] / n
            left = totals[:, count:] - n * mean**2
            number: NDArray[Any] | float = float(n)
        else:
            cut = self.sizes.shape[1]
            edges = np.cumsum([count, count, count, cut])
            d, dd, dm, m, mm = np.split(totals, edges, axis=1)
            mean, number = d / m, m
            left = dd - 2 * mean * dm + mean**2 * mm
        # Rounding leaves a trace of variance where there is none.
        left = np.where(left > 1e-12 * np.abs(totals[:, count : 2 * count]), left, 0.0)
        return mean, np.sqrt(groups / np.maximum(groups - 1, 1) * left) / number


def read_scores(scores: ArrayLike | Sequence[ArrayLike]) -> NDArray[Any]:
    """`scores` as float64, models × tasks, NaN where missing.

    Raises:
        InputError: It isn't a regular numeric table, or a score is infinite.
    """
    try:
        table = np.asarray(scores, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"scores must be numbers, one row of tasks per model: {error}") from error
    if table.ndim != 2:
        raise InputError(f"scores must be models × tasks, got shape {table.shape}")
    if np.isinf(table).any():
        model, task = (int(i) for i in np.argwhere(np.isinf(table))[0])
        raise InputError(f"scores[{model}][{task}] is infinite; use None where a task is missing")
    return table


def pair_table(scores: NDArray[Any], clusters: Sequence[Hashable] | NDArray[Any] | None) -> PairTable:
    """Builds the table of every pair of models (first less second) on the tasks both have."""
    pairs = tuple(combinations(range(len(scores)), 2))
    codes = cluster_codes(clusters, scores.shape[1], "task")
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    differences = (scores[first] - scores[second]).T
    present = np.isfinite(differences)
    sizes = present.astype(np.float64)
    if present.all():
        sizes = np.ones((scores.shape[1], 1))
    sums = sum_by_cluster(np.where(present, differences, 0.0), codes)
    return PairTable(pairs, sums, sum_by_cluster(sizes, codes))
