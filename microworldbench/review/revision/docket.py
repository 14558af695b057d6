"""What is open after each round: the ballot of the second, the cases of the third, and every ruling there is so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ...rubric import Criterion, Task
from ..store.board import Board, Given
from ..studies.folder import StudyFolder
from .positions import Position, Proposal, TaskPositions, Wording, read_positions
from .rules import Quorums, Ruling, Votes, rule_on_criterion, rule_on_proposal, rule_on_task, wordings

TASK = "_task"
"""Names the question whether a task stays. No criterion is called so: ids begin with a letter or digit."""


@dataclass(frozen=True)
class TaskDocket:
    """Everything said about one task, and what follows from it."""

    positions: TaskPositions
    quorums: Quorums
    grid: tuple[float, ...]
    ballots: Mapping[str, Votes] = field(default_factory=dict)
    """Of the second round, by criterion or supplement."""
    weights: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Of the second round, by supplement and expert."""
    settled: Mapping[str, Votes] = field(default_factory=dict)
    """Of the third round, by criterion, supplement or `TASK`."""
    whys: Mapping[tuple[int, str], Mapping[str, str]] = field(default_factory=dict)
    """Rationales of the later rounds, by (round, what it is about) and expert."""

    @property
    def task(self) -> Task:
        """As it was shown."""
        return self.positions.task

    @cached_property
    def stays(self) -> tuple[bool, str | None]:
        """Whether the task stays, and why that is unresolved if it is."""
        said = self.positions
        return rule_on_task(len(said.drop), len(said.experts), self.settled.get(TASK, {}), self.quorums)

    def criterion(self, criterion: Criterion) -> Ruling:
        """What becomes of a criterion."""
        return rule_on_criterion(
            criterion,
            self.positions.criteria[criterion.id],
            self.ballots.get(criterion.id, {}),
            self.settled.get(criterion.id, {}),
            self.quorums,
            self.grid,
        )

    def proposal(self, proposal: Proposal) -> Ruling:
        """What becomes of a supplement."""
        name = proposal.id
        return rule_on_proposal(
            proposal,
            self.ballots.get(name, {}),
            self.weights.get(name, {}),
            self.settled.get(name, {}),
            self.quorums,
            self.grid,
        )

    @cached_property
    def texts_to_vote_on(self) -> dict[str, dict[str, Wording]]:
        """By criterion, the wordings that compete with the present one and with each other."""
        if not self.stays[0]:
            return {}
        found = {}
        for criterion in self.task.criteria:
            positions = self.positions.criteria[criterion.id]
            ruling = rule_on_criterion(criterion, positions, {}, {}, self.quorums, self.grid)
            candidates = wordings(positions)
            if candidates and ruling.stands and "reworded" not in ruling.rules:
                found[criterion.id] = candidates
        return found

    @cached_property
    def proposals_to_vote_on(self) -> list[Proposal]:
        """Supplements that too few asked for in the first round to be added at once."""
        if not self.stays[0]:
            return []
        return [p for p in self.positions.proposals.values() if len(p.weights) < self.quorums.first]

    @cached_property
    def cases(self) -> dict[str, str]:
        """What the third round is to settle, with the reason, by criterion, supplement or `TASK`."""
        stays, why = self.stays
        found = {} if why is None else {TASK: why}
        if not stays:
            return found
        for criterion in self.task.criteria:
            if (said := self.criterion(criterion).unresolved) is not None:
                found[criterion.id] = said
        for name, proposal in self.positions.proposals.items():
            if (said := self.proposal(proposal).unresolved) is not None:
                found[name] = said
        return found

    def said_about(self, criterion: str) -> list[Position]:
        """Positions of the first round."""
        return self.positions.criteria[criterion]


def open_dockets(folder: StudyFolder, board: Board, upto: int) -> dict[str, TaskDocket]:
    """The docket of every task in the study, from the answers of the rounds up to `upto`."""
    answers = {round_: _by_item(board.answers(round_)) for round_ in range(1, upto + 1)}
    quorums = Quorums(*(_quorum(folder, answers.get(round_, {})) for round_ in (1, 2, 3)))
    found = {}
    for item in folder.items:
        second, third = (answers.get(round_, {}).get(item.id, []) for round_ in (2, 3))
        whys = _said(second, "why.")
        found[item.id] = TaskDocket(
            positions=read_positions(folder.task(item), answers.get(1, {}).get(item.id, [])),
            quorums=quorums,
            grid=folder.study.grid,
            ballots=_said(second, "vote."),
            weights={name: {e: float(w) for e, w in said.items()} for name, said in _said(second, "weight.").items()},
            settled=_said(third, "settle."),
            whys={(2, name): said for name, said in whys.items()}
            | {(3, name): said for name, said in _said(third, "why.").items()},
        )
    return found


def _by_item(answers: Iterable[Given]) -> dict[str, list[Given]]:
    found: dict[str, list[Given]] = defaultdict(list)
    for answer in answers:
        found[answer.item].append(answer)
    return found


def _said(answers: Iterable[Given], prefix: str) -> dict[str, dict[str, str]]:
    """Fields that begin with `prefix`, by the rest of their name and expert."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for answer in sorted(answers, key=lambda a: a.expert):
        for name, value in answer.fields.items():
            if name.startswith(prefix):
                found[name.removeprefix(prefix)][answer.expert] = value
    return dict(found)


def _quorum(folder: StudyFolder, answers: Mapping[str, Iterable[Given]]) -> int:
    return folder.study.quorum(len({answer.expert for given in answers.values() for answer in given}))
