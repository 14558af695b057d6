"""Intervals for a mean over tasks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from microworldbench.errors import InputError
from microworldbench.stats.intervals import clustered_mean, mean_interval, resampling_counts, wilson

SLEEP = [7, -16, -2, -12, -1, 34, 37, 8, 0, 20]


def test_below_five_tasks_there_is_no_interval() -> None:
    assert mean_interval([1, 2, 3, 4]) is None


def test_below_thirty_tasks_it_is_the_student_interval() -> None:
    expected = stats.t.interval(0.95, len(SLEEP) - 1, loc=np.mean(SLEEP), scale=stats.sem(SLEEP))
    assert mean_interval(SLEEP) == pytest.approx(expected)


def test_from_thirty_tasks_it_is_the_percentile_bootstrap() -> None:
    scores = [int(x) for x in np.random.RandomState(1).normal(50, 20, 60)]
    result = stats.bootstrap((scores,), np.mean, n_resamples=20_000, method="percentile", random_state=2)
    interval = mean_interval(scores)
    assert interval is not None
    assert interval == pytest.approx(tuple(result.confidence_interval), abs=0.3)


def test_equal_scores_give_an_interval_of_no_width() -> None:
    assert mean_interval([7] * 6) == (7.0, 7.0)
    assert mean_interval([7] * 40) == (7.0, 7.0)


def test_every_resample_draws_as_many_tasks_as_there_are() -> None:
    counts = resampling_counts(13, 500, 3)
    assert counts.shape == (500, 13)
    assert (counts.sum(axis=1) == 13).all()


def test_the_bootstrap_is_the_same_on_every_machine() -> None:
    """RandomState's stream is frozen: these figures may never change."""
    assert mean_interval([1_000_000 * (i % 7) for i in range(50)]) == (2_380_000.0, 3_500_000.0)


def test_wilson_is_newcombes_example() -> None:
    found = wilson(81, 263)
    assert found.value == pytest.approx(81 / 263)
    assert found.interval == pytest.approx((0.25529, 0.36621), abs=5e-6)


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (10, 10), (3, 7), (1, 1)])
def test_wilson_agrees_with_scipy(successes: int, n: int) -> None:
    expected = stats.binomtest(successes, n).proportion_ci(method="wilson")
    assert wilson(successes, n).interval == pytest.approx((expected.low, expected.high))


def test_wilson_of_nothing_has_a_reason_and_of_too_much_is_refused() -> None:
    assert (wilson(0, 0).value, wilson(0, 0).reason) == (None, "too_few")
    with pytest.raises(InputError, match="within 0…n"):
        wilson(5, 4)


def test_a_clustered_mean_has_the_cluster_robust_error_of_statsmodels() -> None:
    api = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(0)
    clusters = np.repeat(np.arange(25), rng.integers(1, 6, 25))
    values = rng.normal(0, 1, 25)[clusters] + rng.normal(0, 1, len(clusters))
    fit = api.OLS(values, np.ones(len(values))).fit(
        cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False}
    )
    found = clustered_mean(values, clusters=clusters)
    assert found.value == pytest.approx(fit.params[0])
    assert found.se == pytest.approx(fit.bse[0] * np.sqrt(25 / 24))
    assert found.interval == pytest.approx(found.student)
    assert (found.n, found.clusters) == (len(values), 25)


def test_a_mean_without_clusters_is_the_mean_interval() -> None:
    scores = [int(x) for x in np.random.default_rng(1).normal(50, 20, 60)]
    found = clustered_mean(scores)
    assert found.interval == pytest.approx(mean_interval(scores))
    assert found.student == pytest.approx(stats.t.interval(0.95, 59, loc=np.mean(scores), scale=stats.sem(scores)))


def test_a_clustered_mean_refuses_what_is_missing() -> None:
    assert clustered_mean([]).reason == "too_few"
    with pytest.raises(InputError, match=r"values\[1\] is nan"):
        clustered_mean([1.0, None])  # type: ignore[list-item]
    with pytest.raises(InputError, match="clusters"):
        clustered_mean([1.0, 2.0], clusters=["a"])
