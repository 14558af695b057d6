"""Whether a criterion's place in the list moves its verdict, estimated from the call log.

With x the place (0 first, 1 last) and y whether it was called met, the estimate is the slope Σ(x−x̄)(y−ȳ) / Σ(x−x̄)².
The means are those of one criterion of one video over its votes, so that each criterion is compared with itself at
other places (the fixed-effects, or within, estimator). With one vote they are those of one list: lists are in an
order drawn by a hash, so place and criterion have nothing to do with each other and the slope stays unbiased, though
less sure. The interval resamples videos, never answers: what one video's answers have in common does not narrow it.
With one vote it resamples tasks, because all seeds of a task are judged by the same list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..chat.ledger import CHALLENGE
from ..results import Call
from ..scorecard import OrderEffect, PositionRate
from ..stats.resampling import cluster_codes, spreads, sum_by_cluster
from .evidence import reads_list


@dataclass(frozen=True)
class ShownList:
    """Criteria as one answered call showed them, and which were called met."""

    judge: str
    task: str
    seed: int
    vote: int
    answers: tuple[tuple[str, bool], ...]
    """Criterion and whether it was called met, in the order shown; ``cannot_tell`` was not."""


def shown_list(call: Call) -> ShownList | None:
    """What `call` says about places; None for one that failed, showed fewer than two criteria or read no list."""
    if call.status != "ok" or len(call.criteria) < 2 or call.group.startswith(CHALLENGE) or not reads_list(call.judge):
        return None
    met = {j.criterion: j.met is True for j in call.judgements}
    return ShownList(call.judge, call.task, call.seed, call.vote, tuple((c, met[c]) for c in call.criteria if c in met))


def order_effect(lists: Iterable[ShownList]) -> OrderEffect | None:
    """The effect of going from the first place to the last.

    Args:
        lists: Every answered list of a run.

    Returns:
        None without a list of two.
    """
    shown = [one for one in lists if len(one.answers) > 1]
    if not shown:
        return None
    x = np.array([place / (len(one.answers) - 1) for one in shown for place in range(len(one.answers))])
    y = np.array([met for one in shown for _, met in one.answers], dtype=np.float64)
    clusters: list[Hashable] = [(one.task, one.seed) for one in shown for _ in one.answers]
    videos = len(set(clusters))
    own: list[Hashable] = [(one.judge, one.task, one.seed, c) for one in shown for c, _ in one.answers]
    places, met = _centred(x, own), _centred(y, own)
    method: Literal["within_criterion", "between_criteria"] = "within_criterion"
    if not np.square(places).sum() > 1e-9:
        lists_of: list[Hashable] = [number for number, one in enumerate(shown) for _ in one.answers]
        places, met, method = _centred(x, lists_of), _centred(y, lists_of), "between_criteria"
        clusters = [one.task for one in shown for _ in one.answers]
    # Each video's row: Σ(x−x̄)(y−ȳ) and Σ(x−x̄)²; the slope is the ratio of their sums.
    rows = np.stack([places * met, np.square(places)], axis=1)
    table = sum_by_cluster(rows, cluster_codes(clusters, len(x)))
    [(_, interval)] = spreads(table, lambda sums: sums[:, :1] / sums[:, 1:])
    products, squares = table.sum(axis=0)
    return OrderEffect(
        value=round(float(products / squares), 6),
        ci95=interval and (round(interval[0], 6), round(interval[1], 6)),
        method=method,
        n=len(x),
        videos=videos,
        by_position=_by_position(shown),
    )


def _centred(values: NDArray[np.float64], groups: list[Hashable]) -> NDArray[np.float64]:
    """`values` minus the mean of their group."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(groups))}
    codes = np.array([numbers[name] for name in groups])
    centred: NDArray[np.float64] = values - (np.bincount(codes, weights=values) / np.bincount(codes))[codes]
    return centred


def _by_position(shown: Iterable[ShownList]) -> tuple[PositionRate, ...]:
    counts: dict[int, list[bool]] = defaultdict(list)
    for one in shown:
        for place, (_, met) in enumerate(one.answers, start=1):
            counts[place].append(met)
    return tuple(
        PositionRate(position=place, met=round(sum(met) / len(met), 6), n=len(met))
        for place, met in sorted(counts.items())
    )
