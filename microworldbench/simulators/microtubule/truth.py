"""What is true of simulated microtubules, for every criterion of the core task ``microtubule-instability``."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..truth import Truth, above, below, declared
from .physics import OUTSIDE_UM, State

Array = NDArray[np.float64]

DRAWING = "lines of one width on black, drawn in red and green from one fixed view"


def truth(state: State) -> Mapping[str, Truth]:
    """The truth of every criterion, by id."""
    comet_um = _comet_um(state)
    moves = [_moves(length) for length in state.length_um.T]
    falls = [-move for tip in moves for before, move in pairwise(tip) if move < 0 < before]
    entering = int((state.minus_um[0] <= 0).sum())
    free = entering < state.params.filaments
    rigid = _slides(state)
    return {
        "fades-as-a-whole": below(float(state.brightness.min()), 0.5, "least brightness of a filament"),
        "grows-at-tip-only": _at_tips_only(state),
        "catastrophe": above(max(falls, default=0.0), 2 * comet_um, "longest shortening after growth", unit=" µm"),
        "snaking-filaments": above(float(state.sway_um.max()), 0.2, "amplitude of wriggling", unit=" µm"),
        "comets-mark-growth": _comets(state),
        "dark-background": declared(True, DRAWING),
        "shortens-faster": _speeds(state),
        "switches-out-of-step": _out_of_step(state),
        "rescue": above(_rescued(moves), 0.8, "longest growth after shortening", margin=0.3, unit=" µm"),
        "rod-slides": above(rigid, 1.0, "distance slid at constant length", unit=" µm"),
        "four-from-left": _from_left(state, entering),
        "even-width": declared(True, DRAWING),
        "comets-compact": _compact(state),
        "filaments-fuse-or-branch": declared(False, "filaments fan out and are drawn apart"),
        "red-and-green": declared(None if _misplaced(state) else True, _misplaced(state) or DRAWING),
        "steady-framing": declared(None if free else True, "no filament enters at the left" if free else DRAWING),
    }


def _comet_um(state: State) -> float:
    """Length over which comets are seen: EB1 above a quarter of that at the tip."""
    return 1.4 * state.params.growth_um_min / 60 * state.params.cap_s


def _moves(length: Array) -> list[float]:
    """Ups and downs of a length in turn, signed."""
    steps = np.diff(length)
    steps = steps[np.abs(steps) > 1e-6]
    if not steps.size:
        return []
    starts = np.flatnonzero(np.diff(np.sign(steps), prepend=0))
    return [float(move) for move in np.add.reduceat(steps, starts)]


def _rescued(moves: list[list[float]]) -> float:
    """The longest growth that follows a shortening."""
    return max([after for tip in moves for before, after in pairwise(tip) if before < 0 < after] + [0.0])


def _at_tips_only(state: State) -> Truth:
    moved = state.minus_um[-1] - state.minus_um[0]
    free = state.minus_um[0] > OUTSIDE_UM
    if free.any() and np.ptp(state.minus_um[:, free], axis=0).max() > 0.5:
        return Truth(False, f"left-hand ends move, by {float(np.abs(moved).max()):.1f} µm in all")
    if state.sway_um.max() > 0.2:
        return Truth(False, "shafts leave their courses")
    return above(
        float(np.ptp(state.tip_um, axis=0).max()), 1.0, "range of a tip over shafts that keep place", unit=" µm"
    )


def _comets(state: State) -> Truth:
    """EB1 at advancing and at retreating tips."""
    steps = np.diff(state.tip_um, axis=0)
    cap = state.cap[1:] * np.minimum(1, state.capped_um[1:] / 0.5)
    up, down = cap[steps > 1e-6], cap[steps < -1e-6]
    if not up.size:
        return Truth(None, "no tip advances")
    grown = above(float(np.median(up)), 0.5, "EB1 at advancing tips")
    if not down.size:
        return Truth(None if grown.met else grown.met, f"{grown.reason}; no tip retreats")
    bare = below(float(np.median(down)), 0.5, "at retreating tips")
    return Truth(grown.met and bare.met, f"{grown.reason}; {bare.reason}")


def _speeds(state: State) -> Truth:
    steps = np.diff(state.tip_um, axis=0)
    if _slides(state) > 1.0:
        return Truth(None, "nothing shortens, so there is no speed to compare")
    up, down = steps[steps > 1e-3], -steps[steps < -1e-3]
    if not (up.size and down.size):
        return Truth(None, "nothing shortens, so there is no speed to compare")
    return above(float(np.median(down) / np.median(up)), 1.3, "speed of shortening over that of growth", margin=0.12)


def _out_of_step(state: State) -> Truth:
    steps = np.diff(state.tip_um, axis=0)
    mixed = ((steps > 1e-6).any(axis=1) & (steps < -1e-6).any(axis=1)).sum() / state.fps
    return above(float(mixed), 0.3, "time with one tip advancing and another retreating", margin=0.6, unit=" s")


def _slides(state: State) -> float:
    """Distance over which a free filament moves without changing its length, in µm."""
    tips, lengths = np.diff(state.tip_um, axis=0), np.diff(state.tip_um - state.minus_um, axis=0)
    rigid = (np.abs(lengths) < 0.02 * np.abs(tips)) & (state.minus_um[1:] > OUTSIDE_UM)
    return float((np.abs(tips) * rigid).sum(axis=0).max())


def _from_left(state: State, entering: int) -> Truth:
    if state.violation == "fading":
        return declared(None, "there are four at first, and fewer as they fade")
    return Truth(entering == 4, f"{entering} filaments reach in from the left (4 wanted)")


def _misplaced(state: State) -> str:
    """Why there are no comets on growing tips whose colour one could tell, or nothing."""
    misplaced = state.violation in ("reversed_time", "inverted_comets")
    return "green comets there are, but not on growing tips" if misplaced else ""


def _compact(state: State) -> Truth:
    if state.violation in ("reversed_time", "fading"):
        return declared(None, "comets fade, or shrink away, while their tips stand or turn")
    return declared(True, "a comet is one streak that keeps to its tip")
