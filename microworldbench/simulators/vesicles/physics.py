"""Free Brownian motion: independent Gaussian steps of variance 2D·Δt along each axis, in a reflecting box.

Steps are drawn on a fixed grid of 1/240 s and read off at the frames' times, so a seed gives the same paths at any
frame rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..mechanism import instants
from .parameters import Params

Array = NDArray[np.float64]

STEP_S = 1 / 240
JUMP_EVERY_S = 0.8
"""Mean time between jumps of one vesicle under the violation ``teleport``."""
CAGE_S = 0.2
"""Time in which a vesicle comes back to the middle of its cage under the violation ``caged``."""


@dataclass(frozen=True)
class State:
    """Vesicles over time; arrays of shape (instants, vesicles) unless said otherwise.

    Lengths in µm: x and y from the field's upper left corner.
    """

    params: Params
    seed: int
    fps: float
    time_s: Array
    """(instants,)"""
    xy_um: Array
    """(instants, vesicles, 2)"""
    z_um: Array
    """Depth, 0 front to `Params.slab_um` back."""
    size: Array
    """(vesicles,) radius over the mean radius."""
    tone: Array
    """(vesicles,) colour of the cargo, 0 to 1."""
    visible: NDArray[np.bool_]
    violation: str | None
    """What was asked to be broken."""


def simulate(params: Params, seed: int, duration_s: float, fps: float, violation: str | None = None) -> State:
    """Follows every vesicle for `duration_s` seconds.

    Args:
        params: The cytoplasm.
        seed: Draws where the vesicles start and how they step.
        duration_s: Length of the clip.
        fps: Instants a second of the clip.
        violation: One of the mechanism's, or None.
    """
    rng = np.random.default_rng([seed, 301])
    time_s = np.arange(instants(duration_s, fps)) / fps
    box = np.array([params.field_um, params.field_um, params.slab_um])
    start = _spaced(rng, max(1, round(params.density_per_um2 * box[0] * box[1])), box[:2], 5 * params.radius_um)
    if violation == "multiplying":
        start = np.concatenate([start, rng.uniform(0, 1, (len(start), 2)) * box[:2]])
    n = len(start)
    start = np.column_stack([start, rng.uniform(0, max(params.slab_um, 1e-9), n)])

    paths = start + _walk(params, rng, n, time_s, violation)
    if violation == "teleport":
        _jump(paths, rng, box, time_s)
    # A violation that carries vesicles far wraps round instead, so that the field neither fills nor empties.
    paths = _wrapped(paths, box) if violation in ("drift", "ballistic") else _reflected(paths, box)
    visible = np.ones((len(time_s), n), bool)
    if violation == "vanishing":
        last = np.where(rng.permutation(n) < n * 0.55, rng.uniform(0.15, 0.85, n) * time_s[-1], np.inf)
        visible = time_s[:, None] <= last
    elif violation == "multiplying":
        visible = time_s[:, None] >= np.where(np.arange(n) < n / 2, 0, rng.uniform(0.1, 0.8, n) * time_s[-1])
    return State(
        params=params,
        seed=seed,
        fps=fps,
        time_s=time_s,
        xy_um=paths[..., :2],
        z_um=paths[..., 2],
        size=rng.uniform(0.9, 1.1, n),
        tone=rng.random(n),
        visible=visible,
        violation=violation,
    )


def _walk(params: Params, rng: np.random.Generator, n: int, time_s: Array, violation: str | None) -> Array:
    """Displacement (instants, n, 3) from the start."""
    step = np.sqrt(2 * params.diffusion_um2_s * STEP_S)
    fine = rng.normal(0, step, (int(np.ceil(time_s[-1] / STEP_S)) + 2, n, 3))
    heading = rng.uniform(0, 2 * np.pi, n)
    common = rng.uniform(0, 2 * np.pi)
    if violation == "frozen":
        return np.zeros((len(time_s), n, 3))
    if violation == "ballistic":
        # A speed at which a vesicle crosses some three diameters a second.
        speed = 6 * params.radius_um * rng.uniform(0.7, 1.3, n)
        along = np.stack([np.cos(heading), np.sin(heading), np.zeros(n)], axis=1) * speed[:, None]
        return np.asarray(time_s[:, None, None] * along)
    path = np.cumsum(fine, axis=0) - fine[0]
    if violation == "caged":
        for k in range(1, len(path)):
            path[k] = path[k - 1] * (1 - STEP_S / CAGE_S) + fine[k]
    at = time_s / STEP_S
    low = np.floor(at).astype(int)
    share = (at - low)[:, None, None]
    walk: Array = path[low] * (1 - share) + path[low + 1] * share
    if violation == "drift":
        walk += time_s[:, None, None] * 5 * params.radius_um * np.array([np.cos(common), np.sin(common), 0.0])
    return walk


def _jump(paths: Array, rng: np.random.Generator, box: Array, time_s: Array) -> None:
    """Moves vesicles, each at its own times, to anywhere in the box."""
    chance = 1 - np.exp(-(time_s[1] - time_s[0]) / JUMP_EVERY_S) if len(time_s) > 1 else 0.0
    for t in range(1, len(time_s)):
        moved = np.flatnonzero(rng.random(paths.shape[1]) < chance)
        paths[t:, moved, :2] += rng.uniform(0.05, 0.95, (len(moved), 2)) * box[:2] - paths[t, moved, :2]


def _spaced(rng: np.random.Generator, n: int, box: Array, distance: float) -> Array:
    """About `n` points in the box, none closer than `distance` where there is room (dart throwing)."""
    points: list[Array] = []
    for _ in range(60 * n):
        point = rng.uniform(0, 1, 2) * box
        if all(np.hypot(*(point - other)) > distance for other in points):
            points.append(point)
        if len(points) == n:
            break
    return np.array(points)


def _reflected(paths: Array, box: Array) -> Array:
    """Folds paths back into the box at its walls."""
    span = np.maximum(box, 1e-9)
    folded = np.mod(paths, 2 * span)
    inside: Array = np.where(folded > span, 2 * span - folded, folded)
    return inside


def _wrapped(paths: Array, box: Array) -> Array:
    """Lets paths that leave the box enter on its other side; depth is folded."""
    out = _reflected(paths, box)
    out[..., :2] = np.mod(paths[..., :2], box[:2])
    return out
