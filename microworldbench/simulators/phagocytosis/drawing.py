"""Draws the macrophage with cup, vacuole, nucleus and vesicles, and glossy green rods on glass."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import cast

import numpy as np

from ..canvas import Frames, Plane, Print, StampBook, bell, blur, clouds, pixels, smoothstep, tinted
from .physics import State

_TURNS, _FADES = 96, 6
LIP_UM, CLEFT_UM, BLEND_UM = 0.62, 0.12, 0.9
"""Thickness of the cup's lips, the gap between them and the bacterium, and the roundness of where they rise."""


@dataclass(frozen=True)
class View:
    """The part of the picture with the cell."""

    rows: slice
    columns: slice
    scale: float
    """Pixels a µm."""
    x: Plane
    """(1, w) µm from the middle of the field."""
    y: Plane
    """(h, 1)"""


def render(state: State, width: int, height: int) -> Frames:
    """Frames (instants, height, width, 3). The whole field is in the picture whatever its shape."""
    params = state.params
    scale = min(width / params.field_width_um, height / params.field_height_um)
    rng = np.random.default_rng([state.seed, 502])
    glass = _glass(rng, width, height, scale)
    printer = Print(rng, width, height, darkening=0.45, grain=0.009)
    side = 2 * int(_reach(state) * scale) + 2
    texture = clouds(rng, side, side, (12, 24, 48, 96), 0.75) - 0.5
    length, wide = params.prey_length_um * state.prey_size * scale, params.prey_width_um * state.prey_size * scale
    rods = StampBook(lambda look, x, y: _rod(look, x, y, length, wide), reach=0.62 * length + 2)
    beads = StampBook(lambda look, x, y: _bead(look, x, y, scale), reach=0.62 * scale + 1)
    frames = np.empty((len(state.time_s), height, width, 3), np.uint8)
    for t in range(len(frames)):
        image = glass.copy()
        view = _view(state, t, width, height, scale)
        part = image[view.rows, view.columns]
        part[:] = _macrophage(state, t, view, texture, part)
        places = state.granule_um[t] * scale + (width / 2, height / 2)
        for k, (x, y) in enumerate(places):
            beads.lay(image, k % 3, float(x), float(y))
        for k, (x, y) in enumerate(state.prey_um[t] * scale + (width / 2, height / 2)):
            fade = round(float(state.seen[t, k]) * _FADES)
            if fade:
                turn = round(state.prey_angle[t, k] / (2 * np.pi) * _TURNS) % _TURNS
                rods.lay(image, (turn, fade), float(x), float(y))
        frames[t] = printer.frame(image)
    return frames


def _reach(state: State) -> float:
    """Half the side of the part of the picture that holds the cell with its cup and its shadow, µm."""
    return 1.35 * state.params.radius_um + 2.2 * state.params.prey_length_um * state.prey_size + 2


def _view(state: State, t: int, width: int, height: int, scale: float) -> View:
    cx, cy = state.cell_um[t] * scale + (width / 2, height / 2)
    reach = _reach(state) * scale
    left, right = max(0, min(width - 1, int(cx - reach))), max(1, min(width, int(cx + reach) + 1))
    top, bottom = max(0, min(height - 1, int(cy - reach))), max(1, min(height, int(cy + reach) + 1))
    x, y = pixels(right - left, bottom - top)
    return View(
        slice(top, bottom),
        slice(left, right),
        scale,
        (x + np.float32(left - width / 2)) / np.float32(scale),
        (y + np.float32(top - height / 2)) / np.float32(scale),
    )


def _macrophage(state: State, t: int, view: View, texture: Plane, behind: Plane) -> Plane:
    """The part of the picture with the macrophage over what lies behind it, without bacteria and vesicles."""
    params, scale = state.params, view.scale
    dx, dy = view.x - np.float32(state.cell_um[t, 0]), view.y - np.float32(state.cell_um[t, 1])
    away = np.hypot(dx, dy)
    angle = np.arctan2(dy, dx)
    body = (away - _radius(state, t, angle)) * np.float32(0.96)
    surface, vacuole = _wrapped(state, t, view, body)
    inside = smoothstep(0.6 / scale, -0.6 / scale, surface)
    height = np.sqrt(np.clip(1 - (np.clip(surface / (0.75 * params.radius_um), -1, 0) + 1) ** 2, 0, 1))
    slope_y, slope_x = np.gradient(height)
    light = np.clip(0.92 + 2.1 * scale * (0.55 * slope_x + 0.85 * slope_y), 0.35, 1.6)
    grain = _carried(texture, state, t, view)
    second = float(state.seconds[t])
    ruffle = 0.5 + 0.5 * np.sin(9 * angle + 0.05 * second) * np.sin(5 * angle - 0.03 * second)
    fold = bell(np.sin(2.6 * away + 3 * np.sin(3 * angle) + 9 * grain), 0.35) * np.clip(1 - height, 0, 1)
    shade = (0.36 + 0.40 * height + 0.80 * grain * (0.35 + 0.65 * height) + 0.10 * fold) * light
    colour = tinted(shade, (0.66, 0.56, 1.00))
    colour += tinted(bell(surface + 0.30, 0.36) * (0.5 + 0.4 * ruffle), (0.40, 0.35, 0.48))
    # Actin is dense where the cup grows.
    actin = bell(np.clip(vacuole - 0.3, 0, None), 0.9) * np.float32(0.34 * (1 - state.closed[t]))
    colour += tinted(actin, (0.55, 0.55, 0.90))
    _nucleus(state, t, view, colour, grain)
    colour = _vacuole(state, t, vacuole, colour)
    opacity = (inside * np.float32(0.94))[..., None]
    halo = np.exp(-np.clip(surface, 0, None) / 1.1) * (1 - inside) * 0.15
    shadow = np.exp(-np.clip(surface, 0, None) / 2.6) * (1 - inside) * 0.34
    image = behind * (1 - opacity - shadow[..., None]) + colour * opacity + tinted(halo, (0.55, 0.55, 0.95))
    return np.asarray(image, np.float32)


def _radius(state: State, t: int, angle: Plane) -> Plane:
    """Outline in every direction, from a table: the waves are summed once a degree."""
    table = np.linspace(-np.pi, np.pi, 361)
    radii = state.radius_um(t, table).astype(np.float32)
    place = (angle + np.float32(np.pi)) * np.float32(180 / np.pi)
    low = np.minimum(place.astype(np.int32), 359)
    share = place - low.astype(np.float32)
    return np.asarray(radii[low] * (1 - share) + radii[low + 1] * share, np.float32)


def _wrapped(state: State, t: int, view: View, body: Plane) -> tuple[Plane, Plane]:
    """Surface of the cell with its cup, and the boundary of the space around the bacterium: signed distances in µm."""
    params, size = state.params, state.prey_size
    radius, half = params.prey_width_um * size / 2, (params.prey_length_um - params.prey_width_um) * size / 2
    dx, dy = view.x - np.float32(state.prey_um[t, 0, 0]), view.y - np.float32(state.prey_um[t, 0, 1])
    c, s = np.float32(np.cos(state.prey_angle[t, 0])), np.float32(np.sin(state.prey_angle[t, 0]))
    u, v = dx * c + dy * s, dy * c - dx * s
    beyond = u - np.clip(u, -half, half)
    rod = np.hypot(beyond, v) - np.float32(radius)
    lip, cleft = LIP_UM * size**0.5, CLEFT_UM * size**0.5
    if state.rim_um[t].max() <= 0:
        return body, np.full_like(body, 9.0)
    # Way around the rod from the pole that faces the cell, as the zipper counts it.
    quarter = np.pi / 2 * radius
    near = radius * np.arctan2(np.abs(v), np.maximum(-(u + half), 1e-6))
    far = quarter + 2 * half + radius * np.arctan2(np.maximum(u - half, 0), np.abs(v) + 1e-6)
    way = np.where(u < -half, near, np.where(u > half, far, quarter + u + half))
    middle = radius + cleft + lip / 2
    cup = np.full_like(body, 9.0)
    for sign, covered in zip((-1, 1), state.rim_um[t], strict=True):
        tip_u, tip_v = _on_rod(float(covered), radius, half, middle)
        tip = np.hypot(u - np.float32(tip_u), v - np.float32(sign * tip_v)) - np.float32(lip / 2)
        coat = np.abs(rod - np.float32(cleft + lip / 2)) - np.float32(lip / 2)
        cup = np.minimum(cup, np.where((v * sign >= 0) & (way <= covered), coat, tip))
    overlap = np.clip(BLEND_UM - np.abs(body - cup), 0, None)
    joined = np.minimum(body, cup) - overlap * overlap / np.float32(4 * BLEND_UM)
    space = rod - np.float32(cleft)
    # While the cup is open the cleft is outside the cell; closed, it has become the vacuole within.
    outside = -space - np.float32(3 * params.radius_um * state.closed[t])
    return np.asarray(np.maximum(joined, outside), np.float32), np.asarray(space, np.float32)


def _on_rod(way: float, radius: float, half: float, middle: float) -> tuple[float, float]:
    """Point (along, across) at `way` around a rod from its near pole, on a shell at `middle` from the rod's axis."""
    quarter = np.pi / 2 * radius
    if way < quarter:
        turn = way / radius
        return -half - middle * float(np.cos(turn)), middle * float(np.sin(turn))
    if way < quarter + 2 * half:
        return way - quarter - half, middle
    turn = min(np.pi / 2, (way - quarter - 2 * half) / radius)
    return half + middle * float(np.sin(turn)), middle * float(np.cos(turn))


def _carried(texture: Plane, state: State, t: int, view: View) -> Plane:
    """Cytoplasmic texture that travels with the cell."""
    side = texture.shape[0]
    left, top = (
        round((float(axis.flat[0]) - float(middle)) * view.scale + side / 2)
        for axis, middle in zip((view.x, view.y), state.cell_um[t], strict=True)
    )
    rows = np.clip(np.arange(view.y.shape[0]) + top, 0, side - 1)
    columns = np.clip(np.arange(view.x.shape[1]) + left, 0, side - 1)
    return np.asarray(texture[rows[:, None], columns[None, :]], np.float32)


def _nucleus(state: State, t: int, view: View, colour: Plane, grain: Plane) -> None:
    """Lays a kidney-shaped nucleus, a third of the cell's width, over the side away from the bacteria."""
    size = 0.30 * state.params.radius_um
    x = view.x - np.float32(state.cell_um[t, 0] - 0.22 * state.params.side * state.params.radius_um)
    y = view.y - np.float32(state.cell_um[t, 1] + 0.08 * state.params.radius_um)
    columns, rows = (np.flatnonzero(np.abs(axis.ravel()) < 1.6 * size) for axis in (x, y))
    if not (columns.size and rows.size):
        return
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    x, y = x[:, box[1]], y[box[0]]
    bend = x * np.float32(state.params.side) + 0.16 / size * y * y
    r = np.hypot(bend / (0.78 * size), y / (1.28 * size))
    cover = smoothstep(1.05, 0.93, r)[..., None] * np.float32(0.85)
    shade = 0.52 + 0.34 * np.sqrt(np.clip(1 - r * r, 0, 1)) + 0.8 * grain[box]
    lump = bell(np.hypot(bend + 0.2 * size, y - 0.4 * size), 0.28 * size) * np.float32(0.22)
    inner = tinted(shade - lump, (0.36, 0.30, 0.62)) + tinted(bell(r - 1, 0.06), (0.16, 0.14, 0.22))
    colour[box] = colour[box] * (1 - cover) + inner * cover


def _vacuole(state: State, t: int, space: Plane, colour: Plane) -> Plane:
    """The closed vacuole: clear fluid around the bacterium inside a bright membrane."""
    closed = np.float32(state.closed[t])
    if closed <= 0:
        return colour
    fluid = smoothstep(0.08, -0.08, space - np.float32(0.10))[..., None] * closed
    colour = colour * (1 - 0.62 * fluid) + tinted(fluid[..., 0], (0.055, 0.05, 0.10))
    return colour + tinted(bell(space - 0.16, 0.11) * closed, (0.42, 0.40, 0.55))


def _rod(look: Hashable, x: Plane, y: Plane, length: float, wide: float) -> tuple[Plane, Plane, Plane]:
    """A glossy green rod, lit from the upper left."""
    turn, fade = cast("tuple[int, int]", look)
    angle = turn / _TURNS * 2 * np.pi
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    u, v = x * c + y * s, y * c - x * s
    beyond = u - np.clip(u, -(length - wide) / 2, (length - wide) / 2)
    off = np.hypot(beyond, v)
    r = off / np.float32(wide / 2)
    opacity = smoothstep(1 + 1.2 / wide, 1 - 1.2 / wide, r) * np.float32(fade / _FADES)
    lit = -(0.5 * (beyond * c - v * s) + 0.85 * (beyond * s + v * c)) / np.maximum(off, 1e-3)
    dome = np.sqrt(np.clip(1 - r * r, 0, 1))
    shade = 0.42 + 0.48 * dome + 0.26 * lit * np.clip(r, 0, 1)
    colour = tinted(shade, (0.30, 0.98, 0.36))
    colour += tinted(bell(r - 0.5, 0.22) * np.clip(lit - 0.3, 0, 1), (0.55, 0.50, 0.50))
    shadow = smoothstep(1.5, 0.8, np.hypot(beyond - 0.06 * wide, v - 0.1 * wide) / (wide / 2)) * np.float32(0.20)
    return colour, opacity, shadow * np.float32(fade / _FADES)


def _bead(look: Hashable, x: Plane, y: Plane, scale: float) -> tuple[Plane, Plane, None]:
    """A small pale vesicle."""
    size = scale * (0.26 + 0.05 * cast("int", look))
    r = np.hypot(x, y) / size
    opacity = smoothstep(1 + 0.9 / size, 1 - 0.9 / size, r) * np.float32(0.85)
    dome = np.sqrt(np.clip(1 - r * r, 0, 1))
    light = 0.44 + 0.40 * dome - 0.24 * (0.5 * x + 0.8 * y) / size
    return tinted(light, (0.80, 0.76, 1.08)), opacity, None


def _glass(rng: np.random.Generator, width: int, height: int, scale: float) -> Plane:
    """The dish: a dark plane with soft light, fine scratches of texture and grains that stay where they are."""
    x, y = pixels(width, height)
    haze, fine = clouds(rng, width, height, (2, 4, 8), 0.6), clouds(rng, width, height, (24, 48, 96), 0.85)
    spot = bell(np.hypot((x - 0.45 * width) / width, (y - 0.42 * height) / height), 0.8)
    image = tinted((0.45 + 0.34 * haze + 0.18 * fine) * (0.5 + 0.8 * spot), (0.085, 0.115, 0.175))
    grains = np.zeros((height, width), np.float32)
    for _ in range(34):
        cx, cy, size = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0.06, 0.20) * scale
        r = np.hypot(x - np.float32(cx), y - np.float32(cy))
        grains += bell(r, max(0.8, size)) * np.float32(rng.uniform(-0.03, 0.05))
    return np.ascontiguousarray(image + tinted(blur(grains, 0.5), (0.8, 0.9, 1.1)), np.float32)
