"""Krippendorff's alpha at its four levels of measurement, with missing ratings."""

from __future__ import annotations

from functools import partial
from itertools import combinations
from typing import Any, Literal, Unpack

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .clustering import Options, estimate_all
from .coefficients import (
    Columns,
    Formula,
    add_coincidences,
    alpha_interval,
    alpha_nominal,
    alpha_ordinal,
    alpha_ratio,
    paired_expected,
    paired_share,
)
from .kappas import Agreement, Labels, RatingTable, make_agreement
from .ratings import MISSING, MOST_LABELS, Ratings, read_ratings

Level = Literal["nominal", "ordinal", "interval", "ratio"]
_MOST_LABELS = {"nominal": MOST_LABELS, "ordinal": 50, "interval": 1 << 62, "ratio": 500}


def krippendorff_alpha(
    ratings: RatingTable, level: Level = "nominal", *, labels: Labels = None, **options: Unpack[Options]
) -> Agreement:
    """Krippendorff's (2011) alpha: 1 − observed disagreement / disagreement expected by chance.

    Units rated by fewer than two raters are left out altogether.

    Args:
        ratings: Raters × units, None or NaN where missing.
        level: ``nominal`` labels, ``ordinal`` labels, ``interval`` numbers or ``ratio`` amounts (not negative).
        labels: All labels, in order; needed for ordinal labels that are text.
        **options: See `Options`.

    Returns:
        The alpha with its linearised error, cluster-robust with `clusters`; `observed` and `expected` are 1 − share
        of disagreement for nominal labels and None at the other levels, where disagreement has no upper end.

    Raises:
        InputError: An unknown level, or ratings that the level cannot measure.
    """
    if level not in _MOST_LABELS:
        raise InputError(f"level must be one of {', '.join(_MOST_LABELS)}, got {level!r}")
    oriented = options.get("clusters") is not None
    read = read_ratings(ratings, labels, oriented=oriented, most_labels=_MOST_LABELS[level])
    if level == "ordinal" and not read.ordered:
        raise InputError(f"ordinal alpha needs the order of the labels: pass labels={list(read.labels)} in order")
    columns, formula = _features(read, level)
    formulas: list[Formula] = [formula]
    if level == "nominal":
        formulas += [paired_share, paired_expected]
    found = estimate_all(columns, formulas, options)
    seen, expected = (found[1][0], found[2][0]) if level == "nominal" else (None, None)
    return make_agreement(read, found[0], seen, expected)


def _features(ratings: Ratings, level: Level) -> tuple[Columns, Formula]:
    columns = Columns()
    if level in ("nominal", "ordinal"):
        add_coincidences(columns, ratings, full=level == "ordinal")
        return columns, alpha_nominal if level == "nominal" else alpha_ordinal
    amounts = _amounts(ratings, level)
    present = ratings.codes != MISSING
    present = present & (present.sum(axis=0) >= 2)
    values = np.where(present, amounts[ratings.codes] if len(amounts) else 0.0, 0.0)
    if level == "interval":
        _add_interval(columns, values, present)
        return columns, alpha_interval
    gaps = _relative_gaps(amounts[:, None], amounts[None, :])
    columns.add("values", ((ratings.codes == np.arange(len(amounts))[:, None, None]) & present).sum(axis=1).T * 1.0)
    columns.add("apart", _apart(values, present))
    return columns, partial(alpha_ratio, gaps=gaps)


def _amounts(ratings: Ratings, level: Level) -> NDArray[Any]:
    try:
        amounts = np.array([float(label) for label in ratings.labels])
    except (TypeError, ValueError) as error:
        raise InputError(f"{level} alpha needs numbers, got the label {ratings.labels[0]!r}") from error
    if level == "ratio" and (amounts < 0).any():
        raise InputError(f"ratio alpha needs amounts that are not negative, got {amounts.min()}; use level='interval'")
    if level == "interval" and len(amounts):
        # Unit spread keeps the sums of squares well conditioned; alpha does not change.
        amounts = (amounts - amounts.mean()) / (np.ptp(amounts) or 1.0)
    return amounts


def _add_interval(columns: Columns, values: NDArray[Any], present: NDArray[Any]) -> None:
    rated, total, squares = present.sum(axis=0), values.sum(axis=0), (values**2).sum(axis=0)
    columns.add("number", rated.astype(float))
    columns.add("total", total)
    columns.add("squares", squares)
    columns.add("apart", 2 * (rated * squares - total**2) / np.maximum(rated - 1, 1))


def _apart(values: NDArray[Any], present: NDArray[Any]) -> NDArray[Any]:
    """Each unit's squared relative differences over its ordered pairs of ratings, per other rating."""
    apart = np.zeros(values.shape[1])
    for first, second in combinations(range(len(values)), 2):
        both = present[first] & present[second]
        apart += 2 * np.where(both, _relative_gaps(values[first], values[second]), 0.0)
    result: NDArray[Any] = apart / np.maximum(present.sum(axis=0) - 1, 1)
    return result


def _relative_gaps(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    total = a + b
    return np.where(total == 0, 0.0, (a - b) / np.where(total == 0, 1.0, total)) ** 2
