"""From votes to the outcome of a criterion: named reducers over one judge's votes, then over the members of a panel.

A panel's members are never pooled: each member's votes are reduced first, and its members then count one each.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from enum import Enum
from typing import Literal, get_args

from .errors import UnknownNameError
from .results import Verdict

Reducer = Literal["majority", "unanimous", "first"]
"""How one judge's votes on a criterion become one outcome; see `reduce_votes`."""


class Outcome(Enum):
    """One criterion of one video, after its votes are reduced."""

    MET = "met"
    NOT_MET = "not_met"
    CANNOT_TELL = "cannot_tell"
    MISSING = "missing"

    @property
    def met(self) -> bool | None:
        """The answer; None where there is none."""
        return {"met": True, "not_met": False}.get(self._value_)

    @property
    def share(self) -> float:
        """Share of its weight that the criterion enters the point value with: half where its verdict is missing."""
        return {"met": 1.0, "missing": 0.5}.get(self._value_, 0.0)


def reduce_votes(votes: Sequence[Verdict], reducer: Reducer = "majority", *, members: Collection[str] = ()) -> Outcome:
    """The outcome of one criterion of one video.

    ``majority``: of the votes that are present; no majority is ``cannot_tell``. ``unanimous``: what all present votes
    say; any disagreement is ``cannot_tell``. Under both, fewer than half present is missing. ``first``: the present
    vote of the lowest number.

    Where several judges voted (a panel), each one's votes are reduced by `reducer`, and the majority of the members
    that are present decides; a tie is ``cannot_tell``; fewer than half present is missing.

    Args:
        votes: Verdicts on one criterion of one video.
        reducer: A name from above.
        members: Judges of a panel. If one of them voted, those who did not count as lost.

    Raises:
        UnknownNameError: no reducer is called that.
    """
    reduce = REDUCERS.get(reducer)
    if reduce is None:
        raise UnknownNameError("reducer", reducer, REDUCERS)
    by_judge: dict[str, list[Verdict]] = {}
    for vote in votes:
        by_judge.setdefault(vote.judge, []).append(vote)
    if not by_judge.keys().isdisjoint(members):
        by_judge |= {name: [] for name in members if name not in by_judge}
    outcomes = [reduce(one) for one in by_judge.values()]
    return outcomes[0] if len(outcomes) == 1 else _majority(outcomes)


def outcome_of(verdict: Verdict) -> Outcome:
    """The outcome of one vote alone."""
    if verdict.is_missing:
        return Outcome.MISSING
    return {True: Outcome.MET, False: Outcome.NOT_MET}.get(verdict.met, Outcome.CANNOT_TELL)  # type: ignore[arg-type]


def _majority(outcomes: Iterable[Outcome]) -> Outcome:
    given = list(outcomes)
    present = [o for o in given if o is not Outcome.MISSING]
    if not present or 2 * len(present) < len(given):
        return Outcome.MISSING
    for outcome in (Outcome.MET, Outcome.NOT_MET):
        if 2 * present.count(outcome) > len(present):
            return outcome
    return Outcome.CANNOT_TELL


def _majority_of_votes(votes: Sequence[Verdict]) -> Outcome:
    return _majority(outcome_of(vote) for vote in votes)


def _unanimous(votes: Sequence[Verdict]) -> Outcome:
    given = [outcome_of(vote) for vote in votes]
    present = [o for o in given if o is not Outcome.MISSING]
    if not present or 2 * len(present) < len(given):
        return Outcome.MISSING
    return present[0] if len(set(present)) == 1 else Outcome.CANNOT_TELL


def _first(votes: Sequence[Verdict]) -> Outcome:
    in_order = (outcome_of(vote) for vote in sorted(votes, key=lambda v: v.vote))
    return next((o for o in in_order if o is not Outcome.MISSING), Outcome.MISSING)


REDUCERS: dict[str, Callable[[Sequence[Verdict]], Outcome]] = {
    "majority": _majority_of_votes,
    "unanimous": _unanimous,
    "first": _first,
}
"""Every reducer by name."""

assert set(REDUCERS) == set(get_args(Reducer))
