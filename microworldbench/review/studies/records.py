"""The records of a study. What is asked never changes once a study is made; answers lie in a log of their own."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field, model_validator

from ...rubric import Dimension, Level, Polarity, Record, Slug, Text, Weight
from ...scorecard import SuiteReference

SCHEMA = 1
GRID = (0.2, 0.5, 1.0)
"""Weights that experts choose from: auxiliary, secondary, core."""


class Kind(StrEnum):
    """What experts do in a study."""

    RELEVANCE = "relevance"
    """Is a task worth keeping?"""
    REVISE = "revise"
    """Keep, delete, reweigh or reword every criterion, and add what is missing; in three rounds."""
    VERDICT = "verdict"
    """Answer the judge's own questions about a video."""
    PAIR = "pair"
    """Which of two videos is better?"""
    CLIP = "clip"
    """Does a clip belong in a training set?"""
    CAPTION = "caption"
    """Does a caption say what a clip shows?"""

    @property
    def rounds(self) -> int:
        """Rounds of answers."""
        return 3 if self is Kind.REVISE else 1

    @property
    def shows_tasks(self) -> bool:
        """True where experts see tasks; the study keeps their suite, unless they are drafts that have none yet."""
        return self in (Kind.RELEVANCE, Kind.REVISE)


class Inclusion(Record):
    """How an item came into the study: a simple random draw of `drawn` out of `population` within its stratum."""

    stratum: str
    population: int = Field(ge=1)
    drawn: int = Field(ge=1)

    @property
    def weight(self) -> float:
        """How many items of the population it stands for: one over the probability of being drawn."""
        return self.population / self.drawn


class Film(Record):
    """A video as experts see it: encoded anew, without sound or metadata, under a name that says nothing."""

    file: str = Field(pattern=r"^[0-9a-f]{32}\.mp4$")
    source_sha256: str
    """Of the video it was made from."""
    run: str | None = None
    """The generator's name; never shown to experts."""
    width: int
    height: int
    fps: float
    frames: int
    duration_s: float


class Claim(Record):
    """A criterion as an expert reads it. Polarity and weight are not shown, as they are not shown to judges."""

    id: Slug
    dimension: Dimension
    polarity: Polarity
    statement: Text
    digest: str
    """`Criterion.digest`: what the answer is about."""


class Item(Record):
    """One thing an expert is asked about."""

    id: Slug
    """Says nothing about where its videos come from."""
    level: Level | None = None
    task: str | None = None
    seed: int | None = None
    title: str | None = None
    prompt: str | None = None
    requirement: str | None = None
    caption: str | None = None
    claims: tuple[Claim, ...] = ()
    films: tuple[Film, ...] = Field(default=(), max_length=2)
    inclusion: Inclusion | None = None
    """None where items were not drawn."""


class SourceRun(Record):
    """A run whose videos are shown."""

    generator: str
    view_digest: str
    judge: str | None = None


class Study(Record):
    """The content of ``study.json``."""

    schema_: Literal[1] = Field(default=1, alias="schema", serialization_alias="schema")
    id: Slug
    kind: Kind
    title: Text
    instructions: str | None = None
    """What experts read first, beside what every study of the kind says."""
    evaluators: int = Field(default=3, ge=1, le=1000)
    """Experts who are to answer every item."""
    seed: int = 0
    """Of draws, orders and sides."""
    repeats: float = Field(default=0.0, ge=0, le=0.5)
    """Share of pairs an expert is shown a second time with sides swapped."""
    grid: tuple[Weight, ...] = GRID
    rationale: Literal["changes", "all"] = "changes"
    """Whether only changes to a rubric need a rationale, or keeping a criterion too."""
    suite: SuiteReference | None = None
    license: str | None = None
    """SPDX identifier of the texts that are shown; None where their suite states none."""
    runs: tuple[SourceRun, ...] = ()
    unavailable: dict[str, int] = Field(default_factory=dict)
    """By level, tasks that were not in the population since a run has no video of them."""
    items: int = Field(ge=1)
    bundle: str
    """Digest of the items and the suite; every answer names it."""
    created: str | None = None

    @model_validator(mode="after")
    def _grid_rises(self) -> Study:
        if not self.grid or list(self.grid) != sorted(set(self.grid)):
            raise ValueError(f"grid must be rising weights, got {', '.join(map(str, self.grid)) or 'none'}")
        return self

    def quorum(self, experts: int) -> int:
        """How many decide: more than half of the experts who answered, or of those it is for where fewer did."""
        return max(self.evaluators, experts) // 2 + 1
