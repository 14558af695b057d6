"""Correcting a judge with expert labels on some tasks.

The headline is prediction-powered inference at task level: whatever the judge's error, labels on randomly drawn tasks
of the *same* generator make the mean unbiased, and the judge's scores on all other tasks make it precise. Rogan &
Gladen's correction is a diagnostic: it needs the judge's sensitivity and specificity to be the same everywhere, so use
it by dimension and polarity and never carry it to another generator unchecked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .estimates import Estimate
from .intervals import finite_numbers
from .misclassification import (
    Calibration,
    calibrate,
    correct_verdicts,
    rogan_gladen,
    rogan_gladen_by,
)
from .resampling import check_confidence, student_interval

__all__ = [
    "Calibration",
    "CorrectedMean",
    "calibrate",
    "correct_verdicts",
    "ppi_difference",
    "ppi_mean",
    "ppi_weighted_mean",
    "rogan_gladen",
    "rogan_gladen_by",
]


@dataclass(frozen=True, kw_only=True)
class CorrectedMean(Estimate):
    """A mean over tasks corrected by labels; `n` counts labelled tasks."""

    n_unlabelled: int
    power: float | None = None
    """How far the judge's scores are used: 0 not at all, 1 fully."""
    label_mean: float | None = None
    """The labelled tasks alone."""
    judge_mean: float | None = None
    """The judge alone, over all tasks."""


def ppi_mean(
    labels: ArrayLike,
    judged: ArrayLike,
    judged_unlabelled: ArrayLike,
    power: float | None = None,
    *,
    confidence: float = 0.95,
) -> CorrectedMean:
    """Mean over tasks from a judge's scores and experts' scores on some (PPI++, Angelopoulos et al. 2023).

    mean(Y) + λ (mean(F over unlabelled) − mean(F over labelled)), with variance var(Y − λF)/n + λ² var(F)/N.

    Args:
        labels: Experts' score Y of each labelled task. Tasks must have been drawn at random.
        judged: The judge's score F of the same tasks, in the same order.
        judged_unlabelled: The judge's scores of the other tasks.
        power: λ; None takes the one of least variance, cov(Y, F) / ((1 + n/N) var(F)), with n−1 in the covariance
            and the variance over all tasks. 1.0 is plain prediction-powered inference, 0.0 the labels alone.
        confidence: Coverage, in (0, 1), of Student's interval with n−1 degrees of freedom.

    Returns:
        The corrected mean, in the unit of the scores; None with `too_few` below two labelled tasks.

    Raises:
        InputError: Missing scores, or labels and judge that don't match.
    """
    check_confidence(confidence)
    y, f = finite_numbers(labels, "labels"), finite_numbers(judged, "judged")
    u = finite_numbers(judged_unlabelled, "judged_unlabelled")
    if len(y) != len(f):
        raise InputError(f"labels and judged must cover the same tasks: got {len(y)} and {len(f)}")
    if power is not None and not math.isfinite(power):
        raise InputError(f"power must be a finite number or None, got {power!r}")
    n, others = len(y), len(u)
    if n < 2:
        return CorrectedMean(value=None, n=n, reason="too_few", n_unlabelled=others)
    weight = _best_power(y, f, u) if power is None else float(power)
    if not others and power not in (None, 0.0):
        raise InputError(f"power={power} needs scores of unlabelled tasks, and there are none; use power=0.0")
    shift = weight * (u.mean() - f.mean()) if others else 0.0
    variance = (y - weight * f).var(ddof=1) / n
    if others > 1:
        variance += weight**2 * u.var(ddof=1) / others
    value, se = float(y.mean() + shift), math.sqrt(variance)
    return CorrectedMean(
        value=value,
        n=n,
        se=se,
        interval=student_interval(value, se, n - 1, confidence),
        n_unlabelled=others,
        power=weight,
        label_mean=float(y.mean()),
        judge_mean=float(np.concatenate([f, u]).mean()),
    )


def _best_power(y: NDArray[Any], f: NDArray[Any], u: NDArray[Any]) -> float:
    """λ of least variance; 0 where the judge's scores don't vary or there are none to add."""
    n, others = len(y), len(u)
    if not others:
        return 0.0
    together = np.concatenate([f, u])
    spread = float(together.var(ddof=1))
    if spread <= 1e-24 * max(1.0, float((together**2).mean())):
        return 0.0
    covariance = float(((y - y.mean()) * (f - f.mean())).sum()) / (n - 1)
    return covariance / ((1 + n / others) * spread)


def ppi_difference(
    labels_a: ArrayLike,
    labels_b: ArrayLike,
    judged_a: ArrayLike,
    judged_b: ArrayLike,
    judged_unlabelled_a: ArrayLike,
    judged_unlabelled_b: ArrayLike,
    power: float | None = None,
    *,
    confidence: float = 0.95,
) -> CorrectedMean:
    """Corrected paired difference of two generators: `ppi_mean` of the per-task differences, a less b.

    Args:
        labels_a: Experts' scores of generator a on the labelled tasks.
        labels_b: The same tasks of generator b.
        judged_a: The judge's scores of a on the labelled tasks.
        judged_b: The judge's scores of b on the labelled tasks.
        judged_unlabelled_a: The judge's scores of a on the other tasks.
        judged_unlabelled_b: The judge's scores of b on the same other tasks.
        power: As for `ppi_mean`.
        confidence: Coverage, in (0, 1).

    Raises:
        InputError: The two generators don't cover the same tasks.
    """
    parts = []
    for name, a, b in (
        ("labels", labels_a, labels_b),
        ("judged", judged_a, judged_b),
        ("judged_unlabelled", judged_unlabelled_a, judged_unlabelled_b),
    ):
        first, second = finite_numbers(a, f"{name}_a"), finite_numbers(b, f"{name}_b")
        if len(first) != len(second):
            raise InputError(f"{name}: both generators need the same tasks, got {len(first)} and {len(second)}")
        parts.append(first - second)
    y, f, u = parts
    return ppi_mean(y, f, u, power, confidence=confidence)


def ppi_weighted_mean(
    labels: ArrayLike,
    judged: ArrayLike,
    judged_unlabelled: ArrayLike,
    inclusion: ArrayLike,
    power: float | None = 1.0,
    *,
    confidence: float = 0.95,
) -> CorrectedMean:
    """Corrected mean where some tasks were likelier to be labelled than others, for example by domain.

    The survey difference estimator with Hájek's weights: λ times the judge's mean over all tasks, plus the mean of
    Y − λF over labelled tasks weighted by 1 / inclusion. With equal inclusion and λ' = λ N/(n+N) it is `ppi_mean`.

    Args:
        labels: Experts' score of each labelled task.
        judged: The judge's score of the same tasks.
        judged_unlabelled: The judge's scores of the other tasks.
        inclusion: The known probability with which each labelled task was drawn, in (0, 1].
        power: λ; None takes the one of least linearised variance.
        confidence: Coverage, in (0, 1), of Student's interval with n−1 degrees of freedom.

    Returns:
        The mean over tasks like these, with its linearised error; None with `too_few` below two labelled tasks.

    Raises:
        InputError: Missing scores, or a probability outside (0, 1].
    """
    check_confidence(confidence)
    y, f = finite_numbers(labels, "labels"), finite_numbers(judged, "judged")
    u, drawn = finite_numbers(judged_unlabelled, "judged_unlabelled"), finite_numbers(inclusion, "inclusion")
    if not len(y) == len(f) == len(drawn):
        raise InputError(f"labels, judged and inclusion must match: got {len(y)}, {len(f)} and {len(drawn)}")
    if ((drawn <= 0) | (drawn > 1)).any():
        raise InputError("inclusion must hold probabilities in (0, 1]; a task that could not be drawn has no weight")
    n, total = len(y), len(y) + len(u)
    if n < 2:
        return CorrectedMean(value=None, n=n, reason="too_few", n_unlabelled=len(u))
    everything = np.concatenate([f, u])
    weight = (1 / drawn) / (1 / drawn).sum()
    # What one task contributes: the labelled part where it has one, and λ times the judge's part.
    labelled = np.zeros(total)
    labelled[:n] = weight * (y - (weight * y).sum())
    judge = (everything - everything.mean()) / total
    judge[:n] -= weight * (f - (weight * f).sum())
    if power is None:
        spread = float((judge**2).sum())
        scale = max(1.0, float((everything**2).mean())) / total
        power = -float((judge * labelled).sum()) / spread if len(u) and spread > 1e-24 * scale else 0.0
    value = power * float(everything.mean()) + float((weight * (y - power * f)).sum())
    influence = labelled + power * judge
    se = math.sqrt(n / (n - 1) * float((influence**2).sum()))
    return CorrectedMean(
        value=value,
        n=n,
        se=se,
        interval=student_interval(value, se, n - 1, confidence),
        n_unlabelled=len(u),
        power=float(power),
        label_mean=float(y.mean()),
        judge_mean=float(everything.mean()),
    )
