"""Draws the edge of a cell in two fluorescence channels: red filaments, green comets, a faint haze on black."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..canvas import Frames, Plane, Print, bell, clouds, pixels, smoothstep, tinted
from .physics import State

Array = NDArray[np.float64]

_WIDTH_UM = 0.13
"""Standard deviation of the microscope's blur across a filament (0.3 µm full width at half maximum)."""
_RED, _GREEN = (1.05, 0.13, 0.10), (0.16, 1.10, 0.34)
_LATTICE_UM = 0.05


@dataclass(frozen=True)
class View:
    """How the field lies in the picture."""

    scale: float
    """Pixels a µm."""
    x_um: Array
    """(width,) of the columns."""
    middle: float
    """Row of y = 0."""


def render(state: State, width: int, height: int) -> Frames:
    """Frames (instants, height, width, 3). The whole field is in the picture; filaments reach on to its left border."""
    params = state.params
    scale = min(width / params.field_width_um, height / params.field_height_um)
    x_um = np.asarray((np.arange(width) + 0.5 - width / 2) / scale + params.field_width_um / 2, np.float64)
    view = View(scale, x_um, height / 2)
    rng = np.random.default_rng([state.seed, 402])
    backdrop = _backdrop(rng, view, width, height)
    speckles = _speckles(rng, state.course.shape[0])
    printer = Print(rng, width, height, darkening=0.25, grain=0.014)
    bands: list[Band | None] = [None] * len(speckles)
    frames = np.empty((len(state.time_s), height, width, 3), np.uint8)
    for t in range(len(frames)):
        image = backdrop.copy()
        for i in range(len(speckles)):
            band = bands[i]
            if band is None or state.sway_um[t, i] > 0:
                bands[i] = band = _band(state, t, i, view, height)
            part = image[band.rows]
            for across, along, colour in _layers(state, t, i, view, band, speckles[i]):
                for channel, value in enumerate(colour):
                    part[..., channel] += across * (along * value)
        frames[t] = printer.frame(image)
    return frames


@dataclass(frozen=True)
class Band:
    """The rows around a filament, and how bright each pixel of them is for a filament of brightness 1 in its column."""

    rows: slice
    core: Plane
    glow: Plane


def _band(state: State, t: int, i: int, view: View, height: int) -> Band:
    a, b, c = state.course[i]
    x = view.x_um
    wave = state.sway_um[t, i] * np.sin(2 * np.pi * x / 6.5 - state.sway_phase[t, i]) * np.clip(x / 3.0, 0, 1)
    centre = view.middle + view.scale * (a + b * x + c * x * x + wave)
    lean = np.sqrt(1 + np.gradient(centre) ** 2) if len(x) > 1 else np.ones(1)
    reach = 1.6 * view.scale
    rows = slice(max(0, int(centre.min() - reach)), max(1, min(height, int(centre.max() + reach) + 2)))
    y = np.arange(rows.start, rows.stop)[:, None] + 0.5
    away = np.asarray(np.abs(y - centre) / lean / view.scale, np.float32)
    sigma = max(_WIDTH_UM, 0.7 / view.scale)
    core = np.asarray(np.exp(-0.5 * (away / sigma) ** 2), np.float32)
    glow = np.asarray(np.exp(-away / 0.42), np.float32)
    return Band(rows, core, glow)


def _layers(
    state: State, t: int, i: int, view: View, band: Band, speckle: Array
) -> Iterator[tuple[Plane, Plane, tuple[float, float, float]]]:
    """What to add to a filament's rows: (rows, width) across, (width,) along, colour."""
    x, tip, minus = view.x_um, float(state.tip_um[t, i]), float(state.minus_um[t, i])
    sigma = max(_WIDTH_UM, 0.7 / view.scale)
    there = _edge((tip - x) / sigma) * _edge((x - minus) / sigma) * state.brightness[t, i]
    # Speckles belong to the lattice: they travel with a rod that slides, and stay put in one that grows.
    moved = tip - float(state.tip_um[0, i]) if state.violation == "sliding_rods" else 0.0
    lattice = np.interp(x - moved, (np.arange(len(speckle)) - len(speckle) / 2) * _LATTICE_UM, speckle)
    green = _comet(state, t, i, x, sigma) if state.cap[t, i] > 0.02 else np.zeros(len(x))
    # The green channel is shown over the red one, so that comets read as green.
    red = np.asarray(0.78 * there * lattice * (1 - 0.72 * np.clip(green, 0, 1)), np.float32)
    yield band.core, red, _RED
    yield band.core * band.core, red, (0.10, 0.20, 0.14)
    yield band.glow, _soft(red, view), (0.16, 0.014, 0.014)
    if green.any():
        yield band.core, np.asarray(1.15 * green, np.float32), _GREEN
        yield band.core * band.core, np.asarray(green, np.float32), (0.25, 0.1, 0.20)
        yield band.glow, np.asarray(0.5 * _soft(green, view), np.float32), (0.06, 1.0, 0.24)


def _soft(along: NDArray[np.floating], view: View) -> Plane:
    """A glow reaches as far along a filament as across it."""
    from scipy.ndimage import gaussian_filter1d

    return np.asarray(gaussian_filter1d(along, 0.36 * view.scale, mode="nearest"), np.float32)


def _comet(state: State, t: int, i: int, x: Array, sigma: float) -> Array:
    """EB1 along the lattice behind the tip: it decays with the lattice's age, and the microscope blurs it."""
    from scipy.ndimage import gaussian_filter1d

    params = state.params
    length = params.growth_um_min / 60 * params.cap_s
    behind = float(state.tip_um[t, i]) - x
    step = float(x[1] - x[0]) if len(x) > 1 else 1.0
    # Pixels that the comet's ends cut across count in part.
    inside = np.clip(behind / step + 0.5, 0, 1) * np.clip((state.capped_um[t, i] - behind) / step + 0.5, 0, 1)
    profile = np.exp(-np.clip(behind, 0, None) / length) * inside * state.cap[t, i]
    return np.asarray(gaussian_filter1d(profile, max(0.1, sigma / step), mode="nearest"))


def _edge(x: Array) -> Array:
    """Blurred step from 0 to 1 (close to the normal distribution's)."""
    return np.asarray(1 / (1 + np.exp(-np.clip(1.7 * x, -40, 40))))


def _speckles(rng: np.random.Generator, n: int) -> Array:
    """(n, points): uneven labelling along each lattice, 1 in the mean."""
    from scipy.ndimage import gaussian_filter1d

    raw = rng.standard_normal((n, 4000))
    fine = gaussian_filter1d(raw, 0.16 / _LATTICE_UM, axis=1)
    return np.asarray(np.clip(1 + 0.17 * fine / fine.std(axis=1, keepdims=True), 0.5, 1.5))


def _backdrop(rng: np.random.Generator, view: View, width: int, height: int) -> Plane:
    """Almost black: haze of free tubulin and EB1 within the cell, and the faint line of its edge."""
    _, y = pixels(width, height)
    x = view.x_um.astype(np.float32)[None, :]
    ripple = clouds(rng, 8, max(height, 2), (3, 6, 12), 0.5)[:, :1]
    edge = np.float32(23.6) + np.float32(1.5) * (ripple - 0.5) - np.float32(2.5) * (y / height - 0.5) ** 2
    inside = smoothstep(0.5, -0.5, x - edge)
    haze = clouds(rng, width, height, (3, 6, 12, 24), 0.65)
    fine = clouds(rng, width, height, (40, 80, 160), 0.85)
    dim = (0.35 + 0.75 * haze + 0.28 * fine) * inside * (1.15 - 0.55 * x / 25)
    image = tinted(dim, (0.092, 0.020, 0.034)) + tinted(inside * fine * haze, (0.012, 0.044, 0.026))
    image += tinted(bell(x - edge, 0.22) * (0.3 + 0.9 * haze), (0.100, 0.048, 0.066))
    image += tinted(bell(x - edge + 1.1, 1.0) * inside * haze, (0.050, 0.020, 0.030))
    return np.ascontiguousarray(image + np.float32(0.010), np.float32)
