"""What happened in a study, one record each. The log of them is the only source of every result.

Events are ordered by their number, never by a clock: times are for people, and for how long an item took.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, TypeAdapter

from ...rubric import Record

UI_VERSION = "1"
"""Of the pages; an answer names the version it was given on."""
Fields = dict[str, str]
"""What stands in each field of a page. A field that is empty, or as it was printed, is absent."""


class Answered(Record):
    """An expert answered something about one item. A later event corrects an earlier one, field by field."""

    kind: Literal["answer"] = "answer"
    n: int
    study: str
    bundle: str
    """Digest of what the study asks."""
    expert: str
    """A pseudonym; names lie in the private access log."""
    round: int = Field(ge=1)
    item: str
    repeat: bool = False
    """The second time the item was shown, with sides swapped."""
    shown: dict[str, JsonValue] = Field(default_factory=dict)
    """In which order and on which sides things were shown."""
    changes: Fields
    """What stands in the fields that changed; an emptied one holds an empty text."""
    complete: bool
    """False while something is left to answer about the item."""
    started: str | None = None
    """When the page was opened, UTC; None where the answer was imported."""
    ended: str
    active_s: float | None = None
    """How long the page was looked at since it was opened, in seconds; None where unknown."""
    ui: str = UI_VERSION
    origin: str = "workbench"
    """Where it was given: the workbench, or what it was imported from."""


class HandedIn(Record):
    """An expert declared a round finished; those answers can no longer change."""

    kind: Literal["handed_in"] = "handed_in"
    n: int
    expert: str
    round: int
    at: str


class Joined(Record):
    """An expert was invited, or came back."""

    kind: Literal["joined"] = "joined"
    n: int
    expert: str
    at: str


class Left(Record):
    """An expert left the study; the answers given stay, and nobody waits for more."""

    kind: Literal["left"] = "left"
    n: int
    expert: str
    at: str


class RoundEnded(Record):
    """A round is over; what was answered in it is fixed, and the next one begins."""

    kind: Literal["round_ended"] = "round_ended"
    n: int
    round: int
    at: str


Event = Annotated[Answered | HandedIn | Joined | Left | RoundEnded, Field(discriminator="kind")]
EVENT: TypeAdapter[Event] = TypeAdapter(Event)
