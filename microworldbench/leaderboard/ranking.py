"""Entries to tables: scores, rank sets, tiers, all paired differences, and how much hangs on failed videos."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..scoring import MICRO
from ..stats import paired
from ..stats.estimates import rounded, rounded_ends
from ..suites.snapshot import Snapshot
from .entries import Entry
from .records import PairDifference, Row, Table, Treatments
from .rules import skeleton

Name = Literal["completed_only", "failure_at_worst", "floored_at_zero"]


@dataclass(frozen=True)
class Ranked:
    """A table with what its pages are made of."""

    table: Table
    entries: tuple[Entry, ...]
    """In the order of the table's rows."""
    differences: tuple[PairDifference, ...]
    """Every pair, the higher row first."""
    view: Snapshot
    root = "../"
    """The way from the table's folder to the site's."""

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Where each task's criteria begin among all."""
        result: NDArray[np.int64] = np.cumsum([0, *(len(task.criteria) for task in self.view.tasks)])
        return result

    @cached_property
    def names(self) -> tuple[str, ...]:
        """How each row is called: its model, with the version where the table holds several of it."""
        counts = Counter(row.about.model for row in self.table.rows)
        return tuple(
            f"{row.about.model} {row.about.version}" if counts[row.about.model] > 1 else row.about.model
            for row in self.table.rows
        )

    def between(self, first: int, second: int) -> tuple[PairDifference, int]:
        """The difference of two rows by place, and 1, or −1 where the pair stands the other way round."""
        low, high, count = min(first, second), max(first, second), len(self.entries)
        place = low * count - low * (low + 1) // 2 + high - low - 1
        return self.differences[place], 1 if first < second else -1


def rank(entries: Sequence[Entry], views: Mapping[str, Snapshot]) -> list[Ranked]:
    """Sorts entries into tables and ranks each.

    Args:
        entries: Of all submissions.
        views: Views by the sha256 of their file.

    Raises:
        InputError: two submissions claim one row, or name one view but hold different content.
    """
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.table, []).append(entry)
    names = [_table_id(group[0], key) for key, group in groups.items()]
    made = [_ranked(name, group, _one_view(group, views)) for name, group in zip(names, groups.values(), strict=True)]
    return sorted(made, key=lambda r: (-len(r.entries), -r.table.tasks, r.table.id))


def _table_id(entry: Entry, key: str) -> str:
    """Readable, and unique by a part of the digest of what makes it a table."""
    card = entry.card
    named = f"{card.suite.id}-{card.suite.version}-{card.judge.name}"
    return f"{re.sub(r'[^a-z0-9]+', '-', named.lower()).strip('-')[:60].strip('-')}-{key[:8]}"


def _one_view(group: Sequence[Entry], views: Mapping[str, Snapshot]) -> Snapshot:
    first = group[0]
    for other in group[1:]:
        if views[other.view_file] != views[first.view_file]:
            raise InputError(
                f"submissions {first.slug!r} and {other.slug!r} name one view but hold different tasks, criteria or "
                "weights; 'mwb leaderboard check' says which is wrong"
            )
    return views[first.view_file]


def _ranked(name: str, group: Sequence[Entry], view: Snapshot) -> Ranked:
    _refuse_twins(group)
    entries = sorted(group, key=lambda e: (-_overall(e), e.slug))
    scores = np.array([entry.values for entry in entries])
    scored = ~np.isnan(scores).any(axis=0)
    found = paired.compare(scores[:, scored], [entry.slug for entry in entries])
    treated = _treated(entries, scored)
    moves = {name: _moved(_usual(entries, scored), values) for name, values in treated.items()}
    wins = _win_rates(scores[:, scored])
    first = entries[0]
    rows = tuple(_row(entry, number, found, treated, moves, wins) for number, entry in enumerate(entries))
    table = Table(
        id=name,
        suite=first.card.suite,
        title=view.suite.title,
        view=first.card.view,
        judge=first.card.judge,
        tasks=len(view.tasks),
        rows=rows,
        order_depends_on_failures=any(bool(moved.any()) for moved in moves.values()),
    )
    return Ranked(table, tuple(entries), tuple(_difference(d) for d in found.differences), view)


def _refuse_twins(group: Sequence[Entry]) -> None:
    seen: dict[tuple[str, str], str] = {}
    for entry in group:
        key = (skeleton(entry.about.model), skeleton(entry.about.version))
        if (other := seen.setdefault(key, entry.slug)) != entry.slug:
            raise InputError(
                f"submissions {other!r} and {entry.slug!r} are both {entry.about.model} {entry.about.version} on one "
                "suite by one judge; keep one of them, or state different versions"
            )


def _row(
    entry: Entry,
    number: int,
    found: paired.Comparison,
    treated: dict[Name, NDArray[np.float64]],
    moves: dict[Name, NDArray[np.bool_]],
    wins: Sequence[float],
) -> Row:
    card, ranks, tier = entry.card, found.ranks, found.tiers[number]
    assert card.overall is not None
    assert tier is not None
    lost = float(np.nanmean(entry.lost))
    assert card.overall.value is not None
    earned = card.overall.value + lost
    completed = treated["completed_only"][number]
    return Row(
        submission=entry.slug,
        about=entry.about,
        digest=entry.digest,
        standing=entry.standing,
        best_rank=None if ranks is None else ranks[number].best,
        worst_rank=None if ranks is None else ranks[number].worst,
        tier=tier,
        score=card.overall,
        corrected=None if card.corrected is None else card.corrected.overall,
        by_level=card.by_level,
        by_dimension=card.by_dimension,
        lost_to_penalties=rounded(lost),
        penalty_share=rounded(lost / earned) if earned > 1e-9 else None,
        win_rate=rounded(wins[number]) if len(wins) > 1 else None,
        failure_rate=card.failures.rate,
        treatments=Treatments(
            completed_only=None if np.isnan(completed) else rounded(float(completed)),
            failure_at_worst=rounded(float(treated["failure_at_worst"][number])),
            floored_at_zero=rounded(float(treated["floored_at_zero"][number])),
            moves=tuple(name for name, moved in moves.items() if moved[number]),
        ),
        tasks=len(entry.values),
        seeds=entry.seeds,
        usage=card.usage,
        certificate=card.certificate,
    )


def _difference(made: paired.Difference) -> PairDifference:
    assert made.value is not None
    assert made.p is not None
    assert made.p_adjusted is not None
    return PairDifference(
        first=str(made.first),
        second=str(made.second),
        value=rounded(made.value / MICRO),
        ci95=rounded_ends(made.interval, MICRO),
        simultaneous95=rounded_ends(made.simultaneous, MICRO),
        p=rounded(made.p),
        p_adjusted=rounded(made.p_adjusted),
    )


def _overall(entry: Entry) -> float:
    assert entry.card.overall is not None
    assert entry.card.overall.value is not None
    return entry.card.overall.value


def _usual(entries: Sequence[Entry], scored: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.array([round(float(entry.values[scored].sum())) / MICRO / scored.sum() for entry in entries])


def _treated(entries: Sequence[Entry], scored: NDArray[np.bool_]) -> dict[Name, NDArray[np.float64]]:
    """The rows' scores under each other treatment of failed videos, as `comparison.failures` has them."""
    failed = np.array([entry.failed for entry in entries])
    completed = scored & ~(failed > 0).any(axis=0)
    values = np.array([entry.values for entry in entries])
    at_worst = [(e.kept + e.failed * e.worst)[scored].mean() / e.seeds for e in entries]
    only = values[:, completed].mean(axis=1) / MICRO if completed.any() else np.full(len(entries), np.nan)
    return {
        "completed_only": only,
        "failure_at_worst": np.array(at_worst),
        "floored_at_zero": np.maximum(values[:, scored], 0.0).mean(axis=1) / MICRO,
    }


def _moved(usual: NDArray[np.float64], treated: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Rows of which some pair stands otherwise than as scored."""
    before, after = (np.sign(np.round(v[:, None] - v[None, :], 6)) for v in (usual, treated))
    with np.errstate(invalid="ignore"):
        result: NDArray[np.bool_] = ((before != after) & ~np.isnan(after)).any(axis=1)
    return result


def _win_rates(scores: NDArray[np.float64]) -> list[float]:
    """Each row's share of wins over tasks and opponents, a tie counting half."""
    others = max(1, len(scores) - 1) * scores.shape[1]
    leads = [float(np.sign(row - scores).sum()) for row in scores]
    return [(lead / others + 1) / 2 for lead in leads]
