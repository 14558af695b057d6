"""Append-only files of one JSON record a line, on the disk before an append returns."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ...errors import InputError, RunStoppedError
from ...logbook import first_problem
from ...rubric import Record


def append_line(path: Path, record: Record) -> None:
    """Appends `record` and waits until the disk has it.

    Raises:
        RunStoppedError: the disk is full or gone; everything written before is kept.
    """
    data = (record.model_dump_json() + "\n").encode("utf-8", "backslashreplace")
    try:
        target = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            start = os.fstat(target).st_size
            try:
                if os.write(target, data) < len(data):
                    raise OSError("the disk took a part of a line only")
                os.fsync(target)
            except OSError:
                os.ftruncate(target, start)
                raise
        finally:
            os.close(target)
    except OSError as error:
        raise RunStoppedError(f"cannot write {path}: {error.strerror or error}; make room, then try again") from error


def read_lines(path: Path, adapter: TypeAdapter[Any], *, start: int = 0) -> Iterator[tuple[Any, int]]:
    """Yields each record with the byte at which the next one begins; a torn last line is left out.

    Args:
        path: The file; one that does not exist holds nothing.
        adapter: Of the records.
        start: The byte to begin at.

    Raises:
        InputError: a line is damaged.
    """
    try:
        with path.open("rb") as file:
            file.seek(start)
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    return  # torn by a kill: it was never acknowledged
                start += len(line)
                try:
                    yield adapter.validate_json(line), start
                except ValidationError as error:
                    raise InputError(f"{path}:{number} is damaged: {first_problem(error)}") from None
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
