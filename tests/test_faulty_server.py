"""The real command against a real server that misbehaves, and against SIGKILL."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from microworldbench.chat.ledger import Ledger
from microworldbench.runs import RunFolder

SERVER = Path(__file__).parent / "servers" / "judge_server.py"
MODEL = """
import numpy as np

def generator(request):
    rng = np.random.default_rng(list(request.task_id.encode()))
    frames = np.full((12, 48, 64, 3), rng.integers(20, 200, 3), np.uint8)
    for t in range(12):
        frames[t, 10:20, 4 * t : 4 * t + 8] = 255
    return frames, 8.0
"""


def write_suite(folder: Path, tasks: int) -> None:
    (folder / "tasks").mkdir(parents=True)
    (folder / "suite.yaml").write_text("id: small\nversion: 1-A\ntitle: Small suite\nlicense: CC0-1.0\n")
    dimensions = ["scientific_fidelity", "visual_quality", "instruction_following"]
    for n in range(1, tasks + 1):
        criteria = [
            {
                "id": f"c{i}",
                "dimension": dimensions[i % 3],
                "statement": f"In process {n} the thing numbered {i} is seen.",
                "polarity": "penalty" if i > 5 else "reward",
                "weight": 0.5,
            }
            for i in range(9)
        ]
        task = {"id": f"t{n}", "level": "organ", "title": f"T {n}", "prompt": f"Show {n}.", "criteria": criteria}
        (folder / "tasks" / f"t{n}.yaml").write_text(yaml.safe_dump(task))


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    write_suite(tmp_path / "suite", 6)
    (tmp_path / "mymodel.py").write_text(MODEL)
    return tmp_path


class Server:
    """The scripted judge in a process of its own."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, str(SERVER), "--policy", "coin", "--idle-s", "60", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = json.loads(self.process.stdout.readline())["url"]

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()


def command(out: str, *options: str) -> list[str]:
    judge = ["--judge", "openai:scripted", "-j", "timeout_s=2"]
    made = ["run", "--generator", "mymodel:generator", "--suite", "suite", "--out", out]
    return [sys.executable, "-m", "microworldbench", *made, *judge, *options]


def environment(server: Server) -> dict[str, str]:
    proxies = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"}
    clean = {k: v for k, v in os.environ.items() if k not in proxies}
    return {**clean, "OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "sk-test-0123456789abcdef"}


def run(server: Server, workplace: Path, out: str, *options: str) -> subprocess.CompletedProcess[str]:
    arguments = {"cwd": workplace, "env": environment(server), "capture_output": True, "text": True, "timeout": 200}
    return subprocess.run(command(out, *options), **arguments)  # type: ignore[call-overload,no-any-return]


@pytest.fixture
def faultless() -> Iterator[Server]:
    with Server() as server:
        yield server


FAULTS = ["429", "500", "reset", "reset-midway", "cut", "empty", "garbage", "length"]


def test_every_criterion_is_resolved_or_counted_missing_whatever_the_server_does(workplace: Path) -> None:
    rates = [option for fault in FAULTS for option in ("--fault-rate", f"{fault}=0.05")]
    with Server(*rates, "--fault", "4=hang", "--seed", "3") as server:
        done = run(server, workplace, "out", "--json")
    report = json.loads(done.stdout)
    coverage = report["coverage"]
    assert coverage["criteria"] == 54
    assert coverage["resolved"] + coverage["missing"] == 54
    assert done.returncode == (1 if report["overall"]["value"] is None else 0)
    verdicts = RunFolder.read(workplace / "out").verdicts()
    assert len({(v.task, v.criterion) for v in verdicts}) == 54
    statuses = Counter(line.status for line in RunFolder.read(workplace / "out").call_lines() if line.kind == "call")
    assert statuses["failed"] > 0
    assert statuses["unreadable"] > 0


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_is_repeated_and_leaves_nothing_missing(fault: str, workplace: Path) -> None:
    with Server("--fault", f"2={fault}") as server:
        done = run(server, workplace, "out", "--task", "t1", "--task", "t2", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["coverage"]["missing"] == 0


def test_a_wrong_key_stops_at_once_and_is_never_stored(workplace: Path) -> None:
    with Server("--key", "sk-right") as server:
        done = run(server, workplace, "out")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    stored = b"".join(p.read_bytes() for p in (workplace / "out").rglob("*.json*"))
    assert b"sk-test-0123456789abcdef" not in stored
    assert b"sk-test-0123456789abcdef" not in (done.stdout + done.stderr).encode()
    calls = [line for line in RunFolder.read(workplace / "out").call_lines() if line.kind == "call"]
    assert len(calls) == 1


def test_sigkill_at_random_points_pays_nothing_twice_and_reports_the_same(workplace: Path) -> None:
    rng = random.Random(7)
    with Server("--latency", "0.15", "--cost-usd", "0.01") as server:
        whole = json.loads(run(server, workplace, "whole", "--json").stdout)
        kills = 0
        for _ in range(8):
            arguments: dict[str, Any] = {"cwd": workplace, "env": environment(server), "stderr": subprocess.DEVNULL}
            process = subprocess.Popen(command("killed", "--workers", "3"), stdout=subprocess.DEVNULL, **arguments)
            try:
                process.wait(rng.uniform(1.0, 3.0))
                break
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                kills += 1
        done = run(server, workplace, "killed", "--json")
    assert kills > 0
    killed = json.loads(done.stdout)
    for report in (killed, whole):
        del report["usage"]["cached_tokens"]  # the server's cache was warm the second time
    assert killed == whole
    lines = list(RunFolder.read(workplace / "killed").call_lines())
    answered = Counter((c.task, c.seed, c.group, c.vote) for c in lines if c.kind == "call" and c.status == "ok")
    assert len(answered) == 18 + 1
    assert set(answered.values()) == {1}
    assert Ledger.of(lines).unanswered <= 3 * kills


def test_sigkill_among_challenges_pays_none_twice_and_reports_the_same(workplace: Path) -> None:
    options = ("--challenge", "0.8", "--votes", "2", "--workers", "2", "--reducer", "unanimous", "--rpm", "60000")
    with Server("--latency", "0.15", "--cost-usd", "0.01") as server:
        whole = json.loads(run(server, workplace, "whole", *options, "--json").stdout)
        calls = workplace / "killed" / "calls.jsonl"
        for after in (1, 6, 11):  # challenges answered at the time of the kill
            arguments: dict[str, Any] = {"cwd": workplace, "env": environment(server), "stderr": subprocess.DEVNULL}
            process = subprocess.Popen(command("killed", *options), stdout=subprocess.DEVNULL, **arguments)
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and process.poll() is None:
                if calls.exists() and calls.read_bytes().count(b'"group":"challenge/') >= after:
                    break
                time.sleep(0.02)
            assert process.poll() is None
            process.send_signal(signal.SIGKILL)
            process.wait()
        done = run(server, workplace, "killed", *options, "--json")
    killed = json.loads(done.stdout)
    for report in (killed, whole):
        del report["usage"]["cached_tokens"]
    assert killed == whole
    assert killed["judging"]["ungrounded"]["n"] > 10
    lines = list(RunFolder.read(workplace / "killed").call_lines())
    answered = Counter((c.task, c.group, c.vote) for c in lines if c.kind == "call" and c.status == "ok")
    assert set(answered.values()) == {1}
    assert Ledger.of(lines).unanswered <= 3 * 2


def test_interrupting_exits_130_and_the_same_command_continues(workplace: Path) -> None:
    with Server("--latency", "0.4") as server:
        arguments: dict[str, Any] = {"cwd": workplace, "env": environment(server), "stderr": subprocess.PIPE}
        process = subprocess.Popen(command("out", "--workers", "1"), stdout=subprocess.DEVNULL, text=True, **arguments)
        calls = workplace / "out" / "calls.jsonl"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and (not calls.exists() or calls.read_bytes().count(b'"ok"') < 3):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
        assert process.returncode == 130
        assert "interrupted" in told
        assert "Traceback" not in told
        assert (workplace / "out" / "report.json").is_file()
        done = run(server, workplace, "out", "--workers", "8", "--json")
    assert json.loads(done.stdout)["coverage"]["missing"] == 0


def test_a_budget_holds_across_runs_and_more_money_goes_on(workplace: Path) -> None:
    prices = ["-j", "input_usd_per_mtok=1", "-j", "output_usd_per_mtok=1", "-j", "max_output_tokens=500"]
    with Server("--cost-usd", "0.01") as server:
        first = run(server, workplace, "out", *prices, "--max-cost", "0.08", "--json")
        assert first.returncode == 1
        assert "--max-cost" in first.stderr
        spent = Ledger.of(RunFolder.read(workplace / "out").call_lines()).committed_usd
        assert 0.03 <= spent <= 0.08
        second = run(server, workplace, "out", *prices, "--max-cost", "1", "--json")
    assert second.returncode == 0, second.stderr
    report = json.loads(second.stdout)
    assert report["coverage"]["missing"] == 0
    assert report["usage"]["cost_usd"] == pytest.approx(0.01 * (18 + 1))


def test_a_budget_without_a_price_is_wrong_input(workplace: Path, faultless: Server) -> None:
    done = run(faultless, workplace, "out", "--max-cost", "1")
    assert done.returncode == 2
    assert "price" in done.stderr
