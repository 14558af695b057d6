"""What a call log says: which questions are answered, and what has been spent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..results import Call, Judgement, Reservation, Usage
from ..scorecard import TotalUsage

CHALLENGE = "challenge/"
"""How the group of a question begins that shows another task's frames; its answers are no verdicts."""

AnswerKey = tuple[str, int, str, str, int]
"""Task, seed, criterion, judge, vote."""


@dataclass
class Ledger:
    """The state of a call log; `add` keeps it up to date as lines are written."""

    answered: dict[AnswerKey, tuple[str, Judgement]] = field(default_factory=dict)
    """Every acknowledged judgement, with the id of its call."""
    challenged: dict[AnswerKey, tuple[str, Judgement]] = field(default_factory=dict)
    """The same for questions asked about another task's frames."""
    probes: dict[str, Call] = field(default_factory=dict)
    """The last successful probe of each judge."""
    usages: list[Usage] = field(default_factory=list)
    _open: dict[str, float] = field(default_factory=dict)
    _spent: float = 0.0

    @classmethod
    def of(cls, lines: Iterable[Reservation | Call]) -> Ledger:
        """Reads a whole log."""
        ledger = cls()
        for line in lines:
            ledger.add(line)
        return ledger

    def add(self, line: Reservation | Call) -> None:
        """Takes in one line."""
        if isinstance(line, Reservation):
            self._open[line.id] = line.worst_case_usd or 0.0
            return
        worst = self._open.pop(line.id, 0.0)
        self._spent += worst if line.usage.cost_usd is None else line.usage.cost_usd
        self.usages.append(line.usage)
        if line.status != "ok":
            return
        if line.group == "probe":
            self.probes[line.judge] = line
        answers = self.challenged if line.group.startswith(CHALLENGE) else self.answered
        for judgement in line.judgements:
            answers[line.task, line.seed, judgement.criterion, line.judge, line.vote] = (line.id, judgement)

    @property
    def committed_usd(self) -> float:
        """Money that is or may be gone: what calls cost, and every unanswered reservation at its worst case."""
        return self._spent + sum(self._open.values())

    @property
    def unanswered(self) -> int:
        """Reservations without an answer: calls that were in flight when an earlier run ended."""
        return len(self._open)

    def usage(self) -> TotalUsage:
        """Totals over the acknowledged calls; None where no call reported a figure."""

        def total(part: str) -> int | None:
            known = [n for usage in self.usages if (n := getattr(usage, part)) is not None]
            return sum(known) if known else None

        costs = [usage.cost_usd for usage in self.usages if usage.cost_usd is not None]
        return TotalUsage(
            calls=len(self.usages),
            input_tokens=total("input_tokens"),
            cached_tokens=total("cached_tokens"),
            output_tokens=total("output_tokens"),
            cost_usd=round(sum(sorted(costs)), 6) if costs else None,
        )
