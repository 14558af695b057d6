"""A biased persistent random walk: a cell's direction diffuses and is turned towards the gradient.

With persistence P and bias b a cell's direction φ to the gradient follows dφ = −(b/P)·sin φ·dt + √(2/P)·dW. Without
bias that is the persistent walk of Fürth (1920), MSD = 2v²P·(t − P(1 − exp(−t/P))); with it directions settle to a
von Mises density and the chemotactic index to I₁(b)/I₀(b). What b is at a place follows from how much the
concentration differs across the cell. Cells push one another apart. The step is one second of the cells' time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..mechanism import instants
from .parameters import Params

Array = NDArray[np.float64]

STEP_MIN = 1 / 60
RUFFLES = np.arange(2, 8)
"""Waves around a cell's outline."""
RUFFLE, RUFFLE_MEMORY_MIN = 0.085, 0.5
"""Standard deviation of an outline mode over the radius, and its memory."""
FOLLOW_MIN = 0.15
"""Time in which a cell's body turns to its direction of motion."""
PUSH = 0.35
"""Share of an overlap that is resolved in a step."""
JUMP_EVERY_MIN = 1.5
"""Mean time between jumps of a cell in the violation ``teleport``."""
RACE = 3.5
"""Speed over what it should be, in the violation ``racing``."""
ROUND_MIN = 4.0
"""Time for one round in the violation ``circling``."""


@dataclass(frozen=True)
class State:
    """Cells over time; arrays of shape (instants, cells) unless said otherwise.

    Lengths in µm from the middle of the field, x to the right and y downwards.
    """

    params: Params
    seed: int
    fps: float
    violation: str | None
    time_s: Array
    """(instants,) of the clip."""
    minutes: Array
    """(instants,) of the cells."""
    xy_um: Array
    """(instants, cells, 2)"""
    heading: Array
    """Where a cell's front points, radians."""
    ruffles: Array
    """(instants, cells, modes, 2) cosine and sine parts of the outline, over the radius."""
    visible: NDArray[np.bool_]

    @property
    def time_compression(self) -> float:
        """How many times faster than life the clip plays."""
        return self.params.minutes * 60 / (len(self.time_s) / self.fps)

    @property
    def is_rigid(self) -> bool:
        """Whether cells are round discs, as the violation ``rigid`` has them."""
        return self.violation == "rigid"


def felt_bias(params: Params, distance_um: Array) -> Array:
    """B at a distance from the source: the response to the difference across a cell, where c falls as 1/r."""
    difference = 100 * 2 * params.radius_um / np.maximum(distance_um, params.radius_um)
    return params.bias * difference / (difference + params.felt_percent)


def simulate(params: Params, seed: int, duration_s: float, fps: float, violation: str | None = None) -> State:
    """Follows every cell through `duration_s` seconds of the clip.

    Args:
        params: The cells and the source.
        seed: Draws where the cells start and how they turn.
        duration_s: Length of the clip.
        fps: Instants a second of the clip.
        violation: One of the mechanism's, or None.
    """
    rng = np.random.default_rng([seed, 601])
    time_s = np.arange(instants(duration_s, fps)) / fps
    minutes = time_s / duration_s * params.minutes
    steps = int(np.ceil(params.minutes / STEP_MIN)) + 2
    paths, headings, born = _walk(params, rng, steps, violation)
    ruffles = _ruffles(rng, steps, paths.shape[1])
    if violation == "reversed_time":
        minutes = minutes[::-1].copy()
    at = minutes / STEP_MIN
    low = np.minimum(at.astype(int), steps - 2)
    share = (at - low)[:, None, None]
    # Positions are interpolated, except over a jump.
    after = np.where(np.abs(paths[low + 1] - paths[low]) > 4 * params.radius_um, paths[low], paths[low + 1])
    visible = at[:, None] >= born
    if violation == "vanishing":
        last = np.where(rng.permutation(params.cells) < 0.6 * params.cells, rng.uniform(0.15, 0.85, params.cells), 2.0)
        visible = (minutes / params.minutes)[:, None] <= last
    return State(
        params=params,
        seed=seed,
        fps=fps,
        violation=violation,
        time_s=time_s,
        minutes=minutes,
        xy_um=paths[low] * (1 - share) + after * share,
        heading=headings[low],
        ruffles=ruffles[low],
        visible=visible,
    )


def _walk(params: Params, rng: np.random.Generator, steps: int, violation: str | None) -> tuple[Array, Array, Array]:
    """Positions (steps, cells, 2), directions in which the bodies point (steps, cells), and each cell's first step.

    A cell that is not there yet is where its mother is.
    """
    n, source = params.cells, np.array(params.source_um)
    xy = _starts(params, rng)
    to_source = np.arctan2(*(source - xy).T[::-1])
    angle = to_source + rng.normal(0, 0.9, n)
    pace = params.speed_um_min * np.clip(1 + params.speed_cv * rng.standard_normal(n), 0.5, 1.6)
    pace = pace * {"frozen": 0.0, "racing": RACE}.get(violation or "", 1.0)
    sign = {"against_gradient": -1.0, "no_bias": 0.0, "circling": 0.0}.get(violation or "", 1.0)
    turn, spin, mother, born = np.sqrt(2 / params.persistence_min * STEP_MIN), np.zeros(n), np.arange(n), np.zeros(n)
    if violation == "circling":
        turn, spin = 0.3 * turn, rng.choice([-1, 1], n) * 2 * np.pi * STEP_MIN / ROUND_MIN
    elif violation == "dividing":
        born = np.concatenate([born, rng.uniform(0.1, 0.8, n) * steps])
        mother = np.tile(mother, 2)
        xy, angle, pace, spin, n = xy[mother], angle[mother], pace[mother], spin[mother], 2 * n
    body = angle.copy()
    paths, headings = np.empty((steps, n, 2)), np.empty((steps, n))
    for step in range(steps):
        paths[step], headings[step] = xy, body
        away = source - xy
        distance = np.hypot(away[:, 0], away[:, 1])
        to_source = np.arctan2(away[:, 1], away[:, 0])
        pull = sign * felt_bias(params, distance) / params.persistence_min
        angle = angle + pull * np.sin(to_source - angle) * STEP_MIN + spin + turn * rng.standard_normal(n)
        if violation == "straight_lines":
            angle = to_source
        # A cell that has arrived stays at the tip.
        near = np.clip((distance - params.radius_um) / (2 * params.radius_um), 0.15, 1)
        xy = xy + (pace * near * STEP_MIN)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        there = step >= born
        if violation != "frozen":
            xy[there] = _kept_in(params, _parted(params, xy[there]))
        if violation == "teleport":
            jumps = rng.random(n) < STEP_MIN / JUMP_EVERY_MIN
            xy = np.where(jumps[:, None], _anywhere(params, rng, n), xy)
        body = body + np.sin(angle - body) * min(1.0, STEP_MIN / FOLLOW_MIN)
        xy, angle, body = (np.where(there if v.ndim == 1 else there[:, None], v, v[mother]) for v in (xy, angle, body))
    return paths, headings, born


def _starts(params: Params, rng: np.random.Generator) -> Array:
    """Places in the half of the field away from the source, none closer than three radii."""
    width, height = params.field_width_um, params.field_height_um
    points: list[Array] = []
    for _ in range(4000):
        if len(points) == params.cells:
            break
        point = np.array([rng.uniform(-0.44, 0.16) * width, rng.uniform(-0.41, 0.41) * height])
        if all(np.hypot(*(point - other)) > 3 * params.radius_um for other in points):
            points.append(point)
    while len(points) < params.cells:  # a field too small for all of them
        points.append(np.array([rng.uniform(-0.44, 0.16) * width, rng.uniform(-0.41, 0.41) * height]))
    return np.array(points)


def _anywhere(params: Params, rng: np.random.Generator, n: int) -> Array:
    return rng.uniform(-0.42, 0.42, (n, 2)) * (params.field_width_um, params.field_height_um)


def _parted(params: Params, xy: Array) -> Array:
    """Overlapping cells are moved apart along the line between them."""
    gap = xy[:, None] - xy[None]
    distance = np.hypot(gap[..., 0], gap[..., 1]) + np.eye(len(xy)) * 1e9
    overlap = np.clip(2.35 * params.radius_um - distance, 0, None)
    return np.asarray(xy + PUSH / 2 * (gap * (overlap / np.maximum(distance, 1e-6))[..., None]).sum(axis=1))


def _kept_in(params: Params, xy: Array) -> Array:
    """Cells do not leave the field."""
    edge = np.array([params.field_width_um, params.field_height_um]) / 2 - 1.4 * params.radius_um
    return np.clip(xy, -edge, edge)


def _ruffles(rng: np.random.Generator, steps: int, cells: int) -> Array:
    """Ornstein-Uhlenbeck modes (steps, cells, modes, 2), weaker the shorter their waves."""
    keep = np.exp(-STEP_MIN / RUFFLE_MEMORY_MIN)
    size = (RUFFLE * (2 / RUFFLES) ** 1.3)[:, None]
    walk = np.empty((steps, cells, len(RUFFLES), 2))
    walk[0] = size * rng.standard_normal(walk.shape[1:])
    kicks = rng.standard_normal(walk.shape) * size * np.sqrt(1 - keep**2)
    for i in range(1, steps):
        walk[i] = keep * walk[i - 1] + kicks[i]
    return walk
