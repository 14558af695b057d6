"""What each expert wants of a task's rubric, read from the answers of the first round."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from ...rubric import Criterion, Dimension, Polarity, Task, digest_of
from ..store.board import Given
from ..store.events import Fields

Action = Literal["keep", "weight", "modify", "delete"]
ACTIONS: tuple[Action, ...] = ("keep", "weight", "modify", "delete")
TASK_ACTIONS = ("keep", "drop")
MAX_SUPPLEMENTS = 8
"""Criteria one expert may add to a task."""


@dataclass(frozen=True)
class Wording:
    """What a criterion says, apart from its weight."""

    statement: str
    dimension: Dimension
    polarity: Polarity

    @classmethod
    def of(cls, criterion: Criterion) -> Wording:
        """That of an existing criterion."""
        return cls(criterion.statement, criterion.dimension, criterion.polarity)

    @property
    def id(self) -> str:
        """Names it on ballots; the same for texts that differ by spacing or case only."""
        told = " ".join(self.statement.split()).casefold()
        return f"w{digest_of([told, self.dimension.value, self.polarity.value])[:10]}"


@dataclass(frozen=True)
class Position:
    """What one expert wants of one criterion."""

    expert: str
    action: Action
    weight: float
    """The present one, unless another is wanted."""
    wording: Wording | None = None
    """None where no other is wanted."""
    why: str = ""


@dataclass(frozen=True)
class Proposal:
    """A criterion that somebody misses."""

    wording: Wording
    weights: dict[str, float]
    """By expert who proposed it, the weight given."""
    whys: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Names it on ballots; no criterion is called so."""
        return f"_p{self.wording.id[1:]}"


@dataclass
class TaskPositions:
    """Everything that experts want of one task."""

    task: Task
    experts: list[str] = field(default_factory=list)
    """Who said anything about the task."""
    drop: dict[str, str] = field(default_factory=dict)
    """By expert who wants to drop the task, why."""
    criteria: dict[str, list[Position]] = field(default_factory=dict)
    proposals: dict[str, Proposal] = field(default_factory=dict)
    """By id, in the order first made."""


def read_positions(task: Task, answers: Iterable[Given]) -> TaskPositions:
    """Positions of the first round; what an answer leaves open is no position.

    Args:
        task: As it was shown.
        answers: The answers that count on this task, one an expert.
    """
    found = TaskPositions(task, criteria={criterion.id: [] for criterion in task.criteria})
    for answer in sorted(answers, key=lambda a: a.expert):
        fields = answer.fields
        found.experts.append(answer.expert)
        if fields.get("task") == "drop" and fields.get("why._task"):
            found.drop[answer.expert] = fields["why._task"]
        for criterion in task.criteria:
            if (position := _position(answer.expert, criterion, fields)) is not None:
                found.criteria[criterion.id].append(position)
        for wording, weight, why in supplements(fields):
            _propose(found, answer.expert, wording, weight, why)
    return found


def _position(expert: str, criterion: Criterion, fields: Fields) -> Position | None:
    name, why = criterion.id, fields.get(f"why.{criterion.id}", "")
    if criterion_gaps(criterion, fields, rationale="changes"):
        return None
    action: Action = fields[f"action.{name}"]  # type: ignore[assignment]
    weight = wanted_weight(criterion, fields)
    wording = wanted_wording(criterion, fields) if action == "modify" else None
    return Position(expert, action, weight, wording, why)


def wanted_weight(criterion: Criterion, fields: Fields) -> float:
    """The weight an answer gives a criterion."""
    if fields.get(f"action.{criterion.id}") not in ("weight", "modify"):
        return criterion.weight
    return float(fields.get(f"weight.{criterion.id}", criterion.weight))


def wanted_wording(criterion: Criterion, fields: Fields) -> Wording | None:
    """The wording an answer gives a criterion; None where it is the present one."""
    name = criterion.id
    wording = Wording(
        fields.get(f"statement.{name}", criterion.statement),
        Dimension(fields.get(f"dimension.{name}", criterion.dimension.value)),
        Polarity(fields.get(f"polarity.{name}", criterion.polarity.value)),
    )
    return None if wording == Wording.of(criterion) else wording


def criterion_gaps(criterion: Criterion, fields: Fields, rationale: Literal["changes", "all"]) -> dict[str, str]:
    """What is left to say about one criterion."""
    name = criterion.id
    action = fields.get(f"action.{name}")
    if action is None:
        return {f"action.{name}": "no answer yet"}
    if action == "weight" and wanted_weight(criterion, fields) == criterion.weight:
        return {f"weight.{name}": f"choose another weight than {criterion.weight:g}"}
    if action == "modify" and wanted_wording(criterion, fields) is None:
        return {f"statement.{name}": "write it otherwise, or choose another action"}
    if (action != "keep" or rationale == "all") and not fields.get(f"why.{name}"):
        return {f"why.{name}": "say why"}
    return {}


def supplements(fields: Fields) -> Iterator[tuple[Wording, float, str]]:
    """The finished supplements of an answer: wording, weight and why."""
    for number in supplement_numbers(fields):
        if not supplement_gaps(number, fields):
            part = {name: fields[f"new.{number}.{name}"] for name in _SUPPLEMENT}
            wording = Wording(part["statement"], Dimension(part["dimension"]), Polarity(part["polarity"]))
            yield wording, float(part["weight"]), part["why"]


def supplement_numbers(fields: Fields) -> list[int]:
    """Numbers of the supplements in which something is written."""
    found = (re.fullmatch(r"new\.([0-9]+)\.(statement|why)", name) for name in fields)
    return sorted({int(match[1]) for match in found if match})


def supplement_gaps(number: int, fields: Fields) -> dict[str, str]:
    """What is left to say about one supplement."""
    return {
        f"new.{number}.{part}": said for part, said in _SUPPLEMENT.items() if not fields.get(f"new.{number}.{part}")
    }


_SUPPLEMENT = {
    "statement": "write the claim",
    "dimension": "choose a dimension",
    "polarity": "choose reward or penalty",
    "weight": "choose a weight",
    "why": "say why",
}


def _propose(found: TaskPositions, expert: str, wording: Wording, weight: float, why: str) -> None:
    name = Proposal(wording, {}).id
    before = found.proposals.get(name, Proposal(wording, {}))
    weights = {expert: weight} | before.weights  # said twice by one expert, the first time counts
    whys = before.whys if why in before.whys else (*before.whys, why)
    found.proposals[name] = Proposal(before.wording, weights, whys)
