"""Excitation and recovery of heart muscle: the model of Aliev and Panfilov (1996, Chaos Solitons Fractals 7, 293).

With u the voltage (0 at rest, 1 excited) and v the recovery,

    ∂u/∂t = ∇²u − k·u·(u − a)·(u − 1) − u·v        ∂v/∂t = (ε + μ₁v/(u + μ₂))·(−v − k·u·(u − a − 1)),

in units of time and length that are fitted to the tissue: a front from rest runs at `MODEL_SPEED` and an action
potential lasts `MODEL_ACTION` in the model's units. Length has another unit along the fibres than across them, which is
the same as another diffusion. Steps are 0.05 of the unit of time (about a third of a millisecond of life), whatever the
frame rate. That colliding waves annihilate, that a wave cannot enter muscle which has just been excited, and in which
order muscle recovers is not put in anywhere: it follows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..canvas import clouds
from ..mechanism import instants
from .parameters import Params

Array = NDArray[np.float64]
Field = NDArray[np.float32]
Flags = NDArray[np.bool_]

K, A, EPSILON, MU1, MU2 = 8.0, 0.1, 0.01, 0.1, 0.3
STEP, CELL = 0.05, 0.55
"""Steps of time and length in the model's units."""
MODEL_SPEED, MODEL_ACTION = 1.515, 41.5
"""Of a plane front from rest, and of an action potential from rest at 0.1 of its height, with these constants."""
ELECTRODE, STIMULUS = 2.2, 1.0
"""Radius of an electrode's reach, and length of a stimulus, in the model's units."""
INSET_MM = 6.0
"""Of an electrode from the edge of the sheet."""
BLOCKED_MM, SLOW_DIFFUSION = 30.0, 0.14
"""How far blocked waves come, and the diffusion where a wave crawls, over the usual one."""
SLOW_SHARE = 0.34
"""Part of the width, at the left, in which a wave crawls."""
CAPPED = 0.3
"""Recovery that goes no further leaves muscle excited for good."""
SPIRAL = {"diffusion": 0.22, "mu1": 0.3, "epsilon": 0.02, "run_in": 70.0}
"""Tissue in which a spiral finds room, and how long it has turned before the clip begins."""


@dataclass(frozen=True)
class Tissue:
    """What a sheet is made of; arrays of shape (rows, columns)."""

    threshold: Field
    diffusion: Field
    epsilon: float = EPSILON
    mu1: float = MU1
    capped: float = np.inf


@dataclass(frozen=True)
class State:
    """A sheet over time."""

    params: Params
    seed: int
    fps: float
    violation: str | None
    """What was broken on purpose."""
    time_s: Array
    """(instants,) of the clip."""
    glow: Field
    """(instants, rows, columns) how brightly muscle glows: 1 at a fresh front, about a half at the end of an action
    potential, 0 at rest."""
    upstroke: Flags
    """(instants, rows, columns) where muscle has been excited since the last instant."""
    again: Flags
    """(instants, rows, columns) where that happened to muscle which was still excited."""
    electrode_mm: Array
    """(2, 2: x, y) from the sheet's upper left corner."""

    @property
    def cell_mm(self) -> tuple[float, float]:
        """Width and height of a cell of the grid."""
        rows, columns = self.glow.shape[1:]
        return self.params.width_mm / columns, self.params.height_mm / rows


def units(params: Params) -> tuple[float, float, float]:
    """The model's unit of time in ms of life, and its units of length across and along the fibres in mm."""
    time_ms = params.action_ms / MODEL_ACTION
    return time_ms, params.across_mm_ms * time_ms / MODEL_SPEED, params.along_mm_ms * time_ms / MODEL_SPEED


def step(u: Field, v: Field, tissue: Tissue, dt: float = STEP, cell: float = CELL) -> tuple[Field, Field]:
    """Voltage and recovery `dt` later on a grid of cells `cell` wide; nothing flows over the edges."""
    flow_x = (tissue.diffusion[:, 1:] + tissue.diffusion[:, :-1]) / 2 * np.diff(u, axis=1)
    flow_y = (tissue.diffusion[1:] + tissue.diffusion[:-1]) / 2 * np.diff(u, axis=0)
    gained = np.zeros_like(u)
    gained[:, :-1] += flow_x
    gained[:, 1:] -= flow_x
    gained[:-1] += flow_y
    gained[1:] -= flow_y
    driven = np.float32(K) * u
    away = u - tissue.threshold
    change = np.float32(dt / cell**2) * gained - np.float32(dt) * u * (np.float32(K) * away * (u - 1) + v)
    rate = np.float32(dt) * (np.float32(tissue.epsilon) + np.float32(tissue.mu1) * v / (u + np.float32(MU2)))
    recovered = v - rate * (v + driven * (away - 1))
    if np.isfinite(tissue.capped):
        recovered = np.minimum(recovered, np.float32(tissue.capped))
    return u + change, recovered


def simulate(params: Params, seed: int, duration_s: float, fps: float, violation: str | None = None) -> State:
    """Paces the sheet through `duration_s` seconds of the clip.

    Args:
        params: The sheet.
        seed: Draws how excitable the muscle is from place to place.
        duration_s: Length of the clip.
        fps: Instants a second of the clip.
        violation: One of the mechanism's, or None.
    """
    rng = np.random.default_rng([seed, 701])
    time_s = np.arange(instants(duration_s, fps)) / fps
    time_ms, across, along = units(params)
    columns, rows = (max(8, round(side / unit / CELL)) for side, unit in
                     ((params.width_mm, across), (params.height_mm, along)))  # fmt: skip
    steps = np.round(time_s * 1e3 / params.slow_motion / time_ms / STEP).astype(int)
    places = np.array(
        [
            [x, y * params.height_mm]
            for x, y in zip((INSET_MM, params.width_mm - INSET_MM), params.electrodes_y, strict=True)
        ]
    )
    tissue = _tissue(params, rng, rows, columns, places, violation)
    y, x = np.mgrid[:rows, :columns] + 0.5
    reached = [np.hypot(x * CELL - px / across, y * CELL - py / along) < ELECTRODE for px, py in places]
    if violation == "one_wave":
        reached = reached[:1]
    elif violation == "flash":
        reached = [np.ones((rows, columns), bool)]
    together = [np.logical_or.reduce(reached)]
    sites = reached if violation == "passing_waves" else together
    if violation == "spiral":
        runs = [_spiral(tissue, steps)]
    else:
        interval_ms = np.inf if violation == "single_round" else params.interval_ms
        paces = params.first_ms / time_ms, interval_ms / time_ms
        runs = [_paced(tissue, site, steps, *paces) for site in sites]
    if violation == "reversed_time":
        runs = [(u[::-1], v[::-1]) for u, v in runs]
    return State(
        params=params,
        seed=seed,
        fps=fps,
        violation=violation,
        time_s=time_s,
        glow=np.max([_glow(u, v) for u, v in runs], axis=0),
        upstroke=np.logical_or.reduce([_upstrokes(u) for u, _ in runs]),
        again=_again([u for u, _ in runs]),
        electrode_mm=places,
    )


def _tissue(
    params: Params, rng: np.random.Generator, rows: int, columns: int, places: Array, violation: str | None
) -> Tissue:
    noise = clouds(rng, columns, rows, (3, 6, 12), 0.6) - 0.5
    threshold = np.asarray(A + 2 * params.unevenness * noise, np.float32)
    diffusion = np.ones((rows, columns), np.float32)
    x = (np.arange(columns) + 0.5) / columns * params.width_mm
    if violation == "blocked_waves":
        threshold[:, (x > places[0, 0] + BLOCKED_MM) & (x < places[1, 0] - BLOCKED_MM)] = 0.6
    elif violation == "dead_half":
        threshold[:, x > params.width_mm / 2] = 0.6
    elif violation == "uneven_waves":
        diffusion[:, x < SLOW_SHARE * params.width_mm] = SLOW_DIFFUSION
    elif violation == "no_recovery":
        return Tissue(threshold, diffusion, capped=CAPPED)
    elif violation == "spiral":
        diffusion[:] = SPIRAL["diffusion"]
        return Tissue(threshold, diffusion, SPIRAL["epsilon"], SPIRAL["mu1"])
    return Tissue(threshold, diffusion)


def _paced(tissue: Tissue, site: Flags, steps: NDArray[np.int64], first: float, interval: float) -> tuple[Field, Field]:
    """Voltage and recovery (instants, rows, columns) at given steps, with stimuli at `site` (times in model units)."""
    u, v = np.zeros_like(tissue.threshold), np.zeros_like(tissue.threshold)
    us, vs = (np.empty((len(steps), *u.shape), np.float32) for _ in range(2))
    at = 0
    for k in range(int(steps[-1]) + 1):
        while at < len(steps) and steps[at] == k:
            us[at], vs[at] = u, v
            at += 1
        since = k * STEP - first
        if since >= 0 and since % interval < STIMULUS:
            u[site] = np.maximum(u[site], 1)
        u, v = step(u, v, tissue)
    return us, vs


def _spiral(tissue: Tissue, steps: NDArray[np.int64]) -> tuple[Field, Field]:
    """A wave that was broken at one end, and has curled up: as `_paced` returns it."""
    u, v = np.zeros_like(tissue.threshold), np.zeros_like(tissue.threshold)
    rows, columns = u.shape
    u[:, : columns // 2] = 1
    v[rows // 2 :] = 1.6
    us, vs = (np.empty((len(steps), rows, columns), np.float32) for _ in range(2))
    late = steps + round(SPIRAL["run_in"] / STEP)
    at = 0
    for k in range(int(late[-1]) + 1):
        while at < len(late) and late[at] == k:
            us[at], vs[at] = u, v
            at += 1
        u, v = step(u, v, tissue)
    return us, vs


def _glow(u: Field, v: Field) -> Field:
    return np.asarray(np.clip(u, 0, 1) * (0.45 + 0.55 * np.exp(-np.maximum(v, 0) / 0.15)), np.float32)


def _upstrokes(u: Field) -> Flags:
    """(instants, rows, columns) where the voltage has risen through a half since the last instant."""
    out = np.zeros(u.shape, bool)
    out[1:] = (u[:-1] < 0.5) & (u[1:] >= 0.5)
    return out


def _again(voltages: list[Field]) -> Flags:
    """Where one wave excites muscle that another still holds excited."""
    out = np.zeros(voltages[0].shape, bool)
    for i, u in enumerate(voltages):
        for j, other in enumerate(voltages):
            if i != j:
                out[1:] |= _upstrokes(u)[1:] & (other[:-1] > 0.3)
    return out
