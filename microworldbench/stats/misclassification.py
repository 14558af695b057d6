"""Rogan & Gladen's correction of a rate for a judge's known errors, and when not to make it."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from ..errors import InputError
from .estimates import Estimate, Reason
from .resampling import check_confidence

LEAST_YOUDEN = 0.3
"""Sensitivity + specificity − 1 below which a correction blows errors up more than it mends."""
LEAST_LABELS = 30
"""Labelled positives, and labelled negatives, below which sensitivity or specificity is a guess."""


def rogan_gladen(
    p: float,
    n: int,
    sensitivity: tuple[float, int],
    specificity: tuple[float, int],
    *,
    confidence: float = 0.95,
    least_youden: float = LEAST_YOUDEN,
    least_labels: int = LEAST_LABELS,
) -> Estimate:
    """True rate behind the rate a judge reports: (p + Sp − 1) / (Se + Sp − 1), cut to [0, 1] (Rogan & Gladen 1978).

    Args:
        p: Share of units the judge calls true.
        n: Units judged.
        sensitivity: Share of truly true units it calls true, and how many such units were labelled.
        specificity: Share of truly false units it calls false, and how many such units were labelled.
        confidence: Coverage, in (0, 1), of the interval of Lang & Reiczigel (2014), which lets all three vary.
        least_youden: Refuse below this sensitivity + specificity − 1.
        least_labels: Refuse below so many labelled units of either kind.

    Returns:
        The rate; None with `weak_judge` or `too_few` where a correction would mislead.

    Raises:
        InputError: A share outside [0, 1] or a negative count.
    """
    check_confidence(confidence)
    (se, m1), (sp, m0) = _pair("sensitivity", sensitivity), _pair("specificity", specificity)
    if not 0 <= p <= 1 or n < 0:
        raise InputError(f"p must be a share in [0, 1] of n ≥ 0 units, got {p!r} of {n!r}")
    reason = _refusal(se, m1, sp, m0, least_youden, least_labels)
    if reason is not None or n < 1:
        return Estimate(value=None, n=n, reason=reason or "too_few")
    false_alarm = 1 - sp  # written so that a perfect judge changes no bit
    youden = se - false_alarm
    value = min(1.0, max(0.0, (p - false_alarm) / youden))
    variance = p * (1 - p) / n + value**2 * se * (1 - se) / m1 + (1 - value) ** 2 * sp * (1 - sp) / m0
    interval = _lang_reiczigel(p, n, se, m1, sp, m0, confidence)
    return Estimate(value=value, n=n, se=math.sqrt(variance) / youden, interval=interval)


def _pair(name: str, given: tuple[float, int]) -> tuple[float, int]:
    try:
        value, count = given
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be (value, number of labels), got {given!r}") from error
    if not 0 <= value <= 1 or count < 0:
        raise InputError(f"{name} must be a share in [0, 1] of a number of labels, got {given!r}")
    return float(value), int(count)


def _refusal(se: float, m1: int, sp: float, m0: int, least_youden: float, least_labels: int) -> Reason | None:
    if min(m1, m0) < max(1, least_labels):
        return "too_few"
    # A share of counts may land a rounding below the limit.
    return "weak_judge" if se + sp - 1 < max(least_youden, 1e-9) - 1e-12 else None


def _lang_reiczigel(p: float, n: int, se: float, m1: int, sp: float, m0: int, confidence: float) -> tuple[float, float]:
    """Lang & Reiczigel (2014), Prev. Vet. Med. 113, 13–22: a Wald interval after adding pseudo-counts, shifted."""
    from scipy.special import ndtri

    z = float(ndtri(1 - (1 - confidence) / 2))
    n_more, m1_more, m0_more = n + z * z, m1 + 2, m0 + 2
    p, se, sp = (n * p + z * z / 2) / n_more, (m1 * se + 1) / m1_more, (m0 * sp + 1) / m0_more
    youden = se + sp - 1
    if youden <= 0:
        return 0.0, 1.0
    rate = (p + sp - 1) / youden
    se_part, sp_part = se * (1 - se) / m1_more, sp * (1 - sp) / m0_more
    half = z * math.sqrt(p * (1 - p) / n_more + rate**2 * se_part + (1 - rate) ** 2 * sp_part) / youden
    centre = rate + 2 * z * z * (rate * se_part - (1 - rate) * sp_part)
    low, high = (min(1.0, max(0.0, bound)) for bound in (centre - half, centre + half))
    return low, high


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What labels say about a judge in one stratum, for example (dimension, polarity)."""

    sensitivity: float | None
    positives: int
    """Labelled units that are true."""
    specificity: float | None
    negatives: int
    reason: Reason | None = None
    """Why no correction is made here: `too_few` labels or a `weak_judge`."""


def calibrate(
    judged: Sequence[bool | None],
    truth: Sequence[bool | None],
    strata: Sequence[Hashable],
    *,
    least_youden: float = LEAST_YOUDEN,
    least_labels: int = LEAST_LABELS,
) -> dict[Hashable, Calibration]:
    """Sensitivity and specificity of a judge in each stratum.

    Pooling over polarity made the bias larger than no correction in simulation, hence strata.

    Args:
        judged: The judge's verdict per labelled unit.
        truth: The experts'.
        strata: The stratum of each unit.
        least_youden: As for `rogan_gladen`.
        least_labels: As for `rogan_gladen`.

    Returns:
        One record per stratum, in the order in which they appear; units without both answers are left out.

    Raises:
        InputError: The three differ in length, or an answer isn't True, False or None.
    """
    if not len(judged) == len(truth) == len(strata):
        raise InputError(f"judged, truth and strata must match: got {len(judged)}, {len(truth)} and {len(strata)}")
    counts = {stratum: [0, 0, 0, 0] for stratum in dict.fromkeys(strata)}
    for i, (said, true, stratum) in enumerate(zip(judged, truth, strata, strict=True)):
        for name, answer in (("judged", said), ("truth", true)):
            if answer is not None and answer not in (True, False):
                raise InputError(f"{name}[{i}] must be True, False or None, got {answer!r}")
        if said is not None and true is not None:
            counts[stratum][2 * bool(true) + bool(said)] += 1
    made = {}
    for stratum, (right_no, wrong_yes, wrong_no, right_yes) in counts.items():
        m1, m0 = right_yes + wrong_no, right_no + wrong_yes
        se, sp = right_yes / m1 if m1 else None, right_no / m0 if m0 else None
        reason = _refusal(se or 0.0, m1, sp or 0.0, m0, least_youden, least_labels)
        made[stratum] = Calibration(sensitivity=se, positives=m1, specificity=sp, negatives=m0, reason=reason)
    return made


def rogan_gladen_by(
    judged: Sequence[bool | None],
    strata: Sequence[Hashable],
    calibrations: Mapping[Hashable, Calibration],
    *,
    confidence: float = 0.95,
) -> dict[Hashable, Estimate]:
    """Corrected share of true verdicts in each stratum.

    Args:
        judged: The judge's verdicts, None where missing.
        strata: The stratum of each.
        calibrations: From `calibrate`.
        confidence: Coverage, in (0, 1).

    Returns:
        One share per stratum; None with the calibration's reason, or `too_few` where there is no calibration.
    """
    made = {}
    for stratum in dict.fromkeys(strata):
        said = [v for v, name in zip(judged, strata, strict=True) if name == stratum and v is not None]
        known = calibrations.get(stratum)
        if known is None or known.reason is not None or known.sensitivity is None or known.specificity is None:
            reason: Reason = known.reason if known is not None and known.reason is not None else "too_few"
            made[stratum] = Estimate(value=None, n=len(said), reason=reason)
            continue
        share = sum(map(bool, said)) / len(said) if said else 0.0
        made[stratum] = rogan_gladen(
            share,
            len(said),
            (known.sensitivity, known.positives),
            (known.specificity, known.negatives),
            confidence=confidence,
            least_youden=0.0,  # the calibration has already decided
            least_labels=1,
        )
    return made


def correct_verdicts(
    judged: Sequence[bool | None], strata: Sequence[Hashable], calibrations: Mapping[Hashable, Calibration]
) -> list[float | None]:
    """Verdicts as unbiased numbers: (v + Sp − 1) / (Se + Sp − 1), not cut to [0, 1].

    A score is linear in its verdicts, so put these in their place inside the weighted sum.

    Args:
        judged: The judge's verdicts, None where missing.
        strata: The stratum of each.
        calibrations: From `calibrate`.

    Returns:
        A number per verdict; None where it is missing or its stratum has no usable calibration.
    """
    if len(judged) != len(strata):
        raise InputError(f"strata must name one stratum per verdict: got {len(strata)} for {len(judged)}")
    made: list[float | None] = []
    for said, stratum in zip(judged, strata, strict=True):
        known = calibrations.get(stratum)
        usable = known is not None and known.reason is None
        if said is None or known is None or not usable or known.sensitivity is None or known.specificity is None:
            made.append(None)
        else:
            false_alarm = 1 - known.specificity
            made.append((bool(said) - false_alarm) / (known.sensitivity - false_alarm))
    return made
