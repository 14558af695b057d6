"""The vessel obeys Poiseuille's profile and continuity, and each violation breaks what it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microworldbench.simulators.vessel.parameters import Params
from microworldbench.simulators.vessel.physics import State, lumen_um, mean_speed, profile, simulate

SEEDS = st.integers(0, 10_000)


def speeds(state: State) -> np.ndarray:
    """Speed along x in µm per second of the clip, (instants − 1, cells); wrap-arounds are nan."""
    v = np.diff(state.x_um, axis=0) * state.fps
    return np.where(np.abs(v) < 0.2 * state.params.field_width_um * state.fps, v, np.nan)


def relative_radius(params: Params, x: np.ndarray) -> np.ndarray:
    top, bottom = lumen_um(params, x)
    return (bottom - top) / (2 * params.lumen_radius_um)


@pytest.mark.parametrize("exponent", [2.0, 2.5, 3.0])
def test_the_profile_has_mean_one_over_the_section(exponent: float) -> None:
    r = (np.arange(20_000) + 0.5) / 20_000
    assert np.sum(profile(Params(profile_exponent=exponent), r) * 2 * r) / 20_000 == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("exponent", [2.0, 2.4, 3.0])
def test_upstream_speeds_follow_the_profile_with_the_given_exponent(exponent: float) -> None:
    params = Params(profile_exponent=exponent, pulsatility=0.0, cells=900)
    state = simulate(params, 3, 2.0, 120.0)
    far = state.x_um[:-1] < 0.2 * params.field_width_um
    v, eta = speeds(state), np.abs(state.eta[:-1])
    known = far & np.isfinite(v)
    axis = params.mean_speed_um_s / params.slow_motion * (1 + 2 / exponent)
    off = 1 - v[known] / axis
    # off = |η|^k where the vessel is open, so the slope of the logarithms is k
    clear = (off > 0.05) & (eta[known] > 0.2)
    slope = np.polyfit(np.log(eta[known][clear]), np.log(off[clear]), 1)[0]
    assert slope == pytest.approx(exponent, rel=0.03)


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_speed_times_section_is_the_same_along_a_streamline(seed: int) -> None:
    params = Params.drawn(seed).model_copy(update={"pulsatility": 0.0})
    state = simulate(params, seed, 1.0, 240.0)
    v = speeds(state)
    x = (state.x_um[1:] + state.x_um[:-1]) / 2
    flow = v * relative_radius(params, x) ** 2 / profile(params, state.eta[:-1])
    inside = (x > 0) & (x < params.field_width_um) & np.isfinite(flow)
    assert flow[inside] == pytest.approx(params.mean_speed_um_s / params.slow_motion, rel=0.03)


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_no_cell_enters_the_clot(seed: int) -> None:
    state = simulate(Params.drawn(seed), seed, 2.0, 16.0)
    top, bottom = lumen_um(state.params, state.x_um)
    assert np.all((state.y_um > top) & (state.y_um < bottom))


def test_the_pulse_has_the_given_mean_and_period() -> None:
    params = Params()
    period = 60 / params.heart_rate_per_min * params.slow_motion
    t = np.arange(0, 10) * period / 10
    assert mean_speed(params, t + period) == pytest.approx(mean_speed(params, t))
    fine = np.linspace(0, period, 4001)[:-1]
    assert mean_speed(params, fine).mean() == pytest.approx(params.mean_speed_um_s, rel=0.02)


def test_paths_do_not_depend_on_the_frame_rate() -> None:
    slow, fast = (simulate(Params(), 1, 2.0, fps) for fps in (10.0, 30.0))
    assert fast.x_um[::3] == pytest.approx(slow.x_um, abs=1e-6)


def test_cells_through_the_clot_enter_it() -> None:
    state = simulate(Params(), 2, 3.0, 16.0, "cells_through_clot")
    top, bottom = lumen_um(state.params, state.x_um)
    assert np.mean((state.y_um < top) | (state.y_um > bottom)) > 0.02


def test_without_acceleration_the_throat_is_no_faster() -> None:
    state = simulate(Params(pulsatility=0.0), 2, 2.0, 60.0, "no_acceleration")
    per_lane = speeds(state) / profile(state.params, state.eta[:-1])
    assert np.nanstd(per_lane) < 0.01 * np.nanmean(per_lane)


def test_plug_flow_has_one_speed_at_every_radius() -> None:
    state = simulate(Params(pulsatility=0.0), 2, 1.0, 60.0, "plug_flow")
    far = state.x_um[:-1] < 0.2 * state.params.field_width_um
    v = speeds(state)[far]
    assert np.nanstd(v) < 0.02 * np.nanmean(v)


def test_reversed_flow_runs_from_right_to_left() -> None:
    assert np.nanmax(speeds(simulate(Params(), 2, 2.0, 16.0, "reversed_flow"))) < 0


def test_vanishing_cells_are_gone_behind_the_clot_only() -> None:
    state = simulate(Params(), 2, 2.0, 16.0, "vanishing_cells")
    behind = state.x_um > state.params.clot_position * state.params.field_width_um
    assert state.visible[~behind].all()
    assert state.visible[behind].mean() < 0.3


def test_along_fast_walls_cells_outrun_those_on_the_axis() -> None:
    state = simulate(Params(), 2, 2.0, 16.0, "fast_walls")
    size, lane = np.abs(speeds(state)), np.abs(state.eta[:-1])
    assert np.nanmean(size[lane > 0.7]) > 1.5 * np.nanmean(size[lane < 0.3])


def test_in_a_slow_throat_speed_goes_with_the_section_and_cells_jam() -> None:
    state = simulate(Params(pulsatility=0.0), 2, 2.0, 240.0, "slow_throat")
    radius = relative_radius(state.params, state.x_um[:-1])
    upstream = speeds(state) / profile(state.params, state.eta[:-1]) / radius**2
    assert np.nanstd(upstream) < 0.03 * np.nanmean(upstream)
    away = np.abs(state.x_um - state.params.clot_position * state.params.field_width_um)
    assert (away < 20).mean() > 2 * ((away > 100) & (away < 120)).mean()
