"""Frames one after another, converted only when asked, so that a video of any length fits in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from ..errors import VideoError
from .decoding import wanted_stretches
from .opening import DEFAULT_LIMITS, MediaLimits, opened, shown
from .packets import decoded
from .pictures import Painter, orientation_of
from .timeline import Timeline, timeline_of

GLANCE_PX = 96
"""About the longer side of a `StreamedFrame.glance`."""

_EIGHT_BIT_LUMA_FIRST = frozenset(
    {"gray", "nv12", "yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuvj422p", "yuvj444p", "yuva420p"}
)


@dataclass(frozen=True, eq=False)
class StreamedFrame:
    """One frame of a video that is being decoded. Pictures are made when asked for; a kept frame keeps its memory."""

    source_index: int
    """Its number among the frames in the order they are shown, from 0."""
    time_s: float
    """When it appears, in seconds after the first frame."""
    _frame: Any = field(repr=False)
    _painter: Painter = field(repr=False)
    _reformatter: Any = field(repr=False)

    @property
    def pixels(self) -> int:
        """How many it has."""
        return int(self._frame.width * self._frame.height)

    def image(self, max_side: int | None = None) -> NDArray[np.uint8]:
        """The picture as it is shown, uint8 H×W×3 RGB, at most `max_side` pixels on its longer side."""
        return self._painter.paint(self._frame, max_side)

    def luma(self) -> NDArray[np.uint8]:
        """Brightness of the picture as it is shown, uint8 H×W, 0 to 255 whatever range the file uses."""
        grey: NDArray[np.uint8] = self._reformatter.reformat(self._frame, format="gray").to_ndarray()
        return orientation_of(self._frame).applied(grey)

    def glance(self) -> NDArray[np.uint8]:
        """A small brightness picture, uint8, for comparing with the next frame's: costs a hundredth of decoding.

        Points picked from the stored picture, neither turned nor smoothed, in the file's own range of brightness.
        """
        width, height = self._frame.width, self._frame.height
        step = max(1, max(width, height) // GLANCE_PX)
        if self._frame.format.name in _EIGHT_BIT_LUMA_FIRST:
            plane = self._frame.planes[0]
            rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
            return rows[:height:step, :width:step].copy()
        small: NDArray[np.uint8] = self._reformatter.reformat(self._frame, format="gray").to_ndarray()
        return small[::step, ::step].copy()


def stream(
    path: str | PathLike[str],
    *,
    wanted: Collection[int] | None = None,
    threads: int | None = None,
    limits: MediaLimits = DEFAULT_LIMITS,
) -> Iterator[StreamedFrame]:
    """Yields frames in the order they are shown.

    Args:
        path: The video.
        wanted: Numbers of the frames to yield; only the groups of pictures that hold one are decoded. None: all.
        threads: Decoder threads; None leaves it to the decoder. Workers side by side want one each.
        limits: What the video may ask of the machine.

    Raises:
        VideoError: it cannot be opened or decoded, is cut off or damaged, or exceeds `limits`. What was yielded before
            was whole.
    """
    path = Path(path)
    timeline = timeline_of(path, limits)
    if wanted is None:
        yield from _every_frame(path, timeline, threads, limits)
        return
    missing = set(wanted)
    for frame in _chosen(path, timeline, frozenset(missing), threads, limits):
        missing.discard(frame.source_index)
        yield frame
    if missing:  # some packet holds no frame of its own, or not the one it says: count by decoding instead
        for frame in _every_frame(path, timeline, threads, limits):
            if frame.source_index in missing:
                missing.discard(frame.source_index)
                yield frame
    if missing:
        raise VideoError(f"{shown(path)}: is damaged: frame {min(missing)} could not be decoded")


def _chosen(
    path: Path, timeline: Timeline, wanted: frozenset[int], threads: int | None, limits: MediaLimits
) -> Iterator[StreamedFrame]:
    index_at = {tick: index for index, tick in enumerate(timeline.ticks)}
    painter, reformatter = Painter(), VideoReformatter()
    with opened(path, limits) as video:
        for number, frame in enumerate(wanted_stretches(video, timeline, wanted, threads=threads)):
            index = number if timeline.ordinal else index_at.get(frame.pts)
            if index is not None and index in wanted:
                _check_whole(frame, timeline.time_s(index))
                yield StreamedFrame(index, timeline.time_s(index), frame, painter, reformatter)


def _every_frame(path: Path, timeline: Timeline, threads: int | None, limits: MediaLimits) -> Iterator[StreamedFrame]:
    """All frames by counting, timed by their own stamps; without usable ones, by the timeline's."""
    painter, reformatter = Painter(), VideoReformatter()
    count, start, last_s = 0, None, -1.0
    with opened(path, limits) as video:
        for frame in decoded(video, threads=threads):
            if count >= limits.frames:
                raise VideoError(f"has more than {limits.frames:,} frames")
            start = frame.pts if start is None else start
            is_timed = not timeline.ordinal and frame.pts is not None and start is not None
            time_s = float((frame.pts - start) * timeline.tick_s) if is_timed else _told(timeline, count)
            if time_s <= last_s:
                raise VideoError(f"is damaged: frame {count} does not come after the one before it")
            _check_whole(frame, time_s)
            yield StreamedFrame(count, time_s, frame, painter, reformatter)
            count, last_s = count + 1, time_s
    if count < len(timeline.ticks):
        whole = timeline_of(path, limits, by_decoding=True)
        if count < len(whole.ticks) or not count:
            raise VideoError(f"{shown(path)}: is damaged: {len(whole.ticks) - count} frames could not be decoded")


def _told(timeline: Timeline, index: int) -> float:
    return timeline.time_s(index) if index < len(timeline.ticks) else float(index / timeline.fps)


def _check_whole(frame: Any, time_s: float) -> None:
    if frame.is_corrupt:
        raise VideoError(f"is damaged: the frame at {time_s:.3f} s cannot be decoded whole")
