"""Fisher's equation in the plane, from a step: u_t = D·∇²u + r·u(1 − u).

Fronts tend to the speed 2·√(rD) from below: from a step the position of u = ½ lags as −(3/2)·√(D/r)·ln(rt), so that the
speed at time t is 2·√(rD)·(1 − 3/(4rt)) (Bramson 1983, Mem. Am. Math. Soc. 285). Explicit steps on a square grid;
nothing flows through the rim.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def spread(cover: Array, rate: Array, motility: float, cell_um: float, step_h: float, steps: int) -> Array:
    """Cover after every step, (steps + 1, rows, columns), from `cover` (rows, columns).

    Args:
        cover: 0 bare to 1 covered.
        rate: r at every row, or everywhere, per hour; broadcasts over `cover`.
        motility: D in µm²/h.
        cell_um: Side of a grid cell.
        step_h: Time step; at most ``cell_um² / (4·D)``.
        steps: How many.

    Raises:
        ValueError: the step is too long to be stable.
    """
    pace = motility * step_h / cell_um**2
    if pace > 0.25:
        raise ValueError(f"a step of {step_h:g} h is too long for cells of {cell_um:g} µm and D = {motility:g} µm²/h")
    out = np.empty((steps + 1, *cover.shape))
    out[0] = cover
    grown = rate * step_h
    for step in range(steps):
        u = out[step]
        change = -4 * u
        change[1:] += u[:-1]
        change[0] += u[0]
        change[:-1] += u[1:]
        change[-1] += u[-1]
        change[:, 1:] += u[:, :-1]
        change[:, 0] += u[:, 0]
        change[:, :-1] += u[:, 1:]
        change[:, -1] += u[:, -1]
        out[step + 1] = u + pace * change + grown * u * (1 - u)
    return out


def first_below(cover: Array, half: float = 0.5) -> Array:
    """Column, to a fraction, at which each row of `cover` (…, rows, columns) first falls below `half`.

    Rows that never do give their last column.
    """
    low = cover < half
    at = np.where(low.any(axis=-1), low.argmax(axis=-1), cover.shape[-1] - 1)
    before = np.maximum(at - 1, 0)
    high, under = (np.take_along_axis(cover, i[..., None], axis=-1)[..., 0] for i in (before, at))
    share = np.where((high > half) & (under < half), (high - half) / np.maximum(high - under, 1e-12), 1.0)
    return np.asarray(before + share)
