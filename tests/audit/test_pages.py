from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from microworldbench.audit import audit_results
from microworldbench.audit.pages import chart, to_markdown, to_text, write_html
from microworldbench.errors import InputError
from microworldbench.suites.released import ReleasedSuite
from microworldbench.suites.released_results import ReleasedResults

HOSTILE = "<script>alert(1)</script>|`\x1b[31m"


@pytest.fixture
def hostile(suite: ReleasedSuite, perfect: ReleasedResults) -> object:
    return audit_results([ReleasedResults(HOSTILE, perfect.entries)], suite.source)


def test_a_hostile_name_shows_as_text_everywhere(hostile: object, tmp_path: Path) -> None:
    page = write_html(hostile, tmp_path / "a.html").read_text(encoding="utf-8")  # type: ignore[arg-type]
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "\x1b" not in to_text(hostile) + to_markdown(hostile)  # type: ignore[arg-type]
    assert "<script" not in to_markdown(hostile)  # type: ignore[arg-type]


def test_the_page_needs_nothing_else(hostile: object, tmp_path: Path) -> None:
    page = write_html(hostile, tmp_path / "a.html").read_text(encoding="utf-8")  # type: ignore[arg-type]
    assert "default-src 'none'" in html.unescape(page)
    assert not re.findall(r"(?:src|href)=", page)


def test_what_cannot_be_repaired_is_said_before_any_number(hostile: object) -> None:
    for text in (to_text(hostile), to_markdown(hostile)):  # type: ignore[arg-type]
        assert text.index("never saw the task") < text.index("Overall")


def test_the_bars_lead_from_one_average_to_the_other(suite: ReleasedSuite, perfect: ReleasedResults) -> None:
    model = audit_results([perfect], suite.source).models["perfect"]
    bars = chart(model)
    assert (bars[0].label, bars[-1].label) == ("released", "corrected")
    assert bars[-1].width == pytest.approx(model.corrected.average, abs=0.01)
    assert all(bar.left >= 0 and bar.left + bar.width <= 100.3 for bar in bars)


def test_without_released_numbers_there_is_no_chart(suite: ReleasedSuite) -> None:
    lost = ReleasedResults("lost", [{"index": 1, "scientific_eval": {"parsed_result": [1]}}])
    assert chart(audit_results([lost], suite.source).models["lost"]) == []


def test_a_page_that_cannot_be_written_is_named(hostile: object, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write"):
        write_html(hostile, tmp_path / "no" / "a.html")  # type: ignore[arg-type]
