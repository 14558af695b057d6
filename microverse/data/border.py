"""Black borders: rows and columns at the edges that stay black, set off from the picture by a sharp edge.

Fluorescence pictures are dark at their edges too, but they get brighter by and by; a letterbox ends from one row to the
next. What has no sharp edge is not called a border.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .config import Border
from .evidence import Darkness, Evidence, evenly
from .records import Clip

EDGE_DEPTH = 1 / 180
"""Encoders smear an edge over a few rows or columns: this share of the height or width, two at least."""
EDGE_SHARE = 0.6
"""Behind the edge at most this share of a row, not counting bars at its ends, may still be black in every frame."""
LARGEST = 0.45
"""Of the height or width: beyond it the picture is dark, not framed."""


class BorderScorer:
    """Measures the borders of a clip."""

    name = "border"
    version = 1

    def __init__(self, settings: Border) -> None:
        self.settings = settings

    def identity(self) -> dict[str, Any]:
        """What the score depends on."""
        return self.settings.model_dump(mode="json")

    def score(self, clip: Clip, evidence: Sequence[Evidence]) -> dict[str, Any]:
        """``share`` of the picture that is border, and ``pixels`` of it at top, bottom, left and right."""
        frames = evenly(evidence, self.settings.frames)
        # In every frame: a bar that opens is none. A dark picture's bars show in the deepest black alone.
        found = [self._measured([getattr(frame, kind) for frame in frames]) for kind in ("dark", "black")]
        top, bottom, left, right = (max(sides) for sides in zip(*found, strict=True))
        height, width = len(frames[0].dark.rows), len(frames[0].dark.columns)
        inside = (height - top - bottom) * (width - left - right)
        return {
            "share": round(1 - inside / (height * width), 6),
            "pixels": {"top": top, "bottom": bottom, "left": left, "right": right},
        }

    def _measured(self, frames: Sequence[Darkness]) -> tuple[int, int, int, int]:
        """Pixels at top, bottom, left and right."""
        rows = np.min([frame.rows for frame in frames], axis=0)
        columns = np.min([frame.columns for frame in frames], axis=0)
        share = self.settings.share
        across = _edges(rows, share, bars=float((columns >= share).mean()))
        return (*across, *_edges(columns, share, bars=float((rows >= share).mean())))


def _edges(dark: NDArray[np.float32], share: float, *, bars: float) -> tuple[int, int]:
    """Border at both ends. `bars`: the share of every row that black bars at its own ends take up."""
    return _edge(dark, share, bars), _edge(dark[::-1], share, bars)


def _edge(dark: NDArray[np.float32], share: float, bars: float) -> int:
    """How many leading rows are black in every frame; 0 where no sharp edge ends them."""
    lit = np.flatnonzero(dark < share)
    if not len(lit) or not lit[0] or lit[0] > LARGEST * len(dark):
        return 0
    width = int(lit[0])
    depth = max(2, round(EDGE_DEPTH * len(dark)))
    behind = (float(dark[width : width + depth].min()) - bars) / max(1e-6, 1 - bars)
    return width if behind <= EDGE_SHARE else 0
