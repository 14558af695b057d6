"""Chance-corrected agreement as formulas on sums over units, so that one table serves them all.

Every coefficient is (observed − expected) / (1 − expected); they differ in what they expect by chance. A unit that
one rater rated counts for how often labels are used, not for agreement; Krippendorff's alpha leaves it out (Gwet
2014, ch. 2 and 5).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .ratings import MISSING, Ratings
from .resampling import sum_by_cluster

Sums = dict[str, NDArray[Any]]
"""Named sums, each of shape (rows, …); see `Columns`."""
Formula = Callable[[Sums], NDArray[Any]]


@dataclass
class Columns:
    """A table units × columns that knows what its columns are.

    Counts are added as truth values, a byte each: a million verdicts stay small until they are summed by cluster.
    """

    names: dict[str, tuple[slice, tuple[int, ...]]] = field(default_factory=dict)
    parts: list[NDArray[Any]] = field(default_factory=list)
    width: int = 0

    def add(self, name: str, values: NDArray[Any]) -> None:
        """Adds a feature of shape (units, …)."""
        flat = values.reshape(len(values), math.prod(values.shape[1:]))
        self.names[name] = (slice(self.width, self.width + flat.shape[1]), values.shape[1:])
        self.parts.append(flat)
        self.width += flat.shape[1]

    def table(self, codes: NDArray[Any] | None = None) -> NDArray[Any]:
        """All features side by side, summed by cluster code where codes are given."""
        parts = self.parts if codes is None else [sum_by_cluster(part, codes) for part in self.parts]
        return np.concatenate(parts, axis=1, dtype=np.float64)

    def read(self, sums: NDArray[Any]) -> Sums:
        """Splits rows of summed columns into the named features."""
        return {name: sums[:, span].reshape(len(sums), *shape) for name, (span, shape) in self.names.items()}


def label_features(ratings: Ratings, weights: NDArray[Any], *, marginals: bool = False) -> Columns:
    """What Fleiss, AC1/AC2, Brennan–Prediger and Conger need.

    ``agree`` is each unit's weighted share of agreeing pairs of raters, ``share`` the labels as shares of its ratings,
    ``marginal`` (raters × labels) who used which label.
    """
    counts = ratings.counts()
    rated = counts.sum(axis=1)
    columns = Columns()
    columns.add("agree", _agreeing(counts, rated, weights))
    columns.add("pairable", rated >= 2)
    columns.add("rated", rated >= 1)
    columns.add("share", counts / np.maximum(rated, 1)[:, None])
    if marginals:
        labels = np.arange(len(ratings.labels))
        columns.add("marginal", ratings.codes.T[:, :, None] == labels)
    return columns


def _agreeing(counts: NDArray[Any], rated: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    pairs = (counts * (counts @ weights.T - 1)).sum(axis=1)
    result: NDArray[Any] = np.where(rated >= 2, pairs / np.maximum(rated * (rated - 1), 1), 0.0)
    return result


def add_coincidences(columns: Columns, ratings: Ratings, *, full: bool = False) -> None:
    """What nominal (``values``, ``same``) or ordinal (``coincidence``) alpha and specific agreement need.

    A unit's coincidences are its ordered pairs of ratings, over its number of ratings less one, so that each pairable
    rating counts once (Krippendorff 2011).
    """
    counts = ratings.counts()
    rated = counts.sum(axis=1)
    counts = counts * (rated >= 2)[:, None]
    others = np.maximum(rated - 1, 1)[:, None]
    columns.add("values", counts)
    columns.add("same", counts * (counts - 1) / others)
    if full:
        pairs = counts[:, :, None] * (counts[:, None, :] - np.eye(counts.shape[1])) / others[:, :, None]
        columns.add("coincidence", pairs)


def add_confusions(columns: Columns, ratings: Ratings, pairs: Sequence[tuple[int, int]] | None = None) -> None:
    """``confusion``: labels × labels counts of every pair of raters, on units both rated."""
    q = len(ratings.labels)
    chosen = combinations(range(ratings.raters), 2) if pairs is None else pairs
    made = []
    for first, second in chosen:
        a, b = ratings.codes[first], ratings.codes[second]
        cell = np.where((a == MISSING) | (b == MISSING), MISSING, a * q + b)
        made.append((cell[:, None] == np.arange(q * q)).reshape(len(cell), q, q))
    columns.add("confusion", np.stack(made, axis=1))


def observed(sums: Sums) -> NDArray[Any]:
    """Weighted share of agreeing pairs, averaged over units that two raters rated."""
    result: NDArray[Any] = sums["agree"] / sums["pairable"]
    return result


def prevalence(sums: Sums) -> NDArray[Any]:
    """How often each label is used: rows × labels, each rated unit counting once."""
    result: NDArray[Any] = sums["share"] / sums["rated"][:, None]
    return result


def fleiss_expected(sums: Sums, weights: NDArray[Any]) -> NDArray[Any]:
    """Fleiss (1971): two ratings drawn from the pooled labels."""
    share = prevalence(sums)
    return _chance(share, weights, share)


def _chance(first: NDArray[Any], weights: NDArray[Any], second: NDArray[Any]) -> NDArray[Any]:
    result: NDArray[Any] = np.einsum("...k,kl,...l->...", first, weights, second)
    return result


def gwet_expected(sums: Sums, weights: NDArray[Any]) -> NDArray[Any]:
    """Gwet (2008): chance agreement happens on hard units only."""
    share, q = prevalence(sums), len(weights)
    result: NDArray[Any] = weights.sum() / (q * (q - 1)) * (share * (1 - share)).sum(axis=1)
    return result


def brennan_prediger_expected(sums: Sums, weights: NDArray[Any]) -> NDArray[Any]:
    """Brennan & Prediger (1981): every label equally likely. Randolph's free-marginal kappa."""
    return np.full(len(sums["rated"]), weights.sum() / weights.size)


def conger_expected(sums: Sums, weights: NDArray[Any]) -> NDArray[Any]:
    """Conger (1980): two different raters, each with the own use of labels."""
    marginal = sums["marginal"]
    share = marginal / marginal.sum(axis=2, keepdims=True)
    raters, total = share.shape[1], share.sum(axis=1)
    # Σ over ordered pairs of different raters = all pairs less each rater with itself.
    pairs, own = _chance(total, weights, total), _chance(share, weights, share).sum(axis=1)
    result: NDArray[Any] = (pairs - own) / (raters * (raters - 1))
    return result


def corrected(agreement: NDArray[Any], expected: NDArray[Any]) -> NDArray[Any]:
    """(observed − expected) / (1 − expected), undefined where chance alone gives full agreement."""
    left = 1 - expected
    result: NDArray[Any] = np.where(np.abs(left.real) < 1e-12, np.nan, (agreement - expected) / left)
    return result


def cohen(confusion: NDArray[Any], weights: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Observed and expected agreement of confusion counts (…, labels, labels) (Cohen 1968)."""
    n = confusion.sum(axis=(-2, -1))
    both = (confusion * weights).sum(axis=(-2, -1)) / n
    first, second = confusion.sum(axis=-1), confusion.sum(axis=-2)
    return both, _chance(first, weights, second) / n**2


def alpha_nominal(sums: Sums) -> NDArray[Any]:
    """Krippendorff's alpha for labels without order."""
    return _alpha(1 - paired_share(sums), 1 - paired_expected(sums))


def paired_share(sums: Sums) -> NDArray[Any]:
    """Raw agreement as alpha counts it: every pairable rating once."""
    result: NDArray[Any] = sums["same"].sum(axis=1) / sums["values"].sum(axis=1)
    return result


def paired_expected(sums: Sums) -> NDArray[Any]:
    """Agreement of two ratings drawn without replacement from all pairable ones."""
    n = sums["values"].sum(axis=1)
    result: NDArray[Any] = ((sums["values"] ** 2).sum(axis=1) - n) / (n * (n - 1))
    return result


def alpha_ordinal(sums: Sums) -> NDArray[Any]:
    """Krippendorff's alpha for ordered labels.

    His distance of two ranks, the ratings between them with half of each end, is the difference of their mid-ranks.
    """
    values = sums["values"]
    n, rank = values.sum(axis=1), values.cumsum(axis=1) - values / 2
    gap = (rank[:, :, None] - rank[:, None, :]) ** 2
    seen = (sums["coincidence"] * gap).sum(axis=(1, 2)) / n
    return _alpha(seen, np.einsum("rk,rkl,rl->r", values, gap, values) / (n * (n - 1)))


def alpha_interval(sums: Sums) -> NDArray[Any]:
    """Krippendorff's alpha for numbers, from the sums of pairable values and of their squares."""
    n, total, squares = sums["number"], sums["total"], sums["squares"]
    return _alpha(sums["apart"] / n, 2 * (n * squares - total**2) / (n * (n - 1)))


def alpha_ratio(sums: Sums, gaps: NDArray[Any]) -> NDArray[Any]:
    """Krippendorff's alpha for non-negative amounts; `gaps` holds the squared relative differences of the values."""
    values = sums["values"]
    n = values.sum(axis=1)
    expected = np.einsum("rk,kl,rl->r", values, gaps, values) / (n * (n - 1))
    return _alpha(sums["apart"] / n, expected)


def _alpha(seen: NDArray[Any], expected: NDArray[Any]) -> NDArray[Any]:
    result: NDArray[Any] = np.where(np.abs(expected.real) < 1e-12, np.nan, 1 - seen / expected)
    return result


def specific(sums: Sums) -> NDArray[Any]:
    """For each label: given that a rater used it, how likely another rater did. Positive and negative agreement."""
    return sums["same"] / sums["values"]
