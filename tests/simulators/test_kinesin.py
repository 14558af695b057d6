"""Kinesin steps by 8 nm, hand over hand, to the plus end, with the statistics of its chemical cycle."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from microworldbench.simulators.kinesin.cycle import BOUND_NM, Phase, walk
from microworldbench.simulators.kinesin.parameters import Params
from microworldbench.simulators.kinesin.physics import State, simulate

SEEDS = st.integers(0, 10_000)


@cache
def clip(seed: int = 1, violation: str | None = None) -> State:
    return simulate(Params.drawn(seed), seed, 5.0, 16.0, violation)


@cache
def long_walk(params: Params, seed: int = 3, life_ms: float = 40_000.0) -> list[Phase]:
    return list(walk(params, np.random.default_rng(seed), life_ms, 0.0))


def stands(phases: list[Phase]) -> tuple[np.ndarray, np.ndarray]:
    """Times in ms and places (n, 2) of the two heads each time both are bound."""
    both = [phase for phase in phases if all(phase.bound)]
    return np.array([phase.start_ms for phase in both]), np.array([phase.places_nm for phase in both])[..., 0]


def test_the_motor_moves_by_one_tubulin_dimer_at_a_time() -> None:
    params = Params()
    _, places = stands(long_walk(params))
    assert np.abs(np.diff(places.mean(axis=1))) == pytest.approx(params.site_nm)


def test_each_head_moves_by_two_dimers_and_the_heads_take_turns() -> None:
    params = Params(forward_ratio=2000)
    _, places = stands(long_walk(params, life_ms=3000.0))
    moved = np.diff(places, axis=0)
    assert np.abs(moved).max(axis=1) == pytest.approx(2 * params.site_nm)
    assert (np.abs(moved).min(axis=1) == 0).all()
    forward = moved.sum(axis=1) > 0
    mover = np.abs(moved).argmax(axis=1)
    assert (mover[1:] != mover[:-1])[forward[1:] & forward[:-1]].all()


def test_the_speed_is_that_of_the_cycle() -> None:
    params = Params()
    times, places = stands(long_walk(params))
    speed = (places[-1] - places[0]).mean() / (times[-1] - times[0]) * 1e3
    assert speed == pytest.approx(params.speed_nm_s, rel=0.04)
    assert 700 < params.speed_nm_s < 950


def test_half_the_full_speed_is_reached_at_the_michaelis_constant() -> None:
    full = Params(atp_um=10_000)
    km = 1e3 / (full.atp_on_um_s * (full.release_ms + full.wait_ms + full.bind_ms))
    assert Params(atp_um=km).speed_nm_s == pytest.approx(0.5 * full.speed_nm_s, rel=0.02)
    assert 20 < km < 120
    times, places = stands(long_walk(Params(atp_um=km)))
    speed = (places[-1] - places[0]).mean() / (times[-1] - times[0]) * 1e3
    assert speed == pytest.approx(0.5 * full.speed_nm_s, rel=0.05)


@pytest.mark.parametrize(("atp", "least", "most"), [(2000, 0.3, 0.45), (5, 0.75, 1.1)])
def test_steps_are_more_regular_than_at_random_unless_atp_is_scarce(atp: float, least: float, most: float) -> None:
    """The randomness var/mean² is about 0.4 at saturating and 1 at limiting ATP (Schnitzer and Block 1997)."""
    waits = np.diff(stands(long_walk(Params(atp_um=atp), life_ms=60_000.0))[0])
    assert least < waits.var() / waits.mean() ** 2 < most


@pytest.mark.parametrize("load", [0.0, 4.0, 7.0])
def test_backward_steps_get_more_frequent_with_load_and_as_frequent_at_stall(load: float) -> None:
    params = Params(load_pn=load)
    ways = np.array([phase.step for phase in long_walk(params) if phase.step])
    assert (ways > 0).mean() == pytest.approx(params.forward_chance, abs=0.02)
    assert params.forward_chance == pytest.approx(0.5) if load == 7.0 else params.forward_chance > 0.9


def test_run_lengths_are_exponential_with_the_mean_run() -> None:
    params = Params(outlasts_clip=False, run_nm=600)
    rng = np.random.default_rng(9)
    steps = [sum(p.step != 0 for p in walk(params, rng, 1e6, 0.0)) for _ in range(500)]
    # Whole steps: spread each over its dimer, so that a continuous law can be compared with.
    runs = (np.array(steps) + rng.random(500)) * params.site_nm
    assert kstest(runs, "expon", args=(0, params.run_nm)).pvalue > 0.01


@settings(max_examples=8, deadline=None)
@given(SEEDS)
def test_one_head_is_always_bound_and_bound_heads_stand_on_sites(seed: int) -> None:
    state = clip(seed)
    assert state.bound.any(axis=1).all()
    # A frame averages over a moment after its time, in which a head may just leave.
    settled = state.bound[2:] & state.bound[1:-1] & state.bound[:-2]
    off = (state.heads_nm[1:-1, :, 0] - state.params.start_nm) / state.params.site_nm
    assert np.quantile(np.abs(off - np.round(off))[settled], 0.9) < 0.1
    assert np.quantile(np.abs(state.heads_nm[1:-1, :, 1] - BOUND_NM)[settled], 0.9) < 0.6


@settings(max_examples=8, deadline=None)
@given(SEEDS)
def test_the_walk_stays_in_the_field_and_goes_to_the_plus_end(seed: int) -> None:
    state = clip(seed)
    assert 0 < state.heads_nm[..., 0].min() < state.heads_nm[..., 0].max() < state.params.field_width_nm
    assert state.hip_nm[-1, 0] - state.hip_nm[0, 0] > 3 * state.params.site_nm


def test_the_vesicle_is_held_at_its_distance_and_jiggles_by_its_amplitude() -> None:
    state = clip()
    params = state.params
    height = state.cargo_nm[:, 1] - params.vesicle_nm / 2
    assert height.mean() == pytest.approx(params.gap_nm, abs=2.5)
    assert 0.4 * params.jiggle_nm < height.std() < 2 * params.jiggle_nm


def test_steps_do_not_depend_on_the_frame_rate() -> None:
    fine = simulate(Params.drawn(1), 1, 5.0, 48.0)
    assert fine.heads_nm[::3] == pytest.approx(clip().heads_nm, abs=1e-9)


def test_backwards_it_walks_to_the_left() -> None:
    state = clip(violation="backwards")
    assert (state.steps == -1).mean() > 0.9
    assert state.hip_nm[-1, 0] < state.hip_nm[0, 0] - 40


def test_gliding_heads_keep_their_distance_and_their_speed() -> None:
    x = clip(violation="gliding").heads_nm[..., 0]
    assert (x[:, 1] - x[:, 0]).std() < 0.5
    assert np.diff(x[:, 0]) == pytest.approx(np.full(len(x) - 1, np.diff(x[:, 0]).mean()), abs=0.6)


def test_the_inchworms_front_head_stays_in_front() -> None:
    x = clip(violation="inchworm").heads_nm[..., 0]
    assert (x[:, 1] - x[:, 0]).min() > 4
    assert x[-1, 0] - x[0, 0] > 30


def test_a_floating_motor_has_no_hold_for_a_while_and_comes_back() -> None:
    state = clip(violation="floating")
    free = ~state.bound.any(axis=1)
    assert free.mean() > 0.08
    assert not free[0]
    lifted = state.heads_nm[free][:, :, 1].min(axis=1)
    assert np.quantile(lifted, 0.8) > BOUND_NM + 10


def test_giant_strides_are_three_times_as_long() -> None:
    state = clip(violation="giant_strides")
    settled = state.bound[2:, 0] & state.bound[1:-1, 0] & state.bound[:-2, 0]
    jumps = np.abs(np.diff(state.heads_nm[1:-1, 0, 0][settled]))
    assert jumps[jumps > 5] == pytest.approx(6 * state.params.site_nm, abs=2.5)


def test_to_and_fro_there_are_as_many_steps_back_as_forth() -> None:
    assert abs(clip(violation="to_and_fro").steps.sum()) <= 4


def test_standing_heads_do_not_move() -> None:
    assert np.ptp(clip(violation="standing").heads_nm[..., 0], axis=0).max() < 1


def test_a_cargo_left_behind_stays_where_it_was_let_go() -> None:
    state = clip(violation="cargo_left_behind")
    assert not state.linked[-1]
    assert state.hip_nm[-1, 0] - state.cargo_nm[-1, 0] > 40
    assert np.ptp(state.cargo_nm[len(state.time_s) // 3 :, 0]) < 12


def test_a_motor_that_falls_off_does_not_come_back() -> None:
    holds = clip(violation="falls_off").bound.any(axis=1)
    left = int((~holds).argmax())
    assert 0 < left < len(holds)
    assert not holds[left:].any()


def test_short_strides_take_a_head_on_by_one_dimer_where_it_should_be_two() -> None:
    state = clip(violation="short_strides")
    x, bound = state.heads_nm[:, 0, 0], state.bound[:, 0]
    stands = np.round(x[1:-1][bound[2:] & bound[1:-1] & bound[:-2]] / state.params.site_nm * 2) / 2
    strides = np.diff(stands)
    assert np.median(strides[strides > 0]) == pytest.approx(1.0)
