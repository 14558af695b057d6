"""Videos as experts see them: encoded anew, so that nothing but the picture tells where they come from.

Sound, metadata, container, codec and encoder settings can each give a generator away; pixels and frame rate are kept,
up to a common largest size. Files have random names and one modification time.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import VideoError
from ...video import Video, probe, read, write
from .records import Film

MAX_SIDE = 1280
"""Longest side in pixels; larger videos are reduced, all alike."""
CRF = 18
MAX_FRAMES = 3000


class FilmRoom:
    """Makes the videos of one study.

    Args:
        folder: Where they go.
        max_side: Longest side in pixels.
        told: Called with the number of videos made so far.
    """

    def __init__(
        self, folder: Path, *, max_side: int = MAX_SIDE, told: Callable[[int], None] = lambda _count: None
    ) -> None:
        self._folder, self._max_side, self._told = folder, max_side, told
        self._made: dict[tuple[str, str | None], Film] = {}

    def film(self, path: Path, *, sha256: str | None = None, run: str | None = None) -> Film:
        """The video at `path` as experts see it; made once, however often it is shown.

        Args:
            path: The video.
            sha256: What it should have; None takes what it has.
            run: The generator it came from.

        Raises:
            VideoError: it cannot be read, is another than it was, or is too long.
        """
        found = _sha256(path)
        if sha256 is not None and found != sha256:
            raise VideoError(f"{path}: is not the video that was recorded (sha256 {found[:12]}…, not {sha256[:12]}…)")
        if (found, run) not in self._made:
            self._made[found, run] = self._make(path, found, run)
            self._told(len(self._made))
        return self._made[found, run]

    def _make(self, path: Path, sha256: str, run: str | None) -> Film:
        info = probe(path)
        if info.frames > MAX_FRAMES:
            raise VideoError(f"{path}: has {info.frames:,} frames; at most {MAX_FRAMES:,} are shown, cut it first")
        name = f"{secrets.token_hex(16)}.mp4"
        target = self._folder / name
        write(target, _reduced(read(path), self._max_side), CRF)
        os.utime(target, (0, 0))  # the order in which files were made would tell the runs apart
        shown = probe(target)
        return Film(
            file=name,
            source_sha256=sha256,
            run=run,
            width=shown.width,
            height=shown.height,
            fps=round(shown.fps, 6),
            frames=shown.frames,
            duration_s=round(shown.duration_s, 6),
        )


def _reduced(video: Video, max_side: int) -> Video:
    from PIL import Image

    scale = max_side / max(video.width, video.height)
    if scale >= 1:
        return video
    size = max(2, round(video.width * scale)), max(2, round(video.height * scale))

    def small(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS))

    return Video(np.stack([small(frame) for frame in video.frames]), video.fps, video.times_s)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise VideoError(f"{path}: cannot be read ({error.strerror or error})") from error
