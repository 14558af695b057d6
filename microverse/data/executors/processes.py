"""A pool of processes that survives its workers: one that hangs is ended, one that dies is replaced.

The standard pools either wait for ever for a worker that is gone or give up on everything; here the parent knows which
item each worker has, so only that one is lost.
"""

from __future__ import annotations

import multiprocessing
import pickle
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from . import Outcome, Work

GRACE_S = 5.0
"""The work's own check of the time comes first; so much later the worker is ended."""


@dataclass
class _Worker:
    process: Any
    pipe: Connection
    item: str | None = None
    deadline_s: float = 0.0


class Processes:
    """Spawned processes, each with one item at a time.

    Args:
        workers: How many.
        timeout_s: After so many seconds (and a moment of grace) a worker is ended.
    """

    def __init__(self, workers: int, timeout_s: float) -> None:
        self._count, self._timeout_s = workers, timeout_s
        self._context = multiprocessing.get_context("spawn")

    def map(self, work: Work, items: Iterable[str]) -> Iterator[Outcome]:
        """Yields outcomes as they come."""
        payload, queue = pickle.dumps(work), iter(items)
        workers: list[_Worker] = []
        try:
            while True:
                while len(workers) < self._count and (item := next(queue, None)) is not None:
                    workers.append(self._hire(payload, item))
                busy = [worker for worker in workers if worker.item is not None]
                if not busy:
                    return
                for worker in self._ready(busy):
                    outcome = self._outcome(worker, work)
                    if outcome is None:
                        continue
                    if worker.process.is_alive() and worker.item is not None:
                        self._give(worker, next(queue, None))
                    else:
                        workers.remove(worker)
                    yield outcome
        finally:
            for worker in workers:
                self._end(worker)

    def _hire(self, payload: bytes, item: str) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, payload), daemon=True)
        process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._give(worker, item)
        return worker

    def _give(self, worker: _Worker, item: str | None) -> None:
        worker.item, worker.deadline_s = item, time.monotonic() + self._timeout_s + GRACE_S
        if item is not None:
            worker.pipe.send(item)

    def _ready(self, busy: list[_Worker]) -> list[_Worker]:
        """Workers that answered, died or are late."""
        next_s = min(worker.deadline_s for worker in busy) - time.monotonic()
        found = wait([worker.pipe for worker in busy], timeout=max(0.0, next_s))
        now = time.monotonic()
        return [worker for worker in busy if worker.pipe in found or now >= worker.deadline_s]

    def _outcome(self, worker: _Worker, work: Work) -> Outcome | None:
        assert worker.item is not None
        try:
            if worker.pipe.poll():
                answer: Outcome = worker.pipe.recv()
                return answer
        except (EOFError, ConnectionError):
            worker.process.join(GRACE_S)
            return self._lose(worker, work, f"the worker died ({_ending(worker.process.exitcode)})")
        if time.monotonic() < worker.deadline_s:
            return None
        self._end(worker)
        return self._lose(worker, work, f"gave no answer within {self._timeout_s:g} s; the worker was ended")

    def _lose(self, worker: _Worker, work: Work, error: str) -> Outcome:
        item, worker.item = worker.item, None
        assert item is not None
        return work.lost(item, error)

    def _end(self, worker: _Worker) -> None:
        worker.pipe.close()
        if worker.item is not None:
            worker.process.kill()
        worker.process.join(GRACE_S)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()


def _ending(code: int | None) -> str:
    if code is None:
        return "no exit status"
    return f"signal {-code}; out of memory?" if code == -9 else f"signal {-code}" if code < 0 else f"exit status {code}"


def _serve(pipe: Connection, payload: bytes) -> None:
    """Works until the parent closes the pipe or is gone."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    work = pickle.loads(payload)  # noqa: S301 - from our own parent
    while True:
        try:
            item = pipe.recv()
        except (EOFError, OSError):
            return
        outcome = work(item)
        try:
            pipe.send(outcome)
        except OSError:
            return
