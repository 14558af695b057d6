"""Cohen's, Fleiss' and Conger's kappa, Gwet's AC1/AC2 and Brennan–Prediger, with their errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .clustering import Options, Spread, check_options, estimate_all, within
from .coefficients import (
    Columns,
    Formula,
    add_confusions,
    brennan_prediger_expected,
    cohen,
    conger_expected,
    corrected,
    fleiss_expected,
    gwet_expected,
    label_features,
    observed,
)
from .estimates import Estimate, Reason
from .ratings import MISSING, Ratings, Weights, read_ratings, read_weights

Rater = Sequence[Any] | NDArray[Any]
"""One rater's ratings, one per unit, None or NaN where missing."""
RatingTable = Sequence[Rater] | NDArray[Any]
"""Raters × units, None or NaN where missing."""
Labels = Sequence[Hashable] | None


@dataclass(frozen=True, kw_only=True)
class Agreement(Estimate):
    """A chance-corrected coefficient in −1…1; `n` counts the units that at least two raters rated."""

    observed: float | None = None
    """Raw (weighted) agreement, shown even where the coefficient is undefined."""
    expected: float | None = None
    """Agreement expected by chance, as this coefficient sees it."""
    se_null: float | None = None
    """Standard error if raters were independent, for a test against chance (Cohen's kappa only)."""
    labels: tuple[Any, ...] = ()
    """The labels counted, in order."""


def make_agreement(
    ratings: Ratings, coefficient: Spread, seen: float | None, expected: float | None, n: int | None = None
) -> Agreement:
    """Puts a coefficient together, and says why where there is none."""
    pairable = int(((ratings.codes != MISSING).sum(axis=0) >= 2).sum()) if n is None else n
    value, se, interval = coefficient
    reason: Reason | None = None
    if pairable < 2:
        reason = "too_few"
    elif ratings.used() < 2 or value is None:
        reason = "no_variation"
    # Without a single disagreement the error is 0 by construction and says nothing.
    silent = se is None or se < 1e-9
    return Agreement(
        value=None if reason else value,
        n=pairable,
        reason=reason,
        se=None if reason else se,
        interval=None if reason or silent else within(interval, -1.0, 1.0),
        observed=seen,
        expected=None if reason == "too_few" else expected,
        labels=ratings.labels,
    )


def cohen_kappa(
    a: Rater,
    b: Rater,
    *,
    labels: Labels = None,
    weights: Weights = None,
    **options: Unpack[Options],
) -> Agreement:
    """Cohen's kappa of two raters, on the units both rated.

    Args:
        a: One rating per unit, None or NaN where missing.
        b: The other rater's, in the same order of units.
        labels: All labels, in order. Needed for linear and quadratic weights of text labels; an unused level counts.
        weights: Agreement weights: None, ``linear``, ``quadratic`` or a labels × labels matrix (Cohen 1968).
        **options: See `Options`. With `clusters` the error is cluster-robust and clusters are resampled.

    Returns:
        The kappa; without clusters `se` and `se_null` are those of Fleiss, Cohen & Everitt (1969) and the interval
        is the normal one.

    Raises:
        InputError: The raters differ in length, a label is unknown, or the weights don't fit.
    """
    check_options(options)
    pair = []
    for name, rater in (("a", a), ("b", b)):
        if isinstance(rater, (str, bytes)) or not hasattr(rater, "__len__"):
            raise InputError(f"{name} must hold one rating per unit, got {rater!r}")
        pair.append(rater)
    if len(a) != len(b):
        raise InputError(f"two raters must rate the same units: got {len(a)} and {len(b)} ratings")
    ratings = read_ratings(pair, labels, oriented=True)
    matrix = read_weights(weights, ratings)
    columns = Columns()
    add_confusions(columns, ratings)
    counts = columns.read(columns.table().sum(axis=0)[None])["confusion"][0, 0]
    if options.get("clusters") is None and counts.sum():
        return _analytic_cohen(ratings, counts, matrix, options.get("confidence", 0.95))
    formulas: list[Formula] = [
        lambda s: corrected(*cohen(s["confusion"][:, 0], matrix)),
        lambda s: cohen(s["confusion"][:, 0], matrix)[0],
        lambda s: cohen(s["confusion"][:, 0], matrix)[1],
    ]
    kappa, seen, expected = estimate_all(columns, formulas, options)
    return make_agreement(ratings, kappa, seen[0], expected[0])


def _analytic_cohen(ratings: Ratings, counts: NDArray[Any], weights: NDArray[Any], confidence: float) -> Agreement:
    from scipy.special import ndtri

    n = int(counts.sum())
    seen, expected = (float(x) for x in cohen(counts, weights))
    if 1 - expected < 1e-12:
        return make_agreement(ratings, (None, None, None), seen, expected)
    p = counts / n
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    kappa = (seen - expected) / (1 - expected)
    mean = (weights @ columns)[:, None] + (rows @ weights)[None, :]
    spread = float((p * (weights - mean * (1 - kappa)) ** 2).sum()) - (kappa - expected * (1 - kappa)) ** 2
    spread_null = float((np.outer(rows, columns) * (weights - mean) ** 2).sum()) - expected**2
    se, se_null = (math.sqrt(max(0.0, x) / n) / (1 - expected) for x in (spread, spread_null))
    half = float(ndtri(1 - (1 - confidence) / 2)) * se
    made = make_agreement(ratings, (kappa, se, (kappa - half, kappa + half)), seen, expected)
    return replace(made, se_null=None if made.reason else se_null)


Expected = Callable[..., NDArray[Any]]


def _chance_corrected(
    ratings: RatingTable, expected: Expected, labels: Labels, weights: Weights, options: Options
) -> Agreement:
    read = read_ratings(ratings, labels, oriented=options.get("clusters") is not None)
    matrix = read_weights(weights, read)
    columns = label_features(read, matrix, marginals=expected is conger_expected)
    chance: Formula = partial(expected, weights=matrix)
    formulas: list[Formula] = [lambda s: corrected(observed(s), chance(s)), observed, chance]
    coefficient, seen, by_chance = estimate_all(columns, formulas, options)
    return make_agreement(read, coefficient, seen[0], by_chance[0])


def fleiss_kappa(
    ratings: RatingTable, *, labels: Labels = None, weights: Weights = None, **options: Unpack[Options]
) -> Agreement:
    """Fleiss' (1971) kappa of any number of interchangeable raters; for two raters Scott's pi.

    Args:
        ratings: Raters × units, None or NaN where missing.
        labels: All labels, in order; None takes those that occur.
        weights: Agreement weights: None, ``linear``, ``quadratic`` or a matrix.
        **options: See `Options`.

    Returns:
        The kappa with its linearised error (Gwet 2014), cluster-robust with `clusters`.
    """
    return _chance_corrected(ratings, fleiss_expected, labels, weights, options)


def conger_kappa(
    ratings: RatingTable, *, labels: Labels = None, weights: Weights = None, **options: Unpack[Options]
) -> Agreement:
    """Conger's (1980) kappa: like Fleiss', but every rater has the own use of labels. For two raters Cohen's.

    Args:
        ratings: Raters × units, None or NaN where missing.
        labels: All labels, in order; None takes those that occur.
        weights: Agreement weights: None, ``linear``, ``quadratic`` or a matrix.
        **options: See `Options`.

    Returns:
        The kappa with its linearised error, cluster-robust with `clusters`.
    """
    return _chance_corrected(ratings, conger_expected, labels, weights, options)


def gwet_ac1(
    ratings: RatingTable, *, labels: Labels = None, weights: Weights = None, **options: Unpack[Options]
) -> Agreement:
    """Gwet's (2008) AC1, which stays near raw agreement where one label dominates; with `weights` his AC2.

    Args:
        ratings: Raters × units, None or NaN where missing.
        labels: All labels that could have been given, in order; their number matters, so name unused ones too.
        weights: Agreement weights: None, ``linear``, ``quadratic`` or a matrix.
        **options: See `Options`.

    Returns:
        The coefficient with its linearised error, cluster-robust with `clusters`.
    """
    return _chance_corrected(ratings, gwet_expected, labels, weights, options)


def brennan_prediger(
    ratings: RatingTable, *, labels: Labels = None, weights: Weights = None, **options: Unpack[Options]
) -> Agreement:
    """Brennan & Prediger's (1981) coefficient, also Randolph's free-marginal kappa: chance is one over the labels.

    Args:
        ratings: Raters × units, None or NaN where missing.
        labels: All labels that could have been given, in order; their number matters, so name unused ones too.
        weights: Agreement weights: None, ``linear``, ``quadratic`` or a matrix.
        **options: See `Options`.

    Returns:
        The coefficient with its linearised error, cluster-robust with `clusters`.
    """
    return _chance_corrected(ratings, brennan_prediger_expected, labels, weights, options)
