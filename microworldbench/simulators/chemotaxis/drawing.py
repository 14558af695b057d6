"""Draws the dish: a pipette with its glowing plume, and pale neutrophils with ruffled fronts and lobed nuclei."""

from __future__ import annotations

import numpy as np

from ..canvas import Frames, Plane, Print, bell, blur, clouds, pixels, smoothstep, tinted
from .physics import State
from .shape import ANGLES, outlines

_STEP = float(ANGLES[1] - ANGLES[0])
LOBES = ((-0.30, -0.30, 0.30), (-0.46, 0.12, 0.28), (-0.10, 0.34, 0.27))
"""Lobes of a nucleus: along and across the cell, and radius, all over the cell's radius."""


def render(state: State, width: int, height: int) -> Frames:
    """Frames (instants, height, width, 3). The whole field is in the picture whatever its shape."""
    params = state.params
    scale = min(width / params.field_width_um, height / params.field_height_um)
    rng = np.random.default_rng([state.seed, 602])
    dish = _dish(state, rng, width, height, scale)
    printer = Print(rng, width, height, darkening=0.45, grain=0.009)
    side = 2 * int(1.9 * params.radius_um * scale) + 4
    grains = np.stack([clouds(rng, side, side, (3, 6, 12, 24), 0.8) - 0.5 for _ in range(4)])
    tones = rng.uniform(-0.06, 0.06, int(state.xy_um.shape[1]))
    frames = np.empty((len(state.time_s), height, width, 3), np.uint8)
    for t in range(len(frames)):
        image = dish.copy()
        radii = outlines(state, t)
        for i in np.argsort(state.xy_um[t, :, 1]):
            if state.visible[t, i]:
                _cell(image, state, t, int(i), radii[i], grains[i % 4], float(tones[i]), scale)
        frames[t] = printer.frame(image)
    return frames


def _cell(
    image: Plane, state: State, t: int, i: int, radii: np.ndarray, grain: Plane, tone: float, scale: float
) -> None:
    """Lays one cell over the image."""
    height, width = image.shape[:2]
    side = grain.shape[0]
    column, row = state.xy_um[t, i] * scale + (width / 2, height / 2)
    left, top = int(np.floor(column)) - side // 2, int(np.floor(row)) - side // 2
    x0, y0, x1, y1 = max(0, left), max(0, top), min(width, left + side), min(height, top + side)
    if x1 <= x0 or y1 <= y0:
        return
    radius = state.params.radius_um
    x = ((np.arange(x0, x1) - column) / (scale * radius)).astype(np.float32)[None, :]
    y = ((np.arange(y0, y1) - row) / (scale * radius)).astype(np.float32)[:, None]
    c, s = np.float32(np.cos(state.heading[t, i])), np.float32(np.sin(state.heading[t, i]))
    u, v = x * c + y * s, y * c - x * s
    away = np.hypot(u, v)
    edge = _edge((radii / radius).astype(np.float32), np.arctan2(v, u))
    surface = (away - edge) * np.float32(0.9)  # in radii, negative inside
    pixel = 1 / (scale * radius)
    inside = smoothstep(0.7 * pixel, -0.7 * pixel, surface)
    # The front is a thin sheet; the body behind it is a dome.
    ahead = smoothstep(0.15, 0.95, u)
    dome = np.sqrt(np.clip(1 - np.square(np.clip(1 + surface / 0.85, 0, 1)), 0, 1)) * (1 - 0.55 * ahead)
    slope_y, slope_x = np.gradient(dome) if min(dome.shape) > 1 else (np.zeros_like(dome),) * 2
    light = np.clip(0.95 + (0.62 / pixel) * (0.5 * slope_x + 0.8 * slope_y), 0.35, 1.7)
    texture = grain[y0 - top : y1 - top, x0 - left : x1 - left]
    body = (0.46 + tone + 0.26 * dome + 0.42 * texture * (0.4 + 0.6 * dome)) * light
    colour = tinted(body, (0.74, 0.92, 0.98))
    colour += tinted(bell(surface + 0.05, 0.075) * (0.30 + 0.55 * ahead), (0.50, 0.58, 0.58))
    colour = _nucleus(colour, u, v, texture, light, pixel)
    opacity = (inside * (0.90 - 0.20 * ahead))[..., None]
    part = image[y0:y1, x0:x1]
    shade = np.exp(-np.square(np.clip(surface - 0.02, 0, None) / 0.22)) * np.float32(0.34) * (1 - inside)
    part *= 1 - shade[..., None]
    part *= 1 - opacity
    part += colour * opacity


def _edge(radii: Plane, angle: Plane) -> Plane:
    """Outline in the directions `angle`, from the table."""
    place = (angle + np.float32(np.pi)) / np.float32(_STEP)
    low = np.minimum(place.astype(np.int32), len(radii) - 2)
    share = place - low.astype(np.float32)
    return np.asarray(radii[low] * (1 - share) + radii[low + 1] * share, np.float32)


def _nucleus(colour: Plane, u: Plane, v: Plane, texture: Plane, light: Plane, pixel: float) -> Plane:
    """Three lobes joined by threads, as neutrophils have them."""
    depth = np.full(u.shape, 9.0, np.float32)
    for along, across, size in LOBES:
        lobe = np.hypot(u - np.float32(along), v - np.float32(across)) - np.float32(size)
        overlap = np.clip(0.16 - np.abs(depth - lobe), 0, None)
        depth = np.minimum(depth, lobe) - overlap * overlap / np.float32(0.64)
    cover = (smoothstep(0.8 * pixel, -0.8 * pixel, depth) * np.float32(0.86))[..., None]
    bulge = np.sqrt(np.clip(-depth / 0.3, 0, 1))
    inner = tinted((0.42 + 0.34 * bulge + 0.5 * texture) * light, (0.60, 0.42, 0.95))
    return np.asarray(colour * (1 - cover) + inner * cover, np.float32)


def _dish(state: State, rng: np.random.Generator, width: int, height: int, scale: float) -> Plane:
    """Glass in dim light, the plume around the pipette's tip, and the pipette itself."""
    x, y = pixels(width, height)
    haze, fine = clouds(rng, width, height, (2, 4, 8), 0.6), clouds(rng, width, height, (20, 40, 80), 0.85)
    image = tinted(0.42 + 0.36 * haze + 0.46 * fine, (0.085, 0.175, 0.220))
    # Strands of the protein that the glass is coated with.
    for octave, thickness, strength in ((8, 0.022, 0.085), (15, 0.030, 0.060)):
        strands = bell(clouds(rng, width, height, (octave, 2 * octave), 0.55) - 0.5, thickness) * (0.4 + 0.6 * haze)
        image += tinted(strands * np.float32(strength), (0.55, 0.95, 1.05))
    tip_x = width / 2 + state.params.source_um[0] * scale
    tip_y = height / 2 + state.params.source_um[1] * scale
    away = np.hypot(x - np.float32(tip_x), y - np.float32(tip_y)) / np.float32(scale)
    plume = (16 / (away + 16)) ** np.float32(1.25) * (0.86 + 0.28 * haze)
    image += tinted(plume, (0.52, 0.27, 0.05))
    image += tinted(bell(away, 3.2), (0.50, 0.34, 0.12))
    scratches = np.zeros((height, width), np.float32)
    for _ in range(90):
        cx, cy, size = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0.3, 1.0) * scale
        r = np.hypot(x - np.float32(cx), y - np.float32(cy))
        scratches += bell(r, max(0.8, size)) * np.float32(rng.uniform(-0.05, 0.07))
    image += tinted(blur(scratches, 0.5), (0.8, 1.0, 1.0))
    return _pipette(image, x, y, tip_x, tip_y, scale)


def _pipette(image: Plane, x: Plane, y: Plane, tip_x: float, tip_y: float, scale: float) -> Plane:
    """A drawn-out glass tube that comes in from the right and ends at the tip."""
    along = (x - np.float32(tip_x)) / np.float32(scale)
    across = (y - np.float32(tip_y)) / np.float32(scale) - 0.10 * np.clip(along, 0, None)
    half = 1.6 + 0.13 * np.clip(along, 0, None)
    r = across / half
    there = smoothstep(-0.6, 0.6, along) * smoothstep(1.06, 0.96, np.abs(r))
    glass = 0.10 + 0.30 * bell(np.abs(r) - 0.90, 0.10) + 0.20 * bell(r + 0.45, 0.16)
    inside = bell(r, 0.5) * np.exp(-np.clip(along, 0, None) / 30)
    colour = tinted(glass, (0.85, 1.0, 1.05)) + tinted(inside, (0.55, 0.32, 0.08))
    keep = (1 - 0.45 * there)[..., None]
    return np.ascontiguousarray(image * keep + colour * there[..., None], np.float32)
