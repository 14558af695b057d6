"""Results that are whole or absent."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from microverse.data.ledger import Ledger, contract, open_work
from microworldbench.errors import InputError, RunStoppedError


def test_a_result_comes_back_and_counts_as_done(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    assert ledger.read("split-x", "a") is None
    ledger.write("split-x", "a", {"clips": [], "ü": 1.5})
    assert ledger.read("split-x", "a") == {"clips": [], "ü": 1.5}
    assert ledger.done("split-x") == {"a"}
    assert ledger.done("split-y") == set()


@pytest.mark.parametrize("damage", [b"", b'{"clips": [', b"[1]"])
def test_a_damaged_result_counts_as_absent(tmp_path: Path, damage: bytes) -> None:
    ledger = Ledger(tmp_path)
    ledger.write("split-x", "a", {"clips": []})
    ledger.path("split-x", "a").write_bytes(damage)
    assert ledger.read("split-x", "a") is None


def test_contracts_change_with_everything_that_changes_a_result() -> None:
    names = {
        contract("split", 1, {"a": 1}),
        contract("split", 2, {"a": 1}),
        contract("split", 1, {"a": 2}),
        contract("split", 1, {"a": 1}, "probe-x"),
        contract("text", 1, {"a": 1}),
    }
    assert len(names) == 5
    assert contract("split", 1, {"a": 1, "b": 2}) == contract("split", 1, {"b": 2, "a": 1})


def test_failures_are_counted_and_never_done(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.fail("split-x", "a", "once", is_final=False)
    ledger.fail("split-x", "b", "for good", is_final=True)
    assert ledger.done("split-x") == set()
    assert set(ledger.quarantined("split-x", 2)) == {"b"}
    ledger.fail("split-x", "a", "twice", is_final=False)
    found = ledger.quarantined("split-x", 2)
    assert found["a"].error == "twice"
    assert found["a"].attempts == 2
    ledger.write("split-x", "a", {})
    assert set(ledger.quarantined("split-x", 2)) == {"b"}
    assert ledger.forgive() == 2
    assert ledger.quarantined("split-x", 2) == {}


def test_a_full_disk_stops_and_leaves_no_partial_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(tmp_path)
    ledger.write("split-x", "a", {"old": 1})
    write = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        write(self, data[:3])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(RunStoppedError, match="the disk is full"):
        ledger.write("split-x", "a", {"new": 2})
    monkeypatch.undo()
    assert ledger.read("split-x", "a") == {"old": 1}
    assert [path.name for path in (tmp_path / "ledger" / "split-x").iterdir()] == ["a.json"]


def test_a_work_folder_has_one_run_at_a_time(tmp_path: Path) -> None:
    with open_work(tmp_path / "out"), pytest.raises(InputError, match="another process"):
        open_work(tmp_path / "out")
