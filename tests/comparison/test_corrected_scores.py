"""Scores corrected by experts' labels on a random sample of tasks."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import microworldbench as bench
from microworldbench.corrections import LEAST_LABELLED
from microworldbench.errors import InputError
from microworldbench.labels import dump_labels, read_labels
from microworldbench.report import Report
from microworldbench.results import Verdict
from microworldbench.rubric import Dimension, Level, Polarity
from microworldbench.runs import RunFolder
from microworldbench.stats import correction

Write = Callable[..., Path]
Row = dict[str, Any]


def truth(task: str, criterion: Any) -> bool:
    easy = int(task[-3:]) % 4 / 4
    return random.Random(f"truth{task}{criterion.id}").random() < 0.25 + easy / 2


def lenient(task: str, seed: int, criterion: Any, vote: int = 0) -> bool:
    """A judge that errs in the model's favour: misses faults, overlooks what is absent."""
    true = truth(task, criterion)
    wrong = random.Random(f"judge{task}{criterion.id}").random() < 0.3
    favour = criterion.polarity is Polarity.REWARD
    return favour if wrong and true != favour else true


def drawn(suite: Any, share: float, seed: int = 0) -> dict[str, float]:
    """A simple random sample of tasks, with the probability each was drawn with."""
    names = [task.id for task in suite.tasks]
    count = round(share * len(names))
    return dict.fromkeys(sorted(random.Random(seed).sample(names, count)), count / len(names))


def labels_of(suite: Any, sample: dict[str, float], rater: str = "e1", **more: Any) -> list[Row]:
    return [
        {"task": task.id, "criterion": c.id, "rater": rater, "met": "met" if truth(task.id, c) else "not_met"}
        | {"inclusion": sample[task.id]}
        | more
        for task in suite.tasks
        if task.id in sample
        for c in task.criteria
    ]


@pytest.fixture
def write_labels(tmp_path: Path) -> Callable[..., Path]:
    def write(rows: Iterable[Row], name: str = "labels.jsonl") -> Path:
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


def scores(suite: Any, run: Path, sample: dict[str, float]) -> tuple[list[float], list[float], list[float]]:
    """Experts' scores and the judge's on labelled tasks, and the judge's on the others, scored apart from the code."""
    experts = bench.score(
        [
            Verdict(task=t.id, seed=0, criterion=c.id, criterion_digest=c.digest, judge="e", met=truth(t.id, c))
            for t in suite.tasks
            for c in t.criteria
        ],
        suite,
    )
    true = {task.id: task.score.value for task in experts.tasks}
    said = {task.id: task.score.value for task in Report.from_run(run).tasks}
    rest = [value for name, value in said.items() if name not in sample]
    return [true[n] for n in sample], [said[n] for n in sample], rest


def test_the_corrected_score_is_ppi_over_task_scores(make_suite: Any, write_run: Write, write_labels: Any) -> None:
    suite = make_suite(90)
    run, sample = write_run("run", suite, lenient), drawn(suite, 1 / 3)
    found = Report.from_run(run, labels=write_labels(labels_of(suite, sample))).scorecard.corrected
    expected = correction.ppi_mean(*scores(suite, run, sample))
    assert found.overall.value == pytest.approx(expected.value, abs=2e-6)
    assert found.overall.ci95 == pytest.approx(expected.interval, abs=2e-6)
    assert (found.overall.n, found.overall.n_unlabelled) == (30, 60)
    assert found.overall.power == pytest.approx(expected.power, abs=1e-6)


def test_a_lenient_judge_is_brought_down_to_the_truth(make_suite: Any, write_run: Write, write_labels: Any) -> None:
    suite = make_suite(90)
    run, everything = write_run("run", suite, lenient), {task.id: 1.0 for task in suite.tasks}
    true = float(np.mean(scores(suite, run, everything)[0]))
    report = Report.from_run(run, labels=write_labels(labels_of(suite, drawn(suite, 0.5))))
    found = report.scorecard.corrected.overall
    assert report.overall.value > true + 10
    assert found.ci95[0] < true < found.ci95[1]
    assert found.ci95[1] < report.overall.value


def test_when_every_task_is_labelled_the_experts_mean_stands(
    make_suite: Any, write_run: Write, write_labels: Any
) -> None:
    suite = make_suite(20)
    run, everything = write_run("run", suite, lenient), {task.id: 1.0 for task in suite.tasks}
    found = Report.from_run(run, labels=write_labels(labels_of(suite, everything))).scorecard.corrected
    assert found.overall.value == pytest.approx(np.mean(scores(suite, run, everything)[0]), abs=2e-6)
    assert found.overall.value == found.overall.label_mean
    assert found.overall.n_unlabelled == 0


def test_levels_and_dimensions_are_corrected_where_enough_tasks_are_labelled(
    make_suite: Any, write_run: Write, write_labels: Any
) -> None:
    suite = make_suite(90)
    sample = drawn(suite, 0.4)
    run = write_run("run", suite, lenient)
    found = Report.from_run(run, labels=write_labels(labels_of(suite, sample))).scorecard.corrected
    counts = {lv: sum(t.id in sample and t.level is lv for t in suite.tasks) for lv in Level}
    assert {level: part.n for level, part in found.by_level.items()} == counts
    for level, part in found.by_level.items():
        assert (part.value is None) == (counts[level] < LEAST_LABELLED)
    assert set(found.by_dimension) == set(Dimension)
    assert all(part.n == 36 and part.ci95 is not None for part in found.by_dimension.values())


def test_nine_labelled_tasks_are_too_few(make_suite: Any, write_run: Write, write_labels: Any) -> None:
    suite = make_suite(90)
    labels = write_labels(labels_of(suite, drawn(suite, 0.1)))
    found = Report.from_run(write_run("run", suite, lenient), labels=labels).scorecard.corrected.overall
    assert (found.value, found.ci95, found.reason, found.n) == (None, None, "too_few", 9)


def test_failed_tasks_need_no_label_and_still_count(make_suite: Any, write_run: Write, write_labels: Any) -> None:
    suite = make_suite(60)
    failed = [f"task-{n:03d}" for n in range(0, 60, 4)]
    left = [task.id for task in suite.tasks if task.id not in failed]
    sample = dict.fromkeys(left, 1.0)
    run = write_run("run", suite, lenient, failed=failed)
    found = Report.from_run(run, labels=write_labels(labels_of(suite, sample))).scorecard.corrected.overall
    true = scores(suite, run, sample)[0]
    assert found.value == pytest.approx(sum(true) / 60, abs=2e-6)
    assert found.label_mean == pytest.approx(np.mean(true), abs=2e-6)


def test_unequal_probabilities_are_undone(make_suite: Any, write_run: Write, write_labels: Any) -> None:
    """Task numbers that leave 3 by 4 are easy; they are drawn three times as often."""
    suite = make_suite(240)
    chance = {t.id: 0.6 if int(t.id[-3:]) % 4 == 3 else 0.2 for t in suite.tasks}
    sample = {name: p for name, p in chance.items() if random.Random(f"draw{name}").random() < p}
    run = write_run("run", suite, lenient)
    true = float(np.mean(scores(suite, run, dict.fromkeys(chance, 1.0))[0]))
    found = Report.from_run(run, labels=write_labels(labels_of(suite, sample))).scorecard.corrected.overall
    chances = [sample[name] for name in sample]
    expected = correction.ppi_weighted_mean(*scores(suite, run, sample), chances, power=None)
    assert found.value == pytest.approx(expected.value, abs=2e-6)
    assert found.ci95[0] < true < found.ci95[1]
    assert abs(found.value - true) < abs(found.label_mean - true)


def test_several_experts_count_by_majority(make_suite: Any, write_run: Write, write_labels: Any) -> None:
    suite = make_suite(30)
    sample = dict.fromkeys((task.id for task in suite.tasks), 1.0)
    rows = labels_of(suite, sample, "e1") + labels_of(suite, sample, "e2")
    rows += [
        row | {"rater": "contrarian", "met": "met" if row["met"] == "not_met" else "not_met"} for row in rows[:120]
    ]
    found = Report.from_run(write_run("run", suite, lenient), labels=write_labels(rows)).scorecard.corrected
    alone = Report.from_run(write_run("again", suite, lenient), labels=write_labels(rows[:120], "one.jsonl"))
    assert found.raters == ("contrarian", "e1", "e2")
    assert found.overall == alone.scorecard.corrected.overall


def test_errors_are_told_by_dimension_and_polarity(make_suite: Any, write_run: Write, write_labels: Any) -> None:
    suite = make_suite(120)
    sample = dict.fromkeys((task.id for task in suite.tasks), 1.0)
    found = Report.from_run(write_run("run", suite, lenient), labels=write_labels(labels_of(suite, sample)))
    by = {(e.dimension, e.polarity): e for e in found.scorecard.corrected.errors}
    assert len(by) == 4
    rewards, penalties = (by[Dimension.SCIENTIFIC_FIDELITY, p] for p in Polarity)
    assert (rewards.sensitivity.value, penalties.specificity.value) == (1.0, 1.0)
    assert rewards.specificity.value < 0.8
    assert penalties.sensitivity.value < 0.8
    share = np.mean([truth(t.id, c) for t in suite.tasks for c in t.criteria if c.id == "c1"])
    assert rewards.corrected == pytest.approx(share, abs=1e-5)  # its own errors, exactly undone


def test_few_labels_give_no_corrected_rate(make_suite: Any, write_run: Write, write_labels: Any) -> None:
    suite = make_suite(60)
    labels = write_labels(labels_of(suite, drawn(suite, 0.25)))
    errors = Report.from_run(write_run("run", suite, lenient), labels=labels).scorecard.corrected.errors
    assert errors
    assert all((e.corrected, e.ci95, e.reason) == (None, None, "too_few") for e in errors)


def test_labels_without_probabilities_are_refused(make_suite: Any, write_run: Write, write_labels: Any) -> None:
    suite = make_suite(20)
    rows = [{k: v for k, v in row.items() if k != "inclusion"} for row in labels_of(suite, drawn(suite, 0.5))]
    with pytest.raises(InputError, match="random sample"):
        Report.from_run(write_run("run", suite, lenient), labels=write_labels(rows))


def test_probabilities_that_cannot_be_are_refused(make_suite: Any, write_run: Write, write_labels: Any) -> None:
    suite = make_suite(90)
    claimed = dict.fromkeys(drawn(suite, 1 / 3), 1.0)
    with pytest.raises(InputError, match="30 labelled tasks stand for 30, and the run has 90"):
        Report.from_run(write_run("run", suite, lenient), labels=write_labels(labels_of(suite, claimed)))


def test_a_task_drawn_with_two_probabilities_is_refused(make_suite: Any, write_run: Write, write_labels: Any) -> None:
    suite = make_suite(20)
    rows = labels_of(suite, drawn(suite, 0.5))
    rows[1]["inclusion"] = 0.25
    with pytest.raises(InputError, match="two inclusion probabilities"):
        Report.from_run(write_run("run", suite, lenient), labels=write_labels(rows))


def test_a_half_labelled_task_is_refused(make_suite: Any, write_run: Write, write_labels: Any) -> None:
    suite = make_suite(20)
    rows = labels_of(suite, drawn(suite, 0.5))[:-1]
    with pytest.raises(InputError, match="1 criteria of labelled tasks have no label"):
        Report.from_run(write_run("run", suite, lenient), labels=write_labels(rows))


def test_another_wording_is_refused(make_suite: Any, write_run: Write, write_labels: Any) -> None:
    suite = make_suite(20)
    rows = labels_of(suite, drawn(suite, 0.5), criterion_digest="other")
    with pytest.raises(InputError, match="another wording"):
        Report.from_run(write_run("run", suite, lenient), labels=write_labels(rows))


def test_a_sample_of_one_level_corrects_that_level_only(make_suite: Any, write_run: Write, write_labels: Any) -> None:
    suite = make_suite(90)
    sample = {t.id: 0.5 for t in suite.tasks if t.level is Level.ORGAN and int(t.id[-3:]) % 2}
    run = write_run("run", suite, lenient)
    found = Report.from_run(run, labels=write_labels(labels_of(suite, sample))).scorecard.corrected
    assert (found.overall.value, found.overall.reason) == (None, "not_drawn")
    assert found.by_level[Level.ORGAN].value is not None
    assert found.by_level[Level.CELLULAR].reason == "not_drawn"


def test_a_chosen_sample_is_doubted(make_suite: Any, write_run: Write, write_labels: Any) -> None:
    suite = make_suite(90)
    run = write_run("run", suite, lenient)
    best = sorted(Report.from_run(run).tasks, key=lambda task: -task.score.value)[:30]
    labels = write_labels(labels_of(suite, dict.fromkeys((task.id for task in best), 1 / 3)))
    assert "drawn at random?" in " ".join(Report.from_run(run, labels=labels).scorecard.corrected.notes)


def test_labels_of_other_videos_do_not_count(make_suite: Any, write_run: Write, write_labels: Any) -> None:
    suite = make_suite(20)
    sample = dict.fromkeys((task.id for task in suite.tasks), 1.0)
    run = write_run("run", suite, lenient)
    rows = labels_of(suite, sample)
    mine = [row | {"video_sha256": f"video-{row['task']}-0"} for row in rows]
    others = [row | {"video_sha256": "another model's", "met": "met"} for row in rows]
    both = Report.from_run(run, labels=write_labels(mine + others, "both.jsonl")).scorecard.corrected
    alone = Report.from_run(run, labels=write_labels(mine)).scorecard.corrected
    assert both == alone
    assert alone.notes == ()


def test_one_labelled_seed_corrects_that_seed(make_suite: Any, write_run: Write, write_labels: Any) -> None:
    suite = make_suite(20)
    sample = dict.fromkeys((task.id for task in suite.tasks), 1.0)
    run = write_run("run", suite, lenient, seeds=(0, 1))
    found = Report.from_run(run, labels=write_labels(labels_of(suite, sample, seed=1))).scorecard.corrected
    assert found.seeds == (1,)
    assert "seed 1" in found.notes[0]


def test_labels_about_nothing_of_the_run_are_refused(make_suite: Any, write_run: Write, write_labels: Any) -> None:
    suite = make_suite(20)
    labels = write_labels([row | {"task": "elsewhere"} for row in labels_of(suite, {"task-000": 1.0})])
    with pytest.raises(InputError, match="no label is about a video of this run"):
        Report.from_run(write_run("run", suite, lenient), labels=labels)


@pytest.mark.parametrize("value", ["0", "-0.5", "1.01", "nan", "often"])
def test_an_impossible_probability_is_refused_with_its_line(write_labels: Any, value: str) -> None:
    row = {"task": "t", "criterion": "c", "rater": "e", "met": "met", "inclusion": value}
    with pytest.raises(InputError, match=r"labels\.csv:2: inclusion must be a probability"):
        read_labels(write_labels([row], "labels.csv"))


def test_labels_survive_being_stored(make_suite: Any, write_labels: Any, tmp_path: Path) -> None:
    rows = labels_of(make_suite(3), {"task-001": 0.25}, video_sha256="v", criterion_digest="d", seed=2)
    rows[0]["met"], rows[1]["met"] = "cannot_tell", ""
    before = read_labels(write_labels(rows)).labels
    (tmp_path / "stored.jsonl").write_text(dump_labels(before))
    after = read_labels(tmp_path / "stored.jsonl").labels
    assert set(after) == set(before)
    assert dump_labels(after) == dump_labels(reversed(before))


def test_the_command_keeps_the_labels_so_that_the_number_can_be_recomputed(
    make_suite: Any, write_run: Write, write_labels: Any, mwb: Any
) -> None:
    suite = make_suite(40)
    run = write_run("run", suite, lenient)
    labels = write_labels(labels_of(suite, drawn(suite, 0.5)), "labels.csv")
    made = mwb("score", run, "--labels", labels, "--json")
    assert made.returncode == 0, made.stderr
    told = json.loads(made.stdout)["corrected"]["overall"]
    labels.unlink()
    again = Report.from_run(run)
    assert again.scorecard.corrected.overall.model_dump(mode="json") == told
    assert Report.load(run).scorecard == again.scorecard
    shown = mwb("score", run)
    assert "corrected by experts" in shown.stdout
    assert "## Corrected by experts" in again.to_markdown()
    assert "Corrected by experts" in again.to_html(run.parent / "page.html").read_text()


def test_refused_labels_change_nothing(make_suite: Any, write_run: Write, write_labels: Any, mwb: Any) -> None:
    suite = make_suite(12)
    run = write_run("run", suite, lenient)
    rows = [{k: v for k, v in row.items() if k != "inclusion"} for row in labels_of(suite, drawn(suite, 1.0))]
    made = mwb("score", run, "--labels", write_labels(rows))
    assert made.returncode == 2
    assert made.stderr.startswith("error: ")
    assert "Traceback" not in made.stderr
    assert not (run / "labels.jsonl").exists()
    assert not (run / "report.json").exists()


def test_only_the_runs_own_videos_are_stored(make_suite: Any, write_run: Write, write_labels: Any, mwb: Any) -> None:
    suite = make_suite(20)
    sample = dict.fromkeys((task.id for task in suite.tasks), 1.0)
    run = write_run("run", suite, lenient)
    rows = [row | {"video_sha256": f"video-{row['task']}-0"} for row in labels_of(suite, sample)]
    others = [row | {"video_sha256": "another"} for row in rows]
    assert mwb("score", run, "--labels", write_labels(rows + others)).returncode == 0
    assert len(read_labels(run / "labels.jsonl").labels) == len(rows)
    assert RunFolder.read(run).exists
