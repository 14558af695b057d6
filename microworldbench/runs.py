"""The run folder: manifest, suite snapshot, append-only logs, one writer at a time.

``manifest.json``, ``suite.json`` and ``report.json`` are replaced whole (temporary name, then rename);
``generations.jsonl``, ``calls.jsonl`` and ``verdicts.jsonl`` only grow, one record a line, each written before the next
step begins. A torn last line is dropped on load and cut off before anything is appended.
"""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, JsonValue, TypeAdapter, ValidationError

from .errors import InputError, RunConflictError, RunStoppedError
from .outcomes import Reducer
from .results import Call, Generation, Reservation, Verdict
from .rubric import Record
from .scorecard import Named, SuiteReference, ViewReference
from .suites.snapshot import Snapshot

SCHEMA = 1
RECORDED_PACKAGES = (
    "microworldbench",
    "av",
    "numpy",
    "openai",
    "pydantic",
    "scipy",
    "diffusers",
    "torch",
    "transformers",
)

CallLine = Annotated[Reservation | Call, Field(discriminator="kind")]
_CALL_LINE: TypeAdapter[CallLine] = TypeAdapter(CallLine)
T = TypeVar("T")


class Manifest(Record):
    """What a run folder holds; the same command must describe the same run to continue it."""

    schema_: Literal[1] = Field(default=1, alias="schema", serialization_alias="schema")
    suite: SuiteReference
    view: ViewReference
    selection: dict[str, JsonValue]
    """What reproduces the view from the suite."""
    generator: Named
    judge: Named | None = None
    """None until the videos are graded."""
    seeds: tuple[int, ...]
    votes: int = 1
    reducer: Reducer = "majority"
    """How one judge's votes on a criterion become one outcome."""
    max_missing: float = 0.005
    packages: dict[str, str] = Field(default_factory=dict)
    created: str | None = None


class RunFolder:
    """One run on disk.

    Open it with `RunFolder.write` (takes the writer's lock) or `RunFolder.read`. Appending is safe from several
    threads.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: Any = None
        self._guard = threading.Lock()

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> RunFolder:
        """Opens an existing run to read from.

        Raises:
            InputError: there is no run at `path`.
        """
        folder = cls(Path(path))
        if not (folder.path / "manifest.json").is_file():
            raise InputError(f"{str(path)!r} is not a run folder (it has no manifest.json)")
        return folder

    @classmethod
    def write(cls, path: str | os.PathLike[str]) -> RunFolder:
        """Opens or creates a run to write to, as its only writer. Use it as a context manager.

        The lock is the operating system's: it ends with the process that holds it, so a killed run leaves none.

        Raises:
            InputError: the folder cannot be created or written to, or holds something that is not a run.
            RunConflictError: another process is writing to it.
        """
        from filelock import FileLock, Timeout

        folder = cls(Path(path))
        try:
            folder.path.mkdir(parents=True, exist_ok=True)
            if not (folder.path / "manifest.json").exists() and _strangers(folder.path):
                raise InputError(f"{str(path)!r} is not empty and not a run folder; choose another --out")
            folder._lock = FileLock(folder.path / ".lock", timeout=0)
            folder._lock.acquire()
            for name in ("generations", "calls", "verdicts", "rate"):
                _cut_torn_line(folder.path / f"{name}.jsonl")
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
        """Whether a manifest has been written."""
        return (self.path / "manifest.json").is_file()

    @property
    def manifest(self) -> Manifest:
        """The manifest as it is on disk."""
        return self._load("manifest.json", Manifest)

    @property
    def snapshot(self) -> Snapshot:
        """The view as it was scored."""
        return self._load("suite.json", Snapshot)

    def generations(self) -> dict[tuple[str, int], Generation]:
        """The last generation of each task and seed."""
        return {(g.task, g.seed): g for g in self._records("generations.jsonl", TypeAdapter(Generation))}

    def call_lines(self) -> Iterator[CallLine]:
        """Every reservation and call, in the order written."""
        return self._records("calls.jsonl", _CALL_LINE)

    def verdicts(self) -> list[Verdict]:
        """The last verdict of each key."""
        return list({v.key: v for v in self._records("verdicts.jsonl", TypeAdapter(Verdict))}.values())

    def append(self, record: Generation | Reservation | Call | Verdict) -> None:
        """Appends one record to its log and hands it to the operating system before returning.

        Raises:
            RunStoppedError: the disk is full or gone; everything written before is kept.
        """
        names: dict[type[Record], str] = {Generation: "generations", Verdict: "verdicts"}
        name = names.get(type(record), "calls")
        self.append_lines(name, record.model_dump_json() + "\n")

    def append_verdicts(self, verdicts: list[Verdict]) -> None:
        """Appends several verdicts in one write."""
        if verdicts:
            self.append_lines("verdicts", "".join(v.model_dump_json() + "\n" for v in verdicts))

    def append_lines(self, name: str, text: str) -> None:
        """Appends finished lines to the log called `name`."""
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

    def stopping(self, path: Path) -> _StopOnOSError:
        """A context in which an OSError of the disk becomes a clean `RunStoppedError`."""
        return _StopOnOSError(path)

    def _load(self, name: str, kind: type[T]) -> T:
        path = self.path / name
        try:
            return TypeAdapter(kind).validate_json(path.read_bytes())
        except FileNotFoundError:
            raise InputError(f"{str(self.path)!r} has no {name}; it is not a complete run folder") from None
        except ValidationError as error:
            raise InputError(f"{path} is damaged: {_first(error)}") from None

    def _records(self, name: str, adapter: TypeAdapter[T]) -> Iterator[T]:
        path = self.path / name
        if not path.exists():
            return
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.endswith(b"\n"):
                    return  # torn by a kill: it was never acknowledged
                try:
                    yield adapter.validate_json(line)
                except ValidationError as error:
                    raise InputError(f"{path}:{number} is damaged: {_first(error)}") from None


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


def now() -> str:
    """The present time, UTC, to the second. For people; nothing is ever ordered by it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def package_versions() -> dict[str, str]:
    """Versions of the installed packages that can change a result."""
    found = {}
    for name in RECORDED_PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _strangers(path: Path) -> bool:
    return any(entry.name != ".lock" for entry in path.iterdir())


def _cut_torn_line(path: Path) -> None:
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


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}" if place else first["msg"]
