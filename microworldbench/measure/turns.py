"""Where a noisy course over time turns round, and how often it rises."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Series = NDArray[np.float64]

SWING = 0.35
"""A turn counts from this part of the whole range."""


def turns(values: Series) -> list[int]:
    """Where `values` turn round between their ends, without ripples smaller than `SWING` of their range."""
    least = SWING * float(np.ptp(values))
    found: list[int] = []
    top = bottom = way = 0
    for i, value in enumerate(values):
        top = i if value > values[top] else top
        bottom = i if value < values[bottom] else bottom
        if way >= 0 and values[top] - value > least:
            found.append(top)
            way, bottom = -1, i
        elif way <= 0 and value - values[bottom] > least:
            found.append(bottom)
            way, top = 1, i
    return [turn for turn in found if turn > 0]


def swings(values: Series) -> Series:
    """Steps between the ends and turns of `values`, over their range; their signs alternate."""
    steps = np.diff(values[[0, *turns(values), len(values) - 1]])
    return np.asarray(steps / max(float(np.ptp(values)), 1e-12))


def rises(values: Series) -> float:
    """How often `values` rise; a part of a rise counts by its part of the range."""
    steps = swings(values)
    return float(steps[steps > 0].sum())
