"""How far a study is: what it asks, and who has done how much. Reads only."""

from __future__ import annotations

from collections import Counter

from ..rendering.tables import text_table
from ..rendering.wording import LEVELS, UNKNOWN, count, plain, quantity
from ..rubric import Level, Record
from .sheets.order import Order
from .store.access import AccessBook
from .store.board import Board
from .studies.folder import StudyFolder


class ExpertProgress(Record):
    """One expert's progress in the round that is open."""

    expert: str
    name: str
    is_active: bool
    done: int
    started: int
    total: int
    handed_in: bool
    minutes: float | None
    """Time spent looking at pages, over all rounds; None where no page told."""


class Progress(Record):
    """How far a study is."""

    id: str
    kind: str
    round: int
    rounds: int
    is_over: bool
    evaluators: int
    experts: tuple[ExpertProgress, ...]

    def to_text(self) -> str:
        """For a console."""
        lines = [f"{plain(self.id)}: {self.kind}, {self._where()}"]
        if len(self.experts) < self.evaluators:
            lines.append(f"{len(self.experts)} of {self.evaluators} experts invited; 'mwb review invite' adds others")
        if self.experts:
            head = ("Expert", "Name", "Done", "Begun", "Of", "Minutes", "")
            lines.append(text_table(head, [_row(e) for e in self.experts], right_from=2))
        return "\n".join(lines) + "\n"

    def _where(self) -> str:
        return "finished" if self.is_over else f"round {self.round} of {self.rounds}"


def progress_of(folder: StudyFolder) -> Progress:
    """Who has done how much.

    Raises:
        InputError: the study's log is damaged.
    """
    board = Board.read(folder.path / "events.jsonl")
    book = AccessBook(folder.path / "access.jsonl")
    book.refresh()
    rounds = folder.study.kind.rounds
    round_ = min(board.round, rounds)
    order = Order(folder, board)
    return Progress(
        id=folder.study.id,
        kind=folder.study.kind.value,
        round=round_,
        rounds=rounds,
        is_over=board.round > rounds,
        evaluators=folder.study.evaluators,
        experts=tuple(
            _expert(order, name, book.experts[name].name if name in book.experts else "", round_)
            for name in {**dict.fromkeys(book.experts), **board.joined}
        ),
    )


def minutes_spent(board: Board, expert: str) -> float | None:
    """Time an expert looked at pages, over all rounds; None where no page told."""
    told = [board.seconds(who, round_, slot) for who, round_, slot in list(board.versions) if who == expert]
    known = [seconds for seconds in told if seconds is not None]
    return round(sum(known) / 60, 1) if known else None


def _expert(order: Order, expert: str, name: str, round_: int) -> ExpertProgress:
    board, slots = order.board, order.slots(expert, round_)
    states = Counter(None if (a := board.answer(expert, round_, slot)) is None else a.complete for slot in slots)
    return ExpertProgress(
        expert=expert,
        name=name,
        is_active=expert not in board.left,
        done=states[True],
        started=states[False],
        total=len(slots),
        handed_in=(expert, round_) in board.handed_in,
        minutes=minutes_spent(board, expert),
    )


def _row(expert: ExpertProgress) -> tuple[str, ...]:
    note = "left" if not expert.is_active else "handed in" if expert.handed_in else ""
    minutes = UNKNOWN if expert.minutes is None else f"{expert.minutes:.1f}"
    return (
        expert.expert,
        plain(expert.name),
        count(expert.done),
        count(expert.started),
        count(expert.total),
        minutes,
        note,
    )


def describe_new(folder: StudyFolder) -> str:
    """What a new study asks, and the next steps."""
    study = folder.study
    what = f"{quantity(study.items, 'item')} for {quantity(study.evaluators, 'expert')}"
    lines = [f"{folder.path}: {study.kind.value} study of {what}"]
    for level in Level:
        drawn = {i.task: i.inclusion for i in folder.items if i.level is level and i.inclusion is not None}
        how = next((inclusion for inclusion in drawn.values() if inclusion is not None), None)
        lacking = study.unavailable.get(level.value, 0)
        if how is not None:
            weight = f"each stands for {how.weight:.4g}" if how.weight > 1 else "all of them"
            lines.append(f"  {LEVELS[level].lower()}: {how.drawn} of {how.population} tasks, {weight}")
        if lacking:
            lines.append(f"  {LEVELS[level].lower()}: {lacking} tasks left out, since a run has no video of them")
    lines.append(f"next: mwb review invite {folder.path} NAME NAME NAME; mwb review serve {folder.path}")
    return "\n".join(plain(line) if line[0] != " " else line for line in lines) + "\n"
