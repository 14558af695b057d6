from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from microworldbench._cli import main


@pytest.fixture
def mwb(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs the real command line: (status, stdout, stderr)."""

    def run(*args: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            main(["suites", *args])
        captured = capsys.readouterr()
        assert isinstance(stop.value.code, int)
        return stop.value.code, captured.out, captured.err

    return run


Run = Callable[..., tuple[int, str, str]]


def test_list_shows_core_and_how_to_get_the_released_suite(
    mwb: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    status, out, _ = mwb("list")
    assert status == 0
    assert "core: " in out
    assert "mwb suites fetch released" in out


def test_show_json_is_one_document_with_the_import_report(mwb: Run, released_form: Path) -> None:
    _, out, _ = mwb("show", f"released:{released_form}", "--json")
    shown: dict[str, Any] = json.loads(out)
    assert [task["id"] for task in shown["task_list"]] == ["mwb-001", "mwb-002", "mwb-003", "mwb-004"]
    assert {entry["code"] for entry in shown["import_report"]} >= {"zero-weight", "misnumbered"}


def test_show_of_a_task_prints_its_criteria(mwb: Run, released_form: Path) -> None:
    status, out, _ = mwb("show", f"released:{released_form}", "mwb-001")
    assert status == 0
    assert "+1  scientific-1: Exactly three cusps" in out


def test_text_of_a_suite_cannot_steer_the_terminal(mwb: Run, folder: Callable[..., Path]) -> None:
    task = 'id: t\nlevel: organ\ntitle: "\\e[2J wiped"\nprompt: p\ncriteria:\n- {id: c, dimension: visual_quality, '
    home = folder({"t": task + "statement: s, weight: 1}\n"})
    _, out, _ = mwb("show", str(home))
    assert "wiped" in out
    assert "\x1b" not in out


def test_validate_names_every_problem_and_exits_with_two(mwb: Run) -> None:
    status, out, err = mwb("validate", "core", "./nothing-here")
    assert status == 2
    assert "core: valid" in out
    assert "no such folder" in err


def test_validate_json_lists_problems_one_by_one(mwb: Run, folder: Callable[..., Path]) -> None:
    home = folder({"a": "[]", "b": "[]"})
    status, out, _ = mwb("validate", str(home), "--json")
    (row,) = json.loads(out)
    assert (status, row["valid"], len(row["problems"])) == (2, False, 2)


def test_an_unknown_suite_is_an_input_error(mwb: Run) -> None:
    status, out, err = mwb("show", "coer")
    assert (status, out) == (2, "")
    assert "did you mean 'core'" in err


def test_schema_prints_both(mwb: Run) -> None:
    _, out, _ = mwb("schema", "--json")
    assert set(json.loads(out)) == {"suite", "task"}


def test_the_card_is_printed_or_put_between_the_marks_of_a_readme(mwb: Run, tmp_path: Path) -> None:
    _, printed, _ = mwb("card", "core")
    assert "| Always yes |" in printed.splitlines()[9]
    readme = tmp_path / "README.md"
    readme.write_text("<!-- figures:begin --><!-- figures:end -->", encoding="utf-8")
    assert "refreshed" in mwb("card", "core", "--into", str(readme))[1]
    assert printed in readme.read_text(encoding="utf-8")
    assert "up to date" in mwb("card", "core", "--into", str(readme))[1]


def test_export_names_the_files_it_wrote(mwb: Run, tmp_path: Path, released_form: Path) -> None:
    status, out, _ = mwb("export", "core", "--out", str(tmp_path / "tables"))
    names = ["tasks.jsonl", "criteria.jsonl", "sources.jsonl", "README.md", "croissant.json"]
    assert (status, [Path(line).name for line in out.splitlines()]) == (0, names)
    status, _, err = mwb("export", f"released:{released_form}", "--out", str(tmp_path / "published"))
    assert status == 2
    assert "states no licence" in err
