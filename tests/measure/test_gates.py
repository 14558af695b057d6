"""Clips that show something else: mechanism measurements cannot tell, and never say met."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from microworldbench.measure import (
    beat,
    cells,
    closing,
    colony,
    crawling,
    engulfing,
    filaments,
    flow,
    fronts,
    fusion,
    gut,
    picture,
    sacs,
    shafts,
    spots,
    strides,
    waves,
)
from microworldbench.measure.clip import Clip
from microworldbench.measure.judge import measure
from microworldbench.measure.registry import MEASUREMENTS
from microworldbench.measure.spec import Abstain
from microworldbench.simulators.canvas import clouds

SHAPE = (40, 120, 208)
MECHANISM = [spec for spec in MEASUREMENTS.values() if spec not in picture.SPECS]
OWN = {
    "cardiac": (beat,),
    "alveoli": (sacs,),
    "peristalsis": (gut,),
    "excitation": (fronts,),
    "vessel": (flow,),
    "mitosis": (cells,),
    "chemotaxis": (crawling,),
    "phagocytosis": (engulfing,),
    "wound": (closing,),
    "bacteria": (colony,),
    "vesicles": (spots,),
    "microtubule": (filaments, shafts),
    "calcium": (waves,),
    "kinesin": (strides,),
    "exocytosis": (fusion,),
}
"""The families that are about a simulator's clips."""


def texture(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.stack([clouds(rng, 400, 220, (4, 8, 16, 32, 64, 128), 0.7) for _ in range(3)], axis=-1)


def blank() -> np.ndarray:
    return np.full((*SHAPE, 3), 90, np.uint8)


def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (*SHAPE, 3), dtype=np.uint8)


def still() -> np.ndarray:
    return np.repeat((texture(1)[None, : SHAPE[1], : SHAPE[2]] * 255).astype(np.uint8), SHAPE[0], axis=0)


def panning() -> np.ndarray:
    wide = texture(2)
    return np.stack(
        [(wide[i : i + SHAPE[1], 2 * i : 2 * i + SHAPE[2]] * 255).astype(np.uint8) for i in range(SHAPE[0])]
    )


def morphing() -> np.ndarray:
    first, last = texture(3)[: SHAPE[1], : SHAPE[2]], texture(4)[: SHAPE[1], : SHAPE[2]]
    share = np.linspace(0, 1, SHAPE[0])[:, None, None, None]
    return ((first * (1 - share) + last * share) * 255).astype(np.uint8)


def breathing() -> np.ndarray:
    light = 1 + 0.3 * np.sin(np.linspace(0, 6 * np.pi, SHAPE[0]))[:, None, None, None]
    return (np.clip(texture(5)[: SHAPE[1], : SHAPE[2]] * light, 0, 1) * 255).astype(np.uint8)


@pytest.mark.parametrize("make", [blank, noise, still, panning, morphing, breathing])
def test_clips_of_nothing_are_never_judged_by_mechanism(make) -> None:  # type: ignore[no-untyped-def]
    clip = Clip(make(), 16.0)
    said = {spec.name: measure(spec, clip, spec.params()) for spec in MECHANISM}
    assert {name: m.observation for name, m in said.items() if m.met is not None} == {}


@pytest.mark.parametrize("count", [1, 2, 7])
def test_clips_of_a_few_frames_are_never_judged_over_time(count: int) -> None:
    clip = Clip(noise()[:count], 16.0)
    said = {name: measure(spec, clip, spec.params()) for name, spec in MEASUREMENTS.items()}
    assert {name for name, m in said.items() if m.met is not None} <= {"sharp", "contrast"}


@pytest.mark.parametrize("side", [1, 9, 31, 33, 48])
def test_tiny_pictures_are_survived(side: int) -> None:
    clip = Clip(np.random.default_rng(1).integers(0, 256, (24, side, side, 3), dtype=np.uint8), 16.0)
    for spec in MEASUREMENTS.values():
        assert measure(spec, clip, spec.params()).observation


@pytest.mark.parametrize("name", OWN)
def test_no_claim_about_a_process_is_met_on_another_simulators_clip(name: str, film) -> None:  # type: ignore[no-untyped-def]
    clip = Clip.read(film(name, 31))
    own = {spec.name for family in OWN[name] for spec in family.SPECS}
    foreign = [spec for spec in MECHANISM if spec.name not in own]
    said = {spec.name: measure(spec, clip, spec.params()) for spec in foreign}
    assert {key: m.observation for key, m in said.items() if m.met} == {}


def test_a_vessel_in_which_nothing_is_seen_to_move_has_no_way_to_turn_from() -> None:
    with pytest.raises(Abstain, match="nothing is seen to move"):
        flow._against(SimpleNamespace(speed=np.zeros(12)))  # type: ignore[arg-type]


def shaken(frames: np.ndarray, by: int) -> np.ndarray:
    rng = np.random.default_rng(6)
    ways = rng.integers(-by, by + 1, (len(frames), 2))
    return np.stack([np.roll(frame, way, axis=(0, 1)) for frame, way in zip(frames, ways, strict=True)])


def test_a_shaking_camera_does_not_stand_still() -> None:
    camera = measure(MEASUREMENTS["still-camera"], Clip(shaken(still(), 7), 16.0), picture.CameraParams())
    assert camera.met is False
    assert "jumps" in camera.observation


def test_grain_is_no_shaking() -> None:
    grain = np.random.default_rng(7).normal(0, 25, (*SHAPE, 3))
    clip = Clip(np.clip(still() + grain, 0, 255).astype(np.uint8), 16.0)
    assert measure(MEASUREMENTS["still-camera"], clip, picture.CameraParams()).met is True


def test_frames_in_disorder_do_not_tell_of_an_order() -> None:
    frames = panning()
    picture.needs_order(Clip(frames, 16.0))
    with pytest.raises(Abstain, match="out of order"):
        picture.needs_order(Clip(frames[np.random.default_rng(8).permutation(len(frames))], 16.0))


def test_frames_in_disorder_do_not_tell_of_one_shot() -> None:
    frames = panning()[np.random.default_rng(9).permutation(SHAPE[0])]
    told = measure(MEASUREMENTS["one-shot"], Clip(frames, 16.0), picture.ShotParams())
    assert told.met is None
    assert "out of order" in told.observation


def test_a_disc_with_a_thin_shell_is_no_rod() -> None:
    """Its shell gives most of the ridges, and a width that its area belies."""
    y, x = np.mgrid[:144, :256]
    radius, angle = np.hypot(x - 128, y - 72), np.arctan2(y - 72, x - 128)
    gap = (radius > 38) & (radius < 41) & (np.abs(angle) < 1.2)
    frame = np.where((radius < 45) & ~gap, 200, 20)[..., None].repeat(3, axis=-1).astype(np.uint8)
    told = measure(MEASUREMENTS["colony-start"], Clip(np.stack([frame] * 40), 16.0), colony.StartParams())
    assert told.met is None
    assert "more than a rod can" in told.observation
