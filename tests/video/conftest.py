"""Small media made on the spot. Every picture carries its own number, so that tests can tell frames apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

WIDTH, HEIGHT, BITS = 64, 48, 8


def numbered(number: int) -> NDArray[np.uint8]:
    """A picture with `number` in eight black and white stripes, one bit each."""
    picture = np.full((HEIGHT, WIDTH, 3), 30, np.uint8)
    for bit in range(BITS):
        if number >> bit & 1:
            picture[8:40, bit * 8 : bit * 8 + 8] = 220
    return picture


def number_in(picture: NDArray[np.uint8]) -> int:
    """The number painted by `numbered`."""
    middle = picture[picture.shape[0] // 2]
    return sum(1 << bit for bit in range(BITS) if middle[bit * 8 + 4].mean() > 125)


def encode(
    path: Path,
    *,
    times: Sequence[int] = range(50),
    tick: Fraction = Fraction(1, 25),
    codec: str = "libx264",
    pixels: str = "yuv420p",
    container: str | None = None,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    paint: Callable[[int], NDArray[np.uint8]] = numbered,
    layout: str = "rgb24",
    gop: int = 12,
    rotation: tuple[float, bool, bool] | None = None,
) -> Path:
    """Writes a clip with one picture at each of `times`."""
    with av.open(str(path), "w", format=container, container_options=container_options) as output:
        stream = output.add_stream(codec, rate=25, options=options)
        height, width = paint(0).shape[:2]
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        stream.codec_context.gop_size = gop
        stream.codec_context.time_base = tick
        if rotation is not None:
            stream.set_display_rotation(rotation[0], hflip=rotation[1], vflip=rotation[2])
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(paint(number), format=layout)
            frame.pts, frame.time_base = time, tick
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Two seconds at 25 frames/s with several key frames and B-frames."""
    return encode(tmp_path / "clip.mp4")


@pytest.fixture
def make() -> Callable[..., Path]:
    """`encode`."""
    return encode


@pytest.fixture
def shown_number() -> Callable[[NDArray[np.uint8]], int]:
    """`number_in`."""
    return number_in
