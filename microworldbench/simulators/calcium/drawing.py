"""Draws the muscle cell in the light of a calcium dye: striated, dim at rest, glowing where calcium is high."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..canvas import Frames, Plane, Print, bell, blur, clouds, pixels, smoothstep, tinted
from .physics import GRID_UM, State

Array = NDArray[np.float64]

_DYE_UM = 2.2
"""Calcium at which half of the dye is bound."""


@dataclass(frozen=True)
class View:
    """The rows of the picture with the cell in them, and its frame there."""

    rows: slice
    scale: float
    """Pixels a µm."""
    u: Plane
    """Coordinate along the cell in µm, one a pixel of the rows."""
    v: Plane
    """Across it."""
    depth: Plane
    """Distance inside the outline in µm; negative outside."""


def render(state: State, width: int, height: int) -> Frames:
    """Frames (instants, height, width, 3). The whole field is in the picture whatever its shape."""
    from scipy.ndimage import map_coordinates

    params, cell = state.params, state.cell
    scale = min(width / params.field_width_um, height / params.field_height_um)
    rng = np.random.default_rng([state.seed, 502])
    backdrop = _backdrop(rng, width, height, scale)
    view = _view(state, width, height, scale)
    printer = Print(rng, width, height, darkening=0.35, grain=0.011)
    body, grain = _body(state, rng, view)
    where = np.stack([view.v - cell.y_um[0], view.u - cell.x_um[0]]) / GRID_UM
    inside = smoothstep(-0.35, 0.35, view.depth)
    # Light of the dye spreads a little in the cell and glows beyond its rim.
    frames = np.empty((len(state.time_s), height, width, 3), np.uint8)
    for t in range(len(frames)):
        bound = _bound(state, t)
        glow = np.asarray(map_coordinates(bound, where, order=1, mode="nearest"), np.float32)
        halo = np.asarray(map_coordinates(_halo(bound), where, order=1, mode="nearest"), np.float32)
        image = backdrop.copy()
        part = image[view.rows]
        light = glow * grain * inside
        part *= (1 - 0.92 * inside)[..., None]
        part += tinted(inside * body * (0.9 + 0.5 * glow), (0.060, 0.300, 0.175))
        part += tinted(light, (0.16, 1.00, 0.38)) + tinted(light * light, (0.62, 0.10, 0.22))
        part += tinted(halo * (0.10 + 0.10 * inside), (0.10, 1.0, 0.45))
        frames[t] = printer.frame(image)
    return frames


def _bound(state: State, t: int) -> Plane:
    """Share of the dye bound beyond that at rest, 0 to 1, blurred as by a microscope."""
    calcium = state.calcium_um[t]
    rest = state.params.rest_um / (state.params.rest_um + _DYE_UM)
    bound = (calcium / (calcium + _DYE_UM) - rest) / (1 - rest)
    return blur(np.where(state.cell.inside, bound, 0), 0.45 / GRID_UM)


def _halo(bound: Plane) -> Plane:
    return blur(bound, 3.0 / GRID_UM)


def _view(state: State, width: int, height: int, scale: float) -> View:
    params, cell = state.params, state.cell
    reach = scale * (params.length_um / 2 * abs(np.sin(params.tilt)) + 0.62 * params.width_um + 7)
    rows = slice(max(0, int(height / 2 - reach)), min(height, int(height / 2 + reach) + 1))
    x, y = pixels(width, height)
    dx, dy = (x + 0.5 - width / 2) / scale, (y[rows] + 0.5 - height / 2) / scale
    c, s = np.cos(params.tilt), np.sin(params.tilt)
    u, v = (dx * c + dy * s).astype(np.float32), (dy * c - dx * s).astype(np.float32)
    inside = cell.inside
    top = np.array([cell.y_um[column].min() if column.any() else 0.0 for column in inside.T])
    bottom = np.array([cell.y_um[column].max() if column.any() else 0.0 for column in inside.T])
    # The outline follows the grid's columns, smoothed so that pixels of the grid don't show.
    smooth = np.hanning(17) / np.hanning(17).sum()
    top, bottom = (np.convolve(np.pad(edge, 8, "edge"), smooth, "valid") for edge in (top, bottom))
    across = np.minimum(v - np.interp(u, cell.x_um, top), np.interp(u, cell.x_um, bottom) - v)
    depth = np.minimum(across, np.float32(params.length_um / 2) - np.abs(u))
    return View(rows, scale, u, v, np.asarray(depth, np.float32))


def _body(state: State, rng: np.random.Generator, view: View) -> tuple[Plane, Plane]:
    """How bright the resting cell is, and by how much its structure modulates the dye's light."""
    height, width = view.u.shape
    params = state.params
    round_ = np.sqrt(np.clip(1 - (1 - np.clip(view.depth / (0.5 * params.width_um), 0, 1)) ** 2, 0, 1))
    fibrils = clouds(rng, width, height, (16, 32, 64), 0.7, stretch=9)
    mottle = clouds(rng, width, height, (6, 12, 24, 48), 0.65)
    waver = 0.45 * (clouds(rng, width, height, (5, 10), 0.6) - 0.5)
    # Striations finer than two pixels would alias.
    visible = np.clip(params.spacing_um * view.scale / 2 - 1, 0, 1)
    stripes = 0.5 + 0.5 * np.cos(2 * np.pi * ((view.u + params.length_um / 2) / params.spacing_um - 0.5 + waver))
    lines = np.float32(visible) * (stripes**2 - 0.375)
    nuclei = np.zeros_like(view.u)
    for side in (-1, 1):
        at = side * params.length_um * rng.uniform(0.13, 0.2)
        off = rng.uniform(-0.12, 0.12) * params.width_um
        r = np.hypot((view.u - at) / 6.2, (view.v - off) / 2.9)
        nuclei += smoothstep(1.12, 0.88, r) * np.float32(0.75) + bell(r - 1, 0.10) * np.float32(0.35)
    body = (0.42 + 0.52 * round_) * (0.62 + 0.42 * fibrils + 0.34 * mottle + 0.30 * lines * (1 - nuclei))
    body += 0.28 * nuclei + 0.55 * bell(view.depth - 0.25, 0.55)
    grain = (0.70 + 0.32 * round_) * (0.86 + 0.30 * fibrils + 0.34 * lines * (1 - 0.7 * nuclei)) * (1 - 0.16 * nuclei)
    return np.asarray(body, np.float32), np.asarray(grain, np.float32)


def _backdrop(rng: np.random.Generator, width: int, height: int, scale: float) -> Plane:
    """Dark bath with neighbours far out of focus."""
    x, y = pixels(width, height)
    murk, fine = clouds(rng, width, height, (2, 4, 8), 0.6), clouds(rng, width, height, (40, 80, 160), 0.8)
    image = tinted(0.5 + 0.7 * murk + 0.14 * fine, (0.010, 0.030, 0.036))
    for _ in range(3):
        cx, cy = rng.uniform(0, width), rng.choice([-0.08, 1.08]) * height
        turn = rng.uniform(-0.4, 0.4)
        u = ((x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)) / scale
        v = (-(x - cx) * np.sin(turn) + (y - cy) * np.cos(turn)) / scale
        d = np.hypot(np.clip(np.abs(u) - 45, 0, None), v) / rng.uniform(13, 17)
        image += tinted(smoothstep(1.7, 0.3, d), (0.006, 0.030, 0.022))
    return np.ascontiguousarray(image, np.float32)
