"""Generators, judges and panels described in a YAML file.

``{generator: NAME, settings: {…}}``, ``{judge: NAME, settings: {…}}``, or ``{panel: [NAME, {judge: NAME, settings:
{…}}], settings: {…}}`` whose own settings go to every member that doesn't say otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import InputError


@dataclass(frozen=True)
class Seat:
    """A member of a panel as its file describes it."""

    judge: str
    settings: dict[str, object]


def is_yaml(reference: str) -> bool:
    """Whether a reference names such a file."""
    return reference.endswith((".yaml", ".yml"))


def read_named(path: str, kind: str) -> tuple[str, dict[str, object]]:
    """The name and settings of a generator or judge.

    Args:
        path: The file.
        kind: ``generator`` or ``judge``.

    Raises:
        InputError: the file cannot be read, or holds anything else.
    """
    content = _load(path)
    if not isinstance(content, dict) or not isinstance(content.get(kind), str) or set(content) - {kind, "settings"}:
        other = " or 'panel: [NAME, …]'" if kind == "judge" else ""
        raise InputError(f"{path} must hold '{kind}: NAME'{other} and optionally 'settings:', got {_keys(content)}")
    return _name(path, content[kind]), _settings(path, content)


def read_panel(path: str) -> list[Seat] | None:
    """The members of a panel; None where the file describes none.

    Raises:
        InputError: the file cannot be read, or its panel is malformed.
    """
    content = _load(path)
    if not isinstance(content, dict) or "panel" not in content:
        return None
    if not isinstance(content["panel"], list) or set(content) - {"panel", "settings"}:
        raise InputError(f"{path} must hold 'panel: [NAME, …]' and optionally 'settings:', got {_keys(content)}")
    shared = _settings(path, content)
    return [_seat(path, number, entry, shared) for number, entry in enumerate(content["panel"])]


def _seat(path: str, number: int, entry: object, shared: dict[str, object]) -> Seat:
    if isinstance(entry, str):
        return Seat(_name(path, entry), dict(shared))
    if not isinstance(entry, dict) or not isinstance(entry.get("judge"), str) or set(entry) - {"judge", "settings"}:
        raise InputError(
            f"{path}: panel[{number}] must be a name or hold 'judge: NAME' and optionally 'settings:', "
            f"got {_keys(entry)}"
        )
    return Seat(_name(path, entry["judge"]), shared | _settings(path, entry))


def _name(path: str, name: str) -> str:
    if is_yaml(name):
        raise InputError(f"{path} names another YAML file, {name!r}")
    return name


def _settings(path: str, content: dict[str, object]) -> dict[str, object]:
    settings = content.get("settings") or {}
    if not isinstance(settings, dict):
        raise InputError(f"{path}: settings must be a mapping, got {type(settings).__name__}")
    return {str(key): value for key, value in settings.items()}


def _load(path: str) -> object:
    from .suites.document import read_document

    return read_document(Path(path), path).data


def _keys(content: object) -> Sequence[str] | str:
    return sorted(map(str, content)) if isinstance(content, dict) else type(content).__name__
