"""Decoded frames as RGB pictures the way a player shows them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from av.sidedata.sidedata import Type
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from ..errors import VideoError
from .clip import over_black


@dataclass(frozen=True)
class Orientation:
    """How stored pixels are turned for display: swap rows and columns, then mirror."""

    swapped: bool = False
    mirrored_x: bool = False
    mirrored_y: bool = False

    @property
    def rotation_deg(self) -> int:
        """Clockwise: 0, 90, 180 or 270. A mirrored picture gives the turn that comes after mirroring left and right."""
        if self.swapped:
            return 270 if self.mirrored_y else 90
        return 180 if self.mirrored_y else 0

    def applied(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture as it is shown, contiguous."""
        if self.swapped:
            picture = picture.swapaxes(0, 1)
        if self.mirrored_x:
            picture = picture[:, ::-1]
        if self.mirrored_y:
            picture = picture[::-1]
        return np.ascontiguousarray(picture)


def orientation_of(frame: Any) -> Orientation:
    """The orientation in a frame's display matrix.

    The matrix (a b u; c d v; x y w), 16.16 fixed point, sends a stored point (p, q) to (a·p + c·q, b·p + d·q); y
    points down (ISO/IEC 14496-12, 6.2.2).

    Raises:
        VideoError: the picture is to be turned by something else than quarter turns.
    """
    side_data = frame.side_data.get(Type.DISPLAYMATRIX)
    if side_data is None:
        return Orientation()
    a, b, _, c, d = (int(value) for value in np.frombuffer(bytes(side_data), dtype=np.int32)[:5])
    straight, turned = min(abs(a), abs(d)), min(abs(b), abs(c))
    if max(abs(b), abs(c)) * 50 <= straight:  # within about one degree
        return Orientation(False, a < 0, d < 0)
    if max(abs(a), abs(d)) * 50 <= turned:
        return Orientation(True, c < 0, b < 0)
    angle = math.degrees(math.atan2(b, a))
    raise VideoError(f"is to be shown turned by {angle:.0f}°; only quarter turns are supported, re-encode it upright")


class Painter:
    """Turns the frames of one video into RGB pictures, all of one size."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()
        self._size: tuple[int, int] | None = None

    def paint(self, frame: Any, max_side: int | None = None) -> NDArray[np.uint8]:
        """The frame as uint8 H×W×3 RGB, turned for display, alpha composited over black, deep colours cut to 8 bits.

        WebM keeps the alpha of VP8 and VP9 beside the picture; it is not read, and colours come as they are stored.

        Args:
            frame: As the decoder gives it.
            max_side: Longest side in pixels; a larger picture is shrunk to it. None keeps its size.

        Raises:
            VideoError: the frame's size differs from the first one's, or its orientation is not supported.
        """
        size = (frame.width, frame.height)
        self._size = self._size or size
        if size != self._size:
            before, now = (f"{w}×{h}" for w, h in (self._size, size))
            raise VideoError(f"changes its size from {before} to {now} pixels while it plays; re-encode it to one size")
        has_alpha = frame.format.has_palette or any(part.is_alpha for part in frame.format.components)
        layout = "rgba" if has_alpha else "rgb24"
        scale = min(1.0, (max_side or math.inf) / max(size))
        width, height = (max(1, round(side * scale)) for side in size)
        converted = self._reformatter.reformat(frame, width, height, format=layout)
        picture: NDArray[np.uint8] = converted.to_ndarray().astype(np.uint8, copy=False)
        if has_alpha:
            picture = over_black(picture)
        return orientation_of(frame).applied(picture)
