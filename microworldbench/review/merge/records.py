"""What a merge holds. It has no clock in it: the same log gives the same bytes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ...concordance.records import Coefficient, PairKappa
from ...rubric import Dimension, Level, Record
from ...scorecard import Score, SuiteReference


class ActionAgreement(Record):
    """How far experts agree on what to do; intervals are over tasks."""

    units: int
    """Things that at least two experts answered."""
    tasks: int
    labels: tuple[str, ...]
    observed: Coefficient
    """Raw agreement of pairs of experts."""
    prevalence: dict[str, Coefficient]
    """Share of each answer."""
    cohen: tuple[PairKappa, ...]
    fleiss: Coefficient
    krippendorff: Coefficient
    ac1: Coefficient
    """Gwet's. Read it first where one answer, such as ``keep``, is far more frequent than the others."""


class ActionCount(Record):
    """How often an expert chose an action, in one dimension of one level."""

    expert: str
    level: Level
    dimension: Dimension
    keep: int = 0
    weight: int = 0
    modify: int = 0
    delete: int = 0
    add: int = 0


class Shift(Record):
    """What a revision does to a run's score, as far as its stored verdicts tell."""

    run: str
    generator: str
    judge: str
    before: Score | None
    """On the tasks and criteria of the parent that the run holds."""
    after: Score | None
    """On the child; criteria that were touched or added are missing and widen the bounds."""
    change: float | None
    """After less before, with what is missing at its midpoint; None where either has no score."""
    touched: int
    """Criteria × videos that must be judged again."""
    kept: int
    """Criteria × videos whose verdicts stay valid."""
    judge_again: str | None
    """The command that judges only what was touched."""


class MergeResult(Record):
    """The content of ``merge.json``."""

    schema_: Literal[1] = Field(default=1, alias="schema", serialization_alias="schema")
    study: str
    kind: str
    bundle: str
    """Digest of what was asked."""
    log: str
    """sha256 of the log of answers."""
    events: int
    rules: str
    """Version of the rules."""
    experts: tuple[str, ...]
    left: tuple[str, ...]
    """Experts who left; what they had answered counts."""
    unfinished: bool
    """True where the study was merged before its last round was over."""
    parent: SuiteReference | None = None
    child: SuiteReference | None = None
    """None where the study makes no suite."""
    decided: int
    changed: int
    unresolved: int
    agreement: ActionAgreement | None = None
    """None with fewer than two experts."""
    actions: tuple[ActionCount, ...] = ()
    minutes: dict[str, float | None] = Field(default_factory=dict)
    """Time each expert spent looking at pages."""
