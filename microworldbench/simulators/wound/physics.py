"""A gap that closes: the cover of the ground by Fisher's equation, and cells that are carried along.

The cover is integrated on a fixed grid and step apart from the frame rate. Where it falls through one half lie the
edges; when they meet is no input. Cells behind an edge are displaced with it, by exp(−depth/ℓ), so that rows behind
follow, those near the edge stretch a little, and all stay joined. Single cells divide at the rate of the cell cycle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..mechanism import instants
from .fronts import first_below, spread
from .parameters import Params

Array = NDArray[np.float64]

GRID_UM = 3.0
STEP_H = 0.01
RUBBER_UM = 7.0
"""Depth over which the sheet follows in the violation ``rubber``."""
STALL, REOPEN, SUDDEN = 0.33, 0.55, 0.42
"""Shares of the clip at which the violations ``stalled``, ``reopening`` and ``sudden_closure`` set in."""
RUNNERS = 10
"""Cells that cross the gap alone in the violation ``lone_runners``."""
RUN_UM_H = 62.0


@dataclass(frozen=True)
class State:
    """A sheet over time. Lengths in µm from the middle of the field, x across the gap to the right, y downwards."""

    params: Params
    seed: int
    fps: float
    violation: str | None
    time_s: Array
    """(instants,) of the clip."""
    hours: Array
    """(instants,) of the sheet."""
    rows_um: Array
    """(rows,) heights at which the edges are given."""
    left_um: Array
    """(instants, rows) edge of the left half of the sheet."""
    right_um: Array
    """(instants, rows) edge of the right half; not left of `left_um`."""
    island: Array
    """(instants, rows, columns) cover by cells that came from nowhere, 0 unless violated."""
    columns_um: Array
    """(columns,) of `island`."""
    follow_um: float
    """Depth over which rows behind an edge follow."""
    cells_um: Array
    """(cells, 2) middles in the resting sheet, before anything moves."""
    divides_h: Array
    """(cells,) when a cell divides; infinite for those that do not within the clip."""
    runners_um: Array
    """(instants, runners, 2) cells that cross alone; no runners unless violated."""

    @property
    def gap_um(self) -> Array:
        """(instants,) mean width of the gap."""
        return np.asarray((self.right_um - self.left_um).mean(axis=1))

    @property
    def advance_um(self) -> tuple[Array, Array]:
        """(instants, rows) how far the left and the right edge have come since the gap was made."""
        gap, offset = self.params.gap_um, self.params.gap_offset_um
        return self.left_um - (offset - gap / 2), offset + gap / 2 - self.right_um

    @property
    def time_compression(self) -> float:
        """How many times faster than life the clip plays."""
        return self.params.hours * 3600 / (len(self.time_s) / self.fps)


def simulate(params: Params, seed: int, duration_s: float, fps: float, violation: str | None = None) -> State:
    """Closes a gap within `duration_s` seconds of the clip.

    Args:
        params: The sheet and its gap.
        seed: Draws how uneven the edges are, where cells lie and which of them divide.
        duration_s: Length of the clip.
        fps: Instants a second of the clip.
        violation: One of the mechanism's, or None.
    """
    rng = np.random.default_rng([seed, 701])
    time_s = np.arange(instants(duration_s, fps)) / fps
    shares = time_s / duration_s
    hours = _clock(shares, params.hours, violation)
    columns = np.arange(-params.field_width_um / 2, params.field_width_um / 2 + GRID_UM, GRID_UM)
    rows = np.arange(-params.field_height_um / 2, params.field_height_um / 2 + GRID_UM, GRID_UM)
    steps = int(np.ceil(params.hours / STEP_H)) + 1
    at = np.minimum((hours / STEP_H).round().astype(int), steps)
    left, right = (edge[at] for edge in _edges(_covered(params, rng, rows, columns, steps, violation), columns))
    if violation == "sudden_closure":
        gone = shares > SUDDEN
        left[gone] = right[gone] = (left[0] + right[0]) / 2
    island = np.zeros((len(at), 1, 1))
    if violation == "fills_from_middle":
        island = _islands(params, rng, rows, columns, steps)[at]
    cells = _lattice(params, rng)
    return State(
        params=params,
        seed=seed,
        fps=fps,
        violation=violation,
        time_s=time_s,
        hours=hours,
        rows_um=rows,
        left_um=left,
        right_um=right,
        island=island,
        columns_um=columns,
        follow_um=RUBBER_UM if violation == "rubber" else params.follow_um,
        cells_um=cells,
        divides_h=rng.exponential(params.cycle_h, len(cells)),
        runners_um=_runners(params, rng, hours) if violation == "lone_runners" else np.zeros((len(at), 0, 2)),
    )


def _clock(shares: Array, hours: float, violation: str | None) -> Array:
    """The sheet's time at shares of the clip."""
    if violation == "reversed_time":
        shares = shares[::-1]
    elif violation == "stalled":
        shares = np.minimum(shares, STALL)
    elif violation == "reopening":
        shares = np.where(shares < REOPEN, shares, np.clip(2 * REOPEN - shares, 0, None))
    elif violation == "sudden_closure":
        shares = np.minimum(shares, SUDDEN)
    return np.asarray(shares * hours)


def _covered(
    params: Params, rng: np.random.Generator, rows: Array, columns: Array, steps: int, violation: str | None
) -> Array:
    """Cover of the ground after every step, (steps + 1, rows, columns)."""
    gap, offset = params.gap_um, params.gap_offset_um
    edges = [side * gap / 2 + 3.0 * _wavy(rng, rows, 60.0) for side in (-1, 1)]
    inside = np.maximum((offset + edges[0])[:, None] - columns, columns - (offset + edges[1])[:, None])
    start = np.clip(inside / GRID_UM + 0.5, 0, 1)
    # Unevenness along each edge, blended across the middle.
    sides = [1 + params.unevenness * _wavy(rng, rows, 45.0) for _ in range(2)]
    share = np.clip((columns - offset) / gap + 0.5, 0, 1)
    rate = params.spreading_per_h * (sides[0][:, None] * (1 - share) + sides[1][:, None] * share)
    motility = params.motility_um2_h
    if violation == "one_sided":
        return _one_sided(start, rate, params, columns, steps)
    if violation == "fills_from_middle":
        return np.repeat(start[None], steps + 1, axis=0)
    return spread(start, rate, motility, GRID_UM, STEP_H, steps)


def _one_sided(start: Array, rate: Array, params: Params, columns: Array, steps: int) -> Array:
    """The left edge advances as it should into a gap whose other half stays as it is."""
    far = columns > params.gap_offset_um
    cover = spread(np.where(far, 0.0, start), np.where(far, 0.0, rate), params.motility_um2_h, GRID_UM, STEP_H, steps)
    cover[:, :, far] = start[:, far]
    return cover


def _islands(params: Params, rng: np.random.Generator, rows: Array, columns: Array, steps: int) -> Array:
    """Cover that grows from spots in the bare middle."""
    seeds = np.zeros((len(rows), len(columns)))
    reach = 0.26 * params.gap_um
    for _ in range(16):
        x, y = params.gap_offset_um + rng.uniform(-reach, reach), rng.uniform(rows[0], rows[-1])
        seeds[np.hypot(columns[None] - x, rows[:, None] - y) < 5.0] = 0.8
    grown = spread(seeds, np.array(params.spreading_per_h), params.motility_um2_h, GRID_UM, STEP_H, steps)
    return grown * (np.abs(columns - params.gap_offset_um) < params.gap_um / 2)


def _edges(cover: Array, columns: Array) -> tuple[Array, Array]:
    """Edges (steps, rows) of the two halves, in µm; where they have met, both stay where that was."""
    last = cover.shape[-1] - 1
    left, right = first_below(cover), last - first_below(cover[..., ::-1])
    closed: NDArray[np.bool_] = np.asarray(cover.min(axis=-1) >= 0.5)
    for step in range(1, len(cover)):
        met = closed[step]
        middle = (left[step - 1] + right[step - 1]) / 2
        left[step, met] = right[step, met] = middle[met]
    places = np.arange(last + 1)
    return np.interp(left, places, columns), np.interp(right, places, columns)


def _wavy(rng: np.random.Generator, rows: Array, wavelength_um: float) -> Array:
    """Smooth noise along the edge with standard deviation 1."""
    from scipy.ndimage import gaussian_filter1d

    noise = gaussian_filter1d(rng.standard_normal(len(rows)), wavelength_um / 4 / GRID_UM, mode="wrap")
    return np.asarray((noise - noise.mean()) / max(float(noise.std()), 1e-9))


def _lattice(params: Params, rng: np.random.Generator) -> Array:
    """Middles of cells on a disordered hexagonal lattice that reaches beyond the field and leaves the gap bare."""
    step = params.cell_um
    half_x, half_y = params.field_width_um / 2 + 70, params.field_height_um / 2 + 2 * step
    x, y = np.meshgrid(np.arange(-half_x, half_x, step), np.arange(-half_y, half_y, step * 0.87))
    x = x + 0.5 * step * (np.arange(len(y)) % 2)[:, None]
    places = np.stack([x.ravel(), y.ravel()], axis=1)
    places = places + rng.normal(0, 0.13 * step, places.shape)
    return np.asarray(places[np.abs(places[:, 0] - params.gap_offset_um) > params.gap_um / 2 + 0.25 * step])


def _runners(params: Params, rng: np.random.Generator, hours: Array) -> Array:
    """Cells that leave one edge, each at its own time, and run to the other."""
    side = rng.choice((-1.0, 1.0), RUNNERS)
    away = np.linspace(-0.46, 0.46, RUNNERS) * params.field_height_um
    leaves = rng.permutation(RUNNERS) / RUNNERS * 0.32 * params.hours + 0.05
    way = np.clip(hours[:, None] - leaves, 0, None) * RUN_UM_H
    inside = params.gap_um / 2 + 0.6 * params.cell_um
    x = params.gap_offset_um + side * np.maximum(inside - way, -0.3 * params.gap_um)
    y = away + 6 * np.sin(way / 22 + away)
    return np.stack([x, y], axis=-1)
