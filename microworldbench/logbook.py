"""A folder of append-only logs with one writer at a time: what a run, and any other long job, keeps its work in.

Logs (``NAME.jsonl``) only grow, one record a line, each handed to the operating system before the next step begins. A
torn last line is dropped on load and cut off before anything is appended. Everything else is replaced whole.
"""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from pydantic import TypeAdapter, ValidationError

from .errors import InputError, RunConflictError, RunStoppedError
from .rubric import Record

T = TypeVar("T")


class LogFolder:
    """Append-only logs on disk. Appending is safe from several threads.

    A subclass names its first file, which says what the folder is, and its logs.

    Args:
        path: The folder.
    """

    FIRST = "manifest.json"
    """The file without which a folder is none of these."""
    LOGS: tuple[str, ...] = ()
    WHAT = "log folder"
    """For messages."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: Any = None
        self._guard = threading.Lock()

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Self:
        """Opens an existing folder to read from.

        Raises:
            InputError: there is none at `path`.
        """
        folder = cls(Path(path))
        if not folder.exists:
            raise InputError(f"{str(path)!r} is not a {cls.WHAT} (it has no {cls.FIRST})")
        return folder

    @classmethod
    def write(cls, path: str | os.PathLike[str]) -> Self:
        """Opens or creates a folder to write to, as its only writer. Use it as a context manager.

        The lock is the operating system's: it ends with the process that holds it, so a killed job leaves none.

        Raises:
            InputError: the folder cannot be created or written to, or holds something else.
            RunConflictError: another process is writing to it.
        """
        from filelock import FileLock, Timeout

        folder = cls(Path(path))
        try:
            folder.path.mkdir(parents=True, exist_ok=True)
            if not folder.exists and _strangers(folder.path):
                raise InputError(f"{str(path)!r} is not empty and not a {cls.WHAT}; choose another --out")
            folder._lock = FileLock(folder.path / ".lock", timeout=0)
            folder._lock.acquire()
            for name in cls.LOGS:
                cut_torn_line(folder.path / f"{name}.jsonl")
        except Timeout:
            raise RunConflictError(
                f"another process is writing to {str(path)!r}; wait for it or use another --out"
            ) from None
        except OSError as error:
            raise InputError(f"cannot write to {str(path)!r}: {error.strerror or error}") from None
        return folder

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives the writer's lock back."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    @property
    def exists(self) -> bool:
        """Whether its first file has been written."""
        return (self.path / self.FIRST).is_file()

    def append_record(self, name: str, record: Record) -> None:
        """Appends one record to the log called `name`. Raises like `append_lines`."""
        self.append_lines(name, record.model_dump_json() + "\n")

    def append_lines(self, name: str, text: str) -> None:
        """Appends finished lines to the log called `name` and hands them to the operating system before returning.

        Raises:
            RunStoppedError: the disk is full or gone; everything written before is kept.
        """
        data = text.encode("utf-8", "backslashreplace")
        with self._guard, self.stopping(self.path / f"{name}.jsonl"):
            target = os.open(self.path / f"{name}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                while data:
                    data = data[os.write(target, data) :]
            finally:
                os.close(target)

    def replace(self, name: str, content: Record | Mapping[str, Any]) -> None:
        """Replaces one JSON file whole.

        Raises:
            RunStoppedError: the disk is full or gone; the old file is kept.
        """
        value = content.model_dump(mode="json", by_alias=True) if isinstance(content, Record) else content
        text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
        with self.stopping(self.path / name):
            write_atomically(self.path / name, text.encode("utf-8", "backslashreplace"))

    def replace_lines(self, name: str, records: Iterable[Record]) -> None:
        """Replaces a file of one record a line. Raises like `replace`."""
        text = "".join(record.model_dump_json() + "\n" for record in records)
        with self.stopping(self.path / name):
            write_atomically(self.path / name, text.encode("utf-8", "backslashreplace"))

    def stopping(self, path: Path) -> _StopOnOSError:
        """A context in which an OSError of the disk becomes a clean `RunStoppedError`."""
        return _StopOnOSError(path)

    def load(self, name: str, kind: type[T]) -> T:
        """Reads one JSON file.

        Raises:
            InputError: it is missing or damaged.
        """
        path = self.path / name
        try:
            return TypeAdapter(kind).validate_json(path.read_bytes())
        except FileNotFoundError:
            raise InputError(f"{str(self.path)!r} has no {name}; it is not a complete {self.WHAT}") from None
        except ValidationError as error:
            raise InputError(f"{path} is damaged: {first_problem(error)}") from None

    def records(self, name: str, adapter: TypeAdapter[T]) -> Iterator[T]:
        """Reads the log called `name`, without a torn last line.

        Raises:
            InputError: a line is damaged.
        """
        path = self.path / f"{name}.jsonl"
        if not path.exists():
            return
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.endswith(b"\n"):
                    return  # torn by a kill: it was never acknowledged
                try:
                    yield adapter.validate_json(line)
                except ValidationError as error:
                    raise InputError(f"{path}:{number} is damaged: {first_problem(error)}") from None


class _StopOnOSError:
    """Turns an OSError while writing into a clean stop."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, OSError):
            why = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else (error.strerror or str(error))
            raise RunStoppedError(
                f"cannot write {self._path}: {why}. What is recorded is kept; make room, then give the same command"
            ) from error


def write_atomically(path: Path, data: bytes) -> None:
    """Writes `data` under a temporary name, then renames it to `path`; on failure the old file stays."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as target:
            target.write(data)
            target.flush()
            os.fsync(target.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def refuse_special(path: Path) -> None:
    """Refuses a device or pipe: what is written under a temporary name would take its place.

    Raises:
        InputError: `path` is one.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise InputError(f"cannot write {path}: it is no regular file; choose another place")


def now() -> str:
    """The present time, UTC, to the second. For people; nothing is ever ordered by it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _strangers(path: Path) -> bool:
    return any(entry.name != ".lock" for entry in path.iterdir())


def cut_torn_line(path: Path) -> None:
    """Removes what a kill left of a line that was never finished."""
    if not path.exists():
        return
    with path.open("rb+") as log:
        end = log.seek(0, os.SEEK_END)
        kept = end
        while kept > 0:
            start = max(0, kept - 65536)
            log.seek(start)
            found = log.read(kept - start).rfind(b"\n")
            if found >= 0:
                kept = start + found + 1
                break
            kept = start
        if kept < end:
            log.truncate(kept)


def first_problem(error: ValidationError) -> str:
    """The first thing that is wrong with a record, with its place."""
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    message = first["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message
