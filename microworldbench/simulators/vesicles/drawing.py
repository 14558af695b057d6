"""Draws the cytoplasm close up: filaments, soft membranes in depth, and glossy vesicles in and out of focus."""

from __future__ import annotations

from collections.abc import Hashable
from typing import cast

import numpy as np

from ..canvas import Frames, Plane, Print, StampBook, bell, blur, clouds, filaments, pixels, smoothstep, tinted
from .physics import State

_DEPTHS, _TONES, _SIZES = 5, 3, 3


def render(state: State, width: int, height: int) -> Frames:
    """Frames (instants, height, width, 3): the middle of the field, as much of it whatever the shape."""
    params = state.params
    scale = max((width * height / params.view_um2) ** 0.5, max(width, height) / params.field_um)
    left, top = (width - params.field_um * scale) / 2, (height - params.field_um * scale) / 2
    rng = np.random.default_rng([state.seed, 302])
    backdrop = _backdrop(rng, width, height, scale)
    printer = Print(rng, width, height, darkening=0.55, grain=0.010)
    radius = params.radius_um * scale
    book = StampBook(lambda look, x, y: _vesicle(look, x, y, radius), reach=2.3 * radius)
    tones = np.minimum((state.tone * _TONES).astype(int), _TONES - 1)
    sizes = np.argsort(np.argsort(state.size)) * _SIZES // len(state.size)
    frames = np.empty((len(state.time_s), height, width, 3), np.uint8)
    for t in range(len(frames)):
        image = backdrop.copy()
        depth = state.z_um[t] / max(params.slab_um, 1e-9)
        layers = np.clip((depth * _DEPTHS).astype(int), 0, _DEPTHS - 1)
        xs, ys = state.xy_um[t, :, 0] * scale + left, state.xy_um[t, :, 1] * scale + top
        for i in np.argsort(-depth):
            if state.visible[t, i]:
                book.lay(image, (int(layers[i]), int(tones[i]), int(sizes[i])), float(xs[i]), float(ys[i]))
        frames[t] = printer.frame(image)
    return frames


def _vesicle(look: Hashable, x: Plane, y: Plane, radius: float) -> tuple[Plane, Plane, Plane]:
    """A membrane sphere with bright cargo, lit from the upper left; the back ones are softer and dimmer."""
    layer, tone_step, size_step = cast("tuple[int, int, int]", look)
    depth, tone = layer / (_DEPTHS - 1), tone_step / (_TONES - 1)
    size = radius * (0.93 + 0.07 * size_step) * (1 - 0.06 * depth)
    u, v = x / size, y / size
    r = np.sqrt(u * u + v * v)
    soft = (0.9 + 0.10 * size * depth) / size
    opacity = smoothstep(1 + soft, 1 - soft, r) * np.float32(0.97 - 0.14 * depth)
    dome = np.sqrt(np.clip(1 - r * r, 0, 1)).astype(np.float32)
    light = np.clip(0.36 + 0.50 * dome - 0.30 * (0.6 * u + 0.8 * v), 0.12, 1.3)
    rim = bell(r - 0.90, 0.13)
    cargo = bell(np.hypot(u - 0.08, v - 0.10), 0.55)
    gleam = (bell(u + 0.36, 0.24) * bell(v + 0.42, 0.20)) * np.float32(0.75 * (1 - 0.5 * depth))
    colour = tinted(light, (1.02, 0.62 + 0.16 * tone, 0.20 + 0.10 * tone))
    colour += tinted(cargo, (0.16, 0.10, 0.02)) + tinted(rim * light, (0.16, 0.16, 0.10))
    colour += tinted(gleam, (1.0, 0.95, 0.85))
    colour *= np.float32(1 - 0.24 * depth)
    away = np.sqrt((x - 0.28 * size) ** 2 + (y - 0.44 * size) ** 2) / size
    shadow = np.asarray(0.50 * (1 - 0.5 * depth) * np.exp(-((away / 1.15) ** 2)), np.float32)
    shadow *= smoothstep(1.9, 1.2, np.sqrt(x * x + y * y) / radius)
    return colour, opacity, shadow


def _backdrop(rng: np.random.Generator, width: int, height: int, scale: float) -> Plane:
    """Cytoplasm with a gradient of light, a net of filaments at two depths and a blurred mitochondrion or two."""
    x, y = pixels(width, height)
    large = clouds(rng, width, height, (2, 4, 8, 16), 0.6)
    fine = clouds(rng, width, height, (40, 80, 160), 0.8)
    light = 0.62 + 0.46 * large + 0.07 * fine
    light = light * (1.12 - 0.34 * (x / width + y / height) / 2)
    image = tinted(light, (0.055, 0.235, 0.300)) + tinted(large * fine, (0.02, 0.06, 0.05))
    for _ in range(3):
        image += tinted(_organelle(rng, x, y, width, height, scale), (0.05, 0.10, 0.16))
    for count, thick, strength in ((34, 0.055, 0.20), (18, 0.022, 0.30)):
        net = blur(_strands(rng, count, width, height, scale), max(0.6, thick * scale))
        net /= max(float(np.percentile(net, 99.5)), 1e-6)
        image += tinted(np.clip(net, 0, 1.2) * strength, (0.16, 0.52, 0.46))
    return np.ascontiguousarray(image, np.float32)


def _organelle(rng: np.random.Generator, x: Plane, y: Plane, width: int, height: int, scale: float) -> Plane:
    """A sausage far out of focus."""
    cx, cy, turn = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0, np.pi)
    u = (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)
    v = -(x - cx) * np.sin(turn) + (y - cy) * np.cos(turn) + 0.12 / scale * u * u * rng.uniform(-0.5, 0.5)
    d = np.hypot(np.clip(np.abs(u) - 0.8 * scale, 0, None), v) / (0.38 * scale)
    return smoothstep(1.5, 0.4, d) * np.float32(rng.uniform(0.5, 1.0))


def _strands(rng: np.random.Generator, count: int, width: int, height: int, scale: float) -> Plane:
    """Gently winding filaments from edge to edge."""
    steps = int(2.6 * max(width, height))
    dots = []
    for _ in range(count):
        turn = np.cumsum(rng.normal(0, 1, steps)) * 0.35 / np.sqrt(scale) / 12 + rng.uniform(0, 2 * np.pi)
        line = np.cumsum(np.stack([np.cos(turn), np.sin(turn)], axis=1), axis=0) * 0.5
        dots.append(line - line[steps // 2] + rng.uniform(0, 1, 2) * (width, height))
    strength = np.repeat(rng.uniform(0.4, 1.0, count), steps)
    return filaments(np.concatenate(dots), strength, width, height)
