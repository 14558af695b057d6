"""The stored records of a run: generations, judge calls and verdicts.

Each is one line of an append-only JSONL file in the run folder. Nothing here holds a prompt, a key, a header or a
credential; texts that came from a model are data and are never read as paths or addresses.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, JsonValue

from .rubric import Record


class Reason(StrEnum):
    """Why a verdict is null."""

    CANNOT_TELL = "cannot_tell"
    """The judge looked and could not say; also a measurement outside its valid range."""
    UNREADABLE = "unreadable"
    REFUSED = "refused"
    FAILED = "failed"
    NOT_MEASURED = "not_measured"
    """No measurement exists for the criterion."""

    @property
    def is_missing(self) -> bool:
        """True unless the judge looked."""
        return self is not Reason.CANNOT_TELL


class StoredVideo(Record):
    """Where a video lies and what it is."""

    path: str
    """Relative to the run folder, or absolute where the user's own file is referenced."""
    sha256: str
    width: int
    height: int
    fps: float
    frames: int
    duration_s: float


class Generation(Record):
    """What a generator made of one task and seed."""

    task: str
    seed: int
    status: Literal["ok", "failed", "missing"]
    """``failed``: the model failed (scores 0). ``missing``: the infrastructure failed (tried again)."""
    prompt_sha256: str
    request: dict[str, JsonValue] = Field(default_factory=dict)
    """The request without its prompt."""
    video: StoredVideo | None = None
    error_kind: str | None = None
    error: str | None = None
    changed: dict[str, JsonValue] = Field(default_factory=dict)
    """What the generator did differently from the request, as it declares."""
    latency_s: float | None = None
    created: str | None = None


class ShownFrame(Record):
    """One frame a judge was shown."""

    number: int = Field(ge=1)
    source_index: int = Field(ge=0)
    time_s: float
    sha256: str
    """Of the encoded image as it was sent."""


class Usage(Record):
    """Tokens and money of one call. None: the server did not say."""

    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None


Met = Annotated[bool | None, BeforeValidator(lambda value: value.item() if hasattr(value, "item") else value)]
"""True, false or null; numpy's booleans too."""


class Judgement(Record):
    """What a judge said about one criterion."""

    criterion: str
    met: Met
    reason: Reason | None = None
    observation: str = ""
    frames: tuple[int, ...] = ()
    """Numbers of the shown frames it cites, from 1."""


class Reservation(Record):
    """Written before a call: what it can cost at worst. Without a matching Call it counts in full."""

    kind: Literal["reservation"] = "reservation"
    id: str
    worst_case_usd: float | None = None


class Call(Record):
    """One attempt at one question."""

    kind: Literal["call"] = "call"
    id: str
    """The same as its reservation's."""
    task: str
    seed: int
    judge: str
    group: str
    """Which question: a dimension's name, a criterion's id, ``all``, or ``probe``; ``challenge/…`` where another task's
    frames were shown."""
    shown: str | None = None
    """``task/seed`` of those frames."""
    vote: int = 0
    attempt: int = Field(default=1, ge=1)
    criteria: tuple[str, ...] = ()
    """Criterion ids in the order shown."""
    request_sha256: str | None = None
    frames: tuple[ShownFrame, ...] = ()
    status: Literal["ok", "unreadable", "refused", "failed"]
    judgements: tuple[Judgement, ...] = ()
    reply: str | None = None
    finish_reason: str | None = None
    error: str | None = None
    usage: Usage = Usage()
    latency_s: float | None = None
    created: str | None = None


class Verdict(Record):
    """One vote on one criterion of one video. The last line for a key wins."""

    task: str
    seed: int
    criterion: str
    criterion_digest: str
    vote: int = 0
    judge: str
    met: Met
    reason: Reason | None = None
    observation: str = ""
    frames: tuple[int, ...] = ()
    call: str | None = None

    @property
    def key(self) -> tuple[str, int, str, str, int]:
        """What a later line replaces: task, seed, criterion, judge, vote."""
        return (self.task, self.seed, self.criterion, self.judge, self.vote)

    @property
    def is_missing(self) -> bool:
        """True where the judge did not get to look."""
        return self.met is None and (self.reason is None or self.reason.is_missing)
