"""The course of release: calcium comes in, a pore opens and widens, transmitter leaves, the vesicle flattens.

The pore's edge follows membrane tension against drag (`shape.widening`); the vesicle's area is held by its shape.
Molecules diffuse in what is open to them at each moment, so that none can be outside before there is a way out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..mechanism import instants
from .diffusion import RECEPTOR_NM, Room, enter, filled, in_cleft, spread
from .parameters import Params
from .shape import Cap, cap, widening

Array = NDArray[np.float64]

VESICLES, MIDDLE = 3, 1
NECK_NM = 2.2
"""Length over which the neck shortens as the pore's edge widens."""
NUCLEATION_S = 0.12
"""Time in which a pore opens to its first width, in seconds of the clip."""
CURRENT_S = 1.6
"""Time for which channels stay open, in seconds of the clip."""
VANISH_S = 0.25
"""Time in which a bursting vesicle's membrane is gone."""
WIDE = 1.25
"""Radius of a pore that is wide at once, over the vesicle's."""
TURNS = 0.45
"""Part of the time left, once the pore has opened, after which a vesicle that buds again begins to."""


@dataclass(frozen=True)
class State:
    """The synapse over time.

    Lengths in nm: x from the middle of the field, heights above the middle of the cell's membrane.
    """

    params: Params
    seed: int
    fps: float
    violation: str | None
    """What was asked to be broken."""
    time_s: Array
    """(instants,) of the clip."""
    life_ms: Array
    """(instants,) of the synapse; faster once the pore has opened."""
    rooms: tuple[tuple[Room, ...], ...]
    """(instants)(vesicles): their shapes."""
    left: Array
    """(instants, vesicles) how much of a vesicle's membrane there still is."""
    transmitter_nm: Array
    """(instants, molecules, 3: x, depth, height)"""
    home: NDArray[np.int64]
    """(molecules,) vesicle that each was in."""
    bound: NDArray[np.bool_]
    """(instants, molecules)"""
    calcium_nm: Array
    """(instants, ions, 2: x, height)"""
    channels_nm: Array
    """(channels,) x of each."""
    receptors_nm: Array
    """(receptors, 2: x, height of its mouth)"""

    @property
    def pore_nm(self) -> Array:
        """(instants, vesicles) clear radius of the way out; 0 for a closed vesicle."""
        edge = np.array([[room.shape.base for room in rooms] for rooms in self.rooms])
        return np.asarray(np.maximum(edge - self.params.half_nm, 0.0))

    @property
    def outside(self) -> NDArray[np.bool_]:
        """(instants, molecules) whether transmitter is in the cleft."""
        flat = in_cleft(self.params, self.transmitter_nm.reshape(-1, 3)).reshape(self.bound.shape)
        return np.asarray(flat | self.bound)


def simulate(params: Params, seed: int, duration_s: float, fps: float, violation: str | None = None) -> State:
    """Runs the synapse through `duration_s` seconds of the clip.

    Args:
        params: The synapse.
        seed: Draws how the molecules move.
        duration_s: Length of the clip.
        fps: Instants a second of the clip.
        violation: One of the mechanism's, or None.
    """
    rng = np.random.default_rng([seed, 701])
    time_s = np.arange(instants(duration_s, fps)) / fps
    timeline = Timeline(params, duration_s, violation)
    rooms = cache(timeline.rooms)  # molecules of both kinds ask for the same moments
    docked = rooms(0.0)
    home = np.repeat(np.arange(VESICLES), params.transmitter)
    start = np.concatenate([filled(params, rng, room, params.transmitter) for room in docked])
    receptors = _receptors(params)
    leaks = (MIDDLE, params.opens_s) if violation == "leak" else None
    places, bound = spread(params, rng, start, home, rooms, receptors, time_s, leaks)
    channels: Array = np.asarray((np.arange(VESICLES + 1) - VESICLES / 2) * params.spacing_nm, np.float64)
    late = 3.3 if violation == "calcium_late" else params.channels_s
    calcium = enter(params, rng, channels, rooms, time_s, late, late + CURRENT_S)
    order = slice(None, None, -1 if violation == "reversed_time" else 1)
    return State(
        params=params,
        seed=seed,
        fps=fps,
        violation=violation,
        time_s=time_s,
        life_ms=timeline.life_ms(time_s)[order],
        rooms=tuple(tuple(timeline.rooms(float(t))) for t in time_s)[order],
        left=np.array([timeline.left(float(t)) for t in time_s])[order],
        transmitter_nm=places[order],
        home=home,
        bound=bound[order],
        calcium_nm=calcium[order],
        channels_nm=channels,
        receptors_nm=receptors,
    )


class Timeline:
    """What the vesicles' membranes do when.

    Args:
        params: The synapse.
        duration_s: Length of the clip.
        violation: One of the mechanism's, or None.
    """

    def __init__(self, params: Params, duration_s: float, violation: str | None) -> None:
        self.params, self.violation = params, violation
        self._opens_s = 1.0 if violation == "calcium_late" else params.opens_s
        self._duration_s = max(duration_s, params.opens_s + 1.0)
        fuse = {"wrong_vesicle": (0,), "all_fuse": (0, 1, 2), "never_opens": (), "leak": ()}
        self._fusing = fuse.get(violation or "", (MIDDLE,))
        first = params.pore_nm + params.half_nm
        life = np.linspace(0, params.whole_ms, 2000)
        phi = widening(float(np.arcsin(first / (2 * params.radius_nm))), params.widening_per_ms, life)
        self._life, self._edge = life, 2 * params.radius_nm * np.sin(phi)

    def life_ms(self, time_s: Array) -> Array:
        """The synapse's own time: slower in the clip until the pore opens."""
        params = self.params
        return np.interp(time_s, [0.0, self._opens_s, self._duration_s], [0.0, params.open_ms, params.whole_ms])

    def rooms(self, time_s: float) -> list[Room]:
        """The vesicles at a second of the clip."""
        return [self._room(i, time_s) for i in range(VESICLES)]

    def left(self, time_s: float) -> list[float]:
        """How much of each vesicle's membrane there still is."""
        gone = np.clip((time_s - self._opens_s) / VANISH_S, 0, 1) if self.violation == "burst" else 0.0
        return [float(1 - gone) if i in self._fusing else 1.0 for i in range(VESICLES)]

    def _room(self, vesicle: int, time_s: float) -> Room:
        params = self.params
        x = (vesicle - MIDDLE) * params.spacing_nm
        docked = Cap(0.0, params.dock_nm, 2 * params.radius_nm)
        since = time_s - self._opens_s
        if vesicle not in self._fusing or since <= 0:
            return Room(x, docked)
        if self.violation == "burst":
            return Room(x, docked, gone=since > VANISH_S / 2)
        if self.violation == "whole_crosses":
            way = params.dock_nm + params.cleft_nm + 2.1 * params.radius_nm
            return Room(x, docked, drop_nm=float(way * np.clip(since / 2.6, 0, 1)))
        edge = self._edge_nm(since)
        if edge <= 0:
            return Room(x, docked)
        first = params.pore_nm + params.half_nm
        neck = params.dock_nm * float(np.exp(-max(0.0, edge - first) / NECK_NM))
        return Room(x, cap(edge, neck, params.radius_nm))

    def _edge_nm(self, since_s: float) -> float:
        """Radius of the pore's edge so long after it began to open."""
        params = self.params
        first = params.pore_nm + params.half_nm
        if self.violation == "buds_again":
            turn_s = TURNS * (self._duration_s - self._opens_s)
            since_s = max(0.0, turn_s - abs(since_s - turn_s))
        if since_s < NUCLEATION_S and self.violation != "wide_at_once":
            return first * since_s / NUCLEATION_S
        if self.violation == "kiss_and_run":
            # The pore flickers open to a width of a few nm and closes again.
            held = np.interp(since_s, [NUCLEATION_S, 0.5, 1.9, 2.2], [first, first + 5.0, first + 5.0, 0.0])
            return float(held)
        life = float(self.life_ms(np.array([self._opens_s + since_s]))[0]) - params.open_ms
        edge = float(np.interp(life, self._life, self._edge))
        return max(edge, WIDE * params.radius_nm) if self.violation == "wide_at_once" else edge


def _receptors(params: Params) -> Array:
    """Mouths of the receptors on the other side of the cleft."""
    x = (np.arange(7) - 3) * 22.0
    height = -(params.cleft_nm + params.membrane_nm) + params.half_nm + RECEPTOR_NM
    return np.stack([x, np.full(len(x), height)], axis=1)
