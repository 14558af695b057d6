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


def simulated(name: str, seed: int, seconds: float, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Frames of a simulated mechanism."""
    from microworldbench.simulators.registry import MECHANISMS

    mechanism = MECHANISMS[name]
    state = mechanism.simulate(mechanism.params.drawn(seed), seed, seconds, FPS)
    return mechanism.render(state, *size)


def screening(
    path: Path, scenes: Sequence[tuple[str, Shot]], size: tuple[int, int] = (480, 270), crf: str = "18"
) -> Path:
    """Writes simulated scenes, dressed as their shots say, one after another."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=FPS, options={"crf": crf})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.gop_size = 30
        stream.codec_context.thread_count = 1
        number = 0
        for name, shot in scenes:
            for i, picture in enumerate(simulated(name, shot.seed, shot.seconds, size)):
                frame = av.VideoFrame.from_ndarray(dressed(picture, shot, i / FPS), format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, FPS)
                output.mux(stream.encode(frame))
                number += 1
        output.mux(stream.encode(None))
    return path


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of simulator clips with everything that a curation has to deal with; its funnel is known.

    Nine files: five distinct videos, one copy, one in another container, two that are no videos. Seven shots of 6 s and
    two shorter ones. One clip is small, one letterboxed, one has subtitles, one a watermark, one a scale bar (fine),
    and one is the first one again.
    """
    folder = tmp_path_factory.mktemp("archive")
    subtitles = ("red cells pass", "the clot grows")
    screening(
        folder / "a.mp4",
        [
            ("vessel", Shot(6, 1)),
            ("mitosis", Shot(6, 2, bars=(30, 30, 0, 0))),
            ("vesicles", Shot(3, 3)),
            ("vessel", Shot(6, 4, subtitle=subtitles)),
        ],
    )
    screening(
        folder / "b.mp4", [("mitosis", Shot(6, 5, scale_bar="10 um")), ("vesicles", Shot(6, 6, corner="SciChannel"))]
    )
    screening(folder / "small.mp4", [("vesicles", Shot(6, 7))], size=(160, 90))
    screening(folder / "zz again.mp4", [("vessel", Shot(6, 1))], crf="26")
    screening(folder / "\udce9.mp4", [("mitosis", Shot(2, 9))])  # a name that is not UTF-8
    (folder / "c copy.mp4").write_bytes((folder / "a.mp4").read_bytes())
    with av.open(str(folder / "b.mp4")) as source, av.open(str(folder / "d other.mkv"), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    (folder / "junk.mp4").write_bytes(b"no video at all " * 99)
    (folder / "cut off.mp4").write_bytes((folder / "b.mp4").read_bytes()[:-4000])
    (folder / "notes.txt").write_text("not looked at")
    return folder
