"""Ratings of units by raters as numbers: which label each rater gave each unit, checked before anything is counted."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError

Weights = Literal["linear", "quadratic"] | ArrayLike | None
"""Agreement weights: None counts only equal labels; ``linear`` and ``quadratic`` give credit by distance in the order
of the labels; or a labels × labels matrix with ones on its diagonal."""

MISSING = -1
MOST_LABELS = 100


@dataclass(frozen=True)
class Ratings:
    """Codes of labels, raters × units, `MISSING` where a rater gave none."""

    codes: NDArray[Any]
    labels: tuple[Any, ...]
    ordered: bool
    """Whether the order of the labels is known: they were given, or are numbers."""

    @property
    def raters(self) -> int:
        """Number of raters."""
        return int(self.codes.shape[0])

    @property
    def units(self) -> int:
        """Number of units, rated or not."""
        return int(self.codes.shape[1])

    def counts(self) -> NDArray[Any]:
        """How many raters gave each unit each label: units × labels, float64."""
        made = np.zeros((self.units, len(self.labels)))
        for k in range(len(self.labels)):
            made[:, k] = (self.codes == k).sum(axis=0)
        return made

    def used(self) -> int:
        """How many different labels occur in units that at least two raters rated."""
        pairable = (self.codes != MISSING).sum(axis=0) >= 2
        return len(np.unique(self.codes[:, pairable][self.codes[:, pairable] != MISSING]))


def read_ratings(
    ratings: Sequence[Sequence[Any] | NDArray[Any]] | NDArray[Any],
    labels: Sequence[Hashable] | None = None,
    *,
    oriented: bool = False,
    most_labels: int = MOST_LABELS,
) -> Ratings:
    """Reads raters × units into codes.

    Args:
        ratings: One row per rater, one column per unit; None or NaN where there is no rating.
        labels: All labels, in order; None takes those that occur (for True and False, always both).
        oriented: Whether the caller knows the array isn't transposed.
        most_labels: More distinct labels than this are refused: they are measurements, not labels.

    Raises:
        InputError: Ragged rows, fewer than two raters, an array that looks transposed, an unknown or repeated label.
    """
    rows = _rows(ratings)
    if len(rows) < 2:
        raise InputError(f"agreement needs at least two raters, got {len(rows)}: ratings are raters × units")
    units = len(rows[0])
    if not oriented and len(rows) > 50 and 0 < units < len(rows) / 10:
        raise InputError(
            f"ratings are raters × units, got {len(rows)} raters for {units} units, which looks transposed: "
            "pass ratings.T, or clusters= with one name per unit if it is right"
        )
    flat = np.concatenate(rows) if units else np.zeros(0)
    distinct, codes = _numeric_codes(flat) if flat.dtype != object else _object_codes(flat)
    known, codes, ordered = _relabel(distinct, codes, labels, units)
    if len(known) > most_labels:
        raise InputError(
            f"{len(known)} different labels are more than {most_labels}: group them, or use level='interval'"
        )
    return Ratings(codes.reshape(len(rows), units), known, ordered)


def _rows(ratings: Sequence[Sequence[Any] | NDArray[Any]] | NDArray[Any]) -> list[NDArray[Any]]:
    if isinstance(ratings, np.ndarray) and ratings.ndim != 2:
        raise InputError(f"ratings must be raters × units, got an array of shape {ratings.shape}")
    made = []
    for number, row in enumerate(ratings, start=1):
        if isinstance(row, (str, bytes)) or not hasattr(row, "__len__"):
            raise InputError(f"rater {number}: expected one rating per unit, got {row!r}: ratings are raters × units")
        if isinstance(row, np.ndarray) and row.dtype.kind in "biuf":
            made.append(row)
        else:
            column = np.empty(len(row), dtype=object)
            column[:] = row.tolist() if isinstance(row, np.ndarray) else list(row)
            made.append(column)
    lengths = {len(row) for row in made}
    if len(lengths) > 1:
        raise InputError(
            f"every rater must have one entry per unit (None where missing), got rows of {sorted(lengths)} entries"
        )
    return made


def _numeric_codes(flat: NDArray[Any]) -> tuple[list[Any], NDArray[Any]]:
    if flat.dtype.kind == "b":
        return [False, True], flat.astype(np.int64)
    if flat.dtype.kind == "f":
        present = ~np.isnan(flat)
        if np.isinf(flat).any():
            raise InputError("a rating is infinite; use None where a rating is missing")
    else:
        present = np.ones(len(flat), dtype=bool)
    distinct, found = np.unique(flat[present], return_inverse=True)
    codes = np.full(len(flat), MISSING, dtype=np.int64)
    codes[present] = found
    return distinct.tolist(), codes


def _object_codes(flat: NDArray[Any]) -> tuple[list[Any], NDArray[Any]]:
    number: dict[Any, int] = {}
    codes = np.full(len(flat), MISSING, dtype=np.int64)
    for i, value in enumerate(flat.tolist()):
        if value is None or (isinstance(value, float) and math.isnan(value)):
            continue
        try:
            codes[i] = number.setdefault(value, len(number))
        except TypeError as error:
            raise InputError(f"a rating must be one label, got {value!r}") from error
    distinct = list(number)
    if distinct and all(isinstance(x, (bool, np.bool_)) for x in distinct):
        distinct += [x for x in (False, True) if x not in number]
    return distinct, codes


def _relabel(
    distinct: list[Any], codes: NDArray[Any], labels: Sequence[Hashable] | None, units: int
) -> tuple[tuple[Any, ...], NDArray[Any], bool]:
    """Codes in the order of `labels`, or of the sorted labels that occur."""
    numeric = all(isinstance(x, (bool, int, float, np.number, np.bool_)) for x in distinct)
    if labels is None:
        known = tuple(sorted(distinct) if numeric else sorted(distinct, key=lambda x: (str(type(x)), repr(x))))
    else:
        known = tuple(labels.tolist() if isinstance(labels, np.ndarray) else labels)
        if len(set(known)) < len(known):
            raise InputError(f"labels must differ from each other, got {list(known)}")
    place = {label: k for k, label in enumerate(known)}
    used = np.unique(codes)
    for code in used[used != MISSING]:
        if distinct[code] not in place:
            at = int(np.flatnonzero(codes == code)[0])
            where = f"rater {at // units + 1}, unit {at % units + 1}"
            raise InputError(f"unknown label {distinct[code]!r} ({where}); labels are {list(known)}")
    # The last entry answers for MISSING, which is index −1.
    order = np.array([place.get(x, MISSING) for x in distinct] + [MISSING], dtype=np.int64)
    return known, order[codes], numeric or labels is not None


def read_weights(weights: Weights, ratings: Ratings) -> NDArray[Any]:
    """Agreement weights as a labels × labels matrix with ones on its diagonal.

    Raises:
        InputError: The labels have no known order, the matrix has another shape, or it looks like disagreements.
    """
    q = len(ratings.labels)
    if weights is None:
        return np.eye(q)
    if not isinstance(weights, str):
        return _own_weights(weights, q)
    if weights not in ("linear", "quadratic"):
        raise InputError(f"weights must be None, 'linear', 'quadratic' or a matrix, got {weights!r}")
    if not ratings.ordered:
        raise InputError(f"{weights} weights need the order of the labels: pass labels={list(ratings.labels)} in order")
    gap = np.abs(np.subtract.outer(np.arange(q), np.arange(q))) / max(1, q - 1)
    return 1 - (gap if weights == "linear" else gap**2)


def _own_weights(weights: ArrayLike, q: int) -> NDArray[Any]:
    matrix = np.asarray(weights, dtype=np.float64)
    if matrix.shape != (q, q):
        raise InputError(f"weights must be a matrix of {q} × {q} labels, got shape {matrix.shape}; pass labels= too")
    if not np.isfinite(matrix).all():
        raise InputError("weights hold a value that is not finite")
    if not (np.diag(matrix) == 1).all() or (matrix > 1).any():
        raise InputError(
            "weights are agreement weights: 1 on the diagonal and at most 1 elsewhere. "
            "For disagreements d pass 1 - d / max(d)"
        )
    return matrix
