"""Do 95 % intervals hold the truth 95 % of the time? Simulated studies; bands are three binomial errors wide."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from microworldbench.stats import agreement, correction, intervals, paired, preference

pytestmark = pytest.mark.slow
RESAMPLES = 500


def coverage(study: Callable[[np.random.Generator], bool], studies: int, seed: int = 0) -> float:
    """Share of simulated studies whose interval held the truth."""
    rng = np.random.default_rng(seed)
    return float(np.mean([study(rng) for _ in range(studies)]))


def holds(interval: tuple[float, float] | None, truth: float) -> bool:
    return interval is not None and interval[0] <= truth <= interval[1]


def clustered_verdicts(rng: np.random.Generator, tasks: int = 60, criteria: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Three raters; some tasks are harder than others, so errors come in clusters."""
    error = np.repeat(rng.choice([0.02, 0.3], tasks, p=[0.55, 0.45]), criteria)
    truth = rng.random(tasks * criteria) < 0.5
    return truth ^ (rng.random((3, len(truth))) < error), np.repeat(np.arange(tasks), criteria)


def kappa_in_the_long_run() -> float:
    """Balanced labels: kappa = E[(1 − 2e)²]."""
    return 0.55 * (1 - 0.04) ** 2 + 0.45 * (1 - 0.6) ** 2


def test_clustered_agreement_intervals_cover_and_unclustered_ones_do_not() -> None:
    truth = kappa_in_the_long_run()
    held = {"fleiss": 0, "alpha": 0, "ac1": 0, "cohen": 0, "unclustered": 0}
    rng = np.random.default_rng(0)
    for _ in range(300):
        ratings, tasks = clustered_verdicts(rng)
        found = agreement.summarize(ratings, clusters=tasks, resamples=RESAMPLES)
        for name in ("fleiss", "alpha", "ac1"):
            held[name] += holds(getattr(found, name).interval, truth)
        held["cohen"] += holds(found.cohen[0, 1].interval, truth)
        held["unclustered"] += holds(agreement.fleiss_kappa(ratings).interval, truth)
    for name in ("fleiss", "alpha", "ac1", "cohen"):
        assert 0.90 <= held[name] / 300 <= 0.985, held
    assert held["unclustered"] / 300 < 0.88, held


@pytest.mark.parametrize("groups", [12, 60])
def test_clustered_means_cover(groups: int) -> None:
    def study(rng: np.random.Generator) -> bool:
        sizes = rng.integers(1, 6, groups)
        clusters = np.repeat(np.arange(groups), sizes)
        values = rng.normal(0, 2, groups)[clusters] + rng.normal(0, 1, len(clusters))
        return holds(intervals.clustered_mean(values, clusters=clusters, resamples=RESAMPLES).interval, 0)

    assert 0.915 <= coverage(study, 800) <= 0.98


def test_rank_sets_hold_all_true_ranks_at_once() -> None:
    """Eight nearly tied models: percentiles of resampled ranks hold them all 4 % of the time."""
    means = np.arange(8) * 0.4

    def study(rng: np.random.Generator) -> bool:
        scores = rng.normal(0, 20, 200) + rng.normal(0, 15, (8, 200)) + means[:, None]
        ranks = paired.compare(scores, resamples=RESAMPLES).ranks
        assert ranks is not None
        return all(r.best <= 8 - i <= r.worst for i, r in enumerate(ranks))

    assert coverage(study, 200) >= 0.93


def test_adjusted_p_values_rarely_reject_among_equals() -> None:
    def study(rng: np.random.Generator) -> bool:
        scores = rng.normal(0, 20, 100) + rng.normal(0, 15, (8, 100))
        found = paired.compare(scores, resamples=RESAMPLES).differences
        return min(d.p_adjusted for d in found if d.p_adjusted is not None) <= 0.05

    assert coverage(study, 400) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_a_corrected_mean_covers_whatever_the_judge_does() -> None:
    """The halo: the judge adds more to what is already good."""

    def study(rng: np.random.Generator) -> bool:
        truth = rng.normal(42, 34, 459)
        judged = truth + 10 + 0.3 * np.maximum(truth - 42, 0) + rng.normal(0, 15, 459)
        drawn = rng.permutation(459) < 60
        return holds(correction.ppi_mean(truth[drawn], judged[drawn], judged[~drawn]).interval, 42)

    assert 0.93 <= coverage(study, 1500) <= 0.97


def test_a_weighted_corrected_mean_covers() -> None:
    def study(rng: np.random.Generator) -> bool:
        truth = rng.normal(42, 34, 459)
        judged = truth + 10 + 0.3 * np.maximum(truth - 42, 0) + rng.normal(0, 15, 459)
        chance = np.where(truth > 42, 0.3, 0.12)
        drawn = rng.random(459) < chance
        found = correction.ppi_weighted_mean(truth[drawn], judged[drawn], judged[~drawn], chance[drawn])
        return holds(found.interval, 42)

    assert 0.925 <= coverage(study, 1500) <= 0.975


@pytest.mark.parametrize(("rate", "se", "sp"), [(0.05, 0.9, 0.95), (0.4, 0.85, 0.8), (0.9, 0.8, 0.9)])
def test_lang_and_reiczigels_interval_covers(rate: float, se: float, sp: float) -> None:
    def study(rng: np.random.Generator) -> bool:
        reported = rng.binomial(200, rate * se + (1 - rate) * (1 - sp)) / 200
        found = correction.rogan_gladen(
            reported, 200, (rng.binomial(60, se) / 60, 60), (rng.binomial(60, sp) / 60, 60), least_youden=0.0
        )
        return holds(found.interval, rate)

    assert 0.93 <= coverage(study, 1500) <= 0.995


def test_strengths_resampled_by_task_cover_and_votes_as_independent_do_not() -> None:
    """Tasks favour items, so that votes on one task go the same way."""
    rng = np.random.default_rng(0)
    strength = np.array([0.0, 0.4, 0.8, 1.2])
    many = rng.normal(0, 1.0, (200_000, 4)) + strength
    chance = 1 / (1 + np.exp(-(many[:, :, None] - many[:, None, :])))
    truth = preference.bradley_terry(chance.mean(axis=0) * (1 - np.eye(4))).log_strength
    assert truth is not None
    by_task, naive = [], []
    for _ in range(150):
        lean = rng.normal(0, 1.0, (60, 4)) + strength
        first = np.triu(rng.binomial(3, 1 / (1 + np.exp(-(lean[:, :, None] - lean[:, None, :])))), 1)
        second = np.triu(3 - first, 1).transpose(0, 2, 1)
        wins = (first + second).astype(float)
        found = preference.bradley_terry(wins, resamples=300)
        alone = preference.bradley_terry(wins.sum(axis=0))
        assert found.interval is not None
        assert alone.interval is not None
        by_task += [holds(found.interval[i], truth[i]) for i in (1, 2, 3)]
        naive += [holds(alone.interval[i], truth[i]) for i in (1, 2, 3)]
    assert 0.90 <= np.mean(by_task) <= 0.985
    assert np.mean(naive) < 0.88
