"""From titles to a suite, as a user types it, against a model on a real socket."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from drafting import drafted

from microworldbench.authoring.folder import DraftFolder
from microworldbench.rubric import ReviewStatus
from microworldbench.suites.folder import load_folder

MODEL = ("--model", "openai:gpt-5")
Run = Callable[..., Any]


def whole(mwb: Run, titles: Path, url: str) -> None:
    for step in (("tasks", titles, "--out", "d"), ("classify", "d"), ("rubrics", "d"), ("suite", "d")):
        done = mwb(*step, *(MODEL if step[0] != "suite" else ()), url=url)
        assert done.returncode == 0, done.stderr


def test_titles_become_a_suite_that_can_be_read(mwb: Run, serve: Any, titles: Path, tmp_path: Path) -> None:
    server = serve()
    whole(mwb, titles, server.url)
    suite = load_folder(tmp_path / "d" / "suite")
    assert sorted(task.level.value for task in suite.tasks) == ["cellular", "organ", "organ", "subcellular"]
    assert {task.review.status for task in suite.tasks} == {ReviewStatus.DRAFTED}
    assert all(task.sources[0].reference.startswith("Video: ") for task in suite.tasks)


def test_the_funnel_counts_every_step(mwb: Run, serve: Any, titles: Path) -> None:
    whole(mwb, titles, serve().url)
    found = json.loads(mwb("status", "d", "--json").stdout)
    assert (found["titles_read"], found["titles_without_task"], found["tasks"]) == (5, 1, 5)
    assert found["placed"] == {"organ": 2, "cellular": 2, "subcellular": 1}
    assert found["left_out"] == {"unsure": 1}
    assert (found["rubrics"], found["suite_tasks"]) == (4, 4)
    assert found["usage"]["cost_usd"] > 0
    shown = mwb("status", "d").stdout
    assert "tasks drafted                    5" in shown
    assert "left out: unsure                 1" in shown


def test_the_same_commands_again_ask_nothing(mwb: Run, serve: Any, titles: Path) -> None:
    server = serve()
    whole(mwb, titles, server.url)
    asked = len(server.requests)
    whole(mwb, titles, server.url)
    assert len(server.requests) == asked


def test_more_titles_are_asked_about_alone(mwb: Run, serve: Any, titles: Path) -> None:
    server = serve()
    mwb("tasks", titles, "--out", "d", *MODEL, url=server.url)
    asked = len(server.requests)
    with titles.open("a") as more:
        more.write(json.dumps({"title": "one more process"}) + "\n")
    mwb("tasks", titles, "--out", "d", *MODEL, url=server.url)
    assert len(server.requests) == asked + 1


def test_quota_and_relevance_votes_decide_what_goes_on(mwb: Run, serve: Any, titles: Path, tmp_path: Path) -> None:
    server = serve()
    mwb("tasks", titles, "--out", "d", *MODEL, url=server.url)
    mwb("classify", "d", *MODEL, url=server.url)
    folder = DraftFolder.read(tmp_path / "d")
    from microworldbench.authoring.drafting import tasks_of

    names = {task.title: task.id for task in tasks_of(folder)}
    votes = [(names["mitosis of a cell 0"], e, "yes" if e != "c" else "no") for e in "abc"]
    votes += [(names["vesicle docking 0"], e, "no" if e != "c" else "yes") for e in "abc"]
    votes += [(names[f"two kinds of organ motion {n}"], e, "yes") for n in (0, 1) for e in "ab"]
    (tmp_path / "votes.csv").write_text("task,evaluator,relevant\n" + "".join(f"{t},{e},{v}\n" for t, e, v in votes))
    done = mwb("rubrics", "d", "--votes", "votes.csv", "--per-level", 1, *MODEL, url=server.url)
    assert done.returncode == 0, done.stderr
    found = json.loads(mwb("status", "d", "--json").stdout)
    assert found["kept"] == {"organ": 1, "cellular": 1, "subcellular": 0}
    assert found["left_out"] == {"irrelevant": 2, "over-quota": 1}


@pytest.mark.parametrize("fault", ["429", "500", "reset", "garbage", "cut", "empty"])
def test_a_passing_fault_is_repeated(mwb: Run, serve: Any, titles: Path, fault: str) -> None:
    server = serve(faults={2: fault})
    done = mwb("tasks", titles, "--out", "d", *MODEL, "--json", url=server.url)
    assert json.loads(done.stdout) == {"stage": "tasks", "items": 5, "answered": 5, "failed": 0}, done.stderr


def test_a_lasting_fault_leaves_its_item_open_and_exits_1(mwb: Run, serve: Any, titles: Path, tmp_path: Path) -> None:
    def broken(request: dict[str, Any]) -> str:
        return "{}" if "vesicle" in json.dumps(request["messages"]) else drafted(request)

    server = serve(writes=broken)
    done = mwb("tasks", titles, "--out", "d", *MODEL, "--json", url=server.url)
    assert (done.returncode, json.loads(done.stdout)["failed"]) == (1, 1)
    assert "the reply lacks reason, tasks" in done.stderr
    assert json.loads(mwb("status", "d", "--json").stdout)["failures"]["tasks"] == 1


def test_the_cap_on_spending_holds_and_more_money_goes_on(mwb: Run, serve: Any, titles: Path, tmp_path: Path) -> None:
    server = serve(cost_usd=0.012)
    short = (*MODEL, "-m", "max_output_tokens=1000")
    done = mwb("tasks", titles, "--out", "d", *short, "--max-cost", 0.05, "--workers", 1, url=server.url)
    assert done.returncode == 1
    assert "--max-cost 0.05 USD is reached" in done.stderr
    spent = DraftFolder.read(tmp_path / "d").ledger().committed_usd
    assert 0 < spent <= 0.05
    assert mwb("tasks", titles, "--out", "d", *short, "--max-cost", 5, url=server.url).returncode == 0


def test_a_dry_run_says_what_it_would_cost_and_asks_nothing(mwb: Run, serve: Any, titles: Path) -> None:
    server = serve()
    done = mwb("tasks", titles, "--out", "d", *MODEL, "--dry-run", "--json", url=server.url)
    found = json.loads(done.stdout)
    assert (found["items"], found["answered"]) == (5, 0)
    assert found["worst_case_usd"] > 0
    assert server.requests == []


def test_another_model_cannot_take_over_a_stage(mwb: Run, serve: Any, titles: Path) -> None:
    server = serve()
    mwb("tasks", titles, "--out", "d", *MODEL, url=server.url)
    done = mwb("tasks", titles, "--out", "d", "--model", "openai:other", url=server.url)
    assert (done.returncode, "were begun by openai:gpt-5" in done.stderr) == (2, True)


def test_a_kill_loses_nothing_that_was_answered(serve: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "many.csv"
    path.write_text("title\n" + "".join(f"process number {n}\n" for n in range(40)))
    server = serve(latency_s=0.05)
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    command = [
        sys.executable,
        "-m",
        "microworldbench",
        "draft",
        "tasks",
        str(path),
        "--out",
        str(tmp_path / "d"),
        *MODEL,
    ]
    process = subprocess.Popen([*command, "--workers", "4"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while server.stats()["by_status"].get("200", 0) < 12:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    answered = len(DraftFolder.read(tmp_path / "d").replies("tasks"))
    before = len(server.requests)
    subprocess.run(command, check=True, capture_output=True)
    assert len(server.requests) - before == 40 - answered
    assert len(DraftFolder.read(tmp_path / "d").replies("tasks")) == 40


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["tasks", "absent.csv", "--out", "d", *MODEL], "cannot read absent.csv"),
        (["classify", "nowhere", *MODEL], "is not a draft folder"),
        (["tasks", "titles.jsonl", "--out", "d", "--model", "gpt-5"], "--model must be openai:MODEL"),
        (["tasks", "titles.jsonl", "--out", "d", *MODEL, "-m", "temprature=1"], "did you mean 'temperature'"),
        (["tasks", "titles.jsonl", "--out", ".", *MODEL], "is not empty and not a draft folder"),
        (["suite", "nowhere"], "is not a draft folder"),
    ],
)
def test_wrong_input_is_told_in_a_sentence(mwb: Run, titles: Path, args: list[str], words: str) -> None:
    done = mwb(*args)
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr
    assert "Traceback" not in done.stderr


def test_a_suite_before_any_choice_says_what_comes_first(mwb: Run, serve: Any, titles: Path) -> None:
    mwb("tasks", titles, "--out", "d", *MODEL, url=serve().url)
    assert "'mwb draft rubrics' chooses and drafts" in mwb("suite", "d").stderr
