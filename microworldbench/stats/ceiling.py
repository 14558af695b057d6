"""How well could any judge do? As well as an expert who is compared with the other experts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .clustering import Options, Spread, check_options, estimate_all, within
from .coefficients import Columns, Formula, Sums, add_confusions, cohen, corrected
from .estimates import Estimate
from .kappas import Labels, Rater, RatingTable
from .multiplicity import benjamini_yekutieli
from .ratings import MISSING, Ratings, read_ratings
from .resampling import cluster_codes, sum_by_cluster


@dataclass(frozen=True, kw_only=True)
class Ceiling:
    """Experts and a judge, each against the majority of the other experts."""

    expert: Estimate
    """Mean over experts of the kappa of one expert with the majority of the others: the ceiling."""
    judge: Estimate | None
    """The judge's mean kappa with the same majorities on the same units."""
    difference: Estimate | None
    """Judge less expert; above 0 the judge is as good a stand-in for an expert as an expert is."""
    units: tuple[int, ...]
    """Units compared when each expert is left out; ties among the others are left aside."""


def expert_ceiling(
    experts: RatingTable, judge: Rater | None = None, *, labels: Labels = None, **options: Unpack[Options]
) -> Ceiling:
    """Leaves one expert out at a time and compares it, and the judge, with the majority of the others.

    Args:
        experts: Experts × units, at least three, None where missing.
        judge: The judge's ratings of the same units.
        labels: All labels; None takes those that occur.
        **options: See `Options`.

    Returns:
        Mean Cohen kappas over the experts left out, with errors from the same resamples.

    Raises:
        InputError: Fewer than three experts, or the ratings don't fit.
    """
    read, left_out = _leave_one_out(experts, judge, labels, options)
    columns = Columns()
    names = ["expert"] if judge is None else ["expert", "judge"]
    units = []
    for number, (expert, stand_in, others) in enumerate(left_out):
        rows = [expert, stand_in, others] if stand_in is not None else [expert, expert, others]
        codes = np.stack(rows)
        codes = np.where((codes != MISSING).all(axis=0), codes, MISSING)
        units.append(int((codes[0] != MISSING).sum()))
        part = Columns()
        add_confusions(part, Ratings(codes, read.labels, read.ordered), [(0, 2), (1, 2)][: len(names)])
        columns.add(str(number), part.read(part.table())["confusion"])
    formulas: list[Formula] = [partial(_mean_kappa, len(left_out), k) for k in range(len(names))]
    if judge is not None:
        formulas.append(lambda s: _mean_kappa(len(left_out), 1, s) - _mean_kappa(len(left_out), 0, s))
    found = [_estimate(spread, sum(units)) for spread in estimate_all(columns, formulas, options)]
    expert_mean, *rest = found
    return Ceiling(
        expert=expert_mean,
        judge=rest[0] if rest else None,
        difference=rest[1] if rest else None,
        units=tuple(units),
    )


def _leave_one_out(
    experts: RatingTable, judge: Rater | None, labels: Labels, options: Options
) -> tuple[Ratings, list[tuple[NDArray[Any], NDArray[Any] | None, NDArray[Any]]]]:
    """The labels, and for each expert: its codes, the judge's, and the majority of the others (MISSING where tied)."""
    count = len(experts)
    if count < 3:
        raise InputError(f"leaving one expert out needs at least three experts, got {count}")
    rows = [*experts] if judge is None else [*experts, judge]
    read = read_ratings(rows, labels, oriented=options.get("clusters") is not None)
    stand_in = None if judge is None else read.codes[count]
    own = read.codes[:count]
    return read, [(own[e], stand_in, _majority(np.delete(own, e, axis=0), len(read.labels))) for e in range(count)]


def _majority(codes: NDArray[Any], labels: int) -> NDArray[Any]:
    votes = np.stack([(codes == k).sum(axis=0) for k in range(max(1, labels))])
    most = votes.max(axis=0)
    clear = (most > 0) & ((votes == most).sum(axis=0) == 1)
    return np.where(clear, votes.argmax(axis=0), MISSING)


def _mean_kappa(experts: int, who: int, sums: Sums) -> NDArray[Any]:
    kappas = []
    for expert in range(experts):
        confusion = sums[str(expert)][:, who]
        kappas.append(corrected(*cohen(confusion, np.eye(confusion.shape[-1]))))
    result: NDArray[Any] = np.mean(kappas, axis=0)
    return result


def _estimate(spread: Spread, n: int) -> Estimate:
    value, se, interval = spread
    if value is None:
        return Estimate(value=None, n=n, reason="too_few" if n < 2 else "no_variation")
    silent = se is None or se < 1e-9
    return Estimate(value=value, n=n, se=se, interval=None if silent else within(interval, -2.0, 2.0))


@dataclass(frozen=True, kw_only=True)
class AltTest:
    """Whether a judge may stand in for an expert (Calderon, Reichart & Dror 2025)."""

    winning_rate: float | None
    """Share of experts the judge does as well as; the procedure passes a judge from 0.5."""
    advantage: float | None
    """Mean over experts of the probability that the judge fits the others at least as well as the expert."""
    p_values: tuple[float | None, ...]
    """One-sided, per expert left out, before the adjustment; None where an expert has too few units."""
    n: int


def alt_test(
    experts: RatingTable,
    judge: Rater,
    *,
    epsilon: float = 0.15,
    level: float = 0.05,
    labels: Labels = None,
    **options: Unpack[Options],
) -> AltTest:
    """The alternative-annotator test: does the judge agree with the other experts as well as an expert does?

    Args:
        experts: Experts × units, at least three, None where missing.
        judge: The judge's ratings of the same units.
        epsilon: How much worse the judge may be, since experts cost more (the authors take
            0.2 for trained experts, 0.15 for skilled annotators, 0.1 for a crowd).
        level: False discovery rate over experts (Benjamini–Yekutieli).
        labels: All labels; None takes those that occur.
        **options: See `Options`; only `clusters` matters, each counting as one observation.

    Returns:
        Winning rate and mean advantage; None where no expert shares 30 clusters with the judge.
    """
    from scipy.special import stdtr

    check_options(options)
    count = len(experts)
    read, _ = _leave_one_out(experts, judge, labels, options)
    groups = cluster_codes(options.get("clusters"), read.units)
    p_values: list[float | None] = []
    gains: list[float] = []
    for e in range(count):
        own, others, stand_in = read.codes[e], np.delete(read.codes[:count], e, axis=0), read.codes[count]
        usable = (own != MISSING) & (stand_in != MISSING) & (others != MISSING).any(axis=0)
        fit_own, fit_judge = (((others == x) & (others != MISSING)).sum(axis=0) for x in (own, stand_in))
        lead = (fit_own >= fit_judge).astype(float) - (fit_judge >= fit_own)
        sums = sum_by_cluster(np.stack([lead * usable, usable, (fit_judge >= fit_own) * usable], axis=1), groups)
        sums = sums[sums[:, 1] > 0]
        if len(sums) < 30:
            p_values.append(None)
            continue
        total = sums[:, 1].sum()
        mean = float(sums[:, 0].sum() / total)
        gains.append(float(sums[:, 2].sum() / total))
        rest = sums[:, 0] - mean * sums[:, 1]
        se = float(np.sqrt(len(sums) / (len(sums) - 1) * (rest**2).sum())) / total
        p_values.append(float(stdtr(len(sums) - 1, (mean - epsilon) / se)) if se else float(mean >= epsilon))
    adjusted = [p for p in benjamini_yekutieli(p_values) if p is not None]
    rate = sum(p <= level for p in adjusted) / len(adjusted) if adjusted else None
    return AltTest(
        winning_rate=rate,
        advantage=sum(gains) / len(gains) if gains else None,
        p_values=tuple(p_values),
        n=read.units,
    )
