"""What cannot be measured is refused or None with a reason, never a number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from microworldbench.errors import InputError
from microworldbench.stats import agreement

COEFFICIENTS = [
    agreement.fleiss_kappa,
    agreement.conger_kappa,
    agreement.gwet_ac1,
    agreement.brennan_prediger,
    agreement.krippendorff_alpha,
]


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
@pytest.mark.parametrize("ratings", [[[1] * 8] * 3, [[True] * 8] * 3, np.ones((3, 8), bool), [["met"] * 8] * 3])
def test_all_alike_is_no_variation_and_raw_agreement_stays(coefficient: Any, ratings: Any) -> None:
    found = coefficient(ratings)
    assert (found.value, found.reason, found.se, found.interval) == (None, "no_variation", None, None)
    assert found.observed == 1.0
    assert found.n == 8


def test_cohen_of_two_alike_raters_is_no_variation() -> None:
    for options in ({}, {"clusters": range(8)}):
        found = agreement.cohen_kappa([True] * 8, [True] * 8, **options)  # type: ignore[arg-type]
        assert (found.value, found.reason, found.observed) == (None, "no_variation", 1.0)


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
def test_raters_without_a_common_unit_are_too_few(coefficient: Any) -> None:
    found = coefficient([[1, 2, None, None], [None, None, 1, 2]])
    assert (found.value, found.reason, found.n) == (None, "too_few", 0)


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
def test_no_units_are_too_few(coefficient: Any) -> None:
    assert coefficient([[], []]).reason == "too_few"


def test_cohen_of_disjoint_raters_is_too_few() -> None:
    assert agreement.cohen_kappa([1, 2, None, None], [None, None, 1, 2]).reason == "too_few"
    assert agreement.cohen_kappa([], []).reason == "too_few"


def test_perfect_agreement_is_one_without_an_interval() -> None:
    """Its error is 0 by construction, which would pretend certainty."""
    found = agreement.cohen_kappa([0, 1, 0, 1, 1, 0], [0, 1, 0, 1, 1, 0])
    assert found.value == 1.0
    assert found.interval is None


def test_one_rater_is_refused() -> None:
    with pytest.raises(InputError, match="at least two raters, got 1"):
        agreement.fleiss_kappa([[1, 2, 3]])


def test_ragged_rows_are_refused() -> None:
    with pytest.raises(InputError, match=r"rows of \[2, 3\] entries"):
        agreement.fleiss_kappa([[1, 2, 3], [1, 2]])


def test_raters_of_different_length_are_refused() -> None:
    with pytest.raises(InputError, match="got 3 and 2"):
        agreement.cohen_kappa([1, 2, 3], [1, 2])


def test_a_transposed_table_is_refused_with_the_way_out() -> None:
    ratings = np.random.default_rng(0).random((3, 200)) < 0.5
    with pytest.raises(InputError, match=r"200 raters for 3 units, which looks transposed: pass ratings\.T"):
        agreement.fleiss_kappa(ratings.T)
    assert agreement.fleiss_kappa(ratings.T, clusters=range(3)).n == 3  # one name per unit confirms the shape


def test_clusters_of_the_wrong_length_are_refused() -> None:
    with pytest.raises(InputError, match="got 3 for 4 units"):
        agreement.fleiss_kappa([[1, 2, 1, 2], [1, 2, 2, 2]], clusters=["a", "b", "c"])


def test_a_missing_cluster_is_refused() -> None:
    with pytest.raises(InputError, match=r"clusters\[1\] is None"):
        agreement.fleiss_kappa([[1, 2], [1, 2]], clusters=["a", None])


def test_an_unknown_label_is_named_with_its_place() -> None:
    with pytest.raises(InputError, match=r"unknown label 'maybe' \(rater 2, unit 3\)"):
        agreement.fleiss_kappa([["yes", "no", "yes"], ["yes", "no", "maybe"]], labels=["yes", "no"])


def test_labels_given_twice_are_refused() -> None:
    with pytest.raises(InputError, match="must differ"):
        agreement.fleiss_kappa([[1, 2], [1, 2]], labels=[1, 2, 2])


def test_weights_of_text_labels_need_their_order() -> None:
    """Sorted by alphabet, high < low < mid would pass silently."""
    a, b = ["low", "mid", "high", "low"], ["low", "high", "high", "mid"]
    with pytest.raises(InputError, match="pass labels="):
        agreement.cohen_kappa(a, b, weights="linear")
    with pytest.raises(InputError, match="pass labels="):
        agreement.krippendorff_alpha([a, b], "ordinal")
    assert agreement.cohen_kappa(a, b, weights="linear", labels=["low", "mid", "high"]).value is not None


def test_an_unused_level_counts_in_weights() -> None:
    a, b = [0, 0, 2, 2, 1, 1], [0, 1, 2, 2, 1, 2]
    three, four = (agreement.cohen_kappa(a, b, labels=list(range(q)), weights="quadratic") for q in (3, 4))
    assert three.value == pytest.approx(four.value)  # kappa itself cancels the scale …
    assert three.observed != pytest.approx(four.observed)  # … its parts don't
    unused = agreement.gwet_ac1([a, b], labels=[0, 1, 2, 3])
    assert unused.value != pytest.approx(agreement.gwet_ac1([a, b]).value)


def test_disagreement_weights_are_refused() -> None:
    with pytest.raises(InputError, match="agreement weights"):
        agreement.cohen_kappa([0, 1, 2], [0, 1, 1], weights=[[0, 1, 3], [1, 0, 6], [3, 6, 0]])


@pytest.mark.parametrize("weights", ["cubic", [[1, 0], [0, 1]], [[1, np.nan, 0], [0, 1, 0], [0, 0, 1]]])
def test_other_weights_that_make_no_sense_are_refused(weights: Any) -> None:
    with pytest.raises(InputError, match="weights"):
        agreement.cohen_kappa([0, 1, 2], [0, 1, 1], weights=weights)


def test_an_unknown_level_and_amounts_below_zero_are_refused() -> None:
    with pytest.raises(InputError, match="level must be one of"):
        agreement.krippendorff_alpha([[1, 2], [1, 2]], "cardinal")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="not negative"):
        agreement.krippendorff_alpha([[-1, 2], [1, 2]], "ratio")
    with pytest.raises(InputError, match="needs numbers"):
        agreement.krippendorff_alpha([["a", "b"], ["a", "b"]], "interval")


def test_measurements_taken_for_labels_are_refused() -> None:
    noise = np.random.default_rng(0).normal(size=(2, 300))
    with pytest.raises(InputError, match="different labels"):
        agreement.fleiss_kappa(noise)
    assert agreement.krippendorff_alpha(noise, "interval").value == pytest.approx(0, abs=0.2)


@pytest.mark.parametrize(
    "ratings", [[1, 2, 3], ["yes", "no"], np.zeros(4), np.zeros((2, 2, 2)), [[[1], [2]], [[1], [2]]]]
)
def test_what_is_not_a_table_is_refused(ratings: Any) -> None:
    with pytest.raises(InputError):
        agreement.fleiss_kappa(ratings)


def test_an_infinite_rating_is_refused() -> None:
    with pytest.raises(InputError, match="infinite"):
        agreement.fleiss_kappa(np.array([[1.0, np.inf], [1.0, 2.0]]))


@pytest.mark.parametrize("confidence", [0, 1, 95, -0.5])
def test_a_coverage_out_of_range_is_refused(confidence: Any) -> None:
    with pytest.raises(InputError, match="confidence"):
        agreement.cohen_kappa([0, 1], [0, 1], confidence=confidence)


def test_an_unknown_keyword_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="cluster"):
        agreement.fleiss_kappa([[1, 2], [1, 2]], cluster=[1, 2])  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([[1], [2]], "at least two raters"),
        ([[1, None], [2, 3]], r"scores\[0, 1\]"),
        ([1, 2, 3], "2 dimension"),
        (np.zeros((3, 100)), "transposed"),
        ([[1, 2], [3]], "regular array"),
    ],
)
def test_icc_refuses_what_it_cannot_use(scores: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        agreement.icc(scores)


def test_icc_of_equal_scores_is_no_variation_and_of_one_target_too_few() -> None:
    for form in ("1,1", "2,1", "3,k"):
        assert agreement.icc([[0.1] * 3] * 4, form).reason == "no_variation"  # type: ignore[arg-type]
    assert agreement.icc([[1, 2, 3]]).reason == "too_few"
    with pytest.raises(InputError, match="form"):
        agreement.icc([[1, 2], [2, 1]], "4,1")  # type: ignore[arg-type]


def test_icc_of_targets_without_differences_is_not_positive() -> None:
    found = agreement.icc([[1, 2, 3], [3, 1, 2], [2, 3, 1]], "1,1")
    assert found.value == pytest.approx(-0.5)
    assert agreement.icc([[1, 2, 3], [3, 1, 2], [2, 3, 1]], "1,k").reason == "no_variation"
