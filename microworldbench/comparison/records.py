"""What a comparison of runs holds. Scores and differences are in points; every number is rounded to 6 decimals."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from pydantic import ConfigDict, Field

from ..errors import InputError, UnknownNameError
from ..rubric import Dimension, Document, Level, Polarity, Record
from ..scorecard import Named, Score, SuiteReference, ViewReference

GapReason = Literal["missing", "too_few", "not_linked"]
"""Why a difference has no value. ``missing``: too many verdicts of a run are missing, only the bounds stand.
``too_few``: no common task has a score. ``not_linked``: the runs have two judges, and no link carries scores over."""


class ComparedRun(Record):
    """One of the runs."""

    name: str
    """The generator's name, told apart where two runs share it."""
    generator: Named
    judge: Named
    view: ViewReference
    """The run's own view."""
    tasks: int
    """Tasks of that view; the comparison is over those that all runs have."""
    seeds: tuple[int, ...]
    overall: Score | None
    """Over the run's own tasks, as its report states it."""


class Gap(Record):
    """How far one run lies above another: the mean difference over their common tasks, first less second."""

    first: str
    second: str
    value: float | None
    reason: GapReason | None = None
    """Why `value` is None."""
    low: float | None
    """With everything undecided at its worst for the first and its best for the second; None without a task."""
    high: float | None
    ci95: tuple[float, float] | None = None
    """Of this pair alone, over tasks; None below five tasks."""
    simultaneous95: tuple[float, float] | None = None
    """Holds together with those of all other pairs; None below 30 tasks."""
    p: float | None = None
    """Sign-flip test over tasks of this pair alone."""
    p_adjusted: float | None = None
    """The same, adjusted for all pairs (max-T) and, in a breakdown, for all its parts (Bonferroni)."""
    linking_error: float | None = None
    """Error of carrying a score over from one judge to the other, which the intervals and p-values hold. None where
    both runs have one judge, or no link is known."""
    n: int
    """Common tasks."""
    wins: int | None = None
    """Tasks on which the first scores higher, by more than the margin."""
    ties: int | None = None
    losses: int | None = None
    net_wins: float | None = None
    """(wins − losses) / tasks."""
    net_wins_ci95: tuple[float, float] | None = None

    def mirrored(self) -> Gap:
        """The same seen from the second run."""

        def turned(ends: tuple[float, float] | None) -> tuple[float, float] | None:
            return None if ends is None else (-ends[1], -ends[0])

        def less(value: float | None) -> float | None:
            return None if value is None else -value + 0.0

        return self.model_copy(
            update={
                "first": self.second, "second": self.first, "value": less(self.value), "low": less(self.high),
                "high": less(self.low), "ci95": turned(self.ci95), "simultaneous95": turned(self.simultaneous95),
                "wins": self.losses, "losses": self.wins, "net_wins": less(self.net_wins),
                "net_wins_ci95": turned(self.net_wins_ci95),
            }
        )  # fmt: skip


class ScopeComparison(Record):
    """All runs compared over one scope: everything, a level or a dimension."""

    n: int
    """Common tasks with a score in this scope."""
    scores: dict[str, Score | None]
    """Mean of each run over these tasks."""
    differences: tuple[Gap, ...]
    """Every pair, in the order of the runs."""
    tiers: dict[str, int | None]
    """From 1: going down the scores, a tier ends before the first run that differs from its top (adjusted p ≤ 0.05)."""
    ranks: dict[str, tuple[int, int]] | None
    """Best and worst rank each run may truly have, all at once at 95 %; None below 30 tasks or where a run has no
    value."""

    @property
    def difference(self) -> Gap:
        """The one difference of two runs.

        Raises:
            InputError: More than two runs were compared; use `between`.
        """
        if len(self.differences) != 1:
            raise InputError(f"{len(self.scores)} runs were compared; name two of them: between(first, second)")
        return self.differences[0]

    def between(self, first: str, second: str) -> Gap:
        """The difference of two runs by name, either way round.

        Raises:
            UnknownNameError: No such pair was compared.
        """
        for gap in self.differences:
            if (gap.first, gap.second) == (first, second):
                return gap
            if (gap.first, gap.second) == (second, first):
                return gap.mirrored()
        unknown = next((name for name in (first, second) if name not in self.scores), first)
        raise UnknownNameError("run", unknown, self.scores, "a run is not compared with itself")


class TaskGap(Record):
    """One common task."""

    id: str
    level: Level
    scores: dict[str, Score | None]
    failed: dict[str, int]
    """Videos the model failed to make."""
    spread: float | None
    """Highest less lowest score; None where fewer than two runs have one."""


class CriterionGap(Record):
    """One criterion on which runs differ."""

    task: str
    criterion: str
    dimension: Dimension
    polarity: Polarity
    weight: float
    statement: str | None
    """None where the suite states no licence."""
    met: dict[str, float | None]
    """Share of its judged videos in which it was met; None where none was decided."""
    points: dict[str, float]
    """What it adds to the task's score (cannot tell counts as not met, a missing verdict half, a failure 0)."""
    spread: float
    """Highest less lowest points."""


class Treatment(Record):
    """The order of the runs under another treatment of the model's failures."""

    name: Literal["as_scored", "completed_only", "failure_at_worst", "floored_at_zero"]
    scores: dict[str, float | None]
    n: int
    """Tasks it rests on."""
    order: tuple[str, ...]
    """Runs with a value, best first."""
    changes_order: bool
    """Whether any two runs stand otherwise than as scored."""


class ComparisonData(Document):
    """What a `Comparison` holds."""

    model_config = ConfigDict(populate_by_name=True)

    schema_: Literal[1] = Field(default=1, alias="schema", serialization_alias="schema")
    suite: SuiteReference
    view: ViewReference
    """What is compared: the runs' own view, or the tasks common to them."""
    judge: Named | None
    """None where runs of different judges are compared."""
    link: str | None = None
    """Digest of the link that carries the scores of one judge over to the other's scale."""
    runs: tuple[ComparedRun, ...]
    common_tasks: int
    margin: float
    """Task differences up to it, in points, are ties."""
    overall: ScopeComparison
    by_level: dict[Level, ScopeComparison]
    """Exploratory."""
    by_dimension: dict[Dimension, ScopeComparison]
    """Exploratory."""
    task_gaps: tuple[TaskGap, ...] = Field(alias="tasks", serialization_alias="tasks")
    """All common tasks, those that differ most first."""
    criteria: tuple[CriterionGap, ...]
    """Criteria on which runs differ, the widest first; empty where the verdicts are not at hand."""
    failures: tuple[Treatment, ...]
    order_depends_on_failures: bool
    """Whether a treatment of failures changes the order of the runs."""
    notes: tuple[str, ...] = ()
    """What a reader must know before trusting the table."""

    @cached_property
    def tasks(self) -> dict[str, TaskGap]:
        """Common tasks by id, those that differ most first."""
        return {task.id: task for task in self.task_gaps}

    @property
    def names(self) -> tuple[str, ...]:
        """The runs' names in the order given."""
        return tuple(run.name for run in self.runs)
