"""Audits result files of several models: released numbers, corrected numbers with bounds, and the way between."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from ..errors import InputError
from ..rubric import Dimension, Level, Record
from ..scoring import Outcome
from ..suites.released_files import NumberedCriterion, ReleasedTask
from ..suites.released_results import ReleasedResults, read_reply, reply_of
from .as_released import ReleasedNumbers, score_as_released
from .waterfall import Step, waterfall

BLIND_JUDGE = (
    "The judge never saw the task or its requirement: the released prompt reads keys that its rubric file does not "
    "have, in all {tasks} tasks."
)
UNASKED = (
    "Nobody asked about {criteria} criteria in {dimensions} misnumbered dimensions; "
    "they are missing and widen the bounds."
)
RUINED_FRAMES = (
    "After a failed call the released evaluator sends frames at JPEG quality 30, 20 and 10; a result file does not say "
    "which verdicts rest on such frames."
)
UNREPEATABLE = "A result file records no model version, temperature or prompt, so its verdicts cannot be made again."

Sums = tuple[float, float, float, float]
"""Value, low and high of Σ sᵢwᵢ, and Σw⁺."""


class Numbers(Record):
    """One model's numbers under our rules, unrounded: means over every task of the suite that has a reward."""

    valid_tasks: int
    """Tasks behind the average."""
    average: float | None
    scientific_fidelity: float | None
    visual_quality: float | None
    instruction_following: float | None
    by_level: dict[Level, float | None]


class Corrected(Numbers):
    """The point values, with missing verdicts at their midpoint, and the bounds that no completion can leave."""

    low: Numbers
    high: Numbers


class ModelAudit(Record):
    """What is known about one model."""

    released: ReleasedNumbers | None
    released_error: str | None = None
    """Why the released scorer loses the whole model, where it does."""
    corrected: Corrected
    waterfall: tuple[Step, ...]
    """From `released.average` to `corrected.average`; empty where the released scorer gives no number."""
    findings: dict[str, int]
    """What is off in the file, counted by kind."""


class Rank(Record):
    """Where a model stands, from 1; equal averages share a rank."""

    model: str
    released: int | None
    corrected: int


class Audit(Record):
    """Everything the audit says."""

    cannot_repair: tuple[str, ...]
    """What no rescoring can repair: to be read first."""
    models: dict[str, ModelAudit]
    ranking: tuple[Rank, ...]
    """By corrected average, best first."""


def audit_results(results: Sequence[ReleasedResults], tasks: Sequence[ReleasedTask]) -> Audit:
    """Audits `results` against the published `tasks`.

    The corrected average is the formula of `scoring` on the tiered weights, with the partial value shown however much
    is missing.

    Raises:
        InputError: Two results have one name, or a file holds no task of the suite.
    """
    models: dict[str, ModelAudit] = {}
    for found in results:
        if found.name in models:
            raise InputError(f"two results are called {found.name!r}; rename one file, the name identifies the model")
        if found.entries and not found.last_by_task(tasks):
            raise InputError(f"{found.name!r} holds no task of this suite in {len(found.entries):,} entries")
        models[found.name] = _audit_model(found, tasks)
    return Audit(cannot_repair=_cannot_repair(results, tasks), models=models, ranking=_ranking(models))


def _audit_model(results: ReleasedResults, tasks: Sequence[ReleasedTask]) -> ModelAudit:
    released, lost = None, None
    try:
        released = score_as_released(results.entries, tasks)
    except (AttributeError, TypeError) as error:
        lost = f"{type(error).__name__}: {error}"
    return ModelAudit(
        released=released,
        released_error=lost,
        corrected=_correct(results, tasks),
        waterfall=() if released is None else tuple(waterfall(results, tasks)),
        findings=results.findings(tasks),
    )


def _correct(results: ReleasedResults, tasks: Sequence[ReleasedTask]) -> Corrected:
    last = results.last_by_task(tasks)
    parts: dict[Dimension, list[Sums]] = {dimension: [] for dimension in Dimension}
    levels: dict[Level, list[Sums]] = {level: [] for level in Level}
    for task in tasks:
        sums = []
        for dimension in Dimension:
            criteria = task.in_dimension(dimension)
            reply = reply_of(last.get(task.index, {}), dimension)
            outcomes = read_reply(task, dimension, reply, results.asked_all)
            if task.index in results.failed and task.index not in last:
                outcomes = [Outcome.NOT_MET] * len(criteria)
            sums.append(_sum(criteria, outcomes))
            parts[dimension].append(sums[-1])
        levels[task.level].append(tuple(map(math.fsum, zip(*sums, strict=True))))  # type: ignore[arg-type]
    everything = [total for found in levels.values() for total in found]

    def numbers(part: int) -> Numbers:
        mean: Callable[[list[Sums]], float | None] = lambda found: _mean(found, part)  # noqa: E731
        return Numbers(
            valid_tasks=sum(total[3] > 0 for total in everything),
            average=mean(everything),
            by_level={level: mean(found) for level, found in levels.items()},
            **{dimension.value: mean(found) for dimension, found in parts.items()},
        )

    return Corrected(**numbers(0).model_dump(), low=numbers(1), high=numbers(2))


def _sum(criteria: Iterable[NumberedCriterion], outcomes: Iterable[Outcome]) -> Sums:
    value, low, high, top = [], [], [], []
    for criterion, outcome in zip(criteria, outcomes, strict=True):
        signed = criterion.polarity.sign * criterion.weight("tiered")
        value.append(outcome.share * signed)
        is_open = outcome in (Outcome.CANNOT_TELL, Outcome.MISSING)
        low.append(min(0.0, signed) if is_open else value[-1])
        high.append(max(0.0, signed) if is_open else value[-1])
        top.append(max(0.0, signed))
    return math.fsum(value), math.fsum(low), math.fsum(high), math.fsum(top)


def _mean(found: Iterable[Sums], part: int) -> float | None:
    points = [sums[part] / sums[3] * 100 for sums in found if sums[3] > 0]
    return math.fsum(points) / len(points) if points else None


def _ranking(models: dict[str, ModelAudit]) -> tuple[Rank, ...]:
    released = {name: audit.released.average for name, audit in models.items() if audit.released is not None}
    corrected = {name: audit.corrected.average or 0.0 for name, audit in models.items()}
    ranks = [
        Rank(
            model=name,
            released=_rank(released[name], released.values()) if name in released else None,
            corrected=_rank(corrected[name], corrected.values()),
        )
        for name in models
    ]
    return tuple(sorted(ranks, key=lambda rank: (rank.corrected, rank.model)))


def _rank(value: float, among: Iterable[float]) -> int:
    return 1 + sum(other > value for other in among)


def _cannot_repair(results: Sequence[ReleasedResults], tasks: Sequence[ReleasedTask]) -> tuple[str, ...]:
    said = []
    if any(not found.asked_all for found in results):
        unasked = [len(t.in_dimension(d)) for t in tasks for d in Dimension if t.is_misnumbered(d)]
        said = [
            BLIND_JUDGE.format(tasks=len(tasks)),
            UNASKED.format(criteria=sum(unasked), dimensions=len(unasked)),
            RUINED_FRAMES,
            UNREPEATABLE,
        ]
    zero = sum(c.weight("tiered") == 0 for task in tasks for c in task.criteria)
    return (*said, f"{zero:,} published criteria have weight 0 and never matter under either rule.")
