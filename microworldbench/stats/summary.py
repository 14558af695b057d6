"""All agreement figures of one set of ratings at once, from one table and one matrix of resamples."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .clustering import Options, Spread, estimate_all, within
from .coefficients import (
    Columns,
    Formula,
    Sums,
    add_coincidences,
    add_confusions,
    alpha_nominal,
    brennan_prediger_expected,
    cohen,
    conger_expected,
    corrected,
    fleiss_expected,
    gwet_expected,
    label_features,
    observed,
    paired_expected,
    paired_share,
    prevalence,
    specific,
)
from .estimates import Estimate
from .kappas import Agreement, Labels, Rater, RatingTable, make_agreement
from .ratings import MISSING, Ratings, Weights, read_ratings, read_weights


@dataclass(frozen=True, kw_only=True)
class AgreementSummary:
    """What to publish together: a coefficient alone hides how often labels were used."""

    raters: tuple[Hashable, ...]
    labels: tuple[Any, ...]
    units: int
    """Units that at least two raters rated."""
    clusters: int
    observed: Estimate
    """Raw agreement."""
    prevalence: dict[Any, Estimate]
    """Share of each label."""
    specific: dict[Any, Estimate]
    """Agreement on each label: for True positive, for False negative agreement."""
    cohen: dict[tuple[Hashable, Hashable], Agreement]
    """Kappa of each pair of raters."""
    fleiss: Agreement
    conger: Agreement
    alpha: Agreement
    """Nominal Krippendorff's alpha."""
    ac1: Agreement
    brennan_prediger: Agreement


def summarize(
    ratings: RatingTable,
    *,
    labels: Labels = None,
    raters: Sequence[Hashable] | None = None,
    **options: Unpack[Options],
) -> AgreementSummary:
    """Pairwise kappas, Fleiss, Conger, alpha, AC1, Brennan–Prediger, raw and specific agreement, and prevalence.

    Args:
        ratings: Raters × units, None or NaN where missing.
        labels: All labels, in order; None takes those that occur.
        raters: The raters' names; None numbers them from 0.
        **options: See `Options`.

    Returns:
        Every figure with its error; they share their resamples.

    Raises:
        InputError: The ratings don't fit, or a rater is named twice.
    """
    read = read_ratings(ratings, labels, oriented=options.get("clusters") is not None)
    names = tuple(range(read.raters)) if raters is None else tuple(raters)
    if len(names) != read.raters:
        raise InputError(f"raters must name each of the {read.raters} raters, got {len(names)} names")
    if len(set(names)) < len(names):
        raise InputError(f"every rater may appear once, got {list(names)}")
    pairs = list(combinations(range(read.raters), 2))
    columns = _columns(read, pairs)
    formulas = _formulas(read, len(pairs))
    found = dict(zip(formulas, estimate_all(columns, list(formulas.values()), options), strict=True))
    seen, pairable = found["observed"][0], int(((read.codes != MISSING).sum(axis=0) >= 2).sum())

    def group(name: str) -> Agreement:
        return make_agreement(read, found[name], seen, found[f"{name} expected"][0])

    clusters = options.get("clusters")
    rated = int((read.codes != MISSING).any(axis=0).sum())
    return AgreementSummary(
        raters=names,
        labels=read.labels,
        units=pairable,
        clusters=read.units if clusters is None else len(set(clusters)),
        observed=_share(found["observed"], pairable),
        prevalence={x: _share(found[f"prevalence {k}"], rated) for k, x in enumerate(read.labels)},
        specific={x: _share(found[f"specific {k}"], pairable) for k, x in enumerate(read.labels)},
        cohen={(names[a], names[b]): _pair(read, a, b, i, found) for i, (a, b) in enumerate(pairs)},
        fleiss=group("fleiss"),
        conger=group("conger"),
        alpha=make_agreement(read, found["alpha"], found["alpha observed"][0], found["alpha expected"][0]),
        ac1=group("ac1"),
        brennan_prediger=group("brennan_prediger"),
    )


def _columns(ratings: Ratings, pairs: Sequence[tuple[int, int]]) -> Columns:
    columns = label_features(ratings, np.eye(len(ratings.labels)), marginals=True)
    add_coincidences(columns, ratings)
    add_confusions(columns, ratings, pairs)
    return columns


def _formulas(ratings: Ratings, pairs: int) -> dict[str, Formula]:
    same = np.eye(len(ratings.labels))
    made: dict[str, Formula] = {"observed": observed, "alpha": alpha_nominal}
    made |= {"alpha observed": paired_share, "alpha expected": paired_expected}
    for name, expected in (
        ("fleiss", fleiss_expected),
        ("conger", conger_expected),
        ("ac1", gwet_expected),
        ("brennan_prediger", brennan_prediger_expected),
    ):
        chance = partial(expected, weights=same)
        made[f"{name} expected"] = chance
        made[name] = partial(_corrected_by, chance)
    for i in range(pairs):
        made[f"cohen {i}"] = partial(_cohen, i, same)
        made[f"cohen {i} seen"] = partial(_cohen_part, i, same, 0)
        made[f"cohen {i} expected"] = partial(_cohen_part, i, same, 1)
    for k in range(len(ratings.labels)):
        made[f"prevalence {k}"] = partial(_column, prevalence, k)
        made[f"specific {k}"] = partial(_column, specific, k)
    return made


def _corrected_by(chance: Formula, sums: Sums) -> NDArray[Any]:
    return corrected(observed(sums), chance(sums))


def _cohen(pair: int, weights: NDArray[Any], sums: Sums) -> NDArray[Any]:
    return corrected(*cohen(sums["confusion"][:, pair], weights))


def _cohen_part(pair: int, weights: NDArray[Any], part: int, sums: Sums) -> NDArray[Any]:
    return cohen(sums["confusion"][:, pair], weights)[part]


def _column(formula: Formula, column: int, sums: Sums) -> NDArray[Any]:
    result: NDArray[Any] = formula(sums)[:, column]
    return result


def _pair(ratings: Ratings, a: int, b: int, number: int, found: dict[str, Spread]) -> Agreement:
    two = Ratings(ratings.codes[[a, b]], ratings.labels, ratings.ordered)
    seen, expected = found[f"cohen {number} seen"][0], found[f"cohen {number} expected"][0]
    return make_agreement(two, found[f"cohen {number}"], seen, expected)


def _share(spread: Spread, n: int) -> Estimate:
    value, se, interval = spread
    if value is None:
        return Estimate(value=None, n=n, reason="too_few")
    silent = se is None or se < 1e-9
    return Estimate(value=value, n=n, se=se, interval=None if silent else within(interval, 0.0, 1.0))


def specific_agreement(
    ratings: RatingTable, label: Hashable = True, *, labels: Labels = None, **options: Unpack[Options]
) -> Estimate:
    """Agreement on one label: given that a rater used it, how often another rater of the unit did.

    For verdicts, `label=True` is positive and `label=False` negative agreement (Cicchetti & Feinstein 1990).

    Args:
        ratings: Raters × units, None or NaN where missing.
        label: The label asked about.
        labels: All labels; None takes those that occur.
        **options: See `Options`.

    Returns:
        A share; None with `too_few` where nobody used the label on a unit that another rater rated.
    """
    read, place = _read_with(ratings, label, labels, options)
    columns = Columns()
    add_coincidences(columns, read)
    [spread] = estimate_all(columns, [partial(_column, specific, place)], options)
    return _share(spread, int(((read.codes != MISSING).sum(axis=0) >= 2).sum()))


def label_share(
    ratings: RatingTable, label: Hashable = True, *, labels: Labels = None, **options: Unpack[Options]
) -> Estimate:
    """Prevalence: the share of one label among the ratings, every rated unit counting once.

    Args:
        ratings: Raters × units, None or NaN where missing.
        label: The label asked about.
        labels: All labels; None takes those that occur.
        **options: See `Options`.

    Returns:
        A share; None with `too_few` where no unit is rated.
    """
    read, place = _read_with(ratings, label, labels, options)
    columns = label_features(read, np.eye(len(read.labels)))
    [spread] = estimate_all(columns, [partial(_column, prevalence, place)], options)
    return _share(spread, int((read.codes != MISSING).any(axis=0).sum()))


def _read_with(ratings: RatingTable, label: Hashable, labels: Labels, options: Options) -> tuple[Ratings, int]:
    read = read_ratings(ratings, labels, oriented=options.get("clusters") is not None)
    if label not in read.labels:
        raise InputError(f"no rating is {label!r}; labels are {list(read.labels)}")
    return read, read.labels.index(label)


def kappa_difference(
    a: Rater,
    b: Rater,
    reference: Rater,
    *,
    labels: Labels = None,
    weights: Weights = None,
    **options: Unpack[Options],
) -> Estimate:
    """How much better `a` agrees with the reference than `b` does: the paired difference of two Cohen kappas.

    Args:
        a: One judge's ratings, one per unit, None where missing.
        b: The other judge's.
        reference: What both are compared with, for example an expert's.
        labels: All labels, in order.
        weights: Agreement weights: None, ``linear``, ``quadratic`` or a matrix.
        **options: See `Options`.

    Returns:
        kappa(a, reference) − kappa(b, reference) on the units that all three rated.
    """
    read = read_ratings([a, b, reference], labels, oriented=True)
    complete = (read.codes != MISSING).all(axis=0)
    read = Ratings(np.where(complete, read.codes, MISSING), read.labels, read.ordered)
    matrix = read_weights(weights, read)
    columns = Columns()
    add_confusions(columns, read, [(0, 2), (1, 2)])
    [(value, se, interval)] = estimate_all(columns, [lambda s: _cohen(0, matrix, s) - _cohen(1, matrix, s)], options)
    n = int(complete.sum())
    if value is None:
        return Estimate(value=None, n=n, reason="too_few" if n < 2 else "no_variation")
    return Estimate(value=value, n=n, se=se, interval=within(interval, -2.0, 2.0))
