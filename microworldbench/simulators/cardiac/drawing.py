"""Draws the cut heart: muscle with its grain, the hollow chambers behind, blood, leaflets, cords and vessels."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import cast

import numpy as np

from ..canvas import Frames, Plane, Print, StampBook, bell, clouds, pixels, smoothstep, strand, tinted
from . import outline, valves
from .physics import State
from .shape import Section

_MUSCLE = (0.80, 0.43, 0.38)
_BLOOD = (0.50, 0.05, 0.07)
_VESSEL = (0.88, 0.68, 0.60)
_LEAFLET = (0.97, 0.90, 0.78)
_FAT = (0.93, 0.80, 0.50)
_ATRIAL_WALL_MM, _AORTIC_WALL_MM = 2.1, 2.0
_CELL_MM = 1.25
_LOOKS, _DEPTHS = 6, 3
_CENTRE_MM = (72.0, 3.0)
"""Point of the heart's frame that lies in the middle of the picture."""


@dataclass(frozen=True)
class View:
    """How the heart's frame lies in the picture."""

    scale: float
    """Pixels a mm."""
    middle: tuple[float, float]
    cos: float
    sin: float
    x: Plane
    """Coordinates of every pixel in the heart's frame, mm."""
    y: Plane

    def place(self, points: np.ndarray, shift_mm: float) -> np.ndarray:
        """Points (…, 2) of the heart's frame, moved by `shift_mm` along x, to pixels (x, y)."""
        x, y = points[..., 0] + shift_mm - _CENTRE_MM[0], points[..., 1] - _CENTRE_MM[1]
        return np.stack(
            [
                self.middle[0] + self.scale * (x * self.cos - y * self.sin),
                self.middle[1] + self.scale * (x * self.sin + y * self.cos),
            ],
            axis=-1,
        )


def render(state: State, width: int, height: int) -> Frames:
    """Frames (instants, height, width, 3). The whole field is in the picture whatever its shape."""
    rng = np.random.default_rng([state.seed, 402])
    view = _view(state, width, height)
    backdrop = _backdrop(rng, width, height)
    grain = 0.5 * clouds(rng, 1200, 64, (8, 16, 32, 64), 0.75, stretch=4) + 0.5 * clouds(
        rng, 1200, 64, (120, 240, 480), 0.9, stretch=16
    )
    lining = clouds(rng, 400, 160, (10, 20, 40), 0.7, stretch=6)
    printer = Print(rng, width, height, darkening=0.45, grain=0.010)
    radius = _CELL_MM * view.scale
    book = StampBook(lambda look, x, y: _cell(look, x, y, radius), reach=1.5 * radius + 1)
    order = np.argsort(-state.blood_depth)
    looks = rng.integers(0, _LOOKS, len(order))
    depths = np.minimum((state.blood_depth * _DEPTHS).astype(int), _DEPTHS - 1)
    frames = np.empty((len(state.time_s), height, width, 3), np.uint8)
    for t in range(len(frames)):
        section, shift = state.section.at(t), float(state.apex_mm[t])
        image = _tissue(backdrop, view, section, float(state.wall_mm[t]), shift, grain, lining)
        places = view.place(state.blood_mm[t], shift)
        seen = (state.blood_part[t] > 0) & ~_behind_muscle(section, state.blood_mm[t])
        for i in order:
            if seen[i]:
                book.lay(image, (int(looks[i]), int(depths[i])), float(places[i, 0]), float(places[i, 1]))
        _apparatus(image, view, section, shift, float(state.course.mitral[t]), float(state.course.aortic[t]))
        frames[t] = printer.frame(image)
    return frames


def _view(state: State, width: int, height: int) -> View:
    params = state.params
    scale = min(width / params.field_width_mm, height / params.field_height_mm)
    px, py = pixels(width, height)
    dx, dy = (px - width / 2) / scale, (py - height / 2) / scale
    cos, sin = float(np.cos(params.tilt)), float(np.sin(params.tilt))
    return View(
        scale,
        (width / 2, height / 2),
        cos,
        sin,
        (dx * cos + dy * sin + _CENTRE_MM[0]).astype(np.float32),
        (dy * cos - dx * sin + _CENTRE_MM[1]).astype(np.float32),
    )


def _backdrop(rng: np.random.Generator, width: int, height: int) -> Plane:
    """The chest around the heart, out of focus and in cool light."""
    murk = clouds(rng, width, height, (2, 4, 8), 0.6)
    lobes = clouds(rng, width, height, (5, 10, 20, 40), 0.6)
    edges = bell(lobes - 0.5, 0.05) + 0.6 * bell(lobes - 0.66, 0.04)
    grey = 0.30 + 0.45 * murk + 0.16 * edges
    return tinted(grey, (0.16, 0.24, 0.32)) + tinted(0.12 * lobes, (0.5, 0.25, 0.25))


def _tissue(
    backdrop: Plane, view: View, section: Section, wall_mm: float, shift: float, grain: Plane, lining: Plane
) -> Plane:
    """The picture without what moves inside the chambers."""
    x, y, pixel = view.x - np.float32(shift), view.y, 0.6 / view.scale
    cavity, atrium, aorta = (part(section, x, y) for part in (outline.cavity, outline.atrium, outline.aorta))
    muscle = outline.muscle(section, x, y)
    if wall_mm < 0.99 * float(section.wall):  # the outer surface drawn in, as a violation wants it
        muscle = np.maximum(muscle, cavity - np.float32(wall_mm))
    blood = np.minimum(np.minimum(cavity, atrium), np.minimum(aorta, outline.orifices(section, x, y)))
    fingers = np.minimum(*(_tapered(finger, x, y) for finger in valves.papillaries(section)))
    blood = -outline.joined(-blood, fingers, 5.0)
    vessels = np.minimum(atrium - _ATRIAL_WALL_MM, aorta - _AORTIC_WALL_MM)
    tissue = np.minimum(muscle, vessels)
    cover = smoothstep(pixel, -pixel, tissue)
    hollow = smoothstep(pixel, -pixel, blood)
    across = np.asarray(np.clip(cavity / np.maximum(cavity - muscle, 1.0), 0, 1), np.float32)
    along = np.clip(x / np.float32(section.base), 0, 1)
    # The grain runs from one side of the base round the apex to the other, and moves with the muscle.
    fibres = _looked_up(grain, np.asarray(0.5 + np.sign(y) * (0.5 * along), np.float32), across)
    flesh = _flesh(muscle, vessels, blood, fibres, across, fingers)
    shadow = np.exp(np.minimum(-tissue, 0) / np.float32(5.0)) * np.float32(0.5)
    image = backdrop * (1 - np.maximum(cover, shadow))[..., None] + flesh * cover[..., None]
    inside = _hollow(section, x, y, blood, lining)
    image += (inside - image) * hollow[..., None]
    return np.ascontiguousarray(image, np.float32)


def _tapered(finger: np.ndarray, x: Plane, y: Plane) -> Plane:
    """Distance to a papillary muscle, from its root (first) to its thinner tip."""
    (x0, y0), (dx, dy) = finger[0].tolist(), (finger[1] - finger[0]).tolist()
    t = np.clip(((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy), 0, 1)
    return np.asarray(np.sqrt(np.square(x - x0 - t * dx) + np.square(y - y0 - t * dy)) - (4.4 - 2.0 * t))


def _flesh(muscle: Plane, vessels: Plane, blood: Plane, fibres: Plane, across: Plane, fingers: Plane) -> Plane:
    """The cut face: muscle, the walls of atrium and aorta, and fat in the groove between them."""
    is_muscle = smoothstep(0.6, -0.6, muscle)
    body = 0.60 + 0.62 * fibres - 0.12 * np.square(2 * across - 1)
    body += 0.16 * np.sqrt(np.clip(-fingers / 3.5, 0, 1)) - 0.10 * smoothstep(0.5, -0.5, fingers)
    lip = bell(blood - 0.5, 0.9)  # the lining catches the light
    skin = bell(muscle + 0.7, 0.9) * is_muscle
    colour = tinted(body * is_muscle, _MUSCLE)
    colour += tinted((0.78 + 0.22 * fibres) * (1 - is_muscle), _VESSEL)
    colour += tinted(0.20 * lip, (1.0, 0.75, 0.65)) + tinted(0.16 * skin, (1.0, 0.9, 0.7))
    fat = is_muscle * smoothstep(5.0, 0.5, np.abs(vessels)) * smoothstep(1.0, 4.0, blood) * np.float32(0.75)
    return colour + (np.asarray(_FAT, np.float32) * (0.75 + 0.4 * fibres)[..., None] - colour) * fat[..., None]


def _hollow(section: Section, x: Plane, y: Plane, blood: Plane, lining: Plane) -> Plane:
    """The chambers' far walls, seen through blood: round, lit from above, ridged in the ventricle."""
    depth = np.maximum(-blood, 0)
    length = section.base - section.apex
    s = np.clip((x - np.float32(section.apex)) / np.float32(length), 0.02, 1)
    reach = np.sqrt((section.inner_a + section.inner_b * s) * s).astype(np.float32)
    eta = np.clip(y / reach, -1, 1)
    in_cavity = smoothstep(1.0, -1.0, x - np.float32(section.base))
    ridges = (_looked_up(lining, s, 0.5 + 0.45 * eta) - 0.5) * in_cavity
    round_ = 1 - np.exp(-depth / 7)
    light = 0.62 + 0.34 * round_ + 0.24 * eta * in_cavity + 0.8 * ridges
    shade = 1 - 0.55 * np.exp(-depth / 2.2)  # the cut edge throws its shadow inside
    return tinted(light * shade, _BLOOD) + tinted(0.10 * round_ * shade, (0.9, 0.15, 0.15))


def _looked_up(texture: Plane, u: Plane, v: Plane) -> Plane:
    """Values of a texture at parts (0 to 1) of its width and height."""
    height, width = texture.shape
    row, column = (v * (height - 1) + 0.5).astype(np.int32), (u * (width - 1) + 0.5).astype(np.int32)
    return np.asarray(texture[row, column])


def _behind_muscle(section: Section, points: np.ndarray) -> np.ndarray:
    """Which points (n, 2) lie behind a papillary muscle."""
    upper, lower = (_tapered(finger, *points.T) < 0.8 for finger in valves.papillaries(section))
    return np.asarray(upper | lower)


def _apparatus(image: Plane, view: View, section: Section, shift: float, mitral: float, aortic: float) -> None:
    """Cords, leaflets and cusps."""
    leaflets = valves.mitral_leaflets(section, mitral)
    for cord in valves.cords(leaflets, valves.papillaries(section)):
        strand(image, view.place(cord, shift), 0.32 * view.scale, _LEAFLET, tip=1.0, body=0.85)
    for curve in (*leaflets, *valves.aortic_cusps(section, aortic)):
        strand(image, view.place(curve, shift), 0.95 * view.scale, _LEAFLET, tip=0.6, body=0.95)


def _cell(look: Hashable, x: Plane, y: Plane, radius: float) -> tuple[Plane, Plane, Plane | None]:
    """A red particle, a disc lit from above; dimmer at the back."""
    turn, depth_step = cast("tuple[int, int]", look)
    depth, angle = depth_step / (_DEPTHS - 1), turn / _LOOKS * np.pi
    size = max(0.8, radius * (1 - 0.2 * depth))
    u = (x * np.cos(angle) + y * np.sin(angle)) / size
    v = (y * np.cos(angle) - x * np.sin(angle)) / (size * (0.72 + 0.28 * (turn % 3) / 2))
    r = np.sqrt(u * u + v * v)
    soft = 0.7 / size
    opacity = smoothstep(1 + soft, 1 - soft, r) * np.float32(0.95 - 0.4 * depth)
    shade = 0.72 + 0.22 * bell(r - 0.7, 0.35) - 0.14 * bell(r, 0.4) - 0.22 * (y / size) * 0.6 - 0.2 * depth
    gleam = bell(x / size + 0.3, 0.3) * bell(y / size + 0.45, 0.25) * np.float32(0.35 * (1 - depth))
    colour = np.stack([1.22 * shade + gleam, 0.22 * shade + 0.8 * gleam, 0.20 * shade + 0.7 * gleam], axis=-1)
    return np.clip(colour, 0, 1.1).astype(np.float32), opacity, None
