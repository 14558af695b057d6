"""``mwb review merge``: from the log of a study to its result."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import InputError
from ...rubric import Level, Review, ReviewStatus, Suite
from ...scorecard import SuiteReference
from ..decision import Decision
from ..overview import minutes_spent
from ..revision.child import revise
from ..revision.docket import TaskDocket, open_dockets
from ..revision.rules import RULES_VERSION
from ..store.board import Board
from ..studies.folder import StudyFolder
from ..studies.records import Kind
from .agreement import ACTIONS, action_ratings, agreement_of, answer_ratings
from .frequencies import count_actions
from .majority import decide_all
from .records import MergeResult, Shift
from .shift import shift_of


@dataclass(frozen=True)
class Merged:
    """A study's result, not yet written."""

    folder: StudyFolder
    board: Board
    result: MergeResult
    decisions: Sequence[Decision]
    child: Suite | None

    @property
    def unresolved(self) -> list[Decision]:
        """What is still open."""
        return [decision for decision in self.decisions if decision.unresolved]


def merge(path: str | os.PathLike[str], *, unfinished: bool = False, version: str | None = None) -> Merged:
    """Decides everything by the stated rules. The same log gives the same result, byte for byte.

    Args:
        path: A study, or the export of one.
        unfinished: Merge what there is although a round is still open.
        version: Of the child; None raises the parent's.

    Raises:
        InputError: it is not a study, nobody answered, a round is still open, or nothing would be left of the suite.
    """
    folder = StudyFolder(path)
    board = Board.read(folder.path / "events.jsonl")
    study = folder.study
    is_open = board.round <= study.kind.rounds
    if not board.versions:
        raise InputError(f"nobody has answered anything in {str(folder.path)!r} yet")
    if is_open and not unfinished:
        raise InputError(
            f"round {board.round} of {study.kind.rounds} is still open ('mwb review status {path}' shows who is waited "
            "for); take out who left with 'mwb review invite … --remove', or merge what there is with --unfinished"
        )
    child: Suite | None
    dockets = open_dockets(folder, board, study.kind.rounds) if study.kind is Kind.REVISE else {}
    if study.kind is Kind.REVISE:
        child, decisions = _revised(folder, board, dockets, version)
    else:
        decisions = decide_all(folder, board)
        has_suite = study.kind is Kind.RELEVANCE and folder.suite is not None
        child = _relevant(folder, decisions, version) if has_suite else None
    ratings, labels = (action_ratings(dockets.values()), ACTIONS) if dockets else answer_ratings(folder, board)
    result = MergeResult(
        study=study.id,
        kind=study.kind.value,
        bundle=study.bundle,
        log=_log_digest(folder.path / "events.jsonl"),
        events=board.last,
        rules=RULES_VERSION,
        experts=tuple(board.everybody()),
        left=tuple(sorted(board.left)),
        unfinished=is_open,
        parent=study.suite if study.kind.shows_tasks else None,
        child=None if child is None else SuiteReference(id=child.id, version=child.version, digest=child.digest),
        decided=len(decisions),
        changed=sum(_is_change(decision) for decision in decisions),
        unresolved=sum(decision.unresolved is not None for decision in decisions),
        agreement=agreement_of(ratings, labels),
        actions=count_actions(dockets.values()),
        minutes={expert: minutes_spent(board, expert) for expert in board.everybody()},
    )
    return Merged(folder, board, result, decisions, child)


def shifts(merged: Merged, runs: Iterable[str | os.PathLike[str]], where: Path) -> list[Shift]:
    """What the merge does to the scores of `runs`; see `shift_of`.

    Raises:
        InputError: the study revises no suite, or a run is not on it.
    """
    runs = list(runs)
    if not runs:
        return []
    parent = merged.folder.suite
    if merged.child is None or parent is None:
        raise InputError(f"a {merged.result.kind} study changes no suite, so no score changes; leave --run out")
    return [shift_of(run, parent, merged.child, where) for run in runs]


def _revised(
    folder: StudyFolder, board: Board, dockets: Mapping[str, TaskDocket], version: str | None
) -> tuple[Suite, list[Decision]]:
    assert folder.suite is not None
    child, decisions = revise(folder.suite, dockets, _reviews(folder, board))
    changed = any(_is_change(decision) for decision in decisions)
    return _versioned(folder, child, version, changed=changed), decisions


def _reviews(folder: StudyFolder, board: Board) -> dict[str, Review]:
    """What to state of tasks that a quorum of experts has looked at in full."""
    quorum = folder.study.quorum(len({given.expert for given in board.answers(1)}))
    found = {}
    for item in folder.items:
        complete = [given for given in board.answers(1) if given.item == item.id and given.complete]
        if len(complete) >= quorum:
            date = max(given.event.ended for given in complete)[:10]
            by = f"{len(complete)} experts, study {folder.study.id}"
            found[item.id] = Review(status=ReviewStatus.REVIEWED, by=by, date=date)
    return found


def _relevant(folder: StudyFolder, decisions: Sequence[Decision], version: str | None) -> Suite:
    """The suite of the tasks that stay; tasks that nobody was asked about stay too."""
    assert folder.suite is not None
    by_task = {decision.task: decision for decision in decisions}
    kept = []
    for task in folder.suite.tasks:
        decision = by_task.get(task.id)
        if decision is None:
            kept.append(task)
        elif decision.after is not None:
            kept.append(task.model_copy(update={"level": Level(str(decision.after["level"]))}))
    child = folder.suite.model_copy(update={"tasks": tuple(kept)}) if kept else None
    return _versioned(folder, child, version, changed=any(_is_change(decision) for decision in decisions))


def _versioned(folder: StudyFolder, child: Suite | None, version: str | None, *, changed: bool) -> Suite:
    if child is None:
        raise InputError(f"no task of suite {folder.study.suite.id!r} would be left" if folder.study.suite else "")
    if version is None:
        version = raised(child.version, changed=changed)
    tasks = sorted(child.tasks, key=lambda task: task.id)  # as a suite is read, so that its digest is the same
    return Suite.model_validate({**child.model_dump(), "version": version, "tasks": [t.model_dump() for t in tasks]})


def raised(version: str, *, changed: bool) -> str:
    """The next version: another number where a score could move, else another letter (``1-A``, ``1-B``)."""
    number, _, letters = version.partition("-")
    if changed:
        return f"{int(number) + 1}-A"
    return f"{number}-{_next(letters)}"


def _next(letters: str) -> str:
    """``A`` → ``B``, ``Z`` → ``AA``."""
    stem, last = letters[:-1], letters[-1]
    return stem + chr(ord(last) + 1) if last < "Z" else (_next(stem) if stem else "A") + "A"


def _is_change(decision: Decision) -> bool:
    """True where the result differs from what was shown."""
    if decision.subject == "supplement":
        return decision.after is not None
    return decision.before is not None and decision.before != decision.after


def _log_digest(path: Path) -> str:
    """sha256 of the log up to the end of its last whole line."""
    data = path.read_bytes()
    return hashlib.sha256(data[: data.rfind(b"\n") + 1]).hexdigest()
