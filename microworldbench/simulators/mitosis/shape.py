"""The cell's outline: two spheres under a smooth union, scaled so that the enclosed volume is what it should be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Body:
    """Two lobes on the division axis, at −separation and +separation. Lengths in µm."""

    separation: float
    left: float
    """Radius of the left lobe."""
    right: float
    blend: float
    """Width of the smooth union; 0 leaves two spheres."""

    def scaled(self, factor: float) -> Body:
        """The same shape, `factor` times as large."""
        return Body(self.separation * factor, self.left * factor, self.right * factor, self.blend * factor)

    @property
    def volume(self) -> float:
        """Of the body of revolution about the division axis, in µm³, by the midpoint rule."""
        reach = self.separation + max(self.left, self.right) + self.blend
        x = (np.arange(240) + 0.5) / 240 * 2 * reach - reach
        y = (np.arange(120) + 0.5) / 120 * reach
        inside = self.depth(x[None, :], y[:, None]) < 0
        return float(2 * np.pi * (inside * y[:, None]).sum() * (x[1] - x[0]) * (y[1] - y[0]))

    def depth(self, x: Array, y: Array) -> Array:
        """Signed distance to the surface (negative inside) at points along and across the division axis."""
        return union(
            np.hypot(x + self.separation, y) - self.left, np.hypot(x - self.separation, y) - self.right, self.blend
        )


def union(a: NDArray[np.floating], b: NDArray[np.floating], blend: float) -> Array:
    """Quadratic smooth minimum of two distance fields (Quilez 2013); exact minimum for a blend of 0."""
    if blend <= 0:
        return np.asarray(np.minimum(a, b))
    overlap = np.clip(blend - np.abs(a - b), 0, None)
    return np.asarray(np.minimum(a, b) - overlap * overlap / (4 * blend))


def body(progress: float, volume_ratio: float, volume: float) -> Body:
    """The cell at `progress` of its division (0 round, 1 two cells) enclosing `volume` µm³.

    Scaling a body by s scales its volume by s³, so one volume of the unscaled shape gives the exact factor.
    """
    small = volume_ratio ** (1 / 3)
    left, right = 1.0, 1 + (small - 1) * progress
    separation = 1.10 * progress * (left + right) / 2
    raw = Body(separation, left, right, blend=1.6 * max(0.0, 1 - progress) ** 0.8)
    return raw.scaled((volume / raw.volume) ** (1 / 3))
