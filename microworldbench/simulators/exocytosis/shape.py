"""The shape of a fusing vesicle: a spherical cap on a short neck, whose area stays that of the vesicle.

Heights are above the middle of the cell's membrane, in nm; radii are to the middle of the vesicle's membrane.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Cap:
    """A vesicle: closed (base 0, standing off by `neck`), or open to the other side of the membrane."""

    base: float
    """Radius of the edge at which it joins the cell's membrane; 0 for a closed vesicle."""
    neck: float
    """Height of the neck, or of the gap under a closed vesicle."""
    height: float
    """Of the cap above its neck."""

    @property
    def radius(self) -> float:
        """Of the sphere that the cap is part of."""
        return (self.base**2 + self.height**2) / (2 * max(self.height, 1e-6))

    @property
    def centre(self) -> float:
        """Height of that sphere's middle."""
        return self.neck + self.height - self.radius

    @property
    def area(self) -> float:
        """Of cap and neck: π(a² + h²) + 2πaL."""
        return float(np.pi * (self.base**2 + self.height**2) + 2 * np.pi * self.base * self.neck)


def cap(base: float, neck: float, radius: float) -> Cap:
    """The cap of given base and neck with the area of a sphere of `radius`: h² = 4R² − a² − 2aL."""
    return Cap(base, neck, float(np.sqrt(max(4 * radius**2 - base**2 - 2 * base * neck, 0.0))))


def outline(shape: Cap, count: int) -> Array:
    """(count, 2: x, height) points along the section of a vesicle, from its left foot over the top to the right."""
    widest = np.arccos(np.clip((shape.radius - shape.height) / shape.radius, -1, 1)) if shape.base > 0 else np.pi
    turn = np.linspace(-widest, widest, 4 * count)
    arc = np.stack([shape.radius * np.sin(turn), shape.centre + shape.radius * np.cos(turn)], axis=1)
    if shape.base <= 0:
        return resampled(arc, count)
    foot = np.linspace(0, shape.neck, 8)[:-1]
    left = np.stack([np.full(len(foot), -shape.base), foot], axis=1)
    right = np.stack([np.full(len(foot), shape.base), foot[::-1]], axis=1)
    return resampled(np.concatenate([left, arc, right]), count)


def resampled(points: Array, count: int) -> Array:
    """`count` points at equal distances along a line."""
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    at = np.linspace(0, length[-1], count)
    return np.stack([np.interp(at, length, points[:, axis]) for axis in (0, 1)], axis=1)


def normals(points: Array) -> Array:
    """(n, 2) unit vectors to the left of the way along a line."""
    along = np.gradient(points, axis=0)
    size = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]
    return np.stack([-along[:, 1], along[:, 0]], axis=1) / size


def widening(start: float, rate: float, time: Array) -> Array:
    """φ(t) of dφ/dt = k·sin 2φ from φ(0) = `start`, integrated by Runge and Kutta's rule on a fixed grid of 0.02.

    The closed form is tan φ = tan φ₀ · exp(2kt).
    """
    step, end = 0.02, float(max(time.max(), 0.0))
    grid = np.arange(0, end + 2 * step, step)
    out = np.empty_like(grid)
    out[0] = start
    for i in range(1, len(grid)):
        phi = out[i - 1]
        k1 = rate * np.sin(2 * phi)
        k2 = rate * np.sin(2 * (phi + step / 2 * k1))
        k3 = rate * np.sin(2 * (phi + step / 2 * k2))
        k4 = rate * np.sin(2 * (phi + step * k3))
        out[i] = phi + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return np.interp(time, grid, out)
