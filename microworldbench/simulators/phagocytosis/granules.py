"""Vesicles in the macrophage: they jitter in the cytoplasm, and some gather at the closed vacuole."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .parameters import Params

Array = NDArray[np.float64]

GRANULES, HELPERS, HELPER_UM_MIN = 22, 7, 14.0
"""Vesicles in the cell, how many of them go to the vacuole, and how fast."""


def gathered(
    params: Params, rng: np.random.Generator, cell: Array, prey: Array, closed: Array, size: float, step_s: float
) -> Array:
    """Places (steps, granules, 2) of all vesicles in µm.

    Args:
        params: The cell.
        rng: Draws where they are and how they jitter.
        cell: (steps, 2) centre of the cell.
        prey: (steps, 2) centre of the bacterium.
        closed: (steps,) how far its vacuole has parted from the surface.
        size: Of the bacterium, over the true one.
        step_s: Time between steps.
    """
    turn, r = rng.uniform(0, 2 * np.pi, GRANULES), params.radius_um * np.sqrt(rng.uniform(0.12, 0.72, GRANULES))
    home = np.stack([r * np.cos(turn), r * np.sin(turn)], axis=1)
    ring = np.arange(HELPERS) * 2 * np.pi / HELPERS + rng.uniform(-0.25, 0.25, HELPERS)
    dock = np.stack([np.cos(ring), np.sin(ring)], axis=1) * (0.5 * params.prey_length_um * size + 0.55)
    kicks = 0.06 * rng.standard_normal((len(cell), GRANULES, 2))
    place = home.copy()
    out = np.empty((len(cell), GRANULES, 2))
    for i in range(len(cell)):
        place += kicks[i] - 0.01 * (place - home)
        if closed[i] > 0:
            aim = prey[i] - cell[i] + dock
            left = aim - place[:HELPERS]
            far = np.maximum(np.hypot(left[:, 0], left[:, 1]), 1e-9)
            place[:HELPERS] += left * np.minimum(1.0, HELPER_UM_MIN / 60 * step_s / far)[:, None] * closed[i]
            home[:HELPERS] = place[:HELPERS]
        out[i] = cell[i] + place
    return out
