"""Excitation runs at Nagumo's speed, annihilates where it meets, and each violation breaks what it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microworldbench.simulators.excitation.parameters import Params
from microworldbench.simulators.excitation.physics import (
    CELL,
    EPSILON,
    INSET_MM,
    MODEL_ACTION,
    MODEL_SPEED,
    STEP,
    A,
    K,
    State,
    Tissue,
    simulate,
    step,
)

SEEDS = st.integers(0, 10_000)


def run(seed: int = 1, violation: str | None = None, fps: float = 16.0) -> State:
    return simulate(Params.drawn(seed), seed, 5.0625, fps, violation)


def strip(
    threshold: float, columns: int = 160, steps: int = 1000, dt: float = STEP, cell: float = CELL, **tissue: float
) -> np.ndarray:
    """Voltage (steps, columns) of a strip that is set off at its left end."""
    made = Tissue(np.full((1, columns), threshold, np.float32), np.ones((1, columns), np.float32), **tissue)
    u, v = np.zeros((1, columns), np.float32), np.zeros((1, columns), np.float32)
    u[:, : round(3.3 / cell)] = 1
    rows = np.empty((steps, columns))
    for k in range(steps):
        rows[k] = u[0]
        u, v = step(u, v, made, dt, cell)
    return rows


def arrivals(rows: np.ndarray, dt: float = STEP) -> np.ndarray:
    """Times in the model's units at which the voltage of each column first rises through a half."""
    first = (rows >= 0.5).argmax(axis=0)
    before = rows[np.maximum(first - 1, 0), np.arange(rows.shape[1])]
    after = rows[first, np.arange(rows.shape[1])]
    return (first - (after - 0.5) / np.maximum(after - before, 1e-9)) * dt


@pytest.mark.parametrize("threshold", [0.05, 0.15, 0.25])
def test_without_recovery_a_front_has_nagumos_speed(threshold: float) -> None:
    # c = √(k/2)·(1 − 2a) for diffusion 1; recovery is held at nothing. Fine steps and cells, for the closed form.
    fine = {"dt": 0.01, "cell": 0.2}
    times = arrivals(strip(threshold, columns=110, steps=2400, **fine, capped=0.0), fine["dt"])
    speed = 60 * fine["cell"] / (times[100] - times[40])
    assert speed == pytest.approx(np.sqrt(K / 2) * (1 - 2 * threshold), rel=0.02)


def test_a_front_runs_as_fast_as_the_units_of_length_suppose() -> None:
    times = arrivals(strip(A))
    assert 60 * CELL / (times[100] - times[40]) == pytest.approx(MODEL_SPEED, rel=0.02)


def test_an_action_potential_lasts_as_long_as_the_tissue_says() -> None:
    lasted = (strip(A, columns=60, steps=1400)[:, 30] >= 0.1).sum() * STEP
    assert lasted == pytest.approx(MODEL_ACTION, rel=0.05)


def test_a_front_stops_where_the_threshold_is_over_a_half() -> None:
    assert (strip(0.6, steps=600, epsilon=EPSILON)[:, 60:].max()) < 0.1


def first_seconds(state: State) -> np.ndarray:
    """Times of the clip at which each cell is first excited."""
    return np.where(state.upstroke.any(axis=0), state.time_s[state.upstroke.argmax(axis=0)], np.nan)


@settings(max_examples=4, deadline=None)
@given(SEEDS)
def test_fronts_cross_the_sheet_at_the_given_speed(seed: int) -> None:
    params = Params.drawn(seed).model_copy(update={"electrodes_y": (0.5, 0.5), "unevenness": 0.0})
    state = simulate(params, seed, 2.5, 120.0)
    row = first_seconds(state)[state.glow.shape[1] // 2]
    width = state.cell_mm[0]
    a, b = round(22 / width), round(50 / width)
    speed = (b - a) * width / ((row[b] - row[a]) * 1e3 / params.slow_motion)
    assert speed == pytest.approx(params.across_mm_ms, rel=0.06)


@settings(max_examples=4, deadline=None)
@given(SEEDS)
def test_colliding_waves_annihilate(seed: int) -> None:
    # One stimulus excites every cell once and only once: nothing goes on beyond the line of meeting.
    params = Params.drawn(seed).model_copy(update={"interval_ms": 600.0})
    state = simulate(params, seed, 4.0, 16.0)
    assert (state.upstroke.sum(axis=0) == 1).all()


def test_waves_meet_midway_between_the_electrodes() -> None:
    params = Params(electrodes_y=(0.5, 0.5), unevenness=0.0)
    row = first_seconds(simulate(params, 1, 2.5, 60.0))
    middle = np.nanargmax(row[row.shape[0] // 2]) / row.shape[1]
    assert middle == pytest.approx(0.5, abs=0.02)


def test_muscle_recovers_in_the_order_in_which_it_was_excited() -> None:
    state = run(fps=30.0)
    lit = first_seconds(state)
    since = state.time_s[:, None, None] > lit + 0.5
    dark = state.time_s[((state.glow < 0.15) & since).argmax(axis=0)]
    assert np.corrcoef(lit.ravel(), dark.ravel())[0, 1] > 0.8


def test_the_second_action_potential_is_shorter() -> None:
    state = run(fps=60.0)
    column = state.glow[:, state.glow.shape[1] // 2, 20] > 0.1
    edges = np.flatnonzero(np.diff(column.astype(int)))
    assert edges[1] - edges[0] > 1.2 * (edges[3] - edges[2])


def test_the_course_does_not_depend_on_the_frame_rate() -> None:
    slow, fast = run(fps=8.0), run(fps=24.0)
    n = len(slow.time_s)
    assert fast.glow[::3][:n] == pytest.approx(slow.glow, abs=1e-6)


def test_passing_waves_excite_muscle_that_is_still_excited() -> None:
    assert run(violation="passing_waves").again.any(axis=0).mean() > 0.5
    assert not run().again.any()


def test_one_wave_starts_at_the_left_alone() -> None:
    state = run(violation="one_wave")
    early = state.glow[: int(0.8 * state.fps)].max(axis=0) > 0.4
    assert early[:, : early.shape[1] // 3].any()
    assert not early[:, -early.shape[1] // 3 :].any()


def test_reversed_time_ends_at_the_electrodes() -> None:
    true, reversed_ = run(), run(violation="reversed_time")
    assert reversed_.glow == pytest.approx(true.glow[::-1])


def test_a_flash_excites_everything_in_one_step() -> None:
    assert run(violation="flash").upstroke.reshape(81, -1).mean(axis=1).max() == 1


def test_blocked_waves_leave_the_middle_dark() -> None:
    state = run(violation="blocked_waves")
    x = np.arange(state.glow.shape[2]) * state.cell_mm[0]
    assert state.glow[:, :, np.abs(x - 60) < 15].max() < 0.1
    assert state.glow[:, :, x < INSET_MM + 20].max() > 0.9


def test_without_recovery_muscle_stays_excited() -> None:
    assert run(violation="no_recovery").glow[-1].min() > 0.4


def test_a_spiral_goes_on_without_a_stimulus() -> None:
    state = run(violation="spiral")
    excited = (state.glow > 0.3).mean(axis=(1, 2))
    assert excited.min() > 0.05
    assert np.median(state.upstroke.sum(axis=0)) >= 3


def test_uneven_waves_meet_far_left_of_the_middle() -> None:
    row = np.nanmedian(first_seconds(run(violation="uneven_waves")), axis=0)
    assert np.nanargmax(row) / len(row) < 0.36


def test_a_single_round_excites_every_cell_once() -> None:
    assert (run(violation="single_round").upstroke.sum(axis=0) == 1).mean() > 0.97


def test_a_dead_half_stays_dark() -> None:
    state = run(violation="dead_half")
    half = state.glow.shape[2] // 2
    excited = (state.glow >= 0.4).any(axis=0)
    assert excited[:, : half - 2].mean() > 0.97
    assert excited[:, half + 2 :].mean() < 0.05
