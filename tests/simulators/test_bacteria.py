"""The colony grows exponentially, its cells add a constant length, and they push one another apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microworldbench.simulators.bacteria.contacts import neighbours, shoved
from microworldbench.simulators.bacteria.parameters import Params
from microworldbench.simulators.bacteria.physics import State, simulate

SEEDS = st.integers(0, 10_000)


def run(seed: int = 1, violation: str | None = None, fps: float = 8.0) -> State:
    return simulate(Params.drawn(seed), seed, 5.0, fps, violation)


def births(state: State) -> tuple[np.ndarray, np.ndarray]:
    """Length at birth of every cell that was born in the clip, and of its mother."""
    daughters = state.parent >= 0
    return state.born_um[daughters], state.born_um[state.parent[daughters]]


def deepest(state: State) -> float:
    """Deepest overlap at the end, in widths."""
    alive = state.alive[-1]
    width = state.params.width_um
    depth = neighbours(state.xy_um[-1, alive], state.angle[-1, alive], state.length_um[-1, alive], width)[0]
    return float(depth.max() / width)


@pytest.mark.parametrize("doubling_min", [20.0, 33.0])
def test_the_total_length_doubles_every_doubling_time(doubling_min: float) -> None:
    state = simulate(Params(doubling_min=doubling_min, rate_cv=0.0), 3, 5.0, 16.0)
    grown = np.log2(state.total_um / state.total_um[0])
    assert grown == pytest.approx(state.minutes / doubling_min, abs=0.02)


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_the_number_of_cells_doubles_with_the_length(seed: int) -> None:
    state = run(seed)
    assert np.log2(state.count[-1]) == pytest.approx(state.params.generations, abs=0.8)


def test_what_a_cell_adds_does_not_depend_on_its_length_at_birth() -> None:
    added, born = [], []
    for seed in range(8):
        state = simulate(Params(added_cv=0.15, split_sd=0.05), seed, 5.0, 4.0)
        mothers = np.unique(state.parent[1:])
        ends = np.array([state.born_um[state.parent == mother].sum() for mother in mothers])
        added.append(ends - state.born_um[mothers])
        born.append(state.born_um[mothers])
    assert np.concatenate(added).mean() == pytest.approx(Params().added_um, rel=0.05)
    assert abs(np.corrcoef(np.concatenate(added), np.concatenate(born))[0, 1]) < 0.15


def test_daughters_inherit_half_of_their_mothers_deviation() -> None:
    # The adder's mark: L' = (L + Δ) / 2, so that the slope of birth lengths over a generation is one half.
    pairs = [births(simulate(Params(added_cv=0.25, split_sd=0.0), seed, 5.0, 4.0)) for seed in range(14)]
    born, mother = (np.concatenate(part) for part in zip(*pairs, strict=True))
    assert np.polyfit(mother, born, 1)[0] == pytest.approx(0.5, abs=0.1)
    assert born.mean() == pytest.approx(Params().added_um, rel=0.05)


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_rods_hardly_overlap(seed: int) -> None:
    assert deepest(run(seed)) < 0.2


@given(st.floats(-0.9, 0.9), st.floats(-1.5, 1.5), st.floats(0, np.pi), st.floats(2, 5))
def test_a_push_moves_the_shared_centre_of_drag_nowhere(x: float, y: float, angle: float, length: float) -> None:
    xy, lengths = np.array([[0.0, 0.0], [x, y]]), np.array([3.0, length])
    moved, _ = shoved(xy, np.array([0.3, angle]), lengths, 1.0)
    assert (lengths[:, None] * (moved - xy)).sum(axis=0) == pytest.approx(np.zeros(2), abs=1e-9)


def test_rods_side_by_side_part_without_turning() -> None:
    xy, angle = shoved(np.array([[0.0, 0.0], [0.0, 0.7]]), np.zeros(2), np.array([3.0, 3.0]), 1.0)
    assert xy[1, 1] - xy[0, 1] == pytest.approx(1.0, abs=0.03)
    assert angle == pytest.approx(np.zeros(2), abs=1e-9)


def test_rods_keep_to_the_field() -> None:
    for seed in range(3):
        state = run(seed)
        half = np.array([state.params.field_width_um, state.params.field_height_um]) / 2
        assert (np.abs(state.xy_um[state.alive]) < half).all()


def test_the_colony_does_not_depend_on_the_frame_rate() -> None:
    slow, fast = run(fps=8.0), run(fps=24.0)
    assert (fast.alive[::3] == slow.alive).all()
    assert fast.xy_um[::3] == pytest.approx(slow.xy_um, abs=1e-9)


def test_linear_growth_gains_the_same_length_in_equal_times() -> None:
    total = run(violation="linear_growth").total_um
    first, second = total[20] - total[0], total[-1] - total[-21]
    assert second == pytest.approx(first, rel=0.1)


def test_filaments_are_three_times_as_long_as_they_should_be() -> None:
    longest = [s.length_um[s.alive].max() for s in (run(), run(violation="filaments"))]
    assert longest[1] > 2 * longest[0]


def test_arrested_cells_stand_still_after_a_third() -> None:
    state = run(violation="arrested")
    late = state.minutes > 0.4 * state.params.minutes
    assert np.ptp(state.total_um[late]) == 0
    assert np.ptp(state.xy_um[late], axis=0).max() < 1e-9


def test_vanishing_cells_leave_a_few() -> None:
    state = run(violation="vanishing")
    assert state.count[-1] < 0.6 * state.count.max()


def test_reversed_time_ends_with_one_rod() -> None:
    state = run(violation="reversed_time")
    assert (state.count[0] > 16, state.count[-1]) == (True, 1)


def test_without_pushing_rods_overlap() -> None:
    assert deepest(run(violation="no_pushing")) > 0.5


def test_unequal_division_cuts_off_three_tenths() -> None:
    state = run(violation="unequal_division")
    pair = state.born_um[state.parent == 0]
    assert pair.min() / pair.sum() == pytest.approx(0.3, abs=0.01)


def test_scattered_cells_lie_far_apart() -> None:
    spread = [s.xy_um[-1][s.alive[-1]].std(axis=0).mean() for s in (run(), run(violation="scattering"))]
    assert spread[1] > 1.3 * spread[0]
