from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microworldbench._cli import main
from microworldbench.errors import UnknownNameError
from microworldbench.results import Verdict
from microworldbench.rubric import Dimension, Suite
from microworldbench.scoring import score
from microworldbench.suites import lint_wording
from microworldbench.suites.lint import CODES, LintReport, lint
from microworldbench.suites.packaged import load_packaged
from microworldbench.suites.released import load_released


def criterion(name: str, statement: str, **changes: Any) -> dict[str, Any]:
    return {"id": name, "dimension": "visual_quality", "statement": statement, "weight": 1.0, **changes}


PENALTY = {"polarity": "penalty"}
FINE = [
    criterion("a", "The nucleus stays round.", dimension="scientific_fidelity"),
    criterion("b", "The picture flickers.", weight=0.5, **PENALTY),
    criterion("c", "Edges are sharp."),
]


def suite_of(*rubrics: list[dict[str, Any]]) -> Suite:
    tasks = [
        {"id": f"t{i}", "level": "organ", "title": "t", "prompt": "p", "criteria": rubric}
        for i, rubric in enumerate(rubrics)
    ]
    return Suite.model_validate({"id": "s", "version": "1-A", "title": "s", "tasks": tasks})


def test_a_sound_rubric_has_no_finding() -> None:
    assert lint(suite_of(FINE)).findings == ()


def test_core_is_clean() -> None:
    assert lint(load_packaged("core")).findings == ()


@pytest.mark.parametrize(
    ("code", "rubric"),
    [
        ("no-penalty", [FINE[0], FINE[2]]),
        ("no-reward", [FINE[0], FINE[1]]),
        ("duplicate", [*FINE, criterion("d", "edges  are SHARP.")]),
        ("near-duplicate", [*FINE, criterion("d", "The nucleus always stays round.")]),
        ("penalty-worded-as-virtue", [*FINE, criterion("d", "Avoids flicker and noise.", **PENALTY)]),
        ("penalty-worded-as-virtue", [*FINE, criterion("d", "Defects: noise is well controlled.", **PENALTY)]),
        ("reward-worded-as-fault", [*FINE, criterion("d", "Visible flicker in the background.")]),
        ("compound", [*FINE, criterion("d", "It moves; it turns; it stops; it ends.")]),
        ("not-in-pictures", [*FINE, criterion("d", "The narration names the valve.")]),
        ("dimension-mass", [*FINE[:2], criterion("c", "Edges are sharp.", weight=0.01)]),
        ("yes-judge", [FINE[0], FINE[2], criterion("b", "The picture flickers.", weight=0.2, **PENALTY)]),
    ],
)
def test_a_planted_defect_is_found_and_nothing_else(code: str, rubric: list[dict[str, Any]]) -> None:
    found = lint(suite_of(rubric), ignore=["yes-judge"] if code != "yes-judge" else [])
    assert set(found.summary) == {code}
    assert found.findings[0].severity == CODES[code][0]
    assert found.findings[0].detail


def test_penalties_that_always_stand_last_are_one_finding() -> None:
    last = suite_of(*[[*FINE[::2], criterion("z", "The picture flickers.", **PENALTY)] for _ in range(10)])
    (finding,) = [f for f in lint(last).findings if f.code == "position-polarity"]
    assert finding.detail == "10 of 10 penalties stand behind every reward of their dimension"


@pytest.mark.parametrize(
    "statement",
    [
        "Noise is poorly controlled.",
        "The cell fails to avoid the needle.",
        "The cell divides without being controlled.",
    ],
)
def test_a_negated_virtue_is_a_fault(statement: str) -> None:
    assert not lint_wording.sounds_like_a_virtue(statement)


def test_select_and_ignore_take_codes_and_refuse_others() -> None:
    broken = suite_of([FINE[0], FINE[2]])
    assert set(lint(broken, select=["yes-judge"]).summary) == {"yes-judge"}
    assert "no-penalty" not in lint(broken, ignore=["no-penalty"]).summary
    with pytest.raises(UnknownNameError, match="did you mean 'no-penalty'"):
        lint(broken, select=["nopenalty"])


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0.2, 0.5, 1.0])), min_size=1, max_size=8))
def test_null_judges_score_what_scoring_gives_them(drawn: list[tuple[bool, float]]) -> None:
    rubric = [
        criterion(f"c{i}", f"s{i}", weight=w, polarity="reward" if reward else "penalty")
        for i, (reward, w) in enumerate([(True, 1.0), *drawn])
    ]
    suite = suite_of(rubric)
    found = lint(suite).statistics
    assert found is not None
    for met, expected in ((True, found.always_yes), (False, found.always_no)):
        verdicts = [
            Verdict(task="t0", seed=0, criterion=c["id"], criterion_digest="", judge="j", met=met) for c in rubric
        ]
        overall = score(verdicts, suite).overall
        assert overall is not None
        assert overall.value == pytest.approx(expected, abs=1e-5)
    assert found.coin == pytest.approx((found.always_yes + found.always_no) / 2)


def verdict(criterion: str, met: bool | None, seed: int = 0) -> Verdict:
    return Verdict(task="t0", seed=seed, criterion=criterion, criterion_digest="", judge="j", met=met)


def test_runs_show_criteria_that_never_tell_generators_apart() -> None:
    runs = [[verdict("a", True), verdict("c", True)], [verdict("a", True), verdict("c", False)]]
    found = lint(suite_of(FINE), runs=runs)
    assert [(f.code, f.criterion) for f in found.findings] == [("never-discriminates", "a")]
    assert found.findings[0].detail == "met in all 2 videos of 2 runs"


def test_one_run_or_an_undecided_verdict_says_nothing_about_telling_apart() -> None:
    assert not lint(suite_of(FINE), runs=[[verdict("a", True)]]).findings
    assert not lint(suite_of(FINE), runs=[[verdict("a", True)], [verdict("a", None)]]).findings


def test_runs_show_pairs_that_always_agree() -> None:
    run = [verdict(name, seed % 2 == 0, seed) for seed in range(6) for name in ("a", "c")]
    run += [verdict("b", seed == 0, seed) for seed in range(6)]
    found = lint(suite_of(FINE), runs=[run])
    assert [(f.code, f.criterion, f.detail) for f in found.findings] == [
        ("always-agrees", "c", "agrees with a in all 6 videos")
    ]


def test_the_fixture_is_linted_as_published(released_form: Path) -> None:
    loaded = load_released(released_form)
    summary = lint(loaded.suite, loaded).summary
    assert {code: summary[code] for code in ("zero-weight", "misnumbered", "string-weight", "criteria-count")} == {
        "zero-weight": 6,
        "misnumbered": 5,
        "string-weight": 2,
        "criteria-count": 1,
    }
    assert summary["no-penalty"] == 1


@pytest.fixture(scope="module")
def published_report() -> Callable[[Path], LintReport]:
    def report(place: Path) -> LintReport:
        loaded = load_released(place)
        return lint(loaded.suite, loaded)

    return report


def test_the_published_files_give_the_known_counts(
    published: Path, published_report: Callable[[Path], LintReport]
) -> None:
    found = published_report(published)
    known = {"zero-weight": 884, "misnumbered": 275, "string-weight": 556, "criteria-count": 1}
    assert {code: found.summary[code] for code in known} == known
    assert (found.summary["no-penalty"], found.summary["no-weighted-penalty"]) == (75, 129 - 75)
    assert found.summary["penalty-worded-as-virtue"] == pytest.approx(105, abs=5)
    assert found.statistics is not None
    assert found.statistics.attainable_minimum == pytest.approx(-8.9, abs=0.05)
    assert found.statistics.lowest_minimum == pytest.approx(-35.7, abs=0.05)
    assert found.statistics.dimension_mass[Dimension.SCIENTIFIC_FIDELITY] == pytest.approx(0.54, abs=0.005)


def run_lint(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as stop:
        main(["suites", "lint", *args])
    assert isinstance(stop.value.code, int)
    return stop.value.code, capsys.readouterr().out


def test_the_command_exits_with_one_on_errors_only(capsys: pytest.CaptureFixture[str], released_form: Path) -> None:
    reference = f"released:{released_form}"
    status, out = run_lint(capsys, reference, "--json")
    content = json.loads(out)
    assert (status, content["summary"]["zero-weight"]) == (1, 6)
    assert set(content["findings"][0]) >= {"code", "severity", "task", "criterion", "detail"}
    assert run_lint(capsys, reference, "--select", "no-penalty,compound")[0] == 0


def test_the_command_says_where_each_finding_is(capsys: pytest.CaptureFixture[str], released_form: Path) -> None:
    _, out = run_lint(capsys, f"released:{released_form}")
    assert "mwb-001/visual-4: error: zero-weight: " in out
    assert "a judge saying always yes" in out
