"""The gut pumps as Shapiro's long waves do, loses nothing, and each violation breaks what it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microworldbench.simulators.peristalsis.parameters import Params
from microworldbench.simulators.peristalsis.physics import State, flow, ring, simulate, velocity

SEEDS = st.integers(0, 10_000)
X = np.arange(4000) / 4000 * 2 * np.pi


def run(seed: int = 1, violation: str | None = None, fps: float = 16.0) -> State:
    return simulate(Params.drawn(seed), seed, 5.0625, fps, violation)


def bits_speed(state: State) -> np.ndarray:
    """Speeds along the tube in mm/s of life, (instants − 1, bits), across the ends of what is followed."""
    length = len(state.grid_mm) * (state.grid_mm[1] - state.grid_mm[0])
    moved = (np.diff(state.x_mm, axis=0) + length / 2) % length - length / 2
    return moved * state.fps / state.params.speed_up


@pytest.mark.parametrize(("occlusion", "pumped"), [(0.3, 0.315), (0.6, 0.914), (0.9, 1.389)])
def test_a_sine_wave_pumps_what_shapiro_found_for_the_tube(occlusion: float, pumped: float) -> None:
    # Time-mean flow over π·a²·c without a rise of pressure: φ²(16 − φ²)/(2(2 + 3φ²)).
    radius = 1 + occlusion * np.sin(X)
    through = flow(radius, -occlusion * np.cos(X), float(X[1]))
    closed_form = occlusion**2 * (16 - occlusion**2) / (2 * (2 + 3 * occlusion**2))
    assert through.mean() / np.pi == pytest.approx(closed_form, rel=1e-4)
    assert closed_form == pytest.approx(pumped, abs=1e-3)


@given(st.floats(0.05, 0.9), st.floats(0.05, 8.0))
def test_pressure_sums_to_nothing_along_a_wavelength(occlusion: float, sharpness: float) -> None:
    radius = 1 - occlusion * ring(X, sharpness)
    through = flow(radius, -np.gradient(radius, X[1]), float(X[1]))
    drops = through * radius**-4.0
    assert abs(drops.sum()) < 1e-6 * np.abs(drops).sum()


@given(st.floats(0.05, 0.9))
def test_what_a_section_gains_flows_in(occlusion: float) -> None:
    radius = 1 - occlusion * ring(X, 2.0)
    widening = -np.gradient(radius, X[1])
    through = flow(radius, widening, float(X[1]))
    gained = np.pi * 2 * radius * widening
    assert np.gradient(through, X[1])[5:-5] == pytest.approx(-gained[5:-5], abs=2e-3 * np.abs(gained).max())


def test_the_ring_becomes_a_sine_when_it_is_not_sharp() -> None:
    assert ring(X, 1e-4) == pytest.approx((1 + np.cos(X)) / 2, abs=1e-4)


def test_at_the_wall_the_content_sticks_to_it() -> None:
    along, away = velocity(np.array([50.0]), np.array([4.0]), np.array([0.3]), np.array([-2.0]), np.array([4.0]))
    assert along == pytest.approx([0.0], abs=1e-12)
    assert away == pytest.approx([-2.0])


@given(st.floats(0.1, 0.95), st.floats(-0.5, 0.5), st.floats(-3, 3))
def test_the_velocities_keep_volume(eta: float, slope: float, widening: float) -> None:
    # ∂u/∂x + (1/r)·∂(r·v)/∂r = 0, with ∂Q/∂x = −2πa·∂a/∂t, by differences.
    a, through, h = 5.0, 40.0, 1e-4
    r = eta * a

    def at(dx: float, dr: float) -> tuple[float, float]:
        radius = a + slope * dx
        q = through - 2 * np.pi * a * widening * dx
        u, v = velocity(*(np.array([value]) for value in (q, radius, slope, widening, r + dr)))
        return float(u[0]), float(v[0])

    stretched = (at(h, 0)[0] - at(-h, 0)[0]) / (2 * h)
    spread = ((r + h) * at(0, h)[1] - (r - h) * at(0, -h)[1]) / (2 * h * r)
    assert stretched + spread == pytest.approx(0, abs=1e-3)


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_bits_stay_inside_and_their_number_stays(seed: int) -> None:
    state = run(seed)
    length = len(state.grid_mm) * (state.grid_mm[1] - state.grid_mm[0])
    for t in range(0, len(state.time_s), 10):
        assert np.all(state.r_mm[t] <= np.interp(state.x_mm[t], state.grid_mm, state.radius_mm[t], period=length))
    assert state.visible.all()


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_the_wall_keeps_its_section(seed: int) -> None:
    state = run(seed)
    section = np.pi * ((state.radius_mm + state.wall_mm) ** 2 - state.radius_mm**2)
    assert section == pytest.approx(np.full_like(section, section[0, 0]), rel=1e-9)


def test_rings_travel_at_the_given_speed() -> None:
    state = run()
    narrowest = state.grid_mm[state.radius_mm.argmin(axis=1)]
    steps = np.diff(narrowest)
    speed = np.median(steps[steps > 0]) * state.fps / state.params.speed_up
    assert speed == pytest.approx(state.params.wave_mm_s, rel=0.05)


def test_a_deep_wave_traps_its_contents_and_a_shallow_one_leaves_them() -> None:
    deep, shallow = run(), run(violation="shallow_wave")
    assert bits_speed(deep).mean() > 0.8 * deep.params.wave_mm_s
    assert bits_speed(shallow).mean() < 0.1 * shallow.params.wave_mm_s


def test_paths_do_not_depend_on_the_frame_rate() -> None:
    slow, fast = run(fps=8.0), run(fps=24.0)
    n = len(slow.time_s)
    assert fast.r_mm[::3][:n] == pytest.approx(slow.r_mm, abs=1e-9)


def test_a_backward_wave_carries_the_chyme_to_the_left() -> None:
    assert bits_speed(run(violation="backward_wave")).mean() < -5


def test_a_standing_squeeze_has_its_rings_in_the_same_places() -> None:
    radius = run(violation="standing_squeeze").radius_mm
    tight = radius.min(axis=1) < 0.6 * radius.max()
    period = len(radius[0]) // 2 if np.ptp(radius[tight].argmin(axis=1)) > len(radius[0]) // 4 else len(radius[0])
    assert np.ptp(radius[tight].argmin(axis=1) % period) <= 2


def test_stuck_chyme_does_not_move_along() -> None:
    assert np.abs(bits_speed(run(violation="stuck_chyme"))).max() == 0


def test_counterflow_runs_against_the_rings() -> None:
    assert bits_speed(run(violation="counterflow")).max() < 0


def test_vanishing_chyme_leaves_a_fifth() -> None:
    assert run(violation="vanishing_chyme").visible[-1].mean() == pytest.approx(0.2, abs=0.08)


def test_leaking_bits_end_far_outside_the_wall() -> None:
    assert (run(violation="through_the_wall").r_mm[-1] > 25).mean() > 0.25


def test_a_frozen_gut_does_not_move() -> None:
    state = run(violation="frozen_gut")
    assert np.ptp(state.radius_mm, axis=0).max() == 0
    assert np.abs(bits_speed(state)).max() == pytest.approx(0, abs=1e-9)


def test_teleporting_bits_jump_every_half_second() -> None:
    jumped = (np.abs(bits_speed(run(violation="teleport"))) > 60).mean(axis=1) > 0.3
    assert 8 <= jumped.sum() <= 11


def test_a_racing_wave_crosses_the_picture_in_less_than_two_seconds() -> None:
    state = run(violation="racing_wave")
    narrowest = state.grid_mm[state.radius_mm.argmin(axis=1)]
    moved = np.diff(narrowest)
    pace = np.median(moved[moved > 0]) * state.fps
    assert pace == pytest.approx(state.params.wave_mm_s * state.params.speed_up, rel=0.1)
    assert state.params.field_width_mm / pace < 1.6


def test_appearing_chyme_comes_from_nowhere_and_stays() -> None:
    seen = run(violation="appearing_chyme").visible
    assert seen[0].mean() < 0.3
    assert seen[-1].all()
    assert (np.diff(seen.astype(int), axis=0) >= 0).all()
