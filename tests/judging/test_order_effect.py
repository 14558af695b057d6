"""The effect of a criterion's place in the list: planted, recovered, and reported."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asking import make_criterion

import microworldbench as bench
from microworldbench.judging.order import shown_order
from microworldbench.judging.order_effect import ShownList, order_effect, shown_list
from microworldbench.judging.summary import vote_flips
from microworldbench.results import Call, Judgement, Reason, Verdict
from microworldbench.runs import RunFolder

Make = Callable[..., Any]
CRITERIA = tuple(make_criterion(n) for n in range(6))


def simulate(effect: float, *, seed: int, votes: int = 3, videos: int = 24) -> list[ShownList]:
    """A judge whose criteria and videos differ in difficulty, and who says met more often further down the list."""
    rng = np.random.default_rng(seed)
    found = []
    for video in range(videos):
        ease = {c.id: 0.5 + rng.uniform(-0.12, 0.12) + rng.uniform(-0.12, 0.12) for c in CRITERIA}
        for vote in range(votes):
            order = shown_order(CRITERIA, view=f"{seed}", task=f"t{video}", group="g", vote=vote)
            chances = [ease[c.id] + effect * (place / 5 - 0.5) for place, c in enumerate(order)]
            answers = tuple((c.id, bool(rng.random() < p)) for c, p in zip(order, chances, strict=True))
            found.append(ShownList("judge", f"t{video}", 0, vote, answers))
    return found


@pytest.mark.parametrize(("votes", "method"), [(3, "within_criterion"), (1, "between_criteria")])
@pytest.mark.parametrize("effect", [0.4, -0.3, 0.0])
def test_a_planted_effect_lies_within_the_interval_nearly_always(effect: float, votes: int, method: str) -> None:
    found = [order_effect(simulate(effect, seed=seed, votes=votes)) for seed in range(60)]
    assert {f.method for f in found if f} == {method}
    covered = [f.ci95[0] <= effect <= f.ci95[1] for f in found if f and f.ci95]
    assert len(covered) == 60
    assert sum(covered) >= 52  # 57 expected; fewer than 52 would come up once in 70 tries
    mean = np.mean([f.value for f in found if f and f.value is not None])
    assert mean == pytest.approx(effect, abs=0.06)


def test_a_strong_effect_is_told_from_none() -> None:
    found = order_effect(simulate(0.5, seed=1, votes=6))
    assert found is not None
    assert found.ci95 is not None
    assert found.ci95[0] > 0
    assert [place.position for place in found.by_position] == [1, 2, 3, 4, 5, 6]
    assert sum(place.n for place in found.by_position) == found.n == 24 * 6 * 6
    assert found.by_position[-1].met > found.by_position[0].met


def test_hard_criteria_shown_first_are_no_effect_of_order() -> None:
    always = ("easy", "medium"), ("medium", "easy")
    lists = [
        ShownList("j", f"t{video}", 0, vote, tuple((c, c == "easy") for c in order))
        for video in range(8)
        for vote, order in enumerate(always)
    ]
    found = order_effect(lists)
    assert found is not None
    assert found.value == 0


def test_answers_of_one_video_that_go_together_do_not_narrow_the_interval() -> None:
    once = order_effect(simulate(0.2, seed=3))
    twice = order_effect(
        [
            *simulate(0.2, seed=3),
            *(ShownList(f"{o.judge}2", o.task, o.seed, o.vote, o.answers) for o in simulate(0.2, seed=3)),
        ]
    )
    assert once is not None
    assert twice is not None
    assert twice.ci95 == pytest.approx(once.ci95)
    assert (twice.value, twice.videos) == (once.value, once.videos)


def test_seeds_judged_by_the_same_list_do_not_narrow_the_interval_of_one_vote() -> None:
    one_seed = simulate(0.0, seed=5, votes=1)
    again = [ShownList(o.judge, o.task, 1, o.vote, o.answers) for o in one_seed]
    once, twice = order_effect(one_seed), order_effect([*one_seed, *again])
    assert once is not None
    assert twice is not None
    assert (once.videos, twice.videos) == (24, 48)
    assert twice.ci95 == pytest.approx(once.ci95)


def test_below_five_videos_there_is_no_interval() -> None:
    found = order_effect(simulate(0.2, seed=0, videos=4))
    assert found is not None
    assert found.ci95 is None
    assert found.value is not None


def call(**changes: Any) -> Call:
    values = {
        "id": "1",
        "task": "t",
        "seed": 0,
        "judge": "openai:m",
        "group": "visual_quality",
        "criteria": ("a", "b"),
        "status": "ok",
        "judgements": (
            Judgement(criterion="b", met=True),
            Judgement(criterion="a", met=None, reason=Reason.CANNOT_TELL),
        ),
    }
    return Call.model_validate(values | changes)


def test_answers_are_read_in_the_order_shown_whatever_the_order_of_the_reply() -> None:
    found = shown_list(call())
    assert found is not None
    assert found.answers == (("a", False), ("b", True))


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "unreadable"},
        {"criteria": ("a",)},
        {"group": "challenge/visual_quality"},
        {"judge": "measured"},
        {"judge": "replay:openai:m"},
    ],
    ids=["failed", "one criterion", "challenge", "measured", "replayed"],
)
def test_calls_that_say_nothing_about_places_are_left_out(changes: dict[str, Any]) -> None:
    assert shown_list(call(**changes)) is None


def test_without_lists_there_is_no_effect() -> None:
    assert order_effect([]) is None


def suite_of(tasks: int) -> bench.Suite:
    made = (
        bench.Task(id=f"t-{n}", level="cellular", title=f"T{n}", prompt=f"A cell, number {n}.", criteria=CRITERIA)
        for n in range(tasks)
    )
    return bench.Suite(id="small", version="1-A", title="Small", license="CC0-1.0", tasks=tuple(made))


def test_a_server_that_leans_on_the_first_places_is_found_out(
    tiny_generator: Make, serve: Make, run_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = serve("lean:0.8")
    settings = {"base_url": server.url, "structured": "schema"}
    report = bench.evaluate(
        tiny_generator, suite_of(10), "openai:gpt-5", run_path, votes=4, judge_settings=settings, workers=4
    )
    effect = report.scorecard.judging.order_effect
    assert effect is not None
    assert effect.ci95 is not None
    assert effect.ci95[0] <= -0.8 <= effect.ci95[1]
    assert effect.ci95[1] < 0
    stored = json.loads((run_path / "report.json").read_text())["judging"]["order_effect"]
    assert stored["value"] == effect.value
    assert "percentage points less often than shown first" in report.to_markdown()
    assert "How far the judge can be leaned on" in report.to_html(run_path / "report.html").read_text()
    from microworldbench.rendering.console import print_scorecard

    print_scorecard(report.scorecard)
    assert "order" in capsys.readouterr().out


def test_every_vote_is_stored_so_that_the_split_can_be_read(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    judge = scripted(lambda question, criterion: question.vote < 2)
    report = bench.evaluate(tiny_generator, suite, judge, run_path, votes=3)
    lines = [v for v in RunFolder.read(run_path).verdicts() if (v.task, v.criterion) == ("task-1", "c1")]
    assert [(v.vote, v.met) for v in sorted(lines, key=lambda v: v.vote)] == [(0, True), (1, True), (2, False)]
    flips = report.scorecard.judging.vote_flip_rate
    assert flips is not None
    assert (flips.count, flips.n) == (2 * 15, 3 * 15)


def verdicts(*met: bool | None, criterion: str = "c", task: str = "t") -> list[Verdict]:
    return [
        Verdict(
            task=task,
            seed=0,
            criterion=criterion,
            criterion_digest="",
            vote=n,
            judge="j",
            met=m,
            reason=None if m is not None else Reason.FAILED,
        )
        for n, m in enumerate(met)
    ]


def test_the_flip_rate_counts_pairs_of_votes_and_skips_missing_ones() -> None:
    found = vote_flips([*verdicts(True, False, None), *verdicts(True, True, criterion="d")])
    assert found is not None
    assert (found.count, found.n, found.ci95) == (1, 2, None)
    assert vote_flips(verdicts(True)) is None


def test_the_flip_rate_of_many_videos_has_an_interval_within_0_and_1() -> None:
    found = vote_flips([v for n in range(8) for v in verdicts(True, n == 0, task=f"t{n}")])
    assert found is not None
    assert found.value == 7 / 8
    assert found.ci95 is not None
    assert 0 <= found.ci95[0] <= 7 / 8 <= found.ci95[1] <= 1
