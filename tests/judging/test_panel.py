"""Panels: every member judges everything, and what is lost or tied has a defined result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import microworldbench as bench
from microworldbench.chat.attempts import RetryPolicy
from microworldbench.errors import CallRefusedError, InputError, RunConflictError
from microworldbench.judging.cascade import Cascade
from microworldbench.judging.panel import Panel, leaves, panel_names, panel_of
from microworldbench.judging.protocol import Group
from microworldbench.references import resolve_judge
from microworldbench.runs import RunFolder

Make = Callable[..., Any]
ONCE = RetryPolicy(attempts=1, first_wait_s=0.001)


def three(scripted: Make, *met: bool | None) -> Panel:
    return Panel([scripted(lambda q, c, m=m: m, name=name) for name, m in zip("abc", met, strict=True)])


def picky(scripted: Make, name: str, wanted: Sequence[str]) -> Any:
    judge = scripted(name=name)
    judge.groups = lambda task, criteria: [
        Group("all", kept, judge) for kept in [tuple(c for c in criteria if c.id in wanted)] if kept
    ]
    return judge


def refusing(scripted: Make, name: str) -> Any:
    def refuse(question: Any) -> None:
        raise CallRefusedError("not this video", content=True)

    return scripted(name=name, before=refuse)


def test_every_criterion_is_judged_by_every_member_under_its_own_name(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    panel = three(scripted, True, True, False)
    report = bench.evaluate(tiny_generator, suite, panel, run_path, votes=2)
    counts = Counter(v.judge for v in RunFolder.read(run_path).verdicts())
    assert counts == {"a": 30, "b": 30, "c": 30}
    assert report.coverage.criteria == report.coverage.resolved == 15
    assert report.scorecard.judge.name == "panel:a,b,c"
    assert report.scorecard.usage.calls == 3 * 2 * 9


@pytest.mark.parametrize(
    ("met", "low", "high"),
    [((True, True, False), 58.82, 58.82), ((True, False, None), -41.18, 100.0), ((False, None, False), 0.0, 0.0)],
    ids=["majority", "three ways", "majority against"],
)
def test_the_majority_of_the_members_decides(
    met: tuple[bool | None, ...],
    low: float,
    high: float,
    suite: Any,
    tiny_generator: Make,
    scripted: Make,
    run_path: Path,
) -> None:
    overall = bench.evaluate(tiny_generator, suite, three(scripted, *met), run_path).overall
    assert overall is not None
    assert (overall.low, overall.high) == pytest.approx((low, high), abs=0.01)


def test_a_tie_of_two_members_is_cannot_tell(suite: Any, tiny_generator: Make, scripted: Make, run_path: Path) -> None:
    panel = Panel([scripted(name="a"), scripted(lambda q, c: False, name="b")])
    report = bench.evaluate(tiny_generator, suite, panel, run_path)
    assert report.coverage.cannot_tell == 15
    assert report.overall is not None
    assert report.overall.value == 0


def test_one_lost_member_of_three_leaves_the_others_majority_and_two_lost_are_missing(
    suite: Any, tiny_generator: Make, scripted: Make, tmp_path: Path
) -> None:
    one = Panel([scripted(name="a"), scripted(name="b"), refusing(scripted, "c")])
    report = bench.evaluate(tiny_generator, suite, one, tmp_path / "one", retry=ONCE)
    assert (report.coverage.missing, report.coverage.cannot_tell) == (0, 0)
    two = Panel([scripted(name="a"), refusing(scripted, "b"), refusing(scripted, "c")])
    report = bench.evaluate(tiny_generator, suite, two, tmp_path / "two", retry=ONCE)
    assert report.coverage.missing == 15


def test_what_a_member_cannot_judge_is_a_lost_vote_of_it(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    panel = Panel([scripted(name="a"), picky(scripted, "b", ["c1"]), picky(scripted, "c", [])])
    report = bench.evaluate(tiny_generator, suite, panel, run_path)
    lines = [v for v in RunFolder.read(run_path).verdicts() if v.task == "task-1"]
    lost = {(v.judge, v.criterion) for v in lines if v.reason == "not_measured"}
    assert lost == {("b", f"c{n}") for n in range(2, 6)} | {("c", f"c{n}") for n in range(1, 6)}
    assert report.coverage.missing == 3 * 4  # only c1 has two of three


def test_a_run_cut_short_counts_the_members_not_asked_yet_as_lost(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    bench.evaluate(tiny_generator, suite, three(scripted, True, True, True), run_path)
    log = run_path / "verdicts.jsonl"
    kept = [line for line in log.read_text().splitlines(keepends=True) if '"judge":"a"' in line]
    log.write_text("".join(kept))
    assert bench.Report.from_run(run_path).coverage.missing == 15
    again = three(scripted, True, True, True)
    assert bench.evaluate(tiny_generator, suite, again, run_path).coverage.missing == 0
    assert [m.asked for m in again.members] == [[], [], []]


def test_members_scores_are_a_range_and_the_interval_is_no_narrower_than_one_judges(
    big_suite: Any, tiny_generator: Make, scripted: Make, tmp_path: Path
) -> None:
    def by_task(question: Any, criterion: Any) -> bool:
        return criterion.polarity.value == "reward" and int(question.task.id[5:]) % 3 > 0

    one = bench.evaluate(tiny_generator, big_suite, scripted(by_task), tmp_path / "one").overall
    panel = Panel([scripted(by_task, name=name) for name in "abc"])
    report = bench.evaluate(tiny_generator, big_suite, panel, tmp_path / "panel")
    assert report.overall == one
    members = report.scorecard.judging.members
    assert [(m.judge, m.overall) for m in members] == [(name, one) for name in "abc"]


def test_members_that_disagree_show_how_far(suite: Any, tiny_generator: Make, scripted: Make, run_path: Path) -> None:
    kind = scripted(lambda q, c: c.polarity.value == "reward", name="kind")
    report = bench.evaluate(tiny_generator, suite, Panel([kind, scripted(lambda q, c: False, name="harsh")]), run_path)
    assert [m.overall.value for m in report.scorecard.judging.members if m.overall] == [100.0, 0.0]
    assert "0.0 to 100.0 by member: kind 100.0" in report.to_markdown()
    page = report.to_html(run_path / "report.html").read_text()
    assert '<b class="vote">kind: ✓ met</b>' in page
    assert '<b class="vote">harsh: ✗ not met</b>' in page
    stored = report.to_dict()["judging"]["members"]
    assert [m["judge"] for m in stored] == ["kind", "harsh"]


def test_a_panel_continues_and_another_panel_does_not(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    bench.evaluate(tiny_generator, suite, three(scripted, True, True, False), run_path)
    again = three(scripted, True, True, False)
    bench.evaluate(tiny_generator, suite, again, run_path)
    assert [m.asked for m in again.members] == [[], [], []]
    with pytest.raises(RunConflictError, match="judge was panel:a,b,c"):
        bench.evaluate(tiny_generator, suite, Panel([scripted(name="a"), scripted(name="b")]), run_path)


def test_a_cascade_may_hold_a_panel_for_what_is_left(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    pixels = picky(scripted, "pixels", ["c1", "c2"])
    judge = Cascade([pixels, three(scripted, True, True, False)])
    report = bench.evaluate(tiny_generator, suite, judge, run_path)
    counts = Counter(v.judge for v in RunFolder.read(run_path).verdicts())
    assert counts == {"pixels": 6, "a": 9, "b": 9, "c": 9}
    assert report.coverage.resolved == 15
    assert [m.judge for m in report.scorecard.judging.members] == ["a", "b", "c"]
    assert [m.overall.partial for m in report.scorecard.judging.members if m.overall] == [False] * 3


def test_a_replayed_panel_scores_the_same_and_keeps_its_members(
    suite: Any, tiny_generator: Make, scripted: Make, tmp_path: Path
) -> None:
    judge = Cascade([picky(scripted, "pixels", ["c1", "c2"]), three(scripted, True, False, None)])
    first = bench.evaluate(tiny_generator, suite, judge, tmp_path / "first")
    again = bench.evaluate(tiny_generator, suite, f"replay:{tmp_path / 'first'}", tmp_path / "again")
    assert (again.overall, again.coverage) == (first.overall, first.coverage)
    assert [m.overall for m in again.scorecard.judging.members] == [m.overall for m in first.scorecard.judging.members]


def test_a_judges_leaves_and_panel_are_found_wherever_they_are(scripted: Make) -> None:
    panel, single = three(scripted, True, True, True), scripted(name="single")
    cascade = Cascade([single, panel])
    assert [j.identity.name for j in leaves(cascade)] == ["single", "a", "b", "c"]
    assert panel_of(cascade) == panel.members
    assert panel_of(single) == ()
    assert panel_names(cascade.identity.settings) == panel_names(panel.identity.settings) == ("a", "b", "c")
    assert panel_names({"members": "odd", "panel": 3}) == ()


def test_senseless_panels_are_refused(scripted: Make) -> None:
    with pytest.raises(InputError, match="at least two"):
        Panel([scripted()])
    with pytest.raises(InputError, match="'scripted' twice"):
        Panel([scripted(), scripted()])
    with pytest.raises(InputError, match="made of judges itself"):
        Panel([three(scripted, True, True, True), scripted()])
    with pytest.raises(InputError, match="one panel"):
        Cascade([three(scripted, True, True, True), Panel([scripted(name="x"), scripted(name="y")])])


def write(tmp_path: Path, text: str) -> str:
    (tmp_path / "judge.yaml").write_text(text)
    return str(tmp_path / "judge.yaml")


def test_a_yaml_file_names_members_and_their_settings(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "panel:\n- openai:a\n- judge: openai:b\n  settings: {temperature: 0.5}\n"
        "settings: {mode: task, temperature: 0}\n",
    )
    panel = resolve_judge(path, {"openai:a.frames": "4"})
    assert panel.identity.name == "panel:openai:a,openai:b"
    a, b = (m.settings for m in leaves(panel))
    assert (a.mode, a.temperature, a.frames) == ("task", 0, 4)
    assert (b.mode, b.temperature, b.frames) == ("task", 0.5, 8)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("panel: openai:a\n", "must hold 'panel:"),
        ("panel: [openai:a, openai:b]\nvotes: 3\n", "must hold 'panel:"),
        ("panel: [openai:a, 7]\n", r"panel\[1\] must be a name"),
        ("panel: [openai:a, {judge: openai:b, weight: 2}]\n", r"panel\[1\] must be a name"),
        ("panel: [openai:a, other.yaml]\n", "names another YAML file"),
        ("panel: [openai:a]\n", "at least two"),
        ("panel: [openai:a, openai:a]\n", "twice"),
        ("panel: [openai:a, openai:b]\nsettings: {no_such: 1}\n", "no_such"),
        ("panel: [openai:a, openai:b]\nsettings: 3\n", "must be a mapping"),
        ("judge: 3\n", "must hold 'judge: NAME' or 'panel"),
        ("{", "not valid YAML"),
        ("judge: &j measured\npanel: [*j]", "anchors and aliases are not allowed"),
    ],
)
def test_a_malformed_file_is_refused_with_its_fault(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        resolve_judge(write(tmp_path, text))


def test_a_setting_for_nobody_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must name its member"):
        resolve_judge(write(tmp_path, "panel: [openai:a, openai:b]\n"), {"frames": 4})


def test_two_servers_make_a_panel_and_each_is_warmed_by_its_own_first_call(
    suite: Any, tiny_generator: Make, serve: Make, run_path: Path, tmp_path: Path
) -> None:
    yes, no = serve("yes"), serve("no")
    entries = [
        f"- {{judge: 'openai:{name}', settings: {{base_url: '{server.url}', structured: schema}}}}\n"
        for name, server in (("kind", yes), ("harsh", no))
    ]
    report = bench.evaluate(tiny_generator, suite, write(tmp_path, "panel:\n" + "".join(entries)), run_path)
    assert report.coverage.cannot_tell == 15
    for server in (yes, no):
        assert server.stats()["answered"] == 9
