from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from microworldbench.errors import InputError
from microworldbench.rubric import Suite
from microworldbench.suites.packaged import load_packaged
from microworldbench.suites.tables import COLUMNS, write_tables


@pytest.fixture(scope="module")
def core() -> Suite:
    return load_packaged("core")


def rows(folder: Path, table: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{table}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the checker's own parser
def test_the_description_of_the_core_suite_is_valid_croissant(core: Suite, tmp_path: Path) -> None:
    mlc = pytest.importorskip("mlcroissant")
    write_tables(core, tmp_path, card="")
    described = mlc.Dataset(jsonld=str(tmp_path / "croissant.json"))
    assert not described.metadata.issues.errors
    read = {(r["criteria/task"].decode(), r["criteria/criterion"].decode()): r for r in described.records("criteria")}
    for task in core.tasks:
        for criterion in task.criteria:
            record = read.pop((task.id, criterion.id))
            assert record["criteria/statement"].decode() == criterion.statement
            assert (record["criteria/weight"], record["criteria/temporal"]) == (criterion.weight, criterion.temporal)
            assert (record["criteria/measurement"] is None) == (criterion.measurement is None)
    assert not read


def test_the_tables_hold_every_task_criterion_and_source(core: Suite, tmp_path: Path) -> None:
    write_tables(core, tmp_path, card="")
    assert [row["task"] for row in rows(tmp_path, "tasks")] == [task.id for task in core.tasks]
    assert len(rows(tmp_path, "criteria")) == sum(len(task.criteria) for task in core.tasks)
    assert len(rows(tmp_path, "sources")) == sum(len(task.sources) for task in core.tasks)
    assert all(list(row) == list(COLUMNS[name]) for name in COLUMNS for row in rows(tmp_path, name))


def test_data_libraries_find_the_tables_by_the_card(nine: Suite, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    write_tables(nine, tmp_path / "out", card="# Nine\n")
    loaded = datasets.load_dataset(str(tmp_path / "out"), "criteria", split="train", cache_dir=str(tmp_path / "cache"))
    assert len(loaded) == 18
    assert loaded[0]["measurement"] == '{"name":"motion","params":{"least":0.5}}'
    assert (tmp_path / "out" / "README.md").read_text().endswith("---\n\n# Nine\n")


def test_writing_again_gives_the_same_bytes(nine: Suite, tmp_path: Path) -> None:
    out = tmp_path / "out"
    before = {path: path.read_bytes() for path in write_tables(nine, out, card="")}
    assert {path: path.read_bytes() for path in write_tables(nine, out, card="")} == before


def test_a_folder_of_something_else_is_left_alone(nine: Suite, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "thesis.txt").write_text("precious")
    with pytest.raises(InputError, match=r"holds 'thesis\.txt'"):
        write_tables(nine, theirs, card="")
    assert [path.name for path in theirs.iterdir()] == ["thesis.txt"]


def test_texts_without_a_licence_are_not_written(nine: Suite, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="states no licence"):
        write_tables(nine.model_copy(update={"license": None}), tmp_path / "out", card="")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_an_input_error(nine: Suite, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot write"):
        write_tables(nine, tmp_path / "file" / "out", card="")
