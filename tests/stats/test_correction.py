"""Correcting a judge with labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from microworldbench.errors import InputError
from microworldbench.stats import correction

RNG = np.random.default_rng(0)
TRUE = RNG.normal(40, 30, 300)
JUDGED = TRUE + RNG.normal(5, 12, 300)
Y, F, U = TRUE[:50], JUDGED[:50], JUDGED[50:]
numbers = st.lists(st.floats(-100, 100), min_size=2, max_size=20)


def test_without_power_it_is_the_label_mean() -> None:
    found = correction.ppi_mean(Y, F, U, power=0.0)
    assert found.value == pytest.approx(Y.mean())
    assert found.se == pytest.approx(stats.sem(Y))
    assert found.interval == pytest.approx(stats.t.interval(0.95, 49, loc=Y.mean(), scale=stats.sem(Y)))


@given(numbers, numbers)
def test_a_judge_who_is_right_gives_the_mean_of_all_tasks(labelled: Any, rest: Any) -> None:
    n, others = len(labelled), len(rest)
    found = correction.ppi_mean(labelled, labelled, rest, power=others / (n + others))
    assert found.value == pytest.approx(np.mean([*labelled, *rest]), abs=1e-9)


def test_plain_ppi_is_the_textbook_sum() -> None:
    found = correction.ppi_mean(Y, F, U, power=1.0)
    assert found.value == pytest.approx(U.mean() + (Y - F).mean())
    assert found.se == pytest.approx(np.sqrt((Y - F).var(ddof=1) / 50 + U.var(ddof=1) / 250))


def test_the_chosen_power_is_the_documented_one_and_beats_labels_and_plain() -> None:
    found = correction.ppi_mean(Y, F, U)
    together = np.concatenate([F, U])
    expected = np.cov(Y, F)[0, 1] / ((1 + 50 / 250) * together.var(ddof=1))
    assert found.power == pytest.approx(expected)
    assert found.se is not None
    for power in (0.0, 1.0):
        assert found.se <= correction.ppi_mean(Y, F, U, power=power).se + 0.05  # type: ignore[operator]
    assert found.label_mean == pytest.approx(Y.mean())
    assert found.judge_mean == pytest.approx(JUDGED.mean())


def test_a_constant_error_of_the_judge_cancels() -> None:
    one, other = correction.ppi_mean(Y, F, U), correction.ppi_mean(Y, F + 17, U + 17)
    assert one.value == pytest.approx(other.value)
    assert one.se == pytest.approx(other.se)


def test_a_judge_who_never_varies_adds_nothing() -> None:
    found = correction.ppi_mean(Y, np.full(50, 0.1), np.full(250, 0.1))
    assert (found.power, found.value) == (0.0, pytest.approx(Y.mean()))


def test_without_other_tasks_the_labels_stand() -> None:
    assert correction.ppi_mean(Y, F, []).value == pytest.approx(Y.mean())
    with pytest.raises(InputError, match="unlabelled"):
        correction.ppi_mean(Y, F, [], power=1.0)


def test_a_paired_difference_is_the_correction_of_the_differences() -> None:
    found = correction.ppi_difference(Y, Y - 3, F, F - 1, U, U - 2)
    assert found.value == pytest.approx(3.0)
    with pytest.raises(InputError, match="same tasks"):
        correction.ppi_difference(Y, Y[:-1], F, F, U, U)


def test_equal_inclusion_is_the_plain_estimate_with_scaled_power() -> None:
    weighted = correction.ppi_weighted_mean(Y, F, U, np.full(50, 1 / 6), power=0.6)
    plain = correction.ppi_mean(Y, F, U, power=0.6 * 300 / 250 * 250 / 300)
    scaled = correction.ppi_mean(Y, F, U, power=0.6)
    assert plain.value == scaled.value
    by_hand = 0.6 * JUDGED.mean() + (Y - 0.6 * F).mean()
    assert weighted.value == pytest.approx(by_hand)
    assert correction.ppi_mean(Y, F, U, power=0.6 * 250 / 300).value == pytest.approx(by_hand)


def test_the_chosen_weighted_power_has_the_least_error() -> None:
    chance = np.where(TRUE[:50] > 40, 0.3, 0.1)
    found = correction.ppi_weighted_mean(Y, F, U, chance, power=None)
    assert found.power is not None
    for nearby in (found.power - 0.05, found.power + 0.05, 0.0, 1.0):
        assert found.se < correction.ppi_weighted_mean(Y, F, U, chance, power=nearby).se  # type: ignore[operator]
    nothing = correction.ppi_weighted_mean(Y, np.full(50, 7.0), np.full(250, 7.0), chance, power=None)
    assert (nothing.power, nothing.value) == (0.0, pytest.approx(np.average(Y, weights=1 / chance)))
    assert correction.ppi_weighted_mean(Y, F, [], chance, power=None).power == 0.0


def test_with_equal_inclusion_the_weighted_choice_is_nearly_the_plain_one() -> None:
    weighted = correction.ppi_weighted_mean(Y, F, U, np.full(50, 1 / 6), power=None)
    plain = correction.ppi_mean(Y, F, U)
    assert weighted.value == pytest.approx(plain.value, abs=plain.se / 4)
    assert weighted.se == pytest.approx(plain.se, rel=0.03)


def test_inclusion_weights_undo_a_skewed_sample() -> None:
    rng = np.random.default_rng(1)
    truth = np.repeat([20.0, 80.0], 2000) + rng.normal(0, 5, 4000)
    judged = truth + np.where(truth > 50, 15, 0)  # lenient on what is good
    chance = np.where(truth > 50, 0.3, 0.05)
    drawn = rng.random(4000) < chance
    args = truth[drawn], judged[drawn], judged[~drawn]
    found = correction.ppi_weighted_mean(*args, chance[drawn])
    assert found.interval is not None
    assert found.interval[0] < truth.mean() < found.interval[1]
    assert abs(correction.ppi_mean(*args, power=1.0).value - truth.mean()) > 3  # type: ignore[operator]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2], [1, 2, 3], [1]), "same tasks"),
        (([1, None], [1, 2], [1]), r"labels\[1\] is nan"),
        (([1, 2], [1, 2], [[1]]), "1 dimension"),
    ],
)
def test_ppi_refuses_what_does_not_match(arguments: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        correction.ppi_mean(*arguments)


def test_one_label_is_too_few() -> None:
    found = correction.ppi_mean([1.0], [2.0], [3.0, 4.0])
    assert (found.value, found.reason, found.n, found.n_unlabelled) == (None, "too_few", 1, 2)


def test_inclusion_outside_its_range_is_refused() -> None:
    with pytest.raises(InputError, match="probabilities"):
        correction.ppi_weighted_mean([1, 2], [1, 2], [1], [0.5, 0.0])


def test_rogan_gladen_is_the_brucellosis_example() -> None:
    found = correction.rogan_gladen(23 / 150, 150, (0.96, 100), (0.89, 100))
    assert found.value == pytest.approx(0.0509804, abs=5e-8)
    assert found.n == 150


def test_rogan_gladen_of_a_perfect_judge_changes_nothing() -> None:
    for p in (0.0, 0.2, 1.0):
        assert correction.rogan_gladen(p, 50, (1.0, 40), (1.0, 40)).value == p


@given(st.floats(0, 1), st.floats(0.7, 1), st.floats(0.7, 1))
def test_rogan_gladen_undoes_the_errors_it_is_told(rate: float, se: float, sp: float) -> None:
    reported = rate * se + (1 - rate) * (1 - sp)
    found = correction.rogan_gladen(reported, 1000, (se, 500), (sp, 500))
    assert found.value == pytest.approx(rate, abs=1e-9)
    assert found.interval is not None
    assert 0 <= found.interval[0] <= found.interval[1] <= 1


def test_a_rate_outside_the_possible_is_cut() -> None:
    assert correction.rogan_gladen(0.02, 150, (0.96, 100), (0.89, 100)).value == 0.0
    assert correction.rogan_gladen(0.99, 150, (0.96, 100), (0.89, 100)).value == 1.0


def test_lang_and_reiczigels_interval_widens_with_fewer_labels() -> None:
    """With (nearly) known errors it is the corrected Agresti–Coull-like interval of the rate itself."""
    known = correction.rogan_gladen(0.4, 200, (1.0, 10**9), (1.0, 10**9)).interval
    z = stats.norm.ppf(0.975)
    p = (80 + z * z / 2) / (200 + z * z)
    half = z * np.sqrt(p * (1 - p) / (200 + z * z))
    assert known == pytest.approx((p - half, p + half), abs=1e-6)
    few, many = (correction.rogan_gladen(0.4, 200, (0.9, m), (0.9, m)).interval for m in (30, 3000))
    assert few is not None
    assert many is not None
    assert few[1] - few[0] > 1.2 * (many[1] - many[0])


def test_a_weak_judge_and_few_labels_are_refused() -> None:
    weak = correction.rogan_gladen(0.5, 100, (0.6, 50), (0.65, 50))
    assert (weak.value, weak.reason, weak.interval) == (None, "weak_judge", None)
    few = correction.rogan_gladen(0.5, 100, (0.9, 29), (0.9, 50))
    assert (few.value, few.reason) == (None, "too_few")
    assert correction.rogan_gladen(0.5, 100, (0.9, 29), (0.9, 50), least_labels=10).value is not None
    assert correction.rogan_gladen(0.5, 100, (0.2, 50), (0.2, 50), least_youden=-1).reason == "weak_judge"


@pytest.mark.parametrize(
    ("p", "se", "message"), [(1.2, (0.9, 50), "share"), (0.5, 0.9, "sensitivity"), (0.5, (1.9, 50), "sensitivity")]
)
def test_rogan_gladen_refuses_what_is_no_share(p: float, se: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        correction.rogan_gladen(p, 100, se, (0.9, 50))


def make_verdicts(n: int, seed: int) -> tuple[list[bool], list[bool], list[tuple[str, str]]]:
    """Truth and a judge who is lenient: false alarms on rewards, misses on penalties."""
    rng = np.random.default_rng(seed)
    strata = [("fidelity", "reward" if i % 2 else "penalty") for i in range(n)]
    truth = [bool(rng.random() < 0.6) for _ in range(n)]
    errors = {("reward", True): 0.05, ("reward", False): 0.3, ("penalty", True): 0.3, ("penalty", False): 0.05}
    judged = [t ^ bool(rng.random() < errors[s[1], t]) for t, s in zip(truth, strata, strict=True)]
    return truth, judged, strata


def test_correction_by_polarity_finds_the_rates_that_pooling_misses() -> None:
    truth, judged, strata = make_verdicts(20_000, 0)
    known = correction.calibrate(judged[:4000], truth[:4000], strata[:4000])
    assert known["fidelity", "reward"].specificity == pytest.approx(0.7, abs=0.04)
    assert known["fidelity", "penalty"].sensitivity == pytest.approx(0.7, abs=0.04)
    for estimate in correction.rogan_gladen_by(judged, strata, known).values():
        assert estimate.value == pytest.approx(0.6, abs=0.04)
    numbers = correction.correct_verdicts(judged, strata, known)
    rewards = [x for x, s in zip(numbers, strata, strict=True) if s[1] == "reward" and x is not None]
    assert np.mean(rewards) == pytest.approx(0.6, abs=0.04)


def test_a_stratum_without_labels_is_not_corrected() -> None:
    known = correction.calibrate([True] * 40 + [False] * 40, [True] * 40 + [False] * 40, ["a"] * 80)
    assert correction.correct_verdicts([True, None, False, True], ["a", "a", "a", "b"], known) == [1.0, None, 0.0, None]
    by = correction.rogan_gladen_by([True, True], ["a", "b"], known)
    assert (by["a"].value, by["b"].value, by["b"].reason) == (1.0, None, "too_few")


def test_calibration_says_what_is_missing() -> None:
    known = correction.calibrate([True] * 60, [True] * 50 + [False] * 10, ["a"] * 60)["a"]
    assert (known.positives, known.negatives, known.reason) == (50, 10, "too_few")
    coin = correction.calibrate([True, False] * 40, [True] * 40 + [False] * 40, ["a"] * 80)["a"]
    assert coin.reason == "weak_judge"
    with pytest.raises(InputError, match="must match"):
        correction.calibrate([True], [True, False], ["a"])
    with pytest.raises(InputError, match=r"truth\[0\]"):
        correction.calibrate([True], ["yes"], ["a"])  # type: ignore[list-item]
