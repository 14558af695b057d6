"""What a run folder keeps of a view (``suite.json``): enough to score and render it offline.

Where the suite's licence is stated, texts travel along. Where it is not, only ids, numbers and text digests do.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Any, Literal

from pydantic import Field, JsonValue, ValidationError

from ..errors import InputError
from ..logbook import first_problem
from ..rubric import Criterion, Dimension, Level, Measurement, Polarity, Record, Review, Slug, Source, Task, Version
from .view import View


class SnapshotCriterion(Record):
    """A criterion as it was scored."""

    id: Slug
    dimension: Dimension
    polarity: Polarity
    weight: float = Field(gt=0, le=1)
    temporal: bool = False
    measurement: Measurement | None = None
    digest: str
    """`Criterion.digest`: what a judge answered to."""
    statement: str | None = None
    """None where the suite states no licence."""


class SnapshotTask(Record):
    """A task as it was run, with the criteria of the view."""

    id: Slug
    level: Level
    tags: tuple[Slug, ...] = ()
    prompt_sha256: str
    """sha256 (hex) of the UTF-8 bytes of what the generator was given."""
    title: str | None = None
    prompt: str | None = None
    """What the generator was given; None where the suite states no licence, like every text here."""
    requirement: str | None = None
    sources: tuple[Source, ...] = ()
    review: Review | None = None
    criteria: tuple[SnapshotCriterion, ...]


class SnapshotSuite(Record):
    """Which suite the snapshot was taken of."""

    id: Slug
    version: Version
    digest: str
    title: str | None = None
    license: str | None = None


class SnapshotView(Record):
    """Which part of it."""

    name: str
    digest: str
    selection: dict[str, JsonValue]
    """Arguments of `View.of` that give the view again."""


class Snapshot(Record):
    """The content of ``suite.json``."""

    schema_: Literal[1] = Field(default=1, alias="schema", serialization_alias="schema")
    suite: SnapshotSuite
    view: SnapshotView
    tasks: tuple[SnapshotTask, ...] = Field(min_length=1)

    @cached_property
    def by_id(self) -> dict[str, SnapshotTask]:
        """Tasks by id."""
        return {task.id: task for task in self.tasks}

    @cached_property
    def digests(self) -> dict[tuple[str, str], str]:
        """`Criterion.digest` of every criterion, by task and criterion."""
        return {(task.id, criterion.id): criterion.digest for task in self.tasks for criterion in task.criteria}

    @property
    def has_texts(self) -> bool:
        """True where prompts and statements are kept."""
        return self.suite.license is not None


def snapshot(view: View) -> Snapshot:
    """What is to be kept of `view`. Its stored form is ``.model_dump(mode="json", by_alias=True)``."""
    suite = view.suite
    with_texts = suite.license is not None
    return Snapshot(
        suite=SnapshotSuite(
            id=suite.id,
            version=suite.version,
            digest=suite.digest,
            title=suite.title if with_texts else None,
            license=suite.license,
        ),
        view=SnapshotView(name=view.name, digest=view.digest, selection=view.selection),
        tasks=tuple(_task(view, task, with_texts) for task in view.tasks),
    )


def load_snapshot(content: dict[str, Any], source: str = "suite.json") -> Snapshot:
    """A `Snapshot` from its stored form.

    Args:
        content: The parsed JSON.
        source: Where it came from, for the error message.

    Raises:
        InputError: It is not a snapshot of this schema.
    """
    try:
        return Snapshot.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{source} is not a suite snapshot: {first_problem(error)}") from error


def text_sha256(text: str) -> str:
    """sha256 (hex) of the UTF-8 bytes of `text`."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _task(view: View, task: Task, with_texts: bool) -> SnapshotTask:
    prompt = view.prompt_of(task)
    return SnapshotTask(
        id=task.id,
        level=task.level,
        tags=task.tags,
        prompt_sha256=text_sha256(prompt),
        title=task.title if with_texts else None,
        prompt=prompt if with_texts else None,
        requirement=task.requirement if with_texts else None,
        sources=task.sources if with_texts else (),
        review=task.review if with_texts else None,
        criteria=tuple(_criterion(criterion, with_texts) for criterion in task.criteria),
    )


def _criterion(criterion: Criterion, with_texts: bool) -> SnapshotCriterion:
    return SnapshotCriterion(
        id=criterion.id,
        dimension=criterion.dimension,
        polarity=criterion.polarity,
        weight=criterion.weight,
        temporal=criterion.temporal,
        measurement=criterion.measurement,
        digest=criterion.digest,
        statement=criterion.statement if with_texts else None,
    )
