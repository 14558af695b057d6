from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microworldbench.audit import STEPS, audit_results
from microworldbench.audit.models import Numbers
from microworldbench.errors import InputError
from microworldbench.results import Verdict
from microworldbench.rubric import Dimension
from microworldbench.scoring import Outcome, score
from microworldbench.suites.released import ReleasedSuite, criterion_id, load_released, task_id
from microworldbench.suites.released_results import ReleasedResults, read_reply, reply_of

FIXTURE = Path(__file__).resolve().parents[1] / "data" / "released_fixture"
SUITE = load_released(FIXTURE)
NAMES = ("scientific", "visual", "instruction")
Entry = Callable[..., dict[str, Any]]

values = st.sampled_from([0, 1, 0, 1, "1", "0", None, 2, [1], float("nan")])
replies = st.one_of(st.lists(st.sampled_from([0, 1]), min_size=5, max_size=5), st.lists(values, max_size=7), st.none())


@st.composite
def result_files(draw: st.DrawFn, indices: st.SearchStrategy[list[int]]) -> list[dict[str, Any]]:
    chosen = draw(indices)
    return [
        {"index": i, **{f"{name}_eval": {"parsed_result": {"scores": draw(replies)}} for name in NAMES}} for i in chosen
    ]


once_each = st.lists(st.integers(1, 4), max_size=4, unique=True)


def audited(entries: list[Any], **options: Any) -> Any:
    return audit_results([ReleasedResults("m", entries, **options)], SUITE.source).models["m"]


def values_of(numbers: Numbers) -> list[float]:
    found = [getattr(numbers, d.value) for d in Dimension]
    return [v for v in [numbers.average, *found, *numbers.by_level.values()] if v is not None]


@given(result_files(st.lists(st.integers(1, 4), max_size=6)))
def test_the_waterfall_adds_up_to_the_difference(entries: list[Any]) -> None:
    found = audited(entries)
    total = found.released.average + sum(step.points for step in found.waterfall)
    assert total == pytest.approx(found.corrected.average, abs=1e-9)
    assert [step.defect for step in found.waterfall] == list(STEPS)


@given(result_files(once_each))
def test_the_corrected_numbers_are_those_of_scoring(entries: list[Any]) -> None:
    verdicts = []
    for entry in entries:
        task = SUITE.source[entry["index"] - 1]
        for dimension in Dimension:
            outcomes = read_reply(task, dimension, reply_of(entry, dimension))
            for position, outcome in enumerate(outcomes, 1):
                if outcome in (Outcome.MET, Outcome.NOT_MET):
                    name = criterion_id(dimension, position)
                    met = outcome is Outcome.MET
                    verdicts.append(
                        Verdict(
                            task=task_id(task.index), seed=0, criterion=name, criterion_digest="", judge="j", met=met
                        )
                    )
    ours, theirs = audited(entries).corrected, score(verdicts, SUITE.suite, max_missing=1.0)
    assert theirs.overall is not None
    for mine, part in ((ours, "value"), (ours.low, "low"), (ours.high, "high")):
        assert mine.average == pytest.approx(getattr(theirs.overall, part), abs=2e-6)
        for dimension, found in theirs.by_dimension.items():
            assert getattr(mine, dimension.value) == pytest.approx(getattr(found, part), abs=2e-6)
        for level, found in theirs.by_level.items():
            assert mine.by_level[level] == pytest.approx(getattr(found, part), abs=2e-6)


@given(result_files(once_each), st.data())
def test_the_bounds_hold_every_completion_of_what_is_missing(entries: list[Any], data: st.DataObject) -> None:
    before = audited(entries, asked_all=True).corrected
    held = {entry["index"]: entry for entry in entries}
    completed = []
    for task in SUITE.source:
        entry: dict[str, Any] = {"index": task.index}
        for dimension, name in zip(Dimension, NAMES, strict=True):
            known = read_reply(task, dimension, reply_of(held.get(task.index, {}), dimension), asked_all=True)
            scores = [data.draw(st.integers(0, 1)) if o is Outcome.MISSING else int(o is Outcome.MET) for o in known]
            entry[f"{name}_eval"] = {"parsed_result": {"scores": scores}}
        completed.append(entry)
    after = audited(completed, asked_all=True).corrected
    for low, value, high in zip(*map(values_of, (before.low, after, before.high)), strict=True):
        assert low - 1e-9 <= value <= high + 1e-9
    assert values_of(after.low) == values_of(after) == values_of(after.high)


@given(result_files(once_each), st.data())
def test_removing_answers_never_raises_low(entries: list[Any], data: st.DataObject) -> None:
    cut = json.loads(json.dumps(entries))
    for entry, name in itertools.product(cut, NAMES):
        scores = entry[f"{name}_eval"]["parsed_result"]["scores"]
        if scores:
            del scores[data.draw(st.integers(0, len(scores))) :]
    kept = [entry for entry in cut if data.draw(st.booleans())]
    before, after = audited(entries).corrected, audited(kept).corrected
    for old, new in zip(values_of(before.low), values_of(after.low), strict=True):
        assert new <= old + 1e-9


@given(result_files(once_each))
def test_the_order_of_the_entries_changes_nothing(entries: list[Any]) -> None:
    assert audited(entries[::-1]).corrected == audited(entries).corrected


def test_a_misnumbered_dimension_is_missing_whatever_was_replied(suite: ReleasedSuite, entry: Entry) -> None:
    best, worst = (audited([entry(suite.source[1], instruction=[v] * 5)]).corrected for v in (1, 0))
    assert best == worst


def test_the_last_of_two_entries_counts(suite: ReleasedSuite, entry: Entry) -> None:
    task = suite.source[0]
    twice = audited([entry(task, scientific=[0] * 5), entry(task)])
    assert twice.corrected == audited([entry(task)]).corrected
    assert twice.findings["duplicate-entry"] == 1


def test_text_scores_are_read_and_other_values_are_missing(suite: ReleasedSuite, entry: Entry) -> None:
    task = suite.source[0]
    text = audited([entry(task, scientific=["1", "1", "1", "1", "0"])])
    assert text.corrected == audited([entry(task)]).corrected
    assert text.findings["odd-score"] == 5
    odd = audited([entry(task, scientific=[0.9, 2, None, [1], "yes"])])
    assert odd.corrected == audited([entry(task, scientific=[])]).corrected


def test_a_model_the_released_scorer_loses_still_gets_corrected_numbers(suite: ReleasedSuite, entry: Entry) -> None:
    lost = entry(suite.source[0], scientific=1)
    found = audited([lost, entry(suite.source[2])])
    assert found.released is None
    assert found.released_error == "TypeError: 'int' object is not iterable"
    assert found.waterfall == ()
    assert found.corrected == audited([entry(suite.source[0], scientific=[]), entry(suite.source[2])]).corrected
    assert found.findings["unreadable-reply"] == 1


@pytest.mark.parametrize("index", [[1], {"a": 1}, float("nan"), float("inf"), None, "x", 1.5])
def test_an_unusable_index_is_counted(suite: ReleasedSuite, entry: Entry, index: Any) -> None:
    found = audited([entry(suite.source[0]), entry(suite.source[1]) | {"index": index}])
    assert found.findings["unusable-entry"] == 1
    assert found.findings["absent-task"] == 3


def test_a_file_of_another_suite_is_refused(suite: ReleasedSuite, entry: Entry) -> None:
    with pytest.raises(InputError, match="'m' holds no task of this suite in 1 entries"):
        audited([entry(suite.source[0]) | {"index": 900}])


def test_two_models_of_one_name_are_refused(perfect: ReleasedResults) -> None:
    with pytest.raises(InputError, match="two results are called 'perfect'"):
        audit_results([perfect, perfect], SUITE.source)


def test_the_ranking_shows_who_gained_by_dropped_penalties(suite: ReleasedSuite, entry: Entry) -> None:
    short = [entry(task, scientific=[1], visual=[1], instruction=[1]) for task in suite.source]
    honest = [entry(task) for task in suite.source]
    results = [ReleasedResults("short", short), ReleasedResults("honest", honest)]
    ranks = {r.model: (r.released, r.corrected) for r in audit_results(results, suite.source).ranking}
    assert ranks == {"short": (1, 2), "honest": (1, 1)}


def test_what_cannot_be_repaired_comes_with_its_numbers(perfect: ReleasedResults) -> None:
    said = " ".join(audit_results([perfect], SUITE.source).cannot_repair)
    assert "never saw the task or its requirement" in said
    assert "5 criteria in 1 misnumbered dimensions" in said
    assert "6 published criteria have weight 0" in said


def test_an_empty_file_is_all_missing() -> None:
    found = audited([])
    assert found.released.valid_tasks == 0
    assert found.findings == {"absent-task": 4}
