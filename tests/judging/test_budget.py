"""The cap on spending holds with a hundred calls in flight, whatever they cost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import microworldbench as bench
from microworldbench.chat.attempts import RetryPolicy
from microworldbench.chat.budget import Budget
from microworldbench.chat.ledger import Ledger
from microworldbench.errors import RunStoppedError, TransientJudgeError
from microworldbench.judging.protocol import Answer, Group, JudgeIdentity, Question
from microworldbench.results import Judgement, Usage
from microworldbench.runs import RunFolder

Make = Callable[..., Any]


class Gambler:
    """Async, so that all its calls are in flight at once; each costs anything up to its worst case, some are lost."""

    deterministic = False
    identity = JudgeIdentity(name="gambler")

    def __init__(self, seed: int, *, together: int = 0) -> None:
        self.rng = random.Random(seed)
        self.together = together  # so many calls wait for each other, but for the first about each video
        self.begun: set[Any] = set()
        self.all_here = asyncio.Event()
        self.worst: dict[Any, float] = {}
        self.in_flight = self.most_in_flight = 0
        self.reserved = self.billed = self.most = 0.0

    def groups(self, task: Any, criteria: Any) -> list[Group]:
        return [Group(c.id, (c,), self) for c in criteria]

    def worst_case_usd(self, question: Question) -> float:
        key = (question.task.id, question.seed, question.group, question.vote)
        return self.worst.setdefault(key, self.rng.choice([0.001, 0.01, 0.05, 0.2]))

    async def ask(self, question: Question) -> Answer:
        worst = self.worst_case_usd(question)
        cost = worst * self.rng.choice([0.0, self.rng.random(), 1.0])
        self.in_flight += 1
        self.reserved += worst
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        # What the server could charge at this moment: all that is billed, and everything in flight at its worst.
        self.most = max(self.most, self.billed + self.reserved)
        if self.in_flight >= self.together:
            self.all_here.set()
        if (question.task.id, question.seed) in self.begun:
            await self.all_here.wait()
        self.begun.add((question.task.id, question.seed))
        await asyncio.sleep(self.rng.choice([0.0, 0.001, 0.01]))
        self.in_flight -= 1
        self.reserved -= worst
        if self.rng.random() < 0.1:
            self.billed += worst
            raise TransientJudgeError("lost", answered=False)
        self.billed += cost
        judgements = tuple(Judgement(criterion=c.id, met=True) for c in question.criteria)
        return Answer(judgements, usage=Usage(cost_usd=cost))


@pytest.mark.parametrize("seed", range(6))
def test_the_cap_is_never_exceeded_with_a_hundred_calls_in_flight(
    seed: int, big_suite: Any, tiny_generator: Make, run_path: Path
) -> None:
    bench.generate(tiny_generator, big_suite, run_path, seeds=2)
    cap, judge = 3.0, Gambler(seed)
    options: dict[str, Any] = {"votes": 4, "workers": 100, "retry": RetryPolicy(attempts=3, first_wait_s=0.001)}
    with pytest.raises(RunStoppedError, match="--max-cost"):
        bench.grade(run_path, judge, big_suite, max_cost=cap, **options)
    assert judge.most_in_flight > 20
    assert judge.most <= cap + 1e-9
    assert judge.billed <= cap + 1e-9
    committed = Ledger.of(RunFolder.read(run_path).call_lines()).committed_usd
    assert committed == pytest.approx(judge.billed)
    assert committed > cap - 0.2  # it stops only once the next call may not fit


def test_a_hundred_calls_are_really_in_flight_where_money_allows(
    big_suite: Any, tiny_generator: Make, run_path: Path
) -> None:
    bench.generate(tiny_generator, big_suite, run_path, seeds=3)
    judge = Gambler(0, together=100)
    report = bench.grade(run_path, judge, big_suite, max_cost=500, votes=5, workers=100)
    assert judge.most_in_flight == 100
    assert report.coverage.missing == 0
    assert judge.most <= 500


def test_the_cap_holds_over_a_run_that_is_continued_again_and_again(
    big_suite: Any, tiny_generator: Make, run_path: Path
) -> None:
    bench.generate(tiny_generator, big_suite, run_path)
    billed = 0.0
    for seed, cap in enumerate([0.5, 1.0, 1.5]):
        judge = Gambler(seed)
        with pytest.raises(RunStoppedError, match="--max-cost"):
            bench.grade(run_path, judge, big_suite, max_cost=cap, votes=5, workers=100)
        billed += judge.billed
        assert billed <= cap + 1e-9


@settings(max_examples=40, deadline=None)
@given(
    calls=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(0, 3)), min_size=1, max_size=100),
    cap=st.floats(0.1, 5),
)
def test_spent_and_reserved_together_never_pass_the_cap(calls: list[tuple[float, float, int]], cap: float) -> None:
    async def main() -> None:
        budget, spent, reserved = Budget(cap), 0.0, 0.0

        async def call(worst: float, share: float, turns: int) -> None:
            nonlocal spent, reserved
            try:
                await budget.reserve(worst)
            except RunStoppedError:
                return
            reserved += worst
            assert spent + reserved <= cap + 1e-6
            for _ in range(turns):
                await asyncio.sleep(0)
            reserved -= worst
            spent += worst * share
            await budget.settle(worst, worst * share)

        await asyncio.gather(*(call(*c) for c in calls))
        assert budget.spent_usd == pytest.approx(spent)

    asyncio.run(main())
