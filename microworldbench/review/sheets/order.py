"""In which order each expert meets what is asked, and on which side things stand: seeded hashes, so it can be repeated.

Every expert has an order of his own. In pairs, sides alternate within each pair of models, so each model stands left
and right equally often (one more or less) for every expert; some pairs come a second time, late and with sides swapped.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

from ..revision.docket import TaskDocket, open_dockets
from ..store.board import Board, Slot
from ..studies.drawing import hashed, in_drawing_order
from ..studies.folder import StudyFolder
from ..studies.records import Claim, Item, Kind
from .revision import BallotSheet, BlindSheet, CaseSheet
from .sheet import Sheet
from .simple import simple_sheet


class Order:
    """What is asked of whom, and when.

    Args:
        folder: The study.
        board: What was answered; later rounds depend on earlier ones.
    """

    def __init__(self, folder: StudyFolder, board: Board) -> None:
        self.folder, self.board = folder, board
        self._dockets: dict[int, dict[str, TaskDocket]] = {}
        self._slots: dict[tuple[str, int], list[Slot]] = {}
        self._sheets: dict[tuple[str, int], Sheet] = {}
        self._sides: dict[str, dict[str, bool]] = {}

    def items(self, round_: int) -> list[str]:
        """Ids of the items that something is asked about in a round."""
        if round_ == 1:
            return [item.id for item in self.folder.items]
        if round_ > self.folder.study.kind.rounds:
            return []
        return [name for name in self.dockets(round_) if self.sheet(Slot(name), round_).form]

    def dockets(self, round_: int) -> dict[str, TaskDocket]:
        """What is open in a later round of a revision. It follows from rounds that are over, so it never changes."""
        if round_ not in self._dockets:
            self._dockets[round_] = open_dockets(self.folder, self.board, round_ - 1)
        return self._dockets[round_]

    def sheet(self, slot: Slot, round_: int) -> Sheet:
        """What is asked about an item."""
        key = (slot.item, round_)
        if key not in self._sheets:
            self._sheets[key] = self._sheet(self.folder.by_id[slot.item], round_)
        return self._sheets[key]

    def _sheet(self, item: Item, round_: int) -> Sheet:
        study = self.folder.study
        if study.kind is not Kind.REVISE:
            return simple_sheet(study.kind, item)
        if round_ == 1:
            return BlindSheet(self.folder.task(item), study.grid, study.rationale)
        docket = self.dockets(round_)[item.id]
        return BallotSheet(docket) if round_ == 2 else CaseSheet(docket)

    def slots(self, expert: str, round_: int) -> list[Slot]:
        """Everything that is asked of an expert in a round, in that expert's order."""
        key = (expert, round_)
        if key not in self._slots:
            study = self.folder.study
            names = in_drawing_order(self.items(round_), "order", study.id, study.seed, expert, round_)
            self._slots[key] = _with_repeats([Slot(name) for name in names], study.repeats)
        return self._slots[key]

    def is_swapped(self, expert: str, slot: Slot) -> bool:
        """True where the second of an item's films stands on the left."""
        if expert not in self._sides:
            self._sides[expert] = self._swapped_items(expert)
        return self._sides[expert][slot.item] != slot.repeat

    def _swapped_items(self, expert: str) -> dict[str, bool]:
        study = self.folder.study
        found: dict[str, bool] = {}
        for models, names in self._by_models.items():
            first = hashed("side", study.id, study.seed, expert, *models)[0] % 2
            in_order = in_drawing_order(names, "sides", study.id, study.seed, expert)
            found |= {name: (place + first) % 2 == 1 for place, name in enumerate(in_order)}
        return found

    @cached_property
    def _by_models(self) -> dict[tuple[str | None, ...], list[str]]:
        found: dict[tuple[str | None, ...], list[str]] = defaultdict(list)
        for item in self.folder.items:
            found[tuple(film.run for film in item.films)].append(item.id)
        return found

    def claims(self, expert: str, item: Item) -> list[Claim]:
        """The claims about a video in the expert's order."""
        by_id = {claim.id: claim for claim in item.claims}
        study = self.folder.study
        return [by_id[name] for name in in_drawing_order(by_id, "claims", study.id, study.seed, expert, item.id)]


def _with_repeats(slots: list[Slot], share: float) -> list[Slot]:
    """`slots` with some of the first half repeated in the last quarter."""
    count = min(round(share * len(slots)), len(slots) // 2)
    if not count:
        return slots
    step = (len(slots) // 2) // count
    repeated = [Slot(slots[place * step].item, repeat=True) for place in range(count)]
    late = len(slots) - len(slots) // 4
    head, tail = slots[:late], slots[late:]
    gap = max(1, len(tail) // count)
    mixed: list[Slot] = []
    for number, slot in enumerate(repeated):
        mixed += [*tail[number * gap : (number + 1) * gap], slot]
    return [*head, *mixed, *tail[count * gap :]]
