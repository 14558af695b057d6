"""How large a study must be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from microworldbench.errors import InputError
from microworldbench.stats import agreement, planning


@pytest.mark.parametrize(
    ("sd", "row"),
    [
        (15, [(4.2, 6.7), (3.0, 4.8), (2.0, 3.1), (1.3, 2.1)]),
        (20, [(5.6, 9.0), (4.0, 6.4), (2.6, 4.2), (1.8, 2.8)]),
        (35, [(9.8, 15.7), (6.9, 11.1), (4.6, 7.3), (3.1, 5.0)]),
    ],
)
def test_the_table_of_detectable_differences(sd: float, row: Any) -> None:
    for tasks, (single, one_of_190) in zip((100, 200, 459, 1000), row, strict=True):
        assert planning.detectable_difference(sd, tasks) == pytest.approx(single, abs=0.051)
        found = planning.detectable_difference(sd, tasks, comparisons=190)
        assert found == pytest.approx(one_of_190, abs=0.051)


def test_statsmodels_agrees_on_power() -> None:
    power = pytest.importorskip("statsmodels.stats.power")
    effect = planning.detectable_difference(20, 459) / 20
    assert power.NormalIndPower(ddof=0).power(effect, 459, 0.05, ratio=0) == pytest.approx(0.8, abs=1e-4)


def test_tasks_needed_undoes_the_detectable_difference() -> None:
    for tasks in (30, 100, 459):
        assert planning.tasks_needed(20, planning.detectable_difference(20, tasks)) == tasks
    assert planning.tasks_needed(1e9, 1e-3) is None


def test_seeds_lower_the_error_down_to_the_task_floor() -> None:
    errors = [planning.standard_error(459, 507, 2 * 363, seeds=k) for k in (1, 2, 4, 8)]
    assert errors == pytest.approx([1.64, 1.38, 1.23, 1.14], abs=0.006)
    assert planning.standard_error(459, 0, 0, seeds=2, judge=100, judgings=5) == pytest.approx(np.sqrt(10 / 459))


def test_seeds_needed_reach_the_difference_or_say_never() -> None:
    seeds = planning.seeds_needed(507, 726, 459, 4.0)
    assert seeds == 2
    z = 1.959964 + 0.841621
    assert z * planning.standard_error(459, 507, 726, seeds=2) <= 4.0 < z * planning.standard_error(459, 507, 726)
    assert planning.seeds_needed(507, 726, 459, 2.0) is None
    assert planning.seeds_needed(507, 0, 459, 4.0) == 1


def test_variance_components_are_found_again() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(0, np.sqrt(507), (3000, 1)) + rng.normal(0, np.sqrt(726), (3000, 4))
    found = planning.variance_components(scores)
    assert found.task == pytest.approx(507, rel=0.08)
    assert found.seed == pytest.approx(726, rel=0.05)
    assert found.judge is None


def test_judge_noise_is_told_from_seed_noise() -> None:
    rng = np.random.default_rng(1)
    shape = (2000, 3, 2)
    scores = rng.normal(0, 20, (2000, 1, 1)) + rng.normal(0, 15, (2000, 3, 1)) + rng.normal(0, 12, shape)
    found = planning.variance_components(scores)
    assert (found.task, found.seed, found.judge) == pytest.approx((400, 225, 144), rel=0.12)


def test_components_are_those_of_the_anova() -> None:
    scores = np.array([[1.0, 3.0], [4.0, 8.0], [2.0, 2.0]])
    found = planning.variance_components(scores)
    within = (2 + 8 + 0) / 3
    assert found.seed == pytest.approx(within)
    assert found.task == pytest.approx((2 * np.var([2, 6, 2], ddof=1) - within) / 2)


def test_a_component_below_zero_is_kept_at_zero_with_the_raw_figure() -> None:
    found = planning.variance_components([[0.0, 10.0], [10.0, 0.0]])
    assert found.task == 0.0
    assert found.raw[0] < 0


def test_one_task_or_one_seed_is_too_few() -> None:
    assert planning.variance_components([[1.0, 2.0]]).reason == "too_few"
    assert planning.variance_components([[1.0], [2.0]]).reason == "too_few"


@pytest.mark.parametrize("scores", [[1.0, 2.0], [[1.0, None], [2.0, 3.0]], [[1.0, 2.0], [3.0]]])
def test_incomplete_scores_are_refused(scores: Any) -> None:
    with pytest.raises(InputError):
        planning.variance_components(scores)


@pytest.mark.parametrize("votes", [1, 2, 3, 4, 5])
def test_the_majority_is_counted_out(votes: int) -> None:
    rng = np.random.default_rng(votes)
    wrong = (rng.random((200_000, votes)) < 0.2).sum(axis=1)
    expected = (wrong > votes / 2).mean() + (wrong == votes / 2).mean() / 2
    assert planning.majority_error(0.2, votes) == pytest.approx(expected, abs=0.004)


def test_votes_needed_are_odd_and_enough() -> None:
    votes = planning.votes_needed(0.1, 0.01)
    assert votes == 5
    assert planning.majority_error(0.1, 5) <= 0.01 < planning.majority_error(0.1, 3)
    assert planning.votes_needed(0.5, 0.4) is None


def test_labels_needed_match_the_simulated_width() -> None:
    """60 labels of 459 shrank a half-width of 8.9 to about 5 with a judge that correlates at .85."""
    assert planning.labels_needed(34, 0.0, 459, 8.9) == pytest.approx(60, abs=4)
    labels = planning.labels_needed(34, 0.85, 459, 5.2)
    assert labels is not None
    assert labels == pytest.approx(65, abs=12)
    assert planning.labels_needed(34, 0.5, 20, 1.0) is None


def test_the_kappa_error_is_that_of_the_table() -> None:
    errors = [planning.kappa_standard_error(0.83, 0.5, n) for n in (200, 500, 1000, 5967)]
    assert errors == pytest.approx([0.039, 0.025, 0.018, 0.007], abs=6e-4)
    a = [0] * 40 + [1] * 40 + [0] * 10 + [1] * 10
    b = [0] * 40 + [1] * 40 + [1] * 10 + [0] * 10
    found = agreement.cohen_kappa(a, b)
    assert found.value is not None
    assert planning.kappa_standard_error(found.value, 0.5, 100) == pytest.approx(found.se)
    assert planning.items_needed(0.83, 0.5, 1.959964 * errors[1]) == 500


@pytest.mark.parametrize(
    "call",
    [
        lambda: planning.detectable_difference(-1, 10),
        lambda: planning.detectable_difference(1, 0),
        lambda: planning.detectable_difference(1, 10, power=80),
        lambda: planning.tasks_needed(1, 0),
        lambda: planning.standard_error(10, -1, 0),
        lambda: planning.seeds_needed(1, 1, 10, -1),
        lambda: planning.majority_error(1.5, 3),
        lambda: planning.labels_needed(1, 2, 10, 1),
        lambda: planning.kappa_standard_error(0.8, 1.0, 10),
        lambda: planning.kappa_standard_error(-0.9, 0.9, 10),
        lambda: planning.items_needed(0.8, 0.5, 0),
    ],
)
def test_impossible_plans_are_refused(call: Any) -> None:
    with pytest.raises(InputError):
        call()
