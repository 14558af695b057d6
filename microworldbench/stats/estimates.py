"""The record every statistic returns: a number with its error, or no number with the reason why."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, overload

Reason = Literal["no_variation", "too_few", "disconnected", "separated", "not_converged", "weak_judge"]
"""Why there is no value.

``no_variation``: all observations alike. ``too_few``: not enough of them. ``disconnected``: items never compared, even
through others. ``separated``: an item that never lost (or never won), whose strength has no finite estimate.
``not_converged``: the fit did not settle. ``weak_judge``: a judge too close to guessing to be corrected.
"""

Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One statistic. `value` is None exactly when `reason` says why; nothing in it is ever NaN."""

    value: float | None
    n: int
    """Observations the value rests on: tasks, units or votes, as the function says."""
    reason: Reason | None = None
    se: float | None = None
    """Standard error, where one exists."""
    interval: Interval | None = None
    """Two-sided confidence interval, where one exists."""


def finite(number: float | complex) -> float | None:
    """The number as a plain float, or None where it is undefined."""
    plain = float(number.real)
    return plain if math.isfinite(plain) else None


@overload
def rounded(number: float) -> float: ...
@overload
def rounded(number: None) -> None: ...
def rounded(number: float | None) -> float | None:
    """Six decimals, as records state a number, and never −0.0."""
    return None if number is None else round(number, 6) + 0.0


def rounded_ends(interval: Interval | None, unit: float = 1.0) -> Interval | None:
    """Both ends in `unit`, to six decimals."""
    return None if interval is None else (rounded(interval[0] / unit), rounded(interval[1] / unit))
