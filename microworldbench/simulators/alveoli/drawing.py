"""Draws the alveoli: lit, moist sacs packed around a duct, under a net of capillaries that turns from blue to red."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import cast

import numpy as np

from ..canvas import Frames, Plane, Print, StampBook, bell, clouds, pixels, smoothstep, strand, tinted
from .parameters import Params
from .physics import State

_SAC = (0.93, 0.58, 0.52)
_ARRIVING, _LEAVING = (0.36, 0.26, 0.62), (0.80, 0.10, 0.12)
_LIGHT = np.array([-0.45, -0.62, 0.64])
_MESH = 0.20
"""Width of a mesh of the capillary net over an alveolus' radius."""
_NET_PX = 90.0
"""Largest radius of an alveolus, in pixels of the net, that the net is drawn for; larger pictures stretch it."""


@dataclass(frozen=True)
class View:
    """How the duct's frame lies in the picture."""

    scale: float
    """Pixels a µm."""
    middle: tuple[float, float]
    cos: float
    sin: float

    def place(self, points: np.ndarray) -> np.ndarray:
        """Points (…, 2 or more: x, y) of the duct's frame in µm to pixels (x, y)."""
        x, y = points[..., 0], points[..., 1]
        return np.stack(
            [
                self.middle[0] + self.scale * (x * self.cos - y * self.sin),
                self.middle[1] + self.scale * (x * self.sin + y * self.cos),
            ],
            axis=-1,
        )


@dataclass
class Surface:
    """What the eye meets at every pixel."""

    top: Plane
    """Height towards the eye, pixels; very low where there is nothing."""
    below: Plane
    """Height of the second surface."""
    x: Plane
    """Normal, x and y."""
    y: Plane
    cover: Plane
    which: np.ndarray
    """Number of the alveolus."""


@dataclass(frozen=True)
class Net:
    """A net of capillaries on a plane, large enough for every alveolus to have its own part."""

    lines: Plane
    radius: float
    """Of an alveolus, in pixels of the net."""
    middles: np.ndarray
    """(alveoli, 2: row, column) of the part of each."""

    def at(self, which: np.ndarray, u: Plane, v: Plane) -> Plane:
        """The net at places u, v (−1 to 1 across it) of alveoli `which`; it stretches with the sac it lies on."""
        height, width = self.lines.shape
        middle, radius = self.middles[which], np.float32(self.radius)
        row = np.clip((middle[..., 0] + v * radius + 0.5).astype(np.int32), 0, height - 1)
        column = np.clip((middle[..., 1] + u * radius + 0.5).astype(np.int32), 0, width - 1)
        return np.asarray(self.lines[row, column])


def render(state: State, width: int, height: int) -> Frames:
    """Frames (instants, height, width, 3). The whole field is in the picture whatever its shape."""
    params = state.params
    scale = min(width / params.field_width_um, height / params.field_height_um)
    cos, sin = float(np.cos(params.tilt)), float(np.sin(params.tilt))
    view = View(scale, (0.55 * width, 0.5 * height), cos, sin)
    rng = np.random.default_rng([state.seed, 502])
    backdrop = _backdrop(rng, width, height, scale * params.alveolus_um / 2)
    _stalk(backdrop, view, params)
    net = _net(rng, min(scale * params.alveolus_um / 2, _NET_PX), state.radius_um.shape[1])
    tint = 0.035 * rng.standard_normal((state.radius_um.shape[1],), np.float32)
    printer = Print(rng, width, height, darkening=0.45, grain=0.010)
    book = StampBook(lambda look, x, y: _bubble(look, x, y, scale), reach=52 * scale + 1)
    x, y = pixels(width, height)
    frames = np.empty((len(state.time_s), height, width, 3), np.uint8)
    for t in range(len(frames)):
        image = backdrop.copy()
        surface = _surface(state, t, view, width, height)
        along = ((x - view.middle[0]) * cos + (y - view.middle[1]) * sin) / np.float32(scale * state.scale[t])
        _sacs(image, surface, net, tint, np.asarray(along, np.float32), scale * params.alveolus_um / 2)
        for bubble in state.bubble_um[t]:
            place = view.place(bubble)
            book.lay(image, round(float(bubble[2])), float(place[0]), float(place[1]))
        frames[t] = printer.frame(image)
    return frames


def _backdrop(rng: np.random.Generator, width: int, height: int, radius: float) -> Plane:
    """Other alveoli far out of focus, in dim light."""
    x, y = pixels(width, height)
    image = tinted(0.55 + 0.7 * clouds(rng, width, height, (2, 4, 8), 0.6), (0.10, 0.045, 0.075))
    for _ in range(34):
        cx, cy, r = rng.uniform(0, width), rng.uniform(0, height), radius * rng.uniform(0.7, 1.5)
        left, right = max(0, int(cx - 1.6 * r)), min(width, int(cx + 1.6 * r) + 1)
        top, bottom = max(0, int(cy - 1.6 * r)), min(height, int(cy + 1.6 * r) + 1)
        d = np.hypot(x[:, left:right] - cx, y[top:bottom] - cy) / r
        glow = np.float32(0.05) * smoothstep(1.25, 0.5, d) + np.float32(0.055) * bell(d - 1, 0.16)
        image[top:bottom, left:right] += tinted(glow, (1.0, 0.5, 0.55))
    return image


def _net(rng: np.random.Generator, radius: float, count: int) -> Net:
    """A net of capillaries, the edges between cells around scattered points, and a place in it for each alveolus."""
    from scipy.spatial import cKDTree

    side = max(24, int(5 * radius))
    pitch = max(2.0, _MESH * radius)
    across = max(3, int(side / pitch))
    points = np.stack(np.meshgrid(np.arange(across), np.arange(across)), axis=-1).reshape(-1, 2) * (side / across)
    points = points + rng.uniform(0, 0.9 * pitch, points.shape)
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)
    nearest = np.asarray(cKDTree(points).query(grid, k=2)[0])
    lines = bell((nearest[:, 1] - nearest[:, 0]).astype(np.float32).reshape(side, side), 0.30 * pitch)
    lines *= 0.55 + 0.6 * clouds(rng, side, side, (4, 8, 16), 0.7)
    reach = int(1.1 * radius) + 2
    low, high = min(reach, side // 2), max(side - reach, side // 2 + 1)
    return Net(lines, radius, rng.integers(low, high, (count, 2)))


def _stalk(image: Plane, view: View, params: Params) -> None:
    """The airway from the left, banded by muscle, with the vessel that brings blood and the one that takes it away."""
    radius = params.alveolus_um
    begin = -(params.rings - 1) * radius * 0.35
    left = -0.75 * params.field_width_um
    axis = np.array([[left, 0.0], [0.0, 0.0]])
    strand(image, view.place(axis), 0.56 * radius * view.scale, (0.86, 0.60, 0.55), body=0.78)
    for x in np.arange(left, -0.2 * radius, 0.34 * radius):
        bow = np.linspace(-0.52, 0.52, 9) * radius
        band = np.stack([x + 0.16 * radius * np.cos(np.pi * bow / (1.04 * radius)), bow], axis=1)
        strand(image, view.place(band), 0.045 * radius * view.scale, (0.80, 0.42, 0.40), body=0.8)
    for side, colour in ((-1.0, _ARRIVING), (1.0, _LEAVING)):
        x = np.linspace(left, begin + 0.6 * radius, 24)
        y = side * radius * (0.50 + 0.10 * np.sin(x / radius * 1.9 + side) + 0.45 * smoothstep(left, begin, x))
        curve = view.place(np.stack([x, y], axis=1))
        strand(image, curve, 0.15 * radius * view.scale, colour, tip=0.5, body=1.0)


def _surface(state: State, t: int, view: View, width: int, height: int) -> Surface:
    """The nearest of the sacs' surfaces at every pixel, and the next one beneath."""
    places = view.place(state.centre_um[t])
    heights, radii = state.centre_um[t][:, 2] * view.scale, state.radius_um[t] * view.scale
    top = np.full((height, width), -1e6, np.float32)
    made = Surface(
        top, top.copy(), np.zeros_like(top), np.zeros_like(top), np.zeros_like(top), np.zeros(top.shape, np.int16)
    )
    for i in np.argsort(-heights):
        radius = float(radii[i])
        if radius < 0.8 or heights[i] < -0.6 * heights.max():
            continue
        cx, cy = float(places[i, 0]), float(places[i, 1])
        left, right = max(0, int(cx - radius - 1)), min(width, int(cx + radius + 2))
        upper, lower = max(0, int(cy - radius - 1)), min(height, int(cy + radius + 2))
        if right <= left or lower <= upper:
            continue
        cut = slice(upper, lower), slice(left, right)
        x, y = pixels(right - left, lower - upper)
        x, y = (x - np.float32(cx - left)) / radius, (y - np.float32(cy - upper)) / radius
        square = x * x + y * y
        inside = np.clip((1 - np.sqrt(square)) * radius + 0.5, 0, 1)
        z = np.where(inside > 0, float(heights[i]) + radius * np.sqrt(np.maximum(1 - square, 0)), -1e6)
        now, then = made.top[cut], made.below[cut]
        nearer = z > now
        made.below[cut] = np.where(nearer, now, np.maximum(then, z))
        made.top[cut] = np.where(nearer, z, now)
        made.x[cut] = np.where(nearer, x, made.x[cut])
        made.y[cut] = np.where(nearer, y, made.y[cut])
        made.which[cut] = np.where(nearer, i, made.which[cut])
        made.cover[cut] = np.maximum(made.cover[cut], inside)
    return made


def _sacs(image: Plane, surface: Surface, net: Net, tint: Plane, along: Plane, radius: float) -> None:
    """Lays the lit sacs over the image."""
    rows, columns = np.flatnonzero(surface.cover.any(axis=1)), np.flatnonzero(surface.cover.any(axis=0))
    if rows.size == 0:
        return
    cut = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    top, below, cover, which = surface.top[cut], surface.below[cut], surface.cover[cut], surface.which[cut]
    nx, ny = np.clip(surface.x[cut], -1, 1), np.clip(surface.y[cut], -1, 1)
    nz = np.sqrt(np.maximum(1 - nx * nx - ny * ny, 0))
    lines = net.at(which, nx / (1 + nz), ny / (1 + nz))
    lambert = np.clip(nx * float(_LIGHT[0]) + ny * float(_LIGHT[1]) + nz * float(_LIGHT[2]), 0, 1)
    crease = np.exp((below - top) / np.float32(0.16 * radius))
    deep = smoothstep(-1.0 * radius, 2.6 * radius, top)
    light = (0.30 + 0.78 * lambert) * (1 - 0.62 * crease) * (0.45 + 0.55 * deep)
    rim = np.square(1 - nz) * (1 - crease) * np.float32(0.36)
    gleam = np.power(lambert, 36) * np.float32(0.42) + np.power(lambert, 8) * np.float32(0.06)
    colour = tinted(light * (1 + tint[which]), _SAC)
    redder = smoothstep(-500, 420, along[cut])
    vessel = tinted(light * (1 - redder), _ARRIVING) + tinted(light * redder, _LEAVING)
    colour += (vessel * 1.12 - colour) * (lines * 0.72)[..., None]
    colour += tinted(rim, (1.0, 0.62, 0.55)) + tinted(gleam, (1.0, 0.95, 0.92))
    part = image[cut]
    part += (colour - part) * cover[..., None]


def _bubble(look: Hashable, x: Plane, y: Plane, scale: float) -> tuple[Plane, Plane, Plane | None]:
    """A ball of gas: a bright rim, a clear middle and a gleam."""
    radius = max(1.5, cast("int", look) * scale)
    r = np.hypot(x, y) / radius
    soft = 0.7 / radius
    rim = bell(r - 0.88, 0.14)
    opacity = smoothstep(1 + soft, 1 - soft, r) * (0.30 + 0.6 * rim)
    gleam = bell(x / radius + 0.35, 0.2) * bell(y / radius + 0.4, 0.2)
    colour = tinted(0.75 + 0.25 * rim, (0.72, 0.90, 1.0)) + tinted(gleam, (0.6, 0.6, 0.6))
    return colour, np.clip(opacity + 0.5 * gleam, 0, 1).astype(np.float32), None
