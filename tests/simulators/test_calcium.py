"""Calcium waves run at the speed of the fire-diffuse-fire model, annihilate, and leave a refractory wake."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microworldbench.simulators.calcium.parameters import Params
from microworldbench.simulators.calcium.physics import GRID_UM, Cell, Ignition, State, run, simulate

NO_UPTAKE = 1e6


@cache
def clip(seed: int = 1, violation: str | None = None) -> State:
    return simulate(Params.drawn(seed), seed, 5.0, 8.0, violation)


def strip(params: Params, length_um: float = 200.0) -> Cell:
    """A cell so narrow that its rows of sites are single points."""
    n = round(length_um / GRID_UM)
    amount = np.zeros((1, n))
    amount[:, 2 :: round(params.spacing_um / GRID_UM)] = params.amplitude_um * params.spacing_um / GRID_UM
    threshold = np.full((1, n), params.threshold * params.amplitude_um)
    return Cell(np.arange(n) * GRID_UM, np.zeros(1), np.ones((1, n), bool), amount, threshold)


def front_speed(params: Params, life_s: float = 1.5) -> float:
    """Of a front in a strip once it has settled; 0 where it does not get half way."""
    cell = strip(params)
    _, first, _ = run(params, cell, [Ignition(0.0, 2.0, 0.0, 6.0)], np.array([life_s]))
    sites = np.flatnonzero(cell.amount[0] > 0)
    sites = sites[np.isfinite(first[0, sites])]
    if len(sites) < 25:
        return 0.0
    a, b = sites[len(sites) // 2], sites[-2]
    return float((cell.x_um[b] - cell.x_um[a]) / (first[0, b] - first[0, a]))


@pytest.mark.parametrize(("beta", "number"), [(0.1, 8.83), (0.2, 5.62), (0.3, 3.78), (0.5, 1.66)])
def test_the_closed_form_gives_the_published_speeds(beta: float, number: float) -> None:
    params = Params(threshold=beta, uptake_s=NO_UPTAKE)
    assert params.speed_um_s * params.spacing_um / params.diffusion_um2_s == pytest.approx(number, rel=0.01)


@pytest.mark.parametrize("beta", [0.1, 0.2, 0.3])
def test_a_front_runs_at_the_speed_of_the_closed_form(beta: float) -> None:
    params = Params(threshold=beta, uptake_s=NO_UPTAKE)
    assert front_speed(params) == pytest.approx(params.speed_um_s, rel=0.04)


def test_uptake_slows_a_front_as_the_closed_form_says_and_stops_it_beyond() -> None:
    slowed = Params(threshold=0.15, uptake_s=0.1)
    assert slowed.speed_um_s < 0.95 * Params(threshold=0.15, uptake_s=NO_UPTAKE).speed_um_s
    assert front_speed(slowed) == pytest.approx(slowed.speed_um_s, rel=0.05)
    stopped = Params(threshold=0.3, uptake_s=0.1)
    assert stopped.speed_um_s == 0
    assert front_speed(stopped) == 0


@pytest.mark.parametrize("seed", [1, 31])
def test_fronts_in_the_cell_run_at_the_speed_of_the_closed_form(seed: int) -> None:
    state = clip(seed)
    x, first = state.cell.x_um, np.where(state.cell.amount > 0, state.fired_s, np.nan)
    for side in (-1, 1):
        part = (side * x > 0.15 * state.params.length_um) & (side * x < 0.35 * state.params.length_um)
        times = np.nanmedian(first[:, part & (state.cell.amount > 0).any(axis=0)], axis=0)
        places = x[part & (state.cell.amount > 0).any(axis=0)]
        assert abs(np.polyfit(times, places, 1)[0]) == pytest.approx(state.params.speed_um_s, rel=0.12)


def test_waves_that_meet_annihilate_so_every_site_fires_once() -> None:
    state = clip()
    sites = state.cell.amount > 0
    assert (state.releases[sites] == 1).mean() > 0.97
    assert state.releases.max() == 1


@pytest.mark.parametrize(("wait_s", "again"), [(0.3, False), (1.3, True)])
def test_the_wake_is_refractory_and_recovers(wait_s: float, again: bool) -> None:
    params = Params(refractory_s=1.0)
    cell = strip(params, 80.0)
    ends = [Ignition(0.0, 2.0, 0.0), Ignition(wait_s, 2.0, 0.0)]
    _, _, count = run(params, cell, ends, np.array([wait_s + 1.2]))
    assert (count[cell.amount > 0] == (2 if again else 1)).mean() > 0.95


def test_without_uptake_the_cell_holds_exactly_what_was_released() -> None:
    params = Params.drawn(2).model_copy(update={"uptake_s": NO_UPTAKE})
    state = simulate(params, 2, 2.0, 4.0)
    risen = (state.calcium_um[-1] - params.rest_um).sum()
    assert risen == pytest.approx((state.releases * state.cell.amount).sum(), rel=1e-3)


def test_no_calcium_leaves_the_cell() -> None:
    state = clip()
    assert np.abs(state.calcium_um[:, ~state.cell.inside] - state.params.rest_um).max() < 1e-6


def test_calcium_falls_back_with_the_time_constant_of_uptake() -> None:
    params = Params(uptake_s=0.15)
    cell = strip(params, 30.0)
    out, _, _ = run(params, cell, [Ignition(0.0, 15.0, 0.0, 40.0)], np.array([0.2, 0.35]))
    assert out[0].sum() / out[1].sum() == pytest.approx(np.e, rel=0.01)


def test_the_course_does_not_depend_on_the_frame_rate() -> None:
    params = Params.drawn(3)
    coarse, fine = (simulate(params, 3, 2.0, fps).calcium_um for fps in (4.0, 12.0))
    assert fine[::3] == pytest.approx(coarse)


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10_000))
def test_both_waves_are_over_before_the_clip_ends(seed: int) -> None:
    state = simulate(Params.drawn(seed), seed, 5.0, 4.0)
    assert state.along_um[-1].max() < 0.5 * state.along_um.max()


def test_waves_that_pass_through_fire_sites_twice() -> None:
    assert (clip(violation="pass_through").releases == 2).sum() > 0.2 * (clip().cell.amount > 0).sum()


def test_all_at_once_every_site_fires_at_the_same_moment() -> None:
    fired = clip(violation="all_at_once").fired_s
    assert np.ptp(fired[np.isfinite(fired)]) == 0


def test_without_recovery_calcium_stays_high() -> None:
    state = clip(violation="no_recovery")
    assert np.median(state.along_um[-1]) > 0.8 * state.params.amplitude_um


def test_a_second_wave_fires_every_site_again() -> None:
    state = clip(violation="second_wave")
    assert (state.releases[state.cell.amount > 0] >= 2).mean() > 0.6


def test_passive_spread_fires_no_site_beyond_where_it_was_let_out() -> None:
    state = clip(violation="passive_spread")
    assert np.isfinite(state.fired_s).sum() < 0.12 * (state.cell.amount > 0).sum()


def test_one_of_two_uneven_waves_is_more_than_half_again_as_fast() -> None:
    state = clip(violation="uneven_speeds")
    rows = np.flatnonzero((state.cell.amount > 0).any(axis=0))
    times = np.array([np.median(state.fired_s[state.cell.amount[:, row] > 0, row]) for row in rows])
    x = state.cell.x_um[rows]
    left, right = (abs(np.polyfit(times[p], x[p], 1)[0]) for p in ((x > -45) & (x < -25), (x > 25) & (x < 45)))
    assert right > 1.6 * left


def test_stalled_waves_leave_the_middle_dark() -> None:
    state = clip(violation="stalled")
    assert not np.isfinite(state.fired_s[:, np.abs(state.cell.x_um) < 0.28 * state.params.length_um]).any()


def test_one_wave_comes_from_the_left() -> None:
    state = clip(violation="one_wave")
    fired = np.isfinite(state.fired_s)
    assert fired[:, state.cell.x_um < 0].sum() == ((state.cell.amount > 0) & (state.cell.x_um < 0)[None]).sum()
    assert not fired[:, state.cell.x_um > 0.48 * state.params.length_um].any()


def test_reversed_time_is_the_film_backwards() -> None:
    assert np.array_equal(clip(violation="reversed_time").calcium_um, clip().calcium_um[::-1])
