"""A source video as the network's encoder wants it: the right length, rate and size, values in -1…1.

Frames are taken by time, so a clip plays at its true speed whatever its source's rate; sizes by covering and cropping
the middle, so nothing is squeezed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microworldbench.errors import VideoError
from microworldbench.video import VideoInfo, probe, stream

from .config import Clip, size_of

ROUNDING_S = 1e-3
"""Containers round times to milliseconds; a clip that ends so much early still fills its length."""


@dataclass(frozen=True, order=True)
class Bucket:
    """A shape of clips: sizes in pixels, length in frames."""

    width: int
    height: int
    frames: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}x{self.frames}"

    @classmethod
    def parse(cls, text: str) -> Bucket:
        """The bucket that is written ``832x480x81``."""
        return cls(*(int(part) for part in text.split("x")))


def buckets(clip: Clip) -> list[Bucket]:
    """Every shape of a configuration, in its order."""
    return [Bucket(*size_of(size), frames) for size in clip.sizes for frames in clip.frames]


def choose_bucket(info: VideoInfo, clip: Clip) -> Bucket:
    """The bucket of a source video: the size nearest in shape, the longest length it fills.

    Raises:
        VideoError: it is shorter than every length.
    """
    shape = np.log(info.width / info.height)
    width, height = min((size_of(size) for size in clip.sizes), key=lambda wh: abs(np.log(wh[0] / wh[1]) - shape))
    if clip.fps == "native":
        fitting = [frames for frames in clip.frames if frames <= info.frames]
        has, needs = f"{info.frames} frames", f"{min(clip.frames)}"
    else:
        fitting = [n for n in clip.frames if (n - 1) / clip.fps < info.duration_s + ROUNDING_S]
        has, needs = f"{info.duration_s:.2f} s", f"{(min(clip.frames) - 1) / clip.fps:.2f} s"
    if not fitting:
        raise VideoError(f"is too short: it has {has}, the shortest of clip.frames needs {needs}")
    return Bucket(width, height, max(fitting))


def read_clip(path: Path, clip: Clip) -> tuple[Bucket, VideoInfo, Any]:
    """Reads the part of a video that is trained on.

    Returns:
        Its bucket, what the source is, and a float32 tensor 3×T×H×W in -1…1.

    Raises:
        VideoError: it cannot be decoded, or is too short.
    """
    import torch

    info = probe(path)
    bucket = choose_bucket(info, clip)
    if clip.fps == "native":
        first = (info.frames - bucket.frames) // 2 if clip.window == "middle" else 0
        pictures: Iterator[NDArray[np.uint8]] = (
            frame.image() for frame in stream(path, wanted=range(first, first + bucket.frames), threads=1)
        )
    else:
        length_s = (bucket.frames - 1) / clip.fps
        start_s = max(0.0, (info.duration_s - length_s) / 2) if clip.window == "middle" else 0.0
        pictures = pictures_at(path, [start_s + number / clip.fps for number in range(bucket.frames)])
    return bucket, info, torch.stack([fitted(picture, bucket) for picture in pictures], dim=1)


def pictures_at(path: Path, times_s: Sequence[float]) -> Iterator[NDArray[np.uint8]]:
    """The picture on the screen at each of the increasing `times_s`, from the first frame's appearance on."""
    wanted = deque(times_s)
    shown: NDArray[np.uint8] | None = None
    for frame in stream(path, threads=1):
        while shown is not None and wanted and wanted[0] < frame.time_s - ROUNDING_S:
            wanted.popleft()
            yield shown
        if not wanted:
            return
        shown = frame.image()
    while shown is not None and wanted:
        wanted.popleft()
        yield shown


def fitted(frame: NDArray[np.uint8], bucket: Bucket) -> Any:
    """A picture scaled to cover the bucket's size, its middle cut out; float32 3×H×W in -1…1."""
    import torch
    from torch.nn.functional import interpolate

    picture = torch.from_numpy(frame).permute(2, 0, 1)[None].float()
    height, width = picture.shape[2:]
    if (height, width) != (bucket.height, bucket.width):
        scale = max(bucket.height / height, bucket.width / width)
        size = max(bucket.height, round(height * scale)), max(bucket.width, round(width * scale))
        picture = interpolate(picture, size=size, mode="bicubic", antialias=True, align_corners=False)
        top, left = (size[0] - bucket.height) // 2, (size[1] - bucket.width) // 2
        picture = picture[:, :, top : top + bucket.height, left : left + bucket.width]
    return picture[0].clamp(0, 255) / 127.5 - 1
