"""Submissions ranked and written as a static site."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import microworldbench as bench
from microworldbench import published
from microworldbench.comparison.failures import treat_failures
from microworldbench.errors import InputError
from microworldbench.leaderboard import build, refresh
from microworldbench.leaderboard.build import read_ranked
from microworldbench.report import Report
from microworldbench.rubric import Dimension, Level, Polarity
from microworldbench.stats import paired

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}\x1b[31m\u202e=cmd|'/C calc'!A0"


class Links(HTMLParser):
    """Every address of a page, every id, and every tag."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("href", "src") and value is not None:
                self.addresses.append(value)
            if name == "id" and value is not None:
                self.ids.append(value)


def rows(site: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((site / "data/leaderboard.csv").read_text())))


def test_rows_stand_by_score_with_what_their_reports_say(board: Any, submissions: Path, tmp_path: Path) -> None:
    folders = board()
    table = build(submissions, tmp_path / "site").tables[0]
    assert [row.submission for row in table.rows] == ["model-0", "model-1", "model-2"]
    for row, folder in zip(table.rows, folders, strict=True):
        card = Report.load(folder.path / "run").scorecard
        assert (row.score, row.by_level, row.by_dimension) == (card.overall, card.by_level, card.by_dimension)
        assert (row.tasks, row.seeds, row.standing.word) == (36, 1, "self-reported")


def test_ranks_tiers_and_differences_are_the_statistics_packages(board: Any, submissions: Path, tmp_path: Path) -> None:
    folders = board((0.9, 0.62, 0.6, 0.3), tasks=40)
    [ranked] = read_ranked(submissions)
    reports = [Report.load(folder.path / "run") for folder in folders]
    by_slug = {folder.slug: report for folder, report in zip(folders, reports, strict=True)}
    order = [row.submission for row in ranked.table.rows]
    scores = [[task.score.value for task in by_slug[slug].tasks] for slug in order]
    expected = paired.compare(scores, order)
    assert [(r.best_rank, r.worst_rank) for r in ranked.table.rows] == [(r.best, r.worst) for r in expected.ranks]
    assert [row.tier for row in ranked.table.rows] == list(expected.tiers)
    for gap in ranked.differences:
        wanted = expected.between(gap.first, gap.second)
        assert gap.value == pytest.approx(wanted.value, abs=1e-6)
        assert gap.ci95 == pytest.approx(wanted.interval, abs=1e-6)
        assert (gap.p, gap.p_adjusted) == (round(wanted.p, 6), round(wanted.p_adjusted, 6))
    between = bench.compare(*(submissions / slug / "run" for slug in order[:2])).overall.difference
    assert ranked.between(0, 1)[0].value == between.value
    assert ranked.between(0, 1)[0].ci95 == between.ci95


def test_failures_are_treated_as_in_a_comparison(submit: Any, make_suite: Any, submissions: Path) -> None:
    suite = make_suite(12)
    lost = {"a": ["task-000", "task-003"], "b": ["task-003", "task-007"], "c": []}
    penal = lambda task, seed, c, vote: c.polarity is Polarity.PENALTY and int(task[-3:]) % 2 == 0  # noqa: E731
    submit(suite, "a", 0.7, failed=lost["a"])
    submit(suite, "b", answer=penal, failed=lost["b"], seeds=(0, 1))
    submit(suite, "c", 0.4)
    [ranked] = read_ranked(submissions)
    reports = {e.slug: Report.load(submissions / e.slug / "run") for e in ranked.entries}
    wanted = {t.name: t for t in treat_failures({slug: list(report.tasks) for slug, report in reports.items()})}
    for row in ranked.table.rows:
        for name in ("completed_only", "failure_at_worst", "floored_at_zero"):
            assert getattr(row.treatments, name) == pytest.approx(wanted[name].scores[row.submission], abs=2e-6)
    changed = any(t.changes_order for t in wanted.values())
    assert ranked.table.order_depends_on_failures == changed
    assert changed == any(row.treatments.moves for row in ranked.table.rows)


def test_an_order_that_hangs_on_failures_is_flagged(
    submit: Any, make_suite: Any, submissions: Path, tmp_path: Path
) -> None:
    """Worst when it tries, it refuses most of the time and so scores better than a model that always tries."""
    suite = make_suite(10)
    bad = lambda task, seed, c, vote: c.polarity is Polarity.PENALTY  # noqa: E731
    worse = lambda task, seed, c, vote: c.polarity is Polarity.PENALTY and task != "task-000"  # noqa: E731
    submit(suite, "refuser", answer=bad, failed=[f"task-{n:03d}" for n in range(1, 10)])
    submit(suite, "trier", answer=worse)
    table = build(submissions, tmp_path / "site").tables[0]
    assert [row.submission for row in table.rows] == ["refuser", "trier"]
    assert "failure_at_worst" in table.rows[0].treatments.moves
    assert table.order_depends_on_failures
    assert "hangs on how failed videos are scored" in (tmp_path / "site/index.html").read_text()


def test_penalties_are_the_points_they_cost(submit: Any, make_suite: Any, submissions: Path) -> None:
    suite = make_suite(9)
    submit(suite, "all", answer=lambda task, seed, c, vote: True)
    submit(suite, "none", answer=lambda task, seed, c, vote: c.polarity is Polarity.REWARD)
    [ranked] = read_ranked(submissions)
    by = {row.submission: row for row in ranked.table.rows}
    assert (by["none"].score.value, by["none"].lost_to_penalties, by["none"].penalty_share) == (100.0, 0.0, 0.0)
    assert (by["all"].score.value, by["all"].lost_to_penalties, by["all"].penalty_share) == (75.0, 25.0, 0.25)
    assert (by["none"].win_rate, by["all"].win_rate) == (1.0, 0.0)


def test_other_suites_and_judges_stand_in_tables_of_their_own(
    submit: Any, make_suite: Any, submissions: Path, tmp_path: Path
) -> None:
    small, large = make_suite(4), make_suite(5)
    submit(small, "a")
    submit(large, "b")
    submit(large, "c")
    submit(large, "d", judge="other")
    submit(large, "e", judge_settings={"frames": 16})
    found = build(submissions, tmp_path / "site")
    assert [[row.submission for row in table.rows] for table in found.tables] in (
        [["b", "c"], ["d"], ["e"], ["a"]], [["c", "b"], ["d"], ["e"], ["a"]],
        [["b", "c"], ["e"], ["d"], ["a"]], [["c", "b"], ["e"], ["d"], ["a"]],
    )  # fmt: skip
    assert len({table.id for table in found.tables}) == 4


def test_one_model_on_one_task_makes_a_site(submit: Any, make_suite: Any, submissions: Path, tmp_path: Path) -> None:
    submit(make_suite(1), "lonely")
    row = build(submissions, tmp_path / "site").tables[0].rows[0]
    assert (row.tier, row.win_rate, row.score.ci95) == (1, None, None)
    assert not list((tmp_path / "site").glob("*/differences.html"))


def test_models_with_equal_verdicts_share_a_tier(submit: Any, make_suite: Any, submissions: Path) -> None:
    suite = make_suite(40)
    for name in "ab":
        submit(suite, name, answer=lambda task, seed, c, vote: True)
    [ranked] = read_ranked(submissions)
    assert [(r.tier, r.best_rank, r.worst_rank) for r in ranked.table.rows] == [(1, 1, 2), (1, 1, 2)]
    assert (ranked.differences[0].value, ranked.differences[0].p_adjusted) == (0.0, 1.0)


def test_votes_and_panels_are_counted_as_they_are_scored(submit: Any, make_suite: Any, submissions: Path) -> None:
    suite = make_suite(6)
    split = lambda task, seed, c, vote: [True, False, None][(int(task[-3:]) + vote) % 3]  # noqa: E731
    submit(suite, "voted", answer=split, votes=3)
    [ranked] = read_ranked(submissions)
    assert ranked.table.rows[0].score == Report.load(submissions / "voted/run").overall


def test_a_report_that_verdicts_do_not_give_stops_the_build(board: Any, submissions: Path, tmp_path: Path) -> None:
    folder = board()[1]
    report = json.loads((folder.path / "run/report.json").read_text())
    for change in (
        lambda r: r["overall"].update(value=99.0),
        lambda r: r["overall"].update(ci95=[98.0, 99.0]),
        lambda r: r["tasks"][3]["score"].update(value=99.0),
        lambda r: r["by_level"]["organ"].update(value=99.0),
        lambda r: r["by_dimension"]["visual_quality"].update(value=99.0),
        lambda r: r["generator"].update(name="better"),
        lambda r: r["tasks"].pop(),
        lambda r: r.update(overall=None),
    ):
        content = json.loads(json.dumps(report))
        change(content)
        (folder.path / "run/report.json").write_text(json.dumps(content))
        folder.seal()
        with pytest.raises(InputError, match="submission 'model-1'"):
            build(submissions, tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_one_flipped_byte_stops_the_build(board: Any, submissions: Path, tmp_path: Path) -> None:
    file = board()[0].path / "run/calls.jsonl"
    data = file.read_bytes()
    file.write_bytes(data[:100] + bytes([data[100] ^ 1]) + data[101:])
    with pytest.raises(InputError, match=r"submission 'model-0': run/calls\.jsonl is not as it was sealed"):
        build(submissions, tmp_path / "site")


def test_two_claims_on_one_row_stop_the_build(submit: Any, make_suite: Any, submissions: Path, tmp_path: Path) -> None:
    suite = make_suite(3)
    submit(suite, "Wan 2.1", slug="one")
    submit(suite, "wan-2.1", slug="two")
    with pytest.raises(InputError, match="'one' and 'two' are both"):
        build(submissions, tmp_path / "site")


def test_a_view_with_other_weights_stops_the_build(
    submit: Any, make_suite: Any, submissions: Path, tmp_path: Path
) -> None:
    """Texts stay out of an unlicensed suite's snapshot, so its digest proves nothing; but two rows must agree."""
    suite = make_suite(3, license=None)
    submit(suite, "a", answer=lambda *a: True)
    folder = submit(suite, "b", answer=lambda *a: True)
    kept = json.loads((folder.path / "run/suite.json").read_text())
    for task in kept["tasks"]:
        for criterion in task["criteria"]:
            criterion["weight"] /= 2
    (folder.path / "run/suite.json").write_text(json.dumps(kept))
    folder.seal()
    with pytest.raises(InputError, match="name one view but hold different"):
        build(submissions, tmp_path / "site")


def test_a_folder_that_is_not_a_site_is_left_alone(
    board: Any, submissions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board((0.5,), tasks=2)
    (tmp_path / "file").write_text("notes")
    with pytest.raises(InputError, match="is a file"):
        build(submissions, tmp_path / "file")
    (tmp_path / "pages").mkdir()
    monkeypatch.chdir(tmp_path / "pages")
    build(submissions, ".")
    (tmp_path / "pages/.git").write_text("gitdir: elsewhere")
    with pytest.raises(InputError, match="is a git checkout"):
        build(submissions, tmp_path / "pages")
    (tmp_path / "home").mkdir()
    (tmp_path / "home/thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match="not a leaderboard"):
        build(submissions, tmp_path / "home")
    assert (tmp_path / "home/thesis.tex").exists()


def test_an_earlier_site_is_replaced_as_a_whole(board: Any, submissions: Path, tmp_path: Path) -> None:
    folders = board((0.5, 0.6), tasks=3)
    build(submissions, tmp_path / "site")
    shutil.rmtree(folders[1].path)
    build(submissions, tmp_path / "site")
    assert not (tmp_path / "site/models/model-1.html").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["runs", "site", "submissions"]


def test_the_site_is_the_same_bytes_in_any_locale_zone_order_and_number_of_threads(
    board: Any, submissions: Path, tmp_path: Path, mwb: Any
) -> None:
    board([0.2 + 0.06 * n for n in range(10)], tasks=31)  # enough that several processes read them
    build(submissions, tmp_path / "here")
    shutil.copytree(submissions, tmp_path / "elsewhere")
    os.utime(tmp_path / "elsewhere/model-3/run/report.json", (0, 0))
    environment = {"LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "7"}
    environment |= {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    for number, more in enumerate(
        (environment, {"LC_ALL": "C", "TZ": "UTC", "PYTHONHASHSEED": "1", "PYTHONUTF8": "0"})
    ):
        done = mwb("leaderboard", "build", "elsewhere", "--out", f"site-{number}", **more)
        assert done.returncode == 0, done.stderr
        assert content_of(tmp_path / f"site-{number}") == content_of(tmp_path / "here")


def content_of(site: Path) -> dict[str, bytes]:
    return {file.relative_to(site).as_posix(): file.read_bytes() for file in site.rglob("*") if file.is_file()}


def test_every_link_leads_somewhere(board: Any, submissions: Path, tmp_path: Path) -> None:
    board(tasks=5)
    build(submissions, tmp_path / "site")
    pages = sorted((tmp_path / "site").rglob("*.html"))
    assert len(pages) == 1 + 3 + 1 + 5 + 1
    for page in pages:
        found = Links(page.read_text())
        assert len(found.ids) == len(set(found.ids)), page
        for address in found.addresses:
            path, _, anchor = address.partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.is_file(), (page, address)
            assert tmp_path / "site" in target.parents
            if anchor and target.suffix == ".html":
                assert anchor in Links(target.read_text()).ids, (page, address)


def test_hostile_text_in_every_field_is_shown_and_nothing_else(
    submit: Any, make_suite: Any, submissions: Path, tmp_path: Path
) -> None:
    suite = make_suite(3)
    hostile_tasks = tuple(
        task.model_copy(
            update={
                "title": task.title + HOSTILE,
                "prompt": task.prompt + HOSTILE,
                "criteria": tuple(c.model_copy(update={"statement": c.statement + HOSTILE}) for c in task.criteria),
            }
        )
        for task in suite.tasks
    )
    suite = suite.model_copy(update={"title": suite.title + HOSTILE, "tasks": hostile_tasks})
    about = {"version": HOSTILE, "authors": (HOSTILE, "=1+1"), "notes": HOSTILE}
    submit(suite, HOSTILE, slug="one", about=about, judge=HOSTILE, judge_settings={HOSTILE: HOSTILE})
    submit(suite, "@two", slug="two", about=about, judge=HOSTILE, judge_settings={HOSTILE: HOSTILE})
    build(submissions, tmp_path / "site")
    for page in (tmp_path / "site").rglob("*.html"):
        text, tags = page.read_text(), Links(page.read_text()).tags
        assert tags.count("script") == 1, page
        assert "img" not in tags
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "49" not in re.findall(r"onerror=alert\(2\)&gt;(..)", text)
    for row in rows(tmp_path / "site"):
        assert not any((value or "").startswith(("=", "+", "@")) for value in row.values())
        assert not any(re.match(r"-[^0-9.]", value or "") for value in row.values())
    assert rows(tmp_path / "site")[0]["authors"].startswith("&lt;") is False
    assert {row["model"][:2] for row in rows(tmp_path / "site")} == {"<s", "'@"}


def test_downloads_hold_every_number(board: Any, submissions: Path, tmp_path: Path) -> None:
    board(tasks=6)
    found = build(submissions, tmp_path / "site")
    assert json.loads((tmp_path / "site/data/leaderboard.json").read_text()) == found.model_dump(
        mode="json", by_alias=True
    )
    table = found.tables[0]
    for line, row in zip(rows(tmp_path / "site"), table.rows, strict=True):
        assert float(line["score"]) == row.score.value
        assert float(line["organ"]) == row.by_level[Level.ORGAN].value
        assert float(line["visual_quality"]) == row.by_dimension[Dimension.VISUAL_QUALITY].value
    tasks = list(csv.DictReader(io.StringIO((tmp_path / "site" / table.id / "tasks.csv").read_text())))
    assert len(tasks) == 18
    report = Report.load(submissions / "model-0/run")
    own = {line["task"]: float(line["score"]) for line in tasks if line["submission"] == "model-0"}
    assert own == pytest.approx({task.id: task.score.value for task in report.tasks})
    gaps = list(csv.DictReader(io.StringIO((tmp_path / "site" / table.id / "differences.csv").read_text())))
    assert len(gaps) == 3


def test_pages_name_what_the_reader_needs(board: Any, submissions: Path, tmp_path: Path) -> None:
    board(tasks=6, failed=["task-002"])
    found = build(submissions, tmp_path / "site")
    index = (tmp_path / "site/index.html").read_text()
    for words in (
        "uncorrected",
        "uncertified judge",
        "self-reported",
        "As published",
        published.SOURCE,
        "Tier 1",
        "6 × 1",
    ):
        assert words in index, words
    for row in published.SCORES:
        assert row.model in index
    model = (tmp_path / "site/models/model-2.html").read_text()
    assert "Tasks, the worst first <small>1 failed video</small>" in model
    assert model.index("Against the others") > 0
    task = (tmp_path / "site" / found.tables[0].id / "tasks/task-002.html").read_text()
    assert task.count('<span class="tag bad">failed</span>') == 3
    assert task.count("○") >= 12


def test_a_corrected_score_stands_beside_the_judges(
    submit: Any, make_suite: Any, submissions: Path, tmp_path: Path, answers: Any
) -> None:
    suite = make_suite(12)
    folder = submit(suite, "a", 0.8)
    strict = answers("a", 0.5)
    labels = [
        {"task": t.id, "criterion": c.id, "rater": "e", "met": strict(t.id, 0, c, 0), "inclusion": 1.0}
        for t in suite.tasks
        for c in t.criteria
    ]
    (folder.path / "run/labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in labels))
    Report.from_run(folder.path / "run").save(folder.path / "run")
    folder.seal()
    row = build(submissions, tmp_path / "site").tables[0].rows[0]
    assert row.corrected.value < row.score.value
    assert "Corrected by experts" in (tmp_path / "site/models/a.html").read_text()


def test_the_readme_is_refreshed_between_its_marks(board: Any, submissions: Path, tmp_path: Path) -> None:
    board(tasks=4)
    readme = tmp_path / "README.md"
    readme.write_text("# Title\n\n<!-- leaderboard:begin -->\nold\n<!-- leaderboard:end -->\n\nThe end.\n")
    assert refresh(submissions, readme, top=2)
    text = readme.read_text()
    assert text.startswith("# Title\n\n<!-- leaderboard:begin -->\n| Rank | Model")
    assert text.endswith("<!-- leaderboard:end -->\n\nThe end.\n")
    assert "model-0 1.0" in text
    assert "model-2 1.0" not in text
    assert "The first 2 of 3 rows." in text
    assert not refresh(submissions, readme, top=2)


@pytest.mark.parametrize("content", ["no marks", "<!-- leaderboard:end --><!-- leaderboard:begin -->"])
def test_a_readme_without_its_marks_is_left_alone(board: Any, submissions: Path, tmp_path: Path, content: str) -> None:
    board((0.5,), tasks=2)
    (tmp_path / "README.md").write_text(content)
    with pytest.raises(InputError, match="must hold"):
        refresh(submissions, tmp_path / "README.md")
    assert (tmp_path / "README.md").read_text() == content


def test_names_cannot_break_the_readmes_table(submit: Any, make_suite: Any, submissions: Path, tmp_path: Path) -> None:
    submit(make_suite(2), "a|b\n<script> @you #1", slug="a")
    (tmp_path / "README.md").write_text("<!-- leaderboard:begin --><!-- leaderboard:end -->")
    refresh(submissions, tmp_path / "README.md")
    line = next(x for x in (tmp_path / "README.md").read_text().splitlines() if "1.0" in x)
    assert len(re.findall(r"(?<!\\)\|", line)) == 8
    assert "<script" not in line


def test_the_command_builds_from_disk(board: Any, submissions: Path, tmp_path: Path, mwb: Any) -> None:
    board(tasks=4)
    done = mwb("leaderboard", "build", "submissions", "--out", "site")
    assert done.returncode == 0, done.stderr
    assert "model-0 1.0" in done.stdout
    assert json.loads(mwb("leaderboard", "build", "submissions", "--out", "site", "--json").stdout) == json.loads(
        (tmp_path / "site/data/leaderboard.json").read_text()
    )
    (tmp_path / "README.md").write_text("<!-- leaderboard:begin --><!-- leaderboard:end -->")
    assert "refreshed" in mwb("leaderboard", "readme", "submissions", "README.md").stdout
    assert "up to date" in mwb("leaderboard", "readme", "submissions", "README.md").stdout


def test_nothing_heavy_is_imported_to_show_the_help() -> None:
    code = (
        "import sys\nfrom microworldbench._cli import main\n"
        "try: main(['leaderboard', '--help'])\nexcept SystemExit: pass\n"
        "print(sorted({'numpy', 'scipy', 'jinja2', 'av'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
