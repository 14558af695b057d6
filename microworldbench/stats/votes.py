"""Counting votes: wins, ties and losses by task, and circles of preference."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .clustering import within
from .estimates import Estimate, finite
from .intervals import wilson, wilson_of_clusters
from .resampling import RESAMPLES, check_confidence, evaluate, spreads

Vote = tuple[Hashable, Hashable, Hashable, float]
"""(task, first shown, second shown, 1 if the first won, 0 if the second, 0.5 for a tie)."""


@dataclass(frozen=True)
class Tally:
    """Votes as tables tasks × items × items, ready for `bradley_terry`, `davidson` and `side_effect`."""

    items: tuple[Hashable, ...]
    tasks: tuple[Hashable, ...]
    first_won: NDArray[Any]
    """i was shown first, j second, and i won."""
    second_won: NDArray[Any]
    """i was shown first, j second, and j won."""
    tied_by_side: NDArray[Any]
    """i was shown first, j second, and neither won."""

    @property
    def wins(self) -> NDArray[Any]:
        """How often i beat j, whichever side it was on."""
        result: NDArray[Any] = self.first_won + self.second_won.transpose(0, 2, 1)
        return result

    @property
    def ties(self) -> NDArray[Any]:
        """How often i and j tied; symmetric."""
        result: NDArray[Any] = self.tied_by_side + self.tied_by_side.transpose(0, 2, 1)
        return result


def tally_votes(votes: Sequence[Vote], items: Sequence[Hashable] | None = None) -> Tally:
    """Sorts votes into tables.

    Args:
        votes: (task, first shown, second shown, outcome) with outcome 1, 0 or 0.5 as the first item's points.
        items: All items in order, the first being the reference; None takes those voted on, sorted by name.

    Raises:
        InputError: An outcome other than these, an unknown item, or an item against itself.
    """
    found = {name for _, first, second, _ in votes for name in (first, second)}
    known = tuple(sorted(found, key=str)) if items is None else tuple(items)
    if len(set(known)) < len(known):
        raise InputError(f"items must differ from each other, got {list(known)}")
    place = {name: i for i, name in enumerate(known)}
    tasks = tuple(sorted({task for task, *_ in votes}, key=str))
    row = {task: i for i, task in enumerate(tasks)}
    tables = {outcome: np.zeros((len(tasks), len(known), len(known))) for outcome in (1.0, 0.0, 0.5)}
    for number, (task, first, second, outcome) in enumerate(votes):
        if outcome not in tables:
            raise InputError(f"votes[{number}]: the outcome must be 1, 0 or 0.5, got {outcome!r}")
        for name in (first, second):
            if name not in place:
                raise InputError(f"votes[{number}]: unknown item {name!r}; items are {list(known)}")
        if first == second:
            raise InputError(f"votes[{number}]: {first!r} is compared with itself")
        tables[float(outcome)][row[task], place[first], place[second]] += 1
    return Tally(known, tasks, tables[1.0], tables[0.0], tables[0.5])


def intransitive_triads(wins: ArrayLike) -> tuple[int, int]:
    """Circles among majorities: a beats b, b beats c, c beats a.

    Args:
        wins: Items × items, how often the row's item beat the column's.

    Returns:
        How many triples of items run in a circle, and of how many triples with three clear majorities.
    """
    table = np.nan_to_num(np.asarray(wins, dtype=np.float64))
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        raise InputError(f"wins must be items × items, got shape {table.shape}")
    beats = (table > table.T).astype(np.int64)
    either = beats + beats.T
    circles = int(np.trace(beats @ beats @ beats)) // 3
    return circles, int(np.trace(either @ either @ either)) // 6


@dataclass(frozen=True, kw_only=True)
class VoteShares:
    """How votes between two items fell; `n` of each counts votes."""

    win: Estimate
    """Share of votes for the first item."""
    tie: Estimate
    loss: Estimate
    net: Estimate
    """Wins less losses."""


def vote_shares(
    wins: ArrayLike,
    ties: ArrayLike | None = None,
    first: int = 0,
    second: int = 1,
    *,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> VoteShares:
    """Win, tie and loss ratios of two items.

    Args:
        wins: Items × items, how often the row's item beat the column's; or tasks × items × items.
        ties: Same shape, symmetric; None for a study without ties.
        first: Number of the one item.
        second: Number of the other.
        confidence: Coverage, in (0, 1).
        resamples: Bootstrap resamples of tasks.
        seed: Seed of the resamples.

    Returns:
        Shares of all votes on the two. With tasks, intervals over the tasks with a vote, Wilson's where all votes are
        alike; without, Wilson's, and none for `net`. None with `too_few` where there is no vote.

    Raises:
        InputError: Not square tables of counts, or no such items.
    """
    check_confidence(confidence)
    won = read_counts(wins, "wins")
    tied = np.zeros_like(won) if ties is None else read_counts(ties, "ties")
    if tied.shape != won.shape:
        raise InputError(f"wins and ties must have the same shape, got {won.shape} and {tied.shape}")
    items = won.shape[1]
    if first == second or not (0 <= first < items and 0 <= second < items):
        raise InputError(f"first and second must be two of the {items} items, got {first!r} and {second!r}")
    parts = [won[:, first, second], tied[:, first, second], won[:, second, first]]
    table = np.stack([*parts, parts[0] - parts[2], np.sum(parts, axis=0)], axis=1)
    table = table[table[:, -1] > 0]
    n = int(table[:, -1].sum())
    if n == 0:
        none = Estimate(value=None, n=0, reason="too_few")
        return VoteShares(win=none, tie=none, loss=none, net=none)
    if np.ndim(wins) == 2:
        single = [wilson(int(x), n, confidence=confidence) for x in table[0, :3]]
        net = Estimate(value=float(table[0, 3] / n), n=n)
        return VoteShares(win=single[0], tie=single[1], loss=single[2], net=net)
    found = spreads(table, _shares, confidence=confidence, resamples=resamples, seed=seed)
    values = [finite(v) for v in evaluate(_shares, table.sum(axis=0)[None])[0]]
    made = [
        Estimate(value=v, n=n, se=se, interval=within(interval, low, 1.0))
        for v, (se, interval), low in zip(values, found, (0.0, 0.0, 0.0, -1.0), strict=True)
    ]
    win, tie, loss = (_or_wilson(part, len(table), confidence) for part in made[:3])
    net = made[3]
    if net.interval is not None and win.value in (0.0, 1.0) and loss.value in (0.0, 1.0):
        assert win.interval is not None
        assert loss.interval is not None
        net = replace(net, interval=(win.interval[0] - loss.interval[1], win.interval[1] - loss.interval[0]))
    return VoteShares(win=win, tie=tie, loss=loss, net=net)


def _or_wilson(part: Estimate, tasks: int, confidence: float) -> Estimate:
    """The bounds of Wilson over tasks for a share of 0 or 1, which resampling cannot move."""
    if part.interval is None or part.value not in (0.0, 1.0):
        return part
    return wilson_of_clusters(part.value, tasks, part.n, confidence=confidence)


def _shares(sums: NDArray[Any]) -> NDArray[Any]:
    result: NDArray[Any] = sums[:, :-1] / sums[:, -1:]
    return result


def read_counts(given: ArrayLike, name: str) -> NDArray[Any]:
    """Counts as tasks × items × items with an empty diagonal.

    Raises:
        InputError: Not square, fewer than two items, or something other than counts.
    """
    try:
        counts = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be a square table of counts: {error}") from error
    if counts.ndim not in (2, 3) or counts.shape[-1] != counts.shape[-2]:
        raise InputError(f"{name} must be items × items or tasks × items × items, got shape {counts.shape}")
    items = counts.shape[-1]
    if items < 2:
        raise InputError(f"{name}: comparing needs at least two items, got {items}")
    counts = counts.reshape(-1, items, items).copy()
    own = np.eye(items, dtype=bool)
    if (np.nan_to_num(counts[:, own]) != 0).any():
        raise InputError(f"{name}: an item cannot be compared with itself; the diagonal must be 0 or None")
    counts[:, own] = 0.0
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise InputError(f"{name} must hold counts, none negative or missing")
    return counts
