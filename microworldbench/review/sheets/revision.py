"""Pages of a revision: everything about one task in the first round, then what is open."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from ...rubric import Dimension, Polarity, Task
from ..revision.docket import TASK, TaskDocket
from ..revision.positions import (
    ACTIONS,
    MAX_SUPPLEMENTS,
    TASK_ACTIONS,
    criterion_gaps,
    supplement_gaps,
    supplement_numbers,
)
from ..revision.rules import CURRENT, DELETE, KEEP, NO, YES, options
from ..store.events import Fields
from .sheet import Choice, Form, Writing, needs

_DIMENSIONS = tuple(d.value for d in Dimension)
_POLARITIES = tuple(p.value for p in Polarity)


@dataclass(frozen=True)
class BlindSheet:
    """The first round: every criterion, the task itself, and what is missing."""

    task: Task
    grid: tuple[float, ...]
    rationale: Literal["changes", "all"]

    @cached_property
    def form(self) -> Form:
        found: dict[str, Choice | Writing] = {"task": Choice(TASK_ACTIONS), f"why.{TASK}": Writing()}
        for criterion in self.task.criteria:
            name = criterion.id
            found |= {
                f"action.{name}": Choice(ACTIONS),
                f"weight.{name}": self.weights(criterion.weight),
                f"statement.{name}": Writing(printed=criterion.statement),
                f"dimension.{name}": Choice(_DIMENSIONS, printed=criterion.dimension.value),
                f"polarity.{name}": Choice(_POLARITIES, printed=criterion.polarity.value),
                f"why.{name}": Writing(),
            }
        for number in range(1, MAX_SUPPLEMENTS + 1):
            found |= {
                f"new.{number}.statement": Writing(),
                f"new.{number}.dimension": Choice(_DIMENSIONS),
                f"new.{number}.polarity": Choice(_POLARITIES),
                f"new.{number}.weight": self.weights(),
                f"new.{number}.why": Writing(),
            }
        return found

    def weights(self, current: float | None = None) -> Choice:
        """Weights that can be chosen."""
        shown = sorted({*self.grid, *(() if current is None else (current,))})
        return Choice(tuple(f"{w:g}" for w in shown), printed=None if current is None else f"{current:g}")

    def gaps(self, fields: Fields) -> dict[str, str]:
        if fields.get("task") == "drop":
            return needs(f"why.{TASK}", fields, "say why the task should go")
        found: dict[str, str] = {}
        for criterion in self.task.criteria:
            found |= criterion_gaps(criterion, fields, self.rationale)
        for number in supplement_numbers(fields):
            found |= supplement_gaps(number, fields)
        return found


@dataclass(frozen=True)
class BallotSheet:
    """The second round: competing wordings and supplements, authors hidden."""

    docket: TaskDocket

    @cached_property
    def form(self) -> Form:
        found: dict[str, Choice | Writing] = {}
        for name, candidates in self.docket.texts_to_vote_on.items():
            found |= {f"vote.{name}": Choice((CURRENT, *candidates)), f"why.{name}": Writing()}
        weights = Choice(tuple(f"{w:g}" for w in self.docket.grid))
        for proposal in self.docket.proposals_to_vote_on:
            name = proposal.id
            own = Choice(tuple(sorted({*weights.options, *(f"{w:g}" for w in proposal.weights.values())})))
            found |= {f"vote.{name}": Choice((YES, NO)), f"weight.{name}": own, f"why.{name}": Writing()}
        return found

    def gaps(self, fields: Fields) -> dict[str, str]:
        names = [*self.docket.texts_to_vote_on, *(p.id for p in self.docket.proposals_to_vote_on)]
        found: dict[str, str] = {}
        for name in names:
            found |= needs(f"vote.{name}", fields, "no vote yet")
        return found


@dataclass(frozen=True)
class CaseSheet:
    """The third round: what is still unresolved, to be settled by a vote after discussion."""

    docket: TaskDocket

    @cached_property
    def form(self) -> Form:
        found: dict[str, Choice | Writing] = {}
        for name in self.docket.cases:
            found |= {f"settle.{name}": Choice(tuple(self.options(name))), f"why.{name}": Writing()}
        return found

    def options(self, name: str) -> list[str]:
        """What a case can be settled as."""
        if name == TASK:
            return [KEEP, DELETE]
        if name in self.docket.positions.proposals:
            return [YES, NO]
        criterion = next(c for c in self.docket.task.criteria if c.id == name)
        return options(criterion, self.docket.said_about(name))

    def gaps(self, fields: Fields) -> dict[str, str]:
        found: dict[str, str] = {}
        for name in self.docket.cases:
            found |= needs(f"settle.{name}", fields, "no vote yet") or needs(f"why.{name}", fields, "say why")
        return found
