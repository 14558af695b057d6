"""Microtubules switch at random between two speeds, at their plus ends, and EB1 marks the ends that grow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from microworldbench.simulators.microtubule.parameters import Params
from microworldbench.simulators.microtubule.physics import OUTSIDE_UM, History, State, history, simulate

SEEDS = st.integers(0, 10_000)


def run(seed: int = 1, violation: str | None = None, fps: float = 16.0) -> State:
    return simulate(Params.drawn(seed), seed, 5.0, fps, violation)


def long_life(params: Params, life_s: float = 200_000.0, length_um: float = 5.0) -> History:
    return history(params, np.random.default_rng(5), length_um, life_s)


def durations(fate: History, grows: bool) -> np.ndarray:
    """Of whole pieces of growth or shortening that end by a switch, not at length 0."""
    pieces = np.diff(fate.times_s)[:-1]
    by_switch = fate.tips_um[1:-1] > 1e-9
    return pieces[(fate.grows[:-1] == grows) & by_switch]


def test_times_of_growth_are_exponential_with_the_catastrophe_rate() -> None:
    params = Params(catastrophe_s=0.02, rescue_s=0.05)
    times = durations(long_life(params), grows=True)
    assert kstest(times, "expon", args=(0, 1 / params.catastrophe_s)).pvalue > 0.01


def test_times_of_shortening_are_exponential_with_the_rescue_rate_far_from_length_zero() -> None:
    params = Params(catastrophe_s=0.01, rescue_s=0.1)
    times = durations(long_life(params, 30_000, length_um=1e4), grows=False)
    assert kstest(times, "expon", args=(0, 1 / params.rescue_s)).pvalue > 0.01


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_a_tip_has_two_speeds_and_no_other(seed: int) -> None:
    params = Params.drawn(seed)
    fate = long_life(params, 2000)
    speed = np.diff(fate.tips_um) / np.diff(fate.times_s) * 60
    wanted = np.where(fate.grows, params.growth_um_min, -params.shrinkage_um_min)
    assert speed == pytest.approx(wanted, rel=1e-6)
    assert params.shrinkage_um_min > 1.5 * params.growth_um_min


@pytest.mark.parametrize(("catastrophe", "rescue"), [(0.03, 0.0), (0.04, 0.03), (0.05, 0.06)])
def test_bounded_lengths_have_the_mean_of_the_two_state_model(catastrophe: float, rescue: float) -> None:
    params = Params(catastrophe_s=catastrophe, rescue_s=rescue)
    fate = long_life(params, length_um=0.0)
    mean = np.trapezoid(fate.tips_um, fate.times_s) / fate.times_s[-1]
    assert params.bounded
    assert mean == pytest.approx(params.mean_length_um, rel=0.08)


def test_unbounded_lengths_drift_at_the_mean_speed_of_the_two_states() -> None:
    params = Params(catastrophe_s=0.01, rescue_s=0.1)
    fate = long_life(params, length_um=0.0)
    v, w, c, r = params.growth_um_min / 60, params.shrinkage_um_min / 60, params.catastrophe_s, params.rescue_s
    assert not params.bounded
    assert params.mean_length_um is None
    assert fate.tips_um[-1] / fate.times_s[-1] == pytest.approx((v * r - w * c) / (r + c), rel=0.05)


def test_tips_do_not_depend_on_the_frame_rate() -> None:
    assert run(fps=48.0).tip_um[::3] == pytest.approx(run(fps=16.0).tip_um, abs=1e-9)


@settings(max_examples=8, deadline=None)
@given(SEEDS)
def test_a_clip_shows_growth_collapse_and_recovery_within_the_field(seed: int) -> None:
    state = run(seed)
    moves = np.diff(state.tip_um, axis=0)
    turned = [(m[:-1] < 0) & (m[1:] > 0) for m in moves.T]
    assert (moves > 0).any(axis=0).all()
    assert any(t.any() for t in turned)
    assert ((state.tip_um > 0) & (state.tip_um < state.params.field_width_um)).all()


@settings(max_examples=8, deadline=None)
@given(SEEDS)
def test_filaments_do_not_cross_in_the_field(seed: int) -> None:
    state, x = run(seed), np.linspace(0, 25, 60)[:, None]
    a, b, c = state.course.T
    assert np.diff(a + b * x + c * x * x, axis=1).min() > 1.0


def test_only_plus_ends_are_in_the_picture() -> None:
    assert (run().minus_um == OUTSIDE_UM).all()


def test_eb1_is_on_growing_tips_and_leaves_those_that_shorten() -> None:
    state = run()
    settled = ~(state.grows[3:] | state.grows[2:-1] | state.grows[1:-2] | state.grows[:-3])
    assert (state.cap[state.grows] == 1).all()
    assert state.cap[3:][settled].max() < 0.2


def test_a_rescued_tip_has_a_comet_only_on_what_it_has_grown_since() -> None:
    state = run()
    for i in range(4):
        for t in np.flatnonzero(np.diff(state.grows[:, i].astype(int)) == 1):
            assert state.capped_um[t + 1, i] <= state.params.growth_um_min / 60 * state.params.compression / 16 + 1e-9


def test_symmetric_tips_shorten_as_slowly_as_they_grow() -> None:
    steps = np.diff(run(violation="symmetric_speeds").tip_um, axis=0)
    assert np.quantile(-steps[steps < 0], 0.9) == pytest.approx(np.quantile(steps[steps > 0], 0.9), rel=0.01)


def test_in_step_all_tips_switch_together() -> None:
    assert np.ptp(run(violation="in_step").grows.astype(int), axis=1).max() == 0


def test_only_growth_has_no_catastrophe() -> None:
    assert run(violation="only_growth").grows.all()


def test_reversed_time_advances_fast_and_without_comets() -> None:
    state = run(violation="reversed_time")
    steps = np.diff(state.tip_um, axis=0)
    assert np.median(steps[steps > 0]) > 1.5 * np.median(-steps[steps < 0])
    assert state.cap[:-1][steps > 0].mean() < 0.2


def test_inverted_comets_ride_on_retreating_tips() -> None:
    state = run(violation="inverted_comets")
    steps = np.diff(state.tip_um, axis=0)
    assert state.cap[1:][steps < 0].mean() > 0.8
    assert state.cap[1:][steps > 0].mean() < 0.1


def test_sliding_rods_keep_their_length() -> None:
    state = run(violation="sliding_rods")
    length = state.tip_um - state.minus_um
    assert np.ptp(length, axis=0).max() == pytest.approx(0, abs=1e-9)
    assert np.ptp(state.minus_um, axis=0).min() > 1


def test_both_ends_move_away_from_each_other_in_growth() -> None:
    state = run(violation="both_ends")
    tip, minus = np.diff(state.tip_um, axis=0), np.diff(state.minus_um, axis=0)
    assert (minus[tip > 0] <= 0).all()
    assert (minus < -0.01).any()


def test_wriggling_sways_every_filament() -> None:
    assert run(violation="wriggling").sway_um.min() > 0.4
    assert run().sway_um.max() == 0


def test_fading_filaments_lose_light_and_no_length() -> None:
    state = run(violation="fading")
    assert np.diff(state.tip_um, axis=0).min() >= 0
    assert state.brightness[-1].min() < 0.1


def test_frozen_tips_do_not_move() -> None:
    assert np.ptp(run(violation="frozen_tips").tip_um, axis=0).max() == 0


def test_lasting_comets_are_as_bright_on_tips_that_retreat() -> None:
    state = run(violation="lasting_comets")
    assert (state.cap == 1).all()
    assert not state.grows.all()
