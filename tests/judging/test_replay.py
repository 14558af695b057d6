"""What another judge said once, given again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import microworldbench as bench
from microworldbench.errors import InputError
from microworldbench.references import resolve_judge
from microworldbench.runs import RunFolder

Make = Callable[..., Any]
FIXTURE = Path(__file__).parents[1] / "data" / "released_fixture"


def test_a_replayed_run_scores_the_same(suite: Any, tiny_generator: Make, scripted: Make, tmp_path: Path) -> None:
    judge = scripted(lambda question, criterion: {"c1": True, "c2": None}.get(criterion.id, False))
    first = bench.evaluate(tiny_generator, suite, judge, tmp_path / "a")
    for source in (tmp_path / "a", tmp_path / "a" / "verdicts.jsonl"):
        again = bench.evaluate(tiny_generator, suite, f"replay:{source}", tmp_path / f"again-{source.name}")
        assert again.overall == first.overall
        assert again.scorecard.judge.name == "replay:scripted"


def test_votes_are_replayed_one_by_one(suite: Any, tiny_generator: Make, scripted: Make, tmp_path: Path) -> None:
    judge = scripted(lambda question, criterion: question.vote != 1)
    first = bench.evaluate(tiny_generator, suite, judge, tmp_path / "a", votes=3)
    again = bench.evaluate(tiny_generator, suite, f"replay:{tmp_path / 'a'}", tmp_path / "b", votes=3)
    assert again.overall == first.overall
    stored = sorted(RunFolder.read(tmp_path / "b").verdicts(), key=lambda v: v.key)
    assert [v.met for v in stored if v.criterion == "c1"] == [True, False, True] * 3


def test_a_changed_criterion_is_not_answered_by_an_old_verdict(
    suite: Any, tiny_generator: Make, scripted: Make, tmp_path: Path
) -> None:
    bench.evaluate(tiny_generator, suite, scripted(), tmp_path / "a")
    task = suite.tasks[0]
    changed = task.criteria[0].model_copy(update={"statement": "another claim"})
    edited = task.model_copy(update={"criteria": (changed, *task.criteria[1:])})
    suite = suite.model_copy(update={"tasks": (edited, *suite.tasks[1:])})
    report = bench.evaluate(tiny_generator, suite, f"replay:{tmp_path / 'a'}", tmp_path / "b")
    assert report.coverage.missing == 1


def test_a_released_result_file_answers_by_position(tiny_generator: Make, tmp_path: Path) -> None:
    suite = bench.load_suite(f"released:{FIXTURE}")
    reply = {"parsed_result": {"scores": [1, 1, 1, 1, 1]}}
    entry = {
        "index": 1,
        "scientific_eval": reply,
        "visual_eval": {"parsed_result": {"scores": [0]}},
        "instruction_eval": None,
    }
    (tmp_path / "m_result.json").write_text(json.dumps([entry]))
    judge = f"replay:{tmp_path / 'm_result.json'}"
    bench.evaluate(tiny_generator, suite, judge, tmp_path / "run")
    said = {(v.task, v.criterion): v.met for v in RunFolder.read(tmp_path / "run").verdicts()}
    for criterion in suite.by_id["mwb-001"].criteria:
        expected = {"scientific": True, "visual": None, "instruction": None}[criterion.id.split("-")[0]]
        if criterion.id == "visual-1":
            expected = False
        assert said["mwb-001", criterion.id] is expected
    assert {met for (task, _), met in said.items() if task != "mwb-001"} == {None}


def test_a_misnumbered_dimension_was_never_asked(tiny_generator: Make, tmp_path: Path) -> None:
    suite = bench.load_suite(f"released:{FIXTURE}")
    tagged = next(t for t in suite.tasks if any(tag.startswith("misnumbered-") for tag in t.tags))
    dimension = next(tag for tag in tagged.tags if tag.startswith("misnumbered-")).removeprefix("misnumbered-")
    reply = {"parsed_result": {"scores": [1, 1, 1, 1, 1]}}
    evaluations = dict.fromkeys(["scientific_eval", "visual_eval", "instruction_eval"], reply)
    (tmp_path / "m_result.json").write_text(json.dumps([{"index": int(tagged.id[4:]), **evaluations}]))
    bench.evaluate(tiny_generator, suite, f"replay:{tmp_path / 'm_result.json'}", tmp_path / "run", tasks=[tagged.id])
    verdicts = RunFolder.read(tmp_path / "run").verdicts()
    assert len(verdicts) == len(tagged.criteria)
    for verdict in verdicts:
        asked = tagged.criteria[[c.id for c in tagged.criteria].index(verdict.criterion)].dimension.value
        assert (verdict.met is None) == (asked.replace("_", "-") == dimension)


@pytest.mark.parametrize("content", [None, "not json", '{"task": 1}'])
def test_what_cannot_be_replayed_is_named(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "v.jsonl").write_text(content)
    with pytest.raises(InputError, match=r"v\.jsonl"):
        resolve_judge(f"replay:{tmp_path / 'v.jsonl'}")
