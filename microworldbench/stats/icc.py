"""Intraclass correlations: how much of the variance of scores is between their targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError
from .estimates import Estimate, Interval
from .intervals import finite_numbers
from .resampling import check_confidence

Form = Literal["1,1", "2,1", "3,1", "1,k", "2,k", "3,k"]
FORMS = ("1,1", "2,1", "3,1", "1,k", "2,k", "3,k")


@dataclass(frozen=True)
class _MeanSquares:
    targets: float
    raters: float
    within: float
    error: float
    n: int
    k: int


def icc(scores: ArrayLike, form: Form = "2,1", *, confidence: float = 0.95) -> Estimate:
    """Intraclass correlation of scores, in one of the six forms of Shrout & Fleiss (1979).

    Args:
        scores: Targets × raters, complete (for example videos × judges, in points).
        form: ``1``: every target has other raters; ``2``: the raters are a sample, and their levels count as error;
            ``3``: exactly these raters, levels aside. ``,1``: one rater's score; ``,k``: the mean of all raters.
        confidence: Coverage of the F interval (McGraw & Wong 1996), in (0, 1).

    Returns:
        The correlation with its interval; `n` counts targets. None with `no_variation` where all scores are equal,
        with `too_few` below two targets.

    Raises:
        InputError: An unknown form, one rater, or a missing score.
    """
    check_confidence(confidence)
    if form not in FORMS:
        raise InputError(f"form must be one of {', '.join(FORMS)}, got {form!r}")
    table = finite_numbers(scores, "scores", dimensions=2)
    n, k = table.shape
    if k < 2:
        raise InputError(f"an intraclass correlation needs at least two raters, got {k}: scores are targets × raters")
    if k > 50 and 0 < n < k / 10:
        raise InputError(f"scores are targets × raters, got {n} × {k}, which looks transposed: pass scores.T")
    if n < 2:
        return Estimate(value=None, n=n, reason="too_few")
    grand = table.mean()
    rows, columns = table.mean(axis=1), table.mean(axis=0)
    scale = float(np.abs(table - grand).max())
    # Equal scores leave only rounding, which must not pass for variance.
    if scale <= 1e-12 * max(1.0, abs(float(grand))):
        return Estimate(value=None, n=n, reason="no_variation")
    squares = _MeanSquares(
        targets=float(k * ((rows - grand) ** 2).sum() / (n - 1)),
        raters=float(n * ((columns - grand) ** 2).sum() / (k - 1)),
        within=float(((table - rows[:, None]) ** 2).sum() / (n * (k - 1))),
        error=float(((table - rows[:, None] - columns + grand) ** 2).sum() / ((n - 1) * (k - 1))),
        n=n,
        k=k,
    )
    value = _value(squares, form)
    if value is None:
        return Estimate(value=None, n=n, reason="no_variation")
    return Estimate(value=value, n=n, interval=_interval(squares, form, confidence))


def _value(ms: _MeanSquares, form: Form) -> float | None:
    n, k = ms.n, ms.k
    over = {
        "1,1": (ms.targets - ms.within, ms.targets + (k - 1) * ms.within),
        "2,1": (ms.targets - ms.error, ms.targets + (k - 1) * ms.error + k * (ms.raters - ms.error) / n),
        "3,1": (ms.targets - ms.error, ms.targets + (k - 1) * ms.error),
        "1,k": (ms.targets - ms.within, ms.targets),
        "2,k": (ms.targets - ms.error, ms.targets + (ms.raters - ms.error) / n),
        "3,k": (ms.targets - ms.error, ms.targets),
    }[form]
    largest = max(ms.targets, ms.raters, ms.within, ms.error)
    return over[0] / over[1] if abs(over[1]) > 1e-12 * largest else None


def _interval(ms: _MeanSquares, form: Form, confidence: float) -> Interval | None:
    """From the F distribution (McGraw & Wong 1996, tables 7 and 8); None where there is no error to compare with."""
    from scipy.special import fdtri

    n, k = ms.n, ms.k
    noise = ms.within if form[0] == "1" else ms.error
    if noise <= 1e-12 * ms.targets or n < 3:
        return None
    upper = 1 - (1 - confidence) / 2
    if form[0] == "2":
        low, high = _random_raters(ms, upper)
        return (low, high) if form[2] == "1" else (low * k / (1 + low * (k - 1)), high * k / (1 + high * (k - 1)))
    df = n * (k - 1) if form[0] == "1" else (n - 1) * (k - 1)
    ratio = ms.targets / noise
    bounds = ratio / float(fdtri(n - 1, df, upper)), ratio * float(fdtri(df, n - 1, upper))
    if form[2] == "1":
        low, high = ((f - 1) / (f + k - 1) for f in bounds)
    else:
        low, high = (1 - 1 / f if f else -float(np.finfo(float).max) for f in bounds)
    return low, high


def _random_raters(ms: _MeanSquares, upper: float) -> Interval:
    """Bounds of ICC(2,1) with Satterthwaite's degrees of freedom."""
    from scipy.special import fdtri

    n, k = ms.n, ms.k
    value = _value(ms, "2,1") or 0.0
    ratio = ms.raters / ms.error
    own = n * (1 + (k - 1) * value) - k * value
    top = (k - 1) * (n - 1) * (k * value * ratio + own) ** 2
    df = top / ((n - 1) * (k * value * ratio) ** 2 + own**2)
    f_low, f_high = float(fdtri(n - 1, df, upper)), float(fdtri(df, n - 1, upper))
    rest = k * ms.raters + (k * n - k - n) * ms.error
    low = n * (ms.targets - f_low * ms.error) / (f_low * rest + n * ms.targets)
    high = n * (f_high * ms.targets - ms.error) / (rest + n * f_high * ms.targets)
    return low, high
