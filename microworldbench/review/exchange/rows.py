"""Answers as rows: labels for ``mwb agreement`` and ``mwb score``, votes for ``mwb preference`` and ``mwb draft``."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...labels import Label, dump_labels
from ...outcomes import Outcome
from ...tabular import no_formula
from ..store.board import Board, Given, Slot
from ..studies.folder import StudyFolder
from ..studies.records import Item, Kind

Row = dict[str, Any]
VOTE_COLUMNS = ("task", "evaluator", "left", "right", "choice")
RELEVANCE_COLUMNS = ("task", "evaluator", "relevant", "level", "why")
RELEVANT = {"relevant": "yes", "not_relevant": "no", "unsure": ""}


def labels_of(folder: StudyFolder, board: Board) -> Iterator[Label]:
    """Every verdict of every expert, with the video it is about and the probability with which its task was drawn."""
    for given, item in _given(folder, board):
        for claim in item.claims:
            if (met := given.fields.get(f"met.{claim.id}")) is not None:
                yield Label(
                    task=str(item.task),
                    seed=item.seed or 0,
                    criterion=claim.id,
                    rater=given.expert,
                    outcome=Outcome(met),
                    digest=claim.digest,
                    video=item.films[0].source_sha256,
                    inclusion=_inclusion(item),
                )


def tables_of(folder: StudyFolder, board: Board) -> dict[str, str]:
    """What other commands read of a study, by the name of the file: its labels or its votes, if its kind has them."""
    kind = folder.study.kind
    if kind is Kind.VERDICT:
        return {"labels.jsonl": dump_labels(labels_of(folder, board))}
    if kind is Kind.PAIR:
        return {"votes.csv": csv_text(votes_of(folder, board), VOTE_COLUMNS)}
    if kind is Kind.RELEVANCE:
        return {"votes.csv": csv_text(relevance_of(folder, board), RELEVANCE_COLUMNS)}
    return {}


def votes_of(folder: StudyFolder, board: Board) -> Iterator[Row]:
    """Every choice between two videos as it was made, sides and repetitions included."""
    for given, item in _given(folder, board):
        if (choice := given.fields.get("choice")) is not None:
            yield {
                "task": item.task,
                "evaluator": given.expert,
                **_sides(given, item),
                "choice": choice,
                "level": item.level,
                "inclusion": _inclusion(item),
                "seconds": board.seconds(given.expert, 1, _slot(given)),
            }


def relevance_of(folder: StudyFolder, board: Board) -> Iterator[Row]:
    """Every expert's word on every task, as ``mwb draft rubrics --votes`` reads it."""
    for given, item in _given(folder, board):
        if (answer := given.fields.get("answer")) is not None:
            yield {
                "task": item.task,
                "evaluator": given.expert,
                "relevant": RELEVANT[answer],
                "level": given.fields.get("level"),
                "why": given.fields.get("why"),
            }


def answers_of(folder: StudyFolder, board: Board) -> Iterator[Row]:
    """Every answer that counts, one row a page, one column a field."""
    for round_ in range(1, folder.study.kind.rounds + 1):
        for given in board.answers(round_):
            event, item = given.event, folder.by_id[given.item]
            yield {
                "item": event.item,
                "expert": event.expert,
                "round": event.round,
                "repeat": event.repeat,
                "complete": event.complete,
                "task": item.task,
                "task_level": item.level,
                "inclusion": _inclusion(item),
                **_sides(given, item),
                "started": event.started,
                "ended": event.ended,
                "seconds": board.seconds(event.expert, round_, _slot(given)),
                "origin": event.origin,
                **dict(sorted(given.fields.items())),
            }


def csv_text(rows: Iterable[Mapping[str, Any]], columns: Sequence[str] = ()) -> str:
    """Rows as CSV: all columns that occur, empty where unknown, and nothing that a spreadsheet would run."""
    kept = list(rows)
    names = list(dict.fromkeys([*columns, *(name for row in kept for name in row)]))
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow([_cell(name) for name in names])
    writer.writerows([_cell(row.get(name)) for name in names] for row in kept)
    return target.getvalue()


def json_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as JSON lines, lossless."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _given(folder: StudyFolder, board: Board) -> Iterator[tuple[Given, Item]]:
    for given in board.answers(1):
        yield given, folder.by_id[given.item]


def _slot(given: Given) -> Slot:
    return Slot(given.item, given.event.repeat)


def _sides(given: Given, item: Item) -> dict[str, str | None]:
    """Which model stood where, for pairs."""
    shown = given.event.shown
    return {side: item.films[int(str(shown[side]))].run for side in ("left", "right") if side in shown}


def _inclusion(item: Item) -> float | None:
    return None if item.inclusion is None else round(item.inclusion.drawn / item.inclusion.population, 9)


def _cell(value: object) -> object:
    if isinstance(value, str):
        return no_formula(value)
    return str(value).lower() if isinstance(value, bool) else "" if value is None else value
