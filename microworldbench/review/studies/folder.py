"""The folder of a study: what is asked, the videos, the log of answers. Copying it is a back-up, at any moment.

``study.json``, ``items.jsonl``, ``suite.json`` and ``videos/`` never change. ``events.jsonl`` (answers) and
``access.jsonl`` (who may give them; kept private) only grow, line by line, so that a copy made while experts work holds
a whole beginning of both.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from ...errors import InputError
from ...logbook import first_problem
from ...rubric import Record, Suite, Task, digest_of
from .records import Item, Study

FILES = ("study.json", "items.jsonl", "suite.json", "events.jsonl")
"""What an exported study holds: no names, no keys, no videos."""
T = TypeVar("T", bound=Record)


class StudyFolder:
    """A study on disk, read.

    Args:
        path: The folder.

    Raises:
        InputError: it is not a study, is damaged, or what it asks was changed since it was made.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        if not (self.path / "study.json").is_file():
            raise InputError(f"{str(path)!r} is not a study (it has no study.json); 'mwb review new' makes one")
        self.study = _load(self.path / "study.json", Study)
        self.items = tuple(_lines(self.path / "items.jsonl", Item))
        self.suite = _load(self.path / "suite.json", Suite) if (self.path / "suite.json").is_file() else None
        if bundle_of(self.study, self.items, self.suite) != self.study.bundle:
            raise InputError(
                f"what {str(path)!r} asks was changed since the study was made, so its answers may be about something "
                "else; restore study.json, items.jsonl and suite.json, or make a new study"
            )

    @cached_property
    def by_id(self) -> dict[str, Item]:
        """Items by id."""
        return {item.id: item for item in self.items}

    def task(self, item: Item) -> Task:
        """The task that `item` is about, where the study keeps its suite."""
        assert self.suite is not None
        assert item.task is not None
        return self.suite.by_id[item.task]

    @property
    def videos(self) -> Path:
        """Where the videos lie."""
        return self.path / "videos"

    @cached_property
    def key(self) -> bytes:
        """The study's secret, which signs forms.

        Raises:
            InputError: it is not there, as in an exported study.
        """
        try:
            return bytes.fromhex((self.path / "key").read_text("ascii").strip())
        except (OSError, ValueError):
            raise InputError(
                f"{str(self.path)!r} has no key: it is an export of a study, which can be merged but not served"
            ) from None


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to make a study in; it gets its name only once everything is in it.

    Raises:
        InputError: something is there already, or the place cannot be written to.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError(f"{str(path)!r} exists already; choose another name for the study")
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        (unfinished / "videos").mkdir(parents=True)
        yield unfinished
        if path.exists():
            path.rmdir()
        unfinished.rename(path)
    except OSError as error:
        raise InputError(f"cannot make {str(path)!r}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def fill(folder: Path, study: Study, items: Sequence[Item], suite: Suite | None) -> Study:
    """Writes what a study asks, and its key; returns `study` with its bundle digest."""
    study = study.model_copy(update={"items": len(items), "bundle": bundle_of(study, items, suite)})
    _write(folder / "study.json", study.model_dump_json(by_alias=True, indent=1) + "\n")
    _write(folder / "items.jsonl", "".join(item.model_dump_json() + "\n" for item in items))
    if suite is not None:
        _write(folder / "suite.json", json.dumps(suite.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n")
    _write(folder / "key", secrets.token_hex(32) + "\n", private=True)
    _write(folder / "access.jsonl", "", private=True)
    return study


def bundle_of(study: Study, items: Sequence[Item], suite: Suite | None) -> str:
    """Digest of everything that experts are asked, and by which rules."""
    rules = study.model_dump(mode="json", exclude={"bundle", "items", "created", "title"}, by_alias=True)
    asked = [item.model_dump(mode="json") for item in items]
    return digest_of({"study": rules, "items": asked, "suite": None if suite is None else suite.digest})


def _write(path: Path, text: str, *, private: bool = False) -> None:
    mode = 0o600 if private else 0o644
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
        file.write(text)


def _load(path: Path, kind: type[T]) -> T:
    try:
        return TypeAdapter(kind).validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    except ValidationError as error:
        raise InputError(f"{path} is damaged: {first_problem(error)}") from None


def _lines(path: Path, kind: type[T]) -> Iterator[T]:
    adapter: TypeAdapter[T] = TypeAdapter(kind)
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    yield adapter.validate_json(line)
                except ValidationError as error:
                    raise InputError(f"{path}:{number} is damaged: {first_problem(error)}") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
