"""Adjusted p-values for many tests at once: reject where the adjusted value is at most the level."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

PValues = Sequence[float | None]
"""None marks a test that could not be made; it does not count and stays None."""


def holm(p_values: PValues) -> list[float | None]:
    """Holm's (1979) step-down adjustment: family-wise error under any dependence, never weaker than Bonferroni."""
    return _adjust(p_values, lambda p: np.maximum.accumulate(p * np.arange(len(p), 0, -1)))


def benjamini_hochberg(p_values: PValues) -> list[float | None]:
    """Benjamini & Hochberg's (1995) false discovery rate for independent or positively dependent tests."""
    return _adjust(p_values, _step_up)


def benjamini_yekutieli(p_values: PValues) -> list[float | None]:
    """Benjamini & Yekutieli's (2001) false discovery rate under any dependence."""
    return _adjust(p_values, lambda p: _step_up(p) * (1 / np.arange(1, len(p) + 1)).sum())


def bonferroni(p_values: PValues) -> list[float | None]:
    """Each p times the number of tests."""
    return _adjust(p_values, lambda p: p * len(p))


def _step_up(p: NDArray[Any]) -> NDArray[Any]:
    scaled = p * len(p) / np.arange(1, len(p) + 1)
    result: NDArray[Any] = np.minimum.accumulate(scaled[::-1])[::-1]
    return result


def _adjust(p_values: PValues, rule: Callable[[NDArray[Any]], NDArray[Any]]) -> list[float | None]:
    """Applies a rule for sorted p-values to those that exist."""
    for i, p in enumerate(p_values):
        if p is not None and not 0 <= p <= 1:
            raise InputError(f"p_values[{i}] must be in [0, 1] or None, got {p!r}")
    known = [i for i, p in enumerate(p_values) if p is not None]
    given = np.array([p_values[i] for i in known], dtype=np.float64)
    order = np.argsort(given, kind="stable")
    made: list[float | None] = [None] * len(p_values)
    for position, value in zip(order, np.minimum(rule(given[order]), 1.0), strict=True):
        made[known[int(position)]] = float(value)
    return made
