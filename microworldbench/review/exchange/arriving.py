"""``mwb review import``: answers that were given elsewhere enter the study's log, checked like any other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...errors import InputError
from ...tabular import Row, read_rows
from ..desk import ClosedError, Desk, Visit
from ..sheets.sheet import read_fields
from ..store.access import checked_name
from ..store.board import Slot
from ..studies.records import Item, Kind
from .label_studio import read_annotations
from .rows import RELEVANT

MAX_BYTES = 512_000_000
NAMED = ("item", "task", "clip")
"""Columns that may say what a row is about."""
WHO = ("expert", "rater", "evaluator")
TIMES = ("started", "ended", "seconds")
OTHER = (
    *("seed", "round", "repeat", "complete", "level", "task_level", "inclusion", "origin", "left", "right", *TIMES),
    *("criterion", "video_sha256", "criterion_digest", "dimension", "polarity"),
)
"""Columns that are no fields."""


@dataclass(frozen=True)
class Arrival:
    """One answer on its way in."""

    place: str
    item: Item
    name: str
    """Who gave it, as the file says."""
    fields: Mapping[str, str]
    shown: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    repeat: bool = False


@dataclass
class Imported:
    """What an import came to."""

    answers: int = 0
    """Rows or annotations taken."""
    unchanged: int = 0
    """Those that the study held already."""
    experts: dict[str, str] = field(default_factory=dict)
    """Pseudonym by name."""
    incomplete: int = 0
    """Answers after which something on their page is still open."""


def import_answers(desk: Desk, path: Path) -> Imported:
    """Takes every answer of a file into the round that is open; nothing is taken if one of them is wrong.

    Args:
        desk: Of the study.
        path: Label Studio's JSON export (``.json``), or rows as JSON lines or CSV: who (expert, rater or evaluator), on
            what (item; or task, with seed or video_sha256 where that is not enough), and a column for each field. For
            verdicts, label files with criterion and met are taken as they are; for pairs, votes with left and right;
            for relevance, votes with relevant (yes, no, or empty where somebody could not say).

    Raises:
        InputError: the file is damaged, or does not fit the study; names the row.
        ClosedError: the study is over.
    """
    origin = "label-studio" if path.suffix.lower() == ".json" else "import"
    arrivals = list(_annotations(desk, path) if origin == "label-studio" else _rows(desk, path))
    if not arrivals:
        raise InputError(f"{path} holds no answer")
    if desk.is_over:
        raise ClosedError("the study is over: no answer is taken any more")
    for arrival in arrivals:
        _check(desk, arrival)
    found = Imported()
    for arrival in arrivals:
        _take(desk, arrival, found, origin)
    return found


def _check(desk: Desk, arrival: Arrival) -> None:
    known = _known(desk, arrival.name)
    if known is not None and not desk.board.may_answer(known, desk.board.round):
        raise InputError(f"{arrival.place}: {arrival.name!r} has left or handed in, so no answer is taken any more")
    try:
        checked_name(arrival.name)
        read_fields(desk.order.sheet(Slot(arrival.item.id), desk.board.round).form, arrival.fields)
    except InputError as error:
        raise InputError(f"{arrival.place}: {error}") from None


def _take(desk: Desk, arrival: Arrival, found: Imported, origin: str) -> None:
    if arrival.name not in found.experts:
        found.experts[arrival.name] = _expert(desk, arrival.name)
    expert = found.experts[arrival.name]
    slot = Slot(arrival.item.id, arrival.repeat)
    round_, before = desk.board.round, desk.board.last
    given = {**desk.board.fields(expert, round_, slot), **arrival.fields}
    visit = Visit(arrival.shown, active_s=arrival.seconds, origin=origin)
    answer, _ = desk.answer(expert, slot, desk.board.version(expert, round_, slot), given, visit)
    found.answers += 1
    found.unchanged += desk.board.last == before
    found.incomplete += not answer.complete


def _expert(desk: Desk, name: str) -> str:
    """The pseudonym of who is called that; somebody unknown joins, with a link that nobody has."""
    expert = _known(desk, name) or desk.access.invite(name)[0].pseudonym
    desk.sync()
    return expert


def _known(desk: Desk, name: str) -> str | None:
    people = desk.access.experts.values()
    return next((e.pseudonym for e in people if name.casefold() in (e.name.casefold(), e.pseudonym)), None)


def _annotations(desk: Desk, path: Path) -> Iterator[Arrival]:
    for given in read_annotations(desk.folder, _json(path), str(path)):
        yield Arrival(given.place, given.item, given.annotator, given.fields, given.shown, given.seconds)


def _json(path: Path) -> object:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path} is over {MAX_BYTES // 1_000_000} MB; export fewer tasks at once")
        return json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON: {error}") from None


def _rows(desk: Desk, path: Path) -> Iterator[Arrival]:
    merged: dict[tuple[str, str, bool], Arrival] = {}
    for row in read_rows(path, ()):
        arrival = _arrival(desk, row)
        before = merged.get((arrival.name, arrival.item.id, arrival.repeat))
        if before is not None and before.shown != arrival.shown:  # the same pair again, with sides swapped
            arrival = replace(arrival, repeat=True)
            before = merged.get((arrival.name, arrival.item.id, True))
        if before is not None:
            if twice := [n for n in arrival.fields if before.fields.get(n, arrival.fields[n]) != arrival.fields[n]]:
                raise InputError(f"{row.place}: {arrival.name!r} answers {twice[0]} otherwise than in {before.place}")
            arrival = replace(before, fields={**before.fields, **arrival.fields})
        merged[arrival.name, arrival.item.id, arrival.repeat] = arrival
    yield from merged.values()


def _arrival(desk: Desk, row: Row) -> Arrival:
    who = next((column for column in WHO if row.cells.get(column)), None)
    if who is None:
        raise InputError(f"{row.place} says not who answered; one of the columns {', '.join(WHO)} must")
    item = _item(desk, row)
    form = desk.order.sheet(Slot(item.id), desk.board.round).form
    apart = {name for name in (*NAMED, *WHO, *OTHER, "met", "relevant") if name not in form}
    fields = {n: str(value) for n, value in row.cells.items() if n not in apart and value not in (None, "", [])}
    if row.cells.get("met") not in (None, ""):
        fields[f"met.{row.text('criterion')}"] = _met(row)
    if "relevant" in row.cells:
        fields["answer"] = row.choice("relevant", {said: answer for answer, said in RELEVANT.items()}, default="")
    shown = _sides(item, row) if desk.folder.study.kind is Kind.PAIR else {}
    return Arrival(row.place, item, row.text(who), fields, shown, repeat=str(row.cells.get("repeat")).lower() == "true")


def _met(row: Row) -> str:
    value = row.cells["met"]
    return {True: "met", False: "not_met"}[value] if isinstance(value, bool) else row.text("met")


def _item(desk: Desk, row: Row) -> Item:
    folder = desk.folder
    if row.cells.get("item"):
        item = folder.by_id.get(row.text("item"))
        if item is None:
            raise InputError(f"{row.place}: this study has no item {row.text('item')!r:.80}")
        return item
    name = next((row.text(column) for column in ("task", "clip") if row.cells.get(column)), None)
    found = [item for item in folder.items if name in (item.task, item.id)]
    if row.cells.get("seed") not in (None, ""):
        found = [item for item in found if item.seed == row.whole("seed", default=0)]
    if row.cells.get("video_sha256"):
        found = [item for item in found if row.text("video_sha256") in {film.source_sha256 for film in item.films}]
    if row.cells.get("left") and row.cells.get("right"):
        runs = {row.text("left"), row.text("right")}
        found = [item for item in found if {film.run for film in item.films} == runs]
    if len(found) != 1:
        said = "no item" if not found else f"{len(found)} items"
        raise InputError(f"{row.place}: {said} of this study fit task {name!r:.80}; name the item in a column item")
    return found[0]


def _sides(item: Item, row: Row) -> dict[str, int]:
    """Which film stood on which side.

    Raises:
        InputError: the row does not say.
    """
    runs = [film.run for film in item.films]
    try:
        return {side: runs.index(row.text(side)) for side in ("left", "right")}
    except ValueError:
        raise InputError(f"{row.place}: left and right must be {runs[0]!r} and {runs[1]!r}") from None
