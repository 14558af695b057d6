"""Reducers: from votes to one outcome, and where the choice is recorded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import microworldbench as bench
from microworldbench.errors import InputError, RunConflictError
from microworldbench.outcomes import REDUCERS, Outcome, outcome_of, reduce_votes
from microworldbench.report import Report
from microworldbench.results import Reason, Verdict
from microworldbench.runs import RunFolder

Make = Callable[..., Any]
MET, NOT, UNSURE, LOST = Outcome.MET, Outcome.NOT_MET, Outcome.CANNOT_TELL, Outcome.MISSING


def vote(outcome: Outcome, number: int = 0, judge: str = "j") -> Verdict:
    met = {MET: True, NOT: False}.get(outcome)
    reason = {UNSURE: Reason.CANNOT_TELL, LOST: Reason.FAILED}.get(outcome)
    place = {"task": "t", "seed": 0, "criterion": "c", "criterion_digest": ""}
    return Verdict(**place, vote=number, judge=judge, met=met, reason=reason)


def votes(*outcomes: Outcome) -> list[Verdict]:
    return [vote(outcome, number) for number, outcome in enumerate(outcomes)]


@pytest.mark.parametrize(
    ("cast", "majority", "unanimous", "first"),
    [
        ((MET,), MET, MET, MET),
        ((MET, MET, NOT), MET, UNSURE, MET),
        ((NOT, MET, MET), MET, UNSURE, NOT),
        ((MET, NOT), UNSURE, UNSURE, MET),
        ((UNSURE, MET, MET), MET, UNSURE, UNSURE),
        ((UNSURE, MET, NOT), UNSURE, UNSURE, UNSURE),
        ((LOST, MET, MET), MET, MET, MET),
        ((LOST, LOST, MET), LOST, LOST, MET),
        ((LOST, MET), MET, MET, MET),
        ((LOST, LOST), LOST, LOST, LOST),
        ((), LOST, LOST, LOST),
    ],
)
def test_each_reducer_reads_the_votes_in_its_own_way(
    cast: tuple[Outcome, ...], majority: Outcome, unanimous: Outcome, first: Outcome
) -> None:
    if cast:
        assert reduce_votes(votes(*cast)) is majority
    assert [REDUCERS[r](votes(*cast)) for r in ("majority", "unanimous", "first")] == [majority, unanimous, first]


def test_no_votes_at_all_are_missing() -> None:
    assert reduce_votes([]) is LOST
    assert reduce_votes([], members=("a", "b")) is LOST


@given(st.sampled_from(list(Outcome)), st.integers(1, 6), st.sampled_from(sorted(REDUCERS)))
def test_votes_that_agree_are_the_outcome_under_every_reducer(outcome: Outcome, count: int, reducer: Any) -> None:
    assert reduce_votes(votes(*[outcome] * count), reducer) is outcome
    assert outcome_of(vote(outcome)) is outcome


@given(st.lists(st.sampled_from(list(Outcome)), max_size=7), st.sampled_from(sorted(REDUCERS)), st.randoms())
def test_the_order_votes_are_listed_in_changes_nothing(cast: list[Outcome], reducer: Any, rng: Any) -> None:
    shuffled = votes(*cast)
    rng.shuffle(shuffled)
    assert reduce_votes(shuffled, reducer) is reduce_votes(votes(*cast), reducer)


@pytest.mark.parametrize(
    ("a", "b", "c", "expected"),
    [
        ([MET], [MET], [NOT], MET),
        ([MET], [NOT], [LOST], UNSURE),
        ([MET], [LOST], [LOST], LOST),
        ([MET, MET, MET, MET, MET], [NOT], [NOT], NOT),
        ([MET, NOT], [MET], [MET], MET),
        ([LOST, LOST, MET], [MET], [MET], MET),
        ([UNSURE], [UNSURE], [MET], UNSURE),
    ],
)
def test_members_of_a_panel_count_one_each_whatever_their_votes(
    a: list[Outcome], b: list[Outcome], c: list[Outcome], expected: Outcome
) -> None:
    cast = [vote(o, n, judge) for judge, given in zip("abc", (a, b, c), strict=True) for n, o in enumerate(given)]
    assert reduce_votes(cast) is expected


def test_a_member_without_a_line_is_as_lost_as_one_whose_call_failed() -> None:
    cast = [vote(MET, judge="a")]
    assert reduce_votes(cast) is MET
    assert reduce_votes(cast, members=("a", "b", "c")) is LOST
    assert reduce_votes(cast, members=("x", "y")) is MET  # a criterion the panel wasn't asked about


def test_an_unknown_reducer_is_refused(suite: Any, tiny_generator: Make, scripted: Make) -> None:
    with pytest.raises(InputError, match="did you mean 'majority'"):
        reduce_votes(votes(MET), "majorty")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="unknown reducer 'median'"):
        bench.evaluate(tiny_generator, suite, scripted(), votes=3, reducer="median")
    with pytest.raises(InputError, match="unknown reducer"):
        bench.score([vote(MET)], suite, reducer="median")


def split_judge(scripted: Make) -> Any:
    """Met in every vote but the second, for rewards; penalties never."""
    return scripted(lambda question, criterion: criterion.polarity.value == "reward" and question.vote != 1)


@pytest.mark.parametrize(
    ("reducer", "value", "high"), [("majority", 100, 100), ("unanimous", 0, 100), ("first", 100, 100)]
)
def test_the_reducer_decides_the_score_and_is_in_the_judges_identity(
    reducer: Any, value: float, high: float, suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    report = bench.evaluate(tiny_generator, suite, split_judge(scripted), run_path, votes=3, reducer=reducer)
    assert report.overall is not None
    assert (report.overall.value, report.overall.high) == (value, high)
    assert RunFolder.read(run_path).manifest.reducer == reducer
    settings = report.scorecard.judge.settings
    assert (settings["votes"], settings["reducer"]) == (3, reducer)
    assert Report.from_run(run_path).to_json() == report.to_json()


def test_with_one_vote_neither_votes_nor_reducer_change_the_judges_identity(
    suite: Any, tiny_generator: Make, scripted: Make, tmp_path: Path
) -> None:
    judges = [
        bench.evaluate(tiny_generator, suite, scripted(), tmp_path / r, reducer=r).scorecard.judge
        for r in ("majority", "first")
    ]
    assert judges[0] == judges[1]
    assert judges[0].digest == scripted().identity.digest


def test_more_votes_continue_a_run_and_another_reducer_does_not(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    bench.evaluate(tiny_generator, suite, scripted(), run_path)
    bench.evaluate(tiny_generator, suite, scripted(), run_path, votes=2, reducer="unanimous")
    bench.evaluate(tiny_generator, suite, scripted(), run_path, votes=3, reducer="unanimous")
    with pytest.raises(RunConflictError, match="reducer was unanimous, now majority"):
        bench.evaluate(tiny_generator, suite, scripted(), run_path, votes=3)


def test_the_page_shows_the_outcome_the_reducer_gave(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    report = bench.evaluate(tiny_generator, suite, split_judge(scripted), run_path, votes=3, reducer="unanimous")
    page = report.to_html(run_path / "report.html").read_text()
    assert "<b>cannot tell</b> (2 met, 1 not met)" in page
    assert "<b>met</b>" not in page
