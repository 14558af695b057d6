"""Hand-over-hand stepping: heads and cargo follow the chemical cycle with thermal motion.

Positions relax towards where the cycle has them (Ornstein-Uhlenbeck processes) on a fixed grid of 0.1 ms of life; each
frame shows the mean over a short exposure.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..mechanism import instants
from .cycle import BOUND_NM, FREE_NM, Phase, chosen
from .parameters import Params

Array = NDArray[np.float64]

GRID_MS = 0.1
EXPOSURE_S = 1 / 30
"""Of the clip, over which a frame averages."""
HIP_NM = 9.0
"""Height of the hip, where necks and stalk meet."""
SETTLE_MS = 0.25
"""Relaxation time of a head that is bound or docking."""


@dataclass(frozen=True)
class State:
    """The motor over time. Lengths in nm: x from the left of the field, heights above the microtubule's surface."""

    params: Params
    seed: int
    fps: float
    violation: str | None
    """What was asked to be broken."""
    time_s: Array
    """(instants,) of the clip."""
    heads_nm: Array
    """(instants, 2, 2): x and height of the middle of each head, crimson and gold."""
    bound: NDArray[np.bool_]
    """(instants, 2)"""
    hip_nm: Array
    """(instants, 2)"""
    cargo_nm: Array
    """(instants, 2) middle of the vesicle."""
    linked: NDArray[np.bool_]
    """(instants,) whether the stalk holds the vesicle."""
    steps_s: Array
    """(steps,) when the motor stepped, in seconds of the clip."""
    steps: NDArray[np.int64]
    """(steps,) 1 to the right, −1 to the left."""


def simulate(params: Params, seed: int, duration_s: float, fps: float, violation: str | None = None) -> State:
    """Follows the motor for `duration_s` seconds of the clip.

    Args:
        params: Motor, track and cargo.
        seed: Draws when the motor steps and how its parts jiggle.
        duration_s: Length of the clip.
        fps: Instants a second of the clip.
        violation: One of the mechanism's, or None.
    """
    rng = np.random.default_rng([seed, 601])
    time_s = np.arange(instants(duration_s, fps)) / fps
    life_ms = duration_s * 1e3 / params.slow_motion
    phases = chosen(params, rng, life_ms, violation)
    grid = np.arange(0, life_ms + 2 * GRID_MS + 1e3 * EXPOSURE_S / params.slow_motion, GRID_MS)
    index = np.searchsorted([phase.start_ms for phase in phases], grid, side="right") - 1
    heads, hip = _heads(params, rng, phases, index, grid, violation)
    cargo = _cargo(params, rng, hip, grid, violation)
    shown = [_exposed(part, grid, time_s, params.slow_motion) for part in (heads, hip, cargo)]
    at = np.searchsorted([phase.start_ms for phase in phases], time_s * 1e3 / params.slow_motion, side="right") - 1
    steps = [(b.start_ms, a.step) for a, b in pairwise(phases) if a.step and b.start_ms < life_ms]
    lost = violation == "cargo_left_behind"
    return State(
        params=params,
        seed=seed,
        fps=fps,
        violation=violation,
        time_s=time_s,
        heads_nm=shown[0],
        bound=np.array([phase.bound for phase in phases])[at],
        hip_nm=shown[1],
        cargo_nm=shown[2],
        linked=(time_s < _parting_s(time_s)) | (not lost),
        steps_s=np.array([when for when, _ in steps]) * params.slow_motion / 1e3,
        steps=np.array([way for _, way in steps], dtype=np.int64),
    )


def _heads(
    params: Params,
    rng: np.random.Generator,
    phases: list[Phase],
    index: NDArray[np.int64],
    grid: Array,
    violation: str | None,
) -> tuple[Array, Array]:
    """Paths of the heads (n, 2, 2) and of the hip (n, 2) on the grid."""
    target = np.array([phase.places_nm for phase in phases])[index]
    bound = np.array([phase.bound for phase in phases])[index]
    if violation == "gliding":
        target = target + np.stack([grid * params.speed_nm_s / 1e3, np.zeros_like(grid)], axis=-1)[:, None]
    sway = np.where(bound, 0.12, params.sway_nm)[..., None]
    settle = np.where(bound | (target[..., 1] < FREE_NM - 1), SETTLE_MS, params.swing_ms)[..., None]
    heads = _relaxed(rng, target, np.broadcast_to(sway, target.shape), np.broadcast_to(settle, target.shape))
    middle, lifted = heads.mean(axis=1), heads[..., 1].min(axis=1) - BOUND_NM
    hip = np.stack([middle[:, 0], HIP_NM + np.maximum(0.45 * (middle[:, 1] - BOUND_NM), lifted)], axis=-1)
    return heads, _smoothed(hip, 1.0)


def _relaxed(rng: np.random.Generator, target: Array, spread: Array, memory_ms: Array) -> Array:
    """An Ornstein-Uhlenbeck walk about a moving target; spread and relaxation time may change on the way."""
    keep = np.exp(-GRID_MS / memory_ms)
    kicks = spread * np.sqrt(1 - keep**2) * rng.standard_normal(target.shape)
    walk_ = np.empty_like(target)
    here = target[0]
    for i in range(len(target)):
        here = target[i] + keep[i] * (here - target[i]) + kicks[i]
        walk_[i] = here
    return walk_


def _smoothed(path: Array, sigma_ms: float) -> Array:
    from scipy.ndimage import gaussian_filter1d

    return np.asarray(gaussian_filter1d(path, sigma_ms / GRID_MS, axis=0, mode="nearest"))


def _cargo(params: Params, rng: np.random.Generator, hip: Array, grid: Array, violation: str | None) -> Array:
    """Path of the vesicle's middle (n, 2): it hangs on the stalk, a little behind the motor."""
    lean = 5.0 * (-1 if violation == "backwards" else 1)
    rise = params.gap_nm + params.vesicle_nm / 2 - HIP_NM
    target = hip + np.array([-lean, rise])
    if violation == "cargo_left_behind":
        parted = np.searchsorted(grid * params.slow_motion / 1e3, _parting_s(grid * params.slow_motion / 1e3))
        target = target.copy()
        target[parted:] = target[min(parted, len(target) - 1)] + np.array([0.0, 3.0])
    jiggle, memory = np.full(target.shape, params.jiggle_nm), np.full(target.shape, params.jiggle_ms)
    return _relaxed(rng, _smoothed(target, 0.8), jiggle, memory)


def _parting_s(time_s: Array) -> float:
    """When the violation ``cargo_left_behind`` lets the vesicle go."""
    return float(0.22 * time_s[-1])


def _exposed(path: Array, grid: Array, time_s: Array, slow_motion: float) -> Array:
    """Means of a path over the exposure that begins with each frame."""
    flat = path.reshape(len(grid), -1)
    total = np.concatenate([np.zeros((1, flat.shape[1])), np.cumsum((flat[1:] + flat[:-1]) / 2, axis=0)]) * GRID_MS
    start = time_s * 1e3 / slow_motion
    length = 1e3 * EXPOSURE_S / slow_motion
    mean = [(np.interp(start + length, grid, t) - np.interp(start, grid, t)) / length for t in total.T]
    return np.stack(mean, axis=-1).reshape(len(time_s), *path.shape[1:])
