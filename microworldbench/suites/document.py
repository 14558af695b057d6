"""One YAML document with the line of every value, read by the safe C parser and nothing else.

Values are built from parser events, so that a file is read once, nesting is bounded before it costs anything, and
anchors, aliases, tags and duplicate keys are errors with a line number instead of surprises.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import JsonValue, ValidationError

from ..errors import InputError, SuiteError

MAX_BYTES = 1_000_000
MAX_DEPTH = 24

Place = tuple[str | int, ...]
"""Where a value stands, e.g. ``("criteria", 2, "weight")``."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Line of a value, the marks of what it holds and, in a mapping, the line of every key."""

    line: int
    items: dict[str | int, Mark] | None = None
    keys: dict[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: its value and where every part of it stands."""

    data: JsonValue
    mark: Mark
    shown: str
    """The file, as the user would name it."""

    def line_of(self, place: Place) -> int:
        """Line of the value at `place`, or of the innermost part around it that exists."""
        mark = self.mark
        line = mark.line
        for step in place:
            if mark.keys is not None and isinstance(step, str) and step in mark.keys:
                line = mark.keys[step]
            if mark.items is None or step not in mark.items:
                break
            mark = mark.items[step]
            line = mark.line
        return line

    def error(self, message: str, place: Place = ()) -> SuiteError:
        """A `SuiteError` about the value at `place`."""
        return SuiteError(message, path=self.shown, line=self.line_of(place), field=dotted(place) or None)

    def invalid(self, error: ValidationError) -> SuiteError:
        """A `SuiteError` about the first value that a record of pydantic's does not take."""
        first = error.errors()[0]
        told = {"missing": "is missing", "extra_forbidden": "is not known here"}
        message = told.get(first["type"], first["msg"].removeprefix("Value error, "))
        received = "" if first["type"] in {*told, "value_error"} else f", got {first['input']!r:.80}"
        return self.error(message + received, tuple(first["loc"]))


def dotted(place: Place) -> str:
    """``("criteria", 2, "weight")`` as ``criteria[2].weight``."""
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def read_document(path: Path, shown: str) -> Document:
    """Reads `path` as one YAML document.

    Args:
        path: The file. It must be a regular file of at most 1 MB.
        shown: Its name in error messages.

    Raises:
        SuiteError: The file cannot be read, is not UTF-8, is empty, or is not plain YAML; names the line.
        InputError: PyYAML was built without libyaml.
    """
    return parse_document(_read_text(path, shown), shown)


def parse_document(text: str, shown: str) -> Document:
    """Parses `text` as one YAML document. Raises like `read_document`."""
    if "\t" in text:
        line = text.count("\n", 0, text.index("\t")) + 1
        raise SuiteError("tab character found; indent and separate with spaces", path=shown, line=line)
    if not text.strip():
        raise SuiteError("the file is empty", path=shown)
    try:
        data, mark = _Reader(text, shown).document()
    except yaml.MarkedYAMLError as error:
        found: Any = error.problem_mark or error.context_mark
        said = " ".join(part for part in (error.context, error.problem) if part)
        raise SuiteError(f"not valid YAML: {said}", path=shown, line=found.line + 1 if found else None) from error
    except yaml.YAMLError as error:
        raise SuiteError(f"not valid YAML: {' '.join(str(error).split())}", path=shown) from error
    return Document(data, mark, shown)


def _read_text(path: Path, shown: str) -> str:
    if not path.is_file():
        raise SuiteError("is not a regular file" if path.exists() else "no such file", path=shown)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SuiteError(f"cannot be read: {error.strerror}", path=shown) from error
    if len(content) > MAX_BYTES:
        raise SuiteError(f"the file is over 1 MB ({path.stat().st_size:,} bytes); keep one task a file", path=shown)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        wrong = content[error.start]
        raise SuiteError(f"not UTF-8 (byte 0x{wrong:02x}); save the file as UTF-8", path=shown, line=line) from error


def _c_loader() -> Any:
    loader = getattr(yaml, "CSafeLoader", None)
    if loader is None:
        raise InputError(
            "reading a suite needs PyYAML with its C parser (libyaml), which this installation lacks. Its wheels have "
            "it: pip install --force-reinstall --no-cache-dir --only-binary pyyaml pyyaml"
        )
    return loader


class _Reader:
    """Builds plain values from the events of one document."""

    def __init__(self, text: str, shown: str) -> None:
        self.loader = _c_loader()(text)
        self.shown = shown

    def document(self) -> tuple[JsonValue, Mark]:
        loader = self.loader
        loader.get_event()  # the stream begins
        if loader.check_event(yaml.StreamEndEvent):
            raise SuiteError("the file holds no data, only comments", path=self.shown)
        loader.get_event()  # the document begins
        value = self._value(loader.get_event(), 0)
        loader.get_event()  # the document ends
        if not loader.check_event(yaml.StreamEndEvent):
            raise self._error("a second document begins; keep one document a file", loader.peek_event())
        return value

    def _error(self, message: str, event: Any) -> SuiteError:
        return SuiteError(message, path=self.shown, line=event.start_mark.line + 1)

    def _value(self, event: Any, depth: int) -> tuple[JsonValue, Mark]:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise self._error(f"alias *{event.anchor} found; write the value out", event)
        if event.anchor is not None:
            raise self._error(f"anchor &{event.anchor} found; anchors and aliases are not allowed", event)
        if event.tag is not None:
            raise self._error(f"tag {event.tag!r} found; tags are not allowed", event)
        if depth > MAX_DEPTH:
            raise self._error(f"nested more than {MAX_DEPTH} deep", event)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event), Mark(line)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, depth)
        return self._mapping(event, depth)

    def _sequence(self, start: Any, depth: int) -> tuple[JsonValue, Mark]:
        values: list[JsonValue] = []
        marks: dict[str | int, Mark] = {}
        while not isinstance(event := self.loader.get_event(), yaml.SequenceEndEvent):
            value, marks[len(values)] = self._value(event, depth + 1)
            values.append(value)
        return values, Mark(start.start_mark.line + 1, marks)

    def _mapping(self, start: Any, depth: int) -> tuple[JsonValue, Mark]:
        values: dict[str, JsonValue] = {}
        marks: dict[str | int, Mark] = {}
        lines: dict[str, int] = {}
        while not isinstance(event := self.loader.get_event(), yaml.MappingEndEvent):
            key, mark = self._value(event, depth + 1)
            if not isinstance(key, str):
                raise self._error(f"a key must be text, got {_brief(key)}; write it in quotes", event)
            if key in values:
                raise self._error(f"key {key!r} is given twice (first in line {lines[key]})", event)
            values[key], marks[key] = self._value(self.loader.get_event(), depth + 1)
            lines[key] = mark.line
        return values, Mark(start.start_mark.line + 1, marks, lines)

    def _scalar(self, event: Any) -> JsonValue:
        text: str = event.value
        if not event.implicit[0]:  # quoted or block text
            return text
        tag = self.loader.resolve(yaml.ScalarNode, text, (True, False))
        kind = tag.rpartition(":")[2]
        if kind in ("int", "float"):
            return self._number(kind, event)
        if kind == "null":
            return None
        return bool(self.loader.bool_values[text.lower()]) if kind == "bool" else text

    def _number(self, kind: str, event: Any) -> int | float:
        node = yaml.ScalarNode(f"tag:yaml.org,2002:{kind}", event.value)
        try:
            number: int | float = getattr(self.loader, f"construct_yaml_{kind}")(node)
        except ValueError as error:
            raise self._error(f"cannot read the number {_brief(event.value)}", event) from error
        if not math.isfinite(number):
            raise self._error(f"a number must be finite, got {event.value}", event)
        return number


def _brief(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
