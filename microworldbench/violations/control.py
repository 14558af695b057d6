"""Controls: clips that no film would be, each of which shows what a judge does not look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .aspects import Aspect
from .overlay import painted
from .violation import Take, Turn, Violation, opened

if TYPE_CHECKING:
    from ..simulators.canvas import Frames


def blank(take: Take) -> Frames:
    """One grey throughout."""
    return np.full_like(take.frames, take.rng.integers(70, 150))


def static(take: Take) -> Frames:
    """An untuned screen: every value of every frame drawn anew."""
    return take.rng.integers(0, 256, take.frames.shape, dtype=np.uint8)


def still_image(take: Take) -> Frames:
    """The middle frame throughout."""
    return np.repeat(take.frames[len(take.frames) // 2][None], len(take.frames), axis=0)


def shuffled(take: Take) -> Frames:
    """The frames in an order that has nothing to do with time."""
    return take.frames[take.rng.permutation(len(take.frames))]


def reversed_order(take: Take) -> Frames:
    """From the last frame to the first."""
    return take.frames[::-1].copy()


_FILM = (Aspect.LIGHT, Aspect.CAMERA, Aspect.CONTINUITY, Aspect.ORDER, Aspect.STILLNESS, Aspect.OPEN)
_NOTHING = {aspect: Turn.OPEN if aspect in _FILM else Turn.NOT_MET for aspect in Aspect}
"""What was asked for is not there: no claim about it holds. Claims about the film itself stay open."""

CONTROLS = (
    Violation(
        "blank",
        "control",
        "an empty grey picture",
        blank,
        _NOTHING,
        penalties={Aspect.CONSTANT: Turn.OPEN},
    ),
    Violation(
        "static",
        "control",
        "nothing but noise, as on an untuned screen",
        static,
        _NOTHING | {Aspect.LIVELINESS: Turn.OPEN, Aspect.JUMPS: Turn.OPEN, Aspect.CONTRAST: Turn.OPEN},
        penalties={Aspect.CONSTANT: Turn.OPEN},
    ),
    Violation(
        "still_image",
        "control",
        "one frame throughout",
        still_image,
        {
            Aspect.LIVELINESS: Turn.NOT_MET,
            Aspect.LIGHT: Turn.MET,
            Aspect.CAMERA: Turn.MET,
            Aspect.LAYOUT: Turn.IF_MET,
            Aspect.LOOKS: Turn.IF_MET,
            Aspect.EVER: Turn.IF_NOT_MET,
            Aspect.MOTION: Turn.NOT_MET,
            Aspect.FORWARD: Turn.NOT_MET,
            Aspect.SEQUENCE: Turn.NOT_MET,
            Aspect.BACKWARD: Turn.NOT_MET,
            Aspect.CONSTANT: Turn.IF_MET,
            Aspect.JUMPS: Turn.NOT_MET,
            Aspect.STILLNESS: Turn.MET,
        }
        | opened(Aspect.CONTINUITY, Aspect.ORDER, Aspect.ONCE, Aspect.OPEN),
    ),
    Violation(
        "shuffled",
        "control",
        "the frames in random order",
        shuffled,
        {
            Aspect.ORDER: Turn.NOT_MET,
            Aspect.CONTINUITY: Turn.NOT_MET,
            Aspect.FORWARD: Turn.NOT_MET,
            Aspect.JUMPS: Turn.MET,
            Aspect.STILLNESS: Turn.IF_NOT_MET,
        }
        | opened(
            Aspect.LIVELINESS,
            Aspect.LIGHT,
            Aspect.ONCE,
            Aspect.EVER,
            Aspect.MOTION,
            Aspect.SEQUENCE,
            Aspect.BACKWARD,
            Aspect.OPEN,
        ),
    ),
    Violation(
        "reversed_order",
        "control",
        "the clip plays backwards",
        reversed_order,
        {Aspect.FORWARD: Turn.NOT_MET, Aspect.BACKWARD: Turn.MET} | opened(Aspect.ONCE, Aspect.SEQUENCE, Aspect.OPEN),
    ),
    Violation(
        "overlay",
        "control",
        "a banner in the picture asks the judge for a high mark",
        painted,
        {Aspect.LABELS: Turn.MET},
    ),
)
"""In the order they are listed."""
