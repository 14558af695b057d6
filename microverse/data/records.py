"""What is known about sources and clips."""

from __future__ import annotations

import os
import re
from typing import Annotated

from pydantic import Field, JsonValue

from microworldbench.rubric import Level, Record

YOUTUBE_ID = re.compile(r"[A-Za-z0-9_-]{11}")


class GivenSpan(Record):
    """A clip somebody else cut, as a manifest names it."""

    start_s: float = Field(ge=0)
    end_s: float | None = None
    """None: to the end."""
    caption: str | None = None
    level: Level | None = None
    id: str | None = None
    """As they called it."""


class Known(Record):
    """What a manifest or a collection says about a source."""

    video_id: str | None = None
    url: str | None = None
    title: str | None = None
    description: str | None = None
    channel: str | None = None
    licence: str | None = None
    """As its platform or its owner states it, e.g. ``creativeCommon`` or ``CC-BY-4.0``."""
    level: Level | None = None
    spans: tuple[GivenSpan, ...] = ()


class Source(Record):
    """One video, told from others by its content."""

    id: str
    """Beginning of the file's sha256: survives renaming."""
    path: str
    """Below the sources' folder; bytes that are not UTF-8 as surrogate escapes."""
    sha256: str
    packets_sha256: str
    """Of the compressed pictures: the same in another container."""
    file_bytes: int
    width: int
    height: int
    fps: float
    frames: int
    duration_s: float
    codec: str
    rotation_deg: int
    variable_frame_rate: bool
    known: Known = Known()

    @property
    def title(self) -> str:
        """What people are shown: its title, else its path as text that can always be printed."""
        return self.known.title or os.fsencode(self.path).decode("utf-8", "backslashreplace")


class Clip(Record):
    """A stretch of a source; no media yet."""

    id: str
    """Digest of source, span and how the span was found."""
    source: str
    first: int
    """Number of its first frame in the source."""
    last: int
    """Number of its last frame, included."""
    start_s: float
    end_s: float
    """When the frame after it appears."""
    evidence: Annotated[tuple[tuple[int, float], ...], Field(min_length=1)]
    """Frames its scores are computed from: number and time in the source."""

    @property
    def duration_s(self) -> float:
        """Seconds it plays."""
        return self.end_s - self.start_s


class ClipRow(Record):
    """A clip with everything found out about it; scores by stage, None where a stage has not looked yet."""

    clip: Clip
    source: Source
    scores: dict[str, dict[str, JsonValue] | None] = Field(default_factory=dict)
