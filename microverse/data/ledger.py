"""One result file for each stage and source, whole or absent: all that resume needs.

``ledger/<stage>-<contract>/<item>.json`` holds what a stage found out about an item. Its contract is the digest of
everything that changes the result: the stage's version, its settings, its model, and the contract of the stage it
builds on. Numbers of workers, executors and gates are no part of it. A file holds no time and no machine, so that equal
work gives equal bytes; it appears under its name only when it is whole, and one that a power cut emptied counts as
absent.

Failures are counted in ``failures/`` and never count as done; an item that has failed too often is quarantined until
the user clears it.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from microworldbench.errors import InputError, RunStoppedError
from microworldbench.rubric import digest_of

CONTRACT_LENGTH = 12


def contract(stage: str, version: int, settings: Mapping[str, Any], upstream: str | None = None) -> str:
    """The name of everything a stage's results depend on, e.g. ``split-0a1b2c3d4e5f``."""
    digest = digest_of({"stage": stage, "version": version, "settings": dict(settings), "upstream": upstream})
    return f"{stage}-{digest[:CONTRACT_LENGTH]}"


@dataclass(frozen=True)
class Failure:
    """An item that could not be done."""

    item: str
    error: str
    attempts: int
    is_final: bool
    """Another attempt would go the same way."""


@dataclass(frozen=True)
class Ledger:
    """The results below one work folder.

    Args:
        root: The work folder.
    """

    root: Path

    def path(self, contract: str, item: str) -> Path:
        """Where a result stands."""
        return self.root / "ledger" / contract / f"{item}.json"

    def write(self, contract: str, item: str, result: Mapping[str, Any]) -> None:
        """Stores a result whole.

        Raises:
            RunStoppedError: the disk is full or gone.
        """
        path = self.path(contract, item)
        text = json.dumps(result, sort_keys=True, separators=(",", ":"), allow_nan=False)
        replace_file(path, text.encode("ascii"))

    def read(self, contract: str, item: str) -> dict[str, Any] | None:
        """A result, or None where there is none."""
        try:
            value = json.loads(self.path(contract, item).read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        return value if isinstance(value, dict) else None

    def done(self, contract: str) -> set[str]:
        """Items that have a result."""
        try:
            with os.scandir(self.root / "ledger" / contract) as entries:
                return {e.name[:-5] for e in entries if e.name.endswith(".json") and e.stat().st_size}
        except FileNotFoundError:
            return set()

    def fail(self, contract: str, item: str, error: str, *, is_final: bool) -> None:
        """Counts a failed attempt."""
        path = self.root / "failures" / contract / f"{item}.jsonl"
        line = json.dumps({"error": error[:2000], "final": is_final}) + "\n"
        with _stopping(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="ascii") as log:
                log.write(line)

    def failures(self, contract: str) -> Iterator[Failure]:
        """Every item that failed and has no result."""
        done = self.done(contract)
        folder = self.root / "failures" / contract
        for path in sorted(folder.glob("*.jsonl")) if folder.is_dir() else ():
            if path.stem in done:
                continue
            lines = [json.loads(line) for line in path.read_text("ascii").splitlines() if line.endswith("}")]
            if lines:
                is_final = any(line["final"] for line in lines)
                yield Failure(path.stem, lines[-1]["error"], len(lines), is_final)

    def quarantined(self, contract: str, attempts: int) -> dict[str, Failure]:
        """Items that have failed `attempts` times, or once for good."""
        return {f.item: f for f in self.failures(contract) if f.is_final or f.attempts >= attempts}

    def forgive(self) -> int:
        """Clears every failure, so that quarantined items are tried again; returns how many items there were."""
        folder = self.root / "failures"
        count = sum(1 for _ in folder.glob("*/*.jsonl")) if folder.is_dir() else 0
        shutil.rmtree(folder, ignore_errors=True)
        return count


def replace_file(path: Path, data: bytes) -> None:
    """Writes `data` under a temporary name, then renames it to `path`.

    Not flushed to the disk: a result lost to a power cut is computed again.

    Raises:
        RunStoppedError: the disk is full or gone; what stood there before stays.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with _stopping(path):
        try:
            try:
                temporary.write_bytes(data)
            except FileNotFoundError:
                path.parent.mkdir(parents=True, exist_ok=True)
                temporary.write_bytes(data)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


class _stopping:  # noqa: N801 - reads as a verb where it is used
    """Turns an OSError while writing into a clean stop."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            why = "the disk is full" if full else error.strerror or str(error)
            raise RunStoppedError(
                f"cannot write {self._path}: {why}. What is recorded is kept; make room, then give the same command"
            ) from error


def open_work(root: Path) -> Any:
    """The work folder's lock, taken: one run at a time. It ends with the process that holds it.

    Raises:
        InputError: the folder cannot be written to, or another run holds it.
    """
    from filelock import FileLock, Timeout

    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(root / ".lock", timeout=0)
        return lock.acquire()
    except Timeout:
        raise InputError(f"another process is working in {str(root)!r}; wait for it or use another 'out'") from None
    except OSError as error:
        raise InputError(f"cannot write to {str(root)!r}: {error.strerror or error}") from None
