"""The dividing cell keeps its volume and its chromosomes, in the order of the phases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microworldbench.simulators.mitosis.parameters import Params
from microworldbench.simulators.mitosis.physics import State, simulate
from microworldbench.simulators.mitosis.shape import Body, body

SEEDS = st.integers(0, 10_000)


def run(seed: int = 1, violation: str | None = None) -> State:
    return simulate(Params.drawn(seed), seed, 5.0, 8.0, violation)


@pytest.mark.parametrize("radius", [1.0, 9.5])
def test_the_volume_of_a_sphere_is_that_of_a_sphere(radius: float) -> None:
    assert Body(0.0, radius, radius, 0.0).volume == pytest.approx(4 / 3 * np.pi * radius**3, rel=5e-3)


@given(st.floats(0, 1), st.floats(0.5, 1))
def test_a_body_encloses_the_volume_asked_for_at_any_progress(progress: float, ratio: float) -> None:
    assert body(progress, ratio, 3000.0).volume == pytest.approx(3000.0, rel=5e-3)


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_volume_is_held_throughout_a_division(seed: int) -> None:
    volumes = run(seed).volume_um3
    assert volumes == pytest.approx(np.full_like(volumes, volumes[0]), rel=5e-3)


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_each_daughter_ends_with_one_chromatid_of_every_chromosome(seed: int) -> None:
    state = run(seed)
    side = state.chromatids[-1, :, :, 0] > 0
    assert (side.sum(axis=1) == 1).all()
    assert (side == (state.daughter_of == 1)).all()


def test_all_chromosomes_are_on_the_plate_before_any_sisters_part() -> None:
    state = run()
    plate = np.searchsorted(state.minutes, (state.params.metaphase_min + state.params.anaphase_min) / 2)
    assert np.abs(state.chromatids[plate, :, :, 0]).max() < 0.12 * state.params.radius_um


def test_chromatids_are_apart_before_the_furrow_has_cut_half_way() -> None:
    state = run()
    half = np.searchsorted(state.progress, 0.5)
    gap = state.chromatids[half, :, 1, 0] - state.chromatids[half, :, 0, 0]
    assert gap.min() > state.params.radius_um


def test_the_daughters_are_apart_at_the_end() -> None:
    last = run().bodies[-1]
    assert 2 * last.separation > last.left + last.right


def test_the_time_compression_is_minutes_over_the_clips_length() -> None:
    assert run().time_compression == pytest.approx(60 * 60 / 5.0)


def test_without_segregation_one_daughter_gets_everything() -> None:
    assert (run(violation="no_segregation").chromatids[-1, :, :, 0] < 0).all()


def test_growing_volume_grows_by_more_than_half() -> None:
    volumes = run(violation="growing_volume").volume_um3
    assert volumes[-1] / volumes[0] == pytest.approx(1.62, rel=0.02)


def test_a_lost_daughter_is_gone_at_the_end() -> None:
    assert run(violation="lost_daughter").bodies[-1].right == pytest.approx(0, abs=1e-6)


def test_reversed_time_ends_with_one_round_cell() -> None:
    last = run(violation="reversed_time").bodies[-1]
    assert last.separation == pytest.approx(0, abs=0.01)


def test_unequal_daughters_share_one_to_ten_or_worse() -> None:
    last = run(violation="unequal_daughters").bodies[-1]
    assert (last.right / last.left) ** 3 < 0.1


def test_a_third_daughter_grows_only_where_violated() -> None:
    assert run().third_um.max() == 0
    assert run(violation="third_daughter").third_um[-1] > 2


def test_unequal_sets_leave_one_daughter_with_a_third_of_the_others_chromatids() -> None:
    last = run(violation="unequal_sets").chromatids[-1, ..., 0]
    assert (last > 0).sum() / (last < 0).sum() == pytest.approx(1 / 3, abs=0.05)


def test_daughters_that_fuse_again_part_first_and_end_as_one_sphere() -> None:
    state = run(violation="fusing_again")
    apart = np.array([each.separation for each in state.bodies])
    assert apart.max() > state.params.radius_um / 2
    assert apart[0] == apart[-1] == pytest.approx(0, abs=0.01)
    assert state.volume_um3 == pytest.approx(np.full_like(state.volume_um3, state.volume_um3[0]), rel=5e-3)
