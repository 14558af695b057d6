"""The outline of a crawling cell: a broad thin front, a narrow tail, ruffles that come and go."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .physics import RUFFLES, State

Array = NDArray[np.float64]

ANGLES = np.linspace(-np.pi, np.pi, 97)
"""Directions in the cell's own frame, 0 ahead; the last is the first again."""


def outlines(state: State, t: int) -> Array:
    """(cells, directions) distance of the outline from the centre, µm, at instant `t`; every cell has the same area."""
    if state.is_rigid:
        return np.full((state.xy_um.shape[1], len(ANGLES)), state.params.radius_um)
    turns = RUFFLES[:, None] * ANGLES
    ahead = 0.5 + 0.5 * np.cos(ANGLES)
    waves = state.ruffles[t, :, :, 0] @ np.cos(turns) + state.ruffles[t, :, :, 1] @ np.sin(turns)
    tail = 0.40 * np.exp(-(((np.abs(ANGLES) - np.pi) / 0.40) ** 2))
    front = 0.34 * np.exp(-((ANGLES / 0.85) ** 2)) - 0.12 * np.exp(-(((np.abs(ANGLES) - 2.1) / 0.6) ** 2))
    radii = 1 + front + tail + waves * (0.25 + 1.0 * ahead)
    radii = np.maximum(radii, 0.45)
    area = np.square(radii[:, :-1]).mean(axis=1, keepdims=True)
    return np.asarray(state.params.radius_um * radii / np.sqrt(area))
