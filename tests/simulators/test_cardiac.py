"""The heart pumps as the circulation makes it, keeps its muscle, and each violation breaks what it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microworldbench.simulators.cardiac import outline
from microworldbench.simulators.cardiac.blood import CELL_MM, Blood
from microworldbench.simulators.cardiac.circulation import STEP_S, Beat, beat
from microworldbench.simulators.cardiac.parameters import Params
from microworldbench.simulators.cardiac.physics import State, simulate
from microworldbench.simulators.cardiac.shape import Section, section

SEEDS = st.integers(0, 10_000)


def run(seed: int = 1, violation: str | None = None, fps: float = 16.0) -> State:
    return simulate(Params.drawn(seed), seed, 5.0625, fps, violation)


def longest(flags: np.ndarray) -> float:
    """Longest stretch of true samples in seconds, round the end of the beat."""
    twice = np.concatenate([flags, flags]).astype(int)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], twice, [0]])))
    return float((edges[1::2] - edges[::2]).max() * STEP_S) if edges.size else 0.0


def sections(cycle: Beat, params: Params) -> Section:
    volume = cycle.ventricle_ml
    return section(params, volume, cycle.atrium_ml, float(volume.max()), float(volume.min()))


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_every_drawn_heart_ejects_55_to_70_per_cent(seed: int) -> None:
    volume = beat(Params.drawn(seed)).ventricle_ml
    assert 0.55 <= 1 - volume.min() / volume.max() <= 0.70
    assert 95 <= volume.max() <= 140


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_the_valves_are_never_open_together_and_both_phases_with_both_shut_exist(seed: int) -> None:
    cycle = beat(Params.drawn(seed))
    mitral, aortic = cycle.mitral > 0.02, cycle.aortic > 0.02
    assert not (mitral & aortic).any()
    shut = ~mitral & ~aortic
    contracting = shut & (np.gradient(cycle.ventricle_mmhg) > 0)
    assert 0.03 <= longest(contracting) <= 0.08
    assert 0.04 <= longest(shut & ~contracting) <= 0.12


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_ejection_takes_about_a_third_of_the_beat(seed: int) -> None:
    cycle = beat(Params.drawn(seed))
    assert 0.28 <= longest(cycle.aortic > 0.02) / cycle.period_s <= 0.42


def test_in_the_steady_state_mean_pressure_is_flow_times_resistance() -> None:
    # A windkessel stores nothing over a whole beat: ⟨p⟩ = R·⟨q⟩.
    params = Params(peripheral_resistance_mmhg_s_ml=1.15)
    cycle = beat(params)
    assert cycle.artery_mmhg.mean() == pytest.approx(1.15 * cycle.aortic_ml_s.mean(), rel=5e-3)


def test_what_enters_in_a_beat_leaves_in_it() -> None:
    cycle = beat(Params())
    assert cycle.mitral_ml_s.sum() == pytest.approx(cycle.aortic_ml_s.sum(), rel=5e-3)
    assert np.ptp(cycle.ventricle_ml) == pytest.approx(cycle.aortic_ml_s.clip(0).sum() * STEP_S, rel=0.03)


@pytest.mark.parametrize("elastance", [1.6, 2.4, 3.4])
def test_a_stronger_heart_empties_further(elastance: float) -> None:
    empty = beat(Params(peak_elastance_mmhg_ml=elastance)).ventricle_ml.min()
    stronger = beat(Params(peak_elastance_mmhg_ml=elastance + 0.1)).ventricle_ml.min()
    assert stronger < empty


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_the_muscle_keeps_its_volume_and_thickens_by_a_third_or_more(seed: int) -> None:
    params = Params.drawn(seed)
    shapes = sections(beat(params), params)
    assert shapes.wall_mm3 == pytest.approx(np.full_like(shapes.wall, 1e3 * params.wall_ml), rel=1e-6)
    assert shapes.wall.max() / shapes.wall.min() > 1.33
    assert 6 <= shapes.wall.min() <= 12


@pytest.mark.parametrize("instant", [0, 200, 400])
def test_the_outlines_drawn_enclose_the_volumes_computed(instant: int) -> None:
    params = Params()
    cycle = beat(params)
    shapes = sections(cycle, params).at(instant)
    x, y = np.meshgrid(np.arange(0, 110, 0.25), np.arange(0.125, 60, 0.25))
    inside = outline.cavity(shapes, x, y) < 0
    assert 2 * np.pi * (inside * y).sum() * 0.25**2 / 1e3 == pytest.approx(cycle.ventricle_ml[instant], rel=0.01)


def test_the_area_in_the_section_falls_by_some_44_per_cent() -> None:
    area = sections(beat(Params()), Params()).area_mm2
    assert 1 - area.min() / area.max() == pytest.approx(0.44, abs=0.05)


@pytest.fixture(scope="module")
def blood() -> Blood:
    params = Params()
    return Blood(sections(beat(params), params).at(0))


@pytest.mark.parametrize(("component", "gains"), [(0, 1.0), (2, -1.0)])
def test_the_flow_through_an_orifice_is_what_the_cavity_gains(blood: Blood, component: int, gains: float) -> None:
    # Through any plane across the open end of the cavity, one unit of area a second passes.
    middles = np.arange(blood.part.shape[1]) * CELL_MM + CELL_MM / 2
    column = int(np.abs(middles - blood.reference.base - 4).argmin())
    part = blood.part[:, column]
    crossing = blood.fields[:, column, component]
    if component == 0:
        assert crossing[part == outline.ATRIUM].sum() * CELL_MM == pytest.approx(-gains, rel=0.02)
    else:
        assert np.abs(crossing[part == outline.ATRIUM]).max() == pytest.approx(0, abs=1e-12)


def test_blood_is_neither_thinned_nor_crowded_as_the_cavity_fills_and_empties() -> None:
    state = run()
    inside = (state.blood_part == outline.CAVITY).sum(axis=1)
    density = inside / state.section.area_mm2
    assert density == pytest.approx(np.full_like(density, density.mean()), rel=0.12)


def crossings(state: State, one: int, other: int) -> int:
    part = state.blood_part
    return int(((part[:-1] == one) & (part[1:] == other)).sum())


def test_blood_goes_from_the_atrium_to_the_aorta_and_hardly_any_back() -> None:
    state = run()
    assert crossings(state, outline.ATRIUM, outline.CAVITY) > 60
    assert crossings(state, outline.CAVITY, outline.AORTA) > 60
    # The puff that shuts a valve may carry a few particles.
    assert crossings(state, outline.CAVITY, outline.ATRIUM) <= 4
    assert crossings(state, outline.AORTA, outline.CAVITY) <= 4


def test_blood_stays_inside_the_section() -> None:
    state = run(2)
    for t in range(0, len(state.time_s), 8):
        shapes, inside = state.section.at(t), state.blood_part[t] == outline.CAVITY
        assert outline.cavity(shapes, *state.blood_mm[t, inside].T).max() < 0.5


def test_the_course_does_not_depend_on_the_frame_rate() -> None:
    slow, fast = run(fps=10.0), run(fps=30.0)
    n = len(slow.time_s)
    assert fast.course.ventricle_ml[::3][:n] == pytest.approx(slow.course.ventricle_ml, abs=1e-9)


def test_in_reversed_time_blood_runs_from_the_aorta_to_the_atrium() -> None:
    state = run(violation="reversed_time")
    assert crossings(state, outline.AORTA, outline.CAVITY) > 20
    assert crossings(state, outline.CAVITY, outline.ATRIUM) > 20
    assert crossings(state, outline.ATRIUM, outline.CAVITY) <= 2


def test_a_long_contraction_takes_most_of_the_beat() -> None:
    state = run(violation="long_contraction")
    lowest = state.time_s[state.course.ventricle_ml.argmin()]
    begins = (1 - state.params.start_phase) * state.beat_s
    assert (lowest - begins) / state.beat_s == pytest.approx(0.76, abs=0.03)


def test_a_thinning_wall_is_thinnest_around_the_smallest_cavity() -> None:
    state = run(violation="thinning_wall")
    assert state.wall_mm.argmin() == state.course.ventricle_ml.argmin()
    assert state.wall_mm.min() < 0.6 * state.wall_mm.max()


@pytest.mark.parametrize(("violation", "opened"), [("both_valves_open", 1.0), ("shut_valves", 0.0)])
def test_leaflets_that_never_move_stay_where_they_are(violation: str, opened: float) -> None:
    course = run(violation=violation).course
    assert set(course.mitral) | set(course.aortic) == {opened}


@pytest.mark.parametrize(("violation", "low", "high"), [("feeble_beat", 0.0, 0.12), ("collapsing_chamber", 0.9, 1.0)])
def test_the_ejected_part_is_far_too_small_or_large(violation: str, low: float, high: float) -> None:
    volume = run(violation=violation).course.ventricle_ml
    assert low < 1 - volume.min() / volume.max() < high


def test_a_racing_heart_beats_thrice_as_often() -> None:
    assert run(violation="racing_heart").beat_s == pytest.approx(run().beat_s / 3)


def test_a_lifting_apex_moves_by_as_much_as_the_base_should() -> None:
    state = run(violation="lifting_apex")
    assert np.ptp(state.section.base + state.apex_mm) == pytest.approx(0, abs=1e-9)
    assert np.ptp(state.apex_mm) > 10
