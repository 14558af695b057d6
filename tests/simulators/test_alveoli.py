"""The alveoli breathe as elastic sacs behind resistances, keep their number, and each violation breaks what it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microworldbench.simulators.alveoli.parameters import Params
from microworldbench.simulators.alveoli.physics import STEP_S, State, arranged, breathe, pull, simulate

SEEDS = st.integers(0, 10_000)


def run(seed: int = 1, violation: str | None = None, fps: float = 16.0) -> State:
    return simulate(Params.drawn(seed), seed, 5.0625, fps, violation)


@pytest.mark.parametrize(("compliance", "resistance"), [(0.08, 3.0), (0.05, 6.0), (0.1, 2.5)])
def test_passive_expiration_is_exponential_with_resistance_times_compliance(
    compliance: float, resistance: float
) -> None:
    pulls = np.where(np.arange(2000) * STEP_S < 5, 3.0, 0.0)[:, None]
    strain = breathe(np.array([compliance]), np.array([resistance]), pulls)[:, 0]
    begins = round(5 / STEP_S) + 1
    slope = np.polyfit(np.arange(200) * STEP_S, np.log(strain[begins : begins + 200]), 1)[0]
    assert -1 / slope == pytest.approx(resistance * compliance, rel=1e-6)


def test_a_slow_pull_moves_compliance_times_pressure() -> None:
    strain = breathe(np.array([0.08]), np.array([4.0]), np.full((4000, 1), 2.5))
    assert strain[-1, 0] == pytest.approx(0.08 * 2.5, rel=1e-6)


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_every_drawn_lung_swings_by_10_to_30_per_cent_of_its_volume(seed: int) -> None:
    volume = run(seed).scale ** 3
    assert 0.10 <= volume.max() / volume.min() - 1 <= 0.30


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_inspiration_takes_about_half_as_long_as_expiration(seed: int) -> None:
    params = Params.drawn(seed).model_copy(update={"start_phase": 0.0, "unevenness": 0.0})
    period = 60 / params.breaths_per_min / params.speed_up
    state = simulate(params, seed, period, 400.0)
    rises = float((np.gradient(state.scale) > 0).mean())
    assert rises / (1 - rises) == pytest.approx(0.5, abs=0.1)


def test_breaths_are_all_alike() -> None:
    params = Params(unevenness=0.2)
    period = 60 / params.breaths_per_min / params.speed_up
    state = simulate(params, 3, 2 * period, 50.0)
    half = len(state.time_s) // 2
    assert state.strain[half : 2 * half] == pytest.approx(state.strain[:half], abs=2e-3)


def test_the_pull_is_continuous_and_is_over_before_the_next_breath() -> None:
    params = Params()
    course = pull(params, np.linspace(0, 1, 2001), 4.0)
    assert np.abs(np.diff(course)).max() < 0.01
    assert course.max() == pytest.approx(1, abs=1e-3)
    assert course[-1] < 0.01


def test_radii_go_with_the_cube_root_of_volumes() -> None:
    state = run()
    growth = (state.radius_um / state.radius_um[0]) ** 3
    assert growth == pytest.approx((1 + state.strain) / (1 + state.strain[0]), rel=1e-9)


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_neighbours_share_walls_and_no_sac_swallows_another(seed: int) -> None:
    params = Params.drawn(seed)
    place, radius = arranged(params, np.random.default_rng(seed))
    apart = np.linalg.norm(place[:, None] - place[None], axis=-1) + np.eye(len(place)) * 1e9
    nearest = apart.min(axis=1)
    partner = apart.argmin(axis=1)
    assert (nearest < radius + radius[partner]).all()
    assert (nearest > 0.55 * (radius + radius[partner])).all()


def test_the_course_does_not_depend_on_the_frame_rate() -> None:
    slow, fast = run(fps=10.0), run(fps=30.0)
    n = len(slow.time_s)
    assert fast.scale[::3][:n] == pytest.approx(slow.scale, abs=1e-9)


def test_collapsing_alveoli_lose_nearly_all_their_air() -> None:
    volume = run(violation="collapsing").scale ** 3
    assert volume.min() < 0.1 * volume.max()


def test_ballooning_alveoli_more_than_double() -> None:
    volume = run(violation="ballooning").scale ** 3
    assert volume.max() > 2 * volume.min()


def test_a_frozen_lung_does_not_move() -> None:
    assert np.ptp(run(violation="frozen_lung").radius_um, axis=0).max() == 0


def test_a_long_inspiration_takes_most_of_the_breath() -> None:
    rate = np.gradient(run(violation="long_inspiration", fps=60.0).scale)
    assert (rate > 0).mean() > 0.58


def test_panting_takes_a_second_a_breath() -> None:
    state = run(violation="panting")
    assert state.breath_s * state.params.speed_up == pytest.approx(1.0)
    assert np.ptp(state.scale) < 0.7 * np.ptp(run().scale)


@pytest.mark.parametrize(("violation", "change"), [("extra_alveoli", 5), ("vanishing_alveoli", -4)])
def test_the_number_of_alveoli_changes_only_where_violated(violation: str, change: int) -> None:
    there = (run(violation=violation).radius_um > 1).sum(axis=1)
    assert there[-1] - there[0] == change
    assert np.ptp((run().radius_um > 1).sum(axis=1)) == 0


def test_out_of_step_alveoli_do_not_follow_one_another() -> None:
    strain = run(violation="out_of_step").strain
    assert abs(np.corrcoef(strain.T)[np.triu_indices(strain.shape[1], 1)].mean()) < 0.2


def test_balls_of_gas_are_there_only_where_violated() -> None:
    assert run().bubble_um.shape[1] == 0
    assert run(violation="drifting_bubbles").bubble_um.shape[1] > 5


def test_a_held_breath_is_one_breath_and_then_nothing() -> None:
    state = run(violation="held_breath")
    over = np.searchsorted(state.time_s, state.breath_s) + 1
    assert np.ptp(state.scale[:over]) > 0.02
    assert np.ptp(state.scale[over:]) == 0


def test_a_slow_breath_outlasts_the_clip() -> None:
    state = run(violation="slow_breath")
    assert state.breath_s > state.time_s[-1]
    assert np.ptp(state.scale) > 0.02
