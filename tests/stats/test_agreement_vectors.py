"""Agreement coefficients on published data; the figures come from the sources named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from microworldbench.stats import agreement

CLOSE = 5e-7


def test_cohen_1960_and_1968(two_raters: Any) -> None:
    a, b = two_raters([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
    kappa = agreement.cohen_kappa(a, b)
    assert kappa.value == pytest.approx(0.491525, abs=CLOSE)
    assert kappa.se == pytest.approx(0.051002, abs=CLOSE)
    assert kappa.se_null == pytest.approx(0.051979, abs=CLOSE)
    disagreement = np.array([[0, 1, 3], [1, 0, 6], [3, 6, 0]])
    weighted = agreement.cohen_kappa(a, b, weights=1 - disagreement / 6)
    assert weighted.value == pytest.approx(0.347826, abs=CLOSE)
    assert weighted.se == pytest.approx(0.075504, abs=CLOSE)


def test_fleiss_cohen_everitt_1969(two_raters: Any) -> None:
    a, b = two_raters([[106, 10, 4], [22, 28, 10], [2, 12, 6]])
    kappa = agreement.cohen_kappa(a, b)
    assert kappa.value == pytest.approx(0.428571, abs=CLOSE)
    assert kappa.se == pytest.approx(0.053711, abs=CLOSE)
    assert kappa.se_null == pytest.approx(0.055512, abs=CLOSE)
    weighted = agreement.cohen_kappa(a, b, weights=[[1, 0, 0.4444], [0, 1, 0.6667], [0.4444, 0.6667, 1]])
    assert weighted.value == pytest.approx(0.507070, abs=CLOSE)
    assert weighted.se == pytest.approx(0.056994, abs=CLOSE)
    assert weighted.se_null == pytest.approx(0.065336, abs=CLOSE)


def test_kappas_of_the_sas_manual(two_raters: Any) -> None:
    a, b = two_raters([[0, 4, 1], [0, 8, 0], [0, 1, 5]])
    kappa, linear = agreement.cohen_kappa(a, b), agreement.cohen_kappa(a, b, weights="linear")
    assert (kappa.value, kappa.se) == pytest.approx((0.484163, 0.138014), abs=CLOSE)
    assert (linear.value, linear.se) == pytest.approx((0.470120, 0.145746), abs=CLOSE)


def test_weighted_kappas_of_scikit_learns_own_tests() -> None:
    a = [0] * 46 + [1] * 44 + [2] * 10
    b = [0] * 50 + [1] * 40 + [2] * 10
    assert agreement.cohen_kappa(a, b).value == pytest.approx(0.9315, abs=5e-5)
    assert agreement.cohen_kappa(a, b, weights="linear").value == pytest.approx(0.9412, abs=5e-5)
    assert agreement.cohen_kappa(a, b, weights="quadratic").value == pytest.approx(0.9541, abs=5e-5)


def test_fleiss_1971_under_four_coefficients(fleiss_1971: np.ndarray) -> None:
    assert agreement.fleiss_kappa(fleiss_1971).value == pytest.approx(0.4302445, abs=CLOSE)
    assert agreement.brennan_prediger(fleiss_1971).value == pytest.approx(0.4444444, abs=CLOSE)
    assert agreement.krippendorff_alpha(fleiss_1971).value == pytest.approx(0.4334098, abs=CLOSE)
    assert agreement.gwet_ac1(fleiss_1971).value == pytest.approx(0.4478845, abs=CLOSE)


def test_ten_subjects_of_fourteen_raters(fourteen_raters: np.ndarray) -> None:
    assert agreement.fleiss_kappa(fourteen_raters).value == pytest.approx(0.2099307, abs=CLOSE)
    assert agreement.krippendorff_alpha(fourteen_raters).value == pytest.approx(0.2155741, abs=CLOSE)
    assert agreement.gwet_ac1(fourteen_raters).value == pytest.approx(0.2256142, abs=CLOSE)


def test_krippendorffs_binary_and_nominal_examples() -> None:
    binary = [list("0100000010"), list("1110010000")]
    nominal = [list("aabbdcccedda"), list("babbbccceddd")]
    assert agreement.krippendorff_alpha(binary).value == pytest.approx(0.0952381, abs=CLOSE)
    assert agreement.krippendorff_alpha(nominal).value == pytest.approx(0.6919643, abs=CLOSE)


@pytest.mark.parametrize(
    ("level", "alpha"), [("nominal", 0.743421), ("ordinal", 0.815388), ("interval", 0.849107), ("ratio", 0.797403)]
)
def test_krippendorffs_example_with_missing_ratings(krippendorff_c: Any, level: Any, alpha: float) -> None:
    found = agreement.krippendorff_alpha(krippendorff_c, level)
    assert found.value == pytest.approx(alpha, abs=CLOSE)
    assert found.n == 11  # the unit that one coder rated is left out


def test_a_unit_rated_once_counts_for_prevalence_only(krippendorff_c: Any) -> None:
    """Gwet's own figures for the same data."""
    assert agreement.gwet_ac1(krippendorff_c).value == pytest.approx(0.77544, abs=5e-6)
    assert agreement.fleiss_kappa(krippendorff_c).value == pytest.approx(0.76117, abs=5e-6)
    assert agreement.conger_kappa(krippendorff_c).value == pytest.approx(0.76207, abs=5e-6)
    assert agreement.brennan_prediger(krippendorff_c).value == pytest.approx(0.77273, abs=5e-6)
    assert agreement.fleiss_kappa(krippendorff_c).observed == pytest.approx(0.81818, abs=5e-6)


def test_gwets_three_categories(two_raters: Any) -> None:
    pair = two_raters([[13, 0, 0], [0, 20, 7], [0, 4, 56]])
    cohen, conger = agreement.cohen_kappa(*pair), agreement.conger_kappa(pair)
    assert (cohen.value, cohen.se) == pytest.approx((0.7964094, 0.0589107), abs=CLOSE)
    assert (conger.value, conger.se) == pytest.approx((0.7964094, 0.0589107), abs=CLOSE)
    assert agreement.fleiss_kappa(pair).value == pytest.approx(0.7962397, abs=CLOSE)
    ac1 = agreement.gwet_ac1(pair)
    assert ac1.value == pytest.approx(0.8493305, abs=CLOSE)
    assert ac1.se == pytest.approx(0.0432, abs=5e-5)
    assert agreement.brennan_prediger(pair).value == pytest.approx(0.835, abs=CLOSE)
    assert agreement.krippendorff_alpha(pair).value == pytest.approx(0.7972585, abs=CLOSE)


def test_the_kappa_paradox_shows_all_its_parts(two_raters: Any) -> None:
    a, b = two_raters([[118, 5], [2, 0]])
    kappa, ac1 = agreement.cohen_kappa(a, b), agreement.gwet_ac1([a, b])
    assert kappa.value == pytest.approx(-0.023392, abs=CLOSE)
    assert ac1.value == pytest.approx(0.940776, abs=CLOSE)
    assert kappa.observed == pytest.approx(0.944)
    assert agreement.specific_agreement([a, b], 0).value == pytest.approx(236 / 243)
    assert agreement.specific_agreement([a, b], 1).value == 0.0
    assert agreement.label_share([a, b], 0).value == pytest.approx(243 / 250)


@pytest.mark.parametrize(
    ("form", "value", "low", "high"),
    [
        ("1,1", 0.1657, -0.133, 0.723),
        ("2,1", 0.2898, 0.019, 0.761),
        ("3,1", 0.7148, 0.342, 0.946),
        ("1,k", 0.4428, -0.884, 0.912),
        ("2,k", 0.6201, 0.071, 0.927),
        ("3,k", 0.9093, 0.676, 0.986),
    ],
)
def test_shrout_and_fleiss_1979(form: Any, value: float, low: float, high: float) -> None:
    """Values from the paper; bounds as R's psych prints them."""
    scores = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    found = agreement.icc(scores, form)
    assert found.value == pytest.approx(value, abs=5e-5)
    assert found.interval == pytest.approx((low, high), abs=6e-4)
