"""Flow of a viscous content in a tube whose wall moves: long waves, no inertia, no net pressure along a wavelength.

In the lubrication limit (Shapiro, Jaffrin and Weinberg 1969, J. Fluid Mech. 37, 799) the speed across the tube is a
parabola, u = 2Q/(πa²)·(1 − r²/a²), the flow Q follows from the wall's motion by continuity, ∂(πa²)/∂t + ∂Q/∂x = 0, up
to one number, and that number from the pressure: dp/dx = −8μQ/(πa⁴) sums to nothing over a wavelength. How much is
pumped, trapped or left behind follows from this alone. Bits of food go with the flow in steps of 40 ms of life.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..mechanism import instants
from .parameters import Params

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Wall = Callable[[float], Array]
"""Radius of the lumen at every point of the grid, mm, at a time in seconds of life."""

STEP_S = 0.04
GRID = 240
"""Points in a wavelength."""
MARGIN = 1.02
"""Bits are followed on a whole number of wavelengths at least this many times as long as the field."""
SHALLOW, STANDING_S = 0.1, 4.0
"""Occlusion of a shallow wave, and period of a standing squeeze in seconds of life."""
JUMP_EVERY_S = 0.5
"""Seconds of the clip between the jumps of the violation ``teleport``."""
COUNTER_MM_S = 9.0
"""Speed on the axis of chyme that runs against the rings, in life."""
LOST, RACE = 0.8, 3.0
"""Share of bits that vanish, or appear; speed of racing rings over what it should be."""
LEAK_MM_S = 2.5
"""How fast bits leave through the wall, in life."""


@dataclass(frozen=True)
class State:
    """A length of gut over time. Lengths in mm: x from the field's left edge, r from the tube's axis."""

    params: Params
    seed: int
    fps: float
    violation: str | None
    """What was broken on purpose."""
    time_s: Array
    """(instants,) of the clip."""
    grid_mm: Array
    """(points,) places along the tube, from the left edge of the field on."""
    radius_mm: Array
    """(instants, points) of the lumen."""
    wall_mm: Array
    """(instants, points) thickness of the wall, whose section keeps its area."""
    flow_mm3_s: Array
    """(instants, points) through the lumen, in life; positive to the right."""
    x_mm: Array
    """(instants, bits)"""
    r_mm: Array
    turn: Array
    """(bits,) direction of a bit from the axis, 0 up to π down, all behind the plane that cuts the tube open."""
    size_mm: Array
    """(bits,)"""
    visible: Flags
    """(instants, bits)"""


def ring(phase: Array, sharpness: float) -> Array:
    """How far a ring has closed at `phase` (radians from its middle): 1 in the middle, 0 half a wavelength off."""
    least = np.exp(-2 * sharpness)
    return np.asarray((np.exp(sharpness * (np.cos(phase) - 1)) - least) / (1 - least))


def flow(radius: Array, widening: Array, step_mm: float) -> Array:
    """Flow (points,) on a periodic grid, in mm³/s.

    Args:
        radius: (points,) of the lumen, mm.
        widening: (points,) its rate, mm/s.
        step_mm: Distance of grid points.
    """
    gain = 2 * np.pi * radius * widening  # of the lumen's section, mm²/s
    relative = -np.concatenate([[0.0], np.cumsum((gain[1:] + gain[:-1]) / 2 * step_mm)])
    resistance = radius**-4.0
    return np.asarray(relative - (relative * resistance).sum() / resistance.sum())


def velocity(flow_: Array, radius: Array, slope: Array, widening: Array, r: Array) -> tuple[Array, Array]:
    """Speeds along the tube and away from its axis, mm/s, at distance `r`; all arguments of one shape.

    Args:
        flow_: Through the lumen, mm³/s.
        radius: Of the lumen, mm.
        slope: Of the radius along the tube.
        widening: Rate of the radius, mm/s.
        r: Distance from the axis, mm.
    """
    eta2 = np.square(r / radius)
    along = 2 * flow_ / (np.pi * radius**2) * (1 - eta2)
    spreads = r / radius * (2 - eta2) * widening  # from ∂Q/∂x = −2πa·∂a/∂t
    turns = 2 * flow_ * slope / (np.pi * radius**2) * (r / radius) * (1 - eta2)
    return along, spreads + turns


def simulate(params: Params, seed: int, duration_s: float, fps: float, violation: str | None = None) -> State:
    """Pushes the chyme for `duration_s` seconds of the clip.

    Args:
        params: The gut.
        seed: Draws where the bits are.
        duration_s: Length of the clip.
        fps: Instants a second of the clip.
        violation: One of the mechanism's, or None.
    """
    if violation == "racing_wave":
        params = params.model_copy(update={"wave_mm_s": RACE * params.wave_mm_s})
    rng = np.random.default_rng([seed, 601])
    time_s = np.arange(instants(duration_s, fps)) / fps
    life_s = time_s * params.speed_up
    waves = int(np.ceil(MARGIN * params.field_width_mm / params.wavelength_mm))
    length = waves * params.wavelength_mm
    grid = np.asarray(np.arange(waves * GRID) * (params.wavelength_mm / GRID), np.float64)
    wall = _wall(params, grid, violation, rng.uniform(0, 2 * np.pi))
    x, r = _scattered(params, rng, wall(0.0), grid, length)
    jumps = JUMP_EVERY_S * params.speed_up if violation == "teleport" else None
    paths = _followed(rng, wall, grid, (x, r), float(life_s[-1]), violation, jumps)
    radius = np.array([wall(t) for t in life_s])
    section = (params.radius_mm + params.wall_mm) ** 2 - params.radius_mm**2
    x_mm, r_mm = _between(paths, life_s / STEP_S, length)
    return State(
        params=params,
        seed=seed,
        fps=fps,
        violation=violation,
        time_s=time_s,
        grid_mm=grid,
        radius_mm=radius,
        wall_mm=np.sqrt(radius**2 + section) - radius,
        flow_mm3_s=np.array([_flow_at(wall, t, grid) for t in life_s]),
        x_mm=x_mm,
        r_mm=r_mm,
        turn=rng.uniform(0, np.pi, params.bits),
        size_mm=rng.uniform(0.55, 1.25, params.bits),
        visible=_visible(rng, time_s, duration_s, params.bits, violation),
    )


def _wall(params: Params, grid: Array, violation: str | None, start: float) -> Wall:
    """The lumen's radius in time."""
    occlusion = SHALLOW if violation == "shallow_wave" else params.occlusion
    number = 2 * np.pi / params.wavelength_mm
    speed = {"backward_wave": -1.0, "frozen_gut": 0.0, "standing_squeeze": 0.0}.get(violation or "", 1.0)

    def radius(t: float) -> Array:
        closed = ring(number * (grid - speed * params.wave_mm_s * t) - start, params.sharpness)
        if violation == "standing_squeeze":
            closed = closed * (0.5 - 0.5 * np.cos(2 * np.pi * t / STANDING_S))
        return np.asarray(params.radius_mm * (1 - occlusion * closed))

    return radius


def _moving(wall: Wall, t: float, grid: Array) -> tuple[Array, Array, Array]:
    """Radius, slope and rate of the wall at time `t`."""
    before, now, after = (wall(t + dt) for dt in (-STEP_S / 2, 0.0, STEP_S / 2))
    step = grid[1] - grid[0]
    return now, (np.roll(now, -1) - np.roll(now, 1)) / (2 * step), (after - before) / STEP_S


def _flow_at(wall: Wall, t: float, grid: Array) -> Array:
    now, _, rate = _moving(wall, t, grid)
    return flow(now, rate, float(grid[1] - grid[0]))


def _scattered(
    params: Params, rng: np.random.Generator, radius: Array, grid: Array, length: float
) -> tuple[Array, Array]:
    """Places along and from the axis of bits spread evenly through the lumen's volume."""
    filled = np.concatenate([[0.0], np.cumsum(radius**2)])
    part = (rng.permutation(params.bits) + rng.random(params.bits)) / params.bits
    x = np.interp(part * filled[-1], filled, np.append(grid, length))
    return x, 0.96 * np.sqrt(rng.random(params.bits)) * np.interp(x, grid, radius, period=length)


def _followed(
    rng: np.random.Generator,
    wall: Wall,
    grid: Array,
    start: tuple[Array, Array],
    until_s: float,
    violation: str | None,
    jumps_s: float | None,
) -> Array:
    """(steps, 2, bits): places along and from the axis, every `STEP_S` of life, by the midpoint rule."""
    length = float(len(grid) * (grid[1] - grid[0]))
    x, r = start
    leaks = rng.random(len(x)) < 0.4 if violation == "through_the_wall" else np.zeros(len(x), bool)
    steps = int(np.ceil(until_s / STEP_S)) + 2
    paths = np.empty((steps, 2, len(x)))
    for k in range(steps):
        paths[k] = x, r
        field = (*_moving(wall, (k + 0.5) * STEP_S, grid), _flow_at(wall, (k + 0.5) * STEP_S, grid))
        u, v = _carried(field, grid, length, x, r, violation)
        u, v = _carried(field, grid, length, x + u * STEP_S / 2, r + v * STEP_S / 2, violation)
        x, r = (x + u * STEP_S) % length, np.abs(r + np.where(leaks, LEAK_MM_S, v) * STEP_S)
        inside = 0.985 * np.interp(x, grid, wall((k + 1) * STEP_S), period=length)
        r = np.where(leaks, r, np.minimum(r, inside))
        if jumps_s and int((k + 1) * STEP_S / jumps_s) > int(k * STEP_S / jumps_s):
            moved = rng.random(len(x)) < 0.8
            x = np.where(moved, rng.uniform(0, length, len(x)), x)
            r = np.where(
                moved, np.sqrt(rng.random(len(x))) * np.interp(x, grid, wall((k + 1) * STEP_S), period=length), r
            )
    return paths


def _carried(
    field: tuple[Array, Array, Array, Array], grid: Array, length: float, x: Array, r: Array, violation: str | None
) -> tuple[Array, Array]:
    """Velocities of bits at `x` and `r`, with the violations that change them."""
    radius, slope, widening, through = (np.interp(x, grid, each, period=length) for each in field)
    u, v = velocity(through, radius, slope, widening, np.minimum(r, radius))
    if violation == "stuck_chyme":
        return np.zeros_like(u), r / radius * widening
    if violation == "counterflow":
        against = -COUNTER_MM_S * (1 - 0.5 * np.square(r / radius))
        return against, r / radius * (widening + against * slope)
    return u, v


def _between(paths: Array, at: Array, length: float) -> tuple[Array, Array]:
    """Places at fractional steps; a bit that comes in anew, or jumps, is where it was before."""
    first = np.minimum(at.astype(int), len(paths) - 2)
    share = (at - first)[:, None]
    (xa, ra), (xb, rb) = np.moveaxis(paths[first], 1, 0), np.moveaxis(paths[first + 1], 1, 0)
    near = np.abs(xb - xa) < 0.1 * length
    return np.where(near, xa + (xb - xa) * share, xa), np.where(near, ra + (rb - ra) * share, ra)


def _visible(rng: np.random.Generator, time_s: Array, duration_s: float, bits: int, violation: str | None) -> Flags:
    """(instants, bits) which bits are there."""
    until = np.full(bits, np.inf)
    if violation in ("vanishing_chyme", "appearing_chyme"):
        doomed = rng.random(bits) < LOST
        until[doomed] = rng.uniform(0.1, 0.8, int(doomed.sum())) * duration_s
    return np.asarray((time_s[:, None] < until) ^ (np.isfinite(until) & (violation == "appearing_chyme")))
