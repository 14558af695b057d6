"""What stands behind the scores of one task, ready to be shown: frames, videos, criteria and every vote.

Evidence is handed over task by task, so that a page about 459 tasks needs the memory of one.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..results import Verdict
from ..rubric import Criterion, Dimension, Level, Polarity

if TYPE_CHECKING:
    from PIL import Image

THUMBNAIL_WIDTH = 192
THUMBNAIL_QUALITY = 70
MAX_THUMBNAIL_BYTES = 5_500
"""Eight frames of this size for 459 tasks make 27 MB of page, which leaves room for the text below 40 MB."""


@dataclass(frozen=True)
class Thumbnail:
    """One frame as the judge was shown it, made small."""

    number: int
    """From 1, as verdicts cite it."""
    time_s: float
    jpeg: bytes
    width: int
    height: int


@dataclass(frozen=True)
class VideoEvidence:
    """One video of a task, or why there is none."""

    seed: int
    status: Literal["ok", "failed", "missing"]
    """``failed``: the model failed. ``missing``: there is no video for another reason."""
    error: str | None = None
    href: str | None = None
    """Where the page finds the video: a relative address, percent-encoded (`relative_href`). None: no link."""
    source: Path | None = None
    """The file itself, read only where the page is to hold the video."""
    frames: tuple[Thumbnail, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    """Every vote on every criterion."""


@dataclass(frozen=True)
class CriterionEvidence:
    """A criterion as the page shows it. `scoring.Weighted` holds."""

    id: str
    dimension: Dimension
    statement: str | None
    """None where the suite states no licence, so that its text must not be passed on."""
    polarity: Polarity
    weight: float
    temporal: bool = False
    measured: bool = False
    """True where a measurement on pixels decides."""

    @classmethod
    def of(cls, criterion: Criterion, *, with_text: bool = True) -> CriterionEvidence:
        """`criterion` as evidence, without its statement where `with_text` is False."""
        return cls(
            id=criterion.id,
            dimension=criterion.dimension,
            statement=criterion.statement if with_text else None,
            polarity=criterion.polarity,
            weight=criterion.weight,
            temporal=criterion.temporal,
            measured=criterion.measurement is not None,
        )


@dataclass(frozen=True)
class TaskEvidence:
    """One task: what was asked, what was made of it, and what the judge said."""

    id: str
    title: str | None
    """None where the suite states no licence; the id then stands in."""
    level: Level
    prompt: str | None
    """None where the suite states no licence."""
    requirement: str | None
    criteria: tuple[CriterionEvidence, ...]
    videos: tuple[VideoEvidence, ...]
    """One a seed."""


def thumbnails(path: Path, count: int = 8, width: int = THUMBNAIL_WIDTH) -> list[Thumbnail]:
    """The frames a judge is shown of the video at `path`, as small JPEGs.

    Args:
        path: A video.
        count: Frames, at the midpoints of `count` equal parts, as `judging.footage` chooses them.
        width: Pixels; smaller videos are not enlarged, and very tall ones are held to twice the width.

    Returns:
        Thumbnails numbered from 1, each of at most `MAX_THUMBNAIL_BYTES` unless the picture resists all compression.

    Raises:
        VideoError: the file cannot be decoded.
    """
    from PIL import Image

    from ..video import sample

    found = []
    for number, frame in enumerate(sample(path, count), start=1):
        image = Image.fromarray(frame.image)
        image.thumbnail((width, 2 * width), Image.Resampling.LANCZOS)
        found.append(Thumbnail(number, round(frame.time_s, 6), _encode(image), image.width, image.height))
    return found


def _encode(image: Image.Image) -> bytes:
    # Noise compresses badly; lowering the quality for such frames alone keeps the page's size bounded.
    data = b""
    for quality in (THUMBNAIL_QUALITY, 50, 30, 15):
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality, optimize=True)
        data = buffer.getvalue()
        if len(data) <= MAX_THUMBNAIL_BYTES:
            break
    return data


def relative_href(video: Path, page: Path) -> str | None:
    """The address of `video` for a page at `page`: relative and percent-encoded, None across Windows drives."""
    import os
    from urllib.parse import quote

    try:
        relative = os.path.relpath(video, page.parent)  # textual, as a browser resolves it: links are not followed
    except ValueError:
        return None
    return quote(relative.replace(os.sep, "/"), safe="/")
