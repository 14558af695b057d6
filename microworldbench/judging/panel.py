"""A panel: every criterion is judged by every member, and the majority of the members decides.

Each member's verdicts are kept under its own name; `outcomes.reduce_votes` combines them: the majority of the members
present, ``cannot_tell`` on a tie, missing where fewer than half are present.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..errors import InputError
from ..rubric import Criterion, Task
from .protocol import Answer, Group, Judge, JudgeIdentity, Question


class Panel:
    """A judge made of judges that all judge everything.

    Args:
        members: At least two, told apart by name. What a member cannot judge counts as a lost vote of it.

    Raises:
        InputError: fewer than two members, two of one name, or a member that is itself a panel or cascade.
    """

    def __init__(self, members: Sequence[Judge]) -> None:
        if len(members) < 2:
            raise InputError(f"a panel needs at least two judges, got {len(members)}")
        names = [m.identity.name for m in members]
        if repeated := sorted({n for n in names if names.count(n) > 1}):
            raise InputError(f"a panel lists {repeated[0]!r} twice; its members' verdicts are told apart by name")
        if made := [n for n, m in zip(names, members, strict=True) if hasattr(m, "members")]:
            raise InputError(f"{made[0]!r} is made of judges itself; list its members in the panel instead")
        self.members = tuple(members)

    @property
    def identity(self) -> JudgeIdentity:
        """The members' names and identities in order."""
        names = [m.identity.name for m in self.members]
        return JudgeIdentity(
            name="panel:" + ",".join(names),
            settings={"panel": [*names], "members": [m.identity.model_dump(mode="json") for m in self.members]},
        )

    @property
    def deterministic(self) -> bool:
        """True if every member is; the engine asks each group's own judge."""
        return all(m.deterministic for m in self.members)

    def groups(self, task: Task, criteria: Sequence[Criterion]) -> list[Group]:
        """Every member's groups over all criteria."""
        return [
            replace(group, name=f"{member.identity.name}/{group.name}")
            for member in self.members
            for group in member.groups(task, criteria)
        ]

    def worst_case_usd(self, question: Question) -> float | None:
        """What the question costs at the member whose group it is."""
        return self._member(question).worst_case_usd(question)

    def ask(self, question: Question) -> Answer | Awaitable[Answer]:
        """Asks the member whose group it is. The engine asks members directly; this serves other callers."""
        member = self._member(question)
        return member.ask(replace(question, group=question.group.removeprefix(f"{member.identity.name}/")))

    def _member(self, question: Question) -> Judge:
        return next(m for m in self.members if question.group.startswith(f"{m.identity.name}/"))


def leaves(judge: Judge) -> tuple[Judge, ...]:
    """The judges that are really asked: a cascade's or panel's members, or `judge` itself."""
    members: Sequence[Judge] = getattr(judge, "members", ())
    return tuple(leaf for member in members for leaf in leaves(member)) or (judge,)


def panel_of(judge: Judge) -> tuple[Judge, ...]:
    """The members of `judge` if it is a panel, of the panel in it if it is a cascade, else nobody."""
    if isinstance(judge, Panel):
        return judge.members
    members: Sequence[Judge] = getattr(judge, "members", ())
    return next((found for member in members if (found := panel_of(member))), ())


def panel_names(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The same from a judge's recorded settings: the names of the panel's members, in order."""
    if isinstance(names := settings.get("panel"), list):
        return tuple(map(str, names))
    members = settings.get("members")
    inner = (
        [m["settings"] for m in members if isinstance(m, dict) and isinstance(m.get("settings"), dict)]
        if (isinstance(members, list))
        else []
    )
    return next((found for one in inner if (found := panel_names(one))), ())
