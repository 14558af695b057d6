from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from microworldbench.errors import InputError
from microworldbench.rendering.console import ConsoleProgress, print_gap, print_scorecard
from microworldbench.rubric import Dimension


def printed(write, *cards, width=80, encoding="utf-8", terminal=False):
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    write(*cards, Console(file=file, width=width, force_terminal=terminal))
    file.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [20, 34, 50, 80, 120])
def test_no_line_is_longer_than_the_console_and_no_number_is_cut(examples, width):
    card = examples.Example(count=30, missing_share=0.004).card()
    text = printed(print_scorecard, card, width=width)
    assert max(map(len, text.splitlines())) <= width
    assert f"{card.overall.value:.1f}*" in text
    if width >= 34:
        assert f"[{card.overall.low:.1f}, {card.overall.high:.1f}]" in text


def test_a_table_off_a_terminal_is_plain_text(examples):
    assert "\x1b" not in printed(print_scorecard, examples.Example().card())


def test_the_headline_names_generator_suite_view_and_judge(examples):
    text = printed(print_scorecard, examples.Example().card())
    for name in ("wan2.1-t2v-1.3b", "core 1-A", "all criteria", "openai:gpt-5"):
        assert name in text


def test_an_unstated_point_is_a_dash_with_its_bounds(examples):
    card = examples.Example(count=9, missing_share=0.2).card()
    assert card.overall.value is None
    text = printed(print_scorecard, card)
    assert re.search(rf"Overall +— +\[{card.overall.low:.1f}, {card.overall.high:.1f}\]", text)
    assert "too many verdicts are missing" in text


def test_a_card_without_any_score_prints(examples):
    card = examples.Example(count=1).card().model_copy(update={"overall": None, "by_level": {}, "by_dimension": {}})
    assert re.search(r"Overall +— +—", printed(print_scorecard, card))


def test_names_are_shown_as_they_are_and_never_read_as_markup(examples):
    hostile = "[bold red]x[/bold red][link=https://example.org]y[/link]\x1b[31m\x1b]0;title\x07"
    text = printed(print_scorecard, examples.Example(hostile=hostile).card(), width=200, terminal=True)
    assert "[bold red]x[/bold red][link=https://example.org]y[/link]" in text
    assert "\x1b[31m" not in text
    assert "\x1b]" not in text


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_console_that_knows_few_letters_still_gets_the_table(examples, encoding):
    card = examples.Example(count=9, missing_share=0.2, hostile="細胞").card()
    text = printed(print_scorecard, card, encoding=encoding)
    assert "Overall" in text
    assert "??" in text
    printed(print_gap, card, card, encoding=encoding)


def test_the_gap_is_the_difference_with_its_sign(examples):
    ours, theirs = examples.Example(count=30).card("ours"), examples.Example(count=30, votes=3).card("theirs")
    text = printed(print_gap, ours, theirs, width=100)
    one, other = ours.by_dimension[Dimension.VISUAL_QUALITY], theirs.by_dimension[Dimension.VISUAL_QUALITY]
    row = next(line for line in text.splitlines() if line.startswith("Visual quality"))
    assert row.split()[2:] == [
        f"{one.value:.1f}",
        f"{other.value:.1f}",
        f"{one.value - other.value:+.1f}",
        f"[{one.low - other.high:.1f},",
        f"{one.high - other.low:.1f}]",
    ]


def test_an_unknown_point_makes_the_gap_unknown(examples):
    known, unknown = examples.Example(count=9).card(), examples.Example(count=9, missing_share=0.2).card("other")
    row = next(
        line for line in printed(print_gap, known, unknown, width=100).splitlines() if line.startswith("Overall")
    )
    assert row.split()[2:4] == ["—", "—"]


def test_scores_of_different_views_never_share_a_table(examples):
    card = examples.Example().card()
    other = card.model_copy(update={"view": card.view.model_copy(update={"digest": "00", "name": "measured"})})
    with pytest.raises(InputError, match="'all criteria' and 'measured' differ"):
        print_gap(card, other)
    newer = card.model_copy(update={"suite": card.suite.model_copy(update={"version": "2-A"})})
    with pytest.raises(InputError, match="core 1-A and core 2-A are not comparable"):
        print_gap(card, newer)


def test_different_judges_are_named(examples):
    card = examples.Example().card()
    other = card.model_copy(update={"judge": card.judge.model_copy(update={"name": "measured"})})
    assert "judges differ: openai:gpt-5 and measured" in printed(print_gap, card, other)


class Clock:
    """Seconds that pass when told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def told():
    """A progress off a terminal, its clock, and what it wrote."""
    file, clock = io.StringIO(), Clock()
    return ConsoleProgress(Console(file=file, width=80), interval_s=5, clock=clock), clock, file


def test_off_a_terminal_progress_is_a_line_now_and_then(told):
    progress, clock, file = told
    progress.stage("judging", 100, done=10)
    for _ in range(50):
        clock.now += 1
        progress.advance(cost_usd=0.01)
    progress.finish()
    lines = file.getvalue().splitlines()
    assert lines[0] == "judging: 100 to do, 10 of them done before"
    assert lines[1] == "judging: 15/100, $0.0500, about 1 min 25 s left"
    assert lines[-1] == "judging: 60/100, $0.50, 50 s"
    assert len(lines) == 12
    assert "\x1b" not in file.getvalue()


def test_every_stage_is_ended_by_a_line_once(told):
    progress, _, file = told
    progress.stage("generating", 1)
    progress.advance(failed=1)
    progress.stage("judging", 0)
    progress.finish()
    progress.finish()
    assert file.getvalue().splitlines() == [
        "generating: 1 to do",
        "generating: 1/1, 1 failed, 0 s",
        "judging: 0 to do",
        "judging: 0/0, 0 s",
    ]


def test_notes_are_cleaned_and_not_read_as_markup(told):
    progress, _, file = told
    progress.note("[red]three\x1b[31m errors[/red]\nin a row")
    assert file.getvalue() == "[red]three errors[/red] in a row\n"


def test_a_clock_that_goes_back_is_survived(told):
    progress, clock, file = told
    clock.now = 100
    progress.stage("judging", 2)
    clock.now = 0
    progress.advance()
    progress.finish()
    assert file.getvalue().splitlines()[-1] == "judging: 1/2, 0 s"


def test_on_a_terminal_a_bar_counts_steps_failures_and_spend():
    file = io.StringIO()
    console = Console(file=file, width=100, force_terminal=True, color_system=None, _environ={})
    with ConsoleProgress(console) as progress:
        progress.stage("judging [b]", 4, done=1)
        progress.advance(failed=1, cost_usd=0.25)
        progress.note("[red]slow server[/red]")
        progress.advance()
    text = file.getvalue()
    for part in ("judging [b]", "3/4", "1 failed, $0.25", "[red]slow server[/red]"):
        assert part in text
    assert text.rstrip().endswith("\x1b[?25h")


def test_progress_goes_to_standard_error(capsys):
    with ConsoleProgress() as progress:
        progress.stage("judging", 1)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "judging" in captured.err
