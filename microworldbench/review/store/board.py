"""The state of a study, which follows from its events and nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import InputError
from .events import EVENT, Answered, Event, Fields, HandedIn, Joined, Left, RoundEnded
from .lines import read_lines


@dataclass(frozen=True)
class Slot:
    """One place in an expert's order: an item, or its repetition."""

    item: str
    repeat: bool = False


Place = tuple[str, int, Slot]
"""(expert, round, slot)."""


@dataclass(frozen=True)
class Given:
    """An expert's whole answer on one item, as it stood after an event."""

    event: Answered
    fields: Fields

    @property
    def expert(self) -> str:
        """Whose."""
        return self.event.expert

    @property
    def item(self) -> str:
        """On what."""
        return self.event.item

    @property
    def complete(self) -> bool:
        """False while something is left to answer."""
        return self.event.complete


@dataclass
class Board:
    """Who answered what so far."""

    round: int = 1
    """The round that is open."""
    last: int = 0
    """Number of the last event."""
    versions: dict[Place, list[Given]] = field(default_factory=lambda: defaultdict(list))
    """Every answer ever given, by place; the last one counts."""
    handed_in: set[tuple[str, int]] = field(default_factory=set)
    joined: dict[str, None] = field(default_factory=dict)
    """Everybody who ever joined, in order."""
    left: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, path: Path) -> Board:
        """The state after all events of the log at `path`.

        Raises:
            InputError: the log is damaged, or an event is missing from it.
        """
        board = cls()
        for event, _ in read_lines(path, EVENT):
            if event.n != board.last + 1:
                raise InputError(f"{path} lacks events: number {event.n} follows {board.last}")
            board.apply(event)
        return board

    def apply(self, event: Event) -> None:
        """Takes one more event into account."""
        self.last = event.n
        if isinstance(event, Answered):
            versions = self.versions[event.expert, event.round, Slot(event.item, event.repeat)]
            before = versions[-1].fields if versions else {}
            versions.append(Given(event, {name: text for name, text in (before | event.changes).items() if text}))
        elif isinstance(event, HandedIn):
            self.handed_in.add((event.expert, event.round))
        elif isinstance(event, Joined):
            self.joined[event.expert] = None
            self.left.discard(event.expert)
        elif isinstance(event, Left):
            self.left.add(event.expert)
        elif isinstance(event, RoundEnded):
            self.round = event.round + 1

    @property
    def active(self) -> list[str]:
        """Experts who are expected to answer."""
        return [expert for expert in list(self.joined) if expert not in self.left]

    def answer(self, expert: str, round_: int, slot: Slot) -> Given | None:
        """The answer that counts, if there is one."""
        versions = self.versions.get((expert, round_, slot))
        return versions[-1] if versions else None

    def fields(self, expert: str, round_: int, slot: Slot, version: int | None = None) -> Fields:
        """What stands in the fields: of the last version, or of a given one (0 is the empty page)."""
        versions = self.versions.get((expert, round_, slot), [])
        kept = versions if version is None else versions[:version]
        return kept[-1].fields if kept else {}

    def version(self, expert: str, round_: int, slot: Slot) -> int:
        """How many times an answer was given at a place."""
        return len(self.versions.get((expert, round_, slot), ()))

    def seconds(self, expert: str, round_: int, slot: Slot) -> float | None:
        """How long an expert looked at a page: of each visit the longest time told, summed up; None where none was."""
        visits: dict[str, float] = {}
        imported: list[float] = []
        for given in self.versions.get((expert, round_, slot), ()):
            event = given.event
            if event.active_s is not None and event.started is not None:
                visits[event.started] = max(visits.get(event.started, 0.0), event.active_s)
            elif event.active_s is not None:
                imported.append(event.active_s)
        told = [*visits.values(), *imported]
        return round(sum(told), 1) if told else None

    def may_answer(self, expert: str, round_: int) -> bool:
        """True while the expert is active and the round is open and not handed in."""
        return round_ == self.round and expert in self.active and (expert, round_) not in self.handed_in

    def answers(self, round_: int = 1) -> Iterator[Given]:
        """The answers that count in a round, in the order in which each place was first answered."""
        for (_, own, _), versions in list(self.versions.items()):  # others may answer meanwhile
            if own == round_:
                yield versions[-1]

    def everybody(self) -> list[str]:
        """All experts with an answer or a place, in the order of their pseudonyms."""
        found = {*self.joined, *(expert for expert, _, _ in self.versions)}
        return sorted(found, key=pseudonym_order)


def pseudonym_order(name: str) -> tuple[int, str]:
    """Sorts ``e2`` before ``e10``."""
    digits = name[1:]
    return (int(digits) if digits.isdecimal() and digits.isascii() else 10**9, name)
