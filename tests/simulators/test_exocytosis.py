"""A vesicle fuses in the right order, its membrane and transmitter conserved; nothing leaves before the pore opens."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microworldbench.simulators.exocytosis.bilayer import displaced
from microworldbench.simulators.exocytosis.diffusion import MOLECULE_NM, Room, filled, in_cleft, inside, spread
from microworldbench.simulators.exocytosis.parameters import Params
from microworldbench.simulators.exocytosis.physics import MIDDLE, State, simulate
from microworldbench.simulators.exocytosis.shape import Cap, cap, outline, widening

RADII = st.floats(16, 22)


@cache
def clip(seed: int = 1, violation: str | None = None) -> State:
    return simulate(Params.drawn(seed), seed, 5.0, 16.0, violation)


def entered(state: State) -> np.ndarray:
    """(instants,) ions in the terminal."""
    return (state.calcium_nm[..., 1] > state.params.half_nm).sum(axis=1)


def revolved(line: np.ndarray) -> float:
    """Area of the surface that half of a section sweeps out about its axis."""
    x, y = np.abs(line[:, 0]), line[:, 1]
    return float(np.pi * ((x[1:] + x[:-1]) / 2 * np.hypot(np.diff(line[:, 0]), np.diff(y))).sum())


@given(RADII, st.floats(0.02, 1.55), st.floats(0, 7))
def test_the_vesicles_area_is_kept_whatever_its_shape(radius: float, phi: float, neck: float) -> None:
    base = 2 * radius * np.sin(phi)
    neck = min(neck, (4 * radius**2 - base**2) / (2 * base) * 0.9)
    assert cap(base, neck, radius).area == pytest.approx(4 * np.pi * radius**2, rel=1e-6)


@given(RADII, st.floats(0.1, 1.4))
def test_the_drawn_outline_has_that_area(radius: float, phi: float) -> None:
    shape = cap(2 * radius * np.sin(phi), 0.5, radius)
    assert revolved(outline(shape, 600)) == pytest.approx(4 * np.pi * radius**2, rel=0.01)


def test_a_vesicle_of_40_nm_becomes_a_patch_of_80_nm() -> None:
    flat = cap(39.9999, 0.0, 20.0)
    assert flat.height == pytest.approx(0, abs=0.1)
    assert 2 * flat.base == pytest.approx(80, abs=0.1)


@given(st.floats(0.02, 0.3), st.floats(0.05, 1.0))
def test_the_pores_edge_follows_its_closed_form(start: float, rate: float) -> None:
    time = np.linspace(0, 8, 20)
    assert np.tan(widening(start, rate, time)) == pytest.approx(np.tan(start) * np.exp(2 * rate * time), rel=2e-3)


def test_the_pore_opens_1_to_3_nm_wide_within_half_a_millisecond_and_the_vesicle_flattens_within_ten() -> None:
    state = clip()
    first = np.flatnonzero(state.pore_nm[:, MIDDLE] > 0)[0]
    assert 1.0 < 2 * state.params.pore_nm < 3.0
    assert state.life_ms[first] < 0.8
    assert state.life_ms[-1] == pytest.approx(10, rel=0.02)
    assert state.rooms[-1][MIDDLE].shape.height < 0.2 * 2 * state.params.radius_nm


@pytest.mark.parametrize("seed", [1, 31])
def test_nothing_is_out_before_the_pore_is_open_and_most_is_out_at_the_end(seed: int) -> None:
    state = clip(seed)
    closed = state.pore_nm[:, MIDDLE] <= 0
    assert state.outside[closed].sum() == 0
    assert state.outside[-1, state.home == MIDDLE].mean() > 0.8
    assert not state.outside[:, state.home != MIDDLE].any()


@pytest.mark.parametrize("seed", [1, 31])
def test_calcium_enters_before_the_pore_opens(seed: int) -> None:
    state = clip(seed)
    opening = np.flatnonzero(state.pore_nm[:, MIDDLE] > 0)[0]
    assert entered(state)[0] == 0
    assert entered(state)[opening] >= 4


def test_calcium_passes_the_membrane_in_its_channels_only() -> None:
    state = clip()
    height, x = state.calcium_nm[..., 1], state.calcium_nm[..., 0]
    within = np.abs(height) < state.params.half_nm
    away = np.abs(x[within][:, None] - state.channels_nm).min(axis=1)
    assert within.any()
    assert away.max() < 3


def test_every_molecule_is_in_its_vesicle_or_in_the_cleft() -> None:
    state = clip()
    for t in range(0, len(state.time_s), 10):
        at = state.transmitter_nm[t]
        out = in_cleft(state.params, at) | state.bound[t]
        for i, room in enumerate(state.rooms[t]):
            mine = (state.home == i) & ~out
            assert inside(state.params, room, at[mine]).mean() > 0.93 if mine.sum() > 10 else True


def test_bound_molecules_sit_at_receptors_two_at_most_and_stay() -> None:
    state = clip()
    bound = state.bound[-1]
    assert 3 <= bound.sum() <= 2 * len(state.receptors_nm)
    away = np.abs(state.transmitter_nm[-1, bound][:, None, 0] - state.receptors_nm[:, 0]).min(axis=1)
    assert away.max() < 2
    assert (np.diff(state.bound.astype(int), axis=0) >= 0).all()


def test_molecules_diffuse_with_the_coefficient_of_their_speed_and_heading() -> None:
    params = Params(heading_s=0.05, speed_nm_s=40, field_width_nm=300)
    start = np.column_stack([np.zeros(300), np.zeros(300), np.full(300, -12.0)])
    shown = np.array([0.0, 1.0, 2.0])
    far = np.array([[500.0, -20.0]])
    rooms = [Room(x, Cap(0.0, 7.0, 37.0)) for x in (-60.0, 0.0, 60.0)]
    paths, _ = spread(params, np.random.default_rng(1), start, np.ones(300, int), lambda _: rooms, far, shown)
    msd = np.square(paths[2, :, 0] - paths[1, :, 0]).mean()
    assert msd == pytest.approx(2 * params.diffusion_nm2_s * 1.0, rel=0.2)


@pytest.mark.parametrize("edge", [7.4, 9.4])
def test_escape_through_a_pore_takes_the_time_of_the_narrow_escape_law(edge: float) -> None:
    """τ = V (L + πa/2) / (πa²D), hole of radius a and length L (Dagdug et al. 2003, J. Chem. Phys. 118, 12367)."""
    params = Params(heading_s=0.005, speed_nm_s=200, radius_nm=18)
    room, wall = Room(0.0, cap(edge, 0.0, 18.0)), params.half_nm + MOLECULE_NM
    rng = np.random.default_rng(4)
    start = filled(params, rng, Room(0.0, Cap(0.0, room.shape.centre - 17.0, 34.0)), 400)
    shown = np.linspace(0, 5, 25)
    paths, _ = spread(params, rng, start, np.zeros(400, int), lambda _: [room], np.array([[500.0, -20.0]]), shown)
    # Molecules may come back from the cleft: first passages count.
    left = 1 - np.maximum.accumulate(paths[..., 2] < -wall, axis=0).mean(axis=1)
    time_s = -1 / np.polyfit(shown[2:], np.log(left[2:]), 1)[0]
    hole, ball = edge - wall, room.shape.radius - wall
    length = room.shape.centre - np.sqrt(ball**2 - hole**2) + wall
    volume = 4 / 3 * np.pi * ball**3
    expected = volume * (length + np.pi * hole / 2) / (np.pi * hole**2 * params.diffusion_nm2_s)
    assert time_s == pytest.approx(expected, rel=0.35)


def test_the_membrane_makes_way_area_for_area() -> None:
    room = Room(0.0, cap(20.0, 0.0, 18.0))
    x = np.array([5.0, 30.0, 60.0])
    assert displaced(x, (room,)) ** 2 - x**2 == pytest.approx(np.full(3, 400.0))


def test_the_course_does_not_depend_on_the_frame_rate() -> None:
    fine = simulate(Params.drawn(1), 1, 5.0, 32.0)
    assert fine.transmitter_nm[::2] == pytest.approx(clip().transmitter_nm)
    assert fine.pore_nm[::2] == pytest.approx(clip().pore_nm)


def test_a_leaking_vesicle_stays_closed_and_empties() -> None:
    state = clip(violation="leak")
    assert state.pore_nm.max() == 0
    assert state.outside[-1, state.home == MIDDLE].mean() > 0.6


def test_a_bursting_vesicles_membrane_is_gone() -> None:
    state = clip(violation="burst")
    assert state.left[-1].tolist() == [1.0, 0.0, 1.0]
    assert state.outside.sum() == 0


def test_a_vesicle_that_crosses_takes_its_contents_along() -> None:
    state = clip(violation="whole_crosses")
    assert state.rooms[-1][MIDDLE].drop_nm > state.params.cleft_nm + state.params.radius_nm
    mine = state.transmitter_nm[-1, state.home == MIDDLE]
    middle = state.rooms[-1][MIDDLE].shape.centre - state.rooms[-1][MIDDLE].drop_nm
    assert (np.hypot(mine[:, 0], mine[:, 2] - middle) < state.params.radius_nm).all()


def test_late_calcium_comes_after_the_pore() -> None:
    state = clip(violation="calcium_late")
    opening = np.flatnonzero(state.pore_nm[:, MIDDLE] > 0)[0]
    assert entered(state)[opening + 20] == 0
    assert entered(state)[-1] >= 3


def test_kiss_and_run_closes_again_with_most_inside() -> None:
    state = clip(violation="kiss_and_run")
    assert state.pore_nm[:, MIDDLE].max() > 1
    assert state.pore_nm[-1, MIDDLE] == 0
    assert 0.02 < state.outside[-1, state.home == MIDDLE].mean() < 0.5


def test_a_vesicle_that_never_opens_keeps_everything() -> None:
    state = clip(violation="never_opens")
    assert state.outside.sum() == 0
    assert entered(state)[-1] >= 4


@pytest.mark.parametrize(("violation", "fused"), [("wrong_vesicle", [0]), ("all_fuse", [0, 1, 2])])
def test_other_vesicles_fuse_where_asked(violation: str, fused: list[int]) -> None:
    assert np.flatnonzero(clip(violation=violation).pore_nm[-1] > 0).tolist() == fused


def test_reversed_time_is_the_film_backwards() -> None:
    state = clip(violation="reversed_time")
    assert np.array_equal(state.transmitter_nm, clip().transmitter_nm[::-1])
    assert state.pore_nm[-1, MIDDLE] == 0


def test_a_pore_that_is_wide_at_once_is_wider_than_the_vesicle_in_its_first_frame() -> None:
    pore = clip(violation="wide_at_once").pore_nm[:, MIDDLE]
    assert pore[pore > 0][0] > Params.drawn(1).radius_nm


def test_a_vesicle_that_buds_again_has_opened_wide_and_ends_closed_and_round() -> None:
    state = clip(violation="buds_again")
    pore = state.pore_nm[:, MIDDLE]
    assert pore.max() > state.params.radius_nm
    assert pore[-1] == 0
    assert state.rooms[-1][MIDDLE].shape.height == pytest.approx(2 * state.params.radius_nm)
