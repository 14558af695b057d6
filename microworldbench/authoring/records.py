"""What a draft is made of."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from ..rubric import Criterion, Level, Record, Slug, Text


class Title(Record):
    """One published video, as its publisher describes it: where ideas for tasks come from."""

    id: Slug
    """A hash of its content or of the id it came with: never built from words."""
    title: Text
    description: str = ""
    url: str | None = None
    channel: str | None = None
    license: str | None = None


class DraftedTask(Record):
    """A prompt drafted from a title."""

    id: Slug
    source: Slug
    """The title's id."""
    title: Text
    prompt: Text


class Placed(Record):
    """Which level a task belongs to, in the model's opinion."""

    task: Slug
    level: Level
    confidence: float = Field(ge=0, le=1)
    reason: str = ""


class Choice(Record):
    """Whether a task goes on to have a rubric drafted, and why not."""

    task: Slug
    level: Level | None
    """None where the task has not been placed."""
    outcome: Literal["kept", "unplaced", "unsure", "irrelevant", "near-duplicate", "over-quota"]
    detail: str = ""


class ChoiceRules(Record):
    """The rules a choice was made by."""

    per_level: int | None = Field(default=None, ge=1)
    """Tasks kept of each level; None keeps all."""
    similarity: float = Field(default=0.6, gt=0, le=1)
    """Cosine of the TF-IDF vectors of two prompts from which the later one is a near-duplicate."""
    min_confidence: float = Field(default=0.5, ge=0, le=1)
    votes_sha256: str | None = None
    """Of the file of experts' relevance votes; None where there were none."""
    quorum: int = Field(default=2, ge=1)
    """Experts who must find a task relevant, where they voted."""


class DraftedRubric(Record):
    """A requirement and criteria drafted for a task."""

    task: Slug
    requirement: Text
    criteria: tuple[Criterion, ...] = Field(min_length=1)


class StageIdentity(Record):
    """Who drafted at a stage, and by which words."""

    model: str
    sampling: dict[str, JsonValue]
    prompt: str
    """sha256 of the fixed words and the reply's form."""


class DraftManifest(Record):
    """The content of ``draft.json``."""

    schema_: Literal[1] = Field(default=1, alias="schema", serialization_alias="schema")
    titles_read: int = 0
    """Rows of the title files."""
    titles_refused: int = 0
    """Of them, rows that could not be used; ``refused.jsonl`` says why."""
    stages: dict[str, StageIdentity] = Field(default_factory=dict)
    created: str | None = None


class Refused(Record):
    """A row of a title file that could not be used."""

    place: str
    reason: str
