"""Draws the motor at molecular scale: tubulin lattice, two heads, necks, coiled stalk, vesicle with its lipids."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..canvas import Frames, Plane, Print, StampBook, bell, blur, clouds, pixels, smoothstep, tinted
from ..molecules import Balls, cluster, surface
from .cycle import BOUND_NM
from .physics import State

Array = NDArray[np.float64]

_CRIMSON, _GOLD = (0.90, 0.10, 0.28), (1.00, 0.74, 0.12)
_ALPHA, _BETA = (0.10, 0.40, 0.37), (0.19, 0.56, 0.48)
_LIPID, _STALK = (0.47, 0.40, 0.84), ((0.72, 0.76, 0.84), (0.52, 0.58, 0.70))
_TUBE_NM = 25.0
_BEAD_NM = 1.15


@dataclass(frozen=True)
class View:
    """How the field lies in the picture."""

    scale: float
    """Pixels a nm."""
    left: float
    """Column of x = 0."""
    ground: float
    """Row of the microtubule's upper surface."""

    def place(self, points: Array) -> Array:
        """Points (…, 2: x, height) in nm to pixels (x, y)."""
        return np.stack([self.left + points[..., 0] * self.scale, self.ground - points[..., 1] * self.scale], axis=-1)


def render(state: State, width: int, height: int) -> Frames:
    """Frames (instants, height, width, 3). The whole field is in the picture; the track goes from side to side."""
    params = state.params
    scale = min(width / params.field_width_nm, height / params.field_height_nm)
    view = View(
        scale,
        (width - params.field_width_nm * scale) / 2,
        height / 2 + (params.field_height_nm / 2 - _TUBE_NM - 4.0) * scale,
    )
    rng = np.random.default_rng([state.seed, 602])
    backdrop = _backdrop(state, rng, view, width, height)
    printer = Print(rng, width, height, darkening=0.5, grain=0.010)
    small, large = _books(state, rng, scale)
    frames = np.empty((len(state.time_s), height, width, 3), np.uint8)
    for t in range(len(frames)):
        image = backdrop.copy()
        heads, hip, cargo = (view.place(part[t]) for part in (state.heads_nm, state.hip_nm, state.cargo_nm))
        _shade(image, view, state, t)
        small.lay(image, "gold", *heads[1])
        for beads in (_neck(heads[1], hip, scale), _neck(heads[0], hip, scale)):
            for x, y in beads:
                small.lay(image, "neck", x, y)
        if state.linked[t]:
            end = cargo + np.array([0.16, 0.96]) * params.vesicle_nm / 2 * scale
            _lay_stalk(small, image, hip, end, scale)
            small.lay(image, "adaptor", *end)
        small.lay(image, "crimson", *heads[0])
        large.lay(image, "vesicle", *cargo)
        frames[t] = printer.frame(image)
    return frames


def _books(state: State, rng: np.random.Generator, scale: float) -> tuple[StampBook, StampBook]:
    """Stamps of the small parts and of the vesicle."""
    shapes = {
        "crimson": cluster(rng, (3.7, 3.0, 2.8), 80, 0.90, _CRIMSON),
        "gold": cluster(rng, (3.7, 3.0, 2.8), 80, 0.90, _GOLD),
        "adaptor": cluster(rng, (2.6, 2.2, 2.2), 30, 0.9, (0.30, 0.62, 0.80)),
        "neck": _single(_STALK[0], 0.85),
        "front": _single(_STALK[0], _BEAD_NM),
        "back": _single(_STALK[1], _BEAD_NM),
        "vesicle": _vesicle(rng, state.params.vesicle_nm / 2),
    }

    def draw(look: Hashable, x: Plane, y: Plane) -> tuple[Plane, Plane, Plane | None]:
        colour, opacity = surface(shapes[str(look)].scaled(scale), x, y)
        return colour, opacity, None

    return StampBook(draw, reach=4.6 * scale), StampBook(draw, reach=(state.params.vesicle_nm / 2 + 2.5) * scale)


def _single(colour: tuple[float, float, float], radius: float) -> Balls:
    return Balls(np.zeros((1, 3)), np.array([radius]), np.array([colour]))


def _vesicle(rng: np.random.Generator, radius: float) -> Balls:
    """A sphere of lipid heads with proteins set into it."""
    count = int(4.2 * radius**2)
    turn = np.arange(count) * 2.399963
    z = 1 - 2 * (np.arange(count) + 0.5) / count
    ring = np.sqrt(1 - z * z)
    shell = np.stack([ring * np.cos(turn), ring * np.sin(turn), z], axis=1)
    shell = shell[shell[:, 2] > -0.15]
    lipids = shell * (radius - 0.8) + rng.normal(0, 0.18, shell.shape)
    # Every lipid is lit as a ball of its own; as a whole the vesicle is darker on the side that faces away.
    facing = np.clip(shell @ np.array([-0.42, -0.62, 0.66]), -0.3, 1)[:, None]
    tone = rng.normal(1, 0.09, (len(lipids), 1)) * (0.62 + 0.62 * facing)
    centres, radii, colours = [lipids], [np.full(len(lipids), 1.25)], [np.array(_LIPID) * tone]
    for _ in range(11):
        way = rng.normal(0, 1, 3)
        way /= np.linalg.norm(way)
        if way[2] < 0:
            continue
        colour = ((0.30, 0.62, 0.80), (0.62, 0.50, 0.86), (0.36, 0.72, 0.66))[rng.integers(3)]
        knob = cluster(rng, (2.3, 2.3, 2.3), 16, 1.0, colour)
        centres.append(knob.centre + way * (radius + 0.4))
        radii.append(knob.radius)
        colours.append(knob.colour)
    return Balls(np.concatenate(centres), np.concatenate(radii), np.concatenate(colours))


def _neck(head: Array, hip: Array, scale: float) -> Array:
    """Beads from a head's top to the hip, in pixels."""
    top = head - np.array([0.0, 1.6 * scale])
    count = max(3, int(np.hypot(*(hip - top)) / (0.9 * scale)))
    s = np.linspace(0, 1, count)[:, None]
    return np.asarray(top + (hip - top) * s)


def _lay_stalk(book: StampBook, image: Plane, hip: Array, end: Array, scale: float) -> None:
    """Two strands coiled about each other along a bent line from the hip to the vesicle."""
    chord = end - hip
    across = np.array([-chord[1], chord[0]]) / max(float(np.hypot(*chord)), 1e-6)
    # The stalk is longer than the way it spans: what is left bends it at its hinge.
    bow = hip + 0.5 * chord + across * 7.0 * scale
    s = np.linspace(0, 1, max(12, int(26 / 0.75)))[:, None]
    line = (1 - s) ** 2 * hip + 2 * s * (1 - s) * bow + s**2 * end
    along = np.gradient(line, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.maximum(np.linalg.norm(along, axis=1), 1e-6)[:, None]
    turn = np.linspace(0, 2 * np.pi * 2.2, len(line))
    for strand in (0.0, np.pi):
        points = line + normal * (0.95 * scale * np.sin(turn + strand))[:, None]
        near = np.cos(turn + strand) >= 0
        for (x, y), front in zip(points, near, strict=True):
            if not front:
                book.lay(image, "back", float(x), float(y))
    for strand in (0.0, np.pi):
        points = line + normal * (0.95 * scale * np.sin(turn + strand))[:, None]
        for (x, y), front in zip(points, np.cos(turn + strand) >= 0, strict=True):
            if front:
                book.lay(image, "front", float(x), float(y))


def _shade(image: Plane, view: View, state: State, t: int) -> None:
    """Soft shadows of heads and vesicle on the microtubule."""
    height, width = image.shape[:2]
    depth = 13 * view.scale
    top, bottom = max(0, int(view.ground - 0.6 * view.scale)), min(height, int(view.ground + 1.6 * depth))
    if bottom <= top:
        return
    x, y = pixels(width, height)
    dark = np.zeros((bottom - top, width), np.float32)
    down = (y[top:bottom] - np.float32(view.ground)) / np.float32(depth)
    for (px, height_nm), reach, strength in (
        (state.heads_nm[t, 0], 5.5, 0.42),
        (state.heads_nm[t, 1], 5.5, 0.42),
        (state.cargo_nm[t], 0.62 * state.params.vesicle_nm, 0.30),
    ):
        lift = max(0.0, height_nm - BOUND_NM)
        wide = (reach + 0.35 * lift) * view.scale
        away = (x - np.float32(view.left + (px + 1.5) * view.scale)) / np.float32(wide)
        dark += np.float32(strength / (1 + 0.09 * lift)) * np.exp(-away * away - down * down)
    image[top:bottom] *= (1 - np.clip(dark, 0, 0.6))[..., None]


def _backdrop(state: State, rng: np.random.Generator, view: View, width: int, height: int) -> Plane:
    """Crowded cytoplasm far out of focus, and the microtubule."""
    x, y = pixels(width, height)
    murk, fine = clouds(rng, width, height, (2, 4, 8), 0.6), clouds(rng, width, height, (30, 60, 120), 0.8)
    light = 0.55 + 0.55 * murk + 0.05 * fine + 0.25 * (1 - y / height)
    image = tinted(light, (0.042, 0.086, 0.150))
    for _ in range(46):
        cx, cy, r = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(2.5, 9) * view.scale
        d = np.hypot(x - cx, y - cy) / np.float32(r)
        glow = smoothstep(1.25, 0.55, d) * np.float32(rng.uniform(0.03, 0.095)) + bell(d - 0.92, 0.16) * np.float32(
            0.012
        )
        image += tinted(glow, ((0.35, 0.55, 0.95), (0.55, 0.45, 0.90), (0.30, 0.70, 0.80))[rng.integers(3)])
    return _tube(np.ascontiguousarray(image, np.float32), state, view)


def _tube(image: Plane, state: State, view: View) -> Plane:
    """The microtubule's near half: rows of tubulin, each a little ahead of the one below."""
    height, width = image.shape[:2]
    half = state.params.site_nm / 2
    first, last = -view.left / view.scale - 8, (width - view.left) / view.scale + 8
    centres, colours = [], []
    for row in range(13):
        turn = 2 * np.pi * (row + 0.5) / 13 - np.pi / 2
        if np.cos(turn) < -0.25:
            continue
        number = np.arange(int(first / half) - 1, int(last / half) + 2)
        at = number * half + 0.92 * (row - 3) - state.params.start_nm % half
        where = np.broadcast_to([0, 11.0 * np.sin(turn) + _TUBE_NM / 2, 11.0 * np.cos(turn)], (len(at), 3)).copy()
        where[:, 0] = at
        centres.append(where)
        colours.append(np.where((number % 2 == 0)[:, None], _ALPHA, _BETA) * (0.80 + 0.24 * np.cos(turn)))
    where = np.concatenate(centres) * view.scale
    balls = Balls(where, np.full(len(where), 2.72 * view.scale), np.concatenate(colours))
    rows = np.arange(max(0, int(view.ground - 3 * view.scale)), min(height, int(view.ground + 29 * view.scale)))
    if not rows.size:
        return image
    columns = (np.arange(width, dtype=np.float32) - np.float32(view.left))[None]
    colour, opacity = surface(balls, columns, (rows.astype(np.float32) - np.float32(view.ground))[:, None])
    part = slice(rows[0], rows[-1] + 1)
    glow = blur(np.pad(opacity, ((6, 6), (0, 0)), "edge"), 2.0 * view.scale)[6:-6] * (1 - opacity)
    image[part] = image[part] * (1 - opacity - 0.35 * glow)[..., None] + colour * opacity[..., None]
    return image
