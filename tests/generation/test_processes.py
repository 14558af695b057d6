"""One process a device: shared out, restarted after a death, errors carried over, ended at once."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from microworldbench.errors import GenerationError, RunStoppedError
from microworldbench.generation.processes import ProcessDiedError, Processes

WORKER = """
import os, time
from microworldbench.errors import GenerationError

class Odd(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")

def make(argument):
    def work(request):
        if request == "die":
            os._exit(7)
        if request == "refuse":
            raise GenerationError("no", "moderated")
        if request == "odd":
            raise Odd(1, 2)
        if request == "sleep":
            time.sleep(600)
        return argument, os.getpid(), request
    return work
"""


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Any]:
    (tmp_path / "device_worker.py").write_text(WORKER)
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("device_worker", None)
    found: Callable[[Any], Any] = importlib.import_module("device_worker").make
    return found


def test_each_worker_has_its_own_argument_and_process(make: Any) -> None:
    pool = Processes(make, ["a", "b"])
    answers = [pool(n) for n in range(4)]
    assert {argument for argument, _, _ in answers} == {"a", "b"}
    assert len({pid for _, pid, _ in answers}) == 2
    assert os.getpid() not in {pid for _, pid, _ in answers}
    pool.stop()


def test_errors_arrive_as_what_they_were(make: Any) -> None:
    pool = Processes(make, ["a"])
    with pytest.raises(GenerationError, match="no") as caught:
        pool("refuse")
    assert caught.value.kind == "moderated"
    with pytest.raises(RuntimeError, match="Odd: 1 and 2"):
        pool("odd")
    pool.stop()


def test_a_worker_that_dies_is_told_and_replaced(make: Any) -> None:
    pool = Processes(make, ["a"])
    first = pool("x")[1]
    with pytest.raises(ProcessDiedError, match="the worker for a ended with exit code 7"):
        pool("die")
    assert pool("x")[1] != first
    pool.stop()


def test_stopping_ends_requests_in_flight(make: Any) -> None:
    pool = Processes(make, ["a"])
    pool("x")
    threading.Timer(0.2, pool.stop).start()
    with pytest.raises(RunStoppedError):
        pool("sleep")
    pool.resume()
    assert pool("x")[2] == "x"
    pool.stop()
