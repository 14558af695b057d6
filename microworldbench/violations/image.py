"""Violations of the image: the process goes on as it was, but it is shown badly."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .aspects import Aspect
from .violation import Strengths, Take, Turn, Violation, opened

if TYPE_CHECKING:
    from ..simulators.canvas import Frames

RUN_S = 0.4
"""How long a frame is held where the following ones are dropped."""


def blur(take: Take) -> Frames:
    """Out of focus: a Gaussian whose standard deviation is `strength` times the longest side."""
    from scipy.ndimage import gaussian_filter

    sigma = take.strength * max(take.frames.shape[1:3])
    return np.stack([gaussian_filter(frame, (sigma, sigma, 0), mode="nearest") for frame in take.frames])


def noise(take: Take) -> Frames:
    """Sensor noise of standard deviation `strength` (1 is white), new in every frame."""
    out = np.empty_like(take.frames)
    for target, frame in zip(out, take.frames, strict=True):
        grain = take.rng.standard_normal(frame.shape, dtype=np.float32) * np.float32(255 * take.strength)
        target[...] = np.clip(frame + grain, 0, 255)
    return out


def banding(take: Take) -> Frames:
    """Each colour channel cut to steps of `strength`."""
    step = max(1.0, 255 * take.strength)
    table = np.clip(np.round(np.arange(256) / step) * step, 0, 255).astype(np.uint8)
    banded: Frames = table[take.frames]
    return banded


def flicker(take: Take) -> Frames:
    """Each frame's brightness times 1 + z, z drawn anew with standard deviation `strength`."""
    draws = take.rng.standard_normal(len(take.frames))
    draws = (draws - draws.mean()) / max(float(draws.std()), 1e-9)
    gains = np.maximum(0.0, 1 + take.strength * draws)
    return np.stack([np.clip(frame * gain, 0, 255) for frame, gain in zip(take.frames, gains, strict=True)]).astype(
        np.uint8
    )


def low_contrast(take: Take) -> Frames:
    """Every value drawn towards the clip's mean by the share `strength`."""
    mean = float(take.frames[:: max(1, len(take.frames) // 8)].mean())
    table = np.round(mean + (np.arange(256) - mean) * (1 - take.strength)).astype(np.uint8)
    flat: Frames = table[take.frames]
    return flat


def compression(take: Take) -> Frames:
    """Encoded as H.264 with a constant rate factor of `strength`, and decoded again."""
    from ..video import Video, read, write

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "squeezed.mp4"
        write(path, Video(take.frames, take.fps), crf=round(take.strength))
        decoded = read(path).frames
    height, width = take.frames.shape[1:3]  # odd sides are padded in the file
    return decoded[:, :height, :width]


def jitter(take: Take) -> Frames:
    """A camera that shakes: each frame is shifted by up to `strength` times the longest side."""
    reach = take.strength * max(take.frames.shape[1:3])
    shifts = np.round(take.rng.uniform(-reach, reach, (len(take.frames), 2))).astype(int)
    return np.stack([_shifted(frame, dy, dx) for frame, (dy, dx) in zip(take.frames, shifts, strict=True)])


def dropped_frames(take: Take) -> Frames:
    """The share `strength` of all frames is dropped in runs of some 0.4 s; the frame before each run is held."""
    count, run = len(take.frames), max(2, round(RUN_S * take.fps))
    index = np.arange(count)
    starts = take.rng.permutation(np.arange(1, max(2, count - run + 1), run + 1))
    for start in starts[: math.ceil(take.strength * count / run) if take.strength * count >= 1 else 0]:
        index[start : start + run] = start - 1
    return take.frames[index]


def frozen_end(take: Take) -> Frames:
    """The last share `strength` of the clip shows one frame."""
    last = max(0, round((1 - take.strength) * len(take.frames)) - 1)
    return take.frames[np.minimum(np.arange(len(take.frames)), last)]


def _shifted(frame: Frames, dy: int, dx: int) -> Frames:
    """`frame` moved by whole pixels, its edges drawn out."""
    rows = np.clip(np.arange(frame.shape[0]) - dy, 0, frame.shape[0] - 1)
    columns = np.clip(np.arange(frame.shape[1]) - dx, 0, frame.shape[1] - 1)
    return frame[rows[:, None], columns[None, :]]


IMAGE = (
    Violation(
        "blur",
        "image",
        "every frame is out of focus",
        blur,
        {Aspect.SHARPNESS: Turn.NOT_MET} | opened(Aspect.LOOKS, Aspect.CONTRAST, Aspect.OPEN),
        strengths=Strengths("spread over the longest side:", 0.001, 0.014, 0.0015, 0.010),
        hides=True,
    ),
    Violation(
        "noise",
        "image",
        "every frame is full of grain",
        noise,
        opened(Aspect.SHARPNESS, Aspect.LOOKS, Aspect.CONTRAST, Aspect.OPEN),
        strengths=Strengths("standard deviation, white being 1:", 0.01, 0.14, 0.02, 0.12),
        hides=True,
    ),
    Violation(
        "banding",
        "image",
        "soft gradients break into bands",
        banding,
        opened(Aspect.SHARPNESS, Aspect.LOOKS, Aspect.LIGHT, Aspect.CONTRAST, Aspect.OPEN),
        strengths=Strengths("step, white being 1:", 0.016, 0.18, 0.02, 0.14),
        hides=True,
    ),
    Violation(
        "flicker",
        "image",
        "brightness flickers from frame to frame",
        flicker,
        {Aspect.LIGHT: Turn.NOT_MET} | opened(Aspect.CONTINUITY, Aspect.OPEN),
        strengths=Strengths("standard deviation of brightness:", 0.003, 0.12, 0.005, 0.06),
        unsettles=True,
    ),
    Violation(
        "low_contrast",
        "image",
        "the picture is nearly grey",
        low_contrast,
        {Aspect.CONTRAST: Turn.NOT_MET} | opened(Aspect.SHARPNESS, Aspect.LOOKS, Aspect.OPEN),
        strengths=Strengths("share of the contrast that is gone:", 0.1, 0.8, 0.15, 0.75),
        hides=True,
    ),
    Violation(
        "compression",
        "image",
        "strong compression smears detail into blocks",
        compression,
        opened(Aspect.SHARPNESS, Aspect.LOOKS, Aspect.CONTRAST, Aspect.LIGHT, Aspect.OPEN),
        strengths=Strengths("H.264 rate factor", 23, 42, 26, 38),
        hides=True,
    ),
    Violation(
        "jitter",
        "image",
        "the camera shakes from frame to frame",
        jitter,
        {Aspect.CAMERA: Turn.NOT_MET}
        | opened(Aspect.JUMPS, Aspect.STILLNESS, Aspect.CONTINUITY, Aspect.MOTION, Aspect.SEQUENCE, Aspect.OPEN),
        strengths=Strengths("largest shift over the longest side:", 0.001, 0.04, 0.0015, 0.025),
    ),
    Violation(
        "dropped_frames",
        "image",
        "the clip stutters: frames are held while others are dropped",
        dropped_frames,
        {Aspect.LIVELINESS: Turn.NOT_MET}
        | opened(Aspect.JUMPS, Aspect.STILLNESS, Aspect.CONTINUITY, Aspect.MOTION, Aspect.SEQUENCE, Aspect.OPEN),
        strengths=Strengths("share of frames dropped:", 0.0, 0.6, 0.02, 0.5),
    ),
    Violation(
        "frozen_end",
        "image",
        "the clip freezes before the process is over",
        frozen_end,
        {
            Aspect.LIVELINESS: Turn.NOT_MET,
            Aspect.STILLNESS: Turn.MET,
            Aspect.BACKWARD: Turn.IF_NOT_MET,
            Aspect.EVER: Turn.IF_NOT_MET,
            Aspect.CONSTANT: Turn.IF_MET,
            Aspect.JUMPS: Turn.IF_NOT_MET,
        }
        | opened(Aspect.MOTION, Aspect.SEQUENCE, Aspect.FORWARD, Aspect.ONCE, Aspect.CONTINUITY, Aspect.OPEN),
        strengths=Strengths("share of the clip that is frozen:", 0.02, 0.6, 0.03, 0.5),
    ),
)
"""In the order they are listed."""
