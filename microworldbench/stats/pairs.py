"""Differences of every pair of models as one table of sums per cluster."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .resampling import cluster_codes, sum_by_cluster

CELLS = 1 << 21  # of float64 that the products of a part hold: 16 MiB

Times = Callable[[NDArray[Any]], NDArray[Any]]
"""Columns of sums, clusters × columns, to their weighted totals: columns × rows, one row a set of weights."""


@dataclass(frozen=True)
class PairTable:
    """Sums per cluster of the differences of P pairs.

    `sums` are clusters × P; `sizes`, the tasks behind them, clusters × P, or × 1 where all pairs share their tasks.
    """

    pairs: tuple[tuple[int, int], ...]
    sums: NDArray[Any]
    sizes: NDArray[Any]
    models: NDArray[Any] | None = None
    """Sums per cluster of each model, clusters × models, where all pairs share their tasks."""

    @property
    def tasks(self) -> NDArray[Any]:
        """Common tasks of each pair."""
        return np.broadcast_to(self.sizes.sum(axis=0), (len(self.pairs),))

    @property
    def groups(self) -> NDArray[Any]:
        """Clusters of each pair that hold a common task."""
        return np.broadcast_to((self.sizes > 0).sum(axis=0), (len(self.pairs),))

    def parts(self, rows: int) -> list[slice]:
        """The pairs some at a time, so that `rows` weightings of a part fit into memory."""
        step, count = max(1, CELLS // max(1, rows)), len(self.pairs)
        return [slice(start, min(start + step, count)) for start in range(0, count, step)]

    def by_model(self, times: Times) -> NDArray[Any] | None:
        """Weighted totals of every model, models × rows; None where pairs have tasks of their own."""
        return None if self.models is None else times(self.models)

    def totals(self, part: slice, times: Times, by_model: NDArray[Any] | None) -> NDArray[Any]:
        """Weighted totals of the pairs of `part`: a difference is linear, so those of the models are enough."""
        if by_model is None:
            return times(self.sums[:, part])
        first, second = np.array(self.pairs[part]).T
        result: NDArray[Any] = by_model[first] - by_model[second]
        return result

    def mean_and_se(
        self, part: slice, times: Times, by_model: NDArray[Any] | None
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Mean differences and cluster-robust standard errors of the pairs of `part`: pairs × rows each.

        A cluster's part of the variance is (d − m·mean)², so only sums of products are needed.
        """
        d, groups = self.sums[:, part], self.groups[part, None]
        squares, totals = times(d**2), self.totals(part, times, by_model)
        if (self.sizes == 1).all():
            number: NDArray[Any] | float = float(len(d))
            mean = totals / number
            left = squares - number * mean**2
        else:
            m = self.sizes if self.sizes.shape[1] == 1 else self.sizes[:, part]
            number = times(m)
            mean = totals / number
            left = squares - 2 * mean * times(d * m) + mean**2 * times(m**2)
        # Rounding leaves a trace of variance where there is none.
        left = np.where(left > 1e-12 * squares, left, 0.0)
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
    if np.isfinite(scores).all():
        models = sum_by_cluster(scores.T, codes)
        first, second = [a for a, _ in pairs], [b for _, b in pairs]
        sizes = sum_by_cluster(np.ones((scores.shape[1], 1)), codes)
        return PairTable(pairs, models[:, first] - models[:, second], sizes, models)
    differences = np.array([scores[a] - scores[b] for a, b in pairs]).reshape(len(pairs), -1).T
    present = np.isfinite(differences)
    sums = sum_by_cluster(np.where(present, differences, 0.0), codes)
    return PairTable(pairs, sums, sum_by_cluster(present.astype(np.float64), codes))
