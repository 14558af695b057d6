"""Drawing: smooth noise, sub-pixel stamps, soft lines."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microworldbench.simulators.canvas import Plane, Print, StampBook, clouds, filaments, smoothstep


def disc(_look: Hashable, x: Plane, y: Plane) -> tuple[Plane, Plane, None]:
    opacity = np.exp(-(x * x + y * y) / 8).astype(np.float32)
    return np.ones((*opacity.shape, 3), np.float32), opacity, None


@given(st.floats(12, 28), st.floats(12, 28))
def test_a_stamp_lies_where_it_was_put_to_a_sixth_of_a_pixel(x: float, y: float) -> None:
    image = np.zeros((40, 40, 3), np.float32)
    StampBook(disc, reach=8).lay(image, "disc", x, y)
    light = image[..., 0]
    rows, columns = np.mgrid[:40, :40]
    assert (light * columns).sum() / light.sum() == pytest.approx(x, abs=0.18)
    assert (light * rows).sum() / light.sum() == pytest.approx(y, abs=0.18)


@given(st.floats(-30, 70), st.floats(-30, 70))
def test_a_stamp_off_the_image_is_cut_off(x: float, y: float) -> None:
    image = np.zeros((40, 40, 3), np.float32)
    StampBook(disc, reach=8).lay(image, "disc", x, y)
    assert image.max() <= 1


@given(st.integers(3, 90), st.integers(3, 90))
def test_clouds_fill_any_size_between_zero_and_one(width: int, height: int) -> None:
    made = clouds(np.random.default_rng(0), width, height)
    assert made.shape == (height, width)
    assert made.min() >= 0
    assert made.max() <= 1


def test_clouds_are_smooth() -> None:
    made = clouds(np.random.default_rng(1), 200, 120, (4, 8))
    assert np.abs(np.diff(made, axis=1)).max() < 0.08


def test_filaments_keep_the_amount_of_ink_and_leave_out_what_lies_outside() -> None:
    points = np.array([[3.25, 4.5], [8.0, 2.0], [-4.0, 3.0], [500.0, 3.0]])
    assert filaments(points, np.ones(4), 20, 10).sum() == pytest.approx(2)


def test_smoothstep_runs_either_way() -> None:
    x = np.array([0, 0.5, 1], np.float32)
    assert smoothstep(0, 1, x).tolist() == [0, 0.5, 1]
    assert smoothstep(1, 0, x).tolist() == [1, 0.5, 0]


def test_a_print_darkens_the_corners() -> None:
    frame = Print(np.random.default_rng(0), 80, 60, darkening=0.5, grain=0.0).frame(
        np.full((60, 80, 3), 0.8, np.float32)
    )
    assert frame[0, 0, 0] < 0.6 * frame[30, 40, 0]
