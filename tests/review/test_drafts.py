"""From titles to a suite that experts passed: what one command writes, the next one reads."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from microworldbench.review.desk import Desk
from microworldbench.review.exchange.arriving import import_answers
from microworldbench.review.studies.folder import StudyFolder
from microworldbench.rubric import ReviewStatus
from microworldbench.suites import load_folder

sys.path.append(str(Path(__file__).parents[1] / "servers"))
from drafting import drafted
from judge_server import JudgeServer

MODEL = ("--model", "openai:gpt-5")
Run = Callable[..., str]


@pytest.fixture
def mwb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """The command line in this process; ``mwb draft`` asks a scripted model on a real socket."""
    from microworldbench._cli import main

    with JudgeServer(writes=drafted) as server:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789abcdef")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)

        def run(*args: object, code: int = 0) -> str:
            with pytest.raises(SystemExit) as ended:
                main([*map(str, args)])
            said = capsys.readouterr()
            assert int(ended.value.code or 0) == code, said.err
            return said.out if code == 0 else said.err

        yield run


@pytest.fixture
def draft(mwb: Run, tmp_path: Path) -> Path:
    """Six drafted tasks without a rubric: two organ, three cellular (one unsure), one subcellular."""
    titles = ["mitosis of a cell", "two kinds of organ motion", "vesicle docking", "an unsure cell", "a cell crawls"]
    (tmp_path / "titles.csv").write_text("title\n" + "".join(f"{title}\n" for title in titles))
    mwb("draft", "tasks", "titles.csv", "--out", "d", *MODEL)
    mwb("draft", "classify", "d", *MODEL)
    return tmp_path / "d"


def votes(**by_words: str) -> Callable[[Any], dict[str, str]]:
    """Answers by a word of the task's title; the rest is relevant."""

    def answer(item: Any) -> dict[str, str]:
        said = next((vote for word, vote in by_words.items() if word in item.title), "relevant")
        level = {"level": "subcellular"} if "unsure" in item.title else {}
        return {"answer": said, **level}

    return answer


def test_titles_become_a_suite_that_three_experts_passed(mwb: Run, draft: Path, answered: Any, tmp_path: Path) -> None:
    said = mwb("review", "new", "worth", "--kind", "relevance", "--draft", "d")
    assert "relevance study of 6 items for 3 experts" in said
    answered(
        StudyFolder(tmp_path / "worth"),
        {
            "Ann": votes(crawls="not_relevant", docking="unsure"),
            "Bob": votes(crawls="not_relevant"),
            "Cy": votes(),
        },
    )
    mwb("review", "merge", "worth", "--out", "worthwhile")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "worthwhile" / "votes.csv").read_text())))
    assert len(rows) == 18
    assert {row["relevant"] for row in rows} == {"yes", "no", ""}
    mwb("draft", "rubrics", "d", "--votes", "worthwhile/votes.csv", *MODEL)
    funnel = json.loads(mwb("draft", "status", "d", "--json"))
    assert funnel["left_out"] == {"irrelevant": 1}
    assert funnel["kept"] == {"organ": 2, "cellular": 1, "subcellular": 2}  # the unsure one goes where experts put it
    mwb("draft", "suite", "d", "--license", "CC-BY-4.0")
    drafts = load_folder(draft / "suite")
    assert sorted(task.level.value for task in drafts.tasks) == [
        "cellular",
        "organ",
        "organ",
        "subcellular",
        "subcellular",
    ]
    assert {task.review.status for task in drafts.tasks} == {ReviewStatus.DRAFTED}

    mwb("review", "new", "revision", "--kind", "revise", "--suite", "d/suite")
    folder = StudyFolder(tmp_path / "revision")
    first = drafts.tasks[0].criteria[0].id

    def says(text: str) -> Callable[[Any], dict[str, str]]:
        def answer(item: Any) -> dict[str, str]:
            criteria = folder.task(item).criteria
            fields = {f"action.{c.id}": "keep" for c in criteria} | {"task": "keep"}
            if item.id == drafts.tasks[0].id:
                fields |= {f"action.{first}": "modify", f"statement.{first}": text, f"why.{first}": "It was vague."}
            return fields

        return answer

    answered(folder, {name: says(f"A sharper claim, number {n // 2}.") for n, name in enumerate(("Ann", "Bob", "Cy"))})
    mwb("review", "merge", "revision", "--out", "passed")
    passed = load_folder(tmp_path / "passed" / "suite")
    assert {task.review.status for task in passed.tasks} == {ReviewStatus.REVIEWED}
    assert passed.by_id[drafts.tasks[0].id].criteria[0].statement == "A sharper claim, number 0."
    assert passed.version == "2-A"


def test_experts_are_asked_before_there_are_levels(mwb: Run, tmp_path: Path, serving: Any) -> None:
    (tmp_path / "titles.csv").write_text("title\nmitosis of a cell\n")
    mwb("draft", "tasks", "titles.csv", "--out", "d", *MODEL)
    mwb("review", "new", "study", "--kind", "relevance", "--draft", "d")
    with serving(StudyFolder(tmp_path / "study")) as served:
        ann = served.visitor("Ann")
        page = ann.get("/item/1").text
        assert "mitosis of a cell 0" in page
        assert "Show mitosis of a cell, part 0." in page
        assert ann.answer(1, {"answer": "relevant", "level": "cellular"}).status == 303
    said = mwb("review", "new", "drawn", "--kind", "relevance", "--draft", "d", "--per-level", 1, code=2)
    assert "1 of 1 drafted tasks have no level yet" in said
    assert "mwb draft classify d" in said


def test_a_draw_of_drafts_says_how_many_each_stands_for(mwb: Run, draft: Path, tmp_path: Path) -> None:
    said = mwb("review", "new", "study", "--kind", "relevance", "--draft", "d", "--per-level", 1)
    assert "cellular: 1 of 3 tasks, each stands for 3" in said
    assert {item.inclusion.weight for item in StudyFolder(tmp_path / "study").items} == {1, 2, 3}


def test_votes_can_be_taken_back_in(mwb: Run, draft: Path, answered: Any, tmp_path: Path) -> None:
    for name in ("here", "there"):
        mwb("review", "new", name, "--kind", "relevance", "--draft", "d")
    answered(StudyFolder(tmp_path / "here"), {"e1": votes(crawls="not_relevant", docking="unsure"), "e2": votes()})
    mwb("review", "export", "here", "--out", "out", "--format", "rows")
    with Desk(StudyFolder(tmp_path / "there")) as desk:
        assert import_answers(desk, tmp_path / "out" / "votes.csv").answers == 12
    mwb("review", "export", "there", "--out", "again", "--format", "rows")
    once, twice = ((tmp_path / name / "votes.csv").read_text() for name in ("out", "again"))
    assert sorted(csv.reader(io.StringIO(once))) == sorted(csv.reader(io.StringIO(twice)))


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--kind", "revise"], "'mwb draft suite' makes a suite of them"),
        (["--kind", "relevance", "--suite", "core"], "give --draft alone"),
        (["--kind", "relevance", "--task", "t1"], "unknown task 't1'"),
    ],
)
def test_a_draft_that_cannot_be_asked_about_is_told(mwb: Run, draft: Path, args: list[str], said: str) -> None:
    assert said in mwb("review", "new", "study", "--draft", "d", *args, code=2)


def test_a_folder_that_is_no_draft_is_told(mwb: Run) -> None:
    assert "is not a draft folder" in mwb("review", "new", "s", "--kind", "relevance", "--draft", "nowhere", code=2)
