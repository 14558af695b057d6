"""The rubric schema: suites of tasks, each with weighted criteria. The only definition of these records.

Frozen pydantic models; unknown fields are errors. A digest is the sha256 of canonical JSON (sorted keys, no spaces,
UTF-8), so any changed word changes it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

MAX_ID_LENGTH = 80

Slug = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$", max_length=MAX_ID_LENGTH)
]
"""Letters, digits, ``.``, ``_`` and ``-``, beginning and ending with a letter or digit: safe as a file name."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Version = Annotated[str, StringConstraints(pattern=r"^[0-9]+-[A-Z]+$")]
Weight = Annotated[float, Field(gt=0, le=1)]


class Record(BaseModel):
    """Base of every stored record: frozen, strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, ser_json_inf_nan="null")

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with some fields replaced; cached digests are made anew, which pydantic alone would not do."""
        copied = super().model_copy(update=update, deep=deep)
        for name in [name for name in copied.__dict__ if name not in type(self).model_fields]:
            del copied.__dict__[name]
        return copied


class Document(Record):
    """Base of a record that is a JSON file of its own."""

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain JSON values."""
        return self.model_dump(mode="json", by_alias=True)

    def to_json(self) -> str:
        """`to_dict` as text; equal content gives equal bytes."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def digest_of(content: JsonValue | dict[str, Any] | list[Any]) -> str:
    """sha256 (hex) of the canonical JSON of `content`."""
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


class Level(StrEnum):
    """The scale of the mechanism a task is about."""

    ORGAN = "organ"
    CELLULAR = "cellular"
    SUBCELLULAR = "subcellular"


class Dimension(StrEnum):
    """What a criterion is about."""

    SCIENTIFIC_FIDELITY = "scientific_fidelity"
    VISUAL_QUALITY = "visual_quality"
    INSTRUCTION_FOLLOWING = "instruction_following"


class Polarity(StrEnum):
    """Whether meeting a criterion earns or costs its weight."""

    REWARD = "reward"
    PENALTY = "penalty"

    @property
    def sign(self) -> int:
        """+1 for a reward, -1 for a penalty."""
        return 1 if self is Polarity.REWARD else -1


class ReviewStatus(StrEnum):
    """How far a task has come."""

    DRAFTED = "drafted"
    REVIEWED = "reviewed"


class Measurement(Record):
    """A deterministic measurement that decides a criterion from pixels."""

    name: Slug
    """Name of a registered measurement; ``mwb judges`` lists them."""
    params: dict[str, JsonValue] = Field(default_factory=dict)
    """Parameters, validated by the named measurement."""


class Criterion(Record):
    """One observable claim about a video."""

    id: Slug
    """Unique in its task."""
    dimension: Dimension
    statement: Text
    """The claim, as the judge reads it."""
    polarity: Polarity = Polarity.REWARD
    weight: Weight
    """In (0, 1]: 1.0 core, 0.5 secondary, 0.2 auxiliary."""
    temporal: bool = False
    """True where the claim cannot be judged from one frame."""
    measurement: Measurement | None = None

    @cached_property
    def digest(self) -> str:
        """Digest of what a judge answers to. Weight and polarity are left out: changing them needs no new verdict."""
        return digest_of(self.model_dump(mode="json", include={"dimension", "statement", "temporal", "measurement"}))


class Source(Record):
    """A reference and the fact taken from it."""

    reference: Text
    fact: Text
    url: str | None = None


class Review(Record):
    """Who has looked at a task."""

    status: ReviewStatus = ReviewStatus.DRAFTED
    by: str | None = None
    date: str | None = None


class Task(Record):
    """A prompt and the rubric its video is judged by."""

    id: Slug
    level: Level
    title: Text
    prompt: Text
    """What the generator is given."""
    requirement: Text | None = None
    """Longer text that only the judge sees (unless the view says otherwise)."""
    criteria: tuple[Criterion, ...] = Field(min_length=1)
    sources: tuple[Source, ...] = ()
    tags: tuple[Slug, ...] = ()
    review: Review = Review()

    @model_validator(mode="after")
    def _criterion_ids_are_unique(self) -> Task:
        _refuse_duplicates("criterion", [c.id for c in self.criteria])
        return self


class Suite(Record):
    """A versioned set of tasks."""

    id: Slug
    version: Version
    """``<comparability>-<revision>``, e.g. ``1-A``. A change that could move a score bumps the number."""
    title: Text
    license: str | None = None
    """SPDX identifier; None where unstated, and then texts are kept out of run folders."""
    tasks: tuple[Task, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _task_ids_are_unique(self) -> Suite:
        _refuse_duplicates("task", [t.id for t in self.tasks])
        return self

    @cached_property
    def digest(self) -> str:
        """sha256 over the canonical content; any changed word changes it."""
        return digest_of(self.model_dump(mode="json"))

    @cached_property
    def by_id(self) -> dict[str, Task]:
        """Tasks by id."""
        return {task.id: task for task in self.tasks}


def _refuse_duplicates(kind: str, ids: list[str]) -> None:
    repeated = [i for i, count in Counter(i.casefold() for i in ids).items() if count > 1]
    if repeated:
        clash = [i for i in ids if i.casefold() == repeated[0]]
        raise ValueError(f"{kind} ids must differ by more than case, got {', '.join(map(repr, clash))}")
