"""Molecular surfaces: balls under a depth buffer, lit from the upper left, darker in clefts and at their outlines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .canvas import Plane

Array = NDArray[np.float64]

_LIGHT = np.array([-0.42, -0.62, 0.66])
_FINE = 2
"""Samples a pixel along each side."""


@dataclass(frozen=True)
class Balls:
    """Balls in a frame with x to the right, y down and z towards the viewer; any unit of length."""

    centre: Array
    """(n, 3)"""
    radius: Array
    """(n,)"""
    colour: Array
    """(n, 3)"""

    def scaled(self, factor: float) -> Balls:
        """The same balls, `factor` times as large."""
        return Balls(self.centre * factor, self.radius * factor, self.colour)

    def moved(self, x: float, y: float, z: float = 0.0) -> Balls:
        """The same balls elsewhere."""
        return Balls(self.centre + np.array([x, y, z]), self.radius, self.colour)


def cluster(
    rng: np.random.Generator,
    half_axes: tuple[float, float, float],
    count: int,
    radius: float,
    colour: tuple[float, float, float],
    variety: float = 0.10,
) -> Balls:
    """`count` balls that fill an ellipsoid unevenly, as the chain of a folded protein does."""
    turn = np.arange(count) * 2.399963 + rng.uniform(0, 6.28)
    z = 1 - 2 * (np.arange(count) + 0.5) / count
    ring = np.sqrt(1 - z * z)
    shell = np.stack([ring * np.cos(turn), ring * np.sin(turn), z], axis=1)
    depth = rng.uniform(0.72, 1.02, count)[:, None]
    tone = rng.normal(1, variety, (count, 1))
    return Balls(
        shell * depth * (np.array(half_axes) - 0.7 * radius),
        radius * rng.uniform(0.85, 1.2, count),
        np.clip(np.array(colour) * tone, 0, 1.2),
    )


def surface(balls: Balls, x: Plane, y: Plane) -> tuple[Plane, Plane]:
    """Colour (m, n, 3) and opacity (m, n) of balls in pixels, at the pixel centres `x` (1, n) and `y` (m, 1)."""
    xs, ys = _finer(x.ravel()), _finer(y.ravel())
    depth = np.full((len(ys), len(xs)), -1e6, np.float32)
    lean = np.zeros((*depth.shape, 2), np.float32)
    owner = np.full(depth.shape, -1, np.int32)
    step = 1 / _FINE
    for i, ((cx, cy, cz), radius) in enumerate(zip(balls.centre, balls.radius, strict=True)):
        x0, x1 = np.searchsorted(xs, (cx - radius, cx + radius + step))
        y0, y1 = np.searchsorted(ys, (cy - radius, cy + radius + step))
        if x1 <= x0 or y1 <= y0:
            continue
        u, v = (xs[x0:x1] - cx)[None] / radius, (ys[y0:y1] - cy)[:, None] / radius
        dome = 1 - u * u - v * v
        rise = cz + radius * np.sqrt(np.clip(dome, 0, None))
        part = depth[y0:y1, x0:x1]
        front = (dome > 0) & (rise > part)
        part[front] = rise[front]
        owner[y0:y1, x0:x1][front] = i
        lean[y0:y1, x0:x1, 0][front] = np.broadcast_to(u, dome.shape)[front]
        lean[y0:y1, x0:x1, 1][front] = np.broadcast_to(v, dome.shape)[front]
    return _shaded(balls, depth, lean, owner)


def _finer(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sample points within each pixel."""
    offsets = (np.arange(_FINE, dtype=np.float32) + 0.5) / _FINE - 0.5
    return np.asarray((pixels[:, None] + offsets).ravel(), np.float32)


def _shaded(balls: Balls, depth: Plane, lean: Plane, owner: NDArray[np.int32]) -> tuple[Plane, Plane]:
    from scipy.ndimage import gaussian_filter, maximum_filter

    there = owner >= 0
    if not there.any():
        size = depth.shape[0] // _FINE, depth.shape[1] // _FINE
        return np.zeros((*size, 3), np.float32), np.zeros(size, np.float32)
    size_px = float(np.median(balls.radius)) * _FINE
    floor = float(depth[there].min()) - 2 * size_px / _FINE
    height = np.where(there, depth, floor)
    nz = np.sqrt(np.clip(1 - np.square(lean).sum(axis=-1), 0, 1))
    shine = np.clip(lean[..., 0] * _LIGHT[0] + lean[..., 1] * _LIGHT[1] + nz * _LIGHT[2], 0, 1)
    # Clefts lie lower than what surrounds them and get less of the light that comes from everywhere.
    sunk = gaussian_filter(height, 1.6 * size_px) - height
    open_ = np.clip(1 - 0.55 * sunk / max(size_px / _FINE * 1.6, 1e-6), 0.35, 1.15)
    drop = maximum_filter(height, 3) - height
    line = 1 - 0.38 * np.clip(drop / max(0.9 * size_px / _FINE, 1e-6) - 0.6, 0, 1)
    colour = balls.colour[np.maximum(owner, 0)] * ((0.40 + 0.66 * shine) * open_ * line)[..., None]
    colour += (0.30 * shine**14)[..., None]
    colour *= there[..., None]
    opacity = _coarser(there.astype(np.float32))
    flat = _coarser(colour.astype(np.float32)) / np.maximum(opacity, 1e-3)[..., None]
    return np.asarray(flat, np.float32), opacity


def _coarser(fine: Plane) -> Plane:
    """Means over the samples of each pixel."""
    m, n = fine.shape[0] // _FINE, fine.shape[1] // _FINE
    return np.asarray(fine.reshape(m, _FINE, n, _FINE, *fine.shape[2:]).mean(axis=(1, 3)), np.float32)
