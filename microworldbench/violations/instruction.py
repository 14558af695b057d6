"""Violations of the instruction: a sound clip, but not the one that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .aspects import Aspect
from .violation import Strengths, Take, Turn, Turns, Violation, opened

if TYPE_CHECKING:
    from ..simulators.canvas import Frames

DETAIL = 4
"""The part of the picture that is left where the camera looks past the subject: a quarter of each side."""


def as_it_is(take: Take) -> Frames:
    """The same frames: what is wrong is the task they are shown for."""
    return take.frames


def moving_camera(take: Take) -> Frames:
    """The camera glides over the scene by `strength` times its width."""
    side = 1 if take.rng.random() < 0.5 else -1
    nearer = 1 / max(0.2, 1 - 1.02 * take.strength)  # so that no edge comes into view
    out = np.empty_like(take.frames)
    for number, frame in enumerate(take.frames):
        at = side * (number / max(1, len(take.frames) - 1) - 0.5) * take.strength
        out[number] = _crop(frame, 0.5 + at, 0.5 + 0.4 * at, nearer)
    return out


def cut(take: Take) -> Frames:
    """Halfway the view changes at once: mirrored, nearer and brighter."""
    out = take.frames.copy()
    for number in range(len(take.frames) // 2, len(take.frames)):
        nearer = _crop(take.frames[number, :, ::-1], 0.42, 0.55, 1.6)
        out[number] = np.clip(nearer * np.float32(1.25) + 12, 0, 255)
    return out


def missing_element(take: Take) -> Frames:
    """The camera looks past the subject: the emptiest corner, enlarged."""
    height, width = (side // DETAIL for side in take.frames.shape[1:3])
    sample = take.frames[:: max(1, len(take.frames) // 12)].astype(np.float32)
    corners = [(top, left) for top in (0, take.frames.shape[1] - height) for left in (0, take.frames.shape[2] - width)]
    top, left = min(corners, key=lambda c: float(_busyness(sample[:, c[0] : c[0] + height, c[1] : c[1] + width])))
    from scipy.ndimage import zoom

    part = take.frames[:, top : top + height, left : left + width]
    scale = (1, take.frames.shape[1] / height, take.frames.shape[2] / width, 1)
    return np.clip(zoom(part.astype(np.float32), scale, order=1, mode="nearest", grid_mode=True), 0, 255).astype(
        np.uint8
    )


def _busyness(part: np.ndarray) -> float:
    """How much is to be seen in a part of the picture: its contrast and its change."""
    return float(part.std(axis=(1, 2)).mean() + 2 * part.std(axis=0).mean())


def _crop(frame: Frames, x: float, y: float, nearer: float) -> Frames:
    """The part of `frame` around (x, y), in shares of its sides, enlarged `nearer` times (bilinear)."""
    height, width = frame.shape[:2]
    columns = np.clip(x * width + (np.arange(width) + 0.5 - width / 2) / nearer - 0.5, 0, width - 1)
    rows = np.clip(y * height + (np.arange(height) + 0.5 - height / 2) / nearer - 0.5, 0, height - 1)
    left, top = np.floor(columns).astype(int), np.floor(rows).astype(int)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    fx, fy = (columns - left).astype(np.float32)[None, :, None], (rows - top).astype(np.float32)[:, None, None]
    upper = frame[top][:, left] * (1 - fx) + frame[top][:, right] * fx
    lower = frame[bottom][:, left] * (1 - fx) + frame[bottom][:, right] * fx
    return np.asarray(np.round(upper * (1 - fy) + lower * fy), np.uint8)


_CONTENT = (
    Aspect.LOOKS,
    Aspect.LAYOUT,
    Aspect.ONCE,
    Aspect.EVER,
    Aspect.MOTION,
    Aspect.FORWARD,
    Aspect.SEQUENCE,
    Aspect.CONSTANT,
)
_ELSEWHERE: Turns = {aspect: Turn.NOT_MET if aspect in _CONTENT else Turn.OPEN for aspect in Aspect} | {
    Aspect.LABELS: Turn.NOT_MET
}
"""What is to be seen is not there, so no reward for it holds; how the film is made may be right or wrong."""
_BY_CHANCE: Turns = {aspect: Turn.OPEN for aspect in Aspect if aspect is not Aspect.LABELS}
"""A fault that a task describes may show in another scene by accident."""

INSTRUCTION = (
    Violation(
        "wrong_subject",
        "instruction",
        "a sound clip of another level of life",
        as_it_is,
        _ELSEWHERE,
        penalties=_BY_CHANCE,
    ),
    Violation(
        "wrong_mechanism",
        "instruction",
        "a sound clip of another process of the same level",
        as_it_is,
        _ELSEWHERE,
        penalties=_BY_CHANCE,
    ),
    Violation(
        "missing_element",
        "instruction",
        "the camera looks past what was to be shown",
        missing_element,
        _ELSEWHERE,
        penalties=_BY_CHANCE,
        only_for=frozenset(
            {"cardiac", "vessel", "alveoli", "mitosis", "phagocytosis", "bacteria", "microtubule", "calcium"}
        ),
    ),
    Violation(
        "moving_camera",
        "instruction",
        "the camera glides over the scene",
        moving_camera,
        {Aspect.CAMERA: Turn.NOT_MET}
        | opened(
            Aspect.LAYOUT, Aspect.MOTION, Aspect.STILLNESS, Aspect.CONSTANT, Aspect.ONCE, Aspect.SHARPNESS, Aspect.OPEN
        ),
        strengths=Strengths("way over the width:", 0.002, 0.25, 0.004, 0.1),
    ),
    Violation(
        "cut",
        "instruction",
        "halfway the shot is cut to another view",
        cut,
        {Aspect.CONTINUITY: Turn.NOT_MET, Aspect.CAMERA: Turn.NOT_MET}
        | opened(
            Aspect.LIGHT,
            Aspect.LAYOUT,
            Aspect.LOOKS,
            Aspect.ONCE,
            Aspect.MOTION,
            Aspect.FORWARD,
            Aspect.SEQUENCE,
            Aspect.BACKWARD,
            Aspect.CONSTANT,
            Aspect.JUMPS,
            Aspect.STILLNESS,
            Aspect.SHARPNESS,
            Aspect.ORDER,
            Aspect.OPEN,
        ),
    ),
)
"""In the order they are listed."""
