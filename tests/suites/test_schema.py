from __future__ import annotations

from pathlib import Path

import pytest

from microworldbench.errors import InputError
from microworldbench.suites import packaged
from microworldbench.suites.schema import REGENERATE, schema_texts, schemas, write_schemas


def test_the_committed_schemas_are_those_of_the_records() -> None:
    home = packaged.packaged_folder() / "schema"
    for name, text in schema_texts().items():
        assert (home / name).read_text(encoding="utf-8") == text, f"rubrics/schema/{name} is stale: run '{REGENERATE}'"


def test_writing_gives_the_two_files(tmp_path: Path) -> None:
    assert [path.name for path in write_schemas(tmp_path)] == ["suite.json", "task.json"]
    assert (tmp_path / "task.json").read_text(encoding="utf-8") == schema_texts()["task.json"]


def test_unknown_fields_are_refused_by_the_schema_too() -> None:
    assert schemas()["task"]["additionalProperties"] is False
    assert schemas()["task"]["$defs"]["Criterion"]["properties"]["weight"]["exclusiveMinimum"] == 0


def test_without_a_checkout_there_is_nothing_to_write_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaged, "checkout_folder", lambda: None)
    with pytest.raises(InputError, match="no checkout"):
        write_schemas()
