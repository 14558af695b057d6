"""Reports as datasets."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import microworldbench as bench
from microworldbench.errors import InputError

pytest.importorskip("datasets", reason="datasets is not installed")


@pytest.fixture
def report(suite: Any, scripted: Any, tiny_generator: Any, run_path: Path) -> bench.Report:
    judge = scripted(lambda question, criterion: [True, False, None][len(criterion.id + question.task.id) % 3])
    return bench.evaluate(tiny_generator, suite, judge, run_path, votes=2)


def test_a_row_a_task_as_in_the_frame(report: bench.Report) -> None:
    made = report.to_dataset()
    frame = report.to_frame().reset_index()
    assert made.column_names == list(frame.columns)
    assert made["task"][:] == list(frame["task"])
    assert made["value"][:] == list(frame["value"])


def test_a_row_a_vote_with_what_it_is_about(report: bench.Report, suite: Any) -> None:
    made = report.to_dataset("verdicts")
    assert len(made) == 3 * 5 * 2
    first = made[0]
    criterion = {c.id: c for c in suite.by_id[first["task"]].criteria}[first["criterion"]]
    assert (first["statement"], first["weight"]) == (criterion.statement, criterion.weight)
    assert (first["polarity"], first["level"]) == (criterion.polarity.value, suite.by_id[first["task"]].level.value)
    assert set(made["vote"]) == {0, 1}


def test_a_dataset_survives_parquet(report: bench.Report, tmp_path: Path) -> None:
    from datasets import Dataset

    made = report.to_dataset("verdicts")
    made.to_parquet(str(tmp_path / "verdicts.parquet"))
    again = Dataset.from_parquet(str(tmp_path / "verdicts.parquet"), cache_dir=str(tmp_path / "cache"))
    assert again.to_list() == made.to_list()


def test_other_rows_are_refused(report: bench.Report) -> None:
    with pytest.raises(InputError, match="'tasks' or 'verdicts', got 'frames'"):
        report.to_dataset("frames")  # type: ignore[arg-type]


def test_without_datasets_the_install_line_is_named(report: bench.Report, run_path: Path) -> None:
    code = (
        "import sys, json\nsys.modules['datasets'] = None\nimport microworldbench as bench\n"
        f"report = bench.Report.load({json.dumps(str(run_path))})\n"
        "try: report.to_dataset()\nexcept bench.InputError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'microworldbench[datasets]'" in done.stdout
