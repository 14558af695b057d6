"""How the workbench bears twenty experts at once for a minute, killed in the middle: answers a second, what is lost.

python benchmarks/review_load.py [--seconds 60] [--experts 20] [--kills 2]
"""

from __future__ import annotations

import argparse
import html
import http.client
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlencode

from microworldbench.review.desk import Desk
from microworldbench.review.store.access import AccessBook
from microworldbench.review.store.board import Board, Slot
from microworldbench.review.studies.folder import StudyFolder
from microworldbench.review.studies.making import Plan, make_study
from microworldbench.review.studies.records import Kind
from microworldbench.rubric import Criterion, Dimension, Level, Suite, Task

CHOICES = ("relevant", "not_relevant", "unsure")
TIMEOUT_S = 10.0


def make_load_study(path: Path, items: int) -> Path:
    """A relevance study; its pages are small, so that the log and the locks are what is loaded."""
    criterion = Criterion(
        id="c", dimension=Dimension.SCIENTIFIC_FIDELITY, statement="A claim that can be seen.", weight=1.0
    )
    tasks = tuple(
        Task(id=f"t{n:03d}", level=list(Level)[n % 3], title=f"Task {n}", prompt="Show it.", criteria=(criterion,))
        for n in range(items)
    )
    suite = Suite(id="load", version="1-A", title="Load", license="CC0-1.0", tasks=tasks)
    return make_study(path, Plan(kind=Kind.RELEVANCE, suite=suite, rules={"evaluators": 1000})).path


class SlowedDownError(Exception):
    """An expert asks more often than the workbench lets anybody ask."""


@dataclass
class Load:
    """Experts who answer as fast as they get pages.

    Args:
        folder: The study.
        experts: How many.
    """

    folder: Path
    experts: int
    acknowledged: dict[tuple[str, int], tuple[str, str]] = field(default_factory=dict)
    """The last acknowledged (choice, text) by expert and page."""
    by_expert: Counter[str] = field(default_factory=Counter)
    """How many answers were acknowledged."""
    latencies_s: list[float] = field(default_factory=list)
    restarts: list[float] = field(default_factory=list)
    """Seconds from each start of the server to its first reply."""
    errors: list[str] = field(default_factory=list)
    kills: int = 0

    def __enter__(self) -> Load:
        self._stop, self._guard = threading.Event(), threading.Lock()
        self._server, self._port = None, 0
        self._start()
        book = AccessBook(self.folder / "access.jsonl")
        sessions = [book.enter(book.invite(f"Expert {n}")[1]) for n in range(self.experts)]
        self._threads = [threading.Thread(target=self._work, args=(e.pseudonym, secret)) for e, secret in sessions]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_problem: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._kill()

    def kill_and_restart(self) -> None:
        """SIGKILL, whatever the server is doing, and a new server on the same folder and port."""
        self._kill()
        self.kills += 1
        self._start()

    def wait_for(self, answers: int, at_most_s: float = 120.0) -> None:
        """Until every expert has had so many further answers acknowledged.

        Raises:
            TimeoutError: they have not.
        """
        before, began = dict(self.by_expert), time.monotonic()
        names = [f"e{n + 1}" for n in range(self.experts)]
        while any(self.by_expert[name] - before.get(name, 0) < answers for name in names):
            if time.monotonic() - began > at_most_s or self.errors:
                raise TimeoutError(f"after {at_most_s:.0f} s: {dict(self.by_expert)}, {self.errors[:1]}")
            time.sleep(0.05)

    def _start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "microworldbench",
            "review",
            "serve",
            str(self.folder),
            "--port",
            str(self._port),
        ]
        began = time.monotonic()
        self._server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._server.stdout.readline()
        self._port = int(re.search(r":(\d+) ", self._server.stdout.readline())[1])
        self.restarts.append(time.monotonic() - began)

    def _kill(self) -> None:
        os.kill(self._server.pid, signal.SIGKILL)
        self._server.wait()
        self._server.stdout.close()

    def _work(self, expert: str, secret: str) -> None:
        number = turn = 0
        while not self._stop.is_set():
            number, turn = number % 30 + 1, turn + 1
            try:
                self._answer(expert, secret, number, turn)
            except (OSError, http.client.HTTPException, SlowedDownError):
                time.sleep(0.05)  # the server is away, or says that this is too fast; a browser would try again too
            except Exception as error:  # noqa: BLE001 - told at the end instead of dying in a thread
                self.errors.append(f"{type(error).__name__}: {error}")
                return

    def _answer(self, expert: str, secret: str, number: int, turn: int) -> None:
        headers = {"Cookie": f"mwb-review={secret}", "Accept": "text/html"}
        status, page = self._ask("GET", f"/item/{number}", None, headers)
        if status != 200:
            raise ValueError(f"page {number} answered {status}")
        form = html.unescape(re.search(r'name="_form" value="([^"]+)"', page)[1])
        choice, why = CHOICES[turn % 3], f"{expert} {turn}"
        body = urlencode({"answer": choice, "why": why, "_form": form, "_go": "stay", "_active": "0.1"})
        headers |= {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        began = time.monotonic()
        status, reply = self._ask("POST", f"/item/{number}", body, headers)
        if status != 200 or not json.loads(reply)["saved"]:
            raise ValueError(f"an answer on page {number} got {status}: {reply[:200]}")
        with self._guard:
            self.latencies_s.append(time.monotonic() - began)
            self.acknowledged[expert, number] = (choice, why)
            self.by_expert[expert] += 1

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)
        try:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            if reply.status == 429:
                raise SlowedDownError
            return reply.status, reply.read().decode()
        finally:
            connection.close()

    def _slots(self) -> dict[tuple[str, int], Slot]:
        with Desk(StudyFolder(self.folder)) as desk:
            return {(e, n): slot for e in desk.board.joined for n, slot in enumerate(desk.order.slots(e, 1), start=1)}

    def lost(self, board: Board) -> list[tuple[str, int]]:
        """Pages whose last acknowledged answer, or a later one, is not in the log."""
        slots = self._slots()
        return [
            (expert, number)
            for (expert, number), (choice, why) in self.acknowledged.items()
            if not any(
                (given.fields.get("answer"), given.fields.get("why")) == (choice, why)
                for given in board.versions.get((expert, 1, slots[expert, number]), ())
            )
        ]

    def doubled(self, board: Board) -> list[int]:
        """Events that say what the one before them said: numbers."""
        return [
            later.event.n
            for versions in board.versions.values()
            for before, later in pairwise(versions)
            if before.fields == later.fields
        ]

    def share_kept(self, board: Board) -> float:
        """Share of the acknowledged pages that are in the log."""
        return 1 - len(self.lost(board)) / max(1, len(self.acknowledged))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=float, default=60.0)
    options.add_argument("--experts", type=int, default=20)
    options.add_argument("--kills", type=int, default=2)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as home:
        with Load(make_load_study(Path(home) / "study", items=30), given.experts) as load:
            began = time.monotonic()
            for kill in range(1, given.kills + 1):
                time.sleep(max(0.0, began + given.seconds * kill / (given.kills + 1) - time.monotonic()))
                load.kill_and_restart()
            time.sleep(max(0.0, began + given.seconds - time.monotonic()))
        log = Path(home) / "study" / "events.jsonl"
        board = Board.read(log)
        cuts = statistics.quantiles(load.latencies_s, n=100) if len(load.latencies_s) > 1 else [0.0] * 99
        rows = [
            ("experts at once", f"{given.experts}"),
            ("seconds", f"{given.seconds:.0f}"),
            ("answers acknowledged", f"{load.by_expert.total():,}"),
            ("answers a second", f"{load.by_expert.total() / given.seconds:.1f}"),
            ("answer, median", f"{1000 * cuts[49]:.0f} ms"),
            ("answer, 95 % within", f"{1000 * cuts[94]:.0f} ms"),
            ("events in the log", f"{board.last:,} ({log.stat().st_size / 1e6:.1f} MB)"),
            ("killed and started again", f"{load.kills} times, {max(load.restarts):.1f} s until it answered"),
            ("acknowledged answers lost", f"{len(load.lost(board))} of {len(load.acknowledged):,} pages"),
            ("answers doubled", f"{len(load.doubled(board))}"),
            ("other errors", f"{len(load.errors)}{': ' + load.errors[0] if load.errors else ''}"),
            ("kept / acknowledged", f"{load.share_kept(board):.3f}"),
        ]
        is_whole = not (load.lost(board) or load.errors)
    width = max(len(name) for name, _ in rows)
    print("The workbench under load")
    for name, value in rows:
        print(f"  {name.ljust(width)}  {value}")
    sys.exit(0 if is_whole else 1)


if __name__ == "__main__":
    main()
