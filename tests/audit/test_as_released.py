"""Parity with the released scorer, by a straight re-statement of its formula over the raw files."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microworldbench.audit import score_as_released
from microworldbench.suites.released import ReleasedSuite, load_released

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "tests" / "data" / "released_fixture"
SUITE = load_released(FIXTURE)
NAMES = ("scientific", "visual", "instruction")
LABELS = {"Organ-level": "organ", "Cellular-level": "cellular", "Subcellular-level": "subcellular"}
Entry = Callable[..., dict[str, Any]]


def restated(results: list[Any], folder: Path) -> dict[str, Any]:
    """max(0, Σ score·w·sign / Σ w⁺)·100 over answered positions; means over tasks with three replies."""
    rubrics = {e["index"]: e for e in json.loads((folder / "MWBenchRubrics_norm.json").read_text(encoding="utf-8"))}
    tasks = json.loads((folder / "finaltasks.json").read_text(encoding="utf-8"))
    level_of = {t["index"]: LABELS[t["final_label"]] for t in tasks}
    rows: list[tuple[str, float, list[float]]] = []
    for result in results:
        if result["index"] not in rubrics:
            continue
        pairs = []
        for name in NAMES:
            held = (result.get(f"{name}_eval") or {}).get("parsed_result") or {}
            if not held.get("scores"):
                break
            rubric, earned, most = rubrics[result["index"]][f"rubrics_{name}"], 0.0, 0.0
            for position, score in enumerate(held["scores"], 1):
                if f"s{position}" in rubric:
                    sign, weight = int(rubric[f"s{position}"]), float(rubric[f"w{position}"])
                    earned += sign * weight * (score == 1)
                    most += weight * (sign > 0)
            pairs.append((earned, most))
        if len(pairs) == 3:
            pairs.append((sum(e for e, _ in pairs), sum(m for _, m in pairs)))
            points = [max(0.0, 100 * e / m) if m > 0 else 0.0 for e, m in pairs]
            rows.append((level_of[result["index"]], points[3], points[:3]))

    def mean(values: list[float]) -> float:
        return sum(values) / len(values) if values else 0.0

    return {
        "valid_tasks": len(rows),
        "average": mean([total for _, total, _ in rows]),
        "scientific_fidelity": mean([parts[0] for _, _, parts in rows]),
        "visual_quality": mean([parts[1] for _, _, parts in rows]),
        "instruction_following": mean([parts[2] for _, _, parts in rows]),
        "by_level": {
            level: mean([t for found, t, _ in rows if found == level]) for level in ("organ", "cellular", "subcellular")
        },
    }


def assert_equal(results: list[Any], folder: Path, suite: ReleasedSuite) -> None:
    ours, expected = score_as_released(results, suite.source).model_dump(mode="json"), restated(results, folder)
    assert ours.pop("by_level") == pytest.approx(expected.pop("by_level"), abs=1e-9)
    assert ours == pytest.approx(expected, abs=1e-9)


score_values = st.one_of(st.sampled_from([0, 1, "1", "0", None, True, False, 2, 0.9, 1.0, [1], {}, -1, "yes"]))
replies = st.one_of(
    st.lists(st.sampled_from([0, 1]), max_size=6),
    st.lists(score_values, max_size=60),
    st.none(),
    st.just(""),
    st.text(alphabet="01", max_size=6),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=6),
)
evaluations = st.one_of(
    st.none(),
    st.just({}),
    st.just({"parsed_result": None}),
    st.builds(lambda scores: {"parsed_result": {"scores": scores}}, replies),
    st.just({"parsed_result": {"reasoning": "no scores"}}),
)
indices = st.one_of(st.integers(0, 6), st.sampled_from([1.0, True, None, "1", 2.5, 10**30]))
entries = st.fixed_dictionaries({"index": indices}, optional={f"{name}_eval": evaluations for name in NAMES})


@given(st.lists(entries, max_size=8))
def test_any_result_file_scores_as_by_the_released_formula(results: list[Any]) -> None:
    assert_equal(results, FIXTURE, SUITE)


def test_random_files_over_the_published_tasks_score_as_released(published: ReleasedSuite) -> None:
    draw = random.Random(7)
    folder = Path(os.environ.get("MWB_RELEASED", ROOT.parent / "shared" / "data" / "released"))
    for share in (0.0, 0.3):
        results = []
        for task in published.source:
            made: dict[str, Any] = {"index": task.index}
            for name in NAMES:
                size = 5 if draw.random() >= share else draw.choice([0, 1, 3, 12, 56])
                odd = draw.random() < share
                scores = [draw.choice(["1", None, 2, 1]) if odd else draw.randint(0, 1) for _ in range(size)]
                made[f"{name}_eval"] = {"parsed_result": {"scores": scores}}
            results.append(made)
        assert_equal(results, folder, published)


def test_null_and_perfect_judges_get_the_known_scores_on_the_published_files(
    published: ReleasedSuite, entry: Entry
) -> None:
    yes = [entry(task, **{name: [1] * 5 for name in NAMES}) for task in published.source]
    assert score_as_released(yes, published.source).average == pytest.approx(91.3, abs=0.05)
    perfect = score_as_released([entry(task) for task in published.source], published.source)
    assert perfect.instruction_following == pytest.approx(89.1, abs=0.05)


def test_a_perfect_video_gets_nothing_for_a_misnumbered_dimension(suite: ReleasedSuite, entry: Entry) -> None:
    found = score_as_released([entry(suite.source[1])], suite.source)
    assert found.instruction_following == 0.0
    assert found.average == 100.0


def test_one_answer_a_dimension_scores_a_hundred(suite: ReleasedSuite, entry: Entry) -> None:
    results = [entry(task, scientific=[1], visual=[1], instruction=[1]) for task in suite.source]
    assert score_as_released(results, suite.source).average == 100.0


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"scientific_eval": {"parsed_result": {"scores": 1}}}, TypeError),
        ({"scientific_eval": {"parsed_result": [1, 0]}}, AttributeError),
        ({"scientific_eval": "text"}, AttributeError),
        ({"index": [1]}, TypeError),
    ],
)
def test_what_the_released_scorer_cannot_read_raises(
    suite: ReleasedSuite, entry: Entry, change: dict[str, Any], kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        score_as_released([entry(suite.source[0]) | change], suite.source)
