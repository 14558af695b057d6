"""Measured numbers against drawn ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from microworldbench.measure import bodies, particles
from microworldbench.measure.cells import CountParams, VolumeParams, count, volume
from microworldbench.measure.clip import Clip
from microworldbench.measure.flow import ProfileParams, profile
from microworldbench.measure.picture import (
    CameraParams,
    ContrastParams,
    LightParams,
    MotionParams,
    OrderParams,
    SharpParams,
    ShotParams,
    contrast,
    in_order,
    moving,
    one_shot,
    sharp,
    steady_light,
    still_camera,
)
from microworldbench.measure.spec import decided
from microworldbench.measure.spots import DriftParams, ExponentParams, exponent, no_drift
from microworldbench.measure.velocimetry import velocities
from microworldbench.simulators.canvas import clouds

Y, X = np.mgrid[:120, :200].astype(np.float32)


def frames_of(pictures: list[np.ndarray]) -> Clip:
    grey = np.clip(np.stack(pictures), 0, 255).astype(np.uint8)
    return Clip(np.repeat(grey[..., None], 3, axis=-1), 16.0)


def dots(paths: np.ndarray) -> Clip:
    """Gaussian spots at `paths` (frames, n, 2: x, y) on dark ground."""
    rng = np.random.default_rng(0)
    pictures = []
    for spots in paths:
        picture = 30 + 2 * rng.standard_normal(X.shape)
        for x, y in spots:
            picture += 180 * np.exp(-((X - x) ** 2 + (Y - y) ** 2) / 8)
        pictures.append(picture)
    return frames_of(pictures)


def lattice(n: int = 20) -> np.ndarray:
    rng = np.random.default_rng(1)
    cells = np.array([(x, y) for x in np.linspace(20, 180, 5) for y in np.linspace(15, 105, 4)])[:n]
    return cells + rng.uniform(-4, 4, cells.shape)


def test_tracks_follow_spots_to_a_tenth_of_a_pixel() -> None:
    paths = lattice()[None] + np.cumsum(np.random.default_rng(2).normal(0, 0.6, (40, 20, 2)), axis=0)
    tracks = particles.find(dots(paths))
    assert len(tracks.paths) == 20
    for when, where in tracks.paths:
        nearest = np.linalg.norm(paths[when[0]] - where[0], axis=1).argmin()
        assert np.abs(paths[when, nearest] - where).max() < 0.3


@pytest.mark.parametrize(("steps", "alpha"), [("random", 1.0), ("straight", 2.0)])
def test_the_exponent_is_that_of_the_motion(steps: str, alpha: float) -> None:
    rng = np.random.default_rng(3)
    if steps == "random":
        moved = np.cumsum(rng.normal(0, 0.9, (60, 20, 2)), axis=0)
    else:
        turn = rng.uniform(0, 2 * np.pi, 20)
        moved = np.arange(60)[:, None, None] * 0.25 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    measured = exponent(dots(lattice()[None] + moved), ExponentParams())
    assert measured.values["exponent"] == pytest.approx(alpha, abs=0.2)
    assert measured.met is (alpha == 1.0)


def test_a_common_drift_is_seen() -> None:
    moved = np.arange(60)[:, None, None] * np.array([0.3, 0.1])
    jitter = np.random.default_rng(4).normal(0, 0.1, (60, 20, 2))
    measured = no_drift(dots(lattice()[None] + moved + jitter), DriftParams())
    assert measured.met is False
    assert measured.values["share"] == pytest.approx(1, abs=0.1)


def discs(radii: list[tuple[float, ...]], places: list[tuple[float, ...]]) -> Clip:
    pictures = []
    for sizes, xs in zip(radii, places, strict=True):
        picture = np.full(X.shape, 20.0)
        for size, x in zip(sizes, xs, strict=True):
            picture[np.hypot(X - x, Y - 60) < size] = 180
        pictures.append(gaussian_filter(picture, 0.7))
    return frames_of(pictures)


def division(second: float) -> Clip:
    """One disc of radius 30 that slides apart into two of radius `second`."""
    apart = [min(1.0, max(0.0, (i - 10) / 20)) for i in range(40)]
    radii = [(30 + (second - 30) * a,) * 2 for a in apart]
    return discs(radii, [(100 - 1.15 * second * a, 100 + 1.15 * second * a) for a in apart])


def test_areas_of_discs_are_measured_to_three_per_cent() -> None:
    found = bodies.find(division(24.0))
    assert found.scenes[0].areas == pytest.approx([np.pi * 30**2], rel=0.03)
    assert found.scenes[-1].areas == pytest.approx([np.pi * 24**2] * 2, rel=0.03)


def test_touching_discs_are_told_apart() -> None:
    found = bodies.find(discs([(30, 30)] * 10 + [(25, 25)] * 10, [(72, 128)] * 10 + [(76, 124)] * 10))
    assert set(found.counts) == {2}


@pytest.mark.parametrize(("second", "met"), [(30 * 0.5 ** (1 / 3), True), (30.0, False)])
def test_volume_is_kept_where_two_half_volumes_come_of_one(second: float, met: bool) -> None:
    clip = division(second)
    measured = volume(clip, VolumeParams())
    assert measured.met is met
    assert measured.values["ratio"] == pytest.approx(2 * (second / 30) ** 3, rel=0.05)
    assert count(clip, CountParams()).met is True


def stream(exponent: float | None) -> Clip:
    """Bright grains in a horizontal band 72 wide; speed falls as 1 − |η|^exponent, or is the same everywhere."""
    rng = np.random.default_rng(5)
    n = 260
    eta, start = rng.uniform(-0.9, 0.9, n), rng.uniform(0, 220, n)
    speed = 3.0 * (1 - np.abs(eta) ** exponent) if exponent else np.full(n, 2.0)
    pictures = []
    for i in range(60):
        x = (start + speed * i) % 220 - 10
        picture = np.full(X.shape, 60.0)
        for a, b in zip(x, 60 + 36 * eta, strict=True):
            near = np.s_[max(0, int(b) - 6) : int(b) + 7, max(0, int(a) - 6) : max(0, int(a) + 7)]
            picture[near] += 120 * np.exp(-((X[near] - a) ** 2 + (Y[near] - b) ** 2) / 5)
        pictures.append(picture)
    return frames_of(pictures)


def test_speeds_on_the_axis_are_measured_to_a_tenth() -> None:
    flow = velocities(stream(2.0))
    assert np.median(flow.speed) == pytest.approx(3.0 * (1 - 0.2**2), rel=0.1)


@pytest.mark.parametrize(("exponent", "met"), [(2.0, True), (None, False)])
def test_a_parabola_is_told_from_a_plug(exponent: float | None, met: bool) -> None:
    assert profile(stream(exponent), ProfileParams()).met is met


def scene(seed: int = 6) -> np.ndarray:
    rng = np.random.default_rng(seed)
    picture = 40 + 160 * clouds(rng, 260, 160, (4, 8, 16), 0.6)
    for _ in range(40):
        x, y, size = rng.uniform(0, 260), rng.uniform(0, 160), rng.uniform(4, 12)
        picture[np.hypot(*np.meshgrid(np.arange(260) - x, np.arange(160) - y)) < size] = rng.uniform(20, 235)
    return picture


@pytest.mark.parametrize("blur", [1.0, 2.0, 3.0])
def test_blur_is_measured_to_a_fifth(blur: float) -> None:
    measured = sharp(frames_of([gaussian_filter(scene(), blur)[:120, :200]]), SharpParams())
    assert measured.values["blur_px"] == pytest.approx(blur, rel=0.2, abs=0.2)


def test_a_blurred_picture_is_not_sharp() -> None:
    assert sharp(frames_of([gaussian_filter(scene(), 3.0)[:120, :200]]), SharpParams()).met is False
    assert sharp(frames_of([gaussian_filter(scene(), 0.5)[:120, :200]]), SharpParams()).met is True


def drifting(step: float) -> list[np.ndarray]:
    return [
        scene()[int(i * step / 3) : int(i * step / 3) + 120, int(i * step) : int(i * step) + 200] for i in range(40)
    ]


def test_a_moving_camera_is_seen() -> None:
    assert still_camera(frames_of(drifting(0.9)), CameraParams()).met is False
    assert still_camera(frames_of(drifting(0.0)), CameraParams()).met is True


def test_a_cut_is_seen() -> None:
    one, other = scene(6)[:120, :200], scene(7)[:120, :200]
    assert one_shot(frames_of([one] * 20 + [other] * 20), ShotParams()).met is False
    assert one_shot(frames_of(drifting(0.9)), ShotParams()).met is True


def test_flicker_is_seen() -> None:
    rng = np.random.default_rng(8)
    flickering = [scene()[:120, :200] * g for g in 1 + 0.08 * rng.standard_normal(40)]
    fading = [scene()[:120, :200] * g for g in np.linspace(1, 0.6, 40)]
    assert steady_light(frames_of(flickering), LightParams()).met is False
    assert steady_light(frames_of(fading), LightParams()).met is True


def test_a_frozen_half_is_seen() -> None:
    pictures = drifting(0.9)
    assert moving(frames_of(pictures[:20] + [pictures[20]] * 20), MotionParams()).met is False
    assert moving(frames_of(pictures), MotionParams()).met is True


def test_shuffled_frames_are_out_of_order() -> None:
    pictures = drifting(0.9)
    shuffled = [pictures[i] for i in np.random.default_rng(9).permutation(40)]
    assert in_order(frames_of(shuffled), OrderParams()).met is False
    assert in_order(frames_of(pictures), OrderParams()).met is True


def test_a_pale_picture_lacks_contrast() -> None:
    pale = [110 + 0.15 * scene()[:120, :200]] * 8
    assert contrast(frames_of(pale), ContrastParams()).met is False


@pytest.mark.parametrize(("value", "verdict"), [(1.0, False), (2.5, None), (4.0, True)])
def test_a_value_in_the_band_of_doubt_decides_nothing(value: float, verdict: bool | None) -> None:
    assert decided(value, 2.0, 3.0) is verdict
    assert decided(np.float64(value), 2.0, 3.0, above=False) is (None if verdict is None else not verdict)
