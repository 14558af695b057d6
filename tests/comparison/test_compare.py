"""Runs compared task by task."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import microworldbench as bench
from microworldbench.comparison.contestants import tell_apart
from microworldbench.errors import InputError
from microworldbench.rubric import Criterion, Dimension, Level, Polarity
from microworldbench.stats import paired

Write = Callable[..., Path]


def always(met: bool | None) -> Callable[..., bool | None]:
    return lambda task, seed, criterion, vote: met


def perfect(task: str, seed: int, criterion: Criterion, vote: int) -> bool:
    return criterion.polarity is Polarity.REWARD


def chance(name: str, share: float) -> Callable[..., bool]:
    return lambda task, seed, criterion, vote: random.Random(f"{name}{task}{seed}{criterion.id}").random() < share


def test_the_difference_is_the_mean_of_the_task_differences(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(40)
    a, b = (write_run(n, suite, chance(n, p), generator=n) for n, p in (("a", 0.7), ("b", 0.4)))
    found = bench.compare(a, b)
    gap = found.overall.difference
    differences = [task.scores["a"].value - task.scores["b"].value for task in found.tasks.values()]
    assert gap.value == pytest.approx(sum(differences) / 40, abs=1e-5)
    assert (gap.wins, gap.losses) == (sum(d > 0 for d in differences), sum(d < 0 for d in differences))
    assert gap.ci95[0] < gap.value < gap.ci95[1]
    assert gap.n == 40


def test_the_p_value_is_that_of_the_sign_flip_test(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(12)
    a, b = (write_run(n, suite, chance(n, p), generator=n) for n, p in (("a", 0.8), ("b", 0.3)))
    found = bench.compare(a, b)
    rows = [[task.scores[n].value for task in sorted(found.task_gaps, key=lambda t: t.id)] for n in "ab"]
    assert found.overall.difference.p == pytest.approx(
        paired.sign_flip([x - y for x, y in zip(*rows, strict=True)]).p, abs=1e-6
    )


def test_wins_are_counted_as_the_statistics_package_does(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(33)
    runs = [write_run(n, suite, chance(n, p), generator=n) for n, p in (("a", 0.6), ("b", 0.5), ("c", 0.4))]
    found = bench.compare(*runs, margin=20)
    rows = {n: [t.scores[n].value for t in sorted(found.task_gaps, key=lambda t: t.id)] for n in "abc"}
    for gap in found.overall.differences:
        told = paired.win_tie_loss(rows[gap.first], rows[gap.second], margin=20)
        assert (gap.wins, gap.ties, gap.losses) == (told.wins, told.ties, told.losses)
        assert gap.net_wins == pytest.approx(told.net.value, abs=1e-6)
        assert gap.net_wins_ci95 == pytest.approx(told.net.interval, abs=1e-6)


def test_runs_of_the_whole_path_compare(
    big_suite: Any, scripted: Any, tiny_generator: Any, tmp_path: Path, mwb: Any
) -> None:
    judge = scripted(lambda question, criterion: criterion.polarity is Polarity.REWARD)
    harsh = scripted(lambda question, criterion: False)
    for name, by in (("a", judge), ("b", judge), ("c", harsh)):
        bench.evaluate(tiny_generator, big_suite, by, tmp_path / name, name=name, limit=3)
    same = bench.compare(tmp_path / "a", tmp_path / "b")
    assert same.overall.difference.value == 0
    assert same.judge.name == "scripted"
    done = mwb("compare", "a", "c", "--json")
    assert json.loads(done.stdout)["overall"]["differences"][0]["value"] == 100


@pytest.mark.parametrize("count", [3, 7, 31])
def test_a_comparison_states_the_scores_of_the_reports(make_suite: Any, write_run: Write, count: int) -> None:
    suite = make_suite(count)
    answer = lambda t, s, c, v: (True, False, None)[random.Random(f"{t}{s}{c.id}").randrange(3)]  # noqa: E731
    runs = [write_run(n, suite, by, generator=n, seeds=(0, 1, 2)) for n, by in (("a", answer), ("b", chance("b", 0.5)))]
    found = bench.compare(*runs)
    for name, run in zip("ab", runs, strict=True):
        report = bench.Report.from_run(run)
        assert found.overall.scores[name] == report.overall
        assert {level: scope.scores[name] for level, scope in found.by_level.items()} == report.by_level
        assert {d: scope.scores[name] for d, scope in found.by_dimension.items()} == report.by_dimension


def test_reports_and_run_folders_compare_alike(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(8)
    runs = [write_run(n, suite, chance(n, 0.5), generator=n) for n in "ab"]
    assert bench.compare(*map(bench.Report.from_run, runs)).to_dict() == bench.compare(*runs).to_dict()


def test_swapping_the_runs_swaps_the_sign(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(10)
    a, b = (write_run(n, suite, chance(n, p), generator=n) for n, p in (("a", 0.8), ("b", 0.3)))
    there, back = bench.compare(a, b).overall, bench.compare(b, a).overall
    turned, told = there.between("b", "a"), back.difference
    assert (turned.value, turned.low, turned.high, turned.wins) == (told.value, told.low, told.high, told.wins)
    assert turned.ci95 == pytest.approx(told.ci95)
    assert turned.value < 0


def test_levels_and_dimensions_are_compared_on_their_own_tasks(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(9)
    only_visual = lambda t, s, c, v: c.dimension is Dimension.VISUAL_QUALITY  # noqa: E731
    found = bench.compare(
        write_run("a", suite, only_visual, generator="a"), write_run("b", suite, always(False), generator="b")
    )
    assert found.by_dimension[Dimension.VISUAL_QUALITY].difference.value == 100
    assert found.by_dimension[Dimension.SCIENTIFIC_FIDELITY].difference.value == 0
    assert {level: scope.n for level, scope in found.by_level.items()} == dict.fromkeys(Level, 3)


def test_a_breakdowns_p_values_are_adjusted_for_its_parts(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(30)
    a, b = (write_run(n, suite, chance(n, p), generator=n) for n, p in (("a", 0.6), ("b", 0.5)))
    for scope in bench.compare(a, b).by_dimension.values():
        assert scope.difference.p_adjusted == pytest.approx(min(1, 3 * scope.difference.p))


def test_identical_runs_do_not_differ_anywhere(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(6)
    found = bench.compare(*(write_run(n, suite, always(True), generator=n) for n in "ab"))
    gap = found.overall.difference
    assert (gap.value, gap.p, gap.p_adjusted, gap.ties) == (0, 1, 1, 6)
    assert found.criteria == ()
    assert found.overall.tiers == {"a": 1, "b": 1}


def test_the_widest_criterion_stands_first_with_its_points(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(4)
    one = lambda t, s, c, v: perfect(t, s, c, v) and not (t == "task-002" and c.id == "c1")  # noqa: E731
    found = bench.compare(write_run("a", suite, perfect, generator="a"), write_run("b", suite, one, generator="b"))
    [gap] = found.criteria
    assert (gap.task, gap.criterion, gap.points) == ("task-002", "c1", {"a": 50.0, "b": 0.0})
    assert gap.met == {"a": 1.0, "b": 0.0}
    assert next(iter(found.tasks)) == "task-002"
    assert found.task_gaps[0].spread == 50


def test_criterion_points_add_up_to_the_task_score(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(5)
    answer = lambda t, s, c, v: (True, False, None)[random.Random(f"{t}{s}{c.id}").randrange(3)]  # noqa: E731
    a = write_run("a", suite, answer, generator="a", seeds=(0, 1))
    b = write_run("b", suite, always(False), generator="b", seeds=(0, 1))
    found = bench.compare(a, b)
    assert len(found.tasks) == 5
    for task in found.tasks.values():
        points = [gap.points["a"] for gap in found.criteria if gap.task == task.id]
        assert sum(points) == pytest.approx(task.scores["a"].value, abs=1e-5)


def test_three_runs_are_compared_pair_by_pair_with_tiers(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(60)
    shares = {"good": 0.9, "fair": 0.5, "same": 0.5}
    answers = {
        n: (lambda t, s, c, v, n=n, p=p: chance(n, p)(t, s, c, v) == perfect(t, s, c, v)) for n, p in shares.items()
    }
    found = bench.compare(*(write_run(n, suite, answer, generator=n) for n, answer in answers.items()))
    assert [(g.first, g.second) for g in found.overall.differences] == list(itertools.combinations(shares, 2))
    assert found.overall.tiers == {"good": 1, "fair": 2, "same": 2}
    assert found.overall.ranks["good"] == (1, 1)
    assert found.overall.ranks["fair"] == (2, 3)
    assert all(gap.p_adjusted >= gap.p for gap in found.overall.differences)


def test_runs_of_the_same_generator_are_told_apart_by_folder(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(2)
    assert bench.compare(*(write_run(n, suite, always(True)) for n in "ab")).names == ("model (a)", "model (b)")


def test_different_task_selections_are_compared_on_common_tasks(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(9)
    a = write_run("a", suite, always(True), generator="a")
    b = write_run("b", suite, perfect, generator="b", tasks=["task-001", "task-004"])
    found = bench.compare(a, b)
    assert found.common_tasks == found.overall.n == 2
    assert found.view.name == "2 common tasks"
    assert [run.tasks for run in found.runs] == [9, 2]
    assert "compared are the 2 that all have" in found.notes[0]


def test_disjoint_tasks_are_refused(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(4)
    runs = [write_run(t, suite, always(True), generator=t, tasks=[t]) for t in ("task-000", "task-001")]
    with pytest.raises(InputError, match="no task in common"):
        bench.compare(*runs)


def test_another_prompt_is_another_view_and_refused(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(4)
    a = write_run("a", suite, always(True), generator="a")
    b = write_run("b", suite, always(True), generator="b", prompt_field="requirement")
    with pytest.raises(InputError, match="another prompt"):
        bench.compare(a, b)


@pytest.mark.parametrize(
    ("other", "expected"),
    [({"version": "2-A"}, "not comparable"), ({"wording": "can be seen"}, "different contents")],
)
def test_other_suites_are_refused(make_suite: Any, write_run: Write, other: dict[str, str], expected: str) -> None:
    a = write_run("a", make_suite(3), always(True), generator="a")
    b = write_run("b", make_suite(3, **other), always(True), generator="b")
    with pytest.raises(InputError, match=expected):
        bench.compare(a, b)


@pytest.mark.parametrize("judge", [{"judge": "other"}, {"judge_settings": {"frames": 16}}])
def test_other_judges_are_refused_unless_asked_for(make_suite: Any, write_run: Write, judge: dict[str, Any]) -> None:
    suite = make_suite(3)
    a, b = write_run("a", suite, perfect, generator="a"), write_run("b", suite, perfect, generator="b", **judge)
    with pytest.raises(InputError, match="across-judges"):
        bench.compare(a, b)
    found = bench.compare(a, b, across_judges=True)
    assert found.judge is None
    assert "Different judges" in " ".join(found.notes)


def test_a_run_with_too_much_missing_has_bounds_and_no_p(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(6)
    a = write_run("a", suite, perfect, generator="a")
    b = write_run("b", suite, always(False), generator="b", unjudged=["task-000"])
    c = write_run("c", suite, always(False), generator="c")
    found = bench.compare(a, b, c)
    gap = found.overall.between("a", "b")
    assert (gap.value, gap.reason, gap.p, gap.p_adjusted, gap.ci95) == (None, "missing", None, None, None)
    assert gap.low == pytest.approx(500 / 6, abs=1e-5)
    assert gap.high == pytest.approx((500 + 125) / 6, abs=1e-5)
    assert found.overall.between("a", "c").value == 100
    assert found.overall.tiers["b"] is None


def test_bounds_hold_the_value(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(7)
    answer = lambda t, s, c, v: (True, False, None)[random.Random(t + c.id).randrange(3)]  # noqa: E731
    gap = bench.compare(
        write_run("a", suite, answer, generator="a"), write_run("b", suite, perfect, generator="b")
    ).overall.difference
    assert gap.low < gap.value < gap.high


def test_an_order_that_hangs_on_failures_is_flagged(make_suite: Any, write_run: Write) -> None:
    # Both score −25 wherever they make a bad video: b on three tasks of four, a on the only one it does not fail.
    suite = make_suite(4)
    bad = lambda t, s, c, v: c.polarity is Polarity.PENALTY  # noqa: E731
    refuses = write_run("a", suite, bad, generator="a", failed=["task-000", "task-001", "task-002"])
    tries = write_run("b", suite, lambda t, s, c, v: bad(t, s, c, v) and t != "task-003", generator="b")
    found = bench.compare(refuses, tries)
    by_name = {treatment.name: treatment for treatment in found.failures}
    assert by_name["as_scored"].order == ("a", "b")
    assert by_name["failure_at_worst"].order == ("b", "a")
    assert by_name["failure_at_worst"].scores["a"] == -25
    assert by_name["completed_only"].n == 1
    assert found.order_depends_on_failures
    assert "order changes" in found.to_markdown()


def test_treatments_agree_with_the_reports_own(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(9)
    runs = [
        write_run(n, suite, chance(n, 0.4), generator=n, failed=failed, seeds=(0, 1))
        for n, failed in (("a", ["task-001"]), ("b", ["task-001"]))
    ]
    by_name = {t.name: t for t in bench.compare(*runs).failures}
    for name, run in zip("ab", runs, strict=True):
        told = bench.Report.from_run(run).scorecard.failures
        for treatment in ("completed_only", "failure_at_worst", "floored_at_zero"):
            assert by_name[treatment].scores[name] == pytest.approx(getattr(told, treatment).value, abs=2e-6)


def test_damaged_verdicts_are_refused_with_their_line(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(2)
    a, b = (write_run(n, suite, always(True), generator=n) for n in "ab")
    log = b / "verdicts.jsonl"
    log.write_text(log.read_text().replace('"met":true', '"met":"maybe"', 1))
    with pytest.raises(InputError, match=r"verdicts\.jsonl:1 is damaged"):
        bench.compare(a, b)


def test_a_report_without_its_folder_compares_without_criteria(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(3)
    runs = [write_run(n, suite, by, generator=n) for n, by in (("a", perfect), ("b", always(False)))]
    bare = [bench.Report(bench.Report.from_run(run).scorecard) for run in runs]
    found = bench.compare(*bare)
    assert found.criteria == ()
    assert found.overall == bench.compare(*runs).overall


@settings(deadline=None)
@given(names=st.lists(st.sampled_from(["a", "b", "a (x)", "a #2"]), min_size=2, max_size=8))
def test_names_in_tables_are_unique(names: list[str]) -> None:
    made = tell_apart(names, [Path("x")] * len(names))
    assert len(set(made)) == len(names)


def test_one_run_is_refused(make_suite: Any, write_run: Write) -> None:
    run = write_run("a", make_suite(2), always(True))
    with pytest.raises(InputError, match="at least two runs, got 1"):
        bench.compare(run)


def test_a_run_given_twice_is_refused(make_suite: Any, write_run: Write, tmp_path: Path) -> None:
    run = write_run("a", make_suite(2), always(True))
    with pytest.raises(InputError, match="given twice"):
        bench.compare(run, tmp_path / "." / "a" / ".." / "a")


def test_one_task_gives_a_difference_without_interval(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(1)
    found = bench.compare(
        write_run("a", suite, perfect, generator="a"), write_run("b", suite, always(False), generator="b")
    )
    gap = found.overall.difference
    assert (gap.value, gap.ci95, gap.simultaneous95, found.overall.ranks) == (100, None, None, None)


def test_the_same_verdicts_give_the_same_bytes(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(35)
    runs = [write_run(n, suite, chance(n, 0.5), generator=n) for n in "ab"]
    first, second = (bench.compare(*runs).to_json() for _ in range(2))
    assert first == second
    assert "NaN" not in first
    assert json.loads(first)["tasks"][0]["id"]


def test_a_comparison_loads_from_its_json(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(6)
    found = bench.compare(*(write_run(n, suite, chance(n, 0.5), generator=n) for n in "ab"))
    assert bench.Comparison.model_validate_json(found.to_json()) == found


def test_names_cannot_break_a_table(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(2)
    name = "evil|<b>\x1b[31m`x`"
    runs = [write_run(n, suite, always(True), generator=g) for n, g in (("a", name), ("b", "b"))]
    found = bench.compare(*runs)
    assert "<b>" not in found.to_markdown()
    assert "evil\\|" in found.to_markdown()
    assert "\x1b" not in found.to_text() + found.to_markdown()


def test_the_figure_shows_every_pair_with_the_better_run_first(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(30)
    runs = [write_run(n, suite, chance(n, p), generator=n) for n, p in (("low", 0.2), ("mid", 0.5), ("<high>", 0.9))]
    figure = bench.compare(*runs).to_svg()
    told = ET.fromstring(figure).find("{http://www.w3.org/2000/svg}desc").text
    assert [part.split(":")[0] for part in told.split("; ")] == ["<high> less low", "<high> less mid", "mid less low"]
    assert "adjusted p" in told


def test_of_many_runs_the_figure_shows_those_against_the_best(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(6)
    runs = [write_run(f"r{n}", suite, chance(f"r{n}", n / 9), generator=f"r{n}") for n in range(1, 10)]
    told = ET.fromstring(bench.compare(*runs, resamples=50).to_svg()).find("{http://www.w3.org/2000/svg}desc").text
    assert len(told.split("; ")) == 8


def test_a_run_without_a_value_is_drawn_by_its_bounds(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(9)
    a = write_run("a", suite, always(True), generator="a")
    b = write_run("b", suite, always(True), generator="b", unjudged=["task-001"])
    assert "no value, bounds" in bench.compare(a, b).to_svg()


def test_a_difference_too_few_tasks_give_an_interval_lies_within_the_figure(make_suite: Any, write_run: Write) -> None:
    suite = make_suite(2)
    runs = [write_run(n, suite, always(met), generator=n) for n, met in (("a", True), ("b", False))]
    figure = ET.fromstring(bench.compare(*runs).to_svg())
    dot = figure.find(".//{http://www.w3.org/2000/svg}circle")
    assert 0 < float(dot.get("cx")) < float(figure.get("viewBox").split()[2])


def test_the_page_holds_the_figure_and_no_script(make_suite: Any, write_run: Write, tmp_path: Path) -> None:
    suite = make_suite(9)
    hostile = "<script>alert(1)</script>"
    runs = [write_run(n, suite, chance(n, 0.5), generator=name) for n, name in (("a", hostile), ("b", "b"))]
    found = bench.compare(*runs)
    page = found.to_html(tmp_path / "page.html").read_text()
    assert found.to_svg() in page
    assert "<script" not in page
    assert "Tasks that differ most" in page


def test_the_command_prints_one_json_document(make_suite: Any, write_run: Write, mwb: Any) -> None:
    suite = make_suite(5)
    runs = [write_run(n, suite, chance(n, 0.5), generator=n) for n in "ab"]
    done = mwb("compare", *runs, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == bench.compare(*runs).to_dict()


def test_the_command_shows_a_table_and_markdown(make_suite: Any, write_run: Write, mwb: Any) -> None:
    suite = make_suite(5)
    runs = [write_run(n, suite, chance(n, 0.5), generator=f"model-{n}") for n in "ab"]
    text, markdown = mwb("compare", *runs), mwb("compare", *runs, "--markdown")
    assert "model-a − model-b" in text.stdout
    assert markdown.stdout == bench.compare(*runs).to_markdown()


@pytest.mark.parametrize("args", [["a"], ["a", "a"], ["a", "nowhere"], ["a", "b", "--json", "--markdown"]])
def test_wrong_input_exits_2_without_a_traceback(make_suite: Any, write_run: Write, mwb: Any, args: list[str]) -> None:
    for name in "ab":
        write_run(name, make_suite(2), always(True), generator=name)
    done = mwb("compare", *args)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stdout == ""
