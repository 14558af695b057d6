"""Cuts off what was laid along the upper or lower margin of a film: a caption on a bar, letterbox bars."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint8]

SMALLEST = 48
"""Least side of a picture in which bars are looked for."""
LOOKS = 9
"""Frames looked at."""
THINNEST, THICKEST = 0.03, 0.3
"""Least and largest height of a bar, of the picture's."""
EDGE, ACROSS = 24, 0.97
"""Least step of some colour (of 255) between a bar and the picture, and least part of the width with one."""
EVEN, GROUND = 8, 0.4
"""Largest step of any colour within the ground of a bar, and least part of the bar that is ground: the rest is text."""
BLACK, BRIGHT = 12, 80
"""A bar's strongest colour is at most the first or at least the second: between may lie a scene's own dark ground."""
STILL = 4.0
"""Largest change over time of a bar's pixels, in the mean."""


def without_bars(frames: Frames) -> Frames:
    """`frames` (t, h, w, 3) without bars along the upper and the lower margin: a view.

    A bar is of one even colour but for what is written on it, stands still, and ends in a straight edge from side to
    side. What is shown in a picture is measured better without it, and it is no part of what is shown.
    """
    if len(frames) < 2 or min(frames.shape[1:3]) < SMALLEST:
        return frames
    looks = frames[np.unique(np.linspace(0, len(frames) - 1, LOOKS).round().astype(int))].astype(np.int16)
    usual = np.median(looks, axis=0)
    change = np.abs(looks - usual).mean(axis=(0, 2, 3))
    height = frames.shape[1]
    bottom, top = _bar(usual, change), _bar(usual[::-1], change[::-1])
    return frames[:, top : height - bottom]


def _bar(picture: NDArray[np.floating], change: NDArray[np.floating]) -> int:
    """Height of the bar along the lower margin of `picture` (h, w, 3); 0 without one."""
    height = len(picture)
    for rows in range(round(THICKEST * height), max(2, round(THINNEST * height)) - 1, -1):
        # Chroma is coarser than luma, so that the row at the edge is a mixture.
        above, first = picture[height - rows - 2], picture[height - rows + 1]
        if (np.abs(above - first).max(axis=1) > EDGE).mean() < ACROSS:
            continue
        bar = picture[height - rows + 1 :]
        ground = np.median(bar, axis=(0, 1))
        if BLACK < ground.max() < BRIGHT:
            continue
        ends = (np.median(part, axis=(0, 1)) for part in (bar[:, :8], bar[:, -8:]))
        is_even = (np.abs(bar - ground).max(axis=2) <= EVEN).mean() >= GROUND
        is_even &= all(np.abs(end - ground).max() <= EVEN for end in ends)
        if is_even and change[height - rows + 1 :].mean() < STILL:
            return rows + 1
    return 0
