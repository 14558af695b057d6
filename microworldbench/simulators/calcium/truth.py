"""What is true of simulated calcium waves, for every criterion of the core task ``calcium-wave``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..truth import Truth, above, below, both, declared
from .physics import State

Array = NDArray[np.float64]

LIT_UM, DARK_UM = 1.6, 0.8
"""Calcium in µmol/l, averaged over the cell's width, above which a place is lit and below which it is dark again."""
DRAWING = "one sharp, evenly lit cell in one fixed view"


@dataclass(frozen=True)
class Course:
    """When each place along the cell lights up; arrays over the places. Times in seconds of the clip."""

    x_um: Array
    first_s: Array
    """First time lit; nan for never."""
    last_s: Array
    """Beginning of the last pulse."""
    pulses: NDArray[np.int64]
    meeting: int
    """Index of the place between the ends that lights up last."""

    @property
    def lit(self) -> NDArray[np.bool_]:
        """Whether a place is ever lit."""
        return np.isfinite(self.first_s)


def truth(state: State) -> Mapping[str, Truth]:
    """The truth of every criterion, by id."""
    course, level = _course(state), state.along_um
    spread = float(np.ptp(course.first_s[course.lit])) if course.lit.any() else 0.0
    no_front = spread < 0.3
    return {
        "lights-up-in-turn": Truth(False, "the whole cell lights up at once") if no_front else _travels(course),
        "lights-up-at-once": both(
            below(spread, 0.6, "time from the first place to the last", unit=" s"),
            above(float(course.lit.mean()), 0.6, "share of the cell lit"),
        ),
        "steady-speed": declared(None, "there is no front") if no_front else _steady(state, course),
        "like-speeds": declared(None, "there is no front") if no_front else _alike(state, course),
        "annihilate": _annihilate(state, course, no_front),
        "starts-at-both-ends": _both_ends(state, course, no_front),
        "lights-up-twice": above(float((course.pulses > 1).mean()), 0.12, "share of the cell lit twice", margin=0.4),
        "dims-behind": _dims(state, course, level),
        "undiminished": _undiminished(state, course, level, no_front),
        "clear-outline": declared(True, DRAWING),
        "cell-deforms": declared(False, DRAWING),
        "one-long-cell": declared(True, DRAWING),
        "grainy-front": declared(None, "there is no front")
        if no_front
        else declared(True, "sites are drawn one by one"),
        "light-outside": Truth(False, "no calcium leaves the cell"),
        "steady-light": declared(None if no_front else True, "one flash of the cell" if no_front else DRAWING),
        "fixed-camera": declared(True, DRAWING),
    }


def _course(state: State) -> Course:
    keep = np.abs(state.cell.x_um) < 0.46 * state.params.length_um
    level = state.along_um[:, keep]
    n = level.shape[1]
    first, last, pulses = np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, np.int64)
    for i, column in enumerate(level.T):
        lit = False
        for t, value in enumerate(column):
            if not lit and value > LIT_UM:
                lit, last[i] = True, state.time_s[t]
                first[i] = last[i] if pulses[i] == 0 else first[i]
                pulses[i] += 1
            elif lit and value < DARK_UM:
                lit = False
    middle = np.arange(n // 8, n - n // 8)
    latest = np.where(np.isfinite(first[middle]), first[middle], -1.0)
    ties = middle[latest >= latest.max() - 1e-9]
    return Course(state.cell.x_um[keep], first, last, pulses, int(np.median(ties)))


def _travels(course: Course) -> Truth:
    """How far the front that runs furthest gets."""
    far = max(course.lit[: course.meeting].sum(), course.lit[course.meeting :].sum()) / course.lit.size
    return above(float(far), 0.25, "part of the cell that one front crosses")


def _halves(course: Course) -> list[tuple[Array, Array]]:
    """Places and times of the left and the right front, where they are long enough to have a speed."""
    out = []
    for part in (slice(None, course.meeting), slice(course.meeting, None)):
        known = course.lit[part]
        if known.sum() > 0.12 * course.lit.size:
            out.append((course.x_um[part][known], course.first_s[part][known]))
    return out


def _steady(state: State, course: Course) -> Truth:
    if state.violation in ("stalled", "passive_spread"):
        return Truth(False, f"the fronts halt: {course.lit.mean():.2f} of the cell is ever lit")
    if state.violation == "one_wave" or state.violation == "reversed_time":
        return declared(None, "there is a steady front, but none that runs to where two meet")
    worst = 0.0
    for x, t in _halves(course):
        fit = np.polyval(np.polyfit(x, t, 1), x)
        worst = max(worst, float(np.abs(t - fit).max() / max(np.ptp(t), 1e-9)))
    return below(worst, 0.22, "largest deviation from a straight course over its duration", margin=0.25)


def _alike(state: State, course: Course) -> Truth:
    halves = _halves(course)
    if len(halves) < 2 or state.violation in ("passive_spread", "one_wave", "stalled", "reversed_time"):
        return declared(None, "there are no two fronts to compare")
    left, right = (abs(float(np.polyfit(t, x, 1)[0])) for x, t in halves)
    return below(max(left, right) / min(left, right), 1.5, "faster over slower front", margin=0.12)


def _annihilate(state: State, course: Course, no_front: bool) -> Truth:
    if no_front or course.lit.mean() < 0.8 or state.violation == "one_wave" or state.violation == "reversed_time":
        return Truth(False, f"no two fronts meet ({course.lit.mean():.2f} of the cell is ever lit)")
    if state.violation == "no_recovery":
        return declared(None, "the fronts meet, but the cell stays lit behind them")
    again = course.pulses > 1
    if not again.any():
        return Truth(True, "no place is lit after the fronts have met")
    # A band that runs on lights places up the later, the further they are from where the fronts met.
    away = np.abs(course.x_um[again] - course.x_um[course.meeting])
    outward = float(np.corrcoef(away, course.last_s[again])[0, 1]) if again.sum() > 3 else 0.0
    found = below(outward, 0.0, "how much later places further out light up again")
    return Truth(outward < -0.3 if abs(outward) > 0.3 else None, found.reason)


def _both_ends(state: State, course: Course, no_front: bool) -> Truth:
    if state.violation == "passive_spread":
        return declared(None, "small spots light up near the ends and spread no further")
    n = course.lit.size
    ends = [course.first_s[: n // 8], course.first_s[-(n // 8) :]]
    if no_front or not all(np.isfinite(end).any() for end in ends):
        return Truth(False, "the ends do not light up one by one before the rest")
    middle = np.nan_to_num(course.first_s[2 * n // 5 : 3 * n // 5], nan=99.0)
    lead = float(np.median(middle) - max(np.nanmedian(end) for end in ends))
    return above(lead, 0.5, "lead of the later end over the middle", margin=0.4, unit=" s")


def _dims(state: State, course: Course, level: Array) -> Truth:
    """Dye bound from one to two seconds after a place lit up, over that at its peak."""
    dye = level / (level + 2.2)
    keep = np.flatnonzero(np.abs(state.cell.x_um) < 0.46 * state.params.length_um)
    left = []
    for i, column in enumerate(keep):
        after = (state.time_s > course.first_s[i] + 1.0) & (state.time_s < course.first_s[i] + 2.0)
        if course.lit[i] and after.sum() > 0.8 * state.fps:
            left.append(dye[after, column].min() / dye[:, column].max())
    if not left:
        return declared(None, "nothing lights up early enough to be seen to dim")
    if state.violation == "reversed_time":
        return declared(None, "bands brighten slowly and go out at once")
    return below(float(np.median(left)), 0.5, "least light within two seconds over that at the peak")


def _undiminished(state: State, course: Course, level: Array, no_front: bool) -> Truth:
    if state.violation in ("stalled", "passive_spread"):
        return Truth(False, "the bands go out before they meet")
    if no_front or state.violation == "reversed_time":
        return declared(None, "there are no bands that run towards each other")
    keep = np.abs(state.cell.x_um) < 0.46 * state.params.length_um
    peak = level[:, keep].max(axis=0)
    n, m = peak.size, course.meeting
    start = np.median(np.concatenate([peak[n // 10 : n // 5], peak[-(n // 5) : -(n // 10)]]))
    late = np.median(peak[max(0, m - n // 6) : m + n // 6])
    return above(float(late / start), 0.6, "peak where fronts meet over that near the ends")
