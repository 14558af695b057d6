"""Draws the cut gut: serosa, two coats of muscle, submucosa, villi, the folded far wall, and bits of food in chyme."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import cast

import numpy as np

from ..canvas import Frames, Plane, Print, StampBook, bell, blur, clouds, pixels, smoothstep, tinted
from .parameters import Params
from .physics import State

_COATS = (
    # outer edge over the wall's thickness, colour, how much its grain shows
    (0.24, (0.90, 0.44, 0.42), 0.25),
    (0.38, (0.93, 0.74, 0.66), 0.15),
    (0.78, (0.74, 0.33, 0.31), 0.60),
    (1.00, (0.62, 0.26, 0.27), 0.45),
)
_CHYME = (0.80, 0.62, 0.30)
_FAR_WALL = (0.84, 0.42, 0.36)
_FOODS = ((0.80, 0.48, 0.16), (0.52, 0.56, 0.20), (0.88, 0.74, 0.42), (0.62, 0.32, 0.16), (0.74, 0.28, 0.20))
_SHAPES, _DEPTHS, _SIZES = 4, 3, 3
_FOLD_MM, _VILLUS_MM = 5.6, 1.25
_SHADOW_MM = 14.0


@dataclass(frozen=True)
class View:
    """How the gut lies in the picture. Lengths in mm."""

    scale: float
    """Pixels a mm."""
    middle: float
    """Row of the tube's mean axis, in pixels."""
    x: np.ndarray
    """(width,) place along the tube of every column."""
    axis: np.ndarray
    """(width,) height of the axis, y downwards."""
    across: Plane
    """(height, width) distance from the axis, positive downwards."""


def render(state: State, width: int, height: int) -> Frames:
    """Frames (instants, height, width, 3). The field's width fills the picture; its height follows."""
    params = state.params
    view = _view(params, width, height)
    rng = np.random.default_rng([state.seed, 602])
    backdrop = _backdrop(rng, width, height)
    grain = clouds(rng, width, 96, (10, 20, 40, 80, 160), 0.8, stretch=5)
    printer = Print(rng, width, height, darkening=0.45, grain=0.010)
    book = StampBook(lambda look, x, y: _bit(look, x, y, view.scale), reach=1.7 * view.scale + 1)
    kinds = rng.integers(0, len(_FOODS), params.bits), rng.integers(0, _SHAPES, params.bits)
    size = np.minimum(((state.size_mm - 0.55) / 0.7 * _SIZES).astype(int), _SIZES - 1)
    depth = np.minimum((np.sin(state.turn) * _DEPTHS).astype(int), _DEPTHS - 1)
    order = np.argsort(-np.sin(state.turn))
    length = float(len(state.grid_mm) * (state.grid_mm[1] - state.grid_mm[0]))
    frames = np.empty((len(state.time_s), height, width, 3), np.uint8)
    for t in range(len(frames)):
        radius, wall = (
            np.interp(view.x, state.grid_mm, each[t], period=length).astype(np.float32)
            for each in (state.radius_mm, state.wall_mm)
        )
        image = _gut(backdrop, view, radius, wall, grain)
        xs = state.x_mm[t] * view.scale
        ys = view.middle + view.scale * (
            np.interp(state.x_mm[t], view.x, view.axis) + state.r_mm[t] * np.cos(state.turn)
        )
        for i in order:
            if state.visible[t, i] and xs[i] < width + 10:
                look = (int(kinds[0][i]), int(kinds[1][i]), int(size[i]), int(depth[i]))
                book.lay(image, look, float(xs[i]), float(ys[i]))
        frames[t] = printer.frame(image)
    return frames


def axis_mm(params: Params, x: np.ndarray) -> np.ndarray:
    """Height of the tube's axis at `x`, y downwards."""
    return np.asarray(params.bend_mm * np.sin(2 * np.pi * 0.8 * x / params.field_width_mm + params.bend_phase))


def _view(params: Params, width: int, height: int) -> View:
    scale = width / params.field_width_mm
    px, py = pixels(width, height)
    x = px[0].astype(np.float64) / scale
    axis = axis_mm(params, x)
    across = (py - height / 2) / scale - axis[None, :]
    return View(scale, height / 2, x, axis, across.astype(np.float32))


def _backdrop(rng: np.random.Generator, width: int, height: int) -> Plane:
    """Other loops of gut and fat behind, out of focus."""
    x, y = pixels(width, height)
    image = tinted(0.5 + 0.6 * clouds(rng, width, height, (2, 4, 8), 0.6), (0.20, 0.085, 0.075))
    for _ in range(7):
        cy, lean, thick = rng.uniform(0, height), rng.normal(0, 0.35), rng.uniform(0.10, 0.2) * height
        bow = rng.uniform(-0.5, 0.5) * height
        d = (y - cy - lean * (x - width / 2) - bow * np.square(x / width - 0.5) * 4) / np.float32(thick)
        tube = np.sqrt(np.clip(1 - d * d, 0, 1)).astype(np.float32)
        tone = np.array([0.42, 0.20, 0.17], np.float32) * np.float32(rng.uniform(0.55, 0.95))
        image += (tone * (0.45 + 0.55 * tube[..., None]) - image) * (0.6 * smoothstep(1.0, 0.8, np.abs(d)))[..., None]
    soft = 0.014 * max(width, height)
    lobes = bell(clouds(rng, width, height, (6, 12, 24), 0.6) - 0.5, 0.06)
    out = np.stack([blur(image[..., k], soft) for k in range(3)], axis=-1)
    return np.asarray(out + tinted(0.035 * lobes, (1.0, 0.75, 0.45)), np.float32)


def _gut(backdrop: Plane, view: View, radius: np.ndarray, wall: np.ndarray, grain: Plane) -> Plane:
    """The picture without the bits of food."""
    reach = float((radius + wall).max()) + _SHADOW_MM
    rows = np.flatnonzero((np.abs(view.across) < reach).any(axis=1))
    across = view.across[rows[0] : rows[-1] + 1]
    step = view.x[1] - view.x[0] if len(view.x) > 1 else 1.0
    slope = np.sqrt(1 + np.gradient(radius, step) ** 2).astype(np.float32)
    villi = np.abs(np.sin(np.pi * view.x / _VILLUS_MM)).astype(np.float32)
    tips = np.minimum(0.8, 0.10 * radius) * villi
    outside = (np.abs(across) - radius[None]) / slope[None]
    thickness = (wall / slope)[None]
    pixel = 0.6 / view.scale
    image = backdrop.copy()
    part = image[rows[0] : rows[-1] + 1]
    beyond = np.maximum(outside - thickness, 0)
    part *= (1 - 0.5 * np.exp(-beyond / np.float32(0.3 * _SHADOW_MM)) * (beyond < _SHADOW_MM))[..., None]
    flesh = _wall_colour(across, grain, outside, thickness)
    part += (flesh - part) * smoothstep(pixel, -pixel, outside - thickness)[..., None]
    hollow = smoothstep(pixel, -pixel, outside + tips[None])
    part += (_lumen(view, radius, across, outside + tips[None]) - part) * hollow[..., None]
    return image


def _wall_colour(across: Plane, grain: Plane, outside: Plane, thickness: Plane) -> Plane:
    """The cut coats of the wall, from the villi to the serosa."""
    inner = np.clip(outside / thickness, 0, 1)
    column = np.broadcast_to(np.arange(inner.shape[1])[None], inner.shape)
    rows = (inner * 46).astype(np.int32) + np.where(across > 0, 48, 0)
    texture = grain[rows, column]
    colour = np.zeros((*inner.shape, 3), np.float32)
    begin = 0.0
    for end, tone, strength in _COATS:
        here = smoothstep(begin - 0.03, begin + 0.03, inner) if begin else np.ones_like(inner)
        body = 0.86 + strength * (texture - 0.5)
        colour += (tinted(body, tone) - colour) * here[..., None]
        begin = end
    lit = 1 - 0.10 * np.sign(across)  # light from above
    colour *= lit[..., None]
    rim = bell(outside - thickness + 0.35, 0.45)
    brush = bell(outside - 0.2, 0.5)
    return colour + tinted(0.22 * rim, (1.0, 0.85, 0.75)) + tinted(0.20 * brush, (1.0, 0.72, 0.66))


def _lumen(view: View, radius: np.ndarray, across: Plane, outside: Plane) -> Plane:
    """The far wall with its circular folds, seen through chyme."""
    eta = np.clip(across / radius[None], -1, 1)
    bow = np.sqrt(np.maximum(1 - eta * eta, 0))
    phase = (view.x.astype(np.float32)[None] + 2.4 * bow * (radius / radius.max())[None]) / np.float32(_FOLD_MM)
    fold = np.square(np.cos(np.pi * phase))
    shade = 1 - 0.6 * np.exp(np.minimum(outside, 0) / np.float32(2.2))
    light = (0.52 + 0.34 * fold + 0.22 * eta) * shade
    far = tinted(light, _FAR_WALL)
    chyme = tinted((0.58 + 0.16 * bow + 0.12 * eta + 0.12 * fold) * shade, _CHYME)
    return np.asarray(far * np.float32(0.32) + chyme * np.float32(0.68))


def _bit(look: Hashable, x: Plane, y: Plane, scale: float) -> tuple[Plane, Plane, Plane | None]:
    """A bit of food: a lump with a bright upper side and a soft shadow; paler at the back."""
    food, shape, size, depth_step = cast("tuple[int, int, int, int]", look)
    depth = depth_step / (_DEPTHS - 1)
    radius = max(0.8, (0.62 + 0.25 * size) * scale * (1 - 0.15 * depth))
    angle = np.arctan2(y, x)
    uneven = 1 + 0.15 * np.sin(2 * angle + 1.6 * shape) + 0.07 * np.sin(3 * angle - food - shape)
    r = np.hypot(x, y) / (radius * uneven)
    soft = 0.7 / radius
    opacity = smoothstep(1 + soft, 1 - soft, r) * np.float32(0.96 - 0.34 * depth)
    dome = np.sqrt(np.clip(1 - r * r, 0, 1))
    light = 0.52 + 0.42 * dome - 0.22 * np.clip(y / radius, -1, 1) - 0.10 * depth
    gleam = bell(x / radius + 0.3, 0.28) * bell(y / radius + 0.42, 0.24) * np.float32(0.3 * (1 - depth))
    colour = tinted(light, _FOODS[food]) + gleam[..., None]
    shadow = smoothstep(1.7, 0.5, np.hypot(x - 0.15 * radius, y - 0.4 * radius) / radius) * np.float32(
        0.30 - 0.15 * depth
    )
    return np.clip(colour, 0, 1.1).astype(np.float32), opacity.astype(np.float32), shadow
