"""Videos of known truth, made by the tests: shots, borders, subtitles, copies, junk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT, FPS = 320, 180, 10


@dataclass(frozen=True)
class Shot:
    """One shot: moving discs of its own colours, and what is drawn over them."""

    seconds: float
    seed: int
    subtitle: tuple[str, ...] = ()
    """Shown one after another."""
    corner: str = ""
    scale_bar: str = ""
    bars: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Black pixels at top, bottom, left, right."""


def discs(seed: int, t: float, width: int, height: int) -> NDArray[np.uint8]:
    """A coloured ground with a dozen slowly moving discs."""
    rng = np.random.default_rng(seed)
    ground = rng.integers(60, 200, 3)
    picture = np.zeros((height, width, 3), np.uint8) + ground.astype(np.uint8)
    y, x = np.mgrid[:height, :width]
    for _ in range(12):
        cx, cy, radius = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0.03, 0.08) * width
        angle, colour = rng.uniform(0, 2 * np.pi), rng.integers(40, 255, 3)
        dx, dy = 6 * t * np.cos(angle), 6 * t * np.sin(angle)
        picture[(x - cx - dx) ** 2 + (y - cy - dy) ** 2 < radius**2] = colour
    return picture


def dressed(picture: NDArray[np.uint8], shot: Shot, t: float) -> NDArray[np.uint8]:
    """`picture` with the shot's texts and bars."""
    height, width = picture.shape[:2]
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    size = max(12, height // 14)
    font = ImageFont.load_default(size)
    if shot.subtitle:
        text = shot.subtitle[min(int(t * len(shot.subtitle) / shot.seconds), len(shot.subtitle) - 1)]
        left = (width - draw.textlength(text, font=font)) / 2
        draw.text((left, height * 0.85), text, font=font, fill="white", stroke_width=2, stroke_fill="black")
    if shot.corner:
        draw.text((width * 0.02, height * 0.03), shot.corner, font=font, fill="white")
    if shot.scale_bar:
        draw.rectangle((width * 0.78, height * 0.93, width * 0.95, height * 0.95), fill="white")
        draw.text((width * 0.8, height * 0.82), shot.scale_bar, font=font, fill="white")
    done = np.array(image)
    top, bottom, left_bar, right_bar = shot.bars
    done[:top], done[height - bottom :] = 0, 0
    done[:, :left_bar], done[:, width - right_bar :] = 0, 0
    return done


def film(
    path: Path,
    shots: Sequence[Shot],
    *,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    fps: int = FPS,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    times: Callable[[int], int] | None = None,
    tick: Fraction | None = None,
    rotation: float | None = None,
) -> Path:
    """Writes `shots` one after another."""
    width, height = size
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=fps, options=options or {})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.gop_size = 30
        stream.codec_context.thread_count = 1
        if tick is not None:
            stream.codec_context.time_base = tick
        if rotation is not None:
            stream.set_display_rotation(rotation)
        number = 0
        for shot in shots:
            for i in range(round(shot.seconds * fps)):
                picture = dressed(discs(shot.seed, i / fps, width, height), shot, i / fps)
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts = number if times is None else times(number)
                frame.time_base = tick or Fraction(1, fps)
                output.mux(stream.encode(frame))
                number += 1
        output.mux(stream.encode(None))
    return path


@dataclass
class Studio:
    """What tests make videos with."""

    shot: type[Shot] = Shot
    film: Callable[..., Path] = film
    discs: Callable[..., Any] = discs
    dressed: Callable[..., Any] = dressed
    extra: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="session")
def studio() -> Studio:
    """Shots and films."""
    return Studio()


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """A folder for sources."""
    folder = tmp_path / "videos"
    folder.mkdir()
    return folder
