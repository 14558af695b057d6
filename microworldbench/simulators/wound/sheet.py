"""The resting sheet as a picture in phase contrast: cells with borders and nuclei, before and after they divide."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..canvas import Plane, bell, clouds, ramp, smoothstep, tinted
from .physics import State

MARGIN_UM = 60.0
"""How far the picture reaches beyond the field, for what is carried into it."""
ROUND_H = 0.35
"""Before and after a division a cell is round for about this long."""
CELL, BARE = (0.86, 0.90, 0.84), (0.66, 0.70, 0.74)
"""Tints of cells and of bare ground."""


@dataclass
class Sheet:
    """The picture of the sheet at one moment; `advance` brings it to another."""

    now: Plane
    """(h, w, 3)"""
    before: Plane
    after: Plane
    """The same with every cell that divides replaced by its daughters."""
    scale: float
    """Pixels a µm."""
    corner_um: tuple[float, float]
    events: list[Division]
    _phases: dict[int, float] = field(default_factory=dict)

    def advance(self, hour: float) -> None:
        """Draws divisions as they stand at `hour`: a cell rounds up and brightens, then there are two."""
        for number, event in enumerate(self.events):
            phase = min(1.0, max(0.0, (hour - event.hour) / (2 * ROUND_H) + 0.5))
            if phase == self._phases.get(number, 0.0):
                continue
            self._phases[number] = phase
            share = np.float32(ramp(0.4, 0.65, phase))
            patch = self.before[event.part] * (1 - share) + self.after[event.part] * share
            swell = np.float32(0.34 * ramp(0.0, 0.4, phase) * ramp(1.0, 0.6, phase))
            patch += (bell(event.away, 0.30) - 0.6 * bell(event.away - 0.42, 0.09))[..., None] * swell
            self.now[event.part][event.own] = patch[event.own]

    def at(self, x_um: Plane, y_um: Plane) -> Plane:
        """Colours (h, w, 3) at places in the resting sheet."""
        height, width = self.now.shape[:2]
        column = ((x_um - np.float32(self.corner_um[0])) * np.float32(self.scale)).astype(np.int32)
        row = ((y_um - np.float32(self.corner_um[1])) * np.float32(self.scale)).astype(np.int32)
        np.clip(column, 0, width - 1, out=column)
        np.clip(row, 0, height - 1, out=row)
        return np.asarray(self.now.reshape(-1, 3)[row * width + column], np.float32)


@dataclass(frozen=True)
class Division:
    """One division in the picture."""

    hour: float
    part: tuple[slice, slice]
    own: NDArray[np.bool_]
    """Pixels of the part that belong to the cell."""
    away: Plane
    """Their distance from the cell's middle, in cells."""


@dataclass(frozen=True)
class _Regions:
    """Which cell every pixel belongs to."""

    owner: NDArray[np.int32]
    near: Plane
    """Distance to its middle, µm."""
    border: Plane
    """By how much nearer that is than the next, µm: about twice the distance to the border."""
    u: Plane
    """Place relative to its middle, µm."""
    v: Plane


def drawn(state: State, rng: np.random.Generator, scale: float) -> Sheet:
    """The sheet of a state, at `scale` pixels a µm."""
    params = state.params
    corner = -params.field_width_um / 2 - MARGIN_UM, -params.field_height_um / 2 - 6.0
    width, height = int(-2 * corner[0] * scale), int(-2 * corner[1] * scale)
    x = (np.arange(width, dtype=np.float32) / np.float32(scale) + np.float32(corner[0]))[None, :]
    y = (np.arange(height, dtype=np.float32) / np.float32(scale) + np.float32(corner[1]))[:, None]
    warp = [0.42 * params.cell_um * (clouds(rng, width, height, (20, 40), 0.6) - 0.5) for _ in range(2)]
    warped = (x + warp[0], y + warp[1])
    noise = clouds(rng, width, height, (30, 60, 120, 240), 0.85) - 0.5
    looks = rng.standard_normal((len(state.cells_um), 6), dtype=np.float32)
    regions = _regions(state.cells_um, warped, params.cell_um, scale, corner)
    mothers = state.divides_h < params.hours + ROUND_H
    turn = rng.uniform(0, np.pi, len(mothers))
    apart = 0.25 * params.cell_um * np.stack([np.cos(turn), np.sin(turn)], axis=1).astype(np.float32)
    whole = np.ones(len(mothers), np.float32)
    before = _shaded(regions, looks, whole, noise, params.cell_um)
    halved = _halved(regions, apart * mothers[:, None])
    after = _shaded(halved, looks, np.where(mothers, 0.7 * whole, whole), noise, params.cell_um)
    events = []
    for cell in np.flatnonzero(mothers):
        part = _window(state.cells_um[cell], 1.3 * params.cell_um, noise.shape, scale, corner)
        own = regions.owner[part] == cell
        if own.any():
            away = regions.near[part] / np.float32(params.cell_um)
            events.append(Division(float(state.divides_h[cell]), part, own, away))
    return Sheet(before.copy(), before, after, scale, corner, events)


def _window(
    middle: NDArray[np.float64], reach: float, shape: tuple[int, ...], scale: float, corner: tuple[float, float]
) -> tuple[slice, slice]:
    spans = []
    for place, start, side in ((middle[1], corner[1], shape[0]), (middle[0], corner[0], shape[1])):
        first, last = int((place - reach - start) * scale), int((place + reach - start) * scale) + 1
        spans.append(slice(min(max(first, 0), side), min(max(last, 0), side)))
    return spans[0], spans[1]


def _regions(
    cells: NDArray[np.float64], warped: tuple[Plane, Plane], cell_um: float, scale: float, corner: tuple[float, float]
) -> _Regions:
    """The regions nearest to cells' middles, by a window around each."""
    shape = warped[0].shape
    near, second = np.full(shape, 1e3, np.float32), np.full(shape, 1e3, np.float32)
    owner = np.zeros(shape, np.int32)
    for number, middle in enumerate(cells):
        part = _window(middle, 1.9 * cell_um, shape, scale, corner)
        d = np.hypot(warped[0][part] - np.float32(middle[0]), warped[1][part] - np.float32(middle[1]))
        first = near[part]
        second[part] = np.minimum(second[part], np.maximum(first, d))
        owner[part][d < first] = number
        near[part] = np.minimum(first, d)
    u, v = (warped[axis] - cells[:, axis].astype(np.float32)[owner] for axis in (0, 1))
    return _Regions(owner, near, second - near, u, v)


def _halved(regions: _Regions, apart: Plane) -> _Regions:
    """The same with cells cut in two: daughters at ± `apart` (cells, 2) from the middle; those at 0 stay whole."""
    dx, dy = apart[regions.owner, 0], apart[regions.owner, 1]
    side = np.where(regions.u * dx + regions.v * dy >= 0, np.float32(1), np.float32(-1))
    u, v = regions.u - side * dx, regions.v - side * dy
    near = np.hypot(u, v)
    other = np.hypot(u + 2 * side * dx, v + 2 * side * dy)
    whole = (dx == 0) & (dy == 0)
    border = np.where(whole, regions.border, np.minimum(regions.border, other - near))
    return _Regions(regions.owner, near, border, u, v)


def _shaded(regions: _Regions, looks: Plane, size: Plane, noise: Plane, cell_um: float) -> Plane:
    """Cells in phase contrast, tinted; `size` (cells,) is that of their nuclei over the usual one."""
    owner, border = regions.owner, regions.border
    c, s = np.cos(2 * looks[:, 0])[owner], np.sin(2 * looks[:, 0])[owner]
    usual = size[owner] * np.float32(cell_um)
    along = (regions.u * c + regions.v * s) / (0.28 * usual)
    across = (regions.v * c - regions.u * s) / (0.21 * usual)
    nucleus = np.hypot(along, across)
    spots = np.zeros(owner.shape, np.float32)
    for k in (1, 3):
        offset = np.clip(0.35 * looks[:, k : k + 2], -0.5, 0.5)
        spots += bell(np.hypot(along - offset[owner, 0], across - offset[owner, 1]), 0.24)
    grey = 0.50 + 0.055 * looks[owner, 5] + 0.30 * noise + 0.10 * bell(regions.near, 0.55 * cell_um)
    grey += 0.13 * bell(border - 5.0, 2.6) - 0.24 * bell(border, 1.9)
    inside = smoothstep(1.08, 0.92, nucleus)
    grey -= inside * 0.10 - 0.11 * bell(nucleus - 1.05, 0.12)
    grey -= 0.17 * spots * inside
    return tinted(grey, CELL)
