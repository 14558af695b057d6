from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from microworldbench.rendering.strips import Axis
from microworldbench.scorecard import Score

numbers = st.floats(-300, 100)


def test_an_axis_begins_at_zero_unless_a_score_lies_below():
    above, below = Score(value=40, low=3, high=60, n=1), Score(value=-4, low=-8, high=60, n=1)
    assert Axis.holding([above, None]).low == 0
    assert Axis.holding([above, below]).low == -25
    assert Axis.holding([]).low == 0


@given(st.lists(numbers, min_size=3, max_size=3).map(sorted))
def test_everything_stays_on_the_strip_in_its_order(ends):
    low, value, high = ends
    score = Score(value=value, low=low, high=high, ci95=(low, high), n=9)
    strip = Axis.holding([score]).strip(score)
    assert 0 <= strip.bounds.start <= strip.point <= strip.bounds.end <= 100
    assert strip.interval.length >= 0


def test_a_score_without_a_point_still_has_its_bounds():
    strip = Axis(0).strip(Score(value=None, low=25, high=75, n=9))
    assert (strip.point, strip.interval, strip.bounds.start, strip.bounds.end) == (None, None, 25, 75)
