"""``cascade:a,b``: each criterion goes to the first member that can judge it."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import replace

from ..errors import InputError
from ..rubric import Criterion, Task
from .panel import panel_of
from .protocol import Answer, Group, Judge, JudgeIdentity, Question


class Cascade:
    """A judge made of judges.

    Args:
        members: Asked in this order; a criterion goes to the first whose groups hold it. A member with a method
            ``holds(task, criterion)`` is offered only what it holds: a replay leaves what was changed since to others.

    Raises:
        InputError: fewer than two members, two of the same identity, or two panels.
    """

    def __init__(self, members: Sequence[Judge]) -> None:
        if len(members) < 2:
            raise InputError(f"a cascade needs at least two judges, got {len(members)}")
        if len({m.identity.digest for m in members}) < len(members):
            raise InputError("a cascade lists the same judge twice: " + ", ".join(m.identity.name for m in members))
        if sum(bool(panel_of(m)) for m in members) > 1:
            raise InputError("a cascade may hold one panel, which then judges everything that is left")
        self.members = tuple(members)

    @property
    def identity(self) -> JudgeIdentity:
        """The members' identities in order."""
        return JudgeIdentity(
            name="cascade:" + ",".join(m.identity.name for m in self.members),
            settings={"members": [m.identity.model_dump(mode="json") for m in self.members]},
        )

    @property
    def deterministic(self) -> bool:
        """True if every member is; the engine asks each group's own judge."""
        return all(m.deterministic for m in self.members)

    def groups(self, task: Task, criteria: Sequence[Criterion]) -> list[Group]:
        """The members' groups, each over what the members before it left."""
        remaining = list(criteria)
        found: list[Group] = []
        for member in self.members:
            holds = getattr(member, "holds", None)
            offered = remaining if holds is None else [c for c in remaining if holds(task, c)]
            groups = member.groups(task, offered)
            found += [replace(group, name=f"{member.identity.name}/{group.name}") for group in groups]
            taken = {c.id for group in groups for c in group.criteria}
            remaining = [c for c in remaining if c.id not in taken]
        return found

    def worst_case_usd(self, question: Question) -> float | None:
        """What the question costs at the member whose group it is."""
        return self._member(question).worst_case_usd(question)

    def ask(self, question: Question) -> Answer | Awaitable[Answer]:
        """Asks the member whose group it is. The engine asks members directly; this serves other callers."""
        member = self._member(question)
        return member.ask(replace(question, group=question.group.removeprefix(f"{member.identity.name}/")))

    def _member(self, question: Question) -> Judge:
        return next(m for m in self.members if question.group.startswith(f"{m.identity.name}/"))
