"""Agreement of judges and experts."""

from __future__ import annotations

import csv
import json
import random
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, f1_score, precision_score, recall_score

from microworldbench.concordance import measure_agreement
from microworldbench.concordance.measure import majority
from microworldbench.errors import InputError
from microworldbench.rubric import Dimension, Polarity

Write = Callable[..., Path]
Row = dict[str, Any]


def coin(name: str, share: float = 0.5) -> Callable[..., bool]:
    return lambda task, seed, criterion, vote: random.Random(f"{name}{task}{seed}{criterion.id}{vote}").random() < share


def noisy(name: str, right: float) -> Callable[..., bool]:
    """Raters that share a truth and err on their own."""
    return lambda t, s, c, v: coin("truth")(t, s, c, 0) == coin(name, right)(t, s, c, v)


def label(rater: str, task: str = "t1", criterion: str = "c1", met: Any = "met", **more: Any) -> Row:
    return {"task": task, "seed": 0, "criterion": criterion, "rater": rater, "met": met, **more}


def labels_of(suite: Any, *raters: str, right: float = 0.9) -> list[Row]:
    return [
        label(rater, task.id, c.id, "met" if noisy(rater, right)(task.id, 0, c, 0) else "not_met")
        for rater in raters
        for task in suite.tasks
        for c in task.criteria
    ]


@pytest.fixture
def write_labels(tmp_path: Path) -> Callable[..., Path]:
    def write(name: str, rows: Iterable[Row]) -> Path:
        path, made = tmp_path / name, list(rows)
        if name.endswith(".csv"):
            with path.open("w", newline="") as target:
                writer = csv.DictWriter(target, fieldnames=list(made[0]))
                writer.writeheader()
                writer.writerows(made)
        else:
            path.write_text("".join(json.dumps(row) + "\n" for row in made))
        return path

    return write


@pytest.mark.parametrize("name", ["labels.csv", "labels.jsonl"])
def test_pairwise_kappas_are_scikit_learns(make_suite: Any, write_labels: Any, name: str) -> None:
    rows = labels_of(make_suite(30), "e1", "e2", "e3")
    found = measure_agreement(write_labels(name, rows))
    by_rater = {r: [row["met"] for row in rows if row["rater"] == r] for r in ("e1", "e2", "e3")}
    for pair in found.pairs.cohen:
        assert pair.kappa.value == pytest.approx(
            cohen_kappa_score(by_rater[pair.first], by_rater[pair.second]), abs=1e-6
        )
        assert pair.kappa.n == 120
        low, high = pair.kappa.ci95
        assert low < pair.kappa.value < high
    assert found.human_human.overall == found.pairs


def test_the_published_table_has_the_form_of_the_pairs(make_suite: Any, write_labels: Any) -> None:
    found = measure_agreement(write_labels("l.csv", labels_of(make_suite(10), "e1", "e2", "e3")))
    assert [(p.first, p.second) for p in found.pairs.cohen] == [("e1", "e2"), ("e1", "e3"), ("e2", "e3")]


def test_a_judge_is_compared_with_the_majority_of_the_humans(
    make_suite: Any, write_run: Write, write_labels: Any
) -> None:
    suite = make_suite(12)
    run = write_run("run", suite, noisy("judge", 0.8))
    found = measure_agreement(run, write_labels("l.jsonl", labels_of(suite, "e1", "e2", "e3")))
    group = found.judge_human["judge"]
    assert group.raters == ("judge", "majority of humans")
    units = [(t.id, c) for t in suite.tasks for c in t.criteria]
    says = [noisy("judge", 0.8)(t, 0, c, 0) for t, c in units]
    votes = [sum(noisy(e, 0.9)(t, 0, c, 0) for e in ("e1", "e2", "e3")) >= 2 for t, c in units]
    assert group.overall.cohen[0].kappa.value == pytest.approx(cohen_kappa_score(says, votes), abs=1e-6)
    assert found.judge_judge is None


def test_a_judges_errors_are_told_against_the_humans(make_suite: Any, write_run: Write, write_labels: Any) -> None:
    suite = make_suite(40)
    lenient = lambda t, s, c, v: noisy("judge", 0.8)(t, s, c, v) or coin("kind", 0.4)(t, s, c, v)  # noqa: E731
    run = write_run("run", suite, lenient)
    group = measure_agreement(run, write_labels("l.csv", labels_of(suite, "e1", right=1.0))).judge_human["judge"]
    units = [(t.id, c) for t in suite.tasks for c in t.criteria]
    says, true = ([answer(t, 0, c, 0) for t, c in units] for answer in (lenient, noisy("e1", 1.0)))
    found = group.overall.quality
    assert found.sensitivity.value == pytest.approx(recall_score(true, says), abs=1e-6)
    assert found.specificity.value == pytest.approx(recall_score(true, says, pos_label=False), abs=1e-6)
    assert found.positive_value.value == pytest.approx(precision_score(true, says), abs=1e-6)
    assert found.macro_f1.value == pytest.approx(f1_score(true, says, average="macro"), abs=1e-6)
    assert found.bias.value == pytest.approx(np.mean(says) - np.mean(true), abs=1e-6)
    assert found.bias.ci95[0] > 0
    assert group.by_dimension_and_polarity["scientific_fidelity/penalty"].quality.sensitivity.n > 0


def test_only_a_judge_beside_humans_has_errors(make_suite: Any, write_labels: Any) -> None:
    found = measure_agreement(write_labels("l.csv", labels_of(make_suite(10), "e1", "e2", "e3")))
    assert found.human_human.overall.quality is None
    assert found.pairs.quality is None


def test_agreement_is_told_by_dimension_and_polarity(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(8)
    other = lambda t, s, c, v: coin("j")(t, s, c, 0) != (c.polarity is Polarity.PENALTY)  # noqa: E731
    a = write_run("a", suite, coin("j"))
    b = write_run("b", suite, other, judge="second")
    group = measure_agreement(a, b).judge_judge
    assert set(group.by_dimension) == set(Dimension)
    assert group.by_polarity[Polarity.REWARD].observed.value == 1
    assert group.by_polarity[Polarity.PENALTY].observed.value == 0
    assert group.by_dimension_and_polarity["scientific_fidelity/penalty"].units == 8


def test_two_modes_of_one_judge_are_told_apart_by_folder(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(6)
    found = measure_agreement(*(write_run(n, suite, coin(n)) for n in ("by-task", "by-criterion")))
    assert [rater.name for rater in found.raters] == ["judge (by-task)", "judge (by-criterion)"]


def test_votes_of_one_run_are_compared_with_each_other(make_suite: Any, write_run: Write) -> None:
    run = write_run("run", make_suite(10), noisy("v", 0.9), votes=3)
    found = measure_agreement(run, votes=True)
    assert [rater.name for rater in found.raters] == ["judge vote 0", "judge vote 1", "judge vote 2"]
    assert found.judge_judge.overall.units == 40


def test_one_run_without_votes_is_refused(make_suite: Any, write_run: Write) -> None:
    with pytest.raises(InputError, match="--votes"):
        measure_agreement(write_run("run", make_suite(2), coin("v")))


def test_a_verdict_log_counts_as_its_judges(make_suite: Any, write_run: Write, write_labels: Any) -> None:
    suite = make_suite(6)
    run = write_run("run", suite, coin("j"))
    labels = write_labels("l.csv", labels_of(suite, "e1"))
    whole, log = measure_agreement(run, labels), measure_agreement(run / "verdicts.jsonl", labels)
    assert log.between("judge", "e1") == whole.between("e1", "judge")
    assert log.judge_human["judge"].by_dimension == {}
    told = measure_agreement(run / "verdicts.jsonl", labels, suite=suite)
    assert told.judge_human["judge"].by_dimension == whole.judge_human["judge"].by_dimension


def test_runs_of_different_videos_are_refused(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(3)
    runs = [write_run(n, suite, coin(n), videos=n) for n in "ab"]
    with pytest.raises(InputError, match="different videos"):
        measure_agreement(*runs)


def test_disjoint_tasks_are_refused(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(4)
    runs = [write_run(t, suite, coin(t), tasks=[t]) for t in ("task-000", "task-001")]
    with pytest.raises(InputError, match="answered by two raters"):
        measure_agreement(*runs)


def test_judges_that_share_nothing_still_meet_the_humans(make_suite: Any, write_run: Write, write_labels: Any) -> None:
    suite = make_suite(4)
    runs = [write_run(t, suite, coin(t), judge=t, tasks=[t]) for t in ("task-000", "task-001")]
    found = measure_agreement(*runs, write_labels("l.csv", labels_of(suite, "e1")))
    assert found.judge_judge.overall.units == 0
    assert found.judge_judge.overall.krippendorff.reason == "too_few"
    assert found.judge_human["task-000"].overall.units == 4
    assert found.to_text()


def test_answers_to_another_wording_are_not_matched(write_labels: Any) -> None:
    rows = [label("a", criterion_digest="old"), label("b", criterion_digest="new")]
    rows += [label(r, "t2", met=m, criterion_digest=d) for r, m, d in (("a", "met", "x"), ("b", "not_met", ""))]
    found = measure_agreement(write_labels("l.jsonl", rows))
    assert found.pairs.units == 1
    assert "2 answers are left out" in " ".join(found.notes)


def test_when_all_verdicts_are_alike_there_is_no_coefficient(write_labels: Any) -> None:
    rows = [label(r, f"t{n}") for r in "ab" for n in range(40)]
    pairs = measure_agreement(write_labels("l.csv", rows)).pairs
    for made in (pairs.cohen[0].kappa, pairs.fleiss, pairs.krippendorff, pairs.ac1):
        assert (made.value, made.reason) == (None, "no_variation")
    assert pairs.observed.value == 1
    assert pairs.prevalence["met"].value == 1
    assert pairs.negative_agreement.value is None


def test_an_abstention_is_no_rating_unless_it_is_a_label(write_labels: Any) -> None:
    says = ["met", "not_met", "cannot_tell", ""]
    rows = [label(r, f"t{n}", met=says[n % 4]) for r in "ab" for n in range(40)]
    path = write_labels("l.csv", rows)
    found, labelled = measure_agreement(path), measure_agreement(path, cannot_tell="label")
    assert found.pairs.units == 20
    assert set(found.pairs.prevalence) == {"met", "not_met"}
    assert labelled.pairs.units == 30
    assert labelled.pairs.prevalence["cannot_tell"].value == pytest.approx(1 / 3, abs=1e-6)
    assert (found.raters[0].cannot_tell, found.raters[0].missing) == (10, 10)


def test_the_ceiling_is_an_expert_against_the_others(make_suite: Any, write_run: Write, write_labels: Any) -> None:
    suite = make_suite(40)
    run = write_run("run", suite, coin("noise"))
    found = measure_agreement(run, write_labels("l.csv", labels_of(suite, "e1", "e2", "e3")))
    assert found.ceiling.expert.value > 0.5
    assert found.ceiling.judges["judge"].value < 0.2
    gap = found.ceiling.differences["judge"]
    assert gap.value == pytest.approx(found.ceiling.judges["judge"].value - found.ceiling.expert.value, abs=2e-6)
    assert gap.ci95[1] < 0
    assert found.ceiling.alt_tests["judge"].winning_rate == 0


def test_a_newcomer_with_one_label_does_not_take_the_ceiling_away(make_suite: Any, write_labels: Any) -> None:
    suite = make_suite(10)
    rows = labels_of(suite, "e1", "e2", "e3")
    alone = measure_agreement(write_labels("a.csv", rows)).ceiling
    beside = measure_agreement(write_labels("b.csv", [label("aa", "task-000"), *rows])).ceiling
    assert beside == alone
    assert alone.experts == ("e1", "e2", "e3")


def test_two_experts_have_no_ceiling(make_suite: Any, write_labels: Any) -> None:
    assert measure_agreement(write_labels("l.csv", labels_of(make_suite(3), "e1", "e2"))).ceiling is None


def test_a_tie_of_humans_is_no_majority() -> None:
    codes = np.array([[1, 1, 0, np.nan], [1, 0, 2, np.nan], [0, np.nan, 2, np.nan]])
    np.testing.assert_array_equal(majority(codes), [1, np.nan, 2, np.nan])


def test_a_row_said_twice_counts_once(write_labels: Any) -> None:
    rows = [label(r, f"t{n}", met=["met", "not_met"][n % 2]) for r in "ab" for n in range(6)]
    found = measure_agreement(write_labels("l.csv", [*rows, rows[0]]))
    assert found.pairs.units == 6
    assert "1 rows repeat" in " ".join(found.notes)


def test_a_rater_who_contradicts_himself_is_refused(write_labels: Any) -> None:
    with pytest.raises(InputError, match=r"l\.csv:3: rater 'a' answers .* otherwise than in line 2"):
        measure_agreement(write_labels("l.csv", [label("a"), label("a", met="not_met")]))


def test_a_source_given_twice_is_named(write_labels: Any) -> None:
    file = write_labels("a.jsonl", [label("e1"), label("e2")])
    with pytest.raises(InputError, match=r"a\.jsonl' is given twice"):
        measure_agreement(file, file.parent / "." / file.name)


def test_one_humans_labels_may_lie_in_two_files_but_not_twice(write_labels: Any) -> None:
    first = write_labels("a.csv", [label("ann", "t1"), label("bob", "t1")])
    second = write_labels("b.csv", [label("ann", "t2"), label("bob", "t2", met="not_met")])
    assert measure_agreement(first, second).pairs.units == 2
    with pytest.raises(InputError, match="both in"):
        measure_agreement(first, write_labels("c.csv", [label("ann", "t1")]))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("l.csv", "task,seed,criterion,rater,met\nt,0,c,a,maybe\n", r"unknown met 'maybe'.*l\.csv:2"),
        ("l.csv", "task,seed,criterion,rater,met\nt,x,c,a,met\n", r"l\.csv:2: seed must be a whole number"),
        ("l.csv", "task,seed,criterion,met\nt,0,c,met\n", r"l\.csv:1 lacks rater"),
        ("l.csv", "task,seed,criterion,rater,met\nt,0,c,a\n", r"l\.csv:2: the row has not 5 cells"),
        ("l.csv", 'task,seed,criterion,rater,met\nt,0,c,"a,met\n', r"l\.csv.* is damaged"),
        ("l.csv", "task,seed,criterion,rater,met\nt,0,c,,met\n", r"l\.csv:2: rater is empty"),
        ("l.csv", "task,seed,criterion,rater,met\n", "holds no row"),
        ("l.jsonl", "", "holds no row"),
        ("l.jsonl", '{"task": "t"', r"l\.jsonl:1 is not a JSON object"),
        ("l.jsonl", "[1]\n", r"l\.jsonl:1 must be a JSON object, got list"),
        ("l.jsonl", '{"task": "t", "criterion": "c", "rater": {}, "met": "met"}\n', "rater must be text"),
        ("l.jsonl", '{"task": "t", "criterion": "c", "rater": "a", "met": 1}\n', "unknown met '1'"),
        ("l.jsonl", "[" * 100_000, r"l\.jsonl:1 is not a JSON object"),
    ],
)
def test_damaged_label_files_are_refused_with_file_and_line(
    tmp_path: Path, name: str, text: str, expected: str
) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError, match=expected):
        measure_agreement(path)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_bytes(b"task,seed,criterion,rater,met\n\xff\xfe,0,c,a,met\n")
    with pytest.raises(InputError, match="not UTF-8"):
        measure_agreement(path)


def test_a_damaged_verdict_log_is_refused_with_its_line(make_suite: Any, write_run: Write) -> None:
    log = write_run("run", make_suite(2), coin("j")) / "verdicts.jsonl"
    log.write_text(log.read_text().replace('"met":true', '"met":"maybe"', 1))
    with pytest.raises(InputError, match=r"verdicts\.jsonl:\d+ is not a verdict: met"):
        measure_agreement(log)


def test_hundred_thousand_rows_are_read(write_labels: Any) -> None:
    rng = random.Random(1)
    rows = [
        label(f"e{r}", f"t{n // 100}", f"c{n % 100}", rng.choice(["met", "not_met"]))
        for n in range(33_334)
        for r in range(3)
    ]
    found = measure_agreement(write_labels("l.csv", rows), resamples=1000)
    assert found.pairs.units == 33_334
    assert abs(found.pairs.krippendorff.value) < 0.02


def test_a_table_of_too_many_raters_is_refused(write_labels: Any) -> None:
    with pytest.raises(InputError, match="rater column"):
        measure_agreement(write_labels("l.csv", [label(f"r{n}") for n in range(41)]))


def test_the_heat_map_names_every_rater_and_value(make_suite: Any, write_labels: Any) -> None:
    rows = labels_of(make_suite(8), "<b>ann</b>", "bob", "cleo")
    rows += [label("dan", "task-000", "c1")]
    found = measure_agreement(write_labels("l.jsonl", rows))
    figure = found.to_svg()
    root = ET.fromstring(figure)
    space = "{http://www.w3.org/2000/svg}"
    texts = [element.text for element in root.iter(f"{space}text")]
    assert texts.count("<b>ann</b>") == 2
    assert texts.count(f"{found.between('bob', 'cleo').kappa.value:.2f}") == 2
    assert texts.count("n/a") == 6
    assert root.get("role") == "img"
    assert "bob and cleo: kappa" in root.find(f"{space}desc").text
    assert not re.search(r"<script|href|https?://(?!www\.w3\.org)|onload", figure)


@settings(deadline=None, max_examples=25)
@given(names=st.lists(st.text(min_size=1).filter(str.strip), min_size=2, max_size=4, unique_by=str.strip))
def test_whatever_raters_are_called_the_heat_map_is_xml(names: list[str], tmp_path_factory: Any) -> None:
    path = tmp_path_factory.mktemp("labels") / "l.jsonl"
    path.write_text("".join(json.dumps(label(name)) + "\n" for name in names))
    assert ET.fromstring(measure_agreement(path, resamples=10).to_svg()).get("role") == "img"


def test_the_record_loads_from_its_json_and_holds_no_nan(make_suite: Any, write_labels: Any) -> None:
    found = measure_agreement(write_labels("l.csv", labels_of(make_suite(3), "a", "b")))
    assert type(found).model_validate_json(found.to_json()) == found
    assert "NaN" not in found.to_json()


def test_names_cannot_break_a_table(write_labels: Any) -> None:
    rows = [label(r, f"t{n}", met=["met", "not_met"][n % 2]) for r in ("x|<i>\x1b[2J", "b") for n in range(6)]
    found = measure_agreement(write_labels("l.jsonl", rows))
    assert "<i>" not in found.to_markdown()
    assert "x\\|" in found.to_markdown()
    assert "\x1b" not in found.to_text() + found.to_markdown() + found.to_svg()


def test_the_page_holds_the_heat_map_and_every_table(make_suite: Any, write_labels: Any, tmp_path: Path) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    found = measure_agreement(write_labels("l.csv", labels_of(make_suite(10), hostile, "e2", "e3")))
    page = found.to_html(tmp_path / "page.html").read_text()
    assert found.to_svg() in page
    assert "Leave-one-expert-out ceiling" in page
    assert "<img" not in page
    assert "<script" not in page


def test_the_command_writes_json_and_a_figure(
    make_suite: Any, write_run: Write, write_labels: Any, mwb: Any, tmp_path: Path
) -> None:
    suite = make_suite(6)
    run, labels = write_run("run", suite, coin("j")), write_labels("l.csv", labels_of(suite, "e1", "e2", "e3"))
    done = mwb("agreement", run, labels, "--json", "--svg", "map.svg")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == measure_agreement(run, labels).to_dict()
    assert (tmp_path / "map.svg").read_text() == measure_agreement(run, labels).to_svg()
    assert "Leave-one-expert-out" in mwb("agreement", run, labels).stdout


def test_wrong_input_exits_2_without_a_traceback(tmp_path: Path, mwb: Any) -> None:
    (tmp_path / "empty.csv").write_text("")
    for args in (["empty.csv"], ["nowhere.csv"], ["."], ["empty.csv", "--json", "--markdown"]):
        done = mwb("agreement", *args)
        assert done.returncode == 2
        assert done.stderr.startswith("error: ")


def test_criteria_are_matched_by_seed_too(write_labels: Any) -> None:
    rows: list[Row] = [label("a") | {"seed": 0}, label("b") | {"seed": 1}]
    with pytest.raises(InputError, match="answered by two raters"):
        measure_agreement(write_labels("l.csv", rows))
