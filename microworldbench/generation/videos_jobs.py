"""The job log: which video jobs were paid for, so that a killed run takes them up again instead of paying twice."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from .request import GenerationRequest


@dataclass(frozen=True)
class Job:
    """A job that a server accepted.

    Attributes:
        key: Digest of what was asked for.
        server: Its address without credentials.
        id: The server's name for it.
    """

    key: str
    server: str
    id: str


class JobLog:
    """Append-only lines in one file; the last line about a key wins.

    Args:
        path: The file; made on the first line. None keeps the log in memory.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._open: dict[str, Job] = {} if path is None else _read(path)

    def find(self, key: str) -> Job | None:
        """The job that was created for `key` and not given up since."""
        with self._guard:
            return self._open.get(key)

    def created(self, job: Job, request: GenerationRequest) -> None:
        """Records a job the moment the server has named it; returns when the line is on the disk."""
        with self._guard:
            self._open[job.key] = job
            self._append(
                {"event": "created", **vars(job), "task": request.task_id, "seed": request.seed},
            )

    def ended(self, job: Job, why: str) -> None:
        """Records that `job` will never give a video, so that the next request creates another."""
        with self._guard:
            self._open.pop(job.key, None)
            self._append({"event": "ended", **vars(job), "why": why})

    def _append(self, line: dict[str, object]) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        data = (json.dumps(line) + "\n").encode("ascii")
        target = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            while data:
                data = data[os.write(target, data) :]
            os.fsync(target)
        finally:
            os.close(target)


def _read(path: Path) -> dict[str, Job]:
    """The open jobs of a log; a torn last line, left by a kill, is cut off."""
    if not path.exists():
        return {}
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        os.truncate(path, whole)
    jobs: dict[str, Job] = {}
    for number, line in enumerate(data[:whole].splitlines(), start=1):
        try:
            entry = json.loads(line)
            job = Job(str(entry["key"]), str(entry["server"]), str(entry["id"]))
            is_open = {"created": True, "ended": False}[entry["event"]]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{path}:{number} is damaged ({error}); it lists paid jobs, so mend or remove it"
            ) from None
        if is_open:
            jobs[job.key] = job
        else:
            jobs.pop(job.key, None)
    return jobs
