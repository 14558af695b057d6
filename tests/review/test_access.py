"""Invitations: links that work once, sessions that end, names that stay apart from answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from microworldbench.errors import InputError, UnknownNameError
from microworldbench.review.store.access import AccessBook, LinkError


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(tmp_path: Path, clock: Clock) -> AccessBook:
    return AccessBook(tmp_path / "access.jsonl", clock)


def test_a_link_becomes_a_session(book: AccessBook) -> None:
    expert, token = book.invite("Ann Lee")
    entered, session = book.enter(token)
    assert entered is expert
    assert book.whose(session) is expert
    assert book.whose("forged") is None


def test_neither_link_nor_session_is_stored(book: AccessBook) -> None:
    _, token = book.invite("Ann")
    _, session = book.enter(token)
    stored = book.path.read_text()
    assert token not in stored
    assert session not in stored


def test_a_used_link_works_for_ten_more_minutes_only(book: AccessBook, clock: Clock) -> None:
    _, token = book.invite("Ann")
    book.enter(token)
    clock.passes(minutes=9)
    book.enter(token)  # the first reply got lost
    clock.passes(minutes=2)
    with pytest.raises(LinkError, match="has been used already"):
        book.enter(token)


def test_an_unused_link_expires(book: AccessBook, clock: Clock) -> None:
    _, token = book.invite("Ann")
    clock.passes(days=31)
    with pytest.raises(LinkError, match="no longer valid"):
        book.enter(token)


@pytest.mark.parametrize("token", ["", "forged", "x" * 5000, "../../etc/passwd", "\ud800"])
def test_a_forged_link_is_not_known(book: AccessBook, token: str) -> None:
    book.invite("Ann")
    with pytest.raises(LinkError, match="not known here"):
        book.enter(token)


def test_a_session_ends_after_four_months(book: AccessBook, clock: Clock) -> None:
    _, session = book.enter(book.invite("Ann")[1])
    clock.passes(days=119)
    assert book.whose(session)
    clock.passes(days=2)
    assert book.whose(session) is None


def test_removing_an_expert_ends_links_and_sessions(book: AccessBook) -> None:
    _, token = book.invite("Ann")
    _, session = book.enter(token)
    _, unused = book.invite("Ann")
    book.remove("ann")
    assert book.whose(session) is None
    for link in (token, unused):
        with pytest.raises(LinkError):
            book.enter(link)
    assert book.enter(book.invite("Ann")[1])[0].pseudonym == "e1"


def test_another_process_sees_what_was_appended(book: AccessBook, clock: Clock) -> None:
    other = AccessBook(book.path, clock)
    _, token = book.invite("Ann")
    _, session = other.enter(token)
    assert book.whose(session).name == "Ann"
    other.remove("e1")
    assert book.whose(session) is None


def test_a_torn_line_harms_nobody(book: AccessBook, clock: Clock) -> None:
    book.invite("Ann")
    book.path.write_bytes(book.path.read_bytes() + b'{"kind":"invi')
    other = AccessBook(book.path, clock)
    other.invite("Bob")
    book.refresh()
    assert [expert.name for expert in book.experts.values()] == ["Ann", "Bob"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "Ann\x1b[31m", "a\u202eb"])
def test_a_name_that_cannot_be_shown_is_refused(book: AccessBook, name: str) -> None:
    with pytest.raises(InputError, match="printable"):
        book.invite(name)


def test_removing_a_stranger_names_who_there_is(book: AccessBook) -> None:
    book.invite("Ann Lee")
    with pytest.raises(UnknownNameError, match="did you mean 'Ann Lee'"):
        book.remove("Ann Le")


def test_the_link_for_another_device_lasts_a_quarter_of_an_hour(book: AccessBook, clock: Clock) -> None:
    book.invite("Ann")
    token = book.device_link("e1")
    clock.passes(minutes=16)
    with pytest.raises(LinkError, match="no longer valid"):
        book.enter(token)
