"""Black borders: bands at the sides that stay black and flat, set off from the picture by a sharp edge.

Fluorescence pictures are dark at their sides too, but they get brighter by and by, where a letterbox ends from one row
to the next; and the dark bath around a tissue has grain, where a bar has one black. What is not flat, or has no sharp
edge, is not called a border.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .config import Border
from .evidence import Evidence, evenly
from .records import Clip

SIDES = ("top", "bottom", "left", "right")
EDGE_DEPTH = 1 / 90
"""Encoders smear an edge over a few rows or columns: this share of the height or width, two at least."""
EDGE_SHARE = 0.6
"""Behind the edge at most this share of a row, not counting bars at its ends, may still be black in every frame."""
FLAT_SHARE = 0.95
"""Of the outer half of a border that must have its black exactly: a dark background has grain, a bar has none."""
LARGEST = 0.45
"""Of the height or width: beyond it the picture is dark, not framed."""


class BorderScorer:
    """Measures the borders of a clip."""

    name = "border"
    version = 2

    def __init__(self, settings: Border) -> None:
        self.settings = settings

    def identity(self) -> dict[str, Any]:
        """What the score depends on."""
        return self.settings.model_dump(mode="json")

    def score(self, clip: Clip, evidence: Sequence[Evidence]) -> dict[str, Any]:
        """``share`` of the picture that is border, and ``pixels`` of it at top, bottom, left and right."""
        margins = [frame.margins for frame in evenly(evidence, self.settings.frames)]
        # In every frame: a bar that opens is none.
        lines = {side: np.min([getattr(each, side) for each in margins], axis=0) for side in SIDES}
        height, width = margins[0].height, margins[0].width
        sharp, smeared = (self._measured({side: lines[side][n] for side in SIDES}, height, width) for n in (0, 1))
        pixels = {side: _if_flat(max(sharp[side], smeared[side]), lines[side][0]) for side in SIDES}
        inside = (height - pixels["top"] - pixels["bottom"]) * (width - pixels["left"] - pixels["right"])
        return {"share": round(1 - inside / (height * width), 6), "pixels": pixels}

    def _measured(self, lines: Mapping[str, NDArray[np.float32]], height: int, width: int) -> dict[str, int]:
        """Pixels of border at each side."""
        runs = {side: _run(black, self.settings.share) for side, black in lines.items()}
        across, along = (runs["left"] + runs["right"]) / width, (runs["top"] + runs["bottom"]) / height
        ends = {"top": (height, across), "bottom": (height, across), "left": (width, along), "right": (width, along)}
        return {side: _edge(black, runs[side], *ends[side]) for side, black in lines.items()}


def _run(black: NDArray[np.float32], share: float) -> int:
    """How many leading lines are black in at least `share` of their pixels."""
    lit = np.flatnonzero(black < share)
    return int(lit[0]) if len(lit) else len(black)


def _edge(black: NDArray[np.float32], run: int, length: int, bars: float) -> int:
    """The `run` of black lines, if a sharp edge ends it; else 0.

    Args:
        black: How black each line is, from the side inwards.
        run: How many of them are black.
        length: From this side to the opposite one, in pixels.
        bars: The share of every line that black bars at its own ends take up.
    """
    if not run or run > LARGEST * length:
        return 0
    depth = max(2, round(EDGE_DEPTH * length))
    behind = (float(black[run : run + depth].min()) - bars) / max(1e-6, 1 - bars)
    return run if behind <= EDGE_SHARE else 0


def _if_flat(border: int, black: NDArray[np.float32]) -> int:
    return border if border and float(black[: (border + 1) // 2].mean()) >= FLAT_SHARE else 0
