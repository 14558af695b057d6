"""A clip as the measurements see it: decoded once, reduced once, intermediate results kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from functools import cached_property
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from .margins import without_bars

Array = NDArray[np.float32]
T = TypeVar("T")

WORKING_SIDE = 480
"""Longest side measurements work at; larger clips are reduced by a whole factor."""
MAX_BYTES = 3 * 2**30
"""Decoded size beyond which a clip is not measured."""


class Clip:
    """Frames of one video and whatever the measurements have derived from them.

    Args:
        frames: uint8 (frames, height, width, 3) RGB; bars along the upper and lower margin are left out.
        fps: Frames a second.
    """

    def __init__(self, frames: NDArray[np.uint8], fps: float) -> None:
        self.frames = without_bars(frames)
        self.fps = fps
        self._kept: dict[Hashable, object] = {}
        self._lock = threading.RLock()

    @classmethod
    def read(cls, path: Path) -> Clip:
        """Decodes a stored video. Where its frame rate varies, frames are shown as a player holds them, evenly.

        Raises:
            VideoError: it cannot be decoded.
        """
        from ..video import read

        video = read(path)
        if video.times_s is None:
            return cls(video.frames, video.fps)
        fps = min(60.0, 1 / max(float(np.median(np.diff(video.times_s))), 1e-3))
        even = np.arange(0, video.times_s[-1] + 0.5 / fps, 1 / fps)
        return cls(video.frames[np.searchsorted(video.times_s, even + 1e-9, side="right") - 1], fps)

    @property
    def count(self) -> int:
        """Number of frames."""
        return int(self.frames.shape[0])

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.count / self.fps

    @cached_property
    def factor(self) -> int:
        """How many pixels of the video make one working pixel along each side."""
        return max(1, -(-int(max(self.frames.shape[1:3])) // WORKING_SIDE))

    @cached_property
    def rgb(self) -> Array:
        """Working frames (frames, h, w, 3), 0..1: means over ``factor × factor`` pixels."""
        f = self.factor
        height, width = (side // f * f for side in self.frames.shape[1:3])
        total = np.zeros((self.count, height // f, width // f, 3), np.uint16)
        for dy in range(f):
            for dx in range(f):
                total += self.frames[:, dy:height:f, dx:width:f]
        return np.asarray(total, np.float32) / np.float32(255 * f * f)

    @cached_property
    def luma(self) -> Array:
        """Working luminance (frames, h, w), 0..1 (Rec. 601 weights)."""
        rgb = self.rgb
        return np.asarray(0.299 * rgb[..., 0] + 0.587 * rgb[..., 1] + 0.114 * rgb[..., 2], np.float32)

    @cached_property
    def change(self) -> Array:
        """Mean absolute change of working luminance from each frame to the next, (frames − 1)."""
        return np.array([np.abs(b - a).mean() for a, b in zip(self.luma[:-1], self.luma[1:], strict=True)], np.float32)

    def keep(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` returned when it was first asked for `key`."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = make()
            return cast("T", self._kept[key])
