"""What a run says about its own judge, on the console, in Markdown and in HTML."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from microworldbench.rendering.console import print_scorecard
from microworldbench.rendering.doubt import judging_sentences
from microworldbench.rendering.html import write_html
from microworldbench.rendering.markdown import to_markdown
from microworldbench.scorecard import Judging, MemberScore, OrderEffect, PositionRate, Rate, Score, Scorecard

HOSTILE = "openai:<script>alert(1)</script>\x1b[31m|[x](http://evil)"


@pytest.fixture
def card(examples):
    return examples.Example(count=3).card()


def doubtful(card, **changes):
    places = tuple(PositionRate(position=n, met=0.6 - 0.05 * n, n=40) for n in range(1, 5))
    effect = OrderEffect(
        value=-0.15, ci95=(-0.25, -0.05), method="within_criterion", n=160, videos=9, by_position=places
    )
    members = tuple(
        MemberScore(judge=name, overall=Score(value=value, low=value - 5, high=value + 5, n=9))
        for name, value in (("openai:a", 61.25), (HOSTILE, 48.0))
    )
    parts = {
        "order_effect": effect,
        "vote_flip_rate": Rate(value=0.04, ci95=(0.02, 0.08), count=4, n=100),
        "weak_evidence": Rate(value=0.075, ci95=(0.03, 0.2), count=3, n=40),
        "ungrounded": Rate(value=0.5, ci95=(0.25, 0.75), count=6, n=12),
        "members": members,
    }
    return card.model_copy(update={"judging": Judging(**parts | changes)})


def printed(card, width=100):
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    print_scorecard(card, console)
    return console.file.getvalue()


def test_each_doubt_is_one_sentence_with_its_numbers(card):
    told = dict(judging_sentences(doubtful(card)))
    assert list(told) == ["order", "votes", "evidence", "grounding", "members"]
    assert "shown last, a criterion is met 15.0 percentage points less often" in told["order"]
    assert "95 % interval -25.0 to -5.0" in told["order"]
    assert "4 of 100 pairs of votes on one criterion differ: 4.0 %, 95 % interval 2.0 to 8.0 %" in told["votes"]
    assert "3 of 40 met verdicts about time cite at most one frame: 7.5 %" in told["evidence"]
    assert "6 of 12 challenged verdicts stayed met on another task's frames: 50.0 %" in told["grounding"]
    assert told["members"].startswith("48.0 to 61.2 by member")


def test_a_run_that_says_nothing_about_its_judge_shows_no_section(card, tmp_path):
    assert judging_sentences(card) == []
    assert "## Judging" not in to_markdown(card)
    assert "leaned on" not in write_html(tmp_path / "page.html", card, ()).read_text()


def test_a_range_with_an_unknown_end_is_not_stated(card):
    unknown = (
        MemberScore(judge="a", overall=Score(value=None, low=1, high=9, n=3)),
        MemberScore(judge="b", overall=None),
    )
    told = dict(judging_sentences(doubtful(card, members=unknown)))
    assert told["members"] == "— by member: a — within [1.0, 9.0]; b — within —"


def test_names_of_members_are_harmless_everywhere(card, tmp_path):
    shown = doubtful(card)
    page = write_html(tmp_path / "page.html", shown, ()).read_text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    markdown = to_markdown(shown)
    assert "<script>" not in markdown
    assert "[x](" not in markdown
    assert "\x1b" not in printed(shown) + page + markdown


def test_the_console_tells_every_doubt_at_any_width(card):
    for width in (40, 80, 160):
        text = " ".join(printed(doubtful(card), width).split())
        for label in ("order", "votes", "evidence", "grounding", "members"):
            assert f" {label} " in text


def test_markdown_and_page_list_the_met_rate_by_place(card, tmp_path):
    shown = doubtful(card)
    assert "| 1 | 55.0 % | 40 |" in to_markdown(shown).replace("---:", "")
    page = write_html(tmp_path / "page.html", shown, ()).read_text()
    assert page.count('<td class="number">55.0 %</td>') == 1


def test_a_report_without_the_key_still_loads(card):
    data = card.model_dump(mode="json", by_alias=True)
    del data["judging"]
    assert Scorecard.model_validate(data).judging == Judging()
