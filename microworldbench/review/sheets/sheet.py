"""The fields of a page: which there are, what may stand in them, and what is left to answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from ...errors import InputError
from ...rendering.wording import plain
from ..store.events import Fields

LONGEST_TEXT = 20_000
"""Characters of one written field."""


@dataclass(frozen=True)
class Choice:
    """A field in which one of some words stands."""

    options: tuple[str, ...]
    printed: str | None = None
    """What stands there before anybody touches it; it says nothing."""


@dataclass(frozen=True)
class Writing:
    """A field in which an expert writes."""

    longest: int = LONGEST_TEXT
    printed: str | None = None
    """What stands there before anybody touches it; it says nothing."""


Form = Mapping[str, Choice | Writing]


class Sheet(Protocol):
    """What is asked about one item in one round."""

    @property
    def form(self) -> Form:
        """Every field by name."""

    def gaps(self, fields: Fields) -> dict[str, str]:
        """What is left to do, by the field it concerns; empty where the answer is complete."""


class FieldError(InputError):
    """A field holds what it cannot hold.

    Args:
        field: Its name.
        message: What is wrong, with the received value.
    """

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(f"{field}: {message}")


def read_fields(form: Form, given: Mapping[str, str]) -> Fields:
    """`given` as an answer: written text without surrounding space, control characters or odd line ends.

    Raises:
        FieldError: a field does not exist, or cannot hold what it was given.
    """
    found: Fields = {}
    for name, raw in given.items():
        field = form.get(name)
        if field is None:
            raise FieldError(name[:80], "there is no such field on this page")
        value = raw
        if isinstance(field, Choice):
            if value and value not in field.options:
                raise FieldError(name, f"must be one of {', '.join(field.options)}, got {value!r:.80}")
        else:
            value = as_written(raw)
            if len(value) > field.longest:
                raise FieldError(name, f"has {len(value):,} characters; at most {field.longest:,} are kept")
        if value and (field.printed is None or value != as_written(field.printed)):
            found[name] = value
    return found


def said_elsewhere(form: Form, given: Mapping[str, str], kept: Fields) -> Fields:
    """Fields that hold something else than was `given`, as another tab or device left them; with what to show."""
    said = read_fields(form, given)
    return {n: kept.get(n, field.printed or "") for n, field in form.items() if kept.get(n) != said.get(n)}


def as_written(text: str) -> str:
    """`text` as a field would hold it: no surrounding space, no control characters, one kind of line end."""
    return plain(text, lines=True).strip()


def needs(field: str, fields: Fields, said: str) -> dict[str, str]:
    """The gap of a field that must not be empty."""
    return {} if fields.get(field) else {field: said}
