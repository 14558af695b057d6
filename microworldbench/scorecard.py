"""The content of ``report.json``: every score with its bounds, and what it rests on."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from .rubric import Dimension, Level, Polarity, Record

SCHEMA = 1


class Score(Record):
    """A score in points (100 = every reward met, no penalty met)."""

    value: float | None
    """Point value; None where too much is missing to state one."""
    low: float
    """With everything undecided at its worst."""
    high: float
    """With everything undecided at its best."""
    ci95: tuple[float, float] | None = None
    """95 % interval of the point value over tasks; None below five tasks."""
    n: int
    """Tasks behind the score (seeds, for the score of one task)."""
    partial: bool = False
    """True where missing verdicts enter the point at their midpoint."""


class SeedScore(Record):
    """The score of one video."""

    seed: int
    value: float | None
    low: float | None
    high: float | None
    failed: bool = False


class TaskScore(Record):
    """The score of one task, averaged over its seeds."""

    id: str
    level: Level
    score: Score | None
    """None for a task without a reward."""
    by_dimension: dict[Dimension, Score | None]
    failed: int = 0
    """Seeds the model failed on."""
    seeds: tuple[SeedScore, ...] = ()


class SuiteReference(Record):
    """Which suite was scored."""

    id: str
    version: str
    digest: str


class ViewReference(Record):
    """Which part of the suite was scored. Tables never mix views."""

    name: str
    digest: str


class Named(Record):
    """A generator or judge by name, with everything that changes its output."""

    name: str
    version: str | None = None
    settings: dict[str, JsonValue] = Field(default_factory=dict)
    digest: str | None = None


class Coverage(Record):
    """How much of the view was decided, in criteria × videos."""

    criteria: int
    resolved: int
    """Met, not met or cannot_tell, and the criteria of videos the model failed to make."""
    cannot_tell: int
    missing: int
    videos: int
    failed_generations: int


class TotalUsage(Record):
    """Calls, tokens and money over the run; None where the judge reports none."""

    calls: int = 0
    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None


class FailureSensitivity(Record):
    """The overall score under other treatments of the model's failures."""

    rate: float
    """Failed generations per requested video, 0 to 1."""
    completed_only: Score | None
    """Over the tasks whose every seed gave a video."""
    failure_at_worst: Score | None
    """A failed video counts as min(0, the worst video seen)."""
    floored_at_zero: Score | None
    """Every task's score floored at 0."""


class Scores(Record):
    """Every score of a view, and what it rests on."""

    overall: Score | None
    by_level: dict[Level, Score]
    by_dimension: dict[Dimension, Score]
    tasks: tuple[TaskScore, ...]
    coverage: Coverage
    failures: FailureSensitivity


class Rate(Record):
    """How often something happened, of how often it could have."""

    value: float | None
    """`count` / `n`; None where `n` is 0."""
    ci95: tuple[float, float] | None = None
    count: int
    n: int


class PositionRate(Record):
    """How often criteria shown at one place of the list were called met."""

    position: int
    """From 1."""
    met: float
    n: int


class OrderEffect(Record):
    """How a criterion's place in the list the judge is shown moves its verdict."""

    value: float | None
    """Met-rate at the last place minus at the first, -1 to 1, between criteria made alike; None without two places."""
    ci95: tuple[float, float] | None
    """Clustered by video, or by task with one vote; None below five of them."""
    method: Literal["within_criterion", "between_criteria"]
    """``within_criterion``: each criterion of a video against itself at other places, over its votes.
    ``between_criteria``: with one vote, against the others of its list, whose order is random."""
    n: int
    """Answers."""
    videos: int
    by_position: tuple[PositionRate, ...]


class MemberScore(Record):
    """The score by one member of a panel alone."""

    judge: str
    overall: Score | None


class Judging(Record):
    """How far the judge's answers can be leaned on, as far as the run itself shows."""

    order_effect: OrderEffect | None = None
    """None where no judge was shown a list of two criteria."""
    vote_flip_rate: Rate | None = None
    """Pairs of votes of one judge on one criterion of one video that differ. None without two votes."""
    weak_evidence: Rate | None = None
    """Met verdicts that cite at most one frame, of all met verdicts on criteria about time. None without any."""
    ungrounded: Rate | None = None
    """Met verdicts that stayed met on another task's frames (``--challenge``). None where none was challenged."""
    members: tuple[MemberScore, ...] = ()
    """Of a panel. They are a range, never averaged."""


CorrectionReason = Literal["too_few", "not_drawn"]
"""Why there is no corrected score. ``too_few``: fewer than 10 labelled tasks. ``not_drawn``: the sample was drawn from
some levels only."""


class CorrectedScore(Record):
    """A score in points as experts would give it: the judge on all tasks, corrected by experts on some (PPI++)."""

    value: float | None
    reason: CorrectionReason | None = None
    """Why `value` is None."""
    ci95: tuple[float, float] | None = None
    """Over tasks like these; it covers the sampling of tasks and of labels."""
    n: int
    """Tasks with expert labels."""
    n_unlabelled: int
    power: float | None = None
    """How far the judge's scores are used: 0 not at all, 1 fully."""
    label_mean: float | None = None
    """The labelled tasks alone, by the experts."""
    judge_mean: float | None = None
    """All tasks, by the judge alone."""


class JudgeErrors(Record):
    """How a judge errs in one dimension and polarity, and the rate of met criteria behind the one it reports."""

    dimension: Dimension
    polarity: Polarity
    sensitivity: Rate
    """Of the criteria that experts call met, those the judge calls met."""
    specificity: Rate
    """Of the criteria that experts call not met, those the judge calls not met."""
    judged: Rate
    """Criteria the judge calls met, over all tasks."""
    corrected: float | None
    """The same rate corrected for these errors (Rogan & Gladen). A diagnostic, not a score."""
    ci95: tuple[float, float] | None = None
    reason: Literal["too_few", "weak_judge"] | None = None
    """Why `corrected` is None: under 30 labels of either kind, or sensitivity + specificity under 1.3."""


class Corrected(Record):
    """Scores corrected by experts' labels on a random sample of tasks."""

    labels_sha256: str
    """Of the stored labels."""
    raters: tuple[str, ...]
    seeds: tuple[int, ...]
    """Seeds that were labelled; the correction is about these."""
    overall: CorrectedScore
    by_level: dict[Level, CorrectedScore]
    by_dimension: dict[Dimension, CorrectedScore]
    errors: tuple[JudgeErrors, ...]
    """By dimension and polarity, where there are labels."""
    notes: tuple[str, ...] = ()


class CertificateSummary(Record):
    """How the judge did on control clips of known truth; see `certificate`."""

    digest: str
    """Of the whole certificate."""
    battery: str
    battery_digest: str
    balanced_accuracy: float | None
    ci95: tuple[float, float] | None
    """Of the balanced accuracy, clustered by simulated scene."""
    sensitivity: float | None
    specificity: float | None
    answered: float | None
    """Share of the claims asked about that got a verdict other than ``cannot_tell``."""
    n: int
    """Claims of known truth that were answered."""
    flags: tuple[str, ...]
    created: str | None = None


class Scorecard(Scores):
    """Everything ``report.json`` holds."""

    schema_: Literal[1] = Field(default=1, alias="schema", serialization_alias="schema")
    suite: SuiteReference
    view: ViewReference
    generator: Named
    judge: Named
    usage: TotalUsage = TotalUsage()
    judging: Judging = Judging()
    corrected: Corrected | None = None
    """None without expert labels (``mwb score --labels``)."""
    certificate: CertificateSummary | None = None
    """Of the judge; None: uncertified."""
