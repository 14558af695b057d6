"""Fire-diffuse-fire: calcium diffuses and is taken up; a site that feels enough of it lets go of its own share.

Explicit finite differences on a grid of 0.4 µm with a step of 0.5 ms of life, whatever the frame rate. No calcium
leaves the cell through its outline. Release is instantaneous (as in the closed form that `Params.speed_um_s` gives).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..mechanism import instants
from .parameters import Params

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

GRID_UM = 0.4
STEP_S = 0.0005
ACROSS = 2
"""Grid points between neighbouring sites of one Z line."""
NEVER = np.inf
IGNITION_UM = 3.0
"""Radius within which sites fire when an end ignites."""


@dataclass(frozen=True)
class Cell:
    """The cell on its grid; arrays of shape (ny, nx). x runs along the cell, y across, both from its middle."""

    x_um: Array
    """(nx,)"""
    y_um: Array
    """(ny,)"""
    inside: Mask
    amount: Array
    """What a site lets go, as a rise of its grid point in µmol/l; 0 where there is none."""
    threshold: Array
    """Calcium above rest at which a site fires."""


@dataclass(frozen=True)
class Ignition:
    """Sites around a point that fire by themselves."""

    time_s: float
    x_um: float
    y_um: float
    radius_um: float = IGNITION_UM
    strength: float = 1.0


@dataclass(frozen=True)
class State:
    """Calcium in the cell over time."""

    params: Params
    seed: int
    fps: float
    violation: str | None
    """What was asked to be broken."""
    time_s: Array
    """(instants,) of the clip."""
    cell: Cell
    calcium_um: NDArray[np.float32]
    """(instants, ny, nx) in µmol/l."""
    fired_s: Array
    """(ny, nx) first release of each site in seconds of life, inf for none."""
    releases: NDArray[np.int64]
    """(ny, nx) how often each site fired."""

    @property
    def along_um(self) -> Array:
        """(instants, nx) mean over the cell's width, in µmol/l."""
        inside = self.cell.inside
        return np.asarray((self.calcium_um * inside).sum(axis=1) / np.maximum(inside.sum(axis=0), 1), np.float64)


def simulate(params: Params, seed: int, duration_s: float, fps: float, violation: str | None = None) -> State:
    """Runs the cell for `duration_s` seconds of the clip.

    Args:
        params: The cell.
        seed: Draws its outline, its sites, and where the waves begin.
        duration_s: Length of the clip.
        fps: Instants a second of the clip.
        violation: One of the mechanism's, or None.
    """
    rng = np.random.default_rng([seed, 501])
    time_s = np.arange(instants(duration_s, fps)) / fps
    life_s = time_s / params.slow_motion
    cell = _cell(params, rng)
    ends = _ends(params, rng)
    params, cell, runs = _broken(params, cell, ends, violation)
    parts = [run(params, cell, ignitions, life_s) for ignitions in runs]
    calcium = params.rest_um + np.sum([part[0] for part in parts], axis=0)
    if violation == "reversed_time":
        calcium = calcium[::-1]
    return State(
        params=params,
        seed=seed,
        fps=fps,
        violation=violation,
        time_s=time_s,
        cell=cell,
        calcium_um=np.ascontiguousarray(calcium, np.float32),
        fired_s=np.min([part[1] for part in parts], axis=0),
        releases=np.sum([part[2] for part in parts], axis=0),
    )


def run(
    params: Params, cell: Cell, ignitions: Sequence[Ignition], life_s: Array
) -> tuple[NDArray[np.float32], Array, NDArray[np.int64]]:
    """Calcium above rest at `life_s` (instants, ny, nx), first release times, and numbers of releases."""
    calcium: Array = np.zeros(cell.inside.shape)
    last: Array = np.full(calcium.shape, -NEVER)
    first: Array = np.full(calcium.shape, NEVER)
    count: NDArray[np.int64] = np.zeros(calcium.shape, np.int64)
    across, along = _conductances(params, cell.inside)
    keep = np.exp(-STEP_S / params.uptake_s)
    sites = cell.amount > 0
    at = np.rint(life_s / STEP_S).astype(int)
    out: NDArray[np.float32] = np.empty((len(at), *calcium.shape), np.float32)
    waiting = sorted(ignitions, key=lambda ignition: ignition.time_s)
    shown = 0
    for step in range(int(at[-1]) + 1):
        now = step * STEP_S
        fires = sites & (calcium >= cell.threshold) & (now - last >= params.refractory_s)
        strength = 1.0
        while waiting and waiting[0].time_s <= now:
            ignition = waiting.pop(0)
            near = np.hypot(cell.x_um[None] - ignition.x_um, cell.y_um[:, None] - ignition.y_um) < ignition.radius_um
            fires |= sites & near & (now - last >= params.refractory_s)
            strength = ignition.strength
        if fires.any():
            calcium[fires] += strength * cell.amount[fires]
            last[fires] = now
            first[fires] = np.minimum(first[fires], now)
            count[fires] += 1
        while shown < len(at) and at[shown] == step:
            out[shown] = calcium
            shown += 1
        flow_y, flow_x = across * np.diff(calcium, axis=0), along * np.diff(calcium, axis=1)
        calcium[:-1] += flow_y
        calcium[1:] -= flow_y
        calcium[:, :-1] += flow_x
        calcium[:, 1:] -= flow_x
        calcium *= keep
    return out, first, count


def _conductances(params: Params, inside: Mask) -> tuple[Array, Array]:
    """Share of a difference that flows within a step between neighbours, both inside the cell."""
    share = params.diffusion_um2_s * STEP_S / GRID_UM**2
    across, along = inside[1:] & inside[:-1], inside[:, 1:] & inside[:, :-1]
    return share * across.astype(np.float64), share * along.astype(np.float64)


def _cell(params: Params, rng: np.random.Generator) -> Cell:
    """A rod with uneven sides and blunt ends, with rows of sites across it."""
    x, y = _grid(params.length_um / 2), _grid(0.6 * params.width_um)
    top, bottom = _outline(params, rng, x)
    inside = (y[:, None] > -top) & (y[:, None] < bottom)
    # The first row lies half a sarcomere from the left end.
    rows = np.zeros(len(x), bool)
    starts = np.arange(params.spacing_um / 2, params.length_um, params.spacing_um) - params.length_um / 2
    rows[np.clip(np.rint((starts - x[0]) / GRID_UM).astype(int), 0, len(x) - 1)] = True
    columns = np.arange(len(y)) % ACROSS == 0
    sites = inside & rows[None] & columns[:, None]
    strength = np.clip(rng.normal(1, params.scatter, inside.shape), 0.3, 2)
    amount = params.amplitude_um * params.spacing_um * ACROSS / GRID_UM
    return Cell(
        x_um=x,
        y_um=y,
        inside=inside,
        amount=np.where(sites, amount * strength, 0.0),
        threshold=np.full(inside.shape, params.threshold * params.amplitude_um),
    )


def _grid(half_um: float) -> Array:
    """Grid points from −`half_um` to `half_um`."""
    n = round(half_um / GRID_UM)
    return np.arange(-n, n + 1).astype(np.float64) * GRID_UM


def _outline(params: Params, rng: np.random.Generator, x: Array) -> tuple[Array, Array]:
    """Half widths above and below the axis at `x`."""
    half = np.abs(x) / (params.length_um / 2)
    sides = []
    for _ in range(2):
        knots = rng.uniform(0.90, 1.06, 9)
        uneven = np.interp(
            x, np.linspace(x[0], x[-1], 9), np.convolve(np.pad(knots, 1, "edge"), [0.25, 0.5, 0.25], "valid")
        )
        blunt = np.clip(1 - half ** rng.uniform(11, 18), 0, 1) ** 0.5
        sides.append(params.width_um / 2 * uneven * blunt)
    return sides[0], sides[1]


def _ends(params: Params, rng: np.random.Generator) -> tuple[Ignition, Ignition]:
    """Where and when the waves begin, near the left and the right end."""
    reach, wide = params.length_um / 2 - 4.5, 0.22 * params.width_um
    return (
        Ignition(params.first_s[0], -reach, rng.uniform(-wide, wide)),
        Ignition(params.first_s[1], reach, rng.uniform(-wide, wide)),
    )


def _broken(
    params: Params, cell: Cell, ends: tuple[Ignition, Ignition], violation: str | None
) -> tuple[Params, Cell, list[list[Ignition]]]:
    """Parameters, cell and separate runs (each a list of ignitions) under a violation."""
    left, right = ends
    amount, threshold = cell.amount, cell.threshold
    runs = [[left, right]]
    if violation == "pass_through":
        runs = [[left], [right]]
    elif violation == "all_at_once":
        runs = [[Ignition(0.28, 0.0, 0.0, radius_um=params.length_um)]]
    elif violation == "no_recovery":
        params = params.model_copy(update={"uptake_s": 10.0, "refractory_s": 5.0})
    elif violation == "second_wave":
        params = params.model_copy(update={"refractory_s": 0.24})
        again = [Ignition(end.time_s + 0.31, end.x_um, end.y_um) for end in ends]
        runs = [[left, right, *again]]
    elif violation == "passive_spread":
        threshold = np.full_like(threshold, NEVER)
        runs = [[Ignition(end.time_s, end.x_um, end.y_um, 5.0, 3.0) for end in ends]]
    elif violation == "uneven_speeds":
        params = params.model_copy(update={"uptake_s": 1.3 * params.uptake_s})
        threshold = np.where(cell.x_um < 0, 1.22, 0.3) * threshold
    elif violation == "stalled":
        amount = amount * (np.abs(cell.x_um) > 0.3 * params.length_um)
    elif violation == "one_wave":
        runs = [[left]]
    return params, Cell(cell.x_um, cell.y_um, cell.inside, amount, threshold), runs
