"""Draws the sheet: dark muscle with fibres and vessels, glowing where it is excited, in a bath with two electrodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..canvas import Frames, Plane, Print, bell, blur, clouds, filaments, pixels, smoothstep, strand, tinted
from .physics import State

_REST = (0.34, 0.085, 0.085)
_GLOW = (
    # brightness of the glow, colour
    (0.00, (0.00, 0.00, 0.00)),
    (0.15, (0.20, 0.03, 0.015)),
    (0.42, (0.66, 0.16, 0.04)),
    (0.60, (0.90, 0.36, 0.07)),
    (0.80, (1.00, 0.66, 0.20)),
    (1.00, (1.00, 0.96, 0.74)),
)
_CORNER_MM = 7.0
_METAL = (0.80, 0.84, 0.88)


@dataclass(frozen=True)
class View:
    """How the sheet lies in the picture."""

    scale: float
    """Pixels a mm."""
    corner: tuple[float, float]
    """Of the sheet, upper left, in pixels."""
    edge: Plane
    """(height, width) distance to the sheet's edge in pixels, negative inside."""
    rows: Plane
    """(height, grid rows) weights that spread the grid over the picture's rows."""
    columns: Plane
    """(width, grid columns) likewise."""


def render(state: State, width: int, height: int) -> Frames:
    """Frames (instants, height, width, 3). The whole sheet is in the picture whatever its shape."""
    view = _view(state, width, height)
    rng = np.random.default_rng([state.seed, 702])
    muscle, relief = _muscle(rng, view, width, height)
    backdrop = _bath(rng, view, width, height)
    table = _table()
    printer = Print(rng, width, height, darkening=0.4, grain=0.010)
    inside = smoothstep(0.7, -0.7, view.edge)
    fall = np.exp(-np.maximum(view.edge, 0) / np.float32(4 * view.scale)) * np.float32(0.16)
    tools = _electrodes(state, view)
    frames = np.empty((len(state.time_s), height, width, 3), np.uint8)
    for t in range(len(frames)):
        glow = np.clip(view.rows @ state.glow[t] @ view.columns.T, 0, 1)
        haze = np.clip(view.rows @ blur(state.glow[t], 2.5) @ view.columns.T, 0, 1) * fall
        light = table[(glow * 255 + 0.5).astype(np.uint8)]
        light *= relief[..., None]
        light += muscle
        image = backdrop + tinted(haze, (0.9, 0.45, 0.18))
        image += (light + tinted(haze, (0.5, 0.22, 0.08)) - image) * inside[..., None]
        for points in tools:
            strand(image, points, 1.1 * view.scale, _METAL, tip=0.35, body=0.92)
        frames[t] = printer.frame(image)
    return frames


def _view(state: State, width: int, height: int) -> View:
    params = state.params
    scale = min(width / (params.width_mm + 2 * params.margin_mm), height / (params.height_mm + 2 * params.margin_mm))
    half_x, half_y = params.width_mm * scale / 2, params.height_mm * scale / 2
    x, y = pixels(width, height)
    round_ = _CORNER_MM * scale
    dx = np.maximum(np.abs(x - width / 2) - np.float32(half_x - round_), 0)
    dy = np.maximum(np.abs(y - height / 2) - np.float32(half_y - round_), 0)
    rows, columns = state.glow.shape[1:]
    left, top = width / 2 - half_x, height / 2 - half_y
    return View(
        scale,
        (left, top),
        (np.hypot(dx, dy) - np.float32(round_)).astype(np.float32),
        _weights((np.arange(height) + 0.5 - top) / (2 * half_y) * rows - 0.5, rows),
        _weights((np.arange(width) + 0.5 - left) / (2 * half_x) * columns - 0.5, columns),
    )


def _weights(at: np.ndarray, count: int) -> Plane:
    """(pixels, count): cubic weights (Catmull and Rom) that read a grid of `count` values at places `at`."""
    at = np.clip(at, 0, count - 1)
    cell = np.floor(at).astype(int)
    f = at - cell
    out = np.zeros((len(at), count), np.float32)
    for step, weight in (
        (-1, -0.5 * f + f**2 - 0.5 * f**3),
        (0, 1 - 2.5 * f**2 + 1.5 * f**3),
        (1, 0.5 * f + 2 * f**2 - 1.5 * f**3),
        (2, -0.5 * f**2 + 0.5 * f**3),
    ):
        np.add.at(out, (np.arange(len(at)), np.clip(cell + step, 0, count - 1)), weight)
    return out


def _table() -> Plane:
    """(256, 3) colours of the glow."""
    at = np.linspace(0, 1, 256)
    stops = [stop for stop, _ in _GLOW]
    return np.stack([np.interp(at, stops, [colour[k] for _, colour in _GLOW]) for k in range(3)], 1).astype(np.float32)


def _muscle(rng: np.random.Generator, view: View, width: int, height: int) -> tuple[Plane, Plane]:
    """The sheet at rest, and how much of the glow shows at every pixel."""
    # Fibres run along the picture's height.
    bundles = clouds(rng, height, width, (6, 12, 24), 0.7, stretch=7).T
    fine = clouds(rng, height, width, (40, 80, 160), 0.9, stretch=12).T
    fibres = 0.68 * bundles + 0.32 * fine
    slope = np.gradient(blur(fibres, 0.6), axis=1) * np.float32(max(1.0, width / 160))
    lit = 1 + np.clip(1.6 * slope, -0.22, 0.22)
    vessels = _vessels(rng, width, height)
    thick = smoothstep(0.0, -2.2 * view.scale, view.edge)  # the edge is cut and falls off
    shade = (0.62 + 0.75 * fibres) * lit * (0.55 + 0.45 * thick)
    rim = bell(view.edge + 0.5 * view.scale, 0.5 * view.scale)
    muscle = tinted(shade * (1 - 0.55 * vessels), _REST)
    muscle += tinted(0.05 * vessels * lit, (0.55, 0.12, 0.20)) + tinted(0.16 * rim, (0.9, 0.5, 0.45))
    relief = (0.76 + 0.40 * fibres) * lit * (1 - 0.42 * vessels) * (0.75 + 0.25 * thick)
    return np.ascontiguousarray(muscle, np.float32), np.ascontiguousarray(relief, np.float32)


def _vessels(rng: np.random.Generator, width: int, height: int) -> Plane:
    """Coronary vessels that branch over the sheet: opacity 0 to 1."""
    unit = max(width, height) / 100
    lines: list[tuple[np.ndarray, float]] = []

    def grow(start: np.ndarray, turn: float, thick: float, length: float) -> None:
        turns = turn + np.cumsum(rng.normal(0, 0.10, max(4, int(length))))
        steps = unit * np.stack([np.cos(turns), np.sin(turns)], axis=1)
        line = start + np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
        lines.append((line, thick))
        if thick > 0.3:
            for k in np.linspace(0, len(turns), 4).astype(int)[1:]:
                side = rng.choice((-1.0, 1.0)) * rng.uniform(0.4, 0.9)
                grow(line[k], float(turns[k - 1]) + side, 0.62 * thick, 0.6 * length)

    for _ in range(2):
        grow(np.array([rng.uniform(0.15, 0.85) * width, -0.02 * height]), np.pi / 2 + rng.normal(0, 0.5), 1.0, 26)
    cover = np.zeros((height, width), np.float32)
    for line, thick in lines:
        at = np.linspace(0, len(line) - 1, max(2, int(2 * unit * len(line))))
        dots = np.stack([np.interp(at, np.arange(len(line)), line[:, k]) for k in (0, 1)], axis=1)
        ink = blur(filaments(dots, np.full(len(dots), 0.5), width, height), max(0.5, 0.36 * unit * thick))
        cover = np.maximum(cover, ink * np.float32(1.6 * max(0.5, 0.36 * unit * thick)))
    return np.asarray(np.clip(cover, 0, 1), np.float32)


def _bath(rng: np.random.Generator, view: View, width: int, height: int) -> Plane:
    """The dark dish, with the sheet's shadow."""
    murk = clouds(rng, width, height, (2, 4, 8, 16), 0.6)
    shadow = np.exp(-np.maximum(view.edge, 0) / np.float32(2.5 * view.scale)) * np.float32(0.6)
    return tinted((0.55 + 0.6 * murk) * (1 - shadow), (0.07, 0.10, 0.13))


def _electrodes(state: State, view: View) -> list[np.ndarray]:
    """Pixels of the two wires, from outside the picture to their tips."""
    out = []
    for (x, y), side in zip(state.electrode_mm, (-1.0, 1.0), strict=True):
        tip = np.array([view.corner[0] + x * view.scale, view.corner[1] + y * view.scale])
        away = np.array([side * 0.96, -0.30]) * 60 * view.scale
        out.append(np.stack([tip + away, tip]))
    return out
