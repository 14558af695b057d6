"""Molecules on their way: they keep their heading for a while, and turn back at walls.

Velocities follow Langevin's equation on a fixed grid of 1/400 s of the clip, whatever the frame rate; over times longer
than the memory of a heading this is diffusion with D = v²τ.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .parameters import Params
from .shape import Cap

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

STEP_S = 1 / 400
MOLECULE_NM = 0.9
"""Radius of a molecule as drawn."""
CATCH_NM = 3.4
"""Distance from a receptor's mouth within which transmitter binds."""
RECEPTOR_NM = 5.0
"""How far receptors stand out into the cleft."""
PLACES = 2
"""Molecules that a receptor binds."""
NUDGE_NM = 0.4
"""How far a moving wall pushes a molecule in a step."""


@dataclass(frozen=True)
class Room:
    """The inside of a vesicle at one moment, and whether it is open to the cleft."""

    x_nm: float
    shape: Cap
    drop_nm: float = 0.0
    """How far the vesicle has sunk from where it was docked."""
    gone: bool = False
    """Whether its membrane has vanished."""


def inside(params: Params, room: Room, at: Array) -> Mask:
    """Which points (n, 3: x, depth, height) lie in a vesicle or its neck, clear of the walls."""
    wall = params.half_nm + MOLECULE_NM
    across = np.hypot(at[:, 0] - room.x_nm, at[:, 1])
    height = at[:, 2] + room.drop_nm
    shape = room.shape
    if room.gone:
        return (height > wall) & (across < 3.2 * params.radius_nm) & (height < 3.6 * params.radius_nm)
    ball = np.hypot(across, height - shape.centre) < shape.radius - wall
    if shape.base <= 0:
        return np.asarray(ball)
    ball &= height > min(0.0, shape.neck)
    ceiling = shape.centre + np.sqrt(np.clip(shape.radius**2 - across**2, 0, None)) - wall
    throat = (across < shape.base - wall) & (height > -wall - 1) & (height < np.minimum(shape.neck + wall + 1, ceiling))
    return np.asarray(ball | throat)


def in_cleft(params: Params, at: Array) -> Mask:
    """Which points lie in the cleft."""
    wall = params.half_nm + MOLECULE_NM
    low = -(params.cleft_nm + params.membrane_nm) + wall
    return np.asarray((at[:, 2] < -wall) & (at[:, 2] > low) & (np.abs(at[:, 0]) < 0.75 * params.field_width_nm))


def filled(params: Params, rng: np.random.Generator, room: Room, count: int) -> Array:
    """`count` points spread evenly through a closed vesicle."""
    way = rng.normal(0, 1, (count, 3))
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    reach = (room.shape.radius - params.half_nm - MOLECULE_NM - 0.2) * rng.random((count, 1)) ** (1 / 3)
    return np.asarray(way * reach + np.array([room.x_nm, 0.0, room.shape.centre]))


def spread(
    params: Params,
    rng: np.random.Generator,
    start: Array,
    home: NDArray[np.int64],
    rooms: Callable[[float], list[Room]],
    receptors: Array,
    shown_s: Array,
    leaks: tuple[int, float] | None = None,
) -> tuple[Array, Mask]:
    """Paths of transmitter.

    Args:
        params: Synapse.
        rng: Source of the steps.
        start: (n, 3) first places.
        home: (n,) vesicle of each molecule.
        rooms: The vesicles at a second of the clip.
        receptors: (receptors, 2: x, height) mouths at which molecules bind.
        shown_s: (instants,) seconds of the clip.
        leaks: Vesicle whose molecules pass its wall, and from which second on.

    Returns:
        (instants, n, 3) places and (instants, n) whether a molecule is bound.
    """
    at, n = start.copy(), len(start)
    bound, leaking = np.full(n, -1), np.zeros(n, bool)
    taken = np.zeros(len(receptors), int)
    velocity = rng.normal(0, params.speed_nm_s, (n, 3))
    places, stuck = np.empty((len(shown_s), n, 3)), np.zeros((len(shown_s), n), bool)
    shown, before = 0, rooms(0.0)
    for step in range(int(np.ceil(shown_s[-1] / STEP_S)) + 1):
        now = step * STEP_S
        vesicles = rooms(now)
        for i, (room, last) in enumerate(zip(vesicles, before, strict=True)):
            if room.drop_nm != last.drop_nm and not room.gone:
                at[home == i, 2] -= room.drop_nm - last.drop_nm
        before = vesicles
        while shown < len(shown_s) and shown_s[shown] <= now + 1e-9:
            places[shown], stuck[shown] = at, bound >= 0
            shown += 1
        moves = bound < 0
        _turn(params, rng, velocity)
        trial = at + velocity * STEP_S
        captive = _captive(vesicles, home, at)
        free = _allowed(params, vesicles, home, trial, captive)
        velocity[~free] = rng.normal(0, params.speed_nm_s, (int((~free).sum()), 3))
        at = np.where((moves & free & ~leaking)[:, None], trial, at)
        pressed = moves & ~free & ~leaking
        pressed[pressed] = ~_allowed(params, vesicles, home[pressed], at[pressed], captive[pressed])
        _nudge(at, pressed, vesicles, home)
        if leaks is not None and now >= leaks[1]:
            leaking |= (home == leaks[0]) & (rng.random(n) < STEP_S / 1.1) & ~in_cleft(params, at)
            at[leaking, 2] -= 34 * STEP_S
            leaking &= ~in_cleft(params, at)
        _bind(at, np.flatnonzero((bound < 0) & ~captive), bound, taken, receptors, rng)
    return places, stuck


def _turn(params: Params, rng: np.random.Generator, velocity: Array) -> None:
    """Lets headings drift: an Ornstein-Uhlenbeck process with the wanted speed and memory."""
    keep = np.exp(-STEP_S / params.heading_s)
    velocity *= keep
    velocity += params.speed_nm_s * np.sqrt(1 - keep**2) * rng.standard_normal(velocity.shape)


def _captive(vesicles: list[Room], home: NDArray[np.int64], at: Array) -> Mask:
    """Which molecules are in a closed vesicle, wherever that has got to."""
    held = np.zeros(len(at), bool)
    for i, room in enumerate(vesicles):
        if room.shape.base <= 0 and not room.gone:
            held |= (home == i) & (
                np.hypot(at[:, 0] - room.x_nm, at[:, 2] + room.drop_nm - room.shape.centre) < room.shape.radius
            )
    return held


def _allowed(params: Params, vesicles: list[Room], home: NDArray[np.int64], at: Array, captive: Mask) -> Mask:
    free = in_cleft(params, at) & ~captive
    for i, room in enumerate(vesicles):
        mine = (home == i) & ~free
        free[mine] = inside(params, room, at[mine])
    return free


def _nudge(at: Array, pressed: Mask, vesicles: list[Room], home: NDArray[np.int64]) -> None:
    """Walls that close in push molecules towards the middle of what is left, and out of the mouth."""
    for i in np.flatnonzero(pressed):
        room = vesicles[home[i]]
        target = np.array([room.x_nm, 0.0, max(room.shape.centre, -3.5) - room.drop_nm])
        if room.shape.base > 0 and room.shape.height < 1.2 * room.shape.radius:
            target = np.array([room.x_nm + 0.7 * (at[i, 0] - room.x_nm), 0.7 * at[i, 1], -5.0])
        way = target - at[i]
        at[i] += NUDGE_NM * way / max(float(np.linalg.norm(way)), 1e-6)


def _bind(
    at: Array,
    loose: NDArray[np.int64],
    bound: NDArray[np.int64],
    taken: NDArray[np.int64],
    receptors: Array,
    rng: np.random.Generator,
) -> None:
    """Loose transmitter near a mouth that has room stays there."""
    for i in loose[at[loose, 2] < receptors[0, 1] + CATCH_NM]:
        away = np.hypot(receptors[:, 0] - at[i, 0], receptors[:, 1] - at[i, 2])
        best = int(away.argmin())
        if away[best] < CATCH_NM and taken[best] < PLACES and rng.random() < 0.12:
            side = 1.3 if taken[best] % 2 else -1.3
            at[i] = receptors[best, 0] + side, 0.0, receptors[best, 1] + 0.3
            bound[i] = best
            taken[best] += 1


def _clear(params: Params, room: Room, at: Array) -> Mask:
    """Which points (n, 2: x, height) lie outside a vesicle and its wall."""
    middle = room.shape.centre - room.drop_nm
    away = np.hypot(at[:, 0] - room.x_nm, at[:, 1] - middle)
    return np.asarray((away > room.shape.radius + params.half_nm + 1.0) | room.gone)


def enter(
    params: Params,
    rng: np.random.Generator,
    channels: Array,
    rooms: Callable[[float], list[Room]],
    shown_s: Array,
    opens_s: float,
    closes_s: float,
) -> Array:
    """Paths (instants, n, 2: x, height) of calcium, which open channels let into the terminal.

    Outside, the field draws ions towards the nearest open channel; inside, they diffuse around the vesicles.
    """
    n = params.calcium
    low, edge = -(params.cleft_nm + params.half_nm), params.half_nm + 1.2
    at = np.stack([rng.uniform(-0.5, 0.5, n) * params.field_width_nm, rng.uniform(low + 2.5, -edge - 1, n)], axis=1)
    velocity = rng.normal(0, params.speed_nm_s, (n, 2))
    top = params.field_height_nm - params.cleft_nm - 30
    out = np.empty((len(shown_s), n, 2))
    passing = np.zeros(n, bool)
    shown = 0
    for step in range(int(np.ceil(shown_s[-1] / STEP_S)) + 1):
        now = step * STEP_S
        while shown < len(shown_s) and shown_s[shown] <= now + 1e-9:
            out[shown] = at
            shown += 1
        nearest = channels[np.abs(at[:, :1] - channels[None]).argmin(axis=1)]
        aside, below = nearest - at[:, 0], at[:, 1] < 0
        open_ = opens_s <= now < closes_s
        _turn(params, rng, velocity)
        trial = at + velocity * STEP_S
        drawn = below & open_ & (np.abs(aside) < 26)
        trial[drawn, 0] += np.clip(aside[drawn] * 2.6, -45, 45) * STEP_S
        trial[drawn, 1] += 26 * STEP_S
        passing |= drawn & (np.abs(aside) < 2.2) & (at[:, 1] > -edge - 1.5)
        trial[passing] = np.stack([nearest, at[:, 1] + 46 * STEP_S], axis=1)[passing]
        passing &= trial[:, 1] < edge + 2.5
        free = ((trial[:, 1] > low + 1.5) & (trial[:, 1] < -edge)) | ((trial[:, 1] > edge) & (trial[:, 1] < top))
        free &= np.abs(trial[:, 0]) < 0.56 * params.field_width_nm
        free &= (trial[:, 1] < 0) == below
        inward = ~below & ~passing
        for room in rooms(now):
            there, here = _clear(params, room, np.concatenate([trial, at])).reshape(2, n)
            free &= there | below
            at[inward & ~here, 1] += NUDGE_NM
        blocked = ~(free | passing)
        velocity[blocked] = rng.normal(0, params.speed_nm_s, (int(blocked.sum()), 2))
        at = np.where(blocked[:, None], at, trial)
    return out
