"""Twenty experts at once, and a server that is killed in the middle: what it acknowledged is there."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
from review_load import Load, make_load_study

from microworldbench.review.store.board import Board


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(tmp_path: Path) -> None:
    folder = make_load_study(tmp_path / "study", items=30)
    with Load(folder, experts=20) as load:
        load.wait_for(answers=2)
        load.kill_and_restart()
        load.wait_for(answers=2)
    board = Board.read(folder / "events.jsonl")
    assert load.errors == []
    assert load.lost(board) == []
    assert load.doubled(board) == []
    assert {expert for expert, _ in load.acknowledged} == {f"e{n}" for n in range(1, 21)}
