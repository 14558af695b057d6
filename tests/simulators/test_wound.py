"""The fronts obey Fisher's equation, the gap only narrows, and cells behind the edges stay joined and follow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microworldbench.simulators.wound.drawing import _depth_at_rest
from microworldbench.simulators.wound.fronts import first_below, spread
from microworldbench.simulators.wound.parameters import Params
from microworldbench.simulators.wound.physics import RUBBER_UM, State, simulate

SEEDS = st.integers(0, 10_000)


def run(seed: int = 1, violation: str | None = None, fps: float = 16.0) -> State:
    return simulate(Params.drawn(seed), seed, 5.0, fps, violation)


def front(until: float, rate: float = 1.0, motility: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Times in 1/r up to `until`, and places of u = ½ in √(D/r), of a front that starts as a step."""
    unit = (motility / rate) ** 0.5
    side, step = 0.2 * unit, 0.2 * 0.2**2 / rate
    cover = (np.arange(0, 3 * until * unit, side) < 15 * unit).astype(float)[None, :]
    grown = spread(cover, np.array(rate), motility, side, step, round(until / rate / step))
    return np.arange(len(grown)) * step * rate, first_below(grown)[:, 0] * 0.2


def test_a_front_nears_its_speed_from_below_as_bramson_says() -> None:
    # Place 2t − (3/2)·ln t in units of r and D.
    times, places = front(29.0)
    for early, late in ((10.0, 20.0), (20.0, 28.0)):
        a, b = np.searchsorted(times, (early, late))
        speed = (places[b] - places[a]) / (times[b] - times[a])
        assert speed < 2.0
        assert speed == pytest.approx(2 - 1.5 * np.log(late / early) / (late - early), abs=0.03)


def test_the_profile_of_ablowitz_and_zeppetella_travels_at_5_over_root_6() -> None:
    x = np.arange(0, 60, 0.2)
    start = (1 + np.exp((x - 15) / np.sqrt(6))) ** -2.0
    grown = spread(start[None], np.array(1.0), 1.0, 0.2, 0.008, 1000)
    places = first_below(grown)[:, 0] * 0.2
    assert (places[-1] - places[200]) / (0.008 * 800) == pytest.approx(5 / np.sqrt(6), rel=0.01)


@pytest.mark.parametrize(("rate", "motility"), [(1.0, 4.0), (4.0, 1.0), (2.3, 100.0)])
def test_speed_goes_as_the_root_of_rate_times_motility(rate: float, motility: float) -> None:
    assert front(8.0, rate, motility)[1][-1] == pytest.approx(front(8.0)[1][-1], rel=1e-3)


def test_motility_moves_cover_and_neither_makes_nor_loses_any() -> None:
    start = np.random.default_rng(1).random((12, 15))
    moved = spread(start, np.array(0.0), 3.0, 1.0, 0.05, 400)
    assert moved.sum(axis=(1, 2)) == pytest.approx(np.full(401, start.sum()), rel=1e-9)
    assert moved[-1].std() < 0.05 * start.std()


def test_an_even_cover_grows_as_the_logistic_function() -> None:
    grown = spread(np.full((3, 3), 0.1), np.array(2.0), 1.0, 1.0, 0.001, 2000)[:, 1, 1]
    odds = 0.1 / 0.9 * np.exp(2.0 * 0.001 * np.arange(2001))
    assert grown == pytest.approx(odds / (1 + odds), abs=2e-3)


def test_too_long_a_step_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        spread(np.zeros((1, 9)), np.array(1.0), 100.0, 1.0, 0.1, 1)


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_the_gap_only_narrows_until_it_is_closed(seed: int) -> None:
    state = run(seed)
    assert np.diff(state.gap_um).max() <= 1e-9
    assert state.gap_um[-1] == 0


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_edges_advance_by_10_to_40_um_an_hour(seed: int) -> None:
    state = run(seed)
    middle = (state.hours > 1.0) & (state.hours < 3.0)
    for way in state.advance_um:
        pace = np.polyfit(state.hours[middle], way.mean(axis=1)[middle], 1)[0]
        assert 10 < pace < 40


def test_the_edges_start_slower_than_they_become() -> None:
    state = run()
    way = state.advance_um[0].mean(axis=1)
    first, later = (np.interp(h + 1, state.hours, way) - np.interp(h, state.hours, way) for h in (0.0, 2.0))
    assert first < 0.75 * later


@given(st.floats(0, 120), st.floats(60, 200))
def test_cells_keep_their_order_behind_an_edge_and_stretch_most_at_it(came: float, follow: float) -> None:
    rest = np.linspace(0, 250, 200)
    now = rest + came * (1 - np.exp(-rest / follow))
    stretch = np.diff(now) / np.diff(rest)
    assert (stretch > 0).all()
    assert np.diff(stretch).max() <= 1e-9
    found = _depth_at_rest(now.astype(np.float32)[None], np.full((1, 1), came, np.float32), follow)
    assert found[0] == pytest.approx(rest, abs=0.05)


def test_about_one_cell_in_five_divides() -> None:
    state = run()
    assert (state.divides_h < state.params.hours).mean() == pytest.approx(1 - np.exp(-5 / 20), abs=0.05)


def test_no_cell_lies_in_the_gap_at_rest() -> None:
    state = run()
    assert (np.abs(state.cells_um[:, 0] - state.params.gap_offset_um) > state.params.gap_um / 2).all()


def test_the_gap_does_not_depend_on_the_frame_rate() -> None:
    assert run(fps=48.0).left_um[::3] == pytest.approx(run().left_um, abs=1e-9)


def test_what_fills_from_the_middle_leaves_the_edges_where_they_were() -> None:
    state = run(violation="fills_from_middle")
    assert np.ptp(state.left_um, axis=0).max() == 0
    assert state.island[-1].max() > 0.9


def test_a_reopening_gap_ends_wider_than_it_was_in_the_middle() -> None:
    gap = run(violation="reopening").gap_um
    assert gap[-1] > 1.5 * gap.min()


def test_a_stalled_gap_stays_open() -> None:
    gap = run(violation="stalled").gap_um
    assert gap[-1] > 0.5 * gap[0]
    assert np.ptp(gap[len(gap) // 2 :]) == 0


def test_one_edge_stands_still() -> None:
    left, right = run(violation="one_sided").advance_um
    assert left[-1].mean() > 60
    assert np.abs(right[-1] - right[0]).max() < 1e-9


def test_sudden_closure_takes_one_frame() -> None:
    assert np.diff(run(violation="sudden_closure").gap_um).min() < -80


def test_a_rubber_sheet_follows_over_less_than_a_cell() -> None:
    state = run(violation="rubber")
    assert state.follow_um == RUBBER_UM < state.params.cell_um / 2


def test_lone_runners_are_far_ahead_of_the_edges() -> None:
    state = run(violation="lone_runners")
    x = state.runners_um[20, :, 0]
    inside = (x > state.left_um[20].max() + 15) & (x < state.right_um[20].min() - 15)
    assert inside.sum() >= 3


def test_in_reversed_time_the_sheet_tears_open() -> None:
    gap = run(violation="reversed_time").gap_um
    assert gap[0] == 0
    assert gap[-1] > 180
