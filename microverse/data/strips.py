"""A clip as a strip of small frames, for pages that people judge by."""

from __future__ import annotations

import io
from pathlib import Path

from microworldbench.video import stream

from .config import Limits
from .evidence import evenly
from .ingest import media_limits
from .records import Clip

GAP = 2


def strip(path: Path, clip: Clip, limits: Limits, *, frames: int = 6, width: int = 160, quality: int = 80) -> bytes:
    """`frames` frames of a clip side by side, as JPEG.

    Args:
        path: The source.
        clip: Which part of it.
        limits: What the source may ask of the machine.
        frames: How many.
        width: Of each, in pixels.
        quality: Of the JPEG.

    Raises:
        VideoError: the source cannot be decoded any more.
    """
    from PIL import Image

    wanted = {index for index, _ in evenly(clip.evidence, frames)}
    size = None
    pictures = []
    for frame in stream(path, wanted=wanted, threads=1, limits=media_limits(limits)):
        image = Image.fromarray(frame.image(2 * width))
        size = size or (width, max(1, round(width * image.height / image.width)))
        pictures.append(image.resize(size, Image.Resampling.LANCZOS))
    assert size is not None
    sheet = Image.new("RGB", (len(pictures) * (width + GAP) - GAP, size[1]), "white")
    for number, picture in enumerate(pictures):
        sheet.paste(picture, (number * (width + GAP), 0))
    buffer = io.BytesIO()
    sheet.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
