"""Draws the vessel: tissue, wall, plasma, clot with fibrin, and biconcave red cells in depth."""

from __future__ import annotations

from collections.abc import Hashable
from typing import cast

import numpy as np

from ..canvas import Frames, Plane, Print, StampBook, bell, blur, clouds, pixels, smoothstep, tinted
from .parameters import Params
from .physics import State, axis_um, lumen_um

_ANGLES, _TILTS, _DEPTHS = 16, 4, 4


def render(state: State, width: int, height: int) -> Frames:
    """Frames (instants, height, width, 3). The field's width fills the picture; its height follows."""
    params, scale = state.params, width / state.params.field_width_um
    rng = np.random.default_rng([state.seed, 102])
    backdrop = _backdrop(params, rng, width, height)
    printer = Print(rng, width, height, darkening=0.5, grain=0.011)
    radius = params.red_cell_diameter_um / 2 * scale
    book = StampBook(lambda look, x, y: _red_cell(look, x, y, radius), reach=1.7 * radius)
    order = np.argsort(-state.depth)
    turns = np.round(state.angle / np.pi * _ANGLES).astype(int) % _ANGLES
    tilts = np.minimum((state.tilt * _TILTS).astype(int), _TILTS - 1)
    depths = np.minimum((state.depth * _DEPTHS).astype(int), _DEPTHS - 1)
    frames = np.empty((len(state.time_s), height, width, 3), np.uint8)
    for t in range(len(frames)):
        image = backdrop.copy()
        xs, ys = state.x_um[t] * scale, state.y_um[t] * scale + height / 2
        for i in order:
            if state.visible[t, i]:
                book.lay(image, (int(turns[t, i]), int(tilts[i]), int(depths[i])), float(xs[i]), float(ys[i]))
        frames[t] = printer.frame(image)
    return frames


def _red_cell(look: Hashable, x: Plane, y: Plane, radius: float) -> tuple[Plane, Plane, Plane]:
    """A biconcave disc lit from above, with a soft shadow; dimmer and softer at the back."""
    turn, tilt_step, depth_step = cast("tuple[int, int, int]", look)
    angle, depth = turn * np.pi / _ANGLES, depth_step / (_DEPTHS - 1)
    tilt = 0.45 + 0.55 * tilt_step / (_TILTS - 1)
    size = radius * (1 - 0.1 * depth)
    u = (x * np.cos(angle) + y * np.sin(angle)) / size
    v = (-x * np.sin(angle) + y * np.cos(angle)) / (size * tilt)
    r = np.sqrt(u * u + v * v)
    soft = (0.8 + 1.2 * depth) / size
    opacity = smoothstep(1 + soft, 1 - soft, r) * np.float32(0.96 - 0.3 * depth)
    ring, dimple = bell(r - 0.7, 0.3), bell(r, 0.42)
    light = -(x * 0.45 + y * 0.85) / size
    shade = 0.50 + 0.26 * ring - 0.17 * tilt * dimple + 0.22 * light * (0.4 + 0.6 * ring) - 0.16 * depth
    gleam = bell(x / size + 0.3, 0.3) * bell(y / size + 0.5, 0.22) * np.float32(0.42 * (1 - depth))
    colour = np.stack([1.34 * shade + gleam, 0.26 * shade + 0.85 * gleam, 0.23 * shade + 0.75 * gleam], axis=-1)
    below = np.sqrt((x - 0.18 * size) ** 2 + (y - 0.34 * size) ** 2) / (size * (0.5 + 0.5 * tilt))
    shadow = smoothstep(1.35, 0.55, below) * np.float32(0.3 * (1 - 0.6 * depth))
    return np.clip(colour, 0, 1.1).astype(np.float32), opacity, shadow


def _backdrop(params: Params, rng: np.random.Generator, width: int, height: int) -> Plane:
    """Everything that stands still."""
    scale = width / params.field_width_um
    x, y = pixels(width, height)
    x_um = (x[0] / scale).astype(np.float64)
    top, bottom = ((edge * scale + height / 2).astype(np.float32)[None, :] for edge in lumen_um(params, x_um))
    axis = (axis_um(params, x_um) * scale + height / 2).astype(np.float32)[None, :]
    in_vessel = np.float32(params.lumen_radius_um * scale) - np.abs(y - axis)
    in_lumen = np.minimum(y - top, bottom - y)
    image = _tissue(rng, width, height)
    image = _wall(image, rng, in_vessel, scale)
    image = _plasma(image, rng, in_vessel, np.float32(params.lumen_radius_um * scale))
    return _clot(image, rng, in_vessel, in_lumen, scale)


def _tissue(rng: np.random.Generator, width: int, height: int) -> Plane:
    fibres = clouds(rng, width, height, (8, 16, 32), 0.65, stretch=12)
    patches = clouds(rng, width, height, (3, 6, 12, 24, 48), 0.6)
    grey = 0.13 + 0.17 * fibres + 0.16 * patches
    return np.stack([grey * 1.18, grey * 0.52, grey * 0.56], axis=-1).astype(np.float32)


def _wall(image: Plane, rng: np.random.Generator, in_vessel: Plane, scale: float) -> Plane:
    """Muscle coat and endothelium: two bands around the lumen, with flat nuclei bulging in the inner one."""
    height, width = in_vessel.shape
    grain = clouds(rng, width, height, (10, 20, 40), 0.7, stretch=8)
    for centre, thickness, colour, strength in (
        (-5.2, 4.0, (0.62, 0.32, 0.31), 0.85),
        (-1.2, 1.5, (0.98, 0.74, 0.66), 0.95),
    ):
        band = bell(in_vessel - np.float32(centre * scale), thickness * scale) * np.float32(strength)
        image = image * (1 - band[..., None]) + tinted(band * (0.82 + 0.3 * grain), colour)
    shade = bell(in_vessel + 9.5 * scale, 3.0 * scale)[..., None]
    return np.asarray(image * (1 - 0.35 * shade), np.float32)


def _plasma(image: Plane, rng: np.random.Generator, in_vessel: Plane, radius: np.float32) -> Plane:
    """A round lumen: lit along the axis, darker towards the walls."""
    height, width = in_vessel.shape
    haze = clouds(rng, width, height, (4, 8, 16), 0.6, stretch=4)
    depth = np.clip(in_vessel / radius, 0, 1)
    round_ = np.sqrt(np.clip(1 - (1 - depth) ** 2, 0, 1))
    light = (0.46 + 0.5 * round_ + 0.06 * haze)[..., None]
    colour = np.array([0.86, 0.60, 0.50], np.float32) * light
    inside = smoothstep(-1.2, 1.2, in_vessel)[..., None]
    return np.asarray(image * (1 - inside) + colour * inside, np.float32)


def _clot(image: Plane, rng: np.random.Generator, in_vessel: Plane, in_lumen: Plane, scale: float) -> Plane:
    """A mound of trapped cells and platelets under a net of fibrin."""
    height, width = in_vessel.shape
    cells = clouds(rng, width, height, (30, 60, 90), 0.8)
    mottle = clouds(rng, width, height, (6, 12), 0.6)
    net = np.zeros((height, width), np.float32)
    for octave, thickness, strength in ((9, 0.02, 0.55), (14, 0.022, 0.4), (22, 0.03, 0.3)):
        net += np.float32(strength) * bell(clouds(rng, width, height, (octave, 2 * octave), 0.5) - 0.5, thickness)
    inside = smoothstep(-1.0, 1.0, in_vessel) * smoothstep(1.0, -1.0, in_lumen)
    depth = np.clip(-in_lumen, 0, None) / scale
    rim = bell(depth, 2.2)
    body = (0.55 + 0.5 * cells) * (0.62 + 0.3 * np.exp(-depth / 7)) + 0.12 * (mottle - 0.5)
    net_lines = blur(net, max(0.5, 0.16 * scale)) * (0.55 + 0.45 * np.exp(-depth / 10))
    colour = tinted(body, (0.50, 0.10, 0.10)) + tinted(net_lines, (0.52, 0.40, 0.30)) + tinted(rim, (0.20, 0.08, 0.06))
    # The clot throws a soft shadow on the plasma beside it.
    shadow = bell(np.clip(in_lumen, 0, None), 5 * scale) * blur(inside, 4 * scale) * 0.5
    image = image * (1 - np.clip(shadow, 0, 0.5)[..., None])
    return np.ascontiguousarray(image * (1 - inside[..., None]) + colour * inside[..., None], np.float32)
