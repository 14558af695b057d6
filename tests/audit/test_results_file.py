from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from microworldbench.errors import InputError
from microworldbench.scoring import Outcome
from microworldbench.suites import released_results
from microworldbench.suites.released_results import read_results, read_score

Write = Callable[[str, Any], Path]


def test_the_name_is_the_file_name_without_its_ending(write: Write) -> None:
    assert read_results(write("Runway_Gen4_result.json", [])).name == "Runway_Gen4"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[{"index": 1, "scien', "is not complete JSON"),
        ("", "is not complete JSON"),
        ('{"index": 1}', "must hold a list, got dict"),
        ("[" * 200_000, "is not a result file"),
        ("[" + "9" * 10_000 + "]", "is not a result file"),
    ],
    ids=["truncated", "empty", "object", "deep", "digits"],
)
def test_a_broken_file_is_named(write: Write, content: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_results(write("m_result.json", content))


def test_a_file_that_is_not_text_or_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="is not UTF-8"):
        read_results(tmp_path / "x.json")
    with pytest.raises(InputError, match="No such file"):
        read_results(tmp_path / "y.json")


def test_a_million_entries_are_refused(write: Write) -> None:
    with pytest.raises(InputError, match="holds 1,000,000 entries"):
        read_results(write("m_result.json", "[" + "{}," * 999_999 + "{}]"))


def test_a_file_of_absurd_size_is_not_read(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(released_results, "MAX_BYTES", 10)
    with pytest.raises(InputError, match="not a result file"):
        read_results(write("m_result.json", "[" + " " * 20 + "]"))


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        *((value, "met") for value in (1, True, 1.0, "1", " 1 ")),
        *((value, "not_met") for value in (0, False, 0.0, "0")),
        *((value, "missing") for value in (None, 2, 0.9, -1, "yes", "", [1], {}, float("nan"))),
    ],
)
def test_a_score_is_met_not_met_or_missing(value: object, outcome: str) -> None:
    assert read_score(value) is Outcome(outcome)
