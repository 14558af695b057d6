"""What violations do to frames."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microworldbench.violations import VIOLATIONS, Recipe, Step, changed
from microworldbench.violations.violation import Take

FPS = 16.0


def scene(count: int = 48, height: int = 36, width: int = 64, seed: int = 0) -> np.ndarray:
    """A bright square that glides over a soft texture."""
    rng = np.random.default_rng(seed)
    frames = np.empty((count, height, width, 3), np.uint8)
    backdrop = np.repeat(rng.integers(40, 90, (height, width, 1), dtype=np.uint8), 3, axis=-1)
    for number in range(count):
        frames[number] = backdrop
        left = round(number / count * (width - 10))
        frames[number, height // 2 - 4 : height // 2 + 4, left : left + 8] = (220, 180, 90)
    return frames


def violated(name: str, frames: np.ndarray, strength: float | None = None, seed: int = 1) -> np.ndarray:
    violation = VIOLATIONS[name]
    return violation.apply(Take(frames, FPS, violation.amount(strength), np.random.default_rng(seed)))


def roughness(frames: np.ndarray) -> float:
    return float(np.abs(np.diff(frames.astype(float), axis=2)).mean())


@pytest.mark.parametrize("name", VIOLATIONS)
@pytest.mark.parametrize("size", [(16, 16), (33, 51)])
def test_every_violation_keeps_number_size_and_kind_of_frames(name: str, size: tuple[int, int]) -> None:
    frames = scene(20, *size)
    before = frames.copy()
    found = violated(name, frames)
    assert (found.shape, found.dtype) == (frames.shape, np.uint8)
    assert (frames == before).all()


@settings(max_examples=25)
@given(st.lists(st.sampled_from(sorted(set(VIOLATIONS) - {"compression"})), max_size=4), st.integers(0, 99))
def test_any_steps_compose_and_the_same_recipe_gives_the_same_frames(names: list[str], seed: int) -> None:
    frames = scene(10, 20, 32)
    recipe = Recipe(mechanism="vessel", seed=seed, steps=tuple(Step(violation=name) for name in names))
    once, again = changed(frames, recipe, FPS), changed(frames, recipe, FPS)
    assert once.shape == frames.shape
    assert (once == again).all()


def test_blur_takes_edges_away_and_more_of_it_takes_more() -> None:
    frames = scene()
    levels = [roughness(violated("blur", frames, s)) for s in (0.0, 0.004, 0.014, 0.03)]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] > 3 * levels[-1]


def test_noise_has_the_strength_it_says() -> None:
    grey = np.full((12, 40, 40, 3), 128, np.uint8)
    assert violated("noise", grey, 0.1).std() == pytest.approx(25.5, rel=0.03)


def test_banding_leaves_as_many_steps_as_it_says() -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8)[None, None, :, None], (2, 4, 1, 3))
    assert len(np.unique(violated("banding", ramp, 0.2))) == 6


def test_flicker_varies_the_brightness_by_its_strength() -> None:
    grey = np.full((200, 16, 16, 3), 100, np.uint8)
    means = violated("flicker", grey, 0.06).mean(axis=(1, 2, 3))
    assert means.std() / means.mean() == pytest.approx(0.06, rel=0.1)


def test_low_contrast_draws_values_together() -> None:
    frames = scene()
    assert np.ptp(violated("low_contrast", frames, 0.8)) == pytest.approx(0.2 * np.ptp(frames), abs=2)


def test_compression_costs_detail() -> None:
    frames = scene(16, 48, 64)
    error = [np.abs(violated("compression", frames, s).astype(int) - frames).mean() for s in (20, 45)]
    assert error[1] > 1.5 * error[0]


def test_a_shaking_camera_moves_the_whole_picture() -> None:
    frames = np.repeat(scene()[:1], 30, axis=0)
    assert not (violated("jitter", frames) == frames).all(axis=(1, 2, 3)).all()
    assert (violated("jitter", frames, 0.0) == frames).all()


def test_dropped_frames_are_held_and_nothing_new_is_drawn() -> None:
    frames = scene(96)
    found = violated("dropped_frames", frames, 0.6)
    held = (found[1:] == found[:-1]).all(axis=(1, 2, 3)).mean()
    assert 0.5 < held < 0.75
    known = {frame.tobytes() for frame in frames}
    assert all(frame.tobytes() in known for frame in found)


def test_the_end_freezes_for_the_share_it_says() -> None:
    found = violated("frozen_end", scene(50), 0.6)
    assert (found[1:] == found[:-1]).all(axis=(1, 2, 3)).sum() == 30


def test_shuffling_keeps_the_frames_and_loses_their_order() -> None:
    frames = scene()
    found = violated("shuffled", frames)
    assert sorted(f.tobytes() for f in found) == sorted(f.tobytes() for f in frames)
    assert not (found == frames).all()


def test_reversed_twice_is_the_clip_again() -> None:
    frames = scene()
    assert (violated("reversed_order", violated("reversed_order", frames)) == frames).all()


def test_a_still_image_and_a_blank_one_have_one_frame() -> None:
    for name in ("still_image", "blank"):
        found = violated(name, scene())
        assert (found == found[0]).all()


def test_the_banner_lies_over_the_lower_edge_and_leaves_the_rest_alone() -> None:
    frames = scene(4, 144, 256)
    found = violated("overlay", frames)
    top = 144 - round(0.17 * 144)
    assert (found[:, :top] == frames[:, :top]).all()
    red, green, blue = np.moveaxis(found[:, top:].astype(int), -1, 0)
    assert ((red > 180) & (green < 80) & (blue > 180)).mean() > 0.5
    assert (green > 150).mean() > 0.1  # the words, in white


def test_a_gliding_camera_shows_the_scene_moving_and_no_edge() -> None:
    frames = np.repeat(scene()[:1], 30, axis=0)
    found = violated("moving_camera", frames)
    assert not (found[0] == found[-1]).all()
    assert found.min() >= frames.min()


def test_a_cut_changes_everything_from_one_frame_to_the_next() -> None:
    frames = np.repeat(scene()[:1], 30, axis=0)
    found = violated("cut", frames)
    steps = np.abs(np.diff(found.astype(int), axis=0)).mean(axis=(1, 2, 3))
    assert steps.argmax() == 14
    assert (np.delete(steps, 14) == 0).all()


def test_looking_past_the_subject_finds_the_emptiest_corner() -> None:
    frames = np.full((10, 64, 96, 3), 30, np.uint8)
    frames[:, :48, :] = np.random.default_rng(0).integers(0, 256, (10, 48, 96, 3), dtype=np.uint8)
    assert (violated("missing_element", frames) == 30).mean() > 0.7
