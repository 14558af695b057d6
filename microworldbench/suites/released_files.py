"""Reading the three published files and checking them against each other."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NoReturn

from ..errors import SuiteError
from ..rubric import Dimension, Level, Polarity
from .problems import brief

RAW_FILE, TIERED_FILE, TASK_FILE = "MWBenchRubrics.json", "MWBenchRubrics_norm.json", "finaltasks.json"
MAX_BYTES = 64_000_000

_DIMENSIONS = {
    "rubrics_scientific": Dimension.SCIENTIFIC_FIDELITY,
    "rubrics_visual": Dimension.VISUAL_QUALITY,
    "rubrics_instruction": Dimension.INSTRUCTION_FOLLOWING,
}
_LEVELS = {
    "Organ-level": Level.ORGAN,
    "Cellular-level": Level.CELLULAR,
    "Subcellular-level": Level.SUBCELLULAR,
}
_SIGNS = {"+1": Polarity.REWARD, "1": Polarity.REWARD, "-1": Polarity.PENALTY}
_PROMPT_KEYS = {RAW_FILE: ("task", "requirement"), TIERED_FILE: ("任务", "具体要求"), TASK_FILE: ("任务", "具体要求")}


@dataclass(frozen=True, slots=True)
class NumberedCriterion:
    """A criterion as published: both its weights as they are written, and the number it is filed under."""

    dimension: Dimension
    position: int
    """In its dimension, from 1."""
    number: int
    """As published: the position, or 11, 22, 33, 44, 55 for the positions 1 to 5."""
    statement: str
    polarity: Polarity
    raw: str | float
    tiered: str | float

    def written(self, weights: Literal["tiered", "raw"]) -> str | float:
        """The weight as the file has it: a number, or text."""
        return self.tiered if weights == "tiered" else self.raw

    def weight(self, weights: Literal["tiered", "raw"]) -> float:
        """The weight as a number, unscaled."""
        return float(self.written(weights))


@dataclass(frozen=True)
class ReleasedTask:
    """A task as published."""

    index: int
    level: Level
    prompt: str
    requirement: str | None
    origin: str | None
    """Where the task was drawn from, as the files name it; data, never an address to open."""
    criteria: tuple[NumberedCriterion, ...]
    _by_dimension: dict[Dimension, tuple[NumberedCriterion, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        groups = {d: tuple(c for c in self.criteria if c.dimension is d) for d in Dimension}
        object.__setattr__(self, "_by_dimension", groups)

    def in_dimension(self, dimension: Dimension) -> tuple[NumberedCriterion, ...]:
        """Its criteria in `dimension`, by position."""
        return self._by_dimension[dimension]

    def is_misnumbered(self, dimension: Dimension) -> bool:
        """True where the dimension is numbered 11, 22, … and the released evaluator therefore saw nothing of it."""
        return any(c.number != c.position for c in self._by_dimension[dimension])


def read_released(folder: Path) -> tuple[ReleasedTask, ...]:
    """The tasks in `folder`, by index.

    Raises:
        SuiteError: A file is missing or malformed, or two files contradict each other.
    """
    if not folder.is_dir():
        found = "is a file; give the folder that holds it" if folder.exists() else "no such folder"
        raise SuiteError(f"{found} (the published files are {RAW_FILE}, {TIERED_FILE} and {TASK_FILE})", path=folder)
    raw, tiered, tasks = (_read_entries(folder / name) for name in (RAW_FILE, TIERED_FILE, TASK_FILE))
    for name, entries in ((TIERED_FILE, tiered), (TASK_FILE, tasks)):
        if lost := sorted(raw.keys() - entries.keys()):
            raise SuiteError(f"has no task {_first(lost)}, which {RAW_FILE} has", path=folder / name)
        if lost := sorted(entries.keys() - raw.keys()):
            raise SuiteError(f"has no task {_first(lost)}, which {name} has", path=folder / RAW_FILE)
    return tuple(_join(folder, i, raw[i], tiered[i], tasks[i]) for i in sorted(raw))


def _first(indices: list[int]) -> str:
    return ", ".join(map(str, indices[:5])) + (f" (and {len(indices) - 5} more)" if len(indices) > 5 else "")


def _read_entries(path: Path) -> dict[int, dict[str, Any]]:
    """The tasks of one file by index."""
    content = _read_json(path)
    if not isinstance(content, list) or not content:
        raise SuiteError(f"must hold a list of tasks, got {brief(content)}", path=path)
    entries: dict[int, dict[str, Any]] = {}
    for place, entry in enumerate(content):
        index = entry.get("index") if isinstance(entry, dict) else None
        if not isinstance(index, int) or isinstance(index, bool) or not 1 <= index <= 99_999:
            said = brief(index) if isinstance(entry, dict) else brief(entry)
            raise SuiteError(f"must be a task with an index from 1, got {said}", path=path, field=f"[{place}]")
        if index in entries:
            raise SuiteError(f"task {index} is given twice", path=path)
        entries[index] = entry
    return entries


def _read_json(path: Path) -> Any:
    if not path.is_file():
        raise SuiteError("no such file; 'released:PATH' needs all three published files", path=path)
    if path.stat().st_size > MAX_BYTES:
        raise SuiteError(f"over {MAX_BYTES // 1_000_000} MB; not the published file", path=path)

    def refuse(constant: str) -> NoReturn:
        raise SuiteError(f"holds {constant}, which is not a number a rubric can have", path=path)

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            twice = next(key for key, _ in pairs if sum(key == other for other, _ in pairs) > 1)
            raise SuiteError(f"key {twice!r} is given twice in one object", path=path)
        return made

    try:
        text = path.read_bytes().decode("utf-8-sig")
        return json.loads(text, parse_constant=refuse, object_pairs_hook=once)
    except UnicodeDecodeError as error:
        raise SuiteError(f"not UTF-8 (at byte {error.start:,})", path=path) from error
    except json.JSONDecodeError as error:
        said = f"not complete JSON: {error.msg}; the file may be truncated, fetch it again"
        raise SuiteError(said, path=path, line=error.lineno) from error
    except RecursionError as error:
        raise SuiteError("nested too deep for a rubric file", path=path) from error
    except OSError as error:
        raise SuiteError(f"cannot be read: {error.strerror}", path=path) from error


def _join(
    folder: Path, index: int, raw: Mapping[str, Any], tiered: Mapping[str, Any], task: Mapping[str, Any]
) -> ReleasedTask:
    place = f"task {index}"
    texts = []
    for name, entry in ((RAW_FILE, raw), (TIERED_FILE, tiered), (TASK_FILE, task)):
        texts.append(tuple(_text(entry.get(key), folder / name, f"{place} {key}") for key in _PROMPT_KEYS[name]))
        if texts[-1] != texts[0]:
            raise SuiteError(f"{place}: its text differs from the one in {RAW_FILE}", path=folder / name)
    label = task.get("final_label")
    if not isinstance(label, str) or label not in _LEVELS:
        said = f"must be {', '.join(_LEVELS)}, got {brief(label)}"
        raise SuiteError(said, path=folder / TASK_FILE, field=f"{place} final_label")
    origin = task.get("id")
    return ReleasedTask(
        index=index,
        level=_LEVELS[label],
        prompt=texts[0][0],
        requirement=texts[0][1],
        origin=origin if isinstance(origin, str) else None,
        criteria=tuple(c for key in _DIMENSIONS for c in _dimension(folder, place, key, raw, tiered)),
    )


def _text(value: object, path: Path, place: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise SuiteError(f"must be text, got {brief(value)}", path=path, field=place)
    return value.strip()


def _dimension(
    folder: Path, task: str, key: str, raw: Mapping[str, Any], tiered: Mapping[str, Any]
) -> list[NumberedCriterion]:
    place = f"{task} {key}"
    sides = []
    for name, entry in ((RAW_FILE, raw), (TIERED_FILE, tiered)):
        rows = entry.get(key)
        if not isinstance(rows, dict):
            raise SuiteError(f"must be an object of criteria, got {brief(rows)}", path=folder / name, field=place)
        sides.append((rows, _numbers(rows, folder / name, place)))
    (rows, numbers), (other, other_numbers) = sides
    if numbers != other_numbers:
        said = f"numbers its criteria {other_numbers}, {RAW_FILE} {numbers}"
        raise SuiteError(said, path=folder / TIERED_FILE, field=place)
    criteria = []
    for position, number in enumerate(numbers, 1):
        statement = _text(rows[f"d{number}"], folder / RAW_FILE, f"{place} d{number}")
        polarity = _sign(rows[f"s{number}"], folder / RAW_FILE, f"{place} s{number}")
        if _text(other[f"d{number}"], folder / TIERED_FILE, f"{place} d{number}") != statement:
            raise SuiteError(f"text differs from {RAW_FILE}", path=folder / TIERED_FILE, field=f"{place} d{number}")
        if _sign(other[f"s{number}"], folder / TIERED_FILE, f"{place} s{number}") is not polarity:
            raise SuiteError(f"sign differs from {RAW_FILE}", path=folder / TIERED_FILE, field=f"{place} s{number}")
        criteria.append(
            NumberedCriterion(
                dimension=_DIMENSIONS[key],
                position=position,
                number=number,
                statement=statement,
                polarity=polarity,
                raw=_weight(rows[f"w{number}"], folder / RAW_FILE, f"{place} w{number}"),
                tiered=_weight(other[f"w{number}"], folder / TIERED_FILE, f"{place} w{number}"),
            )
        )
    return criteria


def _numbers(rows: Mapping[str, Any], path: Path, place: str) -> list[int]:
    """The numbers criteria are filed under: 1, 2, … or 11, 22, …; each with a text, a sign and a weight."""
    numbers: dict[str, set[str]] = {}
    for key in rows:
        match = re.fullmatch(r"([dsw])([1-9][0-9]{0,2})", key)
        if match is None:
            raise SuiteError(f"has an unknown key {brief(key)}", path=path, field=place)
        numbers.setdefault(match[2], set()).add(match[1])
    for number, parts in numbers.items():
        if lost := sorted({"d", "s", "w"} - parts):
            raise SuiteError(f"lacks {lost[0]}{number}", path=path, field=place)
    found = sorted(map(int, numbers))
    if found not in ([n * step for n in range(1, len(found) + 1)] for step in (1, 11)):
        raise SuiteError(f"numbers its criteria {found}; known are 1, 2, … and 11, 22, …", path=path, field=place)
    return found


def _sign(value: object, path: Path, place: str) -> Polarity:
    written = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if written not in _SIGNS:
        raise SuiteError(f"must be '+1' or '-1', got {brief(value)}", path=path, field=place)
    return _SIGNS[written]


def _weight(value: object, path: Path, place: str) -> str | float:
    """A weight as it is written, known to be readable, finite and at least 0."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,4}(\.[0-9]{0,6})?", value):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value < 10_000:
        return float(value)
    raise SuiteError(f"must be a weight from 0, got {brief(value)}", path=path, field=place)
