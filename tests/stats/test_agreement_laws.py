"""Laws that every coefficient obeys, and independent libraries on random data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microworldbench.stats import agreement

COEFFICIENTS = [
    agreement.fleiss_kappa,
    agreement.conger_kappa,
    agreement.gwet_ac1,
    agreement.brennan_prediger,
    agreement.krippendorff_alpha,
]


@st.composite
def tables(draw: Any, missing: bool = False, labels: int = 3) -> list[list[int | None]]:
    raters, units = draw(st.integers(2, 5)), draw(st.integers(3, 15))
    rating = st.integers(0, labels - 1)
    cell = st.one_of(st.none(), rating) if missing else rating
    return draw(st.lists(st.lists(cell, min_size=units, max_size=units), min_size=raters, max_size=raters))


def same(a: float | None, b: float | None) -> bool:
    return a == pytest.approx(b, abs=1e-9) if a is not None and b is not None else a is b


@given(tables())
def test_nominal_alpha_is_fleiss_with_a_small_sample_term(ratings: Any) -> None:
    alpha, fleiss = agreement.krippendorff_alpha(ratings), agreement.fleiss_kappa(ratings)
    ratings_given = len(ratings) * len(ratings[0])
    if fleiss.value is None:
        assert alpha.value is None
        return
    assert alpha.value == pytest.approx(1 - (1 - fleiss.value) * (ratings_given - 1) / ratings_given, abs=1e-9)


@given(tables(missing=True), st.permutations([0, 1, 2]), st.randoms(use_true_random=False))
def test_names_of_labels_and_order_of_raters_and_units_change_nothing(ratings: Any, names: Any, random: Any) -> None:
    units = list(range(len(ratings[0])))
    random.shuffle(units)
    shuffled = [[None if row[u] is None else names[row[u]] for u in units] for row in ratings]
    random.shuffle(shuffled)
    for coefficient in COEFFICIENTS:
        first = coefficient(ratings, labels=[0, 1, 2])
        second = coefficient(shuffled, labels=[0, 1, 2])
        assert same(first.value, second.value), coefficient
        assert same(first.se, second.se), coefficient
        assert first.reason == second.reason


@given(tables(missing=True))
def test_no_coefficient_is_ever_nan_or_above_one(ratings: Any) -> None:
    for coefficient in COEFFICIENTS:
        found = coefficient(ratings)
        assert (found.value is None) == (found.reason is not None)
        if found.value is not None:
            assert found.value <= 1 + 1e-12
        for number in (found.se, found.observed, found.expected, *(found.interval or ())):
            assert number is None or np.isfinite(number)


@given(tables())
def test_conger_of_two_raters_is_cohen(ratings: Any) -> None:
    two = agreement.conger_kappa(ratings[:2], labels=[0, 1, 2])
    cohen = agreement.cohen_kappa(ratings[0], ratings[1], labels=[0, 1, 2])
    assert same(two.value, cohen.value)


@given(tables(), st.sampled_from([None, "linear", "quadratic"]))
def test_the_linearised_error_is_that_of_fleiss_cohen_everitt(ratings: Any, weights: Any) -> None:
    a, b = ratings[:2]
    formula = agreement.cohen_kappa(a, b, labels=[0, 1, 2], weights=weights)
    units = agreement.cohen_kappa(a, b, labels=[0, 1, 2], weights=weights, clusters=range(len(a)))
    assert same(formula.value, units.value)
    if formula.se is not None and units.se is not None:
        assert units.se == pytest.approx(formula.se * np.sqrt(len(a) / (len(a) - 1)), abs=1e-6)


@given(tables(labels=2))
def test_for_two_labels_every_level_of_alpha_is_the_same(ratings: Any) -> None:
    nominal = agreement.krippendorff_alpha(ratings)
    for level in ("ordinal", "interval", "ratio"):
        assert same(nominal.value, agreement.krippendorff_alpha(ratings, level).value)


@given(tables(missing=True))
def test_interval_alpha_ignores_unit_and_origin(ratings: Any) -> None:
    scaled = [[None if x is None else 7.5 * x - 300 for x in row] for row in ratings]
    first, second = (agreement.krippendorff_alpha(r, "interval") for r in (ratings, scaled))
    assert same(first.value, second.value)


@settings(max_examples=25)
@given(tables())
def test_one_cluster_per_unit_is_no_clustering_up_to_the_small_sample_factor(ratings: Any) -> None:
    units = len(ratings[0])
    for coefficient in COEFFICIENTS:
        alone, clustered = coefficient(ratings), coefficient(ratings, clusters=range(units))
        assert same(alone.value, clustered.value)
        if alone.se is not None and clustered.se is not None:
            assert clustered.se == pytest.approx(alone.se * np.sqrt(units / (units - 1)), abs=1e-9)


def random_ratings(seed: int, raters: int = 4, units: int = 60, labels: int = 4) -> np.ndarray:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, labels, units)
    noise = rng.integers(0, labels, (raters, units))
    return np.where(rng.random((raters, units)) < 0.6, truth, noise)


@pytest.mark.parametrize("seed", range(5))
def test_scikit_learn_agrees_on_cohen(seed: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    a, b = random_ratings(seed)[:2]
    for weights in (None, "linear", "quadratic"):
        expected = metrics.cohen_kappa_score(a, b, labels=[0, 1, 2, 3], weights=weights)
        assert agreement.cohen_kappa(a, b, labels=[0, 1, 2, 3], weights=weights).value == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(5))
def test_statsmodels_agrees_on_cohen_and_fleiss(seed: int) -> None:
    inter_rater = pytest.importorskip("statsmodels.stats.inter_rater")
    ratings = random_ratings(seed)
    counts = np.zeros((4, 4))
    np.add.at(counts, (ratings[0], ratings[1]), 1)
    expected = inter_rater.cohens_kappa(counts)
    found = agreement.cohen_kappa(ratings[0], ratings[1])
    assert (found.value, found.se, found.se_null) == pytest.approx(
        (expected.kappa, expected.std_kappa, expected.std_kappa0)
    )
    assert found.interval == pytest.approx((expected.kappa_low, expected.kappa_upp))
    quadratic = inter_rater.cohens_kappa(counts, wt="quadratic")
    found = agreement.cohen_kappa(ratings[0], ratings[1], weights="quadratic")
    assert (found.value, found.se) == pytest.approx((quadratic.kappa, quadratic.std_kappa))
    table, _ = inter_rater.aggregate_raters(ratings.T)
    assert agreement.fleiss_kappa(ratings).value == pytest.approx(inter_rater.fleiss_kappa(table))
    randolph = inter_rater.fleiss_kappa(table, method="randolph")
    assert agreement.brennan_prediger(ratings).value == pytest.approx(randolph)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
def test_evalica_agrees_on_alpha_with_missing_ratings(seed: int, level: Any) -> None:
    evalica = pytest.importorskip("evalica")
    import pandas as pd

    ratings = random_ratings(seed).astype(float) + 1
    ratings[np.random.default_rng(seed).random(ratings.shape) < 0.3] = np.nan
    expected = evalica.alpha(pd.DataFrame(ratings), distance=level).alpha
    assert agreement.krippendorff_alpha(ratings, level).value == pytest.approx(expected)


def test_icc_agrees_with_the_anova_of_statsmodels() -> None:
    pytest.importorskip("statsmodels")
    import pandas as pd
    from statsmodels.formula.api import ols
    from statsmodels.stats.anova import anova_lm

    rng = np.random.default_rng(3)
    scores = rng.normal(50, 10, (12, 1)) + rng.normal(0, 5, (1, 4)) + rng.normal(0, 4, (12, 4))
    long = pd.DataFrame(
        {"score": scores.ravel(), "target": np.repeat(np.arange(12), 4), "rater": np.tile(np.arange(4), 12)}
    )
    table = anova_lm(ols("score ~ C(target) + C(rater)", long).fit())
    targets, raters, error = table["mean_sq"]
    expected = (targets - error) / (targets + 3 * error + 4 * (raters - error) / 12)
    assert agreement.icc(scores).value == pytest.approx(expected)
