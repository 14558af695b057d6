"""The one writer of a study's log: takes answers, ends rounds.

An answer says which version of the page it was made on. What the form changed since that version is laid over what
stands there now, field by field, so a double click, a repeated request or a second tab neither doubles nor undoes
anything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from filelock import FileLock, Timeout
from pydantic import JsonValue

from ..errors import InputError, RunConflictError
from ..logbook import cut_torn_line
from .sheets.order import Order
from .sheets.sheet import Sheet, read_fields
from .store.access import AccessBook
from .store.board import Board, Given, Slot
from .store.events import Answered, Event, Fields, HandedIn, Joined, Left, RoundEnded
from .store.lines import append_line
from .studies.folder import StudyFolder

LONGEST_VISIT_S = 86_400.0


class ClosedError(InputError):
    """The round is over or handed in, or the expert has left: nothing is taken any more."""


@dataclass(frozen=True)
class Visit:
    """How an answer came about, for the record."""

    shown: Mapping[str, JsonValue]
    started: datetime | None = None
    active_s: float | None = None
    origin: str = "workbench"


class Desk:
    """Takes the answers of a study. Open it as a context manager; safe to use from several threads.

    Args:
        folder: The study.
        clock: Gives the present time, UTC.

    Raises:
        RunConflictError: another process takes its answers already.
    """

    def __init__(self, folder: StudyFolder, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.folder, self.clock = folder, clock
        self._log = folder.path / "events.jsonl"
        self._lock = FileLock(folder.path / ".lock", timeout=0)
        try:
            self._lock.acquire()
        except Timeout:
            raise RunConflictError(
                f"{str(folder.path)!r} is being served already; stop that server first, or use it"
            ) from None
        cut_torn_line(self._log)
        self._guard = threading.RLock()
        self.board = Board.read(self._log)
        self.access = AccessBook(folder.path / "access.jsonl", clock)
        self.order = Order(folder, self.board)
        self.sync()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets another process take over."""
        self._lock.release()

    def sync(self) -> None:
        """Records who was invited or removed since, and ends the round if nobody is waited for any more."""
        with self._guard:
            self.access.refresh()
            for expert in list(self.access.experts.values()):
                known = expert.pseudonym in self.board.joined
                if expert.is_active and (not known or expert.pseudonym in self.board.left):
                    self._append(Joined, expert=expert.pseudonym, at=self._now())
                if not expert.is_active and known and expert.pseudonym not in self.board.left:
                    self._append(Left, expert=expert.pseudonym, at=self._now())
            self._end_rounds()

    def answer(
        self, expert: str, slot: Slot, version: int, given: Mapping[str, str], visit: Visit
    ) -> tuple[Given, Sheet]:
        """Takes an answer in the round that is open.

        Args:
            expert: Whose.
            slot: On what.
            version: How many answers had been given there when the page was made.
            given: Every field as it stands on the page.
            visit: How it came about.

        Returns:
            The answer that counts now and what was asked. Nothing is stored where nothing changed.

        Raises:
            ClosedError: nothing is taken any more.
            FieldError: a field holds what it cannot hold; nothing is taken.
            RunStoppedError: the disk is full; the answer is not taken.
        """
        with self._guard:
            round_ = self.board.round
            if not self.board.may_answer(expert, round_):
                raise ClosedError("This round is closed: answers can no longer change.")
            sheet = self.order.sheet(slot, round_)
            before = self.board.fields(expert, round_, slot, version)
            now = self.board.fields(expert, round_, slot)
            merged = laid_over(now, before, read_fields(sheet.form, given))
            present = self.board.answer(expert, round_, slot)
            if present is None or merged != now:
                self._take(expert, slot, now, merged, visit, complete=not sheet.gaps(merged))
                present = self.board.answer(expert, round_, slot)
            assert present is not None
            return present, sheet

    def _take(self, expert: str, slot: Slot, now: Fields, merged: Fields, visit: Visit, *, complete: bool) -> None:
        ended = self.clock()
        started = visit.started if visit.started is not None and visit.started <= ended else None
        self._append(
            Answered,
            study=self.folder.study.id,
            bundle=self.folder.study.bundle,
            expert=expert,
            round=self.board.round,
            item=slot.item,
            repeat=slot.repeat,
            shown=dict(visit.shown),
            changes={n: merged.get(n, "") for n in sorted(now.keys() | merged.keys()) if now.get(n) != merged.get(n)},
            complete=complete,
            started=None if started is None else _text(started),
            ended=_text(ended),
            active_s=_bounded(visit, started, ended),
            origin=visit.origin,
        )

    def hand_in(self, expert: str, round_: int) -> bool:
        """Declares a round finished; once is enough.

        Returns:
            False while items are open, or the round is not the present one.
        """
        with self._guard:
            if (expert, round_) in self.board.handed_in:
                return True
            if not self.board.may_answer(expert, round_) or self.open_items(expert):
                return False
            self._append(HandedIn, expert=expert, round=round_, at=self._now())
            self._end_rounds()
            return True

    def open_items(self, expert: str) -> int:
        """How many items of the present round `expert` has not completed."""
        slots = self.order.slots(expert, self.board.round)
        given = (self.board.answer(expert, self.board.round, slot) for slot in slots)
        return sum(1 for answer in given if answer is None or not answer.complete)

    @property
    def is_over(self) -> bool:
        """True once the last round has ended."""
        return self.board.round > self.folder.study.kind.rounds

    def _end_rounds(self) -> None:
        while not self.is_over and self._nobody_is_waited_for():
            self._append(RoundEnded, round=self.board.round, at=self._now())

    def _nobody_is_waited_for(self) -> bool:
        board, round_ = self.board, self.board.round
        if round_ > 1 and not self.order.items(round_):
            return True  # nothing is left to decide
        if len(board.joined) < self.folder.study.evaluators:
            return False  # not everybody has been invited yet
        done = {expert for expert, own in board.handed_in if own == round_}
        return bool(done) and all(expert in done for expert in board.active)

    def _append(self, kind: type[Any], **content: object) -> Event:
        event: Event = kind(n=self.board.last + 1, **content)
        append_line(self._log, event)
        self.board.apply(event)
        return event

    def _now(self) -> str:
        return _text(self.clock())


def laid_over(now: Fields, before: Fields, form: Fields) -> Fields:
    """`now` with what `form` changed in comparison with `before`."""
    changed = {name for name in before.keys() | form.keys() if before.get(name) != form.get(name)}
    kept = {name: value for name, value in now.items() if name not in changed}
    return kept | {name: form[name] for name in changed if name in form}


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds")


def _bounded(visit: Visit, started: datetime | None, ended: datetime) -> float | None:
    """What a page says of itself, within what the server saw; what an import says, as it is."""
    told = visit.active_s
    if told is None or not 0 <= told <= LONGEST_VISIT_S:
        return None
    if visit.started is None and visit.origin != "workbench":
        return round(told, 1)
    return None if started is None else round(min(told, (ended - started).total_seconds()), 1)
