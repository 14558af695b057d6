from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microworldbench.rendering.wording import count, dollars, percent, plain, points, quantity, signed, span


@given(st.text(st.characters(codec=None)))
def test_plain_text_holds_nothing_that_acts_on_a_display(text):
    for lines in (True, False):
        cleaned = plain(text, lines=lines)
        acting = {c for c in cleaned if unicodedata.category(c) in {"Cc", "Cs"}}
        assert acting <= ({"\n"} if lines else set())
        assert not set(cleaned) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
        cleaned.encode()


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text):
    assert plain(plain(text)) == plain(text)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x1b]8;;https://example.org\x07link\x1b]8;;\x07", "link"),
        ("\x1b]0;title\x1b\\text", "text"),
        ("\x1bPq#0;2;0;0;0\x1b\\text", "text"),
        ("over\rwritten", "over written"),
        ("a\x00b\x07c", "abc"),
        ("safe\u202egpj.exe", "safe\ufffdgpj.exe"),
        ("lone \ud800 surrogate", "lone \ufffd surrogate"),
        ("ß → 細胞 🧬 e\u0301", "ß → 細胞 🧬 e\u0301"),
    ],
)
def test_sequences_and_overrides_go_and_letters_stay(text, cleaned):
    assert plain(text) == cleaned


def test_unfinished_escape_sequences_cost_no_more_than_their_length():
    # Quadratic work on these would exceed the suite's timeout.
    assert plain("\x1b]x" * 300_000) == "x" * 300_000
    assert plain("\x1b[" + "0" * 1_000_000 + "\x1b]" + "x" * 1_000_000).endswith("x" * 1_000_000)


def test_numbers_never_read_minus_zero():
    assert (points(-0.04), signed(-0.04), span((-0.01, 0.0))) == ("0.0", "0.0", "[0.0, 0.0]")


def test_unknown_numbers_read_as_a_dash():
    assert {points(None), signed(None), span(None), count(None), dollars(None)} == {"—"}


def test_a_share_that_is_not_nothing_is_not_written_as_nothing():
    assert (percent(0.0), percent(0.0001), percent(0.0123)) == ("0.0 %", "below 0.1 %", "1.2 %")


def test_small_amounts_keep_their_digits():
    assert (dollars(0.0), dollars(0.0042), dollars(1234.5)) == ("$0.00", "$0.0042", "$1,234.50")


def test_one_is_singular():
    assert (quantity(1, "criterion"), quantity(2, "criterion"), quantity(0, "task")) == (
        "1 criterion",
        "2 criteria",
        "0 tasks",
    )
