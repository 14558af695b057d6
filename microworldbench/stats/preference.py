"""Who is preferred over whom: strengths from pairwise wins, with ties, the side shown first, and honest refusals.

`wins[i][j]` counts how often item i beat item j. A strength is a log-odds relative to item 0. Votes on one task hang
together: pass one matrix per task (tasks × items × items) and tasks are resampled. An item that never lost has no
finite strength; the value is then None with `separated` unless a ridge is asked for, and the record says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .estimates import Estimate, Interval, Reason
from .logit import RUNAWAY, Design, covariance, maximize, runs_off
from .resampling import (
    BOOTSTRAP_CLUSTERS,
    RESAMPLES,
    check_confidence,
    counts_in_blocks,
    percentile_interval,
)
from .votes import Tally, VoteShares, intransitive_triads, read_counts, tally_votes, vote_shares

__all__ = [
    "PairFit",
    "Tally",
    "VoteShares",
    "bradley_terry",
    "davidson",
    "intransitive_triads",
    "side_effect",
    "tally_votes",
    "vote_shares",
]

_BLOCK = 500  # resamples fitted at once


@dataclass(frozen=True, kw_only=True)
class PairFit:
    """Strengths of items, relative to item 0."""

    log_strength: tuple[float, ...] | None
    """None exactly when `reason` says why."""
    n: float
    """Comparisons."""
    reason: Reason | None = None
    se: tuple[float, ...] | None = None
    """Standard errors of the differences from item 0: over resampled tasks where there are any, else by information."""
    interval: tuple[Interval | None, ...] | None = None
    nu: float | None = None
    """Davidson's tie parameter: equal items tie with probability ν / (2 + ν)."""
    side: Estimate | None = None
    """Log-odds that shown first adds."""
    ridge: float = 0.0
    """Strength of the ridge; not 0 means that strengths are shrunk."""
    resamples: NDArray[Any] | None = field(default=None, repr=False, compare=False)
    """Resampled log-strengths, resamples × items, NaN where a resample has no finite fit."""

    @property
    def share_undefined(self) -> float | None:
        """Share of resamples without a finite fit; above 0.05 intervals are withheld."""
        return None if self.resamples is None else float(np.isnan(self.resamples[:, -1]).mean())


def bradley_terry(
    wins: ArrayLike,
    *,
    ridge: float = 0.0,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> PairFit:
    """Bradley & Terry's (1952) strengths by maximum likelihood.

    Args:
        wins: Items × items, how often the row's item beat the column's (None on the diagonal is allowed); or
            tasks × items × items.
        ridge: Precision of a normal prior on strengths around their mean; 0 for none. Asked for, it answers where
            maximum likelihood refuses, and `PairFit.ridge` says so.
        confidence: Coverage, in (0, 1).
        resamples: Bootstrap resamples of tasks, where tasks are given and are at least 30.
        seed: Seed of the resamples.

    Returns:
        Strengths; None with `disconnected` where items were never compared even through others, `separated` where
        an item or group never lost (or never won), `too_few` without comparisons.

    Raises:
        InputError: Not a square matrix of counts, or fewer than two items.
    """
    won = read_counts(wins, "wins")
    return _fit(won, None, None, ridge, _Bars(confidence, resamples, seed))


def davidson(
    wins: ArrayLike,
    ties: ArrayLike,
    *,
    ridge: float = 0.0,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> PairFit:
    """Davidson's (1970) extension of Bradley–Terry to ties.

    Args:
        wins: As for `bradley_terry`.
        ties: Same shape, how often the two tied: symmetric, each tie written in both places, or in one triangle only.
        ridge: As for `bradley_terry`; the tie parameter is never shrunk.
        confidence: Coverage, in (0, 1).
        resamples: Bootstrap resamples of tasks.
        seed: Seed of the resamples.

    Returns:
        Strengths and `nu`. Without any tie `nu` is 0.0 and the strengths are Bradley–Terry's.

    Raises:
        InputError: As for `bradley_terry`, or `ties` is neither symmetric nor a triangle.
    """
    won = read_counts(wins, "wins")
    tied = read_counts(ties, "ties")
    if tied.shape != won.shape:
        raise InputError(f"wins and ties must have the same shape, got {won.shape} and {tied.shape}")
    if not np.tril(tied).any() or not np.triu(tied).any():
        tied = tied + tied.transpose(0, 2, 1)
    if (tied != tied.transpose(0, 2, 1)).any():
        raise InputError("ties must be symmetric: write every tie in both places, ties[i][j] and ties[j][i]")
    return _fit(won, tied, None, ridge, _Bars(confidence, resamples, seed))


def side_effect(
    first_won: ArrayLike,
    second_won: ArrayLike,
    ties: ArrayLike | None = None,
    *,
    ridge: float = 0.0,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> PairFit:
    """Strengths and the advantage of the side shown first (Davidson & Beaver 1977).

    Args:
        first_won: Items × items (or tasks × items × items): i was shown first, j second, and i won.
        second_won: i was shown first, j second, and j won.
        ties: i was shown first, j second, and neither won; None for a study without ties.
        ridge: As for `bradley_terry`; the side's effect is never shrunk.
        confidence: Coverage, in (0, 1).
        resamples: Bootstrap resamples of tasks.
        seed: Seed of the resamples.

    Returns:
        Strengths with `side`, and with `nu` where ties are given.

    Raises:
        InputError: As for `bradley_terry`.
    """
    won, lost = read_counts(first_won, "first_won"), read_counts(second_won, "second_won")
    tied = None if ties is None else read_counts(ties, "ties")
    if lost.shape != won.shape or (tied is not None and tied.shape != won.shape):
        raise InputError(f"all counts must have the same shape as first_won, {won.shape}")
    return _fit(won, tied, lost, ridge, _Bars(confidence, resamples, seed))


@dataclass(frozen=True)
class _Bars:
    confidence: float
    resamples: int
    seed: int

    def __post_init__(self) -> None:
        check_confidence(self.confidence)
        if self.resamples < 1:
            raise InputError(f"resamples must be at least 1, got {self.resamples!r}")


def _fit(won: NDArray[Any], tied: NDArray[Any] | None, lost: NDArray[Any] | None, ridge: float, bars: _Bars) -> PairFit:
    """Fits all models: `lost` counts by side, None where the side does not count."""
    if not (ridge >= 0 and math.isfinite(ridge)):
        raise InputError(f"ridge must be a number of at least 0, got {ridge!r}")
    items, has_side = won.shape[1], lost is not None
    # A model with ties but no tie in the data is Bradley–Terry with nu = 0.
    has_ties = tied is not None and bool(tied.any())
    counts, pairs = _comparisons(won, tied, lost)
    design = _design(items, pairs, has_side=has_side, has_ties=has_ties, ridge=ridge)
    total = counts.sum(axis=0)
    reason = _refusal(total, design)
    n = float(total.sum())
    if reason is not None:
        return PairFit(log_strength=None, n=n, reason=reason, ridge=ridge)
    fitted = maximize(design, total[None])[0]
    if not np.isfinite(fitted).all():
        return PairFit(log_strength=None, n=n, reason="not_converged", ridge=ridge)
    drawn = _resample(design, counts, fitted, bars) if len(counts) >= BOOTSTRAP_CLUSTERS else None
    se, intervals = _errors(design, total, fitted, drawn, bars.confidence)
    side = items - 1
    return PairFit(
        log_strength=(0.0, *(float(x) for x in fitted[:side])),
        n=n,
        se=(0.0, *se[:side]),
        interval=((0.0, 0.0), *intervals[:side]),
        nu=None if tied is None else float(np.exp(fitted[-1])) if has_ties else 0.0,
        side=Estimate(value=float(fitted[side]), n=int(n), se=se[side], interval=intervals[side]) if has_side else None,
        ridge=ridge,
        resamples=None if drawn is None else np.pad(drawn[:, :side], ((0, 0), (1, 0))),
    )


def _comparisons(
    won: NDArray[Any], tied: NDArray[Any] | None, lost: NDArray[Any] | None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Outcome counts, tasks × comparisons × 3, and the two items of each comparison that took place."""
    items = won.shape[1]
    if lost is None:
        first, second = np.triu_indices(items, 1)
        lost = won.transpose(0, 2, 1)
    else:
        first, second = np.nonzero(~np.eye(items, dtype=bool))
    none = np.zeros_like(won) if tied is None else tied
    counts = np.stack([part[:, first, second] for part in (won, none, lost)], axis=2)
    held = counts.any(axis=(0, 2))
    return counts[:, held], np.stack([first, second], axis=1)[held]


def _design(items: int, pairs: NDArray[Any], *, has_side: bool, has_ties: bool, ridge: float) -> Design:
    rows = np.zeros((len(pairs), items + int(has_side)))
    place = np.arange(len(pairs))
    rows[place, pairs[:, 0]], rows[place, pairs[:, 1]] = 1.0, -1.0
    if has_side:
        rows[:, items] = 1.0
    rows = rows[:, 1:]  # item 0 is the reference
    penalty = np.zeros((rows.shape[1], rows.shape[1]))
    # Shrinks towards the mean of all items, so that no item is special.
    penalty[: items - 1, : items - 1] = ridge * (np.eye(items - 1) - 1 / items)
    return Design(rows, has_ties, penalty)


def _refusal(total: NDArray[Any], design: Design) -> Reason | None:
    """Why the counts have no finite fit, if so."""
    if not len(total):
        return "too_few"
    if design.has_ties and not total[:, [0, 2]].any():
        return "no_variation"
    if design.penalty.any():
        return None
    if np.linalg.matrix_rank(design.rows) < design.rows.shape[1]:
        return "disconnected"
    return "separated" if runs_off(design, total) else None


def _resample(design: Design, counts: NDArray[Any], fitted: NDArray[Any], bars: _Bars) -> NDArray[Any]:
    """Parameters refitted to each resample of tasks: resamples × parameters."""
    tasks = len(counts)
    table, made = counts.reshape(tasks, -1), []
    furthest = RUNAWAY + float(np.abs(fitted).max())
    for block in counts_in_blocks(tasks, bars.resamples, bars.seed, width=table.shape[1]):
        for start in range(0, len(block), _BLOCK):
            sums = block[start : start + _BLOCK].astype(np.float64) @ table
            made.append(maximize(design, sums.reshape(-1, *counts.shape[1:]), fitted, furthest))
    return np.concatenate(made)


def _errors(
    design: Design, total: NDArray[Any], fitted: NDArray[Any], drawn: NDArray[Any] | None, confidence: float
) -> tuple[list[float], list[Interval | None]]:
    """Standard errors and intervals of the parameters: over resampled tasks, else from the information."""
    from scipy.special import ndtri

    if drawn is not None and len(drawn) > 1 and np.isfinite(drawn).all(axis=1).mean() > 0.5:
        return [float(x) for x in np.nanstd(drawn, axis=0, ddof=1)], [
            percentile_interval(column, confidence) for column in drawn.T
        ]
    se = [float(x) for x in np.sqrt(np.diag(covariance(design, total, fitted)))]
    z = float(ndtri(1 - (1 - confidence) / 2))
    return se, [(float(x) - z * e, float(x) + z * e) for x, e in zip(fitted, se, strict=True)]
