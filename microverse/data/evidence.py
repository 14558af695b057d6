"""The frames of a clip that its scores are computed from, collected while a video streams by.

However long a shot gets, only a few dozen of its sampled frames are held: when the store is full every second one goes
and the stride doubles. Which frames remain depends on the video alone, so a later pass that decodes just these frames
computes the same scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from microworldbench.video import StreamedFrame

BLACK = 6
"""Brightness up to which black is as deep as encoders leave it."""

T = TypeVar("T")


HELD_PIXELS = 1920 * 1088
"""Larger frames are reduced at once: held as they are, a few dozen of them would fill the memory."""


class Evidence:
    """One frame, reduced to what scores need when they ask for it: most of what is held is never asked for.

    Args:
        frame: The frame, which is held until it has been reduced.
        max_side: Longest side of `image`, in pixels.
        dark: Brightness up to which a pixel counts as dark.
    """

    def __init__(self, frame: StreamedFrame, *, max_side: int, dark: int) -> None:
        self.index, self.time_s = frame.source_index, frame.time_s
        self._frame, self._max_side, self._limit = frame, max_side, dark
        if frame.pixels > HELD_PIXELS:
            _ = self.image, self._darkness
            del self._frame

    @cached_property
    def image(self) -> NDArray[np.uint8]:
        """H×W×3 RGB."""
        return self._frame.image(self._max_side)

    @property
    def dark(self) -> Darkness:
        """Dark pixels of the full-size picture."""
        return self._darkness[0]

    @property
    def black(self) -> Darkness:
        """The same for the deepest black alone, which sets bars off from a dark picture."""
        return self._darkness[1]

    @cached_property
    def _darkness(self) -> tuple[Darkness, Darkness]:
        luma = self._frame.luma()
        return Darkness.of(luma, self._limit), Darkness.of(luma, BLACK)


@dataclass(frozen=True, eq=False)
class Darkness:
    """Share of dark pixels in each row and column."""

    rows: NDArray[np.float32]
    columns: NDArray[np.float32]

    @classmethod
    def of(cls, luma: NDArray[np.uint8], limit: int) -> Darkness:
        """Counts the pixels of brightness up to `limit`."""
        is_dark = luma <= limit
        return cls(is_dark.mean(axis=1, dtype=np.float32), is_dark.mean(axis=0, dtype=np.float32))


def evenly(items: Sequence[T], count: int) -> list[T]:
    """At most `count` of `items`: those in the middles of equal parts."""
    if len(items) <= count:
        return list(items)
    return [items[(2 * part + 1) * len(items) // (2 * count)] for part in range(count)]


class SampleClock:
    """Says which frames are samples: the first at or after every 1/`rate` s.

    Args:
        rate: Samples per second.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._due_s = 0.0

    def is_due(self, time_s: float) -> bool:
        """Whether the frame that appears at `time_s` is a sample. Times must come in order."""
        if time_s < self._due_s - 1e-9:
            return False
        self._due_s = (int(time_s * self._rate + 1e-6) + 1) / self._rate
        return True


class Store:
    """Samples of the shot that is streaming by, thinned as it grows.

    Args:
        capacity: Frames held at most; never fewer than half of it once that many were offered.
        max_side: See `Evidence`.
        dark: See `Evidence`.
    """

    def __init__(self, capacity: int, *, max_side: int, dark: int) -> None:
        self._capacity, self._max_side, self._dark = capacity, max_side, dark
        self._kept: list[Evidence] = []
        self._offered = 0
        self._stride = 1

    def offer(self, frame: StreamedFrame) -> None:
        """Takes the next sample, or passes it over."""
        if self._offered % self._stride == 0:
            self._kept.append(Evidence(frame, max_side=self._max_side, dark=self._dark))
        self._offered += 1
        if len(self._kept) >= self._capacity:
            self._kept, self._stride = self._kept[::2], 2 * self._stride

    def frames(self, count: int, last: int) -> list[Evidence]:
        """At most `count` of what is held up to frame `last`, spread over the shot."""
        return evenly([evidence for evidence in self._kept if evidence.index <= last], count)
