"""Growth, division and shoving of rods on a fixed grid of steps, read off at the frames' times.

Each cell elongates exponentially at its own rate, dL/dt = αL, and divides once it has added its own draw of the adder's
length. After every step overlaps are resolved: rods in contact are moved and turned apart in inverse proportion to
their drag (∝ L for motion, ∝ L³ for rotation), as in overdamped motion on agarose (Volfson et al. 2008, Proc. Natl.
Acad. Sci. 105, 15346). Nothing tells the colony how fast to grow: its doubling follows from the cells'.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..mechanism import instants
from .contacts import shoved
from .parameters import Params

Array = NDArray[np.float64]

STEPS_A_DOUBLING = 80
"""Fixed steps of growth and shoving in one doubling time."""
ARREST = 0.33
"""Share of the clip after which the violation ``arrested`` stops growth."""
FILAMENT = 3.0
"""Length added over what should be, in the violation ``filaments``."""
PIECE = 0.3
"""Share of the length cut off in the violation ``unequal_division``."""
SWIM_UM, SWIM_TURN = 0.085, 0.12
"""How far a cell swims in a step, and the standard deviation of its turns, under the violation ``scattering``."""
LYSIS_FROM, LYSIS_CHANCE = 0.6, 0.018
"""Share of the clip from which cells vanish, and the chance of each in a step, under the violation ``vanishing``."""
KINK, HEAP_KINK = 0.05, 0.6
"""Standard deviation of a daughter's turn at division, radians; the latter where cells grow through one another."""


@dataclass(frozen=True)
class State:
    """All cells that ever lived, over time; arrays of shape (instants, cells) unless said otherwise.

    Lengths in µm from the middle of the field, x to the right and y downwards; a rod's length includes its round poles.
    """

    params: Params
    seed: int
    fps: float
    violation: str | None
    time_s: Array
    """(instants,) of the clip."""
    minutes: Array
    """(instants,) of the cells."""
    alive: NDArray[np.bool_]
    xy_um: Array
    """(instants, cells, 2) centres."""
    angle: Array
    length_um: Array
    born_min: Array
    """(cells,)"""
    born_um: Array
    """(cells,) length at birth."""
    goal_um: Array
    """(cells,) length at which it divides."""
    parent: NDArray[np.int64]
    """(cells,) −1 for the first."""
    tone: Array
    """(cells,) colour, 0 to 1, inherited with small changes."""

    @property
    def count(self) -> NDArray[np.int64]:
        """(instants,) living cells."""
        return np.asarray(self.alive.sum(axis=1))

    @property
    def total_um(self) -> Array:
        """(instants,) length of all living cells together."""
        return np.asarray(np.where(self.alive, self.length_um, 0).sum(axis=1))

    @property
    def time_compression(self) -> float:
        """How many times faster than life the clip plays."""
        return self.params.minutes * 60 / (len(self.time_s) / self.fps)


@dataclass
class _Colony:
    """Living and dead cells while they grow: one entry a cell, in order of birth."""

    xy: list[Array] = field(default_factory=list)
    angle: list[float] = field(default_factory=list)
    length: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)
    born: list[float] = field(default_factory=list)
    born_um: list[float] = field(default_factory=list)
    goal: list[float] = field(default_factory=list)
    parent: list[int] = field(default_factory=list)
    tone: list[float] = field(default_factory=list)
    living: list[int] = field(default_factory=list)


def simulate(params: Params, seed: int, duration_s: float, fps: float, violation: str | None = None) -> State:
    """Grows a colony through `duration_s` seconds of the clip.

    Args:
        params: The bacteria.
        seed: Draws cells' rates, added lengths and the angles after division.
        duration_s: Length of the clip.
        fps: Instants a second of the clip.
        violation: One of the mechanism's, or None.
    """
    rng = np.random.default_rng([seed, 401])
    time_s = np.arange(instants(duration_s, fps)) / fps
    minutes = time_s / duration_s * params.minutes
    step = params.doubling_min / STEPS_A_DOUBLING
    count = int(np.ceil(minutes[-1] / step)) + 2
    colony, history = _first(params, rng, violation), []
    for number in range(count):
        history.append((list(colony.living), list(colony.xy), list(colony.angle), list(colony.length)))
        if violation == "arrested" and number * step > ARREST * params.minutes:
            continue
        _grow(colony, params, step, violation)
        _divide(colony, params, rng, (number + 1) * step, violation)
        if violation == "vanishing":
            _lyse(colony, rng, (number + 1) * step / params.minutes)
        _move(colony, params, rng, violation)
    if violation == "reversed_time":
        minutes = minutes[::-1].copy()
    alive, xy, angle, length = _read(history, len(colony.parent), minutes / step)
    return State(
        params=params,
        seed=seed,
        fps=fps,
        violation=violation,
        time_s=time_s,
        minutes=minutes,
        alive=alive,
        xy_um=xy,
        angle=angle,
        length_um=length,
        born_min=np.array(colony.born),
        born_um=np.array(colony.born_um),
        goal_um=np.array(colony.goal),
        parent=np.array(colony.parent),
        tone=np.array(colony.tone),
    )


def _first(params: Params, rng: np.random.Generator, violation: str | None) -> _Colony:
    """One cell that has grown from the mean length at birth through the first part of its cycle."""
    colony = _Colony()
    place = np.array(params.offset_um), params.start_angle
    _bear(colony, params, rng, place, params.added_um, 0.0, -1, 0.5, violation)
    colony.length[0] *= 2**params.start_share
    return colony


def _bear(
    colony: _Colony,
    params: Params,
    rng: np.random.Generator,
    place: tuple[Array, float],
    length: float,
    minute: float,
    parent: int,
    tone: float,
    violation: str | None,
) -> None:
    """Adds a cell at a place (centre, angle), with its own growth rate and its own length to add."""
    added = params.added_um * (FILAMENT if violation == "filaments" else 1)
    colony.living.append(len(colony.parent))
    colony.xy.append(place[0])
    colony.angle.append(place[1])
    colony.length.append(length)
    colony.rate.append(np.log(2) / params.doubling_min * max(0.5, 1 + params.rate_cv * rng.standard_normal()))
    colony.born.append(minute)
    colony.born_um.append(length)
    colony.goal.append(length + added * max(0.3, 1 + params.added_cv * rng.standard_normal()))
    colony.parent.append(parent)
    colony.tone.append(float(np.clip(tone + 0.13 * rng.standard_normal(), 0, 1)))


def _grow(colony: _Colony, params: Params, step: float, violation: str | None) -> None:
    total = sum(colony.length[i] for i in colony.living)
    for i in colony.living:
        rate = colony.rate[i]
        if violation == "linear_growth":
            rate = (2**params.generations - 1) * params.added_um / params.minutes / total
        colony.length[i] *= float(np.exp(rate * step))


def _divide(colony: _Colony, params: Params, rng: np.random.Generator, minute: float, violation: str | None) -> None:
    """Cuts every cell that has added its length; the halves lie end to end, turned a little."""
    for i in [i for i in colony.living if colony.length[i] >= colony.goal[i]]:
        colony.living.remove(i)
        share = PIECE if violation == "unequal_division" else 0.5 + params.split_sd * rng.standard_normal()
        length, angle = colony.length[i], colony.angle[i]
        along = np.array([np.cos(angle), np.sin(angle)])
        for sign, part in ((-1, share), (1, 1 - share)):
            xy = colony.xy[i] + sign * (1 - part) / 2 * length * along
            kink = (HEAP_KINK if violation == "no_pushing" else KINK) * rng.standard_normal()
            # Either end may be the next to be cut unevenly.
            place = xy, angle + kink + (np.pi if rng.random() < 0.5 else 0.0)
            _bear(colony, params, rng, place, part * length, minute, i, colony.tone[i], violation)


def _lyse(colony: _Colony, rng: np.random.Generator, share: float) -> None:
    """Takes cells away at random late in the clip; two are left."""
    if share > LYSIS_FROM:
        doomed = [i for i in colony.living if rng.random() < LYSIS_CHANCE]
        for i in doomed[: max(0, len(colony.living) - 2)]:
            colony.living.remove(i)


def _move(colony: _Colony, params: Params, rng: np.random.Generator, violation: str | None) -> None:
    if violation == "no_pushing":
        return
    living = colony.living
    xy = np.array([colony.xy[i] for i in living])
    angle, length = np.array([colony.angle[i] for i in living]), np.array([colony.length[i] for i in living])
    if violation == "scattering" and len(living) > 1:
        angle = angle + SWIM_TURN * rng.standard_normal(len(living))
        xy = xy + SWIM_UM * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        edge = np.array([params.field_width_um, params.field_height_um]) / 2 - 1.5
        angle[(np.abs(xy) > edge).any(axis=1)] += np.pi
        xy = np.clip(xy, -edge, edge)
    xy, angle = shoved(xy, angle, length, params.width_um, coheres=violation != "scattering")
    for k, i in enumerate(living):
        colony.xy[i], colony.angle[i] = xy[k], float(angle[k])


def _read(
    history: list[tuple[list[int], list[Array], list[float], list[float]]], cells: int, at: Array
) -> tuple[NDArray[np.bool_], Array, Array, Array]:
    """The colony at fractional steps `at`, interpolated for cells that live at both ends of a step."""
    alive = np.zeros((len(at), cells), bool)
    xy, angle, length = np.zeros((len(at), cells, 2)), np.zeros((len(at), cells)), np.zeros((len(at), cells))
    for t, place in enumerate(at):
        low = min(int(place), len(history) - 2)
        share = place - low
        living = history[low][0]
        alive[t, living] = True
        for i in living:
            after = history[low + 1] if i in history[low + 1][0] else history[low]
            xy[t, i] = history[low][1][i] * (1 - share) + after[1][i] * share
            angle[t, i] = history[low][2][i] * (1 - share) + after[2][i] * share
            length[t, i] = history[low][3][i] * (1 - share) + after[3][i] * share
    return alive, xy, angle, length
