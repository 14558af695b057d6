"""Cutting a stretch out of a video, to the frame."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, VideoError
from .opening import DEFAULT_LIMITS, MediaLimits, shown
from .streaming import stream
from .timeline import timeline_of
from .writing import encoded, store


def cut(
    source: str | PathLike[str],
    target: str | PathLike[str],
    first: int,
    last: int,
    *,
    crf: int = 18,
    preset: str = "veryfast",
    threads: int = 1,
    limits: MediaLimits = DEFAULT_LIMITS,
) -> None:
    """Writes frames `first` to `last` of `source` as H.264 in MP4, without sound and without the source's metadata.

    Re-encoded, because a copied stream can only begin at a key frame. Frames keep their times.

    Args:
        source: The video.
        target: Where; an existing file is replaced once the new one is whole.
        first: Number of the first frame, from 0.
        last: Number of the last frame, which is included.
        crf: Quality, 0 to 51.
        preset: Of x264. Another number of `threads` or another preset makes other bytes.
        threads: Of decoder and encoder.
        limits: What the video may ask of the machine.

    Raises:
        InputError: the stretch is empty or reaches beyond the video.
        VideoError: the video cannot be decoded, or the clip cannot be written.
    """
    source, target = Path(source), Path(target)
    timeline = timeline_of(source, limits)
    if not 0 <= first <= last < len(timeline.ticks):
        raise InputError(
            f"frames {first} to {last} cannot be cut from {shown(source)}, which has {len(timeline.ticks)}"
        )
    frames = stream(source, wanted=range(first, last + 1), threads=threads, limits=limits)
    times = [timeline.time_s(i) - timeline.time_s(first) for i in range(first, last + 1)] if timeline.variable else None
    try:
        data = encoded(_in_order(frames), float(timeline.fps), times, crf=crf, preset=preset, threads=threads)
    except av.FFmpegError as error:
        raise VideoError(f"{shown(source)}: a clip of it cannot be encoded ({error.strerror})") from error
    store(target, data)


def _in_order(frames: Iterator[Any]) -> Iterator[NDArray[np.uint8]]:
    last = -1
    for frame in frames:
        if frame.source_index < last:
            raise VideoError("its packets do not say what they hold; convert it to H.264 in MP4")
        last = frame.source_index
        yield frame.image()
