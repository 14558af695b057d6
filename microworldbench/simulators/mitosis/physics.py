"""The course of a division: outline by progress of the furrow, chromatids by phase.

Phases follow the cell's own minutes; the clip compresses `Params.minutes` into its duration (some 700 times for a
clip of 5 s). Chromosomes jitter by an Ornstein-Uhlenbeck walk on a fixed grid of 0.05 min, apart from the frame rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..canvas import ramp
from ..mechanism import instants
from .parameters import Params
from .shape import Body, body

Array = NDArray[np.float64]

JITTER_STEP_MIN = 0.05
JITTER_MEMORY_MIN = 0.8
JITTER_UM = 0.16
THIRD_RADIUS = 0.37
"""Of a third lobe when full grown, over the mother's radius."""


@dataclass(frozen=True)
class State:
    """A division over time. Lengths in µm in the cell's frame: x along the spindle, y along the plate."""

    params: Params
    seed: int
    fps: float
    violation: str | None
    time_s: Array
    """(instants,) of the clip."""
    minutes: Array
    """(instants,) of the cell."""
    progress: Array
    """(instants,) of the division of the body, 0 to 1."""
    bodies: tuple[Body, ...]
    third_um: Array
    """(instants,) radius of a third lobe; 0 unless violated."""
    chromatids: Array
    """(instants, chromosomes, 2, 2): centre of each sister chromatid."""
    turn: Array
    """(chromosomes,) direction of a chromosome's arms before it reaches the plate."""
    condensed: Array
    """(instants,) 0 interphase to 1 fully condensed."""
    daughter_of: NDArray[np.int64]
    """(chromosomes, 2): which daughter, 0 left or 1 right, gets the chromatid."""

    @property
    def time_compression(self) -> float:
        """How many times faster than life the clip plays."""
        return self.params.minutes * 60 / (len(self.time_s) / self.fps)

    @property
    def volume_um3(self) -> Array:
        """(instants,) enclosed by the outline (without a third lobe)."""
        return np.array([each.volume for each in self.bodies])


def simulate(params: Params, seed: int, duration_s: float, fps: float, violation: str | None = None) -> State:
    """Runs a division through `duration_s` seconds of the clip.

    Args:
        params: The cell and its timetable.
        seed: Draws where the chromosomes lie and how they jitter.
        duration_s: Length of the clip.
        fps: Instants a second of the clip.
        violation: One of the mechanism's, or None.
    """
    rng = np.random.default_rng([seed, 201])
    count = instants(duration_s, fps)
    time_s = np.arange(count) / fps
    minutes = time_s / duration_s * params.minutes
    if violation == "reversed_time":
        minutes = minutes[::-1].copy()
    furrow = params.anaphase_min + params.furrow_delay_min
    progress = np.array([ramp(furrow - 2.5, furrow + params.furrow_length_min, m) for m in minutes])
    daughters = np.tile([0, 1], (params.chromosomes, 1))
    if violation == "no_segregation":
        daughters[:] = 0
    elif violation == "unequal_sets":
        daughters[::2] = 0
    after = (minutes - furrow - params.furrow_length_min) / (params.minutes - furrow - params.furrow_length_min)
    if violation == "fusing_again":
        progress = progress * (1 - np.array([ramp(0.25, 0.85, a) for a in after]))
    bodies = tuple(_body(params, p, a, violation) for p, a in zip(progress, after, strict=True))
    third = np.zeros(count)
    if violation == "third_daughter":
        third = THIRD_RADIUS * params.radius_um * np.array([ramp(0.35, 0.95, p) for p in progress])
    return State(
        params=params,
        seed=seed,
        fps=fps,
        violation=violation,
        time_s=time_s,
        minutes=minutes,
        progress=progress,
        bodies=bodies,
        third_um=third,
        chromatids=_chromatids(params, rng, minutes, bodies, daughters),
        turn=rng.uniform(0, np.pi, params.chromosomes),
        condensed=np.array([_condensation(params, m) for m in minutes]),
        daughter_of=daughters,
    )


def _body(params: Params, progress: float, after: float, violation: str | None) -> Body:
    """The outline at `progress`; `after` runs from 0 to 1 once the daughters have parted."""
    ratio = 0.08 if violation == "unequal_daughters" else params.volume_ratio
    volume = 4 / 3 * np.pi * params.radius_um**3
    if violation == "growing_volume":
        return body(progress, ratio, volume * (1 + 0.62 * ramp(0.3, 0.95, progress)))
    whole = body(progress, ratio, volume)
    if violation == "lost_daughter" and after > 0:
        return Body(whole.separation, whole.left, whole.right * (1 - ramp(0.0, 0.6, after)), 0.0)
    return whole


def _condensation(params: Params, minute: float) -> float:
    parted = params.anaphase_min + params.anaphase_length_min
    return ramp(1.0, params.breakdown_min, minute) * (1 - ramp(parted + 4, parted + 14, minute))


def _chromatids(
    params: Params, rng: np.random.Generator, minutes: Array, bodies: tuple[Body, ...], daughters: NDArray[np.int64]
) -> Array:
    """Centres of all chromatids: scattered in the nucleus, gathered on the plate, drawn to the poles."""
    n, radius = params.chromosomes, params.radius_um
    home = _scattered(rng, n, 0.44 * radius)
    plate = np.stack([np.zeros(n), (rng.permutation(n) + 0.5) / n * 1.16 * radius - 0.58 * radius], axis=1)
    lag = rng.uniform(0, 0.35, n)
    jitter = _jitter(rng, n, minutes)
    rest = _scattered(rng, n, 0.26 * radius)
    parted = params.anaphase_min + params.anaphase_length_min
    out = np.empty((len(minutes), n, 2, 2))
    for t, (minute, shape) in enumerate(zip(minutes, bodies, strict=True)):
        span = params.metaphase_min - params.breakdown_min
        gathered = np.array([ramp(0, 1, ((minute - params.breakdown_min) / span - d) / (1 - d)) for d in lag])[:, None]
        apart = ramp(params.anaphase_min, parted, minute)
        settled = ramp(parted + 1, parted + 11, minute)
        middle = home * (1 - gathered) + plate * gathered + jitter[t] * (1 - apart)
        for sister in (0, 1):
            side = np.where(daughters[:, sister] == 0, -1.0, 1.0)
            pole = np.maximum(shape.separation, 0.62 * radius)
            moved = np.stack([side * pole, plate[:, 1] * 0.62], axis=1)
            moved = moved * (1 - settled) + (np.stack([side * shape.separation, np.zeros(n)], axis=1) + rest) * settled
            pair = middle + np.array([(-1.0 if sister == 0 else 1.0) * 0.028 * radius, 0.0])
            out[t, :, sister] = pair * (1 - apart) + moved * apart
    return out


def _scattered(rng: np.random.Generator, n: int, radius: float) -> Array:
    """`n` points in a disc, spread evenly (golden angle) with some disorder."""
    turn = np.arange(n) * 2.399963 + rng.uniform(0, 2 * np.pi)
    r = radius * np.sqrt((rng.permutation(n) + rng.random(n)) / n)
    return np.stack([r * np.cos(turn), r * np.sin(turn)], axis=1)


def _jitter(rng: np.random.Generator, n: int, minutes: Array) -> Array:
    """Ornstein-Uhlenbeck positions (instants, n, 2) in µm."""
    grid = np.arange(0, minutes.max() + 2 * JITTER_STEP_MIN, JITTER_STEP_MIN)
    keep = np.exp(-JITTER_STEP_MIN / JITTER_MEMORY_MIN)
    kicks = rng.normal(0, JITTER_UM * np.sqrt(1 - keep**2), (len(grid), n, 2))
    walk = np.empty_like(kicks)
    walk[0] = kicks[0] / np.sqrt(1 - keep**2)
    for i in range(1, len(grid)):
        walk[i] = keep * walk[i - 1] + kicks[i]
    return walk[np.clip(np.searchsorted(grid, minutes), 0, len(grid) - 1)]
