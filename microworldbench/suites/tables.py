"""A suite as three flat tables with a Croissant description: what data libraries and data hubs read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..croissant import CONFORMS_TO, CONTEXT, NUMBER, TEXT, TRUTH, field, file_object, record_set
from ..errors import InputError
from ..logbook import write_atomically
from ..rubric import Suite

COLUMNS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "tasks": {
        "task": (TEXT, "Id of the task"),
        "level": (TEXT, "organ, cellular or subcellular"),
        "title": (TEXT, "Title"),
        "prompt": (TEXT, "What a video generator is given"),
        "requirement": (TEXT, "What only the judge sees"),
        "tags": (TEXT, "Mechanism type first, then topic words, between spaces"),
        "review": (TEXT, "drafted or reviewed"),
    },
    "criteria": {
        "task": (TEXT, "Id of the task"),
        "criterion": (TEXT, "Id of the criterion, unique in its task"),
        "dimension": (TEXT, "scientific_fidelity, visual_quality or instruction_following"),
        "statement": (TEXT, "The claim, as the judge reads it"),
        "polarity": (TEXT, "reward or penalty"),
        "weight": (NUMBER, "In (0, 1]"),
        "temporal": (TRUTH, "True where one frame cannot decide the claim"),
        "measurement": (TEXT, "The measurement that decides the claim from pixels, and its parameters as JSON"),
    },
    "sources": {
        "task": (TEXT, "Id of the task"),
        "reference": (TEXT, "Where a fact comes from"),
        "fact": (TEXT, "The fact taken from it"),
        "url": (TEXT, "Its address"),
    },
}
"""Type and meaning of every column, by table; each table is a file ``<table>.jsonl``."""

CROISSANT, CARD = "croissant.json", "README.md"


def write_tables(suite: Suite, folder: str | os.PathLike[str], *, card: str) -> list[Path]:
    """Writes `suite` as JSON lines with ``croissant.json`` and a card that data hubs read.

    Args:
        suite: What is written.
        folder: Where to: a new or empty folder, or one that holds such tables already.
        card: Text of the card, below its header.

    Returns:
        The files.

    Raises:
        InputError: The suite states no licence, the folder holds something else, or it cannot be written to.
    """
    if suite.license is None:
        raise InputError(f"suite {suite.id!r} states no licence, so its texts are not copied; state one in suite.yaml")
    home = Path(folder)
    texts = {home / f"{name}.jsonl": _lines(rows) for name, rows in _rows(suite).items()}
    texts[home / CARD] = f"{_header(suite)}\n{card}"
    try:
        home.mkdir(parents=True, exist_ok=True)
        if strangers := {path.name for path in home.iterdir()} - {path.name for path in texts} - {CROISSANT}:
            raise InputError(f"{str(home)!r} holds {min(strangers)!r}, which is no table of a suite; name a new folder")
        for path, text in texts.items():
            write_atomically(path, text.encode())
        described = json.dumps(_croissant(suite, home), indent=2, ensure_ascii=True) + "\n"
        write_atomically(home / CROISSANT, described.encode())
    except OSError as error:
        raise InputError(f"cannot write to {str(home)!r}: {error.strerror or error}") from error
    return [*texts, home / CROISSANT]


def _rows(suite: Suite) -> dict[str, list[dict[str, Any]]]:
    """The rows of every table, with the keys of `COLUMNS`; unknown is None."""
    tasks = [
        t.model_dump(mode="json", include={"level", "title", "prompt", "requirement"})
        | {"task": t.id, "tags": " ".join(t.tags), "review": t.review.status.value}
        for t in suite.tasks
    ]
    criteria = [
        c.model_dump(mode="json", include={"dimension", "statement", "polarity", "weight", "temporal"})
        | {"task": t.id, "criterion": c.id}
        | {"measurement": None if c.measurement is None else c.measurement.model_dump_json()}
        for t in suite.tasks
        for c in t.criteria
    ]
    sources = [{"task": t.id, **source.model_dump(mode="json")} for t in suite.tasks for source in t.sources]
    made = {"tasks": tasks, "criteria": criteria, "sources": sources}
    return {name: [{c: row[c] for c in columns} for row in made[name]] for name, columns in COLUMNS.items()}


def _lines(rows: Iterable[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows)


def _header(suite: Suite) -> str:
    """The front matter by which a data hub finds title, licence and tables."""
    configs = "".join(f"  - config_name: {name}\n    data_files: {name}.jsonl\n" for name in COLUMNS)
    name, licence = (json.dumps(text, ensure_ascii=False) for text in (suite.title, (suite.license or "").lower()))
    return f"---\npretty_name: {name}\nlicense: {licence}\nconfigs:\n{configs}---\n"


def _croissant(suite: Suite, home: Path) -> dict[str, Any]:
    return {
        "@context": dict(CONTEXT),
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": suite.id,
        "description": f"{suite.title}. {len(suite.tasks)} tasks with weighted rubrics.",
        "license": suite.license,
        "version": suite.version,
        "distribution": [file_object(home / f"{name}.jsonl", f"{name}.jsonl") for name in COLUMNS],
        "recordSet": [record_set(table, _fields(table), **_key(table)) for table in COLUMNS],
    }


def _key(table: str) -> dict[str, Any]:
    keys = {"tasks": ["task"], "criteria": ["task", "criterion"]}.get(table, [])
    return {"key": [{"@id": f"{table}/{column}"} for column in keys]} if keys else {}


def _fields(table: str) -> list[dict[str, Any]]:
    source = {"fileObject": {"@id": f"{table}.jsonl"}}
    to_tasks = {"references": {"field": {"@id": "tasks/task"}}}
    return [
        field(
            f"{table}/{column}", said, kind, {**source, "extract": {"column": column}},
            **(to_tasks if column == "task" and table != "tasks" else {}),
        )
        for column, (kind, said) in COLUMNS[table].items()
    ]  # fmt: skip
