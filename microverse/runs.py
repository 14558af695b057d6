"""The folder of a training run: its configuration, its log, one writer at a time."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from microworldbench.errors import InputError, RunConflictError
from microworldbench.runs import RunFolder, write_atomically

from .config import RunConfig
from .presets import validated_config


class TrainingRun:
    """Where a run keeps what it does.

    Args:
        path: The folder; made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoints = path / "checkpoints"
        self.samples = path / "samples"

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Takes the folder for this process alone; the lock ends with the process.

        Raises:
            RunConflictError: another process is writing to it.
            InputError: it cannot be written to, or holds something else.
        """
        from filelock import FileLock, Timeout

        try:
            self.path.mkdir(parents=True, exist_ok=True)
            strangers = [entry for entry in self.path.iterdir() if entry.name != ".lock"]
            if strangers and not (self.path / "config.json").is_file():
                raise InputError(f"{str(self.path)!r} is not empty and no training run; choose another out=FOLDER")
            lock = FileLock(self.path / ".lock", timeout=0)
            lock.acquire()
        except Timeout:
            raise RunConflictError(f"another process is training into {str(self.path)!r}; wait for it") from None
        except OSError as error:
            raise InputError(f"cannot write to {str(self.path)!r}: {error.strerror or error}") from None
        try:
            yield
        finally:
            lock.release()

    @property
    def config(self) -> RunConfig:
        """The configuration it was begun with.

        Raises:
            InputError: there is no run, or its record is damaged.
        """
        path = self.path / "config.json"
        if not path.is_file():
            raise InputError(f"{str(self.path)!r} is no training run (it has no config.json)")
        try:
            return validated_config(json.loads(path.read_text(encoding="utf-8")), str(path))
        except ValueError as error:
            raise InputError(f"{path} is damaged: {error}") from None

    def begin(self, config: RunConfig) -> None:
        """Notes the configuration, or checks that it is that of the run to be continued.

        Raises:
            RunConflictError: a setting differs that would change what is learnt; names them.
        """
        if (self.path / "config.json").is_file():
            before, now = self.config.binding(), config.binding()
            names = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
            if names:
                told = "; ".join(f"{name} was {before.get(name)!r} and is {now.get(name)!r}" for name in names)
                raise RunConflictError(
                    f"the run at {str(self.path)!r} was begun otherwise: {told}. Restore the settings to continue it, "
                    "or choose another out=FOLDER"
                )
        self.write("config.json", config.model_dump_json(indent=1).encode())

    def write(self, name: str, data: bytes) -> None:
        """Replaces a file whole.

        Raises:
            RunStoppedError: the disk is full.
        """
        with RunFolder(self.path).stopping(self.path / name):
            write_atomically(self.path / name, data)

    def log(self, name: str) -> Log:
        """The log called ``NAME.jsonl``."""
        return Log(self.path / f"{name}.jsonl")


class Log:
    """Records by step, one JSON object a line."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, record: Mapping[str, Any]) -> None:
        """Adds a record.

        Raises:
            RunStoppedError: the disk is full.
        """
        line = json.dumps(record, allow_nan=False, ensure_ascii=False) + "\n"
        with RunFolder(self.path.parent).stopping(self.path), self.path.open("a", encoding="utf-8") as log:
            log.write(line)

    def read(self) -> list[dict[str, Any]]:
        """Every record; a line torn by a kill is left out.

        Raises:
            InputError: another line is damaged.
        """
        if not self.path.is_file():
            return []
        found = []
        for number, line in enumerate(self.path.read_bytes().splitlines(keepends=True), start=1):
            if line.endswith(b"\n"):
                try:
                    found.append(json.loads(line))
                except ValueError as error:
                    raise InputError(f"{self.path}:{number} is damaged: {error}") from None
        return found

    def cut_after(self, step: int) -> None:
        """Drops the records of steps that will be done again."""
        kept = [record for record in self.read() if record["step"] <= step]
        if self.path.is_file():
            text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in kept)
            with RunFolder(self.path.parent).stopping(self.path):
                write_atomically(self.path, text.encode())
