"""All figures at once, judges against experts, and the ceiling."""

from __future__ import annotations

import numpy as np
import pytest

from microworldbench.errors import InputError
from microworldbench.stats import agreement, intervals

RNG = np.random.default_rng(7)
TRUTH = RNG.random(40 * 8) < 0.7
EXPERTS = TRUTH ^ (RNG.random((3, 40 * 8)) < 0.1)
JUDGE = TRUTH ^ (RNG.random(40 * 8) < 0.2)
TASKS = np.repeat(np.arange(40), 8)


def test_a_summary_holds_what_the_single_functions_say() -> None:
    found = agreement.summarize(EXPERTS, raters=["a", "b", "c"], clusters=TASKS, resamples=500)
    assert (found.units, found.clusters, found.labels) == (320, 40, (False, True))
    for one, function in (
        (found.fleiss, agreement.fleiss_kappa),
        (found.conger, agreement.conger_kappa),
        (found.ac1, agreement.gwet_ac1),
        (found.brennan_prediger, agreement.brennan_prediger),
        (found.alpha, agreement.krippendorff_alpha),
    ):
        alone = function(EXPERTS, clusters=TASKS, resamples=500)
        assert (one.value, one.se) == pytest.approx((alone.value, alone.se))
        assert one.interval == pytest.approx(alone.interval)
        assert (one.observed, one.expected) == pytest.approx((alone.observed, alone.expected))
    pair = agreement.cohen_kappa(EXPERTS[0], EXPERTS[2], clusters=TASKS, resamples=500)
    assert found.cohen["a", "c"].value == pytest.approx(pair.value)
    assert found.cohen["a", "c"].interval == pytest.approx(pair.interval)
    assert found.prevalence[True].value == pytest.approx(EXPERTS.mean())
    assert found.specific[True] == agreement.specific_agreement(EXPERTS, True, clusters=TASKS, resamples=500)


def test_a_rater_named_twice_is_refused() -> None:
    with pytest.raises(InputError, match="once"):
        agreement.summarize(EXPERTS, raters=["a", "b", "a"])


def test_a_summary_of_equal_verdicts_has_reasons_everywhere() -> None:
    found = agreement.summarize(np.ones((3, 50), bool), clusters=np.repeat(np.arange(10), 5))
    assert found.observed.value == 1.0
    assert {found.fleiss.reason, found.alpha.reason, found.ac1.reason, found.cohen[0, 1].reason} == {"no_variation"}
    assert found.specific[False].value is None
    assert found.prevalence[True].value == 1.0


def test_order_of_units_does_not_move_the_resamples() -> None:
    order = np.random.default_rng(1).permutation(len(TASKS))
    first = agreement.cohen_kappa(JUDGE, TRUTH, clusters=TASKS)
    second = agreement.cohen_kappa(JUDGE[order], TRUTH[order], clusters=TASKS[order])
    assert first == second


def test_clusters_widen_the_error_of_copied_units() -> None:
    copies = np.repeat(np.arange(40), 5)
    a, b = np.repeat(JUDGE[:40], 5), np.repeat(TRUTH[:40], 5)
    single = agreement.cohen_kappa(JUDGE[:40], TRUTH[:40], clusters=range(40))
    clustered, naive = agreement.cohen_kappa(a, b, clusters=copies), agreement.cohen_kappa(a, b)
    assert single.se is not None
    assert naive.se is not None
    assert clustered.se == pytest.approx(single.se)
    assert clustered.interval == pytest.approx(single.interval)
    assert naive.se < single.se / 2


def test_a_judge_that_never_erred_is_bounded_by_the_number_of_tasks() -> None:
    """Ten criteria of one video may be one event: 40 videos bound the share, not 400 criteria."""
    truth, tasks = [True] * 300 + [False] * 100, [n // 10 for n in range(400)]
    found = agreement.judge_quality(truth, truth, clusters=tasks)
    assert (found.sensitivity.n, found.sensitivity.interval) == (300, pytest.approx(intervals.wilson(30, 30).interval))
    assert found.specificity.interval == pytest.approx(intervals.wilson(10, 10).interval)
    assert agreement.judge_quality(truth, truth).sensitivity.interval == intervals.wilson(300, 300).interval


def test_few_clusters_give_student_or_no_interval() -> None:
    from scipy import stats

    few = agreement.cohen_kappa(JUDGE, TRUTH, clusters=TASKS % 10)
    assert few.value is not None
    assert few.se is not None
    half = stats.t.ppf(0.975, 9) * few.se
    assert few.interval == pytest.approx((few.value - half, few.value + half))
    fewest = agreement.cohen_kappa(JUDGE, TRUTH, clusters=TASKS % 4)
    assert (fewest.interval, fewest.se is not None) == (None, True)


def test_a_judge_is_compared_with_the_truth_as_scikit_learn_does() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    found = agreement.judge_quality(JUDGE, TRUTH)
    assert found.sensitivity.value == pytest.approx(metrics.recall_score(TRUTH, JUDGE))
    assert found.specificity.value == pytest.approx(metrics.recall_score(TRUTH, JUDGE, pos_label=False))
    assert found.positive_value.value == pytest.approx(metrics.precision_score(TRUTH, JUDGE))
    assert found.negative_value.value == pytest.approx(metrics.precision_score(TRUTH, JUDGE, pos_label=False))
    assert found.macro_f1.value == pytest.approx(metrics.f1_score(TRUTH, JUDGE, average="macro"))
    assert found.bias.value == pytest.approx(JUDGE.mean() - TRUTH.mean())
    assert found.kappa.value == pytest.approx(metrics.cohen_kappa_score(TRUTH, JUDGE))


def test_shares_of_nothing_have_a_reason() -> None:
    found = agreement.judge_quality([True, True, None], [True, True, False])
    assert (found.specificity.value, found.specificity.reason) == (None, "too_few")
    assert found.sensitivity.value == 1.0
    assert found.kappa.reason == "no_variation"


def test_strata_show_what_pooling_hides() -> None:
    """Lenient on rewards, lenient on penalties: opposite errors that cancel in the pooled bias."""
    judged = [True] * 30 + [False] * 10 + [False] * 30 + [True] * 10
    truth = [True] * 20 + [False] * 20 + [False] * 20 + [True] * 20
    strata = ["reward"] * 40 + ["penalty"] * 40
    by = agreement.judge_quality_by(judged, truth, strata, clusters=list(range(40)) * 2)
    assert agreement.judge_quality(judged, truth).bias.value == 0
    assert by["reward"].bias.value == pytest.approx(0.25)
    assert by["penalty"].bias.value == pytest.approx(-0.25)


def test_a_verdict_that_is_not_a_truth_value_is_refused() -> None:
    with pytest.raises(InputError, match="unknown label"):
        agreement.judge_quality(["met", True], [True, True])


def test_the_difference_of_kappas_is_paired() -> None:
    a, b, truth = EXPERTS[0], JUDGE, TRUTH
    found = agreement.kappa_difference(a, b, truth, clusters=TASKS)
    one, two = (agreement.cohen_kappa(x, truth, clusters=TASKS) for x in (a, b))
    assert one.value is not None
    assert two.value is not None
    assert found.value == pytest.approx(one.value - two.value)
    itself = agreement.kappa_difference(a, a, truth, clusters=TASKS)
    assert (itself.value, itself.se) == pytest.approx((0.0, 0.0))


def test_the_ceiling_leaves_each_expert_out_in_turn() -> None:
    found = agreement.expert_ceiling(EXPERTS, JUDGE, clusters=TASKS)
    expected = []
    for e in range(3):
        one, two = (EXPERTS[i] for i in range(3) if i != e)
        clear = one == two
        expected.append(agreement.cohen_kappa(EXPERTS[e][clear], one[clear]).value)
    assert found.expert.value == pytest.approx(np.mean(expected))
    assert found.judge is not None
    assert found.difference is not None
    assert found.difference.value == pytest.approx(found.judge.value - found.expert.value)  # type: ignore[operator]
    assert found.difference.interval is not None
    assert found.difference.interval[1] < 0  # twice the experts' error rate shows


def test_an_expert_as_judge_reaches_the_ceiling() -> None:
    one_more = TRUTH ^ (np.random.default_rng(11).random(len(TRUTH)) < 0.1)
    found = agreement.expert_ceiling(EXPERTS, one_more, clusters=TASKS)
    assert found.difference is not None
    assert found.difference.interval is not None
    assert found.difference.interval[0] < 0 < found.difference.interval[1]


def test_a_ceiling_needs_three_experts() -> None:
    with pytest.raises(InputError, match="three experts, got 2"):
        agreement.expert_ceiling(EXPERTS[:2], JUDGE)


def test_the_alt_test_passes_the_truth_and_fails_a_coin() -> None:
    assert agreement.alt_test(EXPERTS, TRUTH).winning_rate == 1.0
    coin = np.random.default_rng(2).random(len(TRUTH)) < 0.5
    failed = agreement.alt_test(EXPERTS, coin)
    assert failed.winning_rate == 0.0
    assert failed.advantage is not None
    assert failed.advantage < 0.9


def test_the_alt_test_says_nothing_on_few_units() -> None:
    found = agreement.alt_test(EXPERTS[:, :20], TRUTH[:20])
    assert (found.winning_rate, found.p_values) == (None, (None, None, None))


def test_experts_who_rated_nothing_have_no_ceiling() -> None:
    found = agreement.expert_ceiling([[None, None]] * 3, [None, None])
    assert (found.expert.value, found.expert.reason, found.units) == (None, "too_few", (0, 0, 0))
