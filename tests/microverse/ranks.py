"""Trains in several processes, as torchrun would start them: ``python ranks.py JOBS.json``.

torch is imported once and the processes are forked, so that many of them cost little. A job is

    {"processes": 2, "runs": [{"settings": ["out=…", …], "kill": {"rank": 1, "step": 3}}]}

and its runs go one after the other through one process group, as different layouts may. A rank that is to be killed
sends itself SIGKILL when the step is done. Prints one list a job: the exit status of each process by rank, negative for
a signal.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import Any

from microverse import wan
from microverse.faults import told_as_sentences
from microverse.launch import Processes, processes
from microverse.presets import read_config
from microverse.trainer import Silent, Trainer
from microverse.validation.look import Look
from microworldbench.errors import MicroWorldBenchError


class Fatal(Silent):
    """Sends its own process SIGKILL when a step is done."""

    def __init__(self, step: int) -> None:
        self.step = step

    def stepped(self, record: Any) -> None:
        if record.step == self.step:
            os.kill(os.getpid(), signal.SIGKILL)


class Loser(Look):
    """The same for a process that does not lead and so is told of no steps: at its first look after the step."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self.step = step

    def __call__(self, trainer: Trainer) -> None:
        if trainer.state.step >= self.step:
            os.kill(os.getpid(), signal.SIGKILL)
        super().__call__(trainer)


def train(run: dict[str, Any], here: Processes) -> None:
    kill = run.get("kill")
    dies = kill is not None and kill["rank"] == here.rank
    watcher = Fatal(kill["step"]) if dies and here.leads else Silent()
    look = Loser(kill["step"]) if dies and not here.leads else Look()
    Trainer(read_config("tiny", run["settings"]), here, watcher, look).train()


def rank(job: dict[str, Any], number: int, port: int) -> int:
    count = str(job["processes"])
    os.environ |= {"RANK": str(number), "LOCAL_RANK": str(number), "WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    try:
        with processes() as here, told_as_sentences():
            for run in job["runs"]:
                train(run, here)
    except MicroWorldBenchError as error:
        print(f"rank {number}: {error}", file=sys.stderr)
        return 1
    return 0


def carry_out(job: dict[str, Any]) -> list[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    children = [child(job, number, port) for number in range(job["processes"])]
    return [os.waitstatus_to_exitcode(os.waitpid(each, 0)[1]) for each in children]


def child(job: dict[str, Any], number: int, port: int) -> int:
    forked = os.fork()
    if forked:
        return forked
    status = 70
    try:
        status = rank(job, number, port)
    except BaseException:  # noqa: BLE001 it must not go on as its parent would
        traceback.print_exc()
    os._exit(status)


if __name__ == "__main__":
    wan.quieten()
    import diffusers
    import peft  # noqa: F401 before the processes part, so that it is done once

    diffusers.WanTransformer3DModel  # noqa: B018 as above: it is loaded when it is first named
    for each in json.loads(Path(sys.argv[1]).read_text()):
        print(json.dumps(carry_out(each)), flush=True)
