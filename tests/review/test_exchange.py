"""In and out: the same answers, whichever way they came."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from microworldbench.errors import InputError
from microworldbench.review.desk import ClosedError, Desk
from microworldbench.review.exchange.arriving import Imported, import_answers
from microworldbench.review.exchange.leaving import export_study
from microworldbench.review.exchange.rows import csv_text
from microworldbench.review.store.board import Board, Slot
from microworldbench.review.studies.folder import StudyFolder


@pytest.fixture
def verdicts(make: Any, make_suite: Any, run_with_videos: Any) -> StudyFolder:
    return make("verdict", runs=[run_with_videos(name, make_suite(2)) for name in ("alpha", "beta")])


@pytest.fixture
def arrive(tmp_path: Path) -> Callable[..., Imported]:
    """Imports rows or a JSON document."""

    def arrived(folder: StudyFolder, content: Any, name: str = "answers.jsonl") -> Imported:
        path = tmp_path / name
        if name.endswith(".json"):
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        elif name.endswith(".csv"):
            path.write_text(csv_text(content))
        else:
            path.write_text("".join(json.dumps(row) + "\n" for row in content))
        with Desk(folder) as desk:
            return import_answers(desk, path)

    return arrived


def fields_of(folder: StudyFolder, round_: int = 1) -> dict[tuple[str, str], dict[str, str]]:
    board = Board.read(folder.path / "events.jsonl")
    return {(given.expert, given.item): given.fields for given in board.answers(round_)}


def annotated(folder: StudyFolder, tmp_path: Path, answer: Callable[[dict], dict[str, Any]], **more: Any) -> list[Any]:
    """What Label Studio exports after somebody worked through our tasks."""
    export_study(folder, tmp_path / "ls", ("label-studio",))
    tasks = json.loads((tmp_path / "ls" / "label-studio-tasks.json").read_text())
    for number, task in enumerate(tasks, start=1):
        result = [
            {"from_name": name, "to_name": "video", "type": "choices", "value": {"choices": value}}
            if isinstance(value, list)
            else {"from_name": name, "to_name": "video", "type": "textarea", "value": {"text": [value]}}
            for name, value in answer(task["data"]).items()
        ]
        own = {"completed_by": 7, "was_cancelled": False, "lead_time": 12.5, "result": result, **more}
        task |= {"id": number, "annotations": [own]}
    return tasks


def all_met(data: dict) -> dict[str, Any]:
    return {f"claim_{n}": ["met"] for n in range(1, 5)}


def test_label_studios_answers_arrive_where_they_belong(verdicts: Any, arrive: Any, tmp_path: Path) -> None:
    def answer(data: dict) -> dict[str, Any]:
        return {f"claim_{n}": ["not_met" if data[f"claim_{n}_id"] == "c2" else "met"] for n in range(1, 5)}

    found = arrive(verdicts, annotated(verdicts, tmp_path, answer), "project.json")
    assert (found.answers, found.incomplete, found.experts) == (4, 0, {"Label Studio 7": "e1"})
    expected = {"met.c1": "met", "met.c2": "not_met", "met.c3": "met", "met.c4": "met"}
    assert fields_of(verdicts) == {("e1", item.id): expected for item in verdicts.items}
    events = [v.event for versions in Board.read(verdicts.path / "events.jsonl").versions.values() for v in versions]
    assert {event.origin for event in events} == {"label-studio"}


def test_what_was_skipped_is_left_out(verdicts: Any, arrive: Any, tmp_path: Path) -> None:
    tasks = annotated(verdicts, tmp_path, all_met, was_cancelled=True)
    with pytest.raises(InputError, match="holds no answer"):
        arrive(verdicts, tasks, "project.json")


def test_addresses_of_annotators_are_not_taken_over(verdicts: Any, arrive: Any, tmp_path: Path) -> None:
    tasks = annotated(verdicts, tmp_path, all_met, completed_by={"id": 3, "email": "ann@example.org"})
    assert arrive(verdicts, tasks, "project.json").experts == {"Label Studio 3": "e1"}
    assert not [p for p in verdicts.path.iterdir() if p.is_file() and "example.org" in p.read_text(errors="replace")]


def test_the_labelling_configuration_fits_the_tasks(verdicts: Any, tmp_path: Path) -> None:
    export_study(verdicts, tmp_path / "ls", ("label-studio",))
    config = ET.fromstring((tmp_path / "ls" / "label-studio-config.xml").read_text())
    tasks = json.loads((tmp_path / "ls" / "label-studio-tasks.json").read_text())
    names = {element.get("name") for element in config.iter() if element.get("name")}
    for element in config.iter():
        if (to := element.get("toName")) is not None:
            assert to in names
        if (value := element.get("value") or "").startswith("$"):
            assert all(value[1:] in task["data"] for task in tasks)
    assert {e.tag for e in config.iter("Choices")} == {"Choices"}
    for task in tasks:
        assert (tmp_path / "ls" / task["data"]["video"].partition("?d=")[2]).is_file()
        assert "alpha" not in json.dumps(task)


def test_a_pair_is_not_asked_by_a_tag_without_ties(
    make: Any, make_suite: Any, run_with_videos: Any, tmp_path: Path
) -> None:
    folder = make("pair", runs=[run_with_videos(name, make_suite(2)) for name in ("alpha", "beta")])
    export_study(folder, tmp_path / "ls", ("label-studio",))
    config = (tmp_path / "ls" / "label-studio-config.xml").read_text()
    assert "Pairwise" not in config
    for choice in ("left", "tie", "right", "cannot_judge"):
        assert f'value="{choice}"' in config


def test_pairs_come_back_with_their_sides(
    make: Any, make_suite: Any, run_with_videos: Any, arrive: Any, tmp_path: Path
) -> None:
    from microworldbench.preferences import measure_preferences

    folder = make("pair", runs=[run_with_videos(name, make_suite(6)) for name in ("alpha", "beta")], repeats=0.0)

    alpha = {film.file for item in folder.items for film in item.films if film.run == "alpha"}

    def prefers_alpha(data: dict) -> dict[str, Any]:
        return {"choice": ["left" if data["left"] in alpha else "right"], "why": "the chromosomes part"}

    arrive(folder, annotated(folder, tmp_path, prefers_alpha), "project.json")
    export_study(folder, tmp_path / "out", ("rows",))
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out" / "votes.csv").read_text())))
    assert {row["left"] for row in rows} == {"alpha", "beta"}  # both sides occur
    found = measure_preferences(tmp_path / "out" / "votes.csv", model="alpha")
    assert found.pairs[0].all_votes.win.value == 1.0


@pytest.mark.parametrize("kind", ["relevance", "clip", "caption"])
def test_every_kind_but_a_revision_goes_to_label_studio_and_back(
    kind: str, make: Any, make_suite: Any, make_clips: Any, arrive: Any, tmp_path: Path
) -> None:
    folder = make(kind, **({"suite": make_suite(2)} if kind == "relevance" else {"clips": make_clips(2)}))
    given: dict[str, Any] = {
        "relevance": {"answer": ["relevant"], "why": "it is"},
        "clip": {"decision": ["reject"], "reason": ["cuts", "writing"], "why": "ugly"},
        "caption": {"decision": ["correct"], "text": "Two cells part."},
    }[kind]
    assert arrive(folder, annotated(folder, tmp_path, lambda data: given), "project.json").incomplete == 0
    expected = {
        "relevance": {"answer": "relevant", "why": "it is"},
        "clip": {"decision": "reject", "reason.cuts": "yes", "reason.writing": "yes", "why": "ugly"},
        "caption": {"decision": "correct", "text": "Two cells part."},
    }[kind]
    assert [fields == expected for fields in fields_of(folder).values()] == [True, True]


def test_a_revision_has_no_form_in_label_studio(make: Any, make_suite: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="later rounds depend on the earlier"):
        export_study(make("revise", suite=make_suite(1)), tmp_path / "ls", ("label-studio",))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON"),
        ({"tasks": []}, "must be a list of tasks"),
        ([{"item": "x"}], "export as JSON, not JSON_MIN"),
        ([{"data": {"item": "nope"}, "annotations": []}], "which this study does not hold"),
        ([1, 2], "no data"),
    ],
)
def test_a_file_that_is_no_export_is_refused(verdicts: Any, arrive: Any, content: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        arrive(verdicts, content, "project.json")


def test_one_wrong_answer_keeps_all_out(verdicts: Any, arrive: Any, tmp_path: Path) -> None:
    tasks = annotated(verdicts, tmp_path, all_met)
    tasks[-1]["annotations"][0]["result"][0]["value"]["choices"] = ["perhaps"]
    with pytest.raises(InputError, match=r"project.json: task 4: met.c\d: must be one of met, not_met, cannot_tell"):
        arrive(verdicts, tasks, "project.json")
    assert fields_of(verdicts) == {}


@pytest.mark.parametrize("name", ["answers.jsonl", "answers.csv"])
def test_label_files_are_taken_as_they_are(verdicts: Any, arrive: Any, name: str) -> None:
    rows = [
        {"task": item.task, "seed": 0, "criterion": claim.id, "rater": "Dr. A", "met": "met",
         "video_sha256": item.films[0].source_sha256}
        for item in verdicts.items
        for claim in item.claims
    ]  # fmt: skip
    found = arrive(verdicts, rows, name)
    assert (found.answers, found.incomplete) == (4, 0)
    assert set(map(len, fields_of(verdicts).values())) == {4}
    again = arrive(verdicts, rows, name)
    assert (again.answers, again.unchanged) == (4, 4)


def test_a_label_that_could_be_about_two_videos_is_refused(verdicts: Any, arrive: Any) -> None:
    rows = [{"task": "task-000", "criterion": "c1", "rater": "A", "met": "met"}]
    with pytest.raises(InputError, match=r"answers.jsonl:1: 2 items of this study fit task 'task-000'"):
        arrive(verdicts, rows)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"item": "nope", "expert": "A", "answer": "relevant"}, "no item 'nope'"),
        ({"item": "task-000", "answer": "relevant"}, "says not who answered"),
        ({"item": "task-000", "expert": "A", "answer": "perhaps"}, "must be one of relevant"),
        ({"item": "task-000", "expert": "A", "opinion": "yes"}, "there is no such field"),
        ({"task": "task-999", "expert": "A", "answer": "relevant"}, "no item of this study fit"),
        ({"item": "task-000", "expert": "\x1b[31mA", "answer": "relevant"}, "printable"),
    ],
)
def test_a_row_that_does_not_fit_is_refused(make: Any, make_suite: Any, arrive: Any, row: dict, said: str) -> None:
    folder = make("relevance", suite=make_suite(1))
    with pytest.raises(InputError, match=said):
        arrive(folder, [row])
    assert fields_of(folder) == {}


def test_a_name_that_cannot_be_kept_keeps_the_rows_before_it_out_too(make: Any, make_suite: Any, arrive: Any) -> None:
    folder = make("relevance", suite=make_suite(1))
    rows = [{"item": "task-000", "expert": name, "answer": "relevant"} for name in ("A", "x" * 100)]
    with pytest.raises(InputError, match=r"answers.jsonl:2: a name must have"):
        arrive(folder, rows)
    assert fields_of(folder) == {}


def test_two_rows_that_contradict_each_other_are_refused(make: Any, make_suite: Any, arrive: Any) -> None:
    folder = make("relevance", suite=make_suite(1))
    rows = [{"item": "task-000", "expert": "A", "answer": said} for said in ("relevant", "unsure")]
    with pytest.raises(InputError, match=r"answers.jsonl:2: 'A' answers answer otherwise than in .*answers.jsonl:1"):
        arrive(folder, rows)


@pytest.mark.parametrize("name", ["answers.jsonl", "answers.csv"])
def test_exported_rows_can_be_taken_by_a_copy_of_the_study(
    make: Any, make_suite: Any, answered: Any, arrive: Any, tmp_path: Path, name: str
) -> None:
    from microworldbench.review.studies.making import Plan, make_study
    from microworldbench.review.studies.records import Kind

    suite = make_suite(3)
    answers = {
        "Ann": lambda i: {"answer": "relevant", "level": "organ"},
        "Bob": lambda i: {"answer": "unsure", "why": "hm"},
    }
    folder = answered(make("relevance", suite=suite), answers)
    export_study(folder, tmp_path / "out", ("rows",))
    copy = make_study(tmp_path / "copy", Plan(kind=Kind.RELEVANCE, suite=suite))
    with Desk(copy) as desk:
        import_answers(desk, tmp_path / "out" / name)
    assert fields_of(copy) == fields_of(folder)


def test_votes_of_another_tool_keep_their_swapped_repeats(
    make: Any, make_suite: Any, run_with_videos: Any, arrive: Any, tmp_path: Path
) -> None:
    from microworldbench.preferences import measure_preferences

    folder = make("pair", runs=[run_with_videos(name, make_suite(1)) for name in ("alpha", "beta")])
    vote = {"task": "task-000", "evaluator": "Dr. A"}
    rows = [
        {**vote, "left": "alpha", "right": "beta", "choice": "left"},
        {**vote, "left": "beta", "right": "alpha", "choice": "left"},
    ]
    assert arrive(folder, rows).answers == 2
    export_study(folder, tmp_path / "out", ("rows",))
    assert measure_preferences(tmp_path / "out" / "votes.csv").self_consistency.value == 0.0
    with pytest.raises(InputError, match="otherwise than in"):
        arrive(folder, [*rows, {**rows[1], "choice": "tie"}])


def test_who_has_handed_in_keeps_the_rows_before_him_out_too(
    make: Any, make_suite: Any, answered: Any, arrive: Any
) -> None:
    folder = answered(make("relevance", suite=make_suite(1)), {"Ann": lambda i: {"answer": "relevant"}})
    rows = [{"item": "task-000", "expert": name, "answer": "unsure"} for name in ("Bob", "Ann")]
    with pytest.raises(InputError, match=r"answers.jsonl:2: 'Ann' has left or handed in"):
        arrive(folder, rows)
    assert set(fields_of(folder)) == {("e1", "task-000")}


def test_a_finished_study_takes_nothing_more(make: Any, make_suite: Any, answered: Any, arrive: Any) -> None:
    yes = lambda item: {"answer": "relevant"}  # noqa: E731
    folder = answered(make("relevance", suite=make_suite(1)), {"Ann": yes, "Bob": yes, "Cy": yes})
    with pytest.raises(ClosedError, match="the study is over"):
        arrive(folder, [{"item": "task-000", "expert": "Dee", "answer": "unsure"}])


def test_cells_that_a_spreadsheet_would_run_are_defused() -> None:
    text = csv_text([{"why": "=HYPERLINK(1)", "n": 1}, {"why": "-1", "n": None}, {"why": "@x"}, {"why": "plain"}])
    assert [row["why"] for row in csv.DictReader(io.StringIO(text))] == ["'=HYPERLINK(1)", "'-1", "'@x", "plain"]


def test_imported_revisions_count_like_any_other(make: Any, make_suite: Any, arrive: Any) -> None:
    folder = make("revise", suite=make_suite(1))
    fields = {f"action.c{n}": "keep" for n in (1, 3, 4)} | {"action.c2": "delete", "why.c2": "not to be seen"}
    arrive(folder, [{"item": "task-000", "expert": name, **fields} for name in ("A", "B")])
    from microworldbench.review.merge.merging import merge

    assert "c2" not in [c.id for c in merge(folder.path, unfinished=True).child.tasks[0].criteria]
    assert Board.read(folder.path / "events.jsonl").answer("e1", 1, Slot("task-000")).complete
