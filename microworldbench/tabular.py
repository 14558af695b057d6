"""Rows of label files: JSON lines or CSV, read as they come and refused with file and line where they are damaged."""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from .errors import InputError, UnknownNameError

MAX_BYTES = 512_000_000
MAX_CELL = 1_000_000


@dataclass(frozen=True)
class Row:
    """One row, with where it stands."""

    path: Path
    line: int
    """From 1."""
    cells: Mapping[str, Any]
    """By column; text in CSV, any JSON value in JSON lines."""

    @property
    def place(self) -> str:
        """``file:line`` for messages."""
        return f"{self.path}:{self.line}"

    def text(self, column: str, *, default: str | None = None) -> str:
        """The cell as text without surrounding space.

        Raises:
            InputError: it is absent or empty (and there is no `default`), or neither text nor a number.
        """
        value = self.cells.get(column)
        if value is None or (isinstance(value, str) and not value.strip()):
            if default is not None:
                return default
            raise InputError(f"{self.place}: {column} is empty; every row needs one")
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise InputError(f"{self.place}: {column} must be text, got {value!r:.80}")
        return str(value).strip()

    def whole(self, column: str, *, default: int) -> int:
        """The cell as a whole number of at least 0; an absent or empty one is `default`.

        Raises:
            InputError: it is something else.
        """
        text = self.text(column, default="")
        if not text:
            return default
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise InputError(f"{self.place}: {column} must be a whole number from 0, got {text!r:.80}")
        return int(text)

    def choice(self, column: str, allowed: Mapping[str, Any], *, default: str | None = None) -> Any:
        """What `allowed` says of the cell.

        Raises:
            UnknownNameError: the cell is not among them.
        """
        text = self.text(column, default=default)
        if text not in allowed:
            raise UnknownNameError(column, text[:80], [name for name in allowed if name], f"It stands in {self.place}")
        return allowed[text]


def read_rows(path: Path, columns: Collection[str]) -> Iterator[Row]:
    """Yields the rows of `path`: CSV with a header where its name ends in ``.csv``, else one JSON object a line.

    Args:
        path: The file, UTF-8.
        columns: Columns that must be there; others may be.

    Raises:
        InputError: the file cannot be read, is far too large, is not UTF-8, lacks a column, or a row is damaged.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path} is over {MAX_BYTES // 1_000_000} MB; split it")
        with path.open(encoding="utf-8-sig", newline="") as lines:
            yield from (_csv if path.suffix.lower() == ".csv" else _json_lines)(path, lines, columns)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text (at byte {error.start:,})") from None


def _csv(path: Path, lines: TextIO, columns: Collection[str]) -> Iterator[Row]:
    csv.field_size_limit(MAX_CELL)
    reader = csv.DictReader(lines, strict=True)
    try:
        head = [name.strip() for name in reader.fieldnames or []]
        _require(path, 1, head, columns)
        if len(set(head)) < len(head):
            raise InputError(f"{path}:1: a column stands twice in the header: {', '.join(head)}")
        reader.fieldnames = head
        for cells in reader:
            if None in cells or None in cells.values():
                raise InputError(f"{path}:{reader.line_num}: the row has not {len(head)} cells as the header has")
            yield Row(path, reader.line_num, cells)
    except csv.Error as error:
        raise InputError(f"{path}:{reader.line_num} is damaged: {error}") from None


def _json_lines(path: Path, lines: TextIO, columns: Collection[str]) -> Iterator[Row]:
    number = 0
    while line := lines.readline(MAX_CELL):
        number += 1
        if not line.strip():
            continue
        try:
            cells = json.loads(line)
        except (ValueError, RecursionError) as error:
            said = error.msg if isinstance(error, json.JSONDecodeError) else error
            raise InputError(f"{path}:{number} is not a JSON object on one line: {said}") from None
        if not isinstance(cells, dict):
            raise InputError(f"{path}:{number} must be a JSON object, got {type(cells).__name__}")
        _require(path, number, cells, columns)
        yield Row(path, number, cells)


def _require(path: Path, line: int, found: Collection[str], columns: Collection[str]) -> None:
    lacking = [name for name in columns if name not in found]
    if lacking:
        shown = ", ".join(sorted(map(str, found)))[:200] or "none"
        raise InputError(f"{path}:{line} lacks {', '.join(lacking)}; columns must be {', '.join(columns)}, got {shown}")


def no_formula(text: str) -> str:
    """`text` as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
