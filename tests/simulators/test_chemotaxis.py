"""Neutrophils walk persistently without a gradient and climb it by the index that their bias gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import i0, i1

from microworldbench.simulators.chemotaxis.parameters import Params
from microworldbench.simulators.chemotaxis.physics import State, felt_bias, simulate
from microworldbench.simulators.chemotaxis.shape import outlines

SEEDS = st.integers(0, 10_000)
# A large dish with few cells, far from the source.
WIDE = {"cells": 8, "field_width_um": 400.0, "field_height_um": 400.0, "speed_cv": 0.0, "minutes": 6.0}


def run(seed: int = 1, violation: str | None = None, fps: float = 8.0) -> State:
    return simulate(Params.drawn(seed), seed, 5.0, fps, violation)


def open_dish(seed: int, violation: str | None = None, **params: object) -> State:
    return simulate(Params.model_validate({**WIDE, "source_um": (2000.0, 0.0), **params}), seed, 6.0, 10.0, violation)


def toward(state: State) -> np.ndarray:
    """(steps, cells) cosine of each step to the source's direction."""
    steps = np.diff(state.xy_um, axis=0)
    away = np.array(state.params.source_um) - state.xy_um[:-1]
    lengths = np.linalg.norm(steps, axis=-1) * np.linalg.norm(away, axis=-1)
    return (steps * away).sum(axis=-1) / np.maximum(lengths, 1e-9)


@pytest.mark.parametrize("minutes", [0.5, 2.0, 5.0])
def test_without_bias_the_walk_is_that_of_fuerth(minutes: float) -> None:
    v, p = 12.0, 1.5
    states = [open_dish(seed, "no_bias", speed_um_min=v, persistence_min=p) for seed in range(60)]
    lag = round(minutes * 10)
    free = [s.xy_um[:, (np.abs(s.xy_um[0]) < 120).all(axis=1)] for s in states]  # too far from the rim to reach it
    squares = np.concatenate([np.square(xy[lag:] - xy[:-lag]).sum(axis=-1).ravel() for xy in free])
    expected = 2 * v**2 * p * (minutes - p * (1 - np.exp(-minutes / p)))
    assert squares.mean() == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("bias", [0.5, 1.2, 2.5])
def test_in_a_gradient_the_index_is_the_ratio_of_bessel_functions(bias: float) -> None:
    params = {"bias": bias, "persistence_min": 0.5, "felt_percent": 0.1, "minutes": 8.0, "speed_um_min": 8.0}
    states = [open_dish(seed, **params) for seed in range(20)]
    felt = felt_bias(states[0].params, np.array([2000.0]))[0]
    late = np.concatenate([toward(state)[20:].ravel() for state in states])  # directions have settled
    assert late.mean() == pytest.approx(i1(felt) / i0(felt), abs=0.04)


def test_the_bias_is_half_where_the_difference_across_a_cell_is_half_felt() -> None:
    params = Params(felt_percent=1.5, radius_um=6.0)
    assert felt_bias(params, np.array([100 * 12 / 1.5]))[0] == pytest.approx(params.bias / 2)


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_cells_come_nearer_to_the_pipette(seed: int) -> None:
    state = run(seed)
    distance = np.linalg.norm(np.array(state.params.source_um) - state.xy_um, axis=-1).mean(axis=1)
    assert distance[-1] < 0.7 * distance[0]


@settings(max_examples=3, deadline=None)
@given(SEEDS)
def test_every_cell_keeps_its_area_while_its_outline_changes(seed: int) -> None:
    state = run(seed)
    for t in (0, len(state.time_s) // 2):
        radii = outlines(state, t)
        assert np.pi * np.square(radii[:, :-1]).mean(axis=1) == pytest.approx(np.pi * state.params.radius_um**2)
    assert np.abs(outlines(state, 0) - outlines(state, 8)).max() > 0.1 * state.params.radius_um


@settings(max_examples=3, deadline=None)
@given(SEEDS, st.sampled_from([None, "teleport", "against_gradient", "racing"]))
def test_cells_stay_in_the_field(seed: int, violation: str | None) -> None:
    state = run(seed, violation)
    half = np.array([state.params.field_width_um, state.params.field_height_um]) / 2
    assert (np.abs(state.xy_um) < half).all()


def test_cells_that_crowd_hardly_overlap() -> None:
    last = run().xy_um[-1]
    apart = np.linalg.norm(last[:, None] - last[None], axis=-1)[np.triu_indices(len(last), 1)]
    assert apart.min() > 1.3 * Params.drawn(1).radius_um


def test_paths_do_not_depend_on_the_frame_rate() -> None:
    assert run(fps=24.0).xy_um[::3] == pytest.approx(run(fps=8.0).xy_um, abs=1e-9)


def test_against_the_gradient_cells_recede() -> None:
    assert toward(run(violation="against_gradient")).mean() < -0.2


def test_straight_lines_lead_straight_to_the_source() -> None:
    state = run(violation="straight_lines")
    far = np.linalg.norm(np.array(state.params.source_um) - state.xy_um[:-1], axis=-1) > 40
    assert np.median(toward(state)[far]) > 0.99


def test_frozen_cells_stay() -> None:
    assert np.ptp(run(violation="frozen").xy_um, axis=0).max() == 0


def test_racing_cells_go_more_than_six_diameters_a_second() -> None:
    state = run(violation="racing")
    far = np.linalg.norm(np.array(state.params.source_um) - state.xy_um[:-1], axis=-1) > 40
    pace = np.linalg.norm(np.diff(state.xy_um, axis=0), axis=-1)[far] * state.fps
    assert np.median(pace) > 6 * 2 * state.params.radius_um


def test_rigid_cells_are_round() -> None:
    assert np.ptp(outlines(run(violation="rigid"), 3)) == 0


def test_teleporting_cells_jump_more_than_once_a_second() -> None:
    state = run(violation="teleport")
    jumps = np.linalg.norm(np.diff(state.xy_um, axis=0), axis=-1) > 24
    assert jumps.mean() * state.fps > 1


def test_vanishing_leaves_less_than_half() -> None:
    assert run(violation="vanishing").visible[-1].mean() < 0.5


def test_in_reversed_time_cells_recede_tail_first() -> None:
    state = run(violation="reversed_time")
    steps = np.diff(state.xy_um, axis=0)
    fronts = np.stack([np.cos(state.heading), np.sin(state.heading)], axis=-1)[:-1]
    assert toward(state).mean() < -0.2
    assert np.median((steps * fronts).sum(axis=-1)) < 0


def test_circling_cells_come_back_to_where_they_were_and_no_nearer() -> None:
    state = run(violation="circling")
    round_ = np.searchsorted(state.minutes, 4.0)
    crowded = np.linalg.norm(np.diff(state.xy_um, axis=0), axis=-1).sum(axis=0)
    net = np.linalg.norm(state.xy_um[round_:] - state.xy_um[:-round_], axis=-1)
    assert np.median(net) < 0.25 * np.median(crowded) * round_ / len(state.time_s)
    assert abs(toward(state).mean()) < 0.15


def test_dividing_cells_end_twice_as_many_each_as_large_as_before() -> None:
    state = run(violation="dividing")
    count = state.visible.sum(axis=1)
    assert (np.diff(count) >= 0).all()
    assert count[-1] == 2 * count[0] == 2 * state.params.cells
    areas = np.pi * np.square(outlines(state, len(state.time_s) - 1)[:, :-1]).mean(axis=1)
    assert areas == pytest.approx(np.pi * state.params.radius_um**2)


def test_a_cell_that_is_not_born_yet_is_where_its_mother_is() -> None:
    state = run(violation="dividing")
    mothers, daughters = np.split(state.xy_um, 2, axis=1)
    unborn = ~state.visible[:, state.params.cells :]
    assert daughters[unborn] == pytest.approx(mothers[unborn], abs=1.5 * state.params.radius_um)
