"""Linear equating over groups, and when it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microworldbench.errors import InputError
from microworldbench.stats.linking import fit_link, transport_error


def groups(
    count: int = 6,
    items: int = 60,
    *,
    slope: float = 0.8,
    intercept: float = 10.0,
    noise: float = 5.0,
    shift=0.0,
    seed=0,
):
    """Two judges of the same noise who differ by a line, and by `shift` from generator to generator."""
    rng = np.random.default_rng(seed)
    found = {}
    for number in range(count):
        true = rng.normal(20 + 10 * number, 12, items)
        first = true + rng.normal(0, noise, items)
        second = intercept + slope * true + rng.normal(0, noise * slope, items) + rng.normal(0, shift)
        found[f"g{number}"] = (first.tolist(), second.tolist())
    return found


def test_a_line_between_judges_is_recovered() -> None:
    fit = fit_link(groups(items=2000))
    assert fit.slope == pytest.approx(0.8, abs=0.01)
    assert fit.intercept == pytest.approx(10, abs=0.5)
    assert fit.error < 0.5


def test_without_noise_the_link_is_exact_and_errs_nowhere() -> None:
    fit = fit_link(groups(noise=0.0))
    assert (fit.slope, fit.intercept) == (pytest.approx(0.8), pytest.approx(10))
    assert fit.error == pytest.approx(0, abs=1e-9)
    assert fit.correlation == pytest.approx(1)


def test_the_error_is_that_of_a_generator_nobody_judged_twice() -> None:
    """Over many studies the leave-one-out error is as large as the true error on one more generator."""
    claimed, true = [], []
    for seed in range(200):
        made = groups(7, 40, shift=4.0, seed=seed)
        first, second = made.pop("g3")
        fit = fit_link(made)
        claimed.append(fit.error**2)
        true.append((fit.intercept + fit.slope * np.mean(first) - np.mean(second)) ** 2)
    assert np.sqrt(np.mean(claimed)) == pytest.approx(np.sqrt(np.mean(true)), rel=0.25)
    assert np.sqrt(np.mean(claimed)) >= 0.9 * np.sqrt(np.mean(true))


def test_turned_round_it_is_the_link_back() -> None:
    made = groups()
    there, back = fit_link(made), fit_link({name: (b, a) for name, (a, b) in made.items()})
    assert back.slope == pytest.approx(1 / there.slope)
    assert back.intercept == pytest.approx(-there.intercept / there.slope)


@given(st.floats(-50, 50), st.floats(0.2, 5))
def test_another_zero_and_unit_of_the_old_scale_change_no_carried_score(zero: float, unit: float) -> None:
    made = groups(4, 10)
    moved = {name: ([zero + unit * x for x in a], b) for name, (a, b) in made.items()}
    plain, other = fit_link(made), fit_link(moved)
    middle = (plain.low + plain.high) / 2
    assert other.carried(zero + unit * middle) == pytest.approx(plain.carried(middle), abs=1e-6)
    assert other.error == pytest.approx(plain.error, abs=1e-6)


def test_scores_outside_the_anchors_range_are_refused() -> None:
    fit = fit_link(groups())
    assert fit.carried((fit.low + fit.high) / 2) is not None
    assert fit.carried(fit.low - 0.01) is None
    assert fit.carried(fit.high + 0.01) is None


def test_judges_that_disagree_in_kind_are_not_linked() -> None:
    turned = {name: (a, [100 - y for y in b]) for name, (a, b) in groups().items()}
    assert fit_link(turned).reason == "disagree"


def test_agreeing_on_generators_alone_is_not_measuring_the_same() -> None:
    mixed = {name: (a, b[7:] + b[:7]) for name, (a, b) in groups().items()}  # another video's score each
    fit = fit_link(mixed)
    assert fit.reason == "disagree"
    assert abs(fit.correlation) < 0.3
    assert fit.error < 2


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (groups(3), "too_few"),
        ({}, "too_few"),
        ({f"g{i}": ([50.0] * 5, [float(j) for j in range(5)]) for i in range(5)}, "no_variation"),
        (groups(shift=60.0, noise=1.0, slope=2.0), "too_wide"),
    ],
)
def test_every_refusal_names_its_reason(made, reason) -> None:
    fit = fit_link(made)
    assert fit.reason == reason
    assert fit.slope is None
    assert fit.carried(50.0) is None


def test_a_link_fitted_on_simulations_alone_need_not_transport() -> None:
    simulated = {"simulated": ([0.0, 50.0, 100.0], [0.0, 50.0, 100.0])}
    assert transport_error(simulated, groups(noise=0.0)) > 3
    assert transport_error(simulated, {}) is None
    assert transport_error({}, simulated) is None


def test_a_group_of_two_lengths_is_refused() -> None:
    with pytest.raises(InputError, match="2 scores by the one judge and 1 by the other"):
        fit_link({"a": ([1.0, 2.0], [1.0])})
    with pytest.raises(InputError, match="not finite"):
        fit_link({"a": ([1.0], [float("nan")])})
