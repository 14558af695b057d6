"""Frame policies: which moments of a video are shown, and as what — images, one contact sheet, or the file itself.

Whatever the form, the moments are numbered from 1 and their times recorded, so that a citation can be checked. A video
that a policy cannot show in full is an error: nothing is thinned out, shrunk or re-encoded beyond what the policy says.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ..errors import VideoError
from ..results import ShownFrame
from ..rubric import Record

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..video import SampledFrame

MAX_FRAMES = 256
"""Most frames shown of one video."""
MAX_SHEET_PIXELS = 64_000_000
"""Largest contact sheet that is made."""
MAX_VIDEO_BYTES = 32_000_000
"""Largest file that is sent whole. Servers refuse bodies not much longer, and every call holds it in memory."""

Spacing = Literal["midpoint", "endpoint"]
Form = Literal["frames", "sheet", "video"]


class FramePolicy(Record):
    """Which frames are shown and how they are encoded; part of a judge's identity."""

    count: int | None = Field(default=8, ge=1, le=MAX_FRAMES)
    """None where `fps` decides."""
    fps: float | None = Field(default=None, gt=0, le=120, allow_inf_nan=False)
    """Frames for each second of the video, instead of `count`."""
    spacing: Spacing = "midpoint"
    """``midpoint``: the middles of equal parts of the duration; ``endpoint``: evenly from first to last frame."""
    form: Form = "frames"
    """``frames``: an image each; ``sheet``: all in one image; ``video``: the stored file as it is."""
    max_side: int | None = Field(default=None, ge=64)
    """Longest side of a frame in pixels; None keeps the video's size."""
    jpeg_quality: int = Field(default=92, ge=30, le=100)

    def count_for(self, duration_s: float) -> int:
        """How many frames are shown of a video of that length.

        Raises:
            VideoError: `fps` asks for more than `MAX_FRAMES`.
        """
        if self.count is not None:
            return self.count
        intervals = round(duration_s * (self.fps or 1.0))
        count = max(2, intervals + 1) if self.spacing == "endpoint" else max(1, intervals)
        if count > MAX_FRAMES:
            raise VideoError(
                f"{self.fps:g} frames for each of {duration_s:.1f} s are {count}, more than {MAX_FRAMES}; "
                "lower the judge setting fps, or set frames instead"
            )
        return count


@dataclass(frozen=True)
class Picture:
    """One thing that is sent: an image of one or more frames, or a whole file."""

    data: bytes
    media_type: str
    """``image/jpeg``, or the video's."""
    width: int
    height: int
    frames: tuple[ShownFrame, ...]
    """The numbered frames it shows."""
    images: int = 1
    """As how many images of its size a server bills it at most."""

    @property
    def sha256(self) -> str:
        """Of `data`; every frame it shows has the same."""
        return self.frames[0].sha256


@dataclass(frozen=True)
class Exhibit:
    """Everything a judge is shown of one video."""

    pictures: tuple[Picture, ...]
    duration_s: float | None = None
    """Of the video, where it is shown whole."""

    @property
    def frames(self) -> tuple[ShownFrame, ...]:
        """All numbered frames, in order."""
        return tuple(frame for picture in self.pictures for frame in picture.frames)

    @property
    def image_sizes(self) -> list[tuple[int, int]]:
        """Width and height of each image that can be billed."""
        return [(p.width, p.height) for p in self.pictures for _ in range(p.images)]


def make_exhibit(path: Path, policy: FramePolicy) -> Exhibit:
    """Decodes and encodes what `policy` shows of the video at `path`.

    Raises:
        VideoError: the file cannot be decoded, or cannot be shown that way.
    """
    from ..video import probe, sample

    if policy.form == "video":
        return _whole(path, policy)
    count = policy.count if policy.count is not None else policy.count_for(probe(path).duration_s)
    sampled = sample(path, count, spacing=policy.spacing)
    images = [_shrunk(frame, policy) for frame in sampled]
    if policy.form == "sheet":
        return Exhibit((_encoded(contact_sheet(images), sampled, 1, policy),))
    pictures = (
        _encoded(image, [frame], number, policy)
        for number, (image, frame) in enumerate(zip(images, sampled, strict=True), 1)
    )
    return Exhibit(tuple(pictures))


def planned_exhibit(policy: FramePolicy, *, width: int, height: int, frames: int, duration_s: float) -> Exhibit:
    """What `policy` shows of a video of that size, without content: for prices before anything is made or decoded.

    Raises:
        VideoError: such a video cannot be shown that way.
    """
    count = policy.count_for(duration_s)
    shown = [ShownFrame(number=n, source_index=0, time_s=0.0, sha256="") for n in range(1, count + 1)]
    if policy.form == "video":
        whole = Picture(b"", "video/mp4", width, height, tuple(shown), images=frames)
        return Exhibit((whole,), duration_s=duration_s)
    scale = min(1.0, (policy.max_side or math.inf) / max(width, height))
    width, height = (max(1, round(side * scale)) for side in (width, height))
    if policy.form == "sheet":
        return Exhibit((Picture(b"", "image/jpeg", *_grid(count, width, height)[2], tuple(shown)),))
    return Exhibit(tuple(Picture(b"", "image/jpeg", width, height, (frame,)) for frame in shown))


def contact_sheet(images: Sequence[Image]) -> Image:
    """One image of all `images`, left to right and top to bottom, each below its number (from 1).

    The numbers stand beside the frames, never on them. The grid is the one whose longer side is shortest.

    Raises:
        VideoError: it would have more than `MAX_SHEET_PIXELS`.
    """
    from PIL import Image, ImageDraw, ImageFont

    width, height = images[0].size
    strip, columns, size = _grid(len(images), width, height)
    cell = height + strip
    sheet = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(strip * 0.8)
    for place, image in enumerate(images):
        x, y = place % columns * width, place // columns * cell
        draw.text((x + 4, y), str(place + 1), fill="black", font=font)
        sheet.paste(image, (x, y + strip))
    return sheet


def _grid(count: int, width: int, height: int) -> tuple[int, int, tuple[int, int]]:
    """Height of the strip above each frame, columns, and the sheet's size in pixels."""
    strip = max(16, height // 16)
    cell = height + strip
    columns = min(range(1, count + 1), key=lambda n: max(n * width, math.ceil(count / n) * cell))
    size = (columns * width, math.ceil(count / columns) * cell)
    if size[0] * size[1] > MAX_SHEET_PIXELS:
        raise VideoError(
            f"a contact sheet of {count} frames would have {size[0]}×{size[1]} pixels; "
            "set the judge setting max_side, or show fewer frames"
        )
    return strip, columns, size


def _shrunk(frame: SampledFrame, policy: FramePolicy) -> Image:
    from PIL import Image

    image = Image.fromarray(frame.image)
    if policy.max_side is not None:
        image.thumbnail((policy.max_side, policy.max_side), Image.Resampling.LANCZOS)
    return image


def _encoded(image: Image, sampled: Sequence[SampledFrame], first: int, policy: FramePolicy) -> Picture:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=policy.jpeg_quality)
    data = buffer.getvalue()
    return Picture(data, "image/jpeg", image.width, image.height, _numbered(sampled, first, data))


def _numbered(sampled: Sequence[SampledFrame], first: int, data: bytes) -> tuple[ShownFrame, ...]:
    digest = hashlib.sha256(data).hexdigest()
    return tuple(
        ShownFrame(number=number, source_index=f.source_index, time_s=round(f.time_s, 6), sha256=digest)
        for number, f in enumerate(sampled, first)
    )


def _whole(path: Path, policy: FramePolicy) -> Exhibit:
    """The file as it is stored, with numbered moments that can be cited."""
    from ..video import probe, sample

    info = probe(path)  # also refuses what is not a video, or is cut off
    sampled = sample(path, policy.count_for(info.duration_s), spacing=policy.spacing)
    size = path.stat().st_size
    if size > MAX_VIDEO_BYTES:
        raise VideoError(
            f"the file has {size:,} bytes; whole videos are sent up to {MAX_VIDEO_BYTES:,}. "
            "Set the judge setting form=frames or form=sheet"
        )
    data = path.read_bytes()
    media_type = _media_type(data[:64])
    shown = _numbered(sampled, 1, data)
    picture = Picture(data, media_type, info.width, info.height, shown, images=info.frames)
    return Exhibit((picture,), duration_s=info.duration_s)


def _media_type(head: bytes) -> str:
    """From the first bytes, never from the name.

    Raises:
        VideoError: servers do not take such a file.
    """
    if head[4:8] == b"ftyp":
        return "video/quicktime" if head[8:12] == b"qt  " else "video/mp4"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm" if b"webm" in head else "video/x-matroska"
    raise VideoError("only MP4, MOV, WebM and MKV files are sent whole; set the judge setting form=frames")
