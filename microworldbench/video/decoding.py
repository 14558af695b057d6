"""Reading videos: what a file is, frames evenly spaced in time, or all of them.

A file whose packets are cut off or damaged, or whose decoding ends early, is an error as a whole: its truth is partly
lost, and which frames would be left depends on the decoder.
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Iterator, Set
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, VideoError
from .clip import Video
from .opening import DEFAULT_LIMITS, MediaLimits, OpenVideo, opened, shown
from .packets import decoded, media_packets
from .pictures import Painter, orientation_of
from .timeline import Timeline, timeline_of


@dataclass(frozen=True)
class VideoInfo:
    """What a video is, as it is shown."""

    width: int
    """Pixels, after rotation. Pixels are taken as square: a sample aspect ratio is not applied."""
    height: int
    fps: float
    """The stated rate where the frames keep it, else their mean rate."""
    frames: int
    duration_s: float
    codec: str
    pixel_format: str
    rotation_deg: int
    """Clockwise turn already applied by this library."""
    variable_frame_rate: bool


@dataclass(frozen=True, eq=False)
class SampledFrame:
    """One frame out of a video."""

    source_index: int
    """Its number among the frames in the order they are shown, from 0."""
    time_s: float
    """When it appears, in seconds after the first frame."""
    image: NDArray[np.uint8]
    """H×W×3 RGB."""


def probe(path: str | PathLike[str], *, limits: MediaLimits = DEFAULT_LIMITS) -> VideoInfo:
    """What the video at `path` is. Counts its frames one by one and decodes the first.

    Raises:
        VideoError: it cannot be opened or decoded, is cut off, or exceeds `limits`.
    """
    path = Path(path)
    timeline = timeline_of(path, limits)
    with opened(path, limits) as video:
        frame = next(decoded(video, [(timeline.starts[0], timeline.packets[0])]), None)
        if frame is None:
            raise VideoError("its first frame cannot be decoded")
        turn = orientation_of(frame)
        width, height = (frame.height, frame.width) if turn.swapped else (frame.width, frame.height)
        return VideoInfo(
            width=width,
            height=height,
            fps=float(timeline.fps),
            frames=len(timeline.ticks),
            duration_s=float(timeline.duration_s),
            codec=video.stream.codec_context.codec.canonical_name,
            pixel_format=frame.format.name,
            rotation_deg=turn.rotation_deg,
            variable_frame_rate=timeline.variable,
        )


def sample(
    path: str | PathLike[str],
    count: int,
    *,
    spacing: Literal["midpoint", "endpoint"] = "midpoint",
    limits: MediaLimits = DEFAULT_LIMITS,
) -> list[SampledFrame]:
    """The frames shown at the midpoints of `count` equal parts of the video's duration, or evenly from end to end.

    Chosen by presentation time, so also right for a variable frame rate. Only the groups of pictures that hold a
    wanted frame are decoded. A video with fewer frames than `count` shows some of them more than once: they have equal
    `source_index` and share their image.

    Args:
        path: The video.
        count: Frames, at least 1.
        spacing: ``endpoint`` begins with the first frame and ends with the last; of one frame it gives the first.
        limits: What the video may ask of the machine.

    Raises:
        InputError: `count` is not a positive integer.
        VideoError: the video cannot be opened or decoded, is cut off, or exceeds `limits`.
    """
    path, count = Path(path), _checked_count(count)
    timeline = timeline_of(path, limits)
    picks = _picks(timeline, count, spacing)
    images = dict(_pictures(path, timeline, set(picks), limits))
    if images.keys() < set(picks):
        # Some packet holds no frame of its own, or not the one it says: count by decoding instead.
        timeline = timeline_of(path, limits, by_decoding=True)
        picks = _picks(timeline, count, spacing)
        images = dict(_pictures(path, timeline, set(picks), limits))
    _check_complete(path, timeline, set(picks) - images.keys())
    return [SampledFrame(index, timeline.time_s(index), images[index]) for index in picks]


def _picks(timeline: Timeline, count: int, spacing: str) -> list[int]:
    return timeline.at_endpoints(count) if spacing == "endpoint" else timeline.at_midpoints(count)


def read(path: str | PathLike[str], *, limits: MediaLimits = DEFAULT_LIMITS) -> Video:
    """All frames of the video at `path`; ``times_s`` is set where its frame rate varies.

    Raises:
        VideoError: it cannot be opened or decoded, is cut off, or exceeds `limits`.
    """
    path = Path(path)
    timeline = timeline_of(path, limits)
    frames, missing = _all_frames(path, timeline, limits)
    if missing:
        timeline = timeline_of(path, limits, by_decoding=True)
        frames, missing = _all_frames(path, timeline, limits)
    _check_complete(path, timeline, missing)
    times = [timeline.time_s(index) for index in range(len(frames))] if timeline.variable else None
    return Video(frames, float(timeline.fps), None if times is None else np.array(times))


def packet_digest(path: str | PathLike[str], *, limits: MediaLimits = DEFAULT_LIMITS) -> str:
    """sha256 over the compressed pictures: the same for a video that was only put into another container.

    Raises:
        VideoError: it cannot be opened or exceeds `limits`.
    """
    digest = hashlib.sha256()
    with opened(Path(path), limits) as video:
        for packet in media_packets(video):
            digest.update(memoryview(packet))
    return digest.hexdigest()


def _all_frames(path: Path, timeline: Timeline, limits: MediaLimits) -> tuple[NDArray[np.uint8], set[int]]:
    """Every frame, and the numbers of those that could not be had."""
    missing = set(range(len(timeline.ticks)))
    frames = np.empty((0, 0, 0, 3), np.uint8)
    for index, picture in _pictures(path, timeline, frozenset(missing), limits):
        if not len(frames):
            frames = np.empty((len(timeline.ticks), *picture.shape), np.uint8)
        frames[index] = picture
        missing.discard(index)
    return frames, missing


def _pictures(
    path: Path, timeline: Timeline, wanted: Set[int], limits: MediaLimits
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yields the wanted frames with their numbers, as far as the decoder gives them."""
    index_at = {tick: index for index, tick in enumerate(timeline.ticks)}
    painter = Painter()
    with opened(path, limits) as video:
        _check_memory(video, len(wanted), limits)
        for number, frame in enumerate(wanted_stretches(video, timeline, wanted)):
            index = number if timeline.ordinal else index_at.get(frame.pts)
            if index is not None and index in wanted:
                if frame.is_corrupt:
                    raise VideoError(f"is damaged: the frame at {timeline.time_s(index):.3f} s cannot be decoded whole")
                yield index, painter.paint(frame)


def wanted_stretches(
    video: OpenVideo, timeline: Timeline, wanted: Set[int], *, threads: int | None = None
) -> Iterator[Any]:
    """Decodes the groups of pictures that hold a wanted frame; other frames come along."""
    if timeline.ordinal:
        return decoded(video, threads=threads)
    needed = {timeline.packets[index] for index in wanted}
    stretches: list[tuple[int, int]] = []
    for first, last in sorted((timeline.starts[index], timeline.packets[index]) for index in wanted):
        if stretches and first <= stretches[-1][1] + 1:
            stretches[-1] = (stretches[-1][0], max(last, stretches[-1][1]))
        else:
            stretches.append((first, last))
    return decoded(video, stretches, needed, threads=threads)


def _check_memory(video: OpenVideo, count: int, limits: MediaLimits) -> None:
    context = video.stream.codec_context
    needed = count * context.width * context.height * 3
    if needed > limits.decoded_bytes:
        raise VideoError(
            f"{count} frames of {context.width}×{context.height} pixels take {needed / 1e9:.1f} GB in memory; "
            f"at most {limits.decoded_bytes / 1e9:.1f} GB are decoded at once"
        )


def _check_complete(path: Path, timeline: Timeline, missing: Set[int]) -> None:
    if missing:
        raise VideoError(
            f"{shown(path)}: is damaged: {len(missing)} of the {len(timeline.ticks)} frames could not be decoded, "
            f"the first at {timeline.time_s(min(missing)):.3f} s"
        )


def _checked_count(count: int) -> int:
    try:
        number = operator.index(count)
    except TypeError:
        number = 0
    if number < 1 or isinstance(count, bool):
        raise InputError(f"count must be an integer of at least 1, got {count!r}")
    return number
