"""The course of an encounter: approach, contact, the zipper's rims, closure, and the vacuole's way inwards.

Everything runs on a fixed step of a quarter of a second of the cell's time, apart from the frame rate. The cell's
outline sways by Ornstein-Uhlenbeck modes; when the cup closes follows from the zipper alone (`zipper.rims`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..canvas import ramp
from ..mechanism import instants
from .granules import gathered
from .parameters import Params
from .zipper import rims

Array = NDArray[np.float64]

STEP_S = 0.25
MODES = np.arange(2, 9)
"""Waves around the outline."""
SWAY, SWAY_MEMORY_S = 0.030, 45.0
"""Standard deviation of an outline mode of two waves over the radius, and its memory."""
GIANT = 3.5
"""Size of the bacteria in the violation ``giant_prey``."""
DART_UM = 13.5
"""How far the cell darts in the violation ``darting_cell``."""
STALL = 0.5
"""Share of the way that the rims go in the violation ``stalled_cup``."""


@dataclass(frozen=True)
class State:
    """An encounter over time. Lengths in µm from the middle of the field, x to the right and y downwards."""

    params: Params
    seed: int
    fps: float
    violation: str | None
    time_s: Array
    """(instants,) of the clip."""
    seconds: Array
    """(instants,) of the cell."""
    cell_um: Array
    """(instants, 2) centre of the macrophage."""
    waves: Array
    """(instants, modes, 2) cosine and sine parts of the outline, over the radius."""
    prey_um: Array
    """(instants, bacteria, 2) centres; the first is the one that is swallowed, the fourth is there if violated."""
    prey_angle: Array
    """(instants, bacteria) direction of the long axis; that of the first points away from the cell."""
    prey_size: float
    """Over the true size: 1 unless violated."""
    seen: Array
    """(instants, bacteria) 0 gone to 1 there."""
    rim_um: Array
    """(instants, 2) way of the two rims around the first bacterium."""
    closed: Array
    """(instants,) 0 while the cup is open, 1 when the vacuole has parted from the surface."""
    granule_um: Array
    """(instants, granules, 2); the first ones (`granules.HELPERS`) go to the vacuole."""

    @property
    def wrap_um(self) -> float:
        """Way of a rim from pole to pole of a bacterium as it is drawn."""
        return self.params.wrap_um * self.prey_size

    @property
    def time_compression(self) -> float:
        """How many times faster than life the clip plays."""
        return self.params.seconds / (len(self.time_s) / self.fps)

    def radius_um(self, t: int, angle: Array) -> Array:
        """Distance of the outline from the centre in the directions `angle`, without cup."""
        return self.params.radius_um * outline(self.waves[t], angle)


def outline(waves: Array, angle: Array) -> Array:
    """Radius over the mean radius, for waves (modes, 2) in the directions `angle`."""
    turns = MODES * np.asarray(angle)[..., None]
    return np.asarray(1 + (np.cos(turns) * waves[:, 0] + np.sin(turns) * waves[:, 1]).sum(axis=-1))


def simulate(params: Params, seed: int, duration_s: float, fps: float, violation: str | None = None) -> State:
    """Runs an encounter through `duration_s` seconds of the clip.

    Args:
        params: The cell and its prey.
        seed: Draws the sway of the outline, the places of the other bacteria and the vesicles.
        duration_s: Length of the clip.
        fps: Instants a second of the clip.
        violation: One of the mechanism's, or None.
    """
    rng = np.random.default_rng([seed, 501])
    time_s = np.arange(instants(duration_s, fps)) / fps
    seconds = time_s / duration_s * params.seconds
    if violation == "reversed_time":
        seconds = seconds[::-1].copy()
    grid: Array = np.arange(int(np.ceil(params.seconds / STEP_S)) + 2, dtype=float) * STEP_S
    size = GIANT if violation == "giant_prey" else 1.0
    waves = _waves(rng, grid)
    rim, closed = _zipped(params, rng, grid, size, violation)
    cell, prey, angle = _places(params, rng, grid, waves, closed, size, violation)
    granules = gathered(params, rng, cell, prey[:, 0], closed, size, STEP_S)
    at = np.clip(np.searchsorted(grid, seconds), 0, len(grid) - 1)
    return State(
        params=params,
        seed=seed,
        fps=fps,
        violation=violation,
        time_s=time_s,
        seconds=seconds,
        cell_um=cell[at],
        waves=waves[at],
        prey_um=prey[at],
        prey_angle=angle[at],
        prey_size=size,
        seen=_seen(params, grid, violation)[at],
        rim_um=rim[at],
        closed=closed[at],
        granule_um=granules[at],
    )


def _waves(rng: np.random.Generator, grid: Array) -> Array:
    """Ornstein-Uhlenbeck modes (steps, modes, 2), weaker the shorter their waves."""
    keep = np.exp(-STEP_S / SWAY_MEMORY_S)
    size = (SWAY * 2 / MODES)[:, None]
    walk = np.empty((len(grid), len(MODES), 2))
    walk[0] = size * rng.standard_normal((len(MODES), 2))
    kicks = rng.standard_normal(walk.shape) * size * np.sqrt(1 - keep**2)
    for i in range(1, len(grid)):
        walk[i] = keep * walk[i - 1] + kicks[i]
    return walk


def _zipped(
    params: Params, rng: np.random.Generator, grid: Array, size: float, violation: str | None
) -> tuple[Array, Array]:
    """Ways of both rims (steps, 2) and how far the vacuole has parted from the surface (steps,)."""
    wrap = params.wrap_um * size
    # The rims see slightly different membranes. A larger particle would take longer by the square of its size.
    supplies = params.supply * np.array([1.0, rng.uniform(0.93, 0.98)])
    times, ways = rims(supplies, params.receptor_um2_s * size**2, params.seconds)
    rim = np.stack([np.interp(grid - params.contact_s, times, way, left=0.0) for way in ways.T], axis=1)
    rim = np.minimum(rim, wrap * (STALL if violation == "stalled_cup" else 1.0))
    if violation in ("vanishing_prey", "through_membrane"):
        rim[:] = 0.0
    met = np.flatnonzero((rim >= wrap).all(axis=1))
    closing = grid[met[0]] if met.size else np.inf
    return rim, np.array([ramp(0.0, 8.0, second - closing) for second in grid])


def _places(
    params: Params,
    rng: np.random.Generator,
    grid: Array,
    waves: Array,
    closed: Array,
    size: float,
    violation: str | None,
) -> tuple[Array, Array, Array]:
    """Centre of the cell (steps, 2), centres (steps, 4, 2) and angles (steps, 4) of the bacteria."""
    bearing = params.bearing if params.side > 0 else np.pi - params.bearing
    out = np.array([np.cos(bearing), np.sin(bearing)])
    gap = params.crawl_um_min / 60 * np.clip(params.contact_s - grid, 0, None)
    radius = params.radius_um * np.array([float(outline(wave, np.array(bearing))) for wave in waves])
    reach = radius + params.prey_length_um * size / 2
    shift = 4.0 * params.side if violation == "darting_cell" else 0.0  # room to dart on the other side
    start = np.array([shift - 3.0 * params.side, 0.0]) - out * (size - 1) * 1.5
    first = np.tile(start + out * (reach[0] + gap[0]), (len(grid), 1))
    cell = first - out * (reach + gap)[:, None]
    if violation == "pulled_in":
        cell = np.tile(start, (len(grid), 1))
        away = 4.2 * np.array([1 - ramp(0.3, 1.0, second / params.contact_s) for second in grid])
        first = cell + out * (reach + away)[:, None]
    if violation == "through_membrane":
        inward = np.array([ramp(0.0, 110.0, second - params.contact_s) for second in grid])
        first = first - out * inward[:, None] * (params.prey_length_um + 1.5)
    moved = _inward(params, grid, closed, first, cell)
    held = int(np.argmax(closed > 0)) if (closed > 0).any() else len(grid)
    cell[held:] = cell[min(held, len(grid) - 1)]
    if violation == "darting_cell":
        cell, moved = _darting(params, grid, cell, moved, first, closed)
    jitter = 0.03 * rng.standard_normal((len(grid), 4, 2))
    prey = np.empty((len(grid), 4, 2))
    prey[:, 0] = moved
    spots = np.array([(14.0, -7.0), (15.5, 7.2), (18.0, 0.6)]) + rng.uniform(-0.9, 0.9, (3, 2))
    prey[:, 1:] = spots * (params.side, 1.0) * (1.0 if size == 1 else np.array([1.2, 1.2])) + jitter[:, 1:]
    prey[:, 1:, 0] += shift
    axis = bearing + params.tilt
    angles = np.concatenate([[axis], rng.uniform(0, np.pi, 3)])
    return cell, prey, np.tile(angles, (len(grid), 1))


def _inward(params: Params, grid: Array, closed: Array, first: Array, cell: Array) -> Array:
    """The first bacterium's way: it stays until the vacuole has parted, then goes to a place beside the nucleus."""
    path = first.copy()
    for i in range(1, len(grid)):
        if closed[i] < 0.5:
            continue
        path[i] = path[i - 1]
        aim = cell[i] + 0.42 * params.radius_um * (first[i] - cell[i]) / np.hypot(*(first[i] - cell[i]))
        left = aim - path[i]
        path[i] += left * min(1.0, params.inward_um_min / 60 * STEP_S / max(float(np.hypot(*left)), 1e-9))
    return path


def _darting(params: Params, grid: Array, cell: Array, prey: Array, first: Array, closed: Array) -> tuple[Array, Array]:
    """The cell races in from the far side, and away with its prey once the cup has closed."""
    far = -params.side * np.array([1.0, 0.0])
    before = np.array([1 - ramp(0.25, 0.9, second / params.contact_s) for second in grid])
    closing = grid[int(np.argmax(closed >= 1))] if (closed >= 1).any() else np.inf
    after = np.array([ramp(0.0, 60.0, second - closing) for second in grid])
    moved = DART_UM * (before + after)[:, None] * far
    return cell + moved, np.where((closed > 0)[:, None], prey + moved, first)


def _seen(params: Params, grid: Array, violation: str | None) -> Array:
    seen = np.ones((len(grid), 4))
    seen[:, 3] = 0.0
    if violation == "vanishing_prey":
        seen[:, 0] = [1 - ramp(0.35, 0.85, second / params.contact_s) for second in grid]
    if violation == "extra_prey":
        seen[:, 3] = [ramp(0.35, 0.45, second / params.seconds) for second in grid]
    return seen
