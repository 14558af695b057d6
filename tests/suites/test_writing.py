"""A suite that is written can be read again, and reads well."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microworldbench.errors import InputError
from microworldbench.rubric import Criterion, Dimension, Level, Measurement, Polarity, Review, Source, Suite, Task
from microworldbench.suites.folder import load_folder
from microworldbench.suites.packaged import load_packaged
from microworldbench.suites.writing import task_text, write_folder

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=200).filter(
    lambda text: text.strip() == text
)


def make_suite(text: str = "A cell divides.", **changes: object) -> Suite:
    criterion = Criterion(
        id="c", dimension=Dimension.VISUAL_QUALITY, statement=text, polarity=Polarity.PENALTY, weight=0.2, temporal=True
    )
    measured = criterion.model_copy(
        update={"id": "m", "polarity": Polarity.REWARD, "measurement": Measurement(name="sharp", params={"low": 0.5})}
    )
    task = Task(
        id="a-task",
        level=Level.CELLULAR,
        title=text,
        prompt=text,
        requirement=text,
        criteria=(criterion, measured),
        sources=(Source(reference=text, fact=text),),
        tags=("division",),
        review=Review(by=text, date="2026-01-31"),
    )
    parts = {"id": "s", "version": "1-A", "title": text, "license": "CC-BY-4.0", "tasks": (task,)}
    return Suite.model_validate({**parts, **changes})


def test_the_packaged_suite_survives(tmp_path: Path) -> None:
    suite = load_packaged("core")
    write_folder(suite, tmp_path)
    assert load_folder(tmp_path).digest == suite.digest


@settings(max_examples=150, deadline=None)
@given(WORDS)
def test_any_text_survives(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("suite")
    suite = make_suite(text)
    write_folder(suite, folder)
    assert load_folder(folder) == suite


@pytest.mark.parametrize(
    "text", ["yes", "null", "1.0", "2026-01-31", "- a", "a: b", "#x", "'", '"', "{a}", "*a", "!x y"]
)
def test_texts_that_yaml_would_take_for_something_else_survive(tmp_path: Path, text: str) -> None:
    write_folder(make_suite(text), tmp_path)
    assert load_folder(tmp_path) == make_suite(text)


def test_the_same_suite_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (write_folder(make_suite(), tmp_path / name) for name in "ab")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_long_texts_are_folded_and_polarity_is_always_written() -> None:
    text = task_text(make_suite("word " * 40 + "end").tasks[0])
    assert "prompt: >-\n  word" in text
    assert max(map(len, text.splitlines())) <= 120
    assert text.count("polarity: ") == 2


def test_a_suite_without_a_licence_says_nothing_about_one(tmp_path: Path) -> None:
    write_folder(make_suite(license=None), tmp_path)
    assert "license" not in (tmp_path / "suite.yaml").read_text()
    assert load_folder(tmp_path).license is None


def test_tasks_that_left_the_suite_leave_the_folder(tmp_path: Path) -> None:
    write_folder(make_suite(), tmp_path)
    (tmp_path / "tasks" / "gone.yaml").write_text("id: gone\n")
    write_folder(make_suite(), tmp_path)
    assert [path.name for path in (tmp_path / "tasks").iterdir()] == ["a-task.yaml"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot write to"):
        write_folder(make_suite(), tmp_path / "file")
