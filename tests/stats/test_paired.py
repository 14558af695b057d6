"""Models compared on the same tasks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from microworldbench.errors import InputError
from microworldbench.stats import paired

SLEEP_A = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2]
SLEEP_B = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
RAW = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1]


def fields(models: int = 6, tasks: int = 80, step: float = 3.0, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(0, 25, tasks) + rng.normal(0, 15, (models, tasks)) + step * np.arange(models)[:, None]


def test_the_sleep_data() -> None:
    found = paired.difference(SLEEP_A, SLEEP_B)
    assert found.value is not None
    assert found.se is not None
    assert found.value / found.se == pytest.approx(-4.062128, abs=5e-7)
    expected = stats.ttest_rel(SLEEP_A, SLEEP_B)
    assert expected.pvalue == pytest.approx(0.00283289, abs=5e-9)
    assert found.interval == pytest.approx(tuple(expected.confidence_interval()))
    assert found.p == 4 / 1024
    assert (found.n, found.p_adjusted) == (10, 4 / 1024)


def test_the_exact_sign_flip_is_scipys() -> None:
    differences = np.random.default_rng(3).normal(0.4, 1, 9)
    result = stats.permutation_test((differences,), np.mean, permutation_type="samples", n_resamples=10_000)
    found = paired.sign_flip(differences)
    assert found.exact
    assert found.p == pytest.approx(result.pvalue)


def test_many_tasks_are_flipped_at_random_near_students_p() -> None:
    differences = np.random.default_rng(4).normal(0.2, 1, 150)
    found = paired.sign_flip(differences)
    assert not found.exact
    assert found.p == pytest.approx(stats.ttest_1samp(differences, 0).pvalue, abs=0.01)


def test_whole_clusters_flip() -> None:
    values = [1.0, 2.0, -0.5, 3.0, 1.5]
    doubled = np.repeat(values, 2) / 2
    assert paired.sign_flip(doubled, clusters=np.repeat(np.arange(5), 2)).p == paired.sign_flip(values).p


def test_equal_sums_in_another_order_count_as_ties() -> None:
    """0.1 + 0.2 and 0.3 differ in their last bit."""
    assert paired.sign_flip([0.1, 0.2, -0.3, 0.3]).p == 8 / 16 + 4 / 16


def test_identical_models_have_no_difference_and_no_significance() -> None:
    scores = fields(1, 50)[0]
    found = paired.difference(scores, scores)
    assert (found.value, found.se, found.interval, found.p) == (0.0, 0.0, (0.0, 0.0), 1.0)
    assert found.is_identical


def test_a_constant_lead_is_significant() -> None:
    scores = np.arange(40.0)
    found = paired.difference(scores + 1, scores)
    assert found.value == 1
    assert found.p is not None
    assert found.p < 0.001


@given(st.integers(0, 10**6), st.integers(2, 4), st.sampled_from([3, 12, 35]))
@settings(max_examples=25)
def test_differences_are_antisymmetric(seed: int, models: int, tasks: int) -> None:
    scores = np.random.default_rng(seed).normal(size=(models, tasks))
    forward = paired.compare(scores, resamples=200)
    backward = paired.compare(scores[::-1], range(models)[::-1], resamples=200)
    for made in forward.differences:
        other = backward.between(made.first, made.second)
        assert other.value == pytest.approx(made.value)
        assert other.se == pytest.approx(made.se)
        assert (other.p, other.p_adjusted) == pytest.approx((made.p, made.p_adjusted))
        assert (other.interval is None) == (made.interval is None)
        if made.interval is not None and other.interval is not None:
            assert other.interval == pytest.approx(made.interval)
        mirrored = forward.between(made.second, made.first)
        assert mirrored.value == pytest.approx(-made.value)  # type: ignore[operator]


def test_order_of_tasks_changes_no_estimate() -> None:
    scores, order = fields(), np.random.default_rng(1).permutation(80)
    names = [f"t{i:02}" for i in range(80)]
    first = paired.compare(scores, clusters=names)
    second = paired.compare(scores[:, order], clusters=[names[i] for i in order])
    for a, b in zip(first.differences, second.differences, strict=True):
        assert (a.value, a.se, a.p, a.p_adjusted) == pytest.approx((b.value, b.se, b.p, b.p_adjusted))
        assert a.interval == pytest.approx(b.interval)
    assert first.ranks == second.ranks


def test_the_interval_is_the_paired_bootstrap_of_scipy() -> None:
    a, b = fields(2, 60)
    result = stats.bootstrap((a - b,), np.mean, n_resamples=20_000, method="percentile", random_state=1)
    assert paired.difference(a, b).interval == pytest.approx(tuple(result.confidence_interval), abs=0.35)


def test_missing_tasks_leave_the_common_ones() -> None:
    scores = fields(3, 60)
    scores[0, :20] = np.nan
    found = paired.compare(scores.tolist())
    alone = paired.difference(scores[0, 20:], scores[1, 20:])
    pair = found.between(0, 1)
    assert (pair.n, found.between(1, 2).n) == (40, 60)
    assert (pair.value, pair.se) == pytest.approx((alone.value, alone.se))
    assert pair.p == pytest.approx(alone.p, abs=0.02)


def test_disjoint_tasks_are_too_few() -> None:
    found = paired.difference([1, 2, None, None], [None, None, 1, 2])
    assert (found.value, found.reason, found.n, found.p) == (None, "too_few", 0, None)


def test_clusters_of_copies_are_the_single_tasks() -> None:
    scores = fields(3, 40)
    copies = np.repeat(scores, 3, axis=1)
    single = paired.compare(scores, clusters=range(40))
    clustered = paired.compare(copies, clusters=np.repeat(np.arange(40), 3))
    for a, b in zip(single.differences, clustered.differences, strict=True):
        assert (a.value, a.se, a.p_adjusted) == pytest.approx((b.value, b.se, b.p_adjusted))
        assert a.interval == pytest.approx(b.interval)
    assert single.critical == pytest.approx(clustered.critical)


def test_adjusted_p_lies_between_the_single_one_and_bonferroni() -> None:
    found = paired.compare(fields(8, 120, 2.0))
    bonferroni = paired.bonferroni([d.p for d in found.differences])
    for made, bound in zip(found.differences, bonferroni, strict=True):
        assert made.p is not None
        assert made.p_adjusted is not None
        assert bound is not None
        assert made.p <= made.p_adjusted <= bound + 0.02


def test_rank_sets_hold_every_model_and_narrow_with_distance() -> None:
    far = paired.compare(fields(5, 200, 20.0))
    assert far.ranks is not None
    assert [(r.best, r.worst) for r in far.ranks] == [(5, 5), (4, 4), (3, 3), (2, 2), (1, 1)]
    assert far.tiers == (5, 4, 3, 2, 1)
    near = paired.compare(fields(5, 200, 0.0))
    assert near.ranks is not None
    assert all(r.best <= 2 and r.worst >= 4 for r in near.ranks)
    assert near.tiers == (1, 1, 1, 1, 1)


def test_below_thirty_tasks_there_are_no_ranks() -> None:
    found = paired.compare(fields(3, 29))
    assert (found.ranks, found.ranks_reason, found.critical) == (None, "too_few", None)


def test_one_model_ranks_first_and_none_not_at_all() -> None:
    assert paired.compare([[1.0, 2.0]]).ranks == (paired.RankSet(1, 1),)
    assert paired.compare(np.zeros((2, 0))).differences[0].reason == "too_few"


def test_one_task_has_a_difference_without_error() -> None:
    found = paired.difference([3.0], [1.0])
    assert (found.value, found.se, found.interval, found.n) == (2.0, None, None, 1)


@pytest.mark.parametrize(
    ("scores", "names", "message"),
    [
        ([[1, 2], [1]], None, "scores must be numbers"),
        ([1, 2], None, "models × tasks"),
        ([[1, np.inf], [1, 2]], None, r"scores\[0\]\[1\] is infinite"),
        ([[1, 2], [3, 4]], ["a", "a"], "once"),
        ([["x", 2], [3, 4]], None, "scores must be numbers"),
    ],
)
def test_what_cannot_be_compared_is_refused(scores: Any, names: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        paired.compare(scores, names)


def test_an_unknown_pair_is_refused() -> None:
    with pytest.raises(InputError, match="'z' were not compared"):
        paired.compare(fields(2, 10), ["a", "b"]).between("a", "z")


def test_models_of_different_length_are_refused() -> None:
    with pytest.raises(InputError, match="got 3 and 2"):
        paired.difference([1, 2, 3], [1, 2])


def test_benjamini_and_hochberg_reject_four_and_holm_three() -> None:
    def rejected(adjusted: list[float | None]) -> int:
        return sum(p is not None and p <= 0.05 for p in adjusted)

    assert rejected(paired.benjamini_hochberg(RAW)) == 4
    assert rejected(paired.holm(RAW)) == rejected(paired.bonferroni(RAW)) == 3


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
@settings(max_examples=25)
def test_adjustments_are_those_of_statsmodels(raw: list[float]) -> None:
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    for name, ours in (
        ("holm", paired.holm),
        ("fdr_bh", paired.benjamini_hochberg),
        ("fdr_by", paired.benjamini_yekutieli),
        ("bonferroni", paired.bonferroni),
    ):
        assert ours(raw) == pytest.approx(list(multitest.multipletests(raw, method=name)[1])), name


def test_a_test_that_was_not_made_does_not_count() -> None:
    assert paired.holm([0.01, None, 0.04]) == [0.02, None, 0.04]
    assert paired.holm([]) == []
    with pytest.raises(InputError, match=r"p_values\[1\]"):
        paired.holm([0.5, float("nan")])


def test_mcnemar_is_agrestis_example() -> None:
    found = paired.mcnemar(150, 86)
    assert found.statistic == pytest.approx(17.3559, abs=5e-5)
    assert found.p == pytest.approx(stats.chi2.sf(17.3559, 1), rel=1e-3)
    assert found.p_exact == pytest.approx(stats.binomtest(86, 236).pvalue)
    assert paired.mcnemar(0, 0).reason == "no_variation"
    with pytest.raises(InputError, match="negative"):
        paired.mcnemar(-1, 2)


def test_wins_ties_and_losses() -> None:
    found = paired.win_tie_loss([3, 1, 2, 5, None], [1, 1, 4, 4.5, 3], margin=0.5)
    assert (found.wins, found.ties, found.losses) == (1, 2, 1)
    assert (found.net.value, found.net.n) == (0.0, 4)
    assert found.win_rate.value == 0.5
    assert paired.win_tie_loss([None], [1]).net.reason == "too_few"
    with pytest.raises(InputError, match="margin"):
        paired.win_tie_loss([1], [1], margin=-1)


def test_win_rates_against_the_field_average_to_a_half() -> None:
    rates = [r.value for r in paired.win_rates(fields(5, 60))]
    assert np.mean([r for r in rates if r is not None]) == pytest.approx(0.5)
    assert rates == sorted(rates)  # type: ignore[type-var]
    assert paired.win_rates([[1.0, 2.0]])[0].reason == "too_few"


def test_rank_correlation_is_scipys() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.integers(0, 6, 30), rng.integers(0, 6, 30)
    assert paired.correlation_of_ranks(a, b) == pytest.approx(stats.kendalltau(a, b).statistic)
    assert paired.correlation_of_ranks([1, 1], [1, 2]) is None
