"""Prompts to make videos of: the sample sheet's, a file's, or the tasks of a suite."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from microworldbench.errors import InputError

from .config import Validation

SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Prompt:
    """A prompt and the name its videos go by: letters, digits, ``.``, ``_`` and ``-``."""

    id: str
    text: str


def sheet_prompts(validation: Validation) -> list[Prompt]:
    """What the sample sheet of a run shows.

    Raises:
        InputError: the suite does not exist, or has no such task.
    """
    if validation.suite is not None:
        return suite_prompts(validation.suite, list(validation.tasks) or None)
    return [Prompt(f"prompt-{number}", text) for number, text in enumerate(validation.prompts, 1)]


def suite_prompts(reference: str, tasks: list[str] | None = None) -> list[Prompt]:
    """The prompts of a suite's tasks, by task id.

    Raises:
        InputError: the suite does not exist, or has no such task.
    """
    from microworldbench import View, load_suite

    view = View.of(load_suite(reference), tasks=tasks)
    return [Prompt(task.id, view.prompt_of(task)) for task in view.tasks]


def read_prompts(path: Path) -> list[Prompt]:
    """Prompts of a text file (one a line), or of a JSON list or JSON lines with ``prompt`` and, if wanted, ``id``.

    Raises:
        InputError: the file cannot be read, or a prompt or id in it cannot be used; names the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".json":
            rows = json.loads(text)
        else:
            read = _of_json if path.suffix == ".jsonl" else _of_text
            rows = [read(line, number) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read: {error}") from None
    if not isinstance(rows, list) or not rows:
        raise InputError(f"{path} holds no prompts")
    found = [_prompt(row, number, path) for number, row in enumerate(rows, 1)]
    seen: set[str] = set()
    for prompt in found:
        if prompt.id.lower() in seen:
            raise InputError(f"{path}: the id {prompt.id!r} is given twice")
        seen.add(prompt.id.lower())
    return found


def _of_json(line: str, number: int) -> object:
    try:
        return json.loads(line)
    except ValueError as error:
        raise ValueError(f"line {number} is no JSON: {error}") from None


def _of_text(line: str, _number: int) -> object:
    return {"prompt": line}


def _prompt(row: object, number: int, path: Path) -> Prompt:
    if not isinstance(row, dict) or not isinstance(row.get("prompt"), str) or not row["prompt"].strip():
        raise InputError(
            f'{path}: entry {number} needs a prompt, e.g. {{"id": "mitosis", "prompt": "A cell divides."}}'
        )
    name = str(row.get("id", f"{number:05d}"))
    if not SAFE_ID.fullmatch(name):
        raise InputError(f"{path}: entry {number}: an id names files, so it has letters, digits, . _ -; got {name!r}")
    return Prompt(name, row["prompt"].strip())
