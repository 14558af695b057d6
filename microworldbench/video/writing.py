"""Writing videos: H.264 in MP4, which every judge, browser and player reads."""

from __future__ import annotations

import contextlib
import io
import os
import secrets
from collections.abc import Iterable
from fractions import Fraction
from os import PathLike
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, VideoError
from .clip import Video
from .opening import shown

ENCODER_THREADS = 4
"""Fixed: x264 makes other bytes with another number of threads, and the same frames should give the same video."""

REPEATABLE = {"x264-params": "mbtree=0"}
"""x264's macroblock tree reads memory it has not written where the processor has AVX-512: the same frames then give
other bytes each time. Without it they don't, and files grow a little."""

TICKS_PER_S = 90_000
"""Time stamps of videos with a variable frame rate."""

BT601 = 6
"""Colour matrix of the written video (ITU-T H.273: 6), stated in the file so that every player uses it."""


def write(path: str | PathLike[str], video: Video, crf: int = 17) -> None:
    """Writes `video` as H.264 (yuv420p, BT.601) in MP4, whole or not at all.

    The format needs even sizes: an odd width or height gets its last column or row repeated once, so the written video
    is one pixel wider or higher. Frames keep their times where ``times_s`` gives them.

    Args:
        path: Where; its folder exists, and an existing file is replaced.
        video: What.
        crf: Quality, 0 (no loss but the colour conversion) to 51; 17 is visually lossless.

    Raises:
        InputError: `crf` is out of range or `path` doesn't end in ``.mp4``.
        VideoError: it cannot be encoded or stored; no partial file is left. A full disk is such a case, with the
            `OSError` as its ``__cause__``.
    """
    path = Path(path)
    if isinstance(crf, bool) or not isinstance(crf, int) or not 0 <= crf <= 51:
        raise InputError(f"crf must be an integer from 0 to 51, got {crf!r}")
    if path.suffix.lower() != ".mp4":
        raise InputError(f"videos are written as MP4; name the file *.mp4, got {path.name!r}")
    try:
        data = encoded(video.frames, video.fps, video.times_s, crf=crf)
    except av.FFmpegError as error:
        size = f"{video.width}×{video.height}"
        raise VideoError(f"{shown(path)}: {size} pixels cannot be encoded ({error.strerror})") from error
    store(path, data)


def encoded(
    pictures: Iterable[NDArray[np.uint8]],
    fps: float,
    times_s: Iterable[float] | None = None,
    *,
    crf: int,
    preset: str = "medium",
    threads: int = ENCODER_THREADS,
) -> bytes:
    """H.264 in MP4 as bytes; see `write`.

    Args:
        pictures: uint8 H×W×3 RGB, all of one size, at least one; taken one at a time.
        fps: Frames per second.
        times_s: When each appears, where they are not evenly spaced; taken along with the pictures.
        crf: Quality.
        preset: Of x264: how much time it takes for a small file.
        threads: Of the encoder.
    """
    # Encoded in memory: what fails while storing is then a plain OSError, and far smaller than the frames it came from.
    buffer = io.BytesIO()
    rate = Fraction(fps).limit_denominator(1001)
    tick = 1 / rate if times_s is None else Fraction(1, TICKS_PER_S)
    times = None if times_s is None else iter(times_s)
    with av.open(buffer, "w", format="mp4") as container:
        stream: Any = None
        pad = ((0, 0), (0, 0), (0, 0))
        for number, pixels in enumerate(pictures):
            if stream is None:
                height, width = pixels.shape[:2]
                pad = ((0, height % 2), (0, width % 2), (0, 0))
                stream = container.add_stream("libx264", rate=rate)
                stream.width, stream.height = width + width % 2, height + height % 2
                stream.pix_fmt = "yuv420p"
                stream.options = {"crf": str(crf), "preset": preset, **REPEATABLE}
                context = stream.codec_context
                context.thread_count = threads
                context.colorspace = BT601
                context.time_base = tick
            frame = _frame(np.pad(pixels, pad, mode="edge") if any(map(any, pad)) else pixels)
            frame.time_base = tick
            frame.pts = number if times is None else round(float(next(times)) * TICKS_PER_S)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()  # no copy; a view, collected in a cycle, would complain on the screen


def _frame(pixels: NDArray[np.uint8]) -> Any:
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
    return frame.reformat(format="yuv420p", dst_colorspace=BT601)


def store(path: Path, data: bytes) -> None:
    """Writes next to `path`, flushes to the disk, then renames: readers see the old file or the new one.

    Raises:
        VideoError: it cannot be stored; no partial file is left.
    """
    try:
        _store(path, data)
    except OSError as error:
        raise VideoError(f"{shown(path)}: cannot be written ({error.strerror or error})") from error


def _store(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
