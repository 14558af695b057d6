"""Several devices in one machine: a process for each, so that neither the interpreter's lock nor a crash is shared."""

from __future__ import annotations

import multiprocessing
import pickle
import queue
import signal
import threading
import weakref
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any

from ..errors import RunStoppedError


class ProcessDiedError(Exception):
    """A worker process ended without an answer, e.g. killed for want of memory. Counts as infrastructure."""


class Processes:
    """Workers that each make a generator with one argument of their own and serve one request at a time.

    They are started with the first request, restarted if they die, and end with this process.

    Args:
        make: ``make(argument) -> callable(request)``; it, the requests and the results must be picklable.
        arguments: One worker for each, e.g. devices.
    """

    def __init__(self, make: Callable[[Any], Callable[[Any], Any]], arguments: Sequence[Any]) -> None:
        self._make, self._context = make, multiprocessing.get_context("spawn")
        self._idle: queue.SimpleQueue[tuple[Any, Any, Connection | None]] = queue.SimpleQueue()
        for argument in arguments:
            self._idle.put((argument, None, None))
        self._running: dict[int, Any] = {}
        self._stopped = threading.Event()
        weakref.finalize(self, _terminate, self._running)

    def __call__(self, request: Any) -> Any:
        """The result of whichever worker is free first; raises what the worker raised.

        Raises:
            ProcessDiedError: the worker ended without an answer; the next request starts another.
            RunStoppedError: `stop` was called.
        """
        argument, process, connection = self._idle.get()
        try:
            if self._stopped.is_set():
                raise RunStoppedError("the run ended before this video was begun")
            if connection is None or not process.is_alive():
                process, connection = self._started(argument)
            connection.send(request)
            is_error, answer = connection.recv()
        except (EOFError, OSError):
            if process is not None:
                process.join(5)
            code, connection = getattr(process, "exitcode", None), None
            if self._stopped.is_set():
                raise RunStoppedError("the run ended while a video was being made") from None
            raise ProcessDiedError(f"the worker for {argument} ended with exit code {code} and no answer") from None
        finally:
            self._idle.put((argument, process, connection))
        if is_error:
            raise answer
        return answer

    def stop(self) -> None:
        """Ends every worker at once; requests in flight raise."""
        self._stopped.set()
        _terminate(self._running)

    def resume(self) -> None:
        """Lets requests start workers again after `stop`."""
        self._stopped.clear()

    def _started(self, argument: Any) -> tuple[Any, Connection]:
        mine, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(self._make, argument, theirs), daemon=True)
        process.start()
        theirs.close()
        self._running[id(process)] = process
        return process, mine


def _serve(make: Callable[[Any], Callable[[Any], Any]], argument: Any, connection: Connection) -> None:
    """A worker: makes its generator once and answers until the other end is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides what it means
    work: Callable[[Any], Any] | None = None
    while True:
        try:
            request = connection.recv()
        except (EOFError, OSError):
            return
        try:
            work = work or make(argument)
            answer: tuple[bool, Any] = (False, work(request))
        except Exception as error:  # noqa: BLE001 it is raised again where the request came from
            answer = (True, _portable(error))
        connection.send(answer)


def _portable(error: Exception) -> Exception:
    """`error`, or its words where it does not survive the way between processes."""
    try:
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301 what this very process just wrote
    except Exception:  # noqa: BLE001 exceptions of third parties pickle badly in every way there is
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error if isinstance(copy, Exception) else RuntimeError(str(error))


def _terminate(running: dict[int, Any]) -> None:
    for process in list(running.values()):
        process.terminate()
    for process in list(running.values()):
        process.join(5)
    running.clear()
