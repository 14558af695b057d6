"""Static findings about a suite: what its rubric can and cannot measure, before a single video is made.

A suite made of the published files is linted as published: criteria of zero weight are read too, and every repair of
the import is a finding about the source.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ..errors import UnknownNameError
from ..results import Verdict
from ..rubric import Dimension, Polarity, Record, Suite
from . import lint_wording as wording
from .lint_runs import never_telling, twins
from .released import ReleasedSuite, criterion_id, task_id

Severity = Literal["error", "warning", "note"]

CODES: dict[str, tuple[Severity, str]] = {
    "zero-weight": ("error", "a criterion of weight 0 can never matter"),
    "misnumbered": ("error", "a criterion is filed under a number the released evaluator never reads"),
    "string-weight": ("warning", "a weight is written as text"),
    "criteria-count": ("warning", "a dimension has another number of criteria than all others"),
    "task-dropped": ("error", "a task has no criterion with a weight"),
    "no-penalty": ("note", "a task has no penalty"),
    "no-weighted-penalty": ("warning", "a task's penalties all have weight 0"),
    "no-reward": ("warning", "a dimension has criteria but no reward, so it has no score"),
    "duplicate": ("error", "two criteria of a task say the same"),
    "near-duplicate": ("warning", "two criteria of a task say nearly the same"),
    "penalty-worded-as-virtue": ("warning", "a literal judge punishes videos that are good"),
    "reward-worded-as-fault": ("warning", "a literal judge rewards videos that are bad"),
    "compound": ("note", "a criterion makes several claims; one verdict cannot tell them apart"),
    "not-in-pictures": ("warning", "a criterion asks for sound or text, which frames cannot show"),
    "position-polarity": ("warning", "penalties stand last, so a judge can tell them by their place"),
    "dimension-mass": ("note", "one dimension holds nearly all of a task's reward, or nearly none"),
    "yes-judge": ("warning", "a judge that says yes to everything scores high"),
    "never-discriminates": ("note", "every verdict on a criterion is the same"),
    "always-agrees": ("note", "two criteria of a task always get the same verdict"),
}
"""Every code with its severity and what it means."""

NEARLY_THE_SAME = 0.8
MANY_CLAIMS = 3
MOST_LAST, FEW_PENALTIES = 0.9, 10
LITTLE_MASS, MUCH_MASS = 0.05, 0.9
YES_JUDGE = 80.0


class Finding(Record):
    """One finding."""

    code: str
    severity: Severity
    task: str | None = None
    criterion: str | None = None
    dimension: Dimension | None = None
    detail: str
    """The reason, with the received value."""


class Statistics(Record):
    """What the weights alone decide: means over tasks, in points or as shares of 1."""

    dimension_mass: dict[Dimension, float]
    """Share of a task's Σw⁺."""
    attainable_minimum: float
    """Every penalty met and no reward."""
    attainable_maximum: float
    lowest_minimum: float
    """The lowest minimum of a single task."""
    always_yes: float
    """Score of a judge that calls everything met."""
    highest_always_yes: float
    """The same on the task where it is highest."""
    always_no: float
    coin: float
    """Expected score of a judge that tosses a coin for every criterion."""


class LintReport(Record):
    """What the linter found."""

    summary: dict[str, int]
    """Findings by code; codes without a finding are left out."""
    findings: tuple[Finding, ...]
    statistics: Statistics | None
    """None where no task has a reward."""

    @property
    def has_errors(self) -> bool:
        """True where at least one finding is an error."""
        return any(finding.severity == "error" for finding in self.findings)


@dataclass(frozen=True)
class _Criterion:
    id: str
    dimension: Dimension
    statement: str
    polarity: Polarity
    weight: float


@dataclass(frozen=True)
class _Task:
    id: str
    criteria: tuple[_Criterion, ...]


def lint(
    suite: Suite,
    released: ReleasedSuite | None = None,
    *,
    runs: Sequence[Sequence[Verdict]] = (),
    select: Collection[str] = (),
    ignore: Collection[str] = (),
) -> LintReport:
    """Lints `suite`.

    Args:
        suite: The suite.
        released: How it was made of the published files, where it was.
        runs: Verdicts of runs on it, one sequence a run; adds what only verdicts can show.
        select: Codes to report; empty for all.
        ignore: Codes to leave out.

    Raises:
        UnknownNameError: `select` or `ignore` name an unknown code.
    """
    for code in (*select, *ignore):
        if code not in CODES:
            raise UnknownNameError("lint code", code, CODES, f"Known are {', '.join(CODES)}")
    tasks = _as_published(released) if released else _as_loaded(suite)
    found = itertools.chain(
        _source_findings(released),
        *(check(task) for task in tasks for check in (_polarity, _wording, _likeness, _mass)),
        _places(tasks),
        _null_judges(tasks),
        _run_findings(runs),
    )
    kept = [f for f in found if (not select or f.code in select) and f.code not in ignore]
    order = list(CODES)
    kept.sort(key=lambda f: order.index(f.code))
    counts = Counter(finding.code for finding in kept)
    return LintReport(summary=dict(counts), findings=tuple(kept), statistics=_statistics(tasks))


def _as_loaded(suite: Suite) -> list[_Task]:
    return [
        _Task(task.id, tuple(_Criterion(c.id, c.dimension, c.statement, c.polarity, c.weight) for c in task.criteria))
        for task in suite.tasks
    ]


def _as_published(released: ReleasedSuite) -> list[_Task]:
    largest = max(c.weight(released.weights) for t in released.source for c in t.criteria)
    divisor = largest if released.weights == "raw" else 1.0
    return [
        _Task(
            task_id(task.index),
            tuple(
                _Criterion(
                    criterion_id(c.dimension, c.position),
                    c.dimension,
                    c.statement,
                    c.polarity,
                    c.weight(released.weights) / divisor,
                )
                for c in task.criteria
            ),
        )
        for task in released.source
    ]


def _finding(code: str, detail: str, task: _Task | None = None, criterion: _Criterion | None = None) -> Finding:
    return Finding(
        code=code,
        severity=CODES[code][0],
        task=task.id if task else None,
        criterion=criterion.id if criterion else None,
        dimension=criterion.dimension if criterion else None,
        detail=detail,
    )


def _source_findings(released: ReleasedSuite | None) -> Iterator[Finding]:
    for entry in released.report.entries if released else ():
        yield Finding(severity=CODES[entry.code][0], **entry.model_dump())


def _polarity(task: _Task) -> Iterator[Finding]:
    penalties = [c for c in task.criteria if c.polarity is Polarity.PENALTY]
    if not penalties:
        yield _finding("no-penalty", "no penalty, so nothing a video does can cost a point", task)
    elif not any(c.weight for c in penalties):
        yield _finding("no-weighted-penalty", f"its {len(penalties)} penalties have weight 0", task)
    for dimension in Dimension:
        inside = [c for c in task.criteria if c.dimension is dimension]
        if inside and not any(c.weight for c in inside if c.polarity is Polarity.REWARD):
            said = f"{len(inside)} criteria but no reward with a weight in {dimension}"
            yield _finding("no-reward", said, task).model_copy(update={"dimension": dimension})


def _wording(task: _Task) -> Iterator[Finding]:
    for c in task.criteria:
        if c.polarity is Polarity.PENALTY and wording.sounds_like_a_virtue(c.statement):
            said = f"a penalty of weight {c.weight:g} that is met by a good video"
            yield _finding("penalty-worded-as-virtue", said, task, c)
        if c.polarity is Polarity.REWARD and wording.sounds_like_a_fault(c.statement):
            said = f"a reward of weight {c.weight:g} that is met by a bad video"
            yield _finding("reward-worded-as-fault", said, task, c)
        if (count := wording.claims(c.statement)) >= MANY_CLAIMS:
            yield _finding("compound", f"about {count} claims under one verdict", task, c)
        if c.polarity is Polarity.REWARD and wording.needs_more_than_pictures(c.statement):
            yield _finding("not-in-pictures", "asks for sound or written text", task, c)


def _likeness(task: _Task) -> Iterator[Finding]:
    bags = [(c, wording.words(c.statement)) for c in task.criteria]
    for (a, bag), (b, other) in itertools.combinations(bags, 2):
        if " ".join(a.statement.lower().split()) == " ".join(b.statement.lower().split()):
            yield _finding("duplicate", f"says the same as {a.id}", task, b)
        elif (share := wording.likeness(bag, other)) >= NEARLY_THE_SAME:
            yield _finding("near-duplicate", f"shares {share:.0%} of its words with {a.id}", task, b)


def _rewards(criteria: Iterable[_Criterion]) -> float:
    return math.fsum(c.weight for c in criteria if c.polarity is Polarity.REWARD)


def _penalties(criteria: Iterable[_Criterion]) -> float:
    return math.fsum(c.weight for c in criteria if c.polarity is Polarity.PENALTY)


def _shares(task: _Task) -> dict[Dimension, float]:
    total = _rewards(task.criteria)
    return {d: _rewards(c for c in task.criteria if c.dimension is d) / total for d in Dimension} if total else {}


def _mass(task: _Task) -> Iterator[Finding]:
    shares = {d: share for d, share in _shares(task).items() if any(c.dimension is d for c in task.criteria)}
    if len(shares) < 2 or 0 in shares.values():  # a dimension without a reward is a finding of its own
        return
    for dimension, share in shares.items():
        if not LITTLE_MASS <= share <= MUCH_MASS:
            said = f"{dimension} holds {share:.0%} of the reward"
            yield _finding("dimension-mass", said, task).model_copy(update={"dimension": dimension})


def _places(tasks: Sequence[_Task]) -> Iterator[Finding]:
    last = total = 0
    for task, dimension in itertools.product(tasks, Dimension):
        reward_follows = False
        for criterion in reversed([c for c in task.criteria if c.dimension is dimension]):
            if criterion.polarity is Polarity.REWARD:
                reward_follows = True
            else:
                total += 1
                last += not reward_follows
    if total >= FEW_PENALTIES and last / total >= MOST_LAST:
        yield _finding("position-polarity", f"{last} of {total} penalties stand behind every reward of their dimension")


def _null_judges(tasks: Sequence[_Task]) -> Iterator[Finding]:
    found = _statistics(tasks)
    if found is not None and found.always_yes >= YES_JUDGE:
        said = f"saying yes to everything scores {found.always_yes:.1f} of {found.attainable_maximum:.0f}"
        yield _finding("yes-judge", said)


def _statistics(tasks: Sequence[_Task]) -> Statistics | None:
    scored = [task for task in tasks if _rewards(task.criteria) > 0]
    if not scored:
        return None
    minima = [-100 * _penalties(task.criteria) / _rewards(task.criteria) for task in scored]
    shares = [_shares(task) for task in scored]
    minimum = statistics.fmean(minima)
    return Statistics(
        dimension_mass={d: round(statistics.fmean(share[d] for share in shares), 6) for d in Dimension},
        attainable_minimum=round(minimum, 6),
        attainable_maximum=100.0,
        lowest_minimum=round(min(minima), 6),
        always_yes=round(100 + minimum, 6),
        highest_always_yes=round(100 + max(minima), 6),
        always_no=0.0,
        coin=round((100 + minimum) / 2, 6),
    )


def _run_findings(runs: Sequence[Sequence[Verdict]]) -> Iterator[Finding]:
    for task, criterion, detail in never_telling(runs):
        yield Finding(code="never-discriminates", severity="note", task=task, criterion=criterion, detail=detail)
    for task, criterion, detail in twins(runs):
        yield Finding(code="always-agrees", severity="note", task=task, criterion=criterion, detail=detail)
