"""Draws the gap in phase contrast: the sheet carried along behind its edges, lamellipodia, halos, bare ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..canvas import Frames, Plane, Print, bell, clouds, pixels, smoothstep, tinted
from .physics import State
from .sheet import BARE, CELL, Sheet, drawn

COARSE = 6
"""Every how manyeth column the displacement is solved for; it is smooth."""
LAMELLA_UM = 8.0
"""Usual reach of a lamellipodium beyond an edge."""
JOSTLE_UM, JOSTLE_H = 1.3, 1.7
"""How far cells in the sheet are pushed to and fro, and in what time."""


@dataclass(frozen=True)
class View:
    """How the field lies in the picture, and what sways in it."""

    scale: float
    x: Plane
    """(1, w) µm."""
    y: Plane
    """(h, 1) µm."""
    sways: tuple[Plane, Plane, Plane, Plane]
    """(h, w) displacements in µm: two phases along x, two along y."""
    edges: tuple[Plane, Plane]
    """(instants, h) how much farther than usual the lamellipodia reach, left and right, 0 to 1."""
    bulges: tuple[Plane, Plane]
    """(h,) how far single cells bulge beyond an edge, µm."""
    seam: Plane
    """(h,) where edges that have met lie, right of where they met, µm: cells fit in between each other."""
    ruffles: Plane
    """(h, w + 8) folds of the lamellipodia, 0 to 1."""


def render(state: State, width: int, height: int) -> Frames:
    """Frames (instants, height, width, 3). The field's width fills the picture; taller ones show it mirrored below."""
    params = state.params
    scale = width / params.field_width_um
    rng = np.random.default_rng([state.seed, 702])
    sheet = drawn(state, rng, 1.6 * scale)
    ground = _ground(rng, width, height)
    view = _view(state, rng, width, height, scale)
    printer = Print(rng, width, height, darkening=0.28, grain=0.010)
    frames = np.empty((len(state.time_s), height, width, 3), np.uint8)
    for t in range(len(frames)):
        sheet.advance(float(state.hours[t]))
        frames[t] = printer.frame(_frame(state, t, view, sheet, ground))
    return frames


def _view(state: State, rng: np.random.Generator, width: int, height: int, scale: float) -> View:
    x, y = pixels(width, height)
    sways = tuple(JOSTLE_UM * 2 * (clouds(rng, width, height, (14, 28), 0.6) - 0.5) for _ in range(4))
    edges = tuple(clouds(rng, height, len(state.time_s), (9, 18), 0.7, stretch=0.7) for _ in range(2))
    bulges = tuple(3.2 * (clouds(rng, height, 4, (24,), 0.7)[1] - 0.5) for _ in range(2))
    y_um = (y - np.float32(height / 2)) / np.float32(scale)
    tall = np.float32(state.params.field_height_um)
    return View(
        scale,
        (x - np.float32(width / 2)) / np.float32(scale),
        np.abs((y_um + tall / 2 + tall) % (2 * tall) - tall) - tall / 2,
        (sways[0], sways[1], sways[2], sways[3]),
        (edges[0], edges[1]),
        (bulges[0], bulges[1]),
        9 * (clouds(rng, height, 4, (14, 28), 0.8)[1] - 0.5),
        clouds(rng, width + 8, height, (60, 120), 0.7),
    )


def _frame(state: State, t: int, view: View, sheet: Sheet, ground: Plane) -> Plane:
    """One image: ground, lamellipodia with their halos, and the sheet."""
    rows = view.y[:, 0].astype(np.float64)
    left, right = (np.interp(rows, state.rows_um, edge[t]) for edge in (state.left_um, state.right_um))
    width = right - left
    is_open = np.clip(width / 14, 0, 1)
    seam = view.seam * (1 - is_open)
    left = (left + view.bulges[0] * is_open + seam).astype(np.float32)[:, None]
    right = (right + view.bulges[1] * is_open + seam).astype(np.float32)[:, None]
    open_ = is_open.astype(np.float32)[:, None]
    depth = np.maximum(left - view.x, view.x - right)  # within the sheet; negative over the gap
    image = ground.copy()
    reach = [LAMELLA_UM * (0.15 + 1.6 * edge[t][:, None]) for edge in view.edges]
    side = view.x < (left + right) / 2
    _lamella(image, depth, np.where(side, reach[0], reach[1]) * open_, open_, view, t)
    covered = smoothstep(-0.5 / view.scale, 0.5 / view.scale, depth)
    colour = _carried(state, t, view, sheet, left, right)
    joint = bell(depth, 1.1) * (1 - open_) * np.float32(0.16)
    rim = bell(depth - 1.6, 1.5) * open_ * np.float32(0.16)
    colour += tinted(rim - joint, CELL)
    image += (colour - image) * covered[..., None]
    if state.island.any():
        _islands(image, state, t, view, sheet)
    for x, y in state.runners_um[t]:
        if np.interp(y, state.rows_um, state.left_um[t]) - 6 < x < np.interp(y, state.rows_um, state.right_um[t]) + 6:
            _runner(image, view, float(x), float(y))
    return image


def _lamella(image: Plane, depth: Plane, reach: Plane, open_: Plane, view: View, t: int) -> None:
    """Thin sheets in front of the edges with ruffles and a bright brim, and the halo of phase contrast around them."""
    out = -depth
    there = smoothstep(0.6 / view.scale, -0.6 / view.scale, out - reach) * (out > -3) * open_
    ruffle = view.ruffles[:, t % 7 :][:, : out.shape[1]]
    brim = bell(out - reach + 0.9, 1.0) * open_
    halo = bell(np.clip(out - reach, 0, None), 4.5) * (out > reach) * open_
    thick = np.clip(1 - out / np.maximum(reach, 1), 0, 1)
    image *= (1 - there * (0.10 + 0.20 * thick))[..., None]
    image += tinted(there * (ruffle - 0.5) * 0.22 + 0.17 * brim + 0.20 * halo, (0.95, 1.0, 1.0))


def _carried(state: State, t: int, view: View, sheet: Sheet, left: Plane, right: Plane) -> Plane:
    """Colours of the sheet at every pixel, taken from where its cells were at rest."""
    rows, width = view.y[:, 0].astype(np.float64), view.x.shape[1]
    came = [np.interp(rows, state.rows_um, way[t]).astype(np.float32)[:, None] for way in state.advance_um]
    knots = np.linspace(0, width - 1, max(2, -(-width // COARSE))).astype(np.float32)
    x = np.interp(knots, np.arange(width), view.x[0]).astype(np.float32)[None, :]
    on_left = x < (left + right) / 2
    at_rest = np.where(
        on_left,
        left - came[0] - _depth_at_rest(left - x, came[0], state.follow_um),
        right + came[1] + _depth_at_rest(x - right, came[1], state.follow_um),
    )
    # Linear between knots, on each side of the middle apart: a pixel takes the knots of its own side.
    place = np.arange(width) / max(1, width - 1) * (len(knots) - 1)
    low = np.minimum(place.astype(int), len(knots) - 2)
    share = (place - low).astype(np.float32)[None, :]
    a, b = at_rest[:, low], at_rest[:, low + 1]
    apart = on_left[:, low] != on_left[:, low + 1]
    blend = a * (1 - share) + b * share
    step = np.float32(knots[1] - knots[0]) / np.float32(view.scale)
    mine = view.x < (left + right) / 2
    blend = np.where(apart, np.where(mine, a + share * step, b - (1 - share) * step), blend)
    phase = 2 * np.pi * float(state.hours[t]) / JOSTLE_H
    c, s = np.float32(np.cos(phase)), np.float32(np.sin(phase))
    sway = view.sways
    return sheet.at(blend + sway[0] * c + sway[1] * s, view.y + sway[2] * c + sway[3] * s)


def _depth_at_rest(depth: Plane, came: Plane, follow: float) -> Plane:
    """Depth s behind the edge at rest of what now lies `depth` behind it: depth = s + came·(1 − exp(−s/ℓ)).

    Newton's method from below, where the right side is concave, so that it converges.
    """
    depth = np.maximum(depth, 0)
    s = depth / (1 + np.maximum(came, 0) / np.float32(follow))
    for _ in range(5):
        fade = np.exp(-s / np.float32(follow))
        s = s - (s + came * (1 - fade) - depth) / np.maximum(1 + came / np.float32(follow) * fade, 0.05)
    return np.asarray(np.maximum(s, 0), np.float32)


def _islands(image: Plane, state: State, t: int, view: View, sheet: Sheet) -> None:
    """Lays cells that came from nowhere over the gap."""
    from scipy.ndimage import map_coordinates

    row = np.interp(view.y[:, 0], state.rows_um, np.arange(len(state.rows_um)))
    column = np.interp(view.x[0], state.columns_um, np.arange(len(state.columns_um)))
    cover = map_coordinates(state.island[t], np.meshgrid(row, column, indexing="ij"), order=1).astype(np.float32)
    there = smoothstep(0.44, 0.56, cover)[..., None]
    halo = bell(cover - 0.36, 0.10) * np.float32(0.14)
    y, x = np.broadcast_arrays(view.y, view.x)
    image += tinted(halo * (1 - there[..., 0]), (0.95, 1.0, 1.0))
    # The gap has no cells at rest: these look like those on the right, a little wider than they are there.
    gap, middle = np.float32(state.params.gap_um), np.float32(state.params.gap_offset_um)
    image += (sheet.at(middle + 0.92 * gap + 0.82 * (x - middle), y) - image) * there


def _runner(image: Plane, view: View, x: float, y: float) -> None:
    """Lays one cell that crosses the gap alone."""
    reach = 16.0
    columns = np.flatnonzero(np.abs(view.x[0] - x) < reach)
    rows = np.flatnonzero(np.abs(view.y[:, 0] - y) < reach)
    if not (columns.size and rows.size):
        return
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    u, v = view.x[:, part[1]] - np.float32(x), view.y[part[0]] - np.float32(y)
    angle = np.arctan2(v, u)
    d = np.hypot(u, v) - (9.5 + 1.2 * np.sin(3 * angle + y) + 0.8 * np.sin(5 * angle))
    there = smoothstep(0.5 / view.scale, -0.5 / view.scale, d)
    nucleus = smoothstep(1.1, 0.9, np.hypot(u / 5.0, v / 4.0))
    grey = 0.56 - 0.10 * nucleus - 0.16 * bell(np.hypot(u - 1.2, v + 0.8), 1.3) + 0.16 * bell(d + 2.0, 1.4)
    halo = bell(np.clip(d, 0, None), 4.0) * (1 - there) * np.float32(0.22)
    image[part] += tinted(halo, (0.95, 1.0, 1.0))
    image[part] += (tinted(grey, CELL) - image[part]) * there[..., None]


def _ground(rng: np.random.Generator, width: int, height: int) -> Plane:
    """Bare ground: an even grey, lit a little more on one side, with hardly a speck."""
    x, y = pixels(width, height)
    haze = clouds(rng, width, height, (2, 4), 0.6)
    light = 0.80 + 0.05 * haze + 0.05 * (0.5 - (x / width + y / height) / 2)
    return np.ascontiguousarray(tinted(light * np.ones((height, width), np.float32), BARE))
