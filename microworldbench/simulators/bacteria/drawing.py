"""Draws the colony under agarose: glossy rods with nucleoids and septa, their shadows, grains in the pad."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..canvas import Frames, Plane, Print, bell, blur, clouds, pixels, smoothstep, tinted
from .physics import State

MARGIN_UM = 0.6
"""How far a rod's distance field is drawn beyond its surface."""
SEPTUM_UM = 0.30
"""Half-width of the waist of a rod that is about to divide."""


@dataclass(frozen=True)
class _Layers:
    """What the shading needs to know of every pixel: of the rod nearest to it."""

    distance: Plane
    """To the surface in µm, negative inside."""
    across: Plane
    """Signed component of the surface normal along the light."""
    nucleoid: Plane
    """0 to 1."""
    tone: Plane
    """Colour of the rod, 0 to 1."""


def render(state: State, width: int, height: int) -> Frames:
    """Frames (instants, height, width, 3). The whole field is in the picture whatever its shape."""
    params = state.params
    scale = min(width / params.field_width_um, height / params.field_height_um)
    rng = np.random.default_rng([state.seed, 402])
    pad = _pad(rng, width, height, scale)
    printer = Print(rng, width, height, darkening=0.45, grain=0.009)
    texture = 0.12 * (clouds(rng, width, height, (40, 80, 160), 0.8) - 0.5)
    frames = np.empty((len(state.time_s), height, width, 3), np.uint8)
    for t in range(len(frames)):
        image = pad.copy()
        rows, columns = _occupied(state, t, width, height, scale)
        layers = _layers(state, t, width, height, scale, rows, columns)
        part = image[rows, columns]
        part[:] = _shaded(layers, part, texture[rows, columns], scale)
        frames[t] = printer.frame(image)
    return frames


def _occupied(state: State, t: int, width: int, height: int, scale: float) -> tuple[slice, slice]:
    """Rows and columns of the picture that hold the colony, its shadow and its glow; at least one of each."""
    alive = state.alive[t]
    reach = (state.length_um[t, alive] / 2 + 4 * MARGIN_UM)[:, None]
    low = ((state.xy_um[t, alive] - reach).min(axis=0) * scale).astype(int)
    high = ((state.xy_um[t, alive] + reach).max(axis=0) * scale).astype(int)
    spans = []
    for first, last, side in zip(low, high, (width, height), strict=True):
        start = min(max(0, int(first) + side // 2), side - 1)
        spans.append(slice(start, max(start + 1, min(side, int(last) + side // 2 + 1))))
    return spans[1], spans[0]


def _layers(state: State, t: int, width: int, height: int, scale: float, rows: slice, columns: slice) -> _Layers:
    shape = rows.stop - rows.start, columns.stop - columns.start
    distance = np.full(shape, 9.0, np.float32)
    across, nucleoid, tone = (np.zeros(shape, np.float32) for _ in range(3))
    radius = state.params.width_um / 2
    for i in np.flatnonzero(state.alive[t]):
        half = max(0.0, float(state.length_um[t, i]) / 2 - radius)
        angle, (x, y) = float(state.angle[t, i]), state.xy_um[t, i]
        c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        column, row = width / 2 + x * scale - columns.start, height / 2 + y * scale - rows.start
        reach_x = (half * abs(c) + radius + MARGIN_UM) * scale
        reach_y = (half * abs(s) + radius + MARGIN_UM) * scale
        left, right = max(0, int(column - reach_x)), min(shape[1], int(column + reach_x) + 2)
        top, bottom = max(0, int(row - reach_y)), min(shape[0], int(row + reach_y) + 2)
        if left >= right or top >= bottom:
            continue
        dx = (np.arange(left, right, dtype=np.float32) - np.float32(column))[None, :] / np.float32(scale)
        dy = (np.arange(top, bottom, dtype=np.float32) - np.float32(row))[:, None] / np.float32(scale)
        u, v = dx * c + dy * s, dy * c - dx * s
        beyond = u - np.clip(u, -half, half)
        off = np.sqrt(beyond * beyond + v * v)
        grown = (state.length_um[t, i] - state.born_um[i]) / max(state.goal_um[i] - state.born_um[i], 1e-6)
        pinch = np.float32(0.85 * radius * max(0.0, (grown - 0.72) / 0.28) ** 2)
        d = off - np.float32(radius) + pinch * bell(u, SEPTUM_UM)
        part = np.s_[top:bottom, left:right]
        nearer = d < distance[part]
        inverse = 1 / np.maximum(off, 1e-3)
        # The light comes from the upper left: the normal is (beyond, v) in the rod's frame.
        lit = -(0.5 * (beyond * c - v * s) + 0.85 * (beyond * s + v * c)) * inverse
        centres = _nucleoids(u, half, float(grown))
        core = bell(centres, 0.42 * min(1.0, half + 0.35)) * bell(v, 0.62 * radius)
        for layer, value in ((distance, d), (across, lit), (nucleoid, core), (tone, state.tone[i])):
            np.copyto(layer[part], value, where=nearer)
    return _Layers(distance, across, nucleoid, tone)


def _nucleoids(u: Plane, half: float, grown: float) -> Plane:
    """Distance along the rod to the nearest nucleoid: one in the middle, which parts into two at the quarters."""
    apart = np.float32((half * 0.62) * min(1.0, max(0.0, 2.0 * grown - 0.3)))
    return np.asarray(np.abs(np.abs(u) - apart), np.float32)


def _shaded(layers: _Layers, pad: Plane, texture: Plane, scale: float) -> Plane:
    """The rods over the pad, in light from the upper left."""
    d, tone = layers.distance, layers.tone
    inside = smoothstep(0.55 / scale, -0.55 / scale, d)
    cover = blur(inside, 0.45 * scale)
    glow = blur(inside, 1.6 * scale)
    image = pad * (1 - 0.42 * np.roll(cover, (round(0.22 * scale), round(0.12 * scale)), (0, 1)))[..., None]
    image += tinted(glow * (1 - inside), (0.015, 0.085, 0.055))
    slope = np.clip(1 + d / 0.5, 0, 1)  # 0 on the axis, 1 at the surface
    dome = np.sqrt(1 - slope * slope)
    shade = 0.34 + 0.52 * dome + 0.30 * layers.across * slope + texture
    seam = smoothstep(-0.20, -0.02, d)
    shade *= 1 - 0.62 * seam
    gleam = bell(d + 0.20, 0.10) * np.clip(layers.across - 0.35, 0, 1) * 0.9
    rim = bell(d + 0.05, 0.05) * np.clip(-layers.across, 0, 1) * 0.20
    red, green, blue = 0.20 + 0.42 * tone, 0.80 - 0.04 * tone, 0.56 - 0.34 * tone
    core = layers.nucleoid * 0.30
    colour = np.empty_like(image)
    for channel, (value, soft, light) in enumerate(((red, 0.10, 1.0), (green, 0.32, 1.0), (blue, 0.26, 0.92))):
        colour[..., channel] = shade * value + core * soft + (gleam + rim) * light
    opacity = inside[..., None]
    return np.asarray(image * (1 - opacity) + colour * opacity, np.float32)


def _pad(rng: np.random.Generator, width: int, height: int, scale: float) -> Plane:
    """Agarose: blue-green haze with a net of fibres, lit from the upper left, and grains that stay where they are."""
    x, y = pixels(width, height)
    haze, fine = clouds(rng, width, height, (2, 4, 8), 0.6), clouds(rng, width, height, (24, 48, 96), 0.85)
    spot = bell(np.hypot((x - 0.42 * width) / width, (y - 0.40 * height) / height), 0.75)
    image = tinted((0.40 + 0.40 * haze + 0.20 * fine) * (0.55 + 0.75 * spot), (0.075, 0.150, 0.205))
    for octave, thickness, strength in ((7, 0.020, 0.050), (13, 0.028, 0.035)):
        fibres = bell(clouds(rng, width, height, (octave, 2 * octave), 0.55) - 0.5, thickness) * haze
        image += tinted(fibres * np.float32(strength), (0.55, 1.0, 1.05))
    grains = np.zeros((height, width), np.float32)
    for _ in range(40):
        cx, cy, size = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0.06, 0.22) * scale
        r = np.hypot(x - np.float32(cx), y - np.float32(cy))
        grains += bell(r, max(0.8, size)) * np.float32(rng.uniform(-0.035, 0.06))
    return np.ascontiguousarray(image + tinted(grains, (0.7, 1.0, 1.1)), np.float32)
