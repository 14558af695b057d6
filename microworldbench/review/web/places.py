"""Where experts are: the pages of a round in an expert's order, which are done, and what may be seen there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from ..desk import Desk
from ..store.board import Slot
from ..studies.records import Film, Item, Kind


@dataclass(frozen=True)
class Place:
    """One page of an expert's order."""

    number: int
    """From 1."""
    round: int
    slot: Slot
    item: Item


class Places:
    """Finds pages for experts.

    Args:
        desk: Takes the study's answers.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk, self.folder = desk, desk.folder

    def round_shown(self, expert: str) -> int:
        """The round an expert's pages are of: the present one, or the last one once all are over."""
        return min(self.desk.board.round, self.folder.study.kind.rounds)

    def all(self, expert: str) -> list[Place]:
        """Every page of the present round, in the expert's order."""
        round_ = self.round_shown(expert)
        slots = self.desk.order.slots(expert, round_)
        return [Place(n, round_, slot, self.folder.by_id[slot.item]) for n, slot in enumerate(slots, start=1)]

    def at(self, expert: str, number: int) -> Place | None:
        """The page with a number."""
        places = self.all(expert)
        return places[number - 1] if 1 <= number <= len(places) else None

    def of(self, expert: str, sealed: dict[str, Any]) -> Place | None:
        """The page a sealed form was made on; None if its round is no longer the one shown."""
        wanted = (sealed.get("r"), sealed.get("i"), sealed.get("w"))
        found = (p for p in self.all(expert) if (p.round, p.slot.item, p.slot.repeat) == wanted)
        return next(found, None)

    def state(self, expert: str, place: Place) -> str:
        """``done``, ``started`` or ``open``."""
        answer = self.desk.board.answer(expert, place.round, place.slot)
        return "open" if answer is None else "done" if answer.complete else "started"

    def next_open(self, expert: str, after: int) -> int | None:
        """The next page that is not done, beginning again from the first; None if all are."""
        places = self.all(expert)
        in_turn = [*places[after:], *places[:after]]
        return next((p.number for p in in_turn if self.state(expert, p) != "done"), None)

    def films(self, expert: str, place: Place) -> list[Film]:
        """The item's videos, left to right."""
        films = list(place.item.films)
        return films[::-1] if self._is_swapped(expert, place) else films

    def shown(self, expert: str, place: Place) -> dict[str, JsonValue]:
        """In which order and on which side things stand, for the record."""
        found: dict[str, JsonValue] = {"page": place.number}
        if len(place.item.films) == 2:
            found["left"], found["right"] = (1, 0) if self._is_swapped(expert, place) else (0, 1)
        if place.item.claims:
            found["claims"] = [claim.id for claim in self.desk.order.claims(expert, place.item)]
        return found

    def may_see(self, expert: str, file: str) -> bool:
        """True for a video of any of the expert's pages."""
        return any(film.file == file for place in self.all(expert) for film in place.item.films)

    def _is_swapped(self, expert: str, place: Place) -> bool:
        return self.folder.study.kind is Kind.PAIR and self.desk.order.is_swapped(expert, place.slot)
