"""How the judge errs, by dimension and polarity: the diagnostic beside the corrected score."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import product

from ..judging.evidence import share_of
from ..outcomes import Outcome
from ..rubric import Dimension, Polarity
from ..scorecard import JudgeErrors
from ..scoring import Scope
from ..stats import correction
from ..stats.estimates import Estimate, rounded, rounded_ends

Outcomes = Mapping[tuple[str, int], Mapping[str, Outcome]]
"""By video (task, seed) and criterion."""


def judge_errors(
    scope: Scope, experts: Outcomes, judge: Outcomes, *, failed: Collection[tuple[str, int]], seeds: Sequence[int]
) -> tuple[JudgeErrors, ...]:
    """Sensitivity, specificity and Rogan & Gladen's corrected rate in every dimension and polarity with a label.

    Args:
        scope: The view.
        experts: The experts' outcomes on labelled videos.
        judge: The judge's on all.
        failed: Videos that were not made.
        seeds: Seeds that were labelled.
    """
    videos = [(task, (task.id, seed)) for task in scope.tasks for seed in seeds if (task.id, seed) not in failed]
    asked = [(video, criterion) for task, video in videos for criterion in task.criteria]
    strata = [(criterion.dimension, criterion.polarity) for _, criterion in asked]
    judged, truth = (
        [outcomes.get(video, {}).get(criterion.id, Outcome.MISSING).met for video, criterion in asked]
        for outcomes in (judge, experts)
    )
    known = correction.calibrate(judged, truth, strata)
    rates = correction.rogan_gladen_by(judged, strata, known)
    shares = {
        stratum: [said for said, own in zip(judged, strata, strict=True) if own == stratum and said is not None]
        for stratum in known
    }
    return tuple(
        _record(
            dimension, polarity, known[dimension, polarity], shares[dimension, polarity], rates[dimension, polarity]
        )
        for dimension, polarity in product(Dimension, Polarity)
        if (found := known.get((dimension, polarity))) is not None and found.positives + found.negatives
    )


def _record(
    dimension: Dimension, polarity: Polarity, found: correction.Calibration, said: Sequence[bool], rate: Estimate
) -> JudgeErrors:
    return JudgeErrors(
        dimension=dimension,
        polarity=polarity,
        sensitivity=share_of(round((found.sensitivity or 0.0) * found.positives), found.positives),
        specificity=share_of(round((found.specificity or 0.0) * found.negatives), found.negatives),
        judged=share_of(sum(said), len(said)),
        corrected=rounded(rate.value),
        ci95=rounded_ends(rate.interval),
        reason=rate.reason,
    )
