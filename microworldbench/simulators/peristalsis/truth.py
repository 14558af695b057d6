"""What is true of a simulated length of gut, criterion by criterion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..truth import Truth, above, below, declared, within
from .physics import State

Array = NDArray[np.float64]

TRAVELS = 0.6
"""Correlation of the wall's slope and rate (1 for a wave to the right, -1 to the left) from which it travels."""
JUMP_MM = 12.0
"""A bit that moves this far from one instant to the next has jumped."""


def truth(state: State) -> dict[str, Truth]:
    """The truth of every criterion of ``intestinal-peristalsis``."""
    travel, moves = _travel(state)
    narrowest = float(state.radius_mm.min() / state.radius_mm.max())
    inside = state.r_mm <= 1.02 * _radius_here(state)
    there = state.visible & inside
    return {
        "rings-left-to-right": above(travel, TRAVELS, "travel of the rings (1 to the right, -1 to the left)"),
        "ring-narrows": below(narrowest, 0.5, "narrowest over widest lumen"),
        "tightens-in-place": _in_place(travel, moves),
        "chyme-carried": above(_carried(state), 0.3, "mean speed of bits to the right over the rings' speed"),
        "amount-kept": _amount_kept(state, there),
        "through-the-wall": above(
            float((state.visible & ~inside).mean()), 0.01, "share of bits beyond the inner wall", margin=0.5
        ),
        "wall-thickens": above(float(state.wall_mm.max() / state.wall_mm.min()), 1.3, "thickest over thinnest wall"),
        "reopens": _reopens(state, moves, narrowest),
        "steady-rings": _steady_rings(state, travel),
        "bits-jump": above(_jumps(state), 0.1, "largest share of bits that jump in one step"),
        "bits-keep-their-looks": _looks(state),
        "crawling-tube": declared(False, "the tube's axis is never moved"),
        "sharp-picture": declared(True, "wall, villi and bits are drawn crisply"),
        "cut-open-lengthwise": declared(True, "the tube is drawn cut open from side to side, with its coats"),
        "fixed-camera": declared(True, "the camera is never moved"),
    }


def _travel(state: State) -> tuple[float, float]:
    """Correlation of −∂a/∂t with ∂a/∂x, and the root mean square rate of the radius in mm/s of the clip."""
    if len(state.time_s) < 3:
        return float("nan"), float("nan")
    rate = np.gradient(state.radius_mm, state.time_s, axis=0)
    slope = np.gradient(state.radius_mm, state.grid_mm, axis=1)
    size = float(np.sqrt(np.square(rate).mean()))
    if size < 0.2:
        return 0.0, size
    return -float((rate * slope).mean() / np.sqrt(np.square(rate).mean() * np.square(slope).mean())), size


def _in_place(travel: float, moves: float) -> Truth:
    if not np.isfinite(moves):
        return Truth(None, "one instant does not tell how the wall moves")
    reason = f"the wall moves by {moves:.1f} mm/s, travel {travel:.2f}"
    return Truth(bool(moves > 1 and abs(travel) < 0.3), reason)


def _radius_here(state: State) -> Array:
    """(instants, bits) radius of the lumen where each bit is."""
    length = float(len(state.grid_mm) * (state.grid_mm[1] - state.grid_mm[0]))
    rows = zip(state.x_mm, state.radius_mm, strict=True)
    return np.array([np.interp(x, state.grid_mm, radius, period=length) for x, radius in rows])


def _steps(state: State) -> Array:
    """(instants − 1, bits) movement along the tube, mm; across the ends of what is followed as well."""
    length = float(len(state.grid_mm) * (state.grid_mm[1] - state.grid_mm[0]))
    moved = np.diff(state.x_mm, axis=0)
    return np.asarray((moved + length / 2) % length - length / 2)


def _carried(state: State) -> float:
    """Mean speed of bits that do not jump, over the speed that rings should have."""
    steps = _steps(state)
    known = (np.abs(steps) < JUMP_MM) & state.visible[1:]
    if not known.any():
        return float("nan")
    return float(steps[known].mean() * state.fps / (state.params.wave_mm_s * state.params.speed_up))


def _amount_kept(state: State, there: NDArray[np.bool_]) -> Truth:
    if state.violation == "through_the_wall":
        return declared(None, "bits leave through the wall, but many of them stay in view")
    first, last = int(there[0].sum()), int(there[-1].sum())
    return above(min(first, last) / max(first, last, 1), 0.75, "smaller over larger number of bits, first and last")


def _jumps(state: State) -> float:
    steps = _steps(state)
    fastest = 3 * state.params.wave_mm_s * state.params.speed_up / state.fps
    return float((np.abs(steps) > max(JUMP_MM, fastest)).mean(axis=1).max()) if steps.size else 0.0


def _reopens(state: State, moves: float, narrowest: float) -> Truth:
    if narrowest > 0.8 or not moves > 1:
        return declared(None, "no ring passes that the tube could open behind")
    reached = float((state.radius_mm.max(axis=0) / state.radius_mm.max()).mean())
    return above(reached, 0.85, "widest over relaxed lumen, in the mean of places", margin=0.05)


def _steady_rings(state: State, travel: float) -> Truth:
    if not np.isfinite(travel) or abs(travel) < TRAVELS:
        met = None if not np.isfinite(travel) else False
        return Truth(met, f"no ring travels (travel {travel:.2f})")
    crossing = state.params.field_width_mm / (state.params.wave_mm_s * state.params.speed_up)
    return within(crossing, 1.6, 5.5, "time in which a ring crosses the picture", unit=" s")


def _looks(state: State) -> Truth:
    if state.violation in ("vanishing_chyme", "teleport"):
        return declared(None, "bits keep their looks but cannot be followed")
    return declared(True, "a bit is drawn with the same shape and colour at every instant")
