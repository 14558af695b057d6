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

SPREADS = 3, 12
"""How far in brightness a bar's pixels may be from its own black: inside it, and where an encoder smeared its edge."""

T = TypeVar("T")


HELD_PIXELS = 1920 * 1088
"""Larger frames are reduced at once: held as they are, a few dozen of them would fill the memory."""


class Evidence:
    """One frame, reduced to what scores need when they ask for it: most of what is held is never asked for.

    Args:
        frame: The frame, which is held until it has been reduced.
        max_side: Longest side of `image`, in pixels.
        dark: Brightness up to which a bar counts as black.
    """

    def __init__(self, frame: StreamedFrame, *, max_side: int, dark: int) -> None:
        self.index, self.time_s = frame.source_index, frame.time_s
        self._frame, self._max_side, self._limit = frame, max_side, dark
        if frame.pixels > HELD_PIXELS:
            _ = self.image, self.margins
            del self._frame

    @cached_property
    def image(self) -> NDArray[np.uint8]:
        """H×W×3 RGB."""
        return self._frame.image(self._max_side)

    @cached_property
    def margins(self) -> Margins:
        """How black the full-size picture is, from each side inwards."""
        return Margins.of(self._frame.luma(), self._limit)


@dataclass(frozen=True, eq=False)
class Margins:
    """From each side inwards, up to the middle: the share of each row or column that is as black as the outermost.

    The black is each side's own, so that bars stand out from a picture that is dark as well. Zero throughout where it
    is no black.

    Args:
        top: 2×rows, the shares for both of `SPREADS`.
        bottom: The same, from the bottom upwards.
        left: 2×columns.
        right: The same, from the right.
        height: Of the picture, in pixels.
        width: The same.
    """

    top: NDArray[np.float32]
    bottom: NDArray[np.float32]
    left: NDArray[np.float32]
    right: NDArray[np.float32]
    height: int
    width: int

    @classmethod
    def of(cls, luma: NDArray[np.uint8], dark: int) -> Margins:
        """Counts in a picture of brightness, H×W; up to `dark` a side's outermost pixels count as black."""
        top, bottom, left, right = (_as_black(side, dark) for side in (luma, luma[::-1], luma.T, luma.T[::-1]))
        return cls(top, bottom, left, right, *luma.shape)


def _as_black(lines: NDArray[np.uint8], dark: int) -> NDArray[np.float32]:
    inner = lines[: (len(lines) + 1) // 2]
    level = int(np.median(lines[0]))
    if level > dark:
        return np.zeros((len(SPREADS), len(inner)), np.float32)
    away = np.where(inner > level, inner - np.uint8(level), np.uint8(level) - inner)
    return np.stack([(away <= spread).mean(axis=1, dtype=np.float32) for spread in SPREADS])


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
