"""What is true of a simulated sheet of muscle, criterion by criterion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..truth import Truth, above, below, declared, within
from .physics import State

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

LIT, DARK = 0.4, 0.15
"""Glow from which muscle counts as excited, and up to which as recovered."""


@dataclass(frozen=True)
class _Course:
    """What happens to each cell of the grid; arrays of shape (rows, columns), times in seconds, nan for never."""

    lit: Array
    """First time that it is excited."""
    dark: Array
    """Time after that at which it has recovered."""
    times: NDArray[np.int64]
    """How often it is excited from rest."""


def truth(state: State) -> dict[str, Truth]:
    """The truth of every criterion of ``cardiac-excitation``."""
    course = _course(state)
    excited = float(np.isfinite(course.lit).mean())
    again = float(state.again.any(axis=0).mean())
    spread = _spread(course)
    origins = _origins(state)
    return {
        "waves-annihilate": _annihilate(again, excited, origins),
        "waves-pass-through": above(again, 0.15, "share of muscle excited again while it was excited"),
        "fronts-spread": _fronts_spread(state, spread, origins),
        "all-at-once": _all_at_once(spread, excited),
        "recovers": _recovers(course, excited),
        "same-order": _same_order(state, course),
        "like-speeds": _like_speeds(state, course, origins),
        "no-dark-patch": _no_dark_patch(state, excited, origins),
        "turning-wave": declared(state.violation == "spiral", "a spiral turns where it was set off, and only there"),
        "from-both-electrodes": Truth(origins == (1, 1), f"waves start at {origins[0]} and {origins[1]} electrodes"),
        "fires-again": _fires_again(state, course),
        "front-breaks-up": declared(False, "fronts are smooth curves"),
        "sharp-picture": declared(True, "fibres and vessels are drawn crisply"),
        "fibres-stay": declared(True, "fibres and vessels are drawn once and never move"),
        "fixed-camera": declared(True, "the camera is never moved"),
    }


def _course(state: State) -> _Course:
    lit, dark = state.glow >= LIT, state.glow < DARK
    never, first = ~lit.any(axis=0), lit.argmax(axis=0)
    since = np.arange(len(lit))[:, None, None] > first
    later = dark & since
    recovered = ~later.any(axis=0) | never
    return _Course(
        np.where(never, np.nan, state.time_s[first]),
        np.where(recovered, np.nan, state.time_s[later.argmax(axis=0)]),
        state.upstroke.sum(axis=0),
    )


def _spread(course: _Course) -> float:
    """Seconds of the clip between the earliest and the latest tenth of muscle to be excited; nan where little is."""
    known = course.lit[np.isfinite(course.lit)]
    return float(np.ptp(np.quantile(known, (0.05, 0.95)))) if known.size > 0.2 * course.lit.size else float("nan")


def _origins(state: State) -> tuple[int, int]:
    """Whether the first muscle to be excited lies at the left electrode, and at the right one."""
    lit = (state.glow >= LIT).reshape(len(state.glow), -1)
    when = np.flatnonzero(lit.any(axis=1))
    if when.size == 0 or state.violation in ("spiral", "reversed_time", "flash"):
        return 0, 0
    soon = state.glow[min(when[0] + 2, len(lit) - 1)] >= LIT
    half = soon.shape[1] // 2
    return int(soon[:, :half].any()), int(soon[:, half:].any())


def _annihilate(again: float, excited: float, origins: tuple[int, int]) -> Truth:
    reason = f"waves start at {sum(origins)} electrodes, {100 * again:.0f} % of muscle is excited again while excited"
    if again > 0.05 or origins != (1, 1):
        return Truth(False, reason)
    return Truth(excited > 0.97, reason + f", {100 * excited:.0f} % is reached")


def _fronts_spread(state: State, spread: float, origins: tuple[int, int]) -> Truth:
    if sum(origins) == 0:
        return Truth(False, "no front leaves an electrode")
    if state.violation == "blocked_waves":
        return declared(None, "fronts leave the electrodes but do not cross the sheet")
    return above(spread, 0.5, "time in which the fronts cross the sheet", margin=0.2, unit=" s")


def _all_at_once(spread: float, excited: float) -> Truth:
    if excited < 0.2:
        return Truth(False, f"{100 * excited:.0f} % of the muscle is excited")
    return below(spread, 0.25, "time between the earliest and the latest muscle", margin=0.3, unit=" s")


def _recovers(course: _Course, excited: float) -> Truth:
    if excited < 0.05:
        return Truth(None, "nothing is excited, so that nothing could recover")
    share = float(np.isfinite(course.dark).sum() / np.isfinite(course.lit).sum())
    return above(share, 0.8, "share of excited muscle that recovers within the clip", margin=0.1)


def _same_order(state: State, course: _Course) -> Truth:
    if state.violation in ("spiral", "flash", "reversed_time", "no_recovery", "blocked_waves"):
        return declared(None, "muscle is not excited in an order that recovery could follow")
    both = np.isfinite(course.lit) & np.isfinite(course.dark)
    if both.sum() < 20 or np.ptp(course.lit[both]) == 0:
        return Truth(None, "too little muscle is excited and recovers")
    alike = float(np.corrcoef(course.lit[both], course.dark[both])[0, 1])
    return above(alike, 0.5, "correlation of the times of excitation and of recovery", margin=0.3)


def _like_speeds(state: State, course: _Course, origins: tuple[int, int]) -> Truth:
    if origins != (1, 1):
        return Truth(False, "there are no two fronts to compare")
    if state.violation == "blocked_waves":
        return declared(None, "the fronts go at the same speed but do not meet")
    columns = course.lit.shape[1]
    if not np.isfinite(course.lit).any():
        return Truth(None, "no front is seen")
    meeting = float(np.median(np.nanargmax(course.lit, axis=1)) / columns)
    return within(meeting, 0.36, 0.64, "where the fronts meet over the width", margin=0.06)


def _no_dark_patch(state: State, excited: float, origins: tuple[int, int]) -> Truth:
    if len(state.time_s) < 3 or (sum(origins) < 2 and state.violation != "flash"):
        return declared(None, "there are no two waves between which a patch could stay dark")
    return above(excited, 0.93, "share of muscle that is excited", margin=0.04)


def _fires_again(state: State, course: _Course) -> Truth:
    if state.violation in ("spiral", "reversed_time", "flash", "passing_waves", "no_recovery"):
        return declared(False if state.violation == "no_recovery" else None, "waves do not come and go in pairs")
    share = float((course.times >= 2).mean())
    return above(share, 0.4, "share of muscle that is excited twice", margin=0.3)
