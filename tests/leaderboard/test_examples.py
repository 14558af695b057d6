"""The submissions that come with the project: real runs that pass the checks they advertise."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from microworldbench.leaderboard import build, check, refresh

FOLDER = Path(__file__).parents[2] / "leaderboard"
EXAMPLES = ("simulator", "simulator-reversed", "simulator-violated")


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_accepted(name: str) -> None:
    found = check(FOLDER / "submissions" / name)
    assert (found.problems, found.remarks) == ((), ())


def test_they_rank_the_faithful_simulator_above_the_broken_ones(tmp_path: Path) -> None:
    found = build(FOLDER / "submissions", tmp_path / "site")
    table = next(table for table in found.tables if table.suite.id == "core-simulated")
    assert {row.submission for row in table.rows} == set(EXAMPLES)
    assert table.rows[0].submission == "simulator"
    assert table.rows[0].score.value == 100.0
    assert table.rows[-1].score.value < 60.0


def test_the_readmes_table_is_theirs(tmp_path: Path) -> None:
    copy = Path(shutil.copyfile(FOLDER / "README.md", tmp_path / "README.md"))
    assert not refresh(FOLDER / "submissions", copy), "make leaderboard refreshes it"
