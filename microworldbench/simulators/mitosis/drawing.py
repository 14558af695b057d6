"""Draws the dividing cell: cytoplasm, nucleus, spindle, chromatids, contractile ring, soft neighbours behind."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import cast

import numpy as np

from ..canvas import Frames, Plane, Print, StampBook, bell, blur, clouds, filaments, pixels, ramp, smoothstep, tinted
from .physics import THIRD_RADIUS, State
from .shape import union

_TURNS, _BENDS, _GROWTHS = 48, 5, 4
_CHROMATIN = (0.98, 0.22, 0.60)
_NUCLEUS = (0.66, 0.16, 0.50)


@dataclass(frozen=True)
class View:
    """The part of the picture that changes, and how the cell's frame lies in it."""

    rows: slice
    columns: slice
    scale: float
    """Pixels a µm."""
    centre: tuple[float, float]
    """Of the cell in the part, pixels (x, y)."""
    x: Plane
    """Coordinates along the spindle in µm, one a pixel of the part."""
    y: Plane

    def place(self, state: State, points: np.ndarray) -> np.ndarray:
        """Points (…, 2) of the cell's frame in µm to pixels (x, y) of the part."""
        c, s = np.cos(state.params.axis_angle), np.sin(state.params.axis_angle)
        x = self.centre[0] + self.scale * (points[..., 0] * c - points[..., 1] * s)
        y = self.centre[1] + self.scale * (points[..., 0] * s + points[..., 1] * c)
        return np.stack([x, y], axis=-1)


def render(state: State, width: int, height: int) -> Frames:
    """Frames (instants, height, width, 3). The whole field is in the picture whatever its shape."""
    params = state.params
    scale = min(width / params.field_width_um, height / params.field_height_um)
    rng = np.random.default_rng([state.seed, 202])
    backdrop = _backdrop(rng, width, height, scale)
    printer = Print(rng, width, height, darkening=0.5, grain=0.010)
    view = _view(state, width, height, scale)
    texture = clouds(rng, view.x.shape[1] * 2, view.x.shape[0] * 2, (14, 28, 56, 112), 0.75) - 0.5
    book = StampBook(lambda look, x, y: _chromatid(look, x, y, scale), reach=2.6 * scale)
    frames = np.empty((len(state.time_s), height, width, 3), np.uint8)
    for t in range(len(frames)):
        image = backdrop.copy()
        part = image[view.rows, view.columns]
        part[:] = _cell(state, t, view, texture, part)
        _chromatids(state, t, view, book, part)
        frames[t] = printer.frame(image)
    return frames


def _view(state: State, width: int, height: int, scale: float) -> View:
    params = state.params
    cx, cy = width / 2 + params.offset_um[0] * scale, height / 2 + params.offset_um[1] * scale
    reach = max(each.separation + max(each.left, each.right) for each in state.bodies) * 1.2 + state.third_um.max()
    left, right = max(0, int(cx - reach * scale)), min(width, int(cx + reach * scale) + 1)
    top, bottom = max(0, int(cy - reach * scale)), min(height, int(cy + reach * scale) + 1)
    x, y = pixels(right - left, bottom - top)
    dx, dy = (x - (cx - left)) / scale, (y - (cy - top)) / scale
    c, s = np.cos(params.axis_angle), np.sin(params.axis_angle)
    return View(
        slice(top, bottom),
        slice(left, right),
        scale,
        (cx - left, cy - top),
        (dx * c + dy * s).astype(np.float32),
        (dy * c - dx * s).astype(np.float32),
    )


def _backdrop(rng: np.random.Generator, width: int, height: int, scale: float) -> Plane:
    """Culture medium and neighbours far out of focus."""
    x, y = pixels(width, height)
    murk, fine = clouds(rng, width, height, (2, 4, 8), 0.6), clouds(rng, width, height, (30, 60, 120), 0.8)
    image = tinted(0.5 + 0.6 * murk + 0.10 * fine, (0.035, 0.085, 0.145))
    for _ in range(9):
        cx, cy, r = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(5, 9) * scale
        if np.hypot(cx - width / 2, cy - height / 2) < 24 * scale:
            continue
        d = np.hypot(x - cx, (y - cy) * rng.uniform(0.85, 1.15)) / r
        glow = np.float32(0.16) * smoothstep(1.35, 0.55, d) + np.float32(0.05) * bell(d - 1, 0.25)
        image += tinted(glow, (0.22, 0.48, 0.58))
    return image


def _cell(state: State, t: int, view: View, texture: Plane, behind: Plane) -> Plane:
    """The part of the picture with the cell over what lies behind it, without the chromatids."""
    shape, scale = state.bodies[t], view.scale
    depth = _surface(state, t, view)
    largest = max(shape.left, shape.right, 1e-3) + shape.blend / 4
    inside = smoothstep(0.9 / scale, -0.9 / scale, depth)
    dome = np.sqrt(np.clip(1 - (np.clip(depth, -largest, 0) / largest + 1) ** 2, 0, 1)).astype(np.float32)
    slope_y, slope_x = np.gradient(dome)
    light = np.clip(0.86 - 1.5 * scale * (0.55 * slope_x + 0.85 * slope_y), 0.35, 1.45).astype(np.float32)
    rim, thin = bell(depth, 0.42), bell(depth + 0.25, 0.9)
    grain = _advected(texture, view, state, t)
    body = (0.44 + 0.28 * dome + 0.60 * grain * (0.4 + 0.6 * dome)) * light
    colour = tinted(body, (0.30, 0.66, 0.74)) + tinted(thin, (0.05, 0.12, 0.13)) + tinted(rim, (0.20, 0.36, 0.38))
    colour = _nucleus(state, t, view, colour, grain)
    colour += tinted(_spindle(state, t, view), (0.34, 0.80, 0.42))
    colour += tinted(_ring(state, t, view, depth), (0.42, 0.30, 0.06))
    opacity = inside[..., None] * np.float32(0.93)
    halo = np.exp(-np.clip(depth, 0, None) / 1.7) * (1 - inside) * 0.17
    shadow = np.exp(-np.clip(depth, 0, None) / 4.0) * (1 - inside) * 0.25
    return np.asarray(behind * (1 - opacity - shadow[..., None]) + colour * opacity + tinted(halo, (0.3, 0.8, 0.9)))


def _surface(state: State, t: int, view: View) -> Plane:
    """Signed distance to the outline in µm, gently uneven so that no cell is a perfect circle."""
    shape = state.bodies[t]
    minute = float(state.minutes[t])
    lobes = []
    for x, radius in ((-shape.separation, shape.left), (shape.separation, shape.right)):
        along = view.x - np.float32(x)
        angle = np.arctan2(view.y, along)
        sway = 0.012 * np.sin(3 * angle + 0.11 * minute) + 0.008 * np.sin(5 * angle - 0.07 * minute)
        lobes.append(np.hypot(along, view.y) * (1 + sway) - np.float32(radius if radius > 0.05 else -1e3))
    depth = union(lobes[0], lobes[1], shape.blend)
    third = float(state.third_um[t])
    if third > 0:
        grown = third / (THIRD_RADIUS * state.params.radius_um)
        bud = np.hypot(view.x, view.y + np.float32(grown * 0.98 * state.params.radius_um)) - np.float32(third)
        depth = union(depth, bud, 2.0 * max(0.0, 1 - grown))
    return np.asarray(depth, np.float32)


def _advected(texture: Plane, view: View, state: State, t: int) -> Plane:
    """Cytoplasmic texture that travels with the two halves of the cell."""
    shift = state.bodies[t].separation * view.scale
    c, s = np.cos(state.params.axis_angle), np.sin(state.params.axis_angle)
    height, width = view.x.shape
    halves = []
    for sign in (-1, 1):
        left = int(np.clip(width / 2 - sign * shift * c, 0, width))
        top = int(np.clip(height / 2 - sign * shift * s, 0, height))
        halves.append(texture[top : top + height, left : left + width])
    weight = smoothstep(-2.5, 2.5, view.x)
    return np.asarray(halves[0] * (1 - weight) + halves[1] * weight, np.float32)


def _nucleus(state: State, t: int, view: View, colour: Plane, grain: Plane) -> Plane:
    """The nucleus before its envelope breaks down, and the daughters' nuclei after they have formed."""
    params, minute = state.params, float(state.minutes[t])
    parted = params.anaphase_min + params.anaphase_length_min
    before = 1 - ramp(params.breakdown_min - 2.5, params.breakdown_min + 2, minute)
    after = ramp(parted + 5, parted + 14, minute)
    nuclei = [(0.0, 0.50 * params.radius_um, before)]
    for side in (0, 1):
        share = float(np.mean(state.daughter_of == side))
        sign, radius = (-1, state.bodies[t].left) if side == 0 else (1, state.bodies[t].right)
        size = min(0.40 * params.radius_um * (2 * share) ** (1 / 3), 0.62 * radius)
        nuclei.append((sign * state.bodies[t].separation, size, after if share > 0 and radius > 0.5 else 0.0))
    for x, radius, strength in nuclei:
        if strength <= 0.01 or radius <= 0.3:
            continue
        r = np.hypot(view.x - np.float32(x), view.y) / np.float32(radius)
        cover = smoothstep(1.06, 0.94, r) * np.float32(0.82 * strength)
        shade = (0.72 + 0.30 * np.sqrt(np.clip(1 - r * r, 0, 1)) + 0.5 * grain).astype(np.float32)
        envelope = tinted(bell(r - 1, 0.055), (0.30, 0.22, 0.34)) * np.float32(strength)
        colour = colour * (1 - cover[..., None]) + tinted(shade, _NUCLEUS) * cover[..., None] + envelope
    return np.asarray(colour, np.float32)


def _spindle(state: State, t: int, view: View) -> Plane:
    """Microtubules from the poles to the kinetochores and past one another, and the asters at the poles."""
    params, minute = state.params, float(state.minutes[t])
    parted = params.anaphase_min + params.anaphase_length_min
    there = ramp(params.breakdown_min - 1, params.breakdown_min + 6, minute) * (
        1 - ramp(parted + 2, parted + 9, minute)
    )
    height, width = view.x.shape
    if there <= 0.01:
        return np.zeros((height, width), np.float32)
    opened = ramp(params.breakdown_min - 4, params.breakdown_min + 8, minute)
    reach = max(0.74 * params.radius_um * (0.55 + 0.45 * opened), state.bodies[t].separation + 0.30 * params.radius_um)
    s = np.linspace(0, 1, max(24, int(2.2 * params.radius_um * view.scale)))[None, :, None]
    lines = []
    for side, sign in enumerate((-1.0, 1.0)):
        pole = np.array([sign * reach, 0.0])
        ends = state.chromatids[t][:, side]
        bow = np.stack([np.zeros(len(ends)), np.sign(ends[:, 1]) * 0.07 * np.abs(ends[:, 1])], axis=1)[:, None]
        lines.append(pole + (ends[:, None] - pole) * s + bow * np.sin(np.pi * s))
        fan = np.linspace(-1, 1, 9)
        free = np.stack([np.full(9, -sign * 0.12 * reach), fan * 0.62 * params.radius_um], axis=1)
        bulge = np.stack([np.zeros(9), fan * 0.16 * params.radius_um], axis=1)[:, None]
        lines.append(pole + (free[:, None] - pole) * s + bulge * np.sin(np.pi * s))
        turn = np.linspace(-1.9, 1.9, 11) + (np.pi if sign < 0 else 0)
        aster = np.stack([np.cos(turn), np.sin(turn)], axis=1)[:, None] * 0.20 * params.radius_um
        lines.append(pole + aster * s)
    dots = view.place(state, np.concatenate([line.reshape(-1, 2) for line in lines]))
    strength = np.full(len(dots), 0.16 * view.scale / max(1.0, s.shape[1] / 20))
    glow = blur(filaments(dots, strength, width, height), max(0.55, 0.075 * view.scale))
    for sign in (-1, 1):
        glow += 0.9 * bell(np.hypot(view.x - np.float32(sign * reach), view.y), 0.5)
    return np.asarray(np.clip(glow, 0, 1.2) * there * 0.62, np.float32)


def _ring(state: State, t: int, view: View, depth: Plane) -> Plane:
    """The contractile ring, seen from its side: a glow on the membrane at the equator while the furrow closes."""
    progress = float(state.progress[t])
    strength = 1.6 * ramp(0.05, 0.3, progress) * (1 - ramp(0.8, 0.97, progress))
    return bell(depth, 0.55) * bell(view.x, 1.3) * np.float32(strength)


def _chromatids(state: State, t: int, view: View, book: StampBook, part: Plane) -> None:
    """Lays every chromatid; arms trail behind the centromere while they are pulled."""
    params, minute = state.params, float(state.minutes[t])
    if state.condensed[t] < 0.04:
        return
    gathered = ramp(params.breakdown_min, params.metaphase_min, minute)
    pulled = ramp(params.anaphase_min, params.anaphase_min + 3, minute)
    bend = round(pulled * (_BENDS - 1))
    growth = min(_GROWTHS - 1, int(state.condensed[t] * _GROWTHS))
    places = view.place(state, state.chromatids[t])
    for sister in (0, 1):
        for j in range(params.chromosomes):
            if state.bodies[t].right < 1.5 and state.daughter_of[j, sister] == 1:
                continue
            free = state.turn[j] + (0.42 if sister == 0 else -0.42)
            angle = free * (1 - gathered) + np.pi / 2 * gathered
            # A folded chromatid points its centromere at its pole; unfolded, half a turn changes nothing.
            angle += np.pi if state.daughter_of[j, sister] == 0 else 0.0
            turn = round((angle + params.axis_angle) / (2 * np.pi) * _TURNS) % _TURNS
            book.lay(part, (turn, bend, growth), float(places[j, sister, 0]), float(places[j, sister, 1]))


def _chromatid(look: Hashable, x: Plane, y: Plane, scale: float) -> tuple[Plane, Plane, Plane]:
    """A rod of two arms that fold back from the centromere as it is pulled, lit from above."""
    turn, bend_step, growth_step = cast("tuple[int, int, int]", look)
    angle = turn / _TURNS * 2 * np.pi
    fold = 0.75 * bend_step / (_BENDS - 1)
    growth = (growth_step + 1) / _GROWTHS
    arm, thick = 1.45 * scale * (0.75 + 0.25 * growth), max(0.9, 0.36 * scale)
    distance = np.full(np.broadcast_shapes(x.shape, y.shape), 1e3, np.float32)
    for side in (-1, 1):
        direction = angle + fold if side > 0 else angle + np.pi - fold
        c, s = np.cos(direction), np.sin(direction)
        along = np.clip(x * c + y * s, 0, arm)
        distance = np.minimum(distance, np.hypot(x - along * c, y - along * s))
    opacity = smoothstep(thick + 0.7, thick - 0.7, distance) * np.float32(min(1.0, 0.35 + 0.75 * growth))
    dome = np.sqrt(np.clip(1 - (distance / thick) ** 2, 0, 1)).astype(np.float32)
    colour = tinted(0.58 + 0.44 * dome, _CHROMATIN) + tinted(dome**6, (0.10, 0.20, 0.14))
    shadow = smoothstep(2.2 * thick, 0.6 * thick, distance) * np.float32(0.22)
    return colour, opacity, shadow
