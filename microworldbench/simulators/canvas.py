"""Drawing for the simulators: noise textures, sub-pixel stamps, soft lines, light, grain. Numpy and scipy only.

Images are float32 arrays of shape (height, width, 3) with values around 0 to 1 in display space; `Print` turns them
into 8-bit frames. Everything random comes from a generator the caller seeds, so a scene draws the same twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
"""A (height, width) layer, or a (height, width, 3) image."""
Frames = NDArray[np.uint8]
"""Frames of shape (frames, height, width, 3)."""


def smoothstep(low: float, high: float, x: NDArray[np.floating[Any]]) -> Plane:
    """Hermite ramp from 0 where `x` is at `low` to 1 at `high`; `low` may exceed `high`."""
    t = np.clip((x - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def ramp(low: float, high: float, x: float) -> float:
    """`smoothstep` of one number."""
    t = min(1.0, max(0.0, (x - low) / (high - low)))
    return t * t * (3 - 2 * t)


def bell(x: NDArray[np.floating[Any]], width: float) -> Plane:
    """Gaussian ``exp(-(x / width)²)``."""
    return np.asarray(np.exp(-np.square(x / np.float32(width))), np.float32)


def tinted(layer: NDArray[np.floating[Any]], colour: Sequence[float]) -> Plane:
    """A grey layer (height, width) times a colour."""
    out = np.empty((*layer.shape, len(colour)), np.float32)
    for channel, value in enumerate(colour):  # thrice as fast as broadcasting over a short last axis
        np.multiply(layer, np.float32(value), out=out[..., channel])
    return out


def pixels(width: int, height: int) -> tuple[Plane, Plane]:
    """Pixel centres as open grids (1, width) and (height, 1)."""
    return np.arange(width, dtype=np.float32)[None, :], np.arange(height, dtype=np.float32)[:, None]


def blur(layer: NDArray[np.floating[Any]], sigma: float) -> Plane:
    """Gaussian blur of a layer by `sigma` pixels."""
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(layer, sigma, mode="nearest"), np.float32)


def _spline(size: int, knots: int) -> Plane:
    """Matrix (size, knots + 3) of cubic B-spline weights that spreads a coarse grid over `size` pixels."""
    at = np.linspace(0, knots, size, endpoint=False)
    cell = np.floor(at).astype(int)
    f = at - cell
    weights = np.zeros((size, knots + 3), np.float32)
    for offset, w in enumerate(((1 - f) ** 3, 3 * f**3 - 6 * f**2 + 4, -3 * f**3 + 3 * f**2 + 3 * f + 1, f**3)):
        weights[np.arange(size), cell + offset] = w / 6
    return weights


def clouds(
    rng: np.random.Generator,
    width: int,
    height: int,
    octaves: Sequence[float] = (4, 8, 16, 32, 64),
    persistence: float = 0.6,
    stretch: float = 1.0,
) -> Plane:
    """Smooth noise in 0..1: octaves of random grids, spread by cubic B-splines.

    Args:
        rng: Source of the grids.
        width: Pixels across.
        height: Pixels down.
        octaves: Features across the longer side, coarse to fine; those finer than two pixels are left out.
        persistence: Amplitude of an octave relative to the one before.
        stretch: How much longer features are along x than along y.
    """
    total = np.zeros((height, width), np.float32)
    longest = max(width, height)
    for number, octave in enumerate(octaves):
        across = max(1, round(octave * width / longest / max(1.0, stretch) ** 0.5))
        down = max(1, round(octave * height / longest * max(1.0, stretch) ** 0.5))
        grid = rng.random((down + 3, across + 3), dtype=np.float32) - 0.5
        if octave > longest / 2:
            continue
        total += persistence**number * (_spline(height, down) @ grid @ _spline(width, across).T)
    total -= total.min()
    return np.asarray(total / max(float(total.max()), 1e-6), np.float32)


def filaments(points: NDArray[np.float64], strength: NDArray[np.float64], width: int, height: int) -> Plane:
    """Splats dense points (n, 2: x, y in pixels) of given `strength` (n) bilinearly onto a layer.

    Lines drawn as points half a pixel apart come out smooth and anti-aliased; blur the layer for thickness.
    """
    inside = (points[:, 0] >= 0) & (points[:, 1] >= 0) & (points[:, 0] < width - 1) & (points[:, 1] < height - 1)
    x, y, s = points[inside, 0], points[inside, 1], strength[inside]
    column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    fx, fy = x - column, y - row
    flat = row * width + column
    layer = np.zeros(width * height)
    for step, share in ((0, (1 - fx) * (1 - fy)), (1, fx * (1 - fy)), (width, (1 - fx) * fy), (width + 1, fx * fy)):
        layer += np.bincount(flat + step, s * share, minlength=layer.size)
    return layer.reshape(height, width).astype(np.float32)


def strand(
    image: Plane,
    points: NDArray[np.float64],
    radius: float,
    colour: Sequence[float],
    tip: float = 1.0,
    body: float = 0.9,
) -> None:
    """Lays a round strand over an image along a polyline, lit from above, with a soft shadow.

    Args:
        image: Changed in place.
        points: (n, 2) pixels (x, y), at least two.
        radius: Of the strand at its first point, in pixels; strands thinner than a pixel get fainter instead.
        colour: Of the strand.
        tip: Radius at the last point over that at the first.
        body: Brightness.
    """
    reach = 2.2 * radius + 2
    left, top = np.maximum(np.floor(points.min(axis=0) - reach), 0).astype(int)
    right, bottom = np.ceil(points.max(axis=0) + reach).astype(int) + 1
    part = image[top:bottom, left:right]
    if part.size == 0:
        return
    x, y = pixels(part.shape[1], part.shape[0])
    nearest = np.full(part.shape[:2], 1e6, np.float32)
    share = np.zeros(part.shape[:2], np.float32)
    below = np.zeros(part.shape[:2], np.float32)
    knots = (points - (left, top)).tolist()  # plain floats leave the arrays' precision as it is
    for i, ((ax, ay), (bx, by)) in enumerate(pairwise(knots)):
        ux, uy = bx - ax, by - ay
        t = np.clip(((x - ax) * ux + (y - ay) * uy) / max(ux * ux + uy * uy, 1e-6), 0, 1)
        dx, dy = x - (ax + t * ux), y - (ay + t * uy)
        distance = np.hypot(dx, dy)
        closer = distance < nearest
        nearest = np.where(closer, distance, nearest)
        below = np.where(closer, dy, below)
        share = np.where(closer, (i + t) / (len(points) - 1), share)
    local = np.maximum(radius * (1 - (1 - tip) * share), 0.55).astype(np.float32)
    strength = min(1.0, 0.35 + radius / 0.9)
    cover = smoothstep(0.6, -0.6, nearest - local) * np.float32(strength)
    shadow = smoothstep(1.9, 0.4, nearest / local) * np.float32(0.28 * strength)
    dome = np.sqrt(np.clip(1 - np.square(nearest / local), 0, 1))
    light = body * (0.72 + 0.28 * dome) - 0.20 * np.clip(below / local, -1, 1)
    part *= (1 - np.maximum(cover, shadow))[..., None]
    part += tinted(light * cover, colour)


@dataclass(frozen=True)
class Stamp:
    """A small picture ready to be laid over an image: ``image · keep + ink``, its centre at `anchor`."""

    ink: Plane
    keep: Plane
    anchor: int


class StampBook:
    """Stamps drawn once per look and sub-pixel phase, then laid down many times.

    Args:
        draw: Called with a look and the grids (x, y) of a square around the stamp's centre, in pixels; returns
            colour (n, n, 3) and opacity (n, n), and may add a shadow opacity (n, n) that lies beneath.
        reach: Half the side of that square, in pixels.
    """

    def __init__(
        self, draw: Callable[[Hashable, Plane, Plane], tuple[Plane, Plane, Plane | None]], reach: float
    ) -> None:
        self._draw = draw
        self._half = max(2, math.ceil(reach) + 1)
        # Finer phases than these cannot be seen, and large stamps would fill the memory.
        self._phases = 3 if self._half <= 32 else 2
        self._stamps: dict[tuple[Hashable, int, int], Stamp] = {}

    def lay(self, image: Plane, look: Hashable, x: float, y: float) -> None:
        """Lays the stamp for `look` over `image` with its centre at pixel (x, y); parts outside are cut off."""
        column, row = math.floor(x), math.floor(y)
        n = self._phases
        key = look, int((x - column) * n), int((y - row) * n)
        stamp = self._stamps.get(key) or self._stamp(key)
        left, top = column - stamp.anchor, row - stamp.anchor
        side = stamp.keep.shape[0]
        height, width = image.shape[:2]
        if 0 <= left <= width - side and 0 <= top <= height - side:
            part = image[top : top + side, left : left + side]
            part *= stamp.keep
            part += stamp.ink
            return
        x0, y0, x1, y1 = max(0, left), max(0, top), min(width, left + side), min(height, top + side)
        if x1 <= x0 or y1 <= y0:
            return
        part = image[y0:y1, x0:x1]
        cut = slice(y0 - top, y1 - top), slice(x0 - left, x1 - left)
        part *= stamp.keep[cut]
        part += stamp.ink[cut]

    def _stamp(self, key: tuple[Hashable, int, int]) -> Stamp:
        """Draws the stamp of a look and a phase, and keeps it."""
        look, i, j = key
        axis = np.arange(-self._half, self._half + 2, dtype=np.float32)
        x, y = axis[None, :] - (i + 0.5) / self._phases, axis[:, None] - (j + 0.5) / self._phases
        colour, opacity, shadow = self._draw(look, x.astype(np.float32), y.astype(np.float32))
        keep = 1 - opacity if shadow is None else (1 - opacity) * (1 - shadow)
        self._stamps[key] = Stamp(
            np.ascontiguousarray(colour * opacity[..., None], np.float32),
            np.repeat(keep[..., None].astype(np.float32), 3, axis=2),  # runs of 3n numbers, which numpy does fast
            self._half,
        )
        return self._stamps[key]


class Print:
    """Turns images into frames: vignette, sensor grain, 8 bits.

    Args:
        rng: Source of the grain.
        width: Pixels across.
        height: Pixels down.
        darkening: How much darker the corners are.
        grain: Standard deviation of the grain, as a fraction of white.
    """

    def __init__(
        self, rng: np.random.Generator, width: int, height: int, darkening: float = 0.35, grain: float = 0.01
    ) -> None:
        x, y = pixels(width, height)
        radius = ((x - width / 2) / (width / 2)) ** 2 + ((y - height / 2) / (height / 2)) ** 2
        self._light = np.asarray(255 * (1 - darkening * np.clip(radius / 2, 0, 1)), np.float32)[..., None]
        self._grain = rng.standard_normal((height + 64, width + 64, 1), dtype=np.float32) * np.float32(255 * grain)
        self._grain += 0.5  # so that the cut to 8 bits rounds
        self._rng = rng

    def frame(self, image: Plane) -> Frames:
        """One 8-bit frame (height, width, 3). `image` is used up."""
        height, width = image.shape[:2]
        dy, dx = self._rng.integers(0, 64, 2)
        image *= self._light
        image += self._grain[dy : dy + height, dx : dx + width]
        np.clip(image, 0, 255, out=image)
        return image.astype(np.uint8)
