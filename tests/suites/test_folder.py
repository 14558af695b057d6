from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from microworldbench.errors import InputError, SuiteError
from microworldbench.suites import document
from microworldbench.suites.folder import load_folder
from microworldbench.suites.problems import SHOWN_PROBLEMS, SuiteProblemsError

Write = Callable[..., Path]

GOOD = """\
id: mitosis
level: cellular
title: Division
prompt: One cell divides.
criteria:
  - id: two
    dimension: scientific_fidelity
    statement: Two cells at the end.
    weight: 1.0
  - id: flicker
    dimension: visual_quality
    statement: The image flickers.
    polarity: penalty
    weight: 0.5
"""


def complaint(write: Write, text: str, name: str = "mitosis") -> str:
    home = write({name: text})
    with pytest.raises(SuiteError) as caught:
        load_folder(home, shown="core")
    return str(caught.value)


def test_a_folder_gives_its_tasks_sorted_by_id(folder: Write) -> None:
    home = folder({"mitosis": GOOD, "apoptosis": GOOD.replace("id: mitosis", "id: apoptosis")})
    suite = load_folder(home)
    assert [task.id for task in suite.tasks] == ["apoptosis", "mitosis"]
    assert (suite.id, suite.version, suite.license) == ("mine", "1-A", "CC0-1.0")


def test_the_digest_changes_with_any_word_and_not_with_the_layout_of_the_file(folder: Write) -> None:
    home = folder({"mitosis": GOOD})
    before = load_folder(home).digest
    file = home / "tasks" / "mitosis.yaml"
    file.write_text("# a comment\n" + yaml.safe_dump(yaml.safe_load(GOOD)))
    assert load_folder(home).digest == before
    file.write_text(GOOD.replace("Two cells", "Two daughter cells"))
    assert load_folder(home).digest != before


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("weight: 1.0", "weight: 0.0", "core/tasks/mitosis.yaml:9: criteria[0].weight must be in (0, 1], got 0.0"),
        ("weight: 1.0", "weight: 1.5", "core/tasks/mitosis.yaml:9: criteria[0].weight must be in (0, 1], got 1.5"),
        ("weight: 1.0", "weight: '1.0'", "mitosis.yaml:9: criteria[0].weight must be a number, got '1.0'"),
        ("weight: 1.0", "weight: true", "mitosis.yaml:9: criteria[0].weight must be a number, got true"),
        ("weight: 1.0", "weight: .nan", "mitosis.yaml:9: a number must be finite, got .nan"),
        ("weight: 1.0", "weihgt: 1.0", "criteria[0].weihgt is not a known field; did you mean 'weight'?"),
        ("    weight: 1.0\n", "", "core/tasks/mitosis.yaml:6: criteria[0].weight is required"),
        ("polarity: penalty", "polarity: bad", "criteria[1].polarity must be 'reward' or 'penalty', got 'bad'"),
        ("id: two", "id: two cells", "criteria[0].id must be letters, digits, '.', '_' or '-'"),
        ("id: two", "id: ../../x", "got '../../x'"),
        ("id: two", "id: FLICKER", "core/tasks/mitosis.yaml:10: criteria[1].id criterion ids must differ by more than"),
        ("title: Division", "title: 12", "mitosis.yaml:3: title must be text, got 12"),
        ("title: Division", "title: yes", "mitosis.yaml:3: title must be text, got true"),
        ("title: Division", "title: ' '", "mitosis.yaml:3: title must not be empty, got ' '"),
        ("title: Division", "title: [a]", "mitosis.yaml:3: title must be text, got a list"),
        ("level: cellular", "level: cell", "level must be 'organ', 'cellular' or 'subcellular', got 'cell'"),
        ("title: Division", "title: a\ntitle: b", "mitosis.yaml:4: key 'title' is given twice (first in line 3)"),
        ("title: Division", "title: &t Division", "mitosis.yaml:3: anchor &t found"),
        ("title: Division", "title: *t", "mitosis.yaml:3: alias *t found"),
        ("title: Division", "title: !!str Division", "mitosis.yaml:3: tag 'tag:yaml.org,2002:str' found"),
        ("title: Division", "title: !!python/name:os.system x", "tags are not allowed"),
        ("title: Division", "<<: {title: Division}", "<< is not a known field"),
        ("title: Division", "title:\tDivision", "mitosis.yaml:3: tab character found"),
        ("title: Division", "title: 'Division", "not valid YAML"),
        ("title: Division", "1: Division\ntitle: x", "a key must be text, got 1"),
        ("id: mitosis", "id: meiosis", "mitosis.yaml:1: id is 'meiosis', so the file must be named meiosis.yaml"),
        ("id: mitosis", "---\nid: mitosis\n---\nid: b", "mitosis.yaml:3: a second document begins"),
        ("criteria:", "criteria: []\nx:", "criteria needs at least one entry"),
    ],
)
def test_a_problem_names_file_line_and_field(folder: Write, old: str, new: str, said: str) -> None:
    assert old in GOOD
    assert said in complaint(folder, GOOD.replace(old, new, 1))


def test_all_problems_of_a_suite_come_at_once(folder: Write) -> None:
    bad = GOOD.replace("weight: 1.0", "weight: 7").replace("level: cellular", "level: cell")
    home = folder({"mitosis": bad, "b": "- not a mapping"}, header={"id": "mine", "version": "one", "title": "x"})
    with pytest.raises(SuiteProblemsError) as caught:
        load_folder(home)
    assert [p.field for p in caught.value.problems] == ["version", None, "level", "criteria[0].weight"]
    assert "version must be a version such as 1-A, got 'one'" in str(caught.value)


def test_a_long_list_of_problems_is_cut_short_with_its_length(folder: Write) -> None:
    home = folder({f"t{i}": "[]" for i in range(30)})
    with pytest.raises(SuiteProblemsError, match=r"^30 problems") as caught:
        load_folder(home)
    assert str(caught.value).count("\n") == SHOWN_PROBLEMS + 1
    assert str(caught.value).endswith("… and 10 more")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"  \n", "the file is empty"),
        (b"# nothing\n", "only comments"),
        (b"id: a\ntitle: \xff\n", "t.yaml:2: not UTF-8 (byte 0xff)"),
        (b"id: a\nprompt: " + b"x" * 1_000_000, "the file is over 1 MB"),
        (b"[" * 500_000, "nested more than"),
        (b"- " * 400_000, "nested more than"),
        (b"id: \x00", "not valid YAML"),
    ],
    ids=["empty", "blank", "comment", "latin", "large", "flow", "block", "nul"],
)
def test_a_file_that_is_no_task_at_all_is_named(folder: Write, content: bytes, said: str) -> None:
    home = folder({"t": ""})
    (home / "tasks" / "t.yaml").write_bytes(content)
    with pytest.raises(SuiteError, match=re.escape(said)):
        load_folder(home)


def test_a_link_out_of_the_folder_is_refused(folder: Write, tmp_path: Path) -> None:
    home = folder({"mitosis": GOOD})
    outside = tmp_path / "outside.yaml"
    outside.write_text(GOOD.replace("id: mitosis", "id: linked"))
    (home / "tasks" / "linked.yaml").symlink_to(outside)
    with pytest.raises(SuiteError, match=r"linked\.yaml: is a link out of the suite's folder"):
        load_folder(home)


def test_a_tasks_folder_linked_elsewhere_is_refused(folder: Write, tmp_path: Path) -> None:
    home = folder({})
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mitosis.yaml").write_text(GOOD)
    (home / "tasks").rmdir()
    (home / "tasks").symlink_to(tmp_path / "other")
    with pytest.raises(SuiteError, match="is a link out of"):
        load_folder(home)


def test_files_whose_names_differ_only_by_case_are_refused(folder: Write) -> None:
    home = folder({"mitosis": GOOD, "Mitosis": GOOD.replace("id: mitosis", "id: Mitosis")})
    if len(list((home / "tasks").iterdir())) < 2:
        pytest.skip("this file system does not tell the two names apart")
    with pytest.raises(SuiteError, match=r"differs from tasks/Mitosis\.yaml only by case"):
        load_folder(home)


@pytest.mark.parametrize(("name", "said"), [("b.yml", "must end in .yaml"), ("b.YAML", "must end in .yaml")])
def test_a_file_that_would_be_overlooked_is_a_problem(folder: Write, name: str, said: str) -> None:
    home = folder({"mitosis": GOOD})
    (home / "tasks" / name).write_text(GOOD)
    with pytest.raises(SuiteError, match=said):
        load_folder(home)


def test_notes_and_hidden_files_beside_the_tasks_are_ignored(folder: Write) -> None:
    home = folder({"mitosis": GOOD})
    (home / "tasks" / ".mitosis.yaml.swp").write_bytes(b"\xff")
    (home / "tasks" / "NOTES.md").write_text("notes")
    assert len(load_folder(home).tasks) == 1


def test_a_pipe_named_like_a_task_does_not_hang(folder: Write) -> None:
    import os

    home = folder({"mitosis": GOOD})
    os.mkfifo(home / "tasks" / "pipe.yaml")
    with pytest.raises(SuiteError, match="is not a regular file"):
        load_folder(home)


@pytest.mark.parametrize(
    ("make", "said"), [("none", "no such folder"), ("file", "is not a folder"), ("bare", "no suite")]
)
def test_a_place_that_is_no_suite_says_why(tmp_path: Path, make: str, said: str) -> None:
    place = tmp_path / "place"
    if make == "file":
        place.write_text("x")
    if make == "bare":
        place.mkdir()
    with pytest.raises(SuiteError, match=said):
        load_folder(place)


def test_a_suite_without_tasks_says_where_they_belong(folder: Write) -> None:
    with pytest.raises(SuiteError, match=r"holds no task; a task is a file tasks/<task id>\.yaml"):
        load_folder(folder({}))


def test_dates_stay_text(folder: Write) -> None:
    text = GOOD + "review:\n  status: reviewed\n  by: A. Biologist\n  date: 2026-11-02\n"
    assert load_folder(folder({"mitosis": text})).tasks[0].review.date == "2026-11-02"


def test_without_libyaml_the_error_says_how_to_get_it(folder: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    home = folder({"mitosis": GOOD})
    monkeypatch.delattr(yaml, "CSafeLoader")
    with pytest.raises(InputError, match="pip install"):
        load_folder(home)


def test_values_are_those_of_the_safe_loader() -> None:
    listed = "a: [1, 0x1f, 1_000, 1.5, yes, No, ~, null, text, '5', \"q\\n\", 1e3, 1.0e+3]\n"
    text = listed + "b: |\n  two\n  lines\nc: >-\n  one\n  line\n"
    expected: dict[str, Any] = yaml.safe_load(text)
    assert document.parse_document(text, "x.yaml").data == expected
