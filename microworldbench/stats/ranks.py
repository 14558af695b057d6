"""Ranks a statistician would sign: sets that hold every true rank at once, and tiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class RankSet:
    """The ranks a model may truly have; 1 is best."""

    best: int
    worst: int


def rank_sets(models: int, better: Sequence[tuple[int, int]]) -> list[RankSet]:
    """Rank sets from the pairs known to differ.

    If the pairs hold simultaneously with 95 % confidence, so do the sets (Mogstad, Romano, Shaikh & Wilhelm 2024).

    Args:
        models: How many there are.
        better: Pairs (winner, loser).
    """
    above, below = [0] * models, [0] * models
    for winner, loser in better:
        above[loser] += 1
        below[winner] += 1
    return [RankSet(1 + a, models - b) for a, b in zip(above, below, strict=True)]


def tiers(means: Sequence[float | None], differs: NDArray[Any]) -> list[int | None]:
    """Groups of models, from 1: going down the means, a tier ends before the first model that differs from its top.

    Args:
        means: One per model; None is left out.
        differs: models × models, whether two are known to differ.
    """
    order = sorted((i for i, mean in enumerate(means) if mean is not None), key=lambda i: (-(means[i] or 0.0), i))
    made: list[int | None] = [None] * len(means)
    tier, top = 0, -1
    for model in order:
        if top < 0 or differs[top, model]:
            tier, top = tier + 1, model
        made[model] = tier
    return made


def critical_value(largest: NDArray[Any], confidence: float) -> float:
    """The `confidence` quantile of resampled maxima, from above."""
    return float(np.quantile(largest, confidence, method="higher"))
