"""How a judge's yes-or-no verdicts compare with the experts': sensitivity, specificity and what follows."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .clustering import Options, Spread, estimate_all, within
from .coefficients import Columns, Formula, Sums, add_confusions, cohen, corrected
from .estimates import Estimate
from .intervals import wilson, wilson_of_clusters
from .kappas import Rater
from .ratings import MISSING, read_ratings


@dataclass(frozen=True, kw_only=True)
class JudgeQuality:
    """A judge against the truth, on the units that have both; every figure with its own `n`."""

    n: int
    positives: int
    """Units that are true."""
    negatives: int
    sensitivity: Estimate
    """Share of true units the judge calls true."""
    specificity: Estimate
    """Share of false units the judge calls false."""
    positive_value: Estimate
    """Share of the judge's trues that are true (PPV)."""
    negative_value: Estimate
    """Share of the judge's falses that are false (NPV)."""
    macro_f1: Estimate
    """Mean of the F1 scores of true and of false."""
    bias: Estimate
    """The judge's share of trues less the true one: positive for a lenient judge."""
    kappa: Estimate


def judge_quality(judged: Rater, truth: Rater, **options: Unpack[Options]) -> JudgeQuality:
    """Compares a judge's verdicts with the experts'.

    Args:
        judged: True, False or None per unit.
        truth: The experts' answer, in the same order.
        **options: See `Options`. Without clusters the shares have Wilson's interval.

    Returns:
        The figures; a share of nothing is None with `too_few`.

    Raises:
        InputError: Other labels than True and False, or different lengths.
    """
    if len(judged) != len(truth):
        raise InputError(f"judge and truth must cover the same units: got {len(judged)} and {len(truth)}")
    read = read_ratings([judged, truth], (False, True), oriented=True)
    columns = Columns()
    add_confusions(columns, read)
    spreads = estimate_all(columns, list(_FORMULAS.values()), options)
    found = dict(zip(_FORMULAS, spreads, strict=True))
    both = (read.codes != MISSING).all(axis=0)
    says, is_true = read.codes[0, both] == 1, read.codes[1, both] == 1
    shares = {
        "sensitivity": (says & is_true, is_true),
        "specificity": (~says & ~is_true, ~is_true),
        "positive_value": (says & is_true, says),
        "negative_value": (~says & ~is_true, ~says),
    }
    clusters = options.get("clusters")
    named = None if clusters is None else [name for name, is_rated in zip(clusters, both, strict=True) if is_rated]
    made = {name: _share(found[name], hit, of, named, options) for name, (hit, of) in shares.items()}
    n = int(both.sum())
    rest = {name: _estimate(found[name], n) for name in ("macro_f1", "bias", "kappa")}
    return JudgeQuality(n=n, positives=int(is_true.sum()), negatives=int((~is_true).sum()), **made, **rest)


def judge_quality_by(
    judged: Sequence[Any], truth: Sequence[Any], strata: Sequence[Hashable], **options: Unpack[Options]
) -> dict[Hashable, JudgeQuality]:
    """`judge_quality` within each stratum, for example (dimension, polarity): pooled figures hide opposite errors.

    Args:
        judged: True, False or None per unit.
        truth: The experts' answer, in the same order.
        strata: The stratum of each unit.
        **options: See `Options`; clusters are those of all units.

    Returns:
        One record per stratum, in the order in which they appear.
    """
    if len(strata) != len(judged):
        raise InputError(f"strata must name one stratum per unit: got {len(strata)} for {len(judged)} units")
    clusters, found = options.get("clusters"), {}
    for stratum in dict.fromkeys(strata):
        at = [i for i, name in enumerate(strata) if name == stratum]
        own = options.copy()
        if clusters is not None:
            own["clusters"] = [clusters[i] for i in at]
        found[stratum] = judge_quality([judged[i] for i in at], [truth[i] for i in at], **own)
    return found


def _cell(sums: Sums, said: int, true: int) -> NDArray[Any]:
    result: NDArray[Any] = sums["confusion"][:, 0, said, true]
    return result


def _macro_f1(sums: Sums) -> NDArray[Any]:
    wrong = _cell(sums, 0, 1) + _cell(sums, 1, 0)
    scores = [2 * _cell(sums, k, k) / (2 * _cell(sums, k, k) + wrong) for k in (0, 1)]
    result: NDArray[Any] = (scores[0] + scores[1]) / 2
    return result


def _bias(sums: Sums) -> NDArray[Any]:
    result: NDArray[Any] = (_cell(sums, 1, 0) - _cell(sums, 0, 1)) / sums["confusion"][:, 0].sum(axis=(1, 2))
    return result


_FORMULAS: Mapping[str, Formula] = {
    "sensitivity": lambda s: _cell(s, 1, 1) / (_cell(s, 1, 1) + _cell(s, 0, 1)),
    "specificity": lambda s: _cell(s, 0, 0) / (_cell(s, 0, 0) + _cell(s, 1, 0)),
    "positive_value": lambda s: _cell(s, 1, 1) / (_cell(s, 1, 1) + _cell(s, 1, 0)),
    "negative_value": lambda s: _cell(s, 0, 0) / (_cell(s, 0, 0) + _cell(s, 0, 1)),
    "macro_f1": _macro_f1,
    "bias": _bias,
    "kappa": lambda s: corrected(*cohen(s["confusion"][:, 0], np.eye(2))),
}


def _share(
    spread: Spread, hit: NDArray[Any], of: NDArray[Any], clusters: Sequence[Hashable] | None, options: Options
) -> Estimate:
    hits, n, confidence = int(hit.sum()), int(of.sum()), options.get("confidence", 0.95)
    if clusters is None or n == 0:
        return wilson(hits, n, confidence=confidence)
    value, se, interval = spread
    if not 0 < hits < n:
        holding = {name for name, is_one in zip(clusters, of, strict=True) if is_one}
        return wilson_of_clusters(hits / n, len(holding), n, confidence=confidence)
    return Estimate(value=value, n=n, se=se, interval=within(interval, 0.0, 1.0))


def _estimate(spread: Spread, n: int) -> Estimate:
    value, se, interval = spread
    if value is None:
        return Estimate(value=None, n=n, reason="too_few" if n < 2 else "no_variation")
    return Estimate(value=value, n=n, se=se, interval=within(interval, -1.0, 1.0))
