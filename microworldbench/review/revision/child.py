"""The suite that a revision makes of its parent, and one decision for everything that was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue, ValidationError

from ...rubric import Criterion, Review, Suite, Task
from ..decision import Decision
from .docket import TASK, TaskDocket
from .positions import Position, Proposal, Wording
from .rules import Ruling, wordings

UNTOUCHED = "task dropped"
INVALID = "the task would have no reward left; it stays as it was"
DUPLICATE = "says the same as another criterion of the task"


def revise(
    parent: Suite, dockets: Mapping[str, TaskDocket], reviewed: Mapping[str, Review]
) -> tuple[Suite | None, list[Decision]]:
    """Applies every ruling.

    Args:
        parent: The suite that was shown.
        dockets: By task; tasks without one stay as they are.
        reviewed: What to state as the review of a task about which nothing is left open.

    Returns:
        The child, under the parent's version (None where no task is left), and the decisions in the parent's order.
    """
    tasks: list[Task] = []
    decisions: list[Decision] = []
    for task in parent.tasks:
        if task.id not in dockets:
            tasks.append(task)
            continue
        made, found = _revised(dockets[task.id])
        decisions += found
        if made is not None:
            is_open = any(decision.unresolved for decision in found)
            own = reviewed.get(task.id)
            tasks.append(made if is_open or own is None else made.model_copy(update={"review": own}))
    return (parent.model_copy(update={"tasks": tuple(tasks)}) if tasks else None), decisions


def _revised(docket: TaskDocket) -> tuple[Task | None, list[Decision]]:
    stays, why = docket.stays
    about_task = _about_task(docket, stays=stays, why=why)
    if not stays:
        moot = [_moot(docket, criterion) for criterion in docket.task.criteria]
        return None, [about_task, *(decision for decision in moot if decision is not None)]
    kept: list[Criterion] = []
    decisions = []
    for criterion in docket.task.criteria:
        ruling = docket.criterion(criterion)
        after = changed(criterion, ruling) if ruling.stands else None
        decisions.append(_about_criterion(docket, criterion, ruling, after))
        kept += [after] if after is not None else []
    for proposal in docket.positions.proposals.values():
        ruling = docket.proposal(proposal)
        after, ruling = _added(proposal, ruling, kept, docket.task)
        decisions.append(_about_proposal(docket, proposal, ruling, after))
        kept += [after] if after is not None else []
    made = _valid(docket.task, kept)
    if made is None:
        about_task = about_task.model_copy(update={"unresolved": INVALID, "rules": ("invalid",)})
        undone = [d.model_copy(update={"after": d.before, "rules": (*d.rules, "undone")}) for d in decisions]
        return docket.task, [about_task, *undone]
    shown = [about_task] if about_task.rules or about_task.unresolved else []
    return made, [*shown, *decisions]


def changed(criterion: Criterion, ruling: Ruling) -> Criterion:
    """`criterion` as ruled. Another claim is no longer decided by the measurement of the old one."""
    update: dict[str, object] = {"weight": ruling.weight, "polarity": ruling.wording.polarity}
    if (ruling.wording.statement, ruling.wording.dimension) != (criterion.statement, criterion.dimension):
        update |= {"statement": ruling.wording.statement, "dimension": ruling.wording.dimension, "measurement": None}
    return criterion.model_copy(update=update)


def _added(
    proposal: Proposal, ruling: Ruling, kept: Sequence[Criterion], task: Task
) -> tuple[Criterion | None, Ruling]:
    if not ruling.stands:
        return None, ruling
    if any(Wording.of(criterion).id == proposal.wording.id for criterion in kept):
        return None, Ruling(ruling.wording, ruling.weight, False, ("duplicate",), DUPLICATE)
    wording = ruling.wording
    return (
        Criterion(
            id=_free_id({c.id.casefold() for c in (*kept, *task.criteria)}),
            dimension=wording.dimension,
            statement=wording.statement,
            polarity=wording.polarity,
            weight=ruling.weight,
        ),
        ruling,
    )


def _free_id(taken: set[str]) -> str:
    return next(name for number in range(1, len(taken) + 2) if (name := f"added-{number}") not in taken)


def _valid(task: Task, criteria: Sequence[Criterion]) -> Task | None:
    """`task` with these criteria; None where that is no rubric. Without a reward there is no score."""
    if not any(criterion.polarity.sign > 0 for criterion in criteria):
        return None
    try:
        return Task.model_validate({**task.model_dump(), "criteria": [c.model_dump() for c in criteria]})
    except ValidationError:
        return None


def _about_task(docket: TaskDocket, *, stays: bool, why: str | None) -> Decision:
    votes: dict[str, JsonValue] = dict.fromkeys(docket.positions.drop, "drop")
    settled = docket.settled.get(TASK, {})
    rules = () if not votes or why else ("settled",) if settled else ("dropped",) if not stays else ()
    return Decision(
        task=docket.task.id,
        subject="task",
        before={"id": docket.task.id},
        after={"id": docket.task.id} if stays else None,
        rules=rules,
        votes={1: votes, 3: dict(settled)} if votes else {},
        whys={1: dict(docket.positions.drop), 3: dict(docket.whys.get((3, TASK), {}))} if votes else {},
        unresolved=why,
    )


def _moot(docket: TaskDocket, criterion: Criterion) -> Decision | None:
    """A criterion that somebody changed in a task that is dropped."""
    positions = docket.said_about(criterion.id)
    if all(position.action == "keep" for position in positions):
        return None
    ruling = Ruling(Wording.of(criterion), criterion.weight, False, (UNTOUCHED,))
    return _about_criterion(docket, criterion, ruling, None)


def _about_criterion(docket: TaskDocket, criterion: Criterion, ruling: Ruling, after: Criterion | None) -> Decision:
    name, positions = criterion.id, docket.said_about(criterion.id)
    return Decision(
        task=docket.task.id,
        subject="criterion",
        criterion=name,
        before=_content(criterion),
        after=None if after is None else _content(after),
        rules=ruling.rules,
        votes=_rounds({p.expert: _said(p) for p in positions}, docket, name),
        whys=_whys({p.expert: p.why for p in positions if p.why}, docket, name),
        unresolved=ruling.unresolved,
    )


def _about_proposal(docket: TaskDocket, proposal: Proposal, ruling: Ruling, after: Criterion | None) -> Decision:
    weights = docket.weights.get(proposal.id, {})
    votes: dict[str, JsonValue] = {
        expert: {"vote": vote, "weight": weights.get(expert)} if vote == "yes" else vote
        for expert, vote in docket.ballots.get(proposal.id, {}).items()
    }
    first = {expert: {"action": "add", "weight": weight} for expert, weight in proposal.weights.items()}
    settled = docket.settled.get(proposal.id, {})
    wording = proposal.wording
    return Decision(
        task=docket.task.id,
        subject="supplement",
        criterion=None if after is None else after.id,
        proposed={"statement": wording.statement, "dimension": wording.dimension, "polarity": wording.polarity},
        before=None,
        after=None if after is None else _content(after),
        rules=ruling.rules,
        votes={n: v for n, v in ((1, first), (2, votes), (3, dict(settled))) if v},
        whys=_whys(dict(zip(proposal.weights, proposal.whys, strict=False)), docket, proposal.id),
        unresolved=ruling.unresolved,
    )


def _said(position: Position) -> JsonValue:
    """A position as it is logged."""
    found: dict[str, JsonValue] = {"action": position.action}
    if position.action in ("weight", "modify"):
        found["weight"] = position.weight
    if position.wording is not None:
        wording = position.wording
        found |= {"statement": wording.statement, "dimension": wording.dimension, "polarity": wording.polarity}
    return found


def _rounds(first: Mapping[str, JsonValue], docket: TaskDocket, name: str) -> dict[int, dict[str, JsonValue]]:
    """Votes of each round; a wording that was voted for is written out."""
    texts = {key: wording.statement for key, wording in wordings(docket.said_about(name)).items()}
    later = {2: docket.ballots.get(name, {}), 3: docket.settled.get(name, {})}
    found: dict[int, dict[str, JsonValue]] = {1: dict(first)}
    for number, votes in later.items():
        found[number] = {e: {"wording": texts[vote]} if vote in texts else vote for e, vote in votes.items()}
    return {number: said for number, said in found.items() if said}


def _whys(first: Mapping[str, str], docket: TaskDocket, name: str) -> dict[int, dict[str, str]]:
    rounds = {1: first, 2: docket.whys.get((2, name), {}), 3: docket.whys.get((3, name), {})}
    return {number: dict(whys) for number, whys in rounds.items() if whys}


def _content(criterion: Criterion) -> dict[str, JsonValue]:
    return criterion.model_dump(mode="json", exclude_defaults=True) | {"polarity": criterion.polarity.value}
