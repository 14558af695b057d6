"""Where the next money is best spent, recovered from pilots with a planted source of noise."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import microworldbench as bench
from microworldbench.errors import InputError
from microworldbench.pilot import plan

Make = Callable[..., Any]


def coin(*parts: object) -> bool:
    return hashlib.sha256(repr(parts).encode()).digest()[0] < 128


def pilot(suite: Any, generator: Make, scripted: Make, path: Path, noise: str, name: str = "m") -> Path:
    """A run whose verdicts are a coin for each task, each video or each vote."""

    def answer(question: Any, criterion: Any) -> bool:
        parts = {"task": (), "seed": (question.seed,), "vote": (question.seed, question.vote)}[noise]
        return coin(name, question.task.id, criterion.id, *parts)

    bench.evaluate(generator, suite, scripted(answer, cost_usd=0.01), path, seeds=3, votes=3, name=name)
    return path


@pytest.mark.parametrize(("noise", "zero"), [("task", ("seed", "vote")), ("seed", ("vote",)), ("vote", ())])
def test_variance_is_found_where_it_was_planted(
    noise: str, zero: tuple[str, ...], big_suite: Any, tiny_generator: Make, scripted: Make, tmp_path: Path
) -> None:
    found = plan(pilot(big_suite, tiny_generator, scripted, tmp_path / "a", noise))
    variances = {"task": found.task_variance, "seed": found.seed_variance, "vote": found.vote_variance}
    for name in zero:
        assert variances[name] == 0.0
    assert max(variances, key=lambda name: variances[name] or 0.0) == noise


def test_more_votes_help_only_where_votes_differ(
    big_suite: Any, tiny_generator: Make, scripted: Make, tmp_path: Path
) -> None:
    steps = {s.spend_on: s for s in plan(pilot(big_suite, tiny_generator, scripted, tmp_path / "a", "task")).steps}
    assert steps["votes"].half_width == steps["nothing"].half_width == steps["seeds"].half_width
    assert steps["tasks"].half_width == pytest.approx(steps["nothing"].half_width / 2**0.5)
    assert steps["votes"].calls == 2 * steps["nothing"].calls
    assert steps["votes"].cost_usd == pytest.approx(2 * (steps["nothing"].cost_usd or 0.0))


def test_a_paired_difference_cancels_what_both_share(
    big_suite: Any, tiny_generator: Make, scripted: Make, tmp_path: Path
) -> None:
    a = pilot(big_suite, tiny_generator, scripted, tmp_path / "a", "task")
    same = plan(a, a)
    assert same.of == "m − m"
    assert same.task_variance == 0.0
    assert same.best is None


def test_tasks_judged_incompletely_are_left_out(
    big_suite: Any, tiny_generator: Make, scripted: Make, tmp_path: Path
) -> None:
    def sometimes(request: Any) -> Any:
        if request.task_id == "task-2":
            raise bench.GenerationError("declined")
        return tiny_generator(request)

    found = plan(pilot(big_suite, sometimes, scripted, tmp_path / "a", "vote"))
    assert (found.tasks_used, found.tasks_left_out) == (11, 1)


def test_a_pilot_of_one_task_is_refused(suite: Any, tiny_generator: Make, scripted: Make, tmp_path: Path) -> None:
    bench.evaluate(tiny_generator, suite, scripted(), tmp_path / "a", limit=1)
    with pytest.raises(InputError, match="at least two tasks"):
        plan(tmp_path / "a")


def test_runs_made_differently_are_refused(suite: Any, tiny_generator: Make, scripted: Make, tmp_path: Path) -> None:
    bench.evaluate(tiny_generator, suite, scripted(), tmp_path / "a", seeds=2)
    bench.evaluate(tiny_generator, suite, scripted(), tmp_path / "b")
    with pytest.raises(InputError, match="differ in view, seeds or votes"):
        plan(tmp_path / "a", tmp_path / "b")


def test_the_command_prints_a_table_and_json(
    big_suite: Any, tiny_generator: Make, scripted: Make, tmp_path: Path
) -> None:
    path = pilot(big_suite, tiny_generator, scripted, tmp_path / "a", "vote")
    command = [sys.executable, "-m", "microworldbench", "plan", str(path)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "spend on" in told
    found = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout)
    assert [step["spend_on"] for step in found["steps"]] == ["nothing", "tasks", "seeds", "votes"]
