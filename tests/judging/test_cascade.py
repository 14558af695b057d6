"""Judges made of judges, and the order criteria are shown in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import microworldbench as bench
from microworldbench.errors import InputError
from microworldbench.judging.cascade import Cascade
from microworldbench.judging.order import shown_order
from microworldbench.judging.protocol import Group
from microworldbench.runs import RunFolder

Make = Callable[..., Any]


def picky(scripted: Make, name: str, wanted: Sequence[str], met: bool) -> Any:
    """A judge that can only judge some criteria."""
    judge = scripted(lambda question, criterion: met, name=name)
    judge.groups = lambda task, criteria: [
        Group("all", kept, judge) for kept in [tuple(c for c in criteria if c.id in wanted)] if kept
    ]
    return judge


def test_each_criterion_goes_to_the_first_that_can_judge_it(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    first, second = picky(scripted, "first", ["c1", "c2"], True), picky(scripted, "second", ["c2", "c3", "c4"], False)
    report = bench.evaluate(tiny_generator, suite, Cascade([first, second]), run_path)
    by = {v.criterion: (v.judge, v.met, v.reason) for v in RunFolder.read(run_path).verdicts() if v.task == "task-1"}
    assert by["c1"] == ("first", True, None)
    assert by["c2"] == ("first", True, None)
    assert by["c3"] == ("second", False, None)
    assert by["c5"][2] == "not_measured"
    assert report.coverage.missing == 3
    assert report.scorecard.judge.name == "cascade:first,second"


def test_a_cascade_continues_without_asking_again(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    for _ in range(2):
        first, second = picky(scripted, "first", ["c1"], True), picky(scripted, "second", ["c2"], False)
        bench.evaluate(tiny_generator, suite, Cascade([first, second]), run_path)
    assert (first.asked, second.asked) == ([], [])


def test_a_cascade_needs_two_different_judges(scripted: Make) -> None:
    with pytest.raises(InputError, match="at least two"):
        Cascade([scripted()])
    with pytest.raises(InputError, match="same judge twice"):
        Cascade([scripted(), scripted()])


def test_over_as_many_votes_as_criteria_each_stands_once_in_every_position(suite: Any) -> None:
    criteria = suite.tasks[0].criteria
    places: Counter[tuple[str, int]] = Counter()
    for vote in range(len(criteria)):
        order = shown_order(criteria, view="v", task="t", group="g", vote=vote)
        assert {c.id for c in order} == {c.id for c in criteria}
        places.update((c.id, position) for position, c in enumerate(order))
    assert set(places.values()) == {1}


def test_the_order_depends_on_the_view_the_task_and_the_group(suite: Any) -> None:
    criteria = suite.tasks[0].criteria
    orders = {
        tuple(c.id for c in shown_order(criteria, view=view, task=task, group=group, vote=0))
        for view in "ab"
        for task in "cd"
        for group in "ef"
    }
    assert len(orders) > 4
