"""What the pages of a revision show: a rubric to mark, proposals without names, open cases with what was said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ...rubric import Criterion, Dimension
from ..revision.docket import TASK, TaskDocket
from ..revision.positions import MAX_SUPPLEMENTS, Position, Proposal, Wording, supplement_numbers
from ..revision.rules import CURRENT, DELETE, KEEP, NO, YES
from ..sheets.revision import BallotSheet, BlindSheet, CaseSheet
from ..studies.drawing import in_drawing_order
from .wording import LABELS


@dataclass(frozen=True)
class Option:
    """One thing to choose, as it is shown."""

    value: str
    label: str
    wording: Wording | None = None
    whys: tuple[str, ...] = ()
    """What its authors said for it; no names."""


@dataclass(frozen=True)
class Question:
    """One thing to decide, as it is shown."""

    name: str
    subject: str
    """What kind of thing it is about."""
    wording: Wording | None
    weight: float | None
    options: tuple[Option, ...]
    weights: tuple[str, ...] = ()
    """Weights to choose from, where one is asked for."""
    proposed: str = ""
    """The weight that stands there before anybody chooses."""
    said: tuple[tuple[str, str], ...] = ()
    """What was said so far: the action and the reason."""
    why: str = ""
    """Why it is still open."""


def blind_page(sheet: BlindSheet, fields: dict[str, str]) -> dict[str, Any]:
    """Criteria by dimension, and numbers of the supplements to show: those written, and one more."""
    used = supplement_numbers(fields)
    free = next((n for n in range(1, MAX_SUPPLEMENTS + 1) if n not in used), None)
    by_dimension = {d: [c for c in sheet.task.criteria if c.dimension is d] for d in Dimension}
    return {
        "criteria": {d: found for d, found in by_dimension.items() if found},
        "weights": {c.id: sheet.weights(c.weight).options for c in sheet.task.criteria},
        "new_weights": sheet.weights().options,
        "supplements": used,
        "free": free,
        "task_field": TASK,
    }


def ballot_page(sheet: BallotSheet, expert: str) -> dict[str, Any]:
    """Wordings and supplements to vote on, each in an order of the expert's own."""
    docket = sheet.docket
    texts = [_text_question(docket, name, expert) for name in docket.texts_to_vote_on]
    proposals = {p.id: p for p in docket.proposals_to_vote_on}
    in_order = in_drawing_order(proposals, "ballot", expert, docket.task.id)
    return {"texts": texts, "proposals": [_proposal_question(sheet, proposals[name]) for name in in_order]}


def case_page(sheet: CaseSheet) -> dict[str, Any]:
    """Open cases with everything that was said about them."""
    return {"cases": [_case(sheet, name, why) for name, why in sheet.docket.cases.items()]}


def _text_question(docket: TaskDocket, name: str, expert: str) -> Question:
    criterion = _criterion(docket, name)
    candidates = docket.texts_to_vote_on[name]
    positions = docket.said_about(name)
    options = [Option(CURRENT, LABELS["current"])]
    for number, key in enumerate(in_drawing_order(candidates, "ballot", expert, docket.task.id, name), start=1):
        whys = tuple(p.why for p in positions if p.wording is not None and p.wording.id == key and p.why)
        options.append(Option(key, f"Wording {number}", candidates[key], whys))
    return Question(name, "criterion", Wording.of(criterion), criterion.weight, tuple(options))


def _proposal_question(sheet: BallotSheet, proposal: Proposal) -> Question:
    field = sheet.form[f"weight.{proposal.id}"]
    first = next(iter(proposal.weights.values()))
    return Question(
        proposal.id,
        "addition",
        proposal.wording,
        first,
        (Option(YES, LABELS["yes"]), Option(NO, LABELS["no"])),
        weights=getattr(field, "options", ()),
        proposed=f"{first:g}",
        said=tuple(("Proposed", why) for why in proposal.whys),
    )


def _case(sheet: CaseSheet, name: str, why: str) -> Question:
    docket = sheet.docket
    said = _later(docket, name)
    if name == TASK:
        options = (Option(KEEP, "Keep the task"), Option(DELETE, "Drop the task"))
        told = tuple((LABELS["drop"], reason) for reason in docket.positions.drop.values())
        return Question(name, "task", None, None, options, said=told, why=why)
    if name in docket.positions.proposals:
        proposal = docket.positions.proposals[name]
        options = (Option(YES, LABELS["yes"]), Option(NO, LABELS["no"]))
        told = (*(("Proposed", reason) for reason in proposal.whys), *said)
        weight = next(iter(proposal.weights.values()))
        return Question(name, "addition", proposal.wording, weight, options, said=told, why=why)
    criterion, positions = _criterion(docket, name), docket.said_about(name)
    shown = [_case_option(value, positions) for value in sheet.options(name)]
    told = (*_said(positions), *said)
    return Question(name, "criterion", Wording.of(criterion), criterion.weight, tuple(shown), said=told, why=why)


def _case_option(value: str, positions: Iterable[Position]) -> Option:
    if value == KEEP:
        return Option(value, "Leave it as it is")
    if value == DELETE:
        return Option(value, "Delete it")
    if value.startswith("weight:"):
        return Option(value, f"Weight {value.removeprefix('weight:')}")
    wording = next(p.wording for p in positions if p.wording is not None and p.wording.id == value)
    return Option(value, "Reword it", wording)


def _said(positions: Iterable[Position]) -> tuple[tuple[str, str], ...]:
    """Actions and reasons in an order that tells no names: by action."""
    order = {"delete": 0, "modify": 1, "weight": 2, "keep": 3}
    told = sorted(positions, key=lambda p: (order[p.action], p.why))
    return tuple((f"Weight {p.weight:g}" if p.action == "weight" else LABELS[p.action], p.why) for p in told)


def _later(docket: TaskDocket, name: str) -> tuple[tuple[str, str], ...]:
    """Votes of the second round, counted, and what was said with them."""
    votes = docket.ballots.get(name, {})
    candidates = docket.texts_to_vote_on.get(name, {})
    label = {key: f"Vote for “{wording.statement}”" for key, wording in candidates.items()}
    label |= {CURRENT: "Vote for the present wording", YES: "Vote to add it", NO: "Vote against"}
    whys = docket.whys.get((2, name), {})
    told = sorted((label.get(option, option), whys.get(expert, "")) for expert, option in votes.items())
    return tuple(told)


def _criterion(docket: TaskDocket, name: str) -> Criterion:
    return next(c for c in docket.task.criteria if c.id == name)
