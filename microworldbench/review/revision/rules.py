"""The majority rules: what becomes of a criterion, of a supplement, of a task. Pure, deterministic, in this order.

A quorum is more than half of the experts (two of three). Deletion is decided first. A weight changes where a quorum
wants it changed, to the median of all weights given (who wants no change counts with the present one), snapped to the
grid. A wording changes where a quorum agrees on one, in the first round or on the ballot of the second. A supplement
needs a quorum, its authors counting. Where at least half want a change and no rule finds one, all stays as it is and
the case is listed as unresolved; the third round may settle it, again by a quorum.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ...rubric import Criterion
from .positions import Position, Proposal, Wording

RULES_VERSION = "1"
Votes = Mapping[str, str]
"""By expert, the option chosen."""
KEEP, DELETE, CURRENT, YES, NO = "keep", "delete", "current", "yes", "no"


@dataclass(frozen=True)
class Quorums:
    """How many experts decide in each round."""

    first: int
    ballot: int
    settling: int


@dataclass(frozen=True)
class Ruling:
    """What becomes of a criterion or supplement."""

    wording: Wording
    weight: float
    stands: bool
    """False where it is deleted, or not added."""
    rules: tuple[str, ...] = ()
    """The rules that changed or confirmed something; empty where too few wanted a change."""
    unresolved: str | None = None
    """Why the case is listed."""

    def by(self, rule: str) -> Ruling:
        """The same with one more rule that was used."""
        return replace(self, rules=(*self.rules, rule))

    def listed(self, why: str) -> Ruling:
        """The same with one more reason to list it."""
        return replace(self, unresolved=why if self.unresolved is None else f"{self.unresolved}; {why}")


def rule_on_criterion(
    criterion: Criterion,
    positions: Sequence[Position],
    ballot: Votes,
    settled: Votes,
    quorums: Quorums,
    grid: Sequence[float],
) -> Ruling:
    """What becomes of `criterion`.

    Args:
        criterion: As it was shown.
        positions: Of the first round.
        ballot: Of the second round: `CURRENT` or the id of a wording.
        settled: Of the third round; see `options`.
        quorums: How many decide.
        grid: Weights that can be given.
    """
    ruling = _before_settling(criterion, positions, ballot, quorums, grid)
    choice = chosen(settled, quorums.settling)
    if ruling.unresolved is None or choice is None:
        return ruling
    final = replace(ruling, unresolved=None).by("settled")
    if choice == DELETE:
        return replace(final, stands=False)
    if choice.startswith("weight:"):
        return replace(final, weight=float(choice.removeprefix("weight:")))
    return replace(final, wording=wordings(positions).get(choice, final.wording))


def _before_settling(
    criterion: Criterion, positions: Sequence[Position], ballot: Votes, quorums: Quorums, grid: Sequence[float]
) -> Ruling:
    ruling = Ruling(Wording.of(criterion), criterion.weight, stands=True)
    if sum(p.action == "delete" for p in positions) >= quorums.first:
        return replace(ruling, stands=False).by("deleted")
    ruling = _reweighed(ruling, positions, quorums.first, grid)
    ruling = _reworded(ruling, positions, ballot, quorums)
    changes = sum(p.action != "keep" for p in positions)
    if not ruling.rules and ruling.unresolved is None and _many(changes, len(positions), quorums.first):
        return ruling.listed("no action has a majority")
    return ruling


def _reweighed(ruling: Ruling, positions: Sequence[Position], quorum: int, grid: Sequence[float]) -> Ruling:
    changers = [p for p in positions if p.weight != ruling.weight]
    if len(changers) < quorum:
        tied = _many(len(changers), len(positions), quorum)
        return ruling.listed("as many want another weight as not") if tied else ruling
    weight = snapped(statistics.median(p.weight for p in positions), grid, ruling.weight)
    if weight == ruling.weight:
        return ruling.listed("a majority wants another weight, but not in one direction")
    return replace(ruling, weight=weight).by("reweighed")


def _reworded(ruling: Ruling, positions: Sequence[Position], ballot: Votes, quorums: Quorums) -> Ruling:
    candidates = wordings(positions)
    authors = Counter(p.wording.id for p in positions if p.wording is not None)
    agreed = next((name for name, count in authors.items() if count >= quorums.first), None)
    if agreed is not None:
        return replace(ruling, wording=candidates[agreed]).by("reworded")
    if not ballot:
        split = _many(authors.total(), len(positions), quorums.first)
        return ruling.listed("no wording has a majority") if split else ruling
    choice = chosen(ballot, quorums.ballot)
    if choice == CURRENT:
        return ruling.by("wording kept")
    if choice in candidates:
        return replace(ruling, wording=candidates[choice]).by("reworded by ballot")
    changes = sum(option != CURRENT for option in ballot.values())
    return ruling.listed("no wording has a majority") if _many(changes, len(ballot), quorums.ballot) else ruling


def rule_on_proposal(
    proposal: Proposal,
    ballot: Votes,
    weights: Mapping[str, float],
    settled: Votes,
    quorums: Quorums,
    grid: Sequence[float],
) -> Ruling:
    """What becomes of a supplement.

    Args:
        proposal: It, with its authors.
        ballot: Of the second round: `YES` or `NO`. An author who does not vote counts as a yes.
        weights: By expert, the weight it should have.
        settled: Of the third round: `YES` or `NO`.
        quorums: How many decide.
        grid: Weights that can be given.
    """
    votes = {**dict.fromkeys(proposal.weights, YES), **ballot}
    first = next(iter(proposal.weights.values()))
    given = {**proposal.weights, **weights}
    backing = [expert for expert, vote in votes.items() if vote == YES]
    median = statistics.median([given.get(expert, first) for expert in backing] or [first])
    ruling = Ruling(proposal.wording, snapped(median, grid, first), stands=False)
    quorum = quorums.ballot if ballot else quorums.first
    if len(backing) >= quorum:
        return replace(ruling, stands=True).by("added")
    if not ballot:
        return ruling.listed("not voted on")
    if not _many(len(backing), len(votes), quorum):
        return ruling.by("not added")
    choice = chosen(settled, quorums.settling)
    if choice is None:
        return ruling.listed("as many want it added as not")
    return replace(ruling, stands=choice == YES).by("settled")


def rule_on_task(drop: int, experts: int, settled: Votes, quorums: Quorums) -> tuple[bool, str | None]:
    """Whether a task stays, and why the case is listed if it is.

    Args:
        drop: How many want to drop it.
        experts: How many said anything about it.
        settled: Of the third round: `KEEP` or `DELETE`.
        quorums: How many decide.
    """
    if drop >= quorums.first:
        return False, None
    if not _many(drop, experts, quorums.first):
        return True, None
    choice = chosen(settled, quorums.settling)
    return choice != DELETE, None if choice else "as many want the task dropped as not"


def options(criterion: Criterion, positions: Sequence[Position]) -> list[str]:
    """What the third round may choose between for an unresolved criterion."""
    found = [KEEP, *wordings(positions)]
    found += [f"weight:{w:g}" for w in sorted({p.weight for p in positions} - {criterion.weight})]
    return [*found, DELETE] if any(p.action == "delete" for p in positions) else found


def wordings(positions: Sequence[Position]) -> dict[str, Wording]:
    """The distinct wordings that were proposed, by id, in the order of their first authors."""
    found: dict[str, Wording] = {}
    for position in positions:
        if position.wording is not None:
            found.setdefault(position.wording.id, position.wording)
    return found


def chosen(votes: Votes, quorum: int) -> str | None:
    """The option that a quorum chose."""
    counts = Counter(votes.values())
    return next((option for option, count in counts.items() if count >= quorum), None)


def snapped(weight: float, grid: Sequence[float], current: float) -> float:
    """The nearest weight that can be given (the present one can); of two equally near ones the smaller."""
    return min({*grid, current}, key=lambda known: (round(abs(known - weight), 9), known))


def _many(votes: int, of: int, quorum: int) -> bool:
    """True where so many want a change that one cannot say that a majority does not."""
    return votes > 0 and (votes >= quorum or 2 * votes >= of)
