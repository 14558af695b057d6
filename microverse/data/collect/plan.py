"""What to search for: every term in every window of publication time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError, model_validator

from microworldbench.errors import InputError
from microworldbench.suites.document import read_document

from ..config import Settings
from .api import ADDRESS

Term = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Collection(Settings):
    """A collection plan."""

    terms: tuple[Term, ...] = Field(min_length=1)
    after: date = date(2006, 1, 1)
    before: date
    """Not included. A fixed date, so that the plan means the same tomorrow."""
    step_days: int = Field(default=365, ge=1)
    """Length of a window: a search gives up to about 500 hits, so crowded topics want short ones."""
    pages: int = Field(default=10, ge=1, le=100)
    """Read at most so many of one search."""
    searches_a_day: int = Field(default=100, ge=1)
    """The API's own limit at the time of writing."""
    details_a_day: int = Field(default=1000, ge=1)
    base_url: str = ADDRESS

    @model_validator(mode="after")
    def _times_are_in_order(self) -> Collection:
        if self.after >= self.before:
            raise ValueError(f"after must be before 'before', got {self.after} and {self.before}")
        return self

    def queries(self) -> Iterator[Query]:
        """Every search, in order."""
        for term in self.terms:
            start = self.after
            while start < self.before:
                end = min(self.before, start + timedelta(days=self.step_days))
                yield Query(term=term, after=_stamp(start), before=_stamp(end))
                start = end


class Query(Settings):
    """One search."""

    term: str
    after: str
    before: str


def read_plan(path: Path) -> Collection:
    """Reads a plan.

    Raises:
        InputError: it is malformed; names file, line and setting.
    """
    document = read_document(path, str(path))
    try:
        return Collection.model_validate(document.data)
    except ValidationError as error:
        raise document.invalid(error) from None


def _stamp(day: date) -> str:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def check_id(text: str) -> str:
    """A video id, which is about to become part of an address.

    Raises:
        InputError: it is none.
    """
    from ..records import YOUTUBE_ID

    if not YOUTUBE_ID.fullmatch(text):
        raise InputError(f"{text!r:.40} is not a YouTube video id")
    return text
