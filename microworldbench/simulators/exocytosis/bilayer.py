"""Where the lipids of the cell's membrane and of its vesicles lie in the section, at one moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .diffusion import Room
from .parameters import Params
from .shape import normals, outline, resampled

Array = NDArray[np.float64]

HEAD_NM = 1.15
"""Radius of a lipid's head as drawn."""
APART_NM = 1.95
"""Between neighbouring heads of a flat leaflet."""
ROUND_NM = 2.4
"""Radius over which the edge between vesicle and membrane is rounded."""
FAR_NM = 160.0


@dataclass(frozen=True)
class Sheet:
    """Lipids of one sheet. Points (n, 2: x, height) in nm."""

    heads: Array
    """Of both leaflets."""
    core: Array
    """Between them."""


def vesicle(params: Params, room: Room, whole: float) -> Sheet:
    """The membrane of a vesicle; as many lipids whatever its shape, of which a share `whole` is left."""
    leaf = params.half_nm - HEAD_NM + 0.35
    line = _joined(room)[1] if room.shape.base > 0 else outline(room.shape, 400)
    counts = [round(2 * np.pi * (params.radius_nm + side * leaf) / APART_NM) for side in (1, -1)]
    heads = []
    for side, count in zip((1, -1), counts, strict=True):
        middle = resampled(line, count + 1)[:-1]
        way = _outward(line, middle)
        heads.append(
            middle + side * leaf * way + (1 - whole) * 9.0 * way * (0.4 + np.linspace(0, 1, count)[:, None] % 0.37)
        )
    core = resampled(line, round(2 * np.pi * params.radius_nm / 1.4))
    points = np.concatenate(heads)
    shift = np.array([room.x_nm, -room.drop_nm])
    keep = (np.arange(len(points)) * 0.618034) % 1 < whole
    return Sheet(points[keep] + shift, (core + shift) if whole > 0.6 else np.empty((0, 2)))


def membrane(params: Params, rooms: tuple[Room, ...]) -> Sheet:
    """The cell's membrane: lipids make way for vesicles that open into it, area for area (x → √(x² + a²))."""
    leaf = params.half_nm - HEAD_NM + 0.35
    sets = []
    for apart, side in ((APART_NM, 1.0), (APART_NM, -1.0), (1.4, 0.0)):
        x = np.asarray((np.arange(int(2 * FAR_NM / apart)) + 0.5) * apart - FAR_NM, np.float64)
        points = np.stack([displaced(x, rooms), np.full(len(x), side * leaf)], axis=1)
        for room in rooms:
            if room.shape.base > 0:
                points = _bent(points, room, side * leaf)
        sets.append(points)
    return Sheet(np.concatenate(sets[:2]), sets[2])


def displaced(x_nm: Array, rooms: tuple[Room, ...]) -> Array:
    """Where what was at `x_nm` in the membrane is once vesicles have opened into it."""
    for room in rooms:
        if room.shape.base > 0:
            away = x_nm - room.x_nm
            x_nm = room.x_nm + np.sign(away) * np.hypot(away, room.shape.base)
    return x_nm


def _joined(room: Room) -> tuple[Array, Array, Array]:
    """Left membrane, vesicle and right membrane of an open vesicle as one line with rounded edges, about x = 0."""
    from scipy.ndimage import gaussian_filter1d

    feet = outline(room.shape, 400)
    step = 0.4
    flat = np.arange(0, 24, step)
    left = np.stack([-room.shape.base - flat[::-1] - step, np.zeros(len(flat))], axis=1)
    count = max(24, int(np.hypot(*np.diff(feet, axis=0).T).sum() / step))
    middle = resampled(feet, count)
    right = np.stack([room.shape.base + flat + step, np.zeros(len(flat))], axis=1)
    line = np.concatenate([left, middle, right])
    soft = gaussian_filter1d(line, ROUND_NM / step, axis=0, mode="nearest")
    place = np.arange(len(line))
    near = np.minimum(np.abs(place - len(left)), np.abs(place - len(left) - count + 1)) * step
    weight = np.exp(-((near / (2.2 * ROUND_NM)) ** 2))[:, None]
    line = line * (1 - weight) + soft * weight
    return line[: len(left)], line[len(left) : len(left) + count], line[len(left) + count :]


def _bent(points: Array, room: Room, offset: float) -> Array:
    """Lipids of the flat membrane near an open vesicle follow the rounded edge."""
    left, _, right = _joined(room)
    out = points.copy()
    for part, side in ((left, -1.0), (right, 1.0)):
        away = side * (points[:, 0] - room.x_nm) - room.shape.base
        near = (away >= 0) & (away < 22)
        distance = side * (part[:, 0] - side * room.shape.base)
        order = np.argsort(distance)
        way = normals(part)
        for axis in (0, 1):
            path = part[:, axis] + offset * way[:, axis]
            out[near, axis] = np.interp(away[near], np.linspace(0, 24, len(part)), path[order])
        out[near, 0] += room.x_nm
    return out


def _outward(line: Array, points: Array) -> Array:
    """(n, 2) unit vectors away from a vesicle's inside at points of its line."""
    way = normals(line)
    index = np.clip(
        np.searchsorted(np.linspace(0, 1, len(line)), np.linspace(0, 1, len(points) + 1)[:-1]), 0, len(line) - 1
    )
    return np.asarray(way[index])
