"""Run folders that contradict themselves."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from microworldbench.runs import RunFolder
from microworldbench.verification import contradictions
from microworldbench.verification.consistency import rebuilt_suite

Write = Callable[..., Path]


def yes(task: str, seed: int, criterion: Any, vote: int) -> bool:
    return True


@pytest.fixture
def run(make_suite: Any, write_run: Write) -> Path:
    return write_run("run", make_suite(3), yes, reported=True)


def told(run: Path) -> str:
    return "\n".join(contradictions(RunFolder.read(run)))


def edit(path: Path, change: Callable[[Any], Any], line: int | None = None) -> None:
    """Changes a JSON file, or one line of a log."""
    if line is None:
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))
        return
    lines = path.read_text().splitlines()
    record = json.loads(lines[line])
    change(record)
    lines[line] = json.dumps(record)
    path.write_text("\n".join(lines) + "\n")


def test_a_run_as_it_was_written_contradicts_nothing(run: Path) -> None:
    assert told(run) == ""


def test_a_real_run_contradicts_nothing(tmp_path: Path, suite: Any, scripted: Any, tiny_generator: Any) -> None:
    import microworldbench as bench

    judge = scripted(lambda question, criterion: [True, False, None][len(criterion.statement) % 3])
    bench.evaluate(tiny_generator, suite, judge, tmp_path / "real", seeds=2, votes=2)
    assert told(tmp_path / "real") == ""


def test_a_suite_is_rebuilt_from_its_snapshot(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(4)
    assert rebuilt_suite(RunFolder.read(write_run("whole", suite, yes)).snapshot) == suite
    assert rebuilt_suite(RunFolder.read(write_run("part", suite, yes, tasks=["task-001"])).snapshot) is None
    unlicensed = make_suite(4, license=None)
    assert rebuilt_suite(RunFolder.read(write_run("bare", unlicensed, yes)).snapshot) is None


@pytest.mark.parametrize(
    ("file", "line", "change", "sentence"),
    [
        ("report.json", None, lambda r: r["overall"].update(value=99.0), "states 99.0 for overall.value"),
        ("report.json", None, lambda r: r["tasks"][1]["score"].update(low=0.0), "for tasks[task-001].score.low"),
        ("report.json", None, lambda r: r["tasks"].pop(), "for tasks"),
        ("report.json", None, lambda r: r["usage"].update(cost_usd=0.0), "for usage.cost_usd"),
        ("report.json", None, lambda r: r.update(bonus=1), "states 1 for bonus"),
        ("verdicts.jsonl", 0, lambda v: v.update(met=False), "returned another verdict"),
        ("verdicts.jsonl", 0, lambda v: v.update(call=None), "names no call"),
        ("verdicts.jsonl", 0, lambda v: v.update(call="elsewhere"), "call elsewhere is not in the log"),
        ("verdicts.jsonl", 0, lambda v: v.update(call="task-001-0-0"), "was about something else"),
        ("verdicts.jsonl", 0, lambda v: v.update(judge="me"), "is not the run's judge"),
        ("calls.jsonl", 0, lambda c: c.update(status="failed"), "gave no answer to it"),
        ("generations.jsonl", 0, lambda g: g.update(prompt_sha256="0" * 64), "of another prompt"),
        ("generations.jsonl", 0, lambda g: g.update(task="elsewhere"), "there is no generation"),
        ("suite.json", None, lambda s: s["tasks"][0]["criteria"][0].update(weight=0.1), "the suite's digest"),
        ("suite.json", None, lambda s: s["tasks"][0]["criteria"][0].update(statement="x"), "is not that of its text"),
        ("suite.json", None, lambda s: s["tasks"][0].update(prompt="x"), "is not that of the prompt"),
        ("suite.json", None, lambda s: s["tasks"].pop(), "the view's digest"),
        ("suite.json", None, lambda s: s["suite"].update(digest="0" * 64), "name different suites"),
        ("suite.json", None, lambda s: s["view"].update(name="better"), "name different views"),
        ("manifest.json", None, lambda m: m["judge"]["settings"].update(votes=9), "the judge's digest"),
    ],
)  # fmt: skip
def test_every_change_is_told(run: Path, file: str, line: int | None, change: Any, sentence: str) -> None:
    edit(run / file, change, line)
    assert sentence in told(run)


def test_a_judgement_that_its_reply_does_not_say_is_told(run: Path) -> None:
    answers = {f"C{n}": {"observation": "", "frames": [], "verdict": "met"} for n in range(1, 5)}
    edit(run / "calls.jsonl", lambda call: call.update(reply=json.dumps(answers)), 0)
    assert told(run) == ""
    answers["C2"]["verdict"] = "not_met"
    edit(run / "calls.jsonl", lambda call: call.update(reply=json.dumps(answers)), 0)
    assert "call task-000-0-0: its judgements are not what its reply says" in told(run)


def test_a_missing_report_is_told(run: Path) -> None:
    (run / "report.json").unlink()
    assert "report.json is missing" in told(run)


def test_of_many_contradictions_the_first_twenty_are_told(make_suite: Any, write_run: Write) -> None:
    run = write_run("many", make_suite(30), yes, reported=True)
    (run / "calls.jsonl").write_text("")
    assert len(contradictions(RunFolder.read(run))) == 20
