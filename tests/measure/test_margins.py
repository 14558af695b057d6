"""Bars along the margins are left out of what is measured, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest

from microworldbench.measure.clip import Clip
from microworldbench.measure.margins import without_bars
from microworldbench.simulators import MECHANISMS
from microworldbench.simulators.canvas import clouds
from microworldbench.video import read

HEIGHT, WIDTH = 120, 208


def film_of(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    wide = np.stack([clouds(rng, WIDTH + 40, HEIGHT, (4, 8, 16, 32, 64), 0.7) for _ in range(3)], axis=-1)
    return np.stack([(wide[:, i : i + WIDTH] * 255).astype(np.uint8) for i in range(40)])


@pytest.mark.parametrize("colour", [(0, 0, 0), (214, 0, 214), (240, 240, 240)])
def test_bars_above_and_below_are_cut_off(colour: tuple[int, int, int]) -> None:
    frames = film_of()
    frames[:, :14] = frames[:, -20:] = colour
    kept = without_bars(frames).shape[1]
    assert HEIGHT - 34 - 4 <= kept <= HEIGHT - 34


def test_what_is_written_on_a_bar_goes_with_it() -> None:
    frames = film_of()
    frames[:, -24:] = (30, 30, 180)
    frames[:, -18:-6, 20:190:3] = 255
    assert without_bars(frames).shape[1] < HEIGHT - 22


def test_a_bar_that_moves_or_ends_before_the_side_is_part_of_the_picture() -> None:
    sliding, short = film_of(), film_of()
    for i, frame in enumerate(sliding):
        frame[-(10 + i // 2) :] = (214, 0, 214)
    short[:, -20:, : WIDTH // 2] = (214, 0, 214)
    assert without_bars(sliding).shape == sliding.shape
    assert without_bars(short).shape == short.shape


def test_measurements_see_the_picture_without_its_bars() -> None:
    frames = film_of()
    frames[:, -20:] = (214, 0, 214)
    assert Clip(frames, 16.0).luma.shape[1] < HEIGHT - 18


@pytest.mark.parametrize("name", MECHANISMS)
def test_no_scene_has_bars(name: str, film) -> None:  # type: ignore[no-untyped-def]
    frames = read(film(name, 31)).frames
    assert without_bars(frames).shape == frames.shape
