"""`correct_scores`: labels and verdicts in, a `Corrected` out."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import InputError
from ..labels import Label, digest_of_labels
from ..outcomes import Outcome, Reducer
from ..results import Reason, Verdict
from ..rubric import Dimension, Level
from ..scorecard import Corrected, CorrectedScore, Score, TaskScore
from ..scoring import Scope, Scored, reduce_verdicts, score
from ..stats import correction
from ..stats.estimates import rounded, rounded_ends
from .errors import Outcomes, judge_errors
from .sample import Sample, drawn_levels, inclusion_of, unlike

LEAST_LABELLED = 10
"""Labelled tasks below which there is no corrected score: of simulated 95 % intervals with a weak judge, 91 % held the
truth from five tasks, 93 to 95 % from ten on."""

Part = Callable[[TaskScore], Score | None]


@dataclass(frozen=True)
class _Labelled:
    """The part of a scope that has labels."""

    tasks: Sequence[Scored]


def correct_scores(
    labels: Sequence[Label],
    scope: Scope,
    verdicts: Sequence[Verdict],
    *,
    failed: Collection[tuple[str, int]],
    seeds: Sequence[int],
    reducer: Reducer = "majority",
    members: Collection[str] = (),
) -> Corrected:
    """Corrects a run's scores by experts' labels on some of its tasks.

    Args:
        labels: Labels about the run's videos. Several raters of one criterion count by majority.
        scope: What was asked: the run's view.
        verdicts: The judge's, on the criteria of `scope`.
        failed: (task, seed) pairs the model failed on.
        seeds: The run's seeds.
        reducer: How one judge's votes become one outcome.
        members: The judges of a panel.

    Raises:
        InputError: the labels are no random sample of tasks with known probabilities, leave criteria of a labelled
            video out, or answer to another wording.
    """
    tasks = {task.id: task for task in scope.tasks}
    about = [x for x in labels if x.task in tasks and x.seed in seeds and (x.task, x.seed) not in failed]
    if not about:
        raise InputError("no label is about a video of this run; labels name its tasks and seeds")
    shown, names = sorted({label.seed for label in about}), {label.task for label in about}
    answers = [_as_verdict(label, tasks[label.task]) for label in about]
    part = _Labelled([task for task in scope.tasks if task.id in names])
    truth = reduce_verdicts(answers)
    _refuse_gaps(part, truth, failed, shown)
    lost = {key for key in failed if key[0] in names}
    experts = score(answers, part, failed=lost, seeds=shown, max_missing=1.0)
    judged = score(verdicts, scope, failed=failed, seeds=shown, reducer=reducer, members=members, max_missing=1.0)
    sample = Sample(
        experts={task.id: task for task in experts.tasks},
        judge={task.id: task for task in judged.tasks},
        inclusion=inclusion_of(about),
        failed=frozenset(name for name in tasks if all((name, seed) in failed for seed in shown)),
    )
    levels = drawn_levels(sample)
    whole = levels == set(Level)
    said = reduce_verdicts(verdicts, reducer, members)
    return Corrected(
        labels_sha256=digest_of_labels(labels),
        raters=tuple(sorted({label.rater for label in about})),
        seeds=tuple(shown),
        overall=_corrected(sample, lambda task: task.score, whole),
        by_level={
            level: _corrected(sample, lambda t, at=level: t.score if t.level is at else None, level in levels)  # type: ignore[misc]
            for level in Level
            if any(task.level is level for task in scope.tasks)
        },
        by_dimension={
            dimension: _corrected(sample, lambda task, at=dimension: task.by_dimension[at], whole)  # type: ignore[misc]
            for dimension in Dimension
            if any(task.by_dimension[dimension] is not None for task in judged.tasks)
        },
        errors=judge_errors(scope, truth, said, failed=failed, seeds=shown),
        notes=_notes(labels, about, seeds, shown, sample),
    )


def _as_verdict(label: Label, task: Scored) -> Verdict:
    criteria: dict[str, Any] = {c.id: c for c in task.criteria}
    if label.criterion not in criteria:
        raise InputError(
            f"{label.rater!r} labelled criterion {label.criterion!r} of task {label.task!r}, which the run does not "
            "ask; labels must be about the run's own view"
        )
    digest = criteria[label.criterion].digest
    if label.digest not in (None, digest):
        raise InputError(
            f"criterion {label.criterion!r} of task {label.task!r} was labelled in another wording than the judge "
            "answered; label it again, or grade the run on the suite that was labelled"
        )
    return Verdict(
        task=label.task,
        seed=label.seed,
        criterion=label.criterion,
        criterion_digest=digest,
        judge=label.rater,
        met=label.outcome.met,
        reason={Outcome.CANNOT_TELL: Reason.CANNOT_TELL, Outcome.MISSING: Reason.FAILED}.get(label.outcome),
    )


def _refuse_gaps(part: _Labelled, truth: Outcomes, failed: Collection[tuple[str, int]], seeds: Sequence[int]) -> None:
    gaps = [
        f"{task.id}, seed {seed}: {criterion.id}"
        for task in part.tasks
        for seed in seeds
        if (task.id, seed) not in failed
        for criterion in task.criteria
        if truth.get((task.id, seed), {}).get(criterion.id, Outcome.MISSING) is Outcome.MISSING
    ]
    if gaps:
        more = f" and {len(gaps) - 4:,} more" if len(gaps) > 4 else ""
        raise InputError(
            f"{len(gaps):,} criteria of labelled tasks have no label ({'; '.join(gaps[:4])}{more}); a task is drawn "
            "as a whole: label the rest, with cannot_tell where an expert cannot say"
        )


def _corrected(sample: Sample, part: Part, drawn: bool) -> CorrectedScore:
    """PPI++ over the tasks that `part` has a score of.

    With one probability for all and no failures it is `ppi_mean`; else its weighted form, in which tasks that the
    model failed on count as labelled for certain.
    """
    judged = _values(sample.judge.values(), part)
    labelled = {name: value for name, value in _values(sample.experts.values(), part).items() if name in judged}
    n, others = len(labelled), len(judged) - len(labelled)
    if not drawn or n < LEAST_LABELLED:
        return CorrectedScore(value=None, reason="too_few" if drawn else "not_drawn", n=n, n_unlabelled=others)
    label_mean = math.fsum(labelled.values()) / n
    labelled |= {name: 0.0 for name in judged if name in sample.failed}
    chance = [sample.inclusion.get(name, 1.0) for name in labelled]
    y, f = list(labelled.values()), [judged[name] for name in labelled]
    rest = [value for name, value in judged.items() if name not in labelled]
    if len(set(chance)) == 1:
        found = correction.ppi_mean(y, f, rest)
    else:
        found = correction.ppi_weighted_mean(y, f, rest, chance, power=None)
    assert found.interval is not None
    return CorrectedScore(
        value=rounded(found.value),
        ci95=rounded_ends(found.interval),
        n=n,
        n_unlabelled=others,
        power=rounded(found.power),
        label_mean=rounded(label_mean),
        judge_mean=rounded(found.judge_mean),
    )


def _values(tasks: Collection[TaskScore], part: Part) -> dict[str, float]:
    return {task.id: s.value for task in tasks if (s := part(task)) is not None and s.value is not None}


def _notes(
    labels: Sequence[Label], about: Sequence[Label], seeds: Sequence[int], shown: Sequence[int], sample: Sample
) -> tuple[str, ...]:
    notes = []
    if len(about) < len(labels):
        notes.append(f"{len(labels) - len(about):,} labels are about no video of this run and do not count.")
    if list(shown) != sorted(seeds):
        notes.append(f"Labelled is seed {', '.join(map(str, shown))}; the correction is about it alone.")
    if any(label.video is None for label in about):
        notes.append("Not every label says which video it is of (column video_sha256); the run's own is taken for it.")
    if told := unlike(sample):
        notes.append(told)
    return tuple(notes)
