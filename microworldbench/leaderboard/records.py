"""What a leaderboard holds: tables of rows that may be compared, and the differences between them.

This is the content of ``leaderboard.json``. Scores are in points, numbers have 6 decimals, unknown is null.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..rubric import Dimension, Document, Level, Record
from ..scorecard import CertificateSummary, CorrectedScore, Named, Score, SuiteReference, TotalUsage, ViewReference
from .submission import Submission
from .verified import Standing


class Treatments(Record):
    """The score under the three other treatments of failed videos, and whether a row then stands elsewhere."""

    completed_only: float | None
    """Over the tasks that every model of the table completed."""
    failure_at_worst: float
    """A failed video counts as min(0, the model's worst video)."""
    floored_at_zero: float
    """Every task floored at 0."""
    moves: tuple[Literal["completed_only", "failure_at_worst", "floored_at_zero"], ...]
    """Treatments under which some pair with this row changes its order."""


class Row(Record):
    """One submission."""

    submission: str
    """Its folder, and its page: ``models/<submission>.html``."""
    about: Submission
    digest: str
    standing: Standing
    best_rank: int | None
    """Ranks it may truly have, all rows at once at 95 %; None below 30 tasks."""
    worst_rank: int | None
    tier: int
    """From 1; within a tier nothing differs significantly from its best."""
    score: Score
    corrected: CorrectedScore | None
    """By experts' labels; None: uncorrected."""
    by_level: dict[Level, Score]
    by_dimension: dict[Dimension, Score]
    lost_to_penalties: float
    """Points lost to met penalties, mean over tasks."""
    penalty_share: float | None
    """Of the points earned by rewards, the share lost to penalties; None where nothing was earned."""
    win_rate: float | None
    """Against the other rows, over tasks, a tie counting half; None for the only row."""
    failure_rate: float
    """Failed videos of those asked for, 0 to 1."""
    treatments: Treatments
    tasks: int
    seeds: int
    usage: TotalUsage
    certificate: CertificateSummary | None
    """The judge's; None: uncertified."""


class PairDifference(Record):
    """How far one row lies above another, over tasks."""

    first: str
    second: str
    value: float
    ci95: tuple[float, float] | None
    simultaneous95: tuple[float, float] | None
    """Holds together with those of all other pairs of the table."""
    p: float
    p_adjusted: float
    """For all pairs of the table (max-T)."""


class Table(Record):
    """Rows of one suite, view and judge, the highest score first."""

    id: str
    """Its folder on the site."""
    suite: SuiteReference
    title: str | None
    """Of the suite."""
    view: ViewReference
    judge: Named
    tasks: int
    rows: tuple[Row, ...]
    order_depends_on_failures: bool
    """Whether a treatment of failed videos changes the order of any two rows."""


class Leaderboard(Document):
    """All tables, the largest first."""

    schema_: Literal[1] = Field(default=1, alias="schema", serialization_alias="schema")
    tables: tuple[Table, ...]
