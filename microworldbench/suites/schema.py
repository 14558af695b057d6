"""JSON Schemas of the two YAML files, for editors: generated from the records, never written by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..rubric import Record, Task
from .folder import SuiteHeader

REGENERATE = "mwb suites schema --write"

_FILES: dict[str, tuple[type[Record], str]] = {
    "suite": (SuiteHeader, "suite.yaml of a MicroWorldBench suite"),
    "task": (Task, "tasks/<id>.yaml of a MicroWorldBench suite"),
}


def schemas() -> dict[str, dict[str, Any]]:
    """The schema of ``suite.yaml`` and of ``tasks/<id>.yaml``, by the names ``suite`` and ``task``."""
    made = {}
    for name, (record, title) in _FILES.items():
        schema = record.model_json_schema()
        made[name] = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": title}
    return made


def schema_texts() -> dict[str, str]:
    """The schemas as the files under ``rubrics/schema`` hold them, by file name."""
    return {f"{n}.json": json.dumps(s, indent=2, ensure_ascii=False) + "\n" for n, s in schemas().items()}


def write_schemas(folder: Path | None = None) -> list[Path]:
    """Writes the schemas and returns the files.

    Args:
        folder: Where to; by default ``rubrics/schema`` of the checkout.

    Raises:
        InputError: There is no checkout, or the folder cannot be written to.
    """
    from .packaged import checkout_folder

    if folder is None:
        home = checkout_folder()
        if home is None:
            raise InputError("there is no checkout to write to; 'mwb suites schema' prints the schemas")
        folder = home / "schema"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in schema_texts().items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write to {folder}: {error.strerror}") from error
    return [folder / name for name in schema_texts()]
