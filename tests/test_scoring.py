"""Verdicts to scores: the formula, the bounds and their laws."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microworldbench.errors import InputError
from microworldbench.results import Reason, Verdict
from microworldbench.rubric import Criterion, Dimension, Level, Polarity, Suite, Task
from microworldbench.scoring import MICRO, Outcome, reduce_votes, score, score_criteria

DIMENSIONS = list(Dimension)
WEIGHTS = st.sampled_from([0.2, 0.5, 0.7, 1.0])


def criterion(number: int, weight: float, reward: bool, dimension: Dimension = DIMENSIONS[0]) -> Criterion:
    polarity = Polarity.REWARD if reward else Polarity.PENALTY
    statement = f"claim {number} holds"
    return Criterion(id=f"c{number}", dimension=dimension, statement=statement, polarity=polarity, weight=weight)


def suite_of(*tasks: list[Criterion], level: Level = Level.CELLULAR) -> Suite:
    made = [
        Task(id=f"task-{i}", level=level, title="t", prompt="p", criteria=tuple(c))
        for i, c in enumerate(tasks, start=1)
    ]
    return Suite(id="tiny", version="1-A", title="tiny", license="MIT", tasks=tuple(made))


def verdict(task: str, c: Criterion, met: bool | None, reason: Reason | None = None, **more: Any) -> Verdict:
    if met is None and reason is None:
        reason = Reason.CANNOT_TELL
    fields = {"seed": 0, "judge": "j", "criterion_digest": c.digest} | more
    return Verdict(task=task, criterion=c.id, met=met, reason=reason, **fields)


criteria_lists = st.lists(st.tuples(WEIGHTS, st.booleans(), st.sampled_from(DIMENSIONS)), min_size=1, max_size=12).map(
    lambda rows: [criterion(i, *row) for i, row in enumerate(rows)]
)
outcomes = st.sampled_from(list(Outcome))


@st.composite
def judged(draw: st.DrawFn) -> tuple[list[Criterion], dict[str, Outcome]]:
    criteria = draw(criteria_lists)
    return criteria, {c.id: draw(outcomes) for c in criteria}


def completions(criteria: list[Criterion], known: dict[str, Outcome]) -> list[dict[str, Outcome]]:
    """Both extreme ways, and two mixed ones, to decide what is open."""
    open_ = [c.id for c in criteria if known[c.id] in (Outcome.CANNOT_TELL, Outcome.MISSING)]
    ways = [
        dict.fromkeys(open_, Outcome.MET),
        dict.fromkeys(open_, Outcome.NOT_MET),
        {c: (Outcome.MET, Outcome.NOT_MET)[i % 2] for i, c in enumerate(open_)},
        {c: (Outcome.MET, Outcome.NOT_MET)[(i + 1) % 2] for i, c in enumerate(open_)},
    ]
    return [known | way for way in ways]


def test_score_is_earned_weight_over_all_reward_weight() -> None:
    criteria = [criterion(1, 1.0, True), criterion(2, 0.5, True), criterion(3, 0.5, False)]
    points = score_criteria(criteria, {"c1": Outcome.MET, "c2": Outcome.NOT_MET, "c3": Outcome.MET})
    assert points is not None
    assert points.value == round(100 * (1.0 - 0.5) / 1.5 * MICRO)
    assert points.low == points.value == points.high


def test_a_score_may_be_negative() -> None:
    criteria = [criterion(1, 0.2, True), criterion(2, 1.0, False)]
    points = score_criteria(criteria, {"c1": Outcome.NOT_MET, "c2": Outcome.MET})
    assert points is not None
    assert points.value == -500 * MICRO


def test_a_scope_without_reward_has_no_score() -> None:
    assert score_criteria([criterion(1, 1.0, False)], {"c1": Outcome.NOT_MET}) is None


def test_cannot_tell_earns_nothing_and_widens_the_bounds_by_its_sign() -> None:
    criteria = [criterion(1, 1.0, True), criterion(2, 0.5, True), criterion(3, 0.5, False)]
    points = score_criteria(criteria, dict.fromkeys(["c1", "c2", "c3"], Outcome.CANNOT_TELL))
    assert points is not None
    assert (points.value, points.high, points.partial) == (0, 100 * MICRO, False)
    assert points.low == round(-100 * 0.5 / 1.5 * MICRO)


def test_a_missing_verdict_counts_at_its_midpoint_and_marks_the_score_partial() -> None:
    criteria = [criterion(1, 1.0, True), criterion(2, 1.0, False)]
    points = score_criteria(criteria, {})
    assert points is not None
    assert (points.low, points.value, points.high, points.partial) == (-100 * MICRO, 0, 100 * MICRO, True)


@given(judged())
def test_the_point_lies_between_its_bounds(case: tuple[list[Criterion], dict[str, Outcome]]) -> None:
    points = score_criteria(*case)
    assert points is None or points.low <= points.value <= points.high


@given(judged())
def test_every_completion_lies_inside_the_bounds(case: tuple[list[Criterion], dict[str, Outcome]]) -> None:
    points = score_criteria(*case)
    for completed in completions(*case):
        whole = score_criteria(case[0], completed)
        assert (points is None) == (whole is None)
        if points is not None and whole is not None:
            assert points.low <= whole.value <= points.high


@given(judged())
def test_the_extreme_completions_reach_the_bounds(case: tuple[list[Criterion], dict[str, Outcome]]) -> None:
    criteria, known = case
    points = score_criteria(criteria, known)
    open_ = [c for c in criteria if known[c.id] in (Outcome.CANNOT_TELL, Outcome.MISSING)]
    worst = {c.id: Outcome.MET if c.polarity is Polarity.PENALTY else Outcome.NOT_MET for c in open_}
    best = {c.id: Outcome.NOT_MET if c.polarity is Polarity.PENALTY else Outcome.MET for c in open_}
    low, high = score_criteria(criteria, known | worst), score_criteria(criteria, known | best)
    if points is not None and low is not None and high is not None:
        assert (points.low, points.high) == (low.value, high.value)


@given(judged(), st.data())
def test_losing_a_verdict_never_raises_low(
    case: tuple[list[Criterion], dict[str, Outcome]], data: st.DataObject
) -> None:
    criteria, known = case
    kept = {c: o for c, o in known.items() if data.draw(st.booleans())}
    whole, cut = score_criteria(criteria, known), score_criteria(criteria, kept)
    if whole is not None and cut is not None:
        assert cut.low <= whole.low
        assert cut.high >= whole.high


@given(judged(), st.randoms(use_true_random=False))
def test_order_changes_nothing(case: tuple[list[Criterion], dict[str, Outcome]], random: Any) -> None:
    criteria, known = case
    shuffled = criteria[:]
    random.shuffle(shuffled)
    assert score_criteria(criteria, known) == score_criteria(shuffled, dict(reversed(list(known.items()))))


@given(judged())
def test_meeting_one_more_reward_never_lowers_a_score(case: tuple[list[Criterion], dict[str, Outcome]]) -> None:
    criteria, known = case
    before = score_criteria(criteria, known)
    for c in criteria:
        if c.polarity is Polarity.REWARD and before is not None:
            after = score_criteria(criteria, known | {c.id: Outcome.MET})
            assert after is not None
            assert after.value >= before.value
            assert after.low >= before.low


@pytest.mark.parametrize(
    ("votes", "outcome"),
    [
        ([True, True, False], Outcome.MET),
        ([False, False, True], Outcome.NOT_MET),
        ([True, False], Outcome.CANNOT_TELL),
        ([True, True, False, False], Outcome.CANNOT_TELL),
        ([True, None, None], Outcome.CANNOT_TELL),
        ([True, "x"], Outcome.MET),
        ([True, "x", "x"], Outcome.MISSING),
        (["x"], Outcome.MISSING),
        ([], Outcome.MISSING),
    ],
)
def test_votes_reduce_to_the_majority_of_those_present(votes: list[Any], outcome: Outcome) -> None:
    c = criterion(1, 1.0, True)
    lines = [
        verdict("task-1", c, None, Reason.FAILED, vote=i) if vote == "x" else verdict("task-1", c, vote, vote=i)
        for i, vote in enumerate(votes)
    ]
    assert reduce_votes(lines) is outcome


def test_the_last_line_for_a_key_wins() -> None:
    c = criterion(1, 1.0, True)
    scores = score([verdict("task-1", c, False), verdict("task-1", c, True)], suite_of([c]))
    assert scores.overall is not None
    assert scores.overall.value == 100.0


def test_verdicts_may_be_plain_mappings() -> None:
    c = criterion(1, 1.0, True)
    scores = score([verdict("task-1", c, True).model_dump(mode="json")], suite_of([c]))
    assert scores.overall is not None
    assert scores.overall.value == 100.0


def test_seeds_are_averaged_within_a_task_and_tasks_over_the_suite() -> None:
    c, d = criterion(1, 1.0, True), criterion(1, 0.5, True)
    lines = [
        verdict("task-1", c, True, seed=0),
        verdict("task-1", c, False, seed=1),
        verdict("task-2", d, True, seed=0),
        verdict("task-2", d, True, seed=1),
    ]
    scores = score(lines, suite_of([c], [d]))
    assert [t.score.value for t in scores.tasks if t.score] == [50.0, 100.0]
    assert scores.overall is not None
    assert (scores.overall.value, scores.overall.n) == (75.0, 2)


def test_a_models_failure_scores_zero_and_counts_as_resolved() -> None:
    c, d = criterion(1, 1.0, True), criterion(2, 1.0, True)
    scores = score([verdict("task-1", c, True)], suite_of([c], [d]), failed={("task-2", 0)})
    assert scores.overall is not None
    assert (scores.overall.value, scores.overall.low, scores.overall.high) == (50.0, 50.0, 50.0)
    assert (scores.coverage.resolved, scores.coverage.missing, scores.coverage.failed_generations) == (2, 0, 1)
    assert scores.failures.rate == 0.5
    assert scores.failures.completed_only is not None
    assert scores.failures.completed_only.value == 100.0


def test_failing_never_pays_against_the_worst_video() -> None:
    reward, penalty = criterion(1, 0.5, True), criterion(2, 1.0, False)
    lines = [verdict("task-1", reward, False), verdict("task-1", penalty, True)]
    failures = score(lines, suite_of([reward, penalty], [reward]), failed={("task-2", 0)}).failures
    assert failures.failure_at_worst is not None
    assert failures.failure_at_worst.value == -200.0
    assert failures.floored_at_zero is not None
    assert failures.floored_at_zero.value == 0.0


def test_too_much_missing_withholds_values_but_keeps_bounds() -> None:
    c, d = criterion(1, 1.0, True), criterion(2, 1.0, True)
    scores = score([verdict("task-1", c, True), verdict("task-1", d, None, Reason.UNREADABLE)], suite_of([c, d]))
    assert scores.overall is not None
    assert (scores.overall.value, scores.overall.low, scores.overall.high) == (None, 50.0, 100.0)
    assert scores.overall.ci95 is None
    allowed = score([verdict("task-1", c, True)], suite_of([c, d]), max_missing=0.5)
    assert allowed.overall is not None
    assert (allowed.overall.value, allowed.overall.partial) == (75.0, True)


def test_a_cannot_tell_is_resolved_and_not_missing() -> None:
    c = criterion(1, 1.0, True)
    scores = score([verdict("task-1", c, None)], suite_of([c]))
    assert scores.overall is not None
    assert (scores.overall.value, scores.overall.high, scores.overall.partial) == (0.0, 100.0, False)
    assert (scores.coverage.cannot_tell, scores.coverage.missing) == (1, 0)


def test_a_dimension_without_a_reward_is_left_out() -> None:
    reward = criterion(1, 1.0, True, Dimension.SCIENTIFIC_FIDELITY)
    penalty = criterion(2, 1.0, False, Dimension.VISUAL_QUALITY)
    scores = score([verdict("task-1", reward, True), verdict("task-1", penalty, True)], suite_of([reward, penalty]))
    assert set(scores.by_dimension) == {Dimension.SCIENTIFIC_FIDELITY}
    assert scores.tasks[0].by_dimension[Dimension.VISUAL_QUALITY] is None
    assert set(scores.by_level) == {Level.CELLULAR}


def test_the_interval_needs_five_tasks_and_covers_the_point() -> None:
    c = criterion(1, 1.0, True)
    few = score([verdict(f"task-{i}", c, True) for i in range(1, 5)], suite_of(*[[c]] * 4))
    assert few.overall is not None
    assert few.overall.ci95 is None
    lines = [verdict(f"task-{i}", c, i % 3 > 0) for i in range(1, 41)]
    many = score(lines, suite_of(*[[c]] * 40)).overall
    assert many is not None
    assert many.ci95 is not None
    assert many.value is not None
    assert many.ci95[0] < many.value < many.ci95[1]


def test_an_unknown_failed_task_is_refused() -> None:
    with pytest.raises(InputError, match="task-9"):
        score([], suite_of([criterion(1, 1.0, True)]), failed={("task-9", 0)})
