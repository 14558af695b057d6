"""The same work three ways, and workers that hang or die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from microverse.data.executors import Outcome, make_executor
from microworldbench.errors import InputError, UnknownNameError


@dataclass
class Chore:
    """Writes its item into a folder; some items misbehave."""

    folder: Path

    def __call__(self, item: str) -> Outcome:
        if item == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        if item == "hangs":
            time.sleep(600)
        if item == "fails":
            return Outcome(item, "failed", "it is a bad one", is_final=True)
        (self.folder / item).write_text(item)
        return Outcome(item, "done")

    def lost(self, item: str, error: str) -> Outcome:
        return Outcome(item, "failed", error)


PROGRAM = """
import sys
from pathlib import Path
sys.path.insert(0, {here!r})
from test_executors import Chore
from microverse.data.executors import make_executor
if __name__ == "__main__":
    made = make_executor({name!r}, workers=2, timeout_s={timeout})
    for outcome in made.map(Chore(Path({folder!r})), {items!r}):
        print(outcome.item, outcome.status, outcome.error, flush=True)
"""


def run(folder: Path, name: str, items: list[str], timeout_s: float = 60.0) -> dict[str, str]:
    """Runs in a program of its own: spawned workers import its main module."""
    folder.mkdir()
    here = str(Path(__file__).parent)
    program = folder.parent / f"{folder.name}.py"
    text = PROGRAM.format(here=here, name=name, timeout=timeout_s, folder=str(folder), items=items)
    program.write_text(text)
    done = subprocess.run(
        [sys.executable, str(program)],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env={**os.environ, "PYTHONPATH": here},
    )
    assert done.returncode == 0, done.stderr
    return {line.split(" ", 1)[0]: line.split(" ", 1)[1].strip() for line in done.stdout.splitlines()}


def test_serial_and_processes_do_the_same(tmp_path: Path) -> None:
    items = [*map(str, range(9)), "fails"]
    found = [run(tmp_path / name, name, items) for name in ("serial", "processes")]
    assert found[0] == found[1]
    assert found[0]["fails"] == "failed it is a bad one"
    names = [sorted(path.name for path in (tmp_path / name).iterdir()) for name in ("serial", "processes")]
    assert names[0] == names[1] == [str(n) for n in range(9)]


def test_a_worker_that_dies_or_hangs_costs_its_item_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from microverse.data.executors import processes

    monkeypatch.setattr(processes, "GRACE_S", 0.5)
    made = make_executor("processes", workers=2, timeout_s=3.0)
    monkeypatch.syspath_prepend(str(Path(__file__).parent))  # workers import this file by name
    from test_executors import Chore as Importable

    found = {o.item: o for o in made.map(Importable(tmp_path), ["a", "dies", "b", "hangs", "c", "d"])}
    assert {item for item, outcome in found.items() if outcome.status == "done"} == {"a", "b", "c", "d"}
    assert "died (signal 9; out of memory?)" in found["dies"].error
    assert "no answer within 3 s" in found["hangs"].error


@pytest.mark.parametrize(("name", "options"), [("serial", {"workers": 0}), ("serial", {"timeout_s": 0})])
def test_numbers_out_of_range_are_refused(name: str, options: dict[str, float]) -> None:
    with pytest.raises(InputError):
        make_executor(name, **options)  # type: ignore[arg-type]


def test_an_unknown_executor_is_named() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'serial'"):
        make_executor("seriel")
