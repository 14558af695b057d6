from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from microworldbench.rendering.markdown import escape, to_markdown
from microworldbench.rendering.wording import plain
from microworldbench.rubric import Dimension

GOLDEN = Path(__file__).parent / "golden" / "scorecard.md"


def test_a_scorecard_reads_as_the_golden_file(examples):
    """After a deliberate change, write `to_markdown(examples.Example(...).card())` into the golden file and read it."""
    assert to_markdown(examples.Example(count=6, missing_share=0.004).card()) == GOLDEN.read_text("utf-8")


def shown_text(markdown):
    inline = MarkdownIt("gfm-like", {"linkify": False}).parseInline(markdown)[0].children
    kinds = {token.type for token in inline}
    assert kinds <= {"text", "html_inline", "text_special"}, kinds
    assert {token.content for token in inline if token.type == "html_inline"} <= {"<span>", "</span>"}
    return "".join(token.content for token in inline if token.type != "html_inline")


@given(st.text())
@pytest.mark.filterwarnings("default")
def test_escaped_text_shows_as_it_is_and_formats_nothing(text):
    assert " ".join(shown_text(escape(text)).split()) == " ".join(plain(text).split())


@pytest.mark.parametrize(
    "text",
    [
        "a|b",
        "`code`",
        "**bold** _it_",
        "[x](http://y)",
        "<script>alert(1)</script>",
        "&lt;",
        "~~s~~",
        "$x$",
        "a\\|b",
        "!",
    ],
)
def test_markup_is_shown_rather_than_followed(text):
    assert shown_text(escape(text)) == text


@pytest.mark.parametrize("text", ["@octocat", "user@example.org", "https://example.org", "www.example.org", "#12"])
def test_nothing_that_github_would_link_survives_unbroken(text):
    assert text not in escape(text)
    assert shown_text(escape(text)) == text


def test_every_row_has_as_many_cells_as_its_head(examples):
    page = to_markdown(examples.Example(count=9, hostile=" | x \n| `y` |").card())
    tables = MarkdownIt("gfm-like", {"linkify": False}).parse(page)
    cells = {"th_open": 0, "td_open": 0}
    for token in tables:
        if token.type in cells:
            cells[token.type] += 1
    assert cells == {"th_open": 5 + 4 + 3 + 8, "td_open": 7 * 5 + 4 * 4 + 4 * 3 + 9 * 8}


def test_unknown_scores_are_dashes(examples):
    card = examples.Example(count=1, missing_share=1.0).card()
    task = card.tasks[0].model_copy(update={"score": None, "by_dimension": {Dimension.VISUAL_QUALITY: None}})
    page = to_markdown(card.model_copy(update={"overall": None, "tasks": (task,)}))
    assert "| **Overall** | — | — | — | — |" in page
    assert "| mwb-001 | Organ | — | — | — | — | — |  |" in page
    assert "Too many verdicts are missing" in page
