from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from microworldbench.video.timeline import Timeline


def line(ticks: list[int], end: int, tick_s: Fraction = Fraction(1, 1000)) -> Timeline:
    nothing = (0,) * len(ticks)
    return Timeline(tuple(ticks), end, tick_s, nothing, nothing, None)


steps = st.lists(st.integers(1, 500), min_size=1, max_size=60)


@given(frames=st.integers(1, 400), count=st.integers(1, 64), ticks_a_frame=st.sampled_from([1, 512, 3600]))
def test_evenly_spaced_frames_are_chosen_by_their_number(frames, count, ticks_a_frame):
    even = line([ticks_a_frame * i for i in range(frames)], ticks_a_frame * frames)
    chosen = even.at_midpoints(count)
    assert len(chosen) == count
    for part, index in enumerate(chosen):
        exact = Fraction((2 * part + 1) * frames, 2 * count)
        # A middle less than one tick before a frame counts as that frame's.
        assert index in {int(exact), int(exact + Fraction(1, ticks_a_frame))}
        if ticks_a_frame == 1 or exact % 1 <= Fraction(1, 2):
            assert index == int(exact)


@given(steps=steps, count=st.integers(1, 32), start=st.integers(-5000, 5000))
def test_the_chosen_frame_is_on_screen_at_the_midpoint(steps, count, start):
    ticks = [start + sum(steps[:i]) for i in range(len(steps))]
    end = start + sum(steps)
    chosen = line(ticks, end).at_midpoints(count)
    assert len(chosen) == count
    for part, index in enumerate(chosen):
        middle = start + Fraction((end - start) * (2 * part + 1), 2 * count)
        gone = [*ticks[1:], end][index]
        assert ticks[index] <= middle + 1
        assert middle < gone


@given(steps=steps, count=st.integers(1, 32), shift=st.integers(-5000, 5000))
def test_when_the_clock_starts_changes_nothing(steps, count, shift):
    ticks = [sum(steps[:i]) for i in range(len(steps))]
    here, there = line(ticks, sum(steps)), line([t + shift for t in ticks], sum(steps) + shift)
    assert here.at_midpoints(count) == there.at_midpoints(count)
    assert [here.time_s(i) for i in range(len(ticks))] == [there.time_s(i) for i in range(len(ticks))]


def test_rounded_time_stamps_give_the_same_frames_as_exact_ones():
    exact = line([16 * i for i in range(16)], 256, Fraction(1, 256))
    rounded = line([round(i * 62.5 + 0.01) for i in range(16)], 1000)
    assert exact.at_midpoints(8) == rounded.at_midpoints(8) == [1, 3, 5, 7, 9, 11, 13, 15]


def test_rounding_of_time_stamps_is_no_variable_rate():
    assert not line([0, 42, 83, 125, 167, 208], 250).variable
    assert line([0, 42, 83, 167, 208], 250).variable
    assert not line([0, 1, 2, 3], 4).variable
    assert line([0, 1, 3, 4], 5).variable


def test_the_rate_is_the_mean_where_the_stated_one_is_not_kept():
    kept = Timeline((0, 33, 67), 100, Fraction(1, 1000), (0,) * 3, (0,) * 3, Fraction(30000, 1001))
    broken = Timeline((0, 33, 67), 100, Fraction(1, 1000), (0,) * 3, (0,) * 3, Fraction(50))
    assert kept.fps == Fraction(30000, 1001)
    assert broken.fps == 30
