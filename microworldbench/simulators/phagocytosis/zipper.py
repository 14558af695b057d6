"""The zipper: a rim that advances along a particle as fast as receptors diffuse to it.

Free receptors of density ξ diffuse in the membrane beyond the rim. At the rim they are captured until the membrane
behind it holds the density of bonds, so that its speed is a' = D·ξ'(rim)/(ξ_b − ξ₊). On a flat membrane this moving
boundary problem has the solution a = 2α·√(Dt) with α from √π·α·exp(α²)·erfc(α) = (ξ₀ − ξ₊)/(ξ_b − ξ₊) (Gao, Shi and
Freund 2005, Proc. Natl. Acad. Sci. 102, 9469). It is integrated here, in the frame that moves with the rim.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CELL_UM = 0.12
"""Grid along the membrane."""
REACH_UM = 36.0
"""Membrane that is followed beyond the rim; receptors farther away feel nothing within minutes."""


def rims(supplies: Array, diffusion_um2_s: float, seconds: float) -> tuple[Array, Array]:
    """Ways of several independent rims.

    Args:
        supplies: (rims,) (ξ₀ − ξ₊)/(ξ_b − ξ₊) of each.
        diffusion_um2_s: Of free receptors.
        seconds: How long they are followed.

    Returns:
        Times (steps,) in seconds and ways (steps, rims) in µm.
    """
    step = 0.4 * CELL_UM**2 / diffusion_um2_s
    count = int(np.ceil(seconds / step)) + 2
    free = np.tile(supplies[:, None], (1, round(REACH_UM / CELL_UM) + 1))  # density above that at the rim
    free[:, 0] = 0.0
    ways = np.zeros((count, len(supplies)))
    pace = diffusion_um2_s * step / CELL_UM**2
    for number in range(1, count):
        # One-sided second-order slope at the rim.
        slope = (4 * free[:, 1] - free[:, 2]) / (2 * CELL_UM)
        moved = diffusion_um2_s * slope * step
        ways[number] = ways[number - 1] + moved
        inner = free[:, 1:-1]
        change = pace * (free[:, 2:] - 2 * inner + free[:, :-2])
        change += (moved / (2 * CELL_UM))[:, None] * (free[:, 2:] - free[:, :-2])
        inner += change
    times: Array = np.arange(count, dtype=float) * step
    return times, ways


def steady_pace(supply: float) -> float:
    """α in a = 2α·√(Dt), from the closed form."""
    from scipy.optimize import brentq
    from scipy.special import erfcx

    return float(brentq(lambda alpha: np.sqrt(np.pi) * alpha * erfcx(alpha) - supply, 0.0, 50.0))
