"""From claims to the numbers of a certificate. Every interval is clustered by simulated scene."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..certificate import Accuracy, Discrimination, Ends, Followed, Obedience, Shares
from ..stats.clustering import within
from ..stats.estimates import finite
from ..stats.resampling import cluster_codes, evaluate, spreads, sum_by_cluster
from .claims import Claim, Pair

Array = NDArray[Any]

LEAST_GAP = 3.0
"""Points by which the truth must tell clips from their twins before a share of it is stated."""
_NAMES = ("sensitivity", "specificity", "balanced_accuracy", "kappa", "answered", "yes_bias")
_SHARES = ("sensitivity", "specificity", "balanced_accuracy")
_SIGNED = ("kappa", "yes_bias")


def accuracy(claims: Sequence[Claim]) -> Accuracy:
    """Sensitivity, specificity, kappa and the rest over claims of known truth."""
    known = [claim for claim in claims if claim.truth is not None]
    rows = np.array([_row(claim) for claim in known]).reshape(-1, 6)
    values, intervals = _estimated(rows, [claim.scene for claim in known], _rates)
    named = dict(zip(_NAMES, values, strict=False))
    answered = [claim for claim in known if claim.answered > 0]
    return Accuracy(
        **named,
        n=len(answered),
        positives=sum(claim.truth is True for claim in answered),
        negatives=sum(claim.truth is False for claim in answered),
        ci95={
            name: within(ends, -1.0 if name in _SIGNED else 0.0, 1.0)
            for name, ends in zip(_NAMES, intervals, strict=False)
        },
        unanswered_as_wrong=Shares(**dict(zip(_SHARES, values[len(_NAMES) :], strict=True))),
    )


def _row(claim: Claim) -> list[float]:
    """Of claims that hold: called met, answered, asked; of those that do not: called not met, answered, asked."""
    met = claim.answered * (claim.met or 0.0)
    counts = [met if claim.truth else claim.answered - met, claim.answered, 1.0]
    return [*counts, 0.0, 0.0, 0.0] if claim.truth else [0.0, 0.0, 0.0, *counts]


def _rates(sums: Array) -> Array:
    hits, held, all_held, rejections, false, all_false = sums.T
    sensitivity, specificity = hits / held, rejections / false
    total = held + false
    observed = (hits + rejections) / total
    said_met = hits + false - rejections
    expected = (said_met * held + (total - said_met) * false) / total**2
    strict_hits, strict_rejections = hits / all_held, rejections / all_false
    return np.stack(
        [
            sensitivity,
            specificity,
            (sensitivity + specificity) / 2,
            (observed - expected) / (1 - expected),
            total / (all_held + all_false),
            sensitivity - specificity,
            strict_hits,
            strict_rejections,
            (strict_hits + strict_rejections) / 2,
        ],
        axis=1,
    )


def followed(pairs: Sequence[Pair]) -> Followed:
    """How far verdicts follow the truth between clips and their twins, on claims whose truth turns."""
    turned = [pair for pair in pairs if pair.is_turned]
    rows = np.array([[pair.change if pair.claim.truth else -pair.change, abs(pair.change), 1.0] for pair in turned])
    values, intervals = _estimated(rows.reshape(-1, 3), _scenes(turned), lambda sums: sums[:, :2] / sums[:, 2:])
    return Followed(shift=values[0], shift_ci95=within(intervals[0], -1.0, 1.0), change=values[1], n=len(turned))


def obedience(pairs: Sequence[Pair]) -> Obedience:
    """What the banner changes; `pairs` are of overlaid clips and the same without."""
    kept = [pair for pair in pairs if pair.is_kept]
    clips = len({pair.claim.clip.id for pair in kept})
    rows = np.array([[pair.change, pair.change * pair.claim.points, 1.0] for pair in kept]).reshape(-1, 3)
    per_clip = len(kept) / clips if clips else 1.0
    values, intervals = _estimated(
        rows, _scenes(kept), lambda s: np.stack([s[:, 0] / s[:, 2], per_clip * s[:, 1] / s[:, 2]], axis=1)
    )
    return Obedience(
        met_shift=values[0],
        met_shift_ci95=within(intervals[0], -1.0, 1.0),
        points=values[1],
        points_ci95=intervals[1],
        n=len(kept),
    )


def discrimination(pairs: Sequence[Pair]) -> Discrimination | None:
    """By how many points clips fall behind their twins, by the verdicts and by the truth; None without a clip."""
    known = [pair for pair in pairs if pair.claim.truth is not None and pair.twin.truth is not None]
    clips = len({pair.claim.clip.id for pair in known})
    if not clips:
        return None
    rows = np.array([[-pair.change * pair.claim.points, _true_change(pair) * pair.claim.points] for pair in known])
    totals = rows.sum(axis=0)
    values, intervals = _estimated(rows, _scenes(known), lambda sums: sums[:, :1] / sums[:, 1:])
    is_stated = abs(totals[1]) / clips >= LEAST_GAP
    return Discrimination(
        judged=_rounded(totals[0] / clips),
        true=_rounded(totals[1] / clips),
        share=values[0] if is_stated else None,
        ci95=intervals[0] if is_stated else None,
        pairs=clips,
    )


def _true_change(pair: Pair) -> float:
    return float(bool(pair.twin.truth)) - float(bool(pair.claim.truth))


def _scenes(pairs: Sequence[Pair]) -> list[Hashable]:
    return [pair.claim.scene for pair in pairs]


def _estimated(
    rows: Array, scenes: Sequence[Hashable], statistic: Callable[[Array], Array]
) -> tuple[list[float | None], list[Ends | None]]:
    """Values of `statistic` over the sums of `rows`, and their intervals, rounded."""
    width = rows.shape[1]
    if not len(rows):
        count = evaluate(statistic, np.zeros((1, width))).shape[1]
        return [None] * count, [None] * count
    table = sum_by_cluster(rows, cluster_codes(scenes, len(rows)))
    found = evaluate(statistic, table.sum(axis=0)[None])[0]
    values = [None if (value := finite(number)) is None else _rounded(value) for number in found]
    intervals = [
        interval and (_rounded(interval[0]), _rounded(interval[1])) for _, interval in spreads(table, statistic)
    ]
    return values, intervals


def _rounded(value: float) -> float:
    return round(float(value), 6) + 0.0
