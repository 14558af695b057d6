"""What is true of a simulated breath, criterion by criterion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..truth import Truth, above, below, declared, within
from .physics import State

Array = NDArray[np.float64]

STILL = 0.05
"""Share of the fastest change of size below which the sacs neither swell nor sink."""
LEAST_SWING = 0.006
"""Relative change of width that can hardly be seen."""
TURN = 0.35
"""Part of the whole swing from which a turn counts."""


def truth(state: State) -> dict[str, Truth]:
    """The truth of every criterion of ``alveolar-ventilation``."""
    swing = float(np.ptp(state.scale) / state.scale.mean())
    rises = _rises(state)
    smallest = float((state.scale.min() / state.scale.max()) ** 3)
    return {
        "breathes-in-rhythm": _rhythm(swing, rises),
        "gentle-swing": within(swing, 0.035, 0.12, "change of width over the width", margin=0.15),
        "collapse": below(smallest, 0.3, "least over largest volume"),
        "longer-expiration": _longer_expiration(state, swing),
        "number-kept": _number_kept(state),
        "all-together": _all_together(state),
        "balls-of-air": above(state.bubble_um.shape[1], 0.5, "balls of gas that are drawn"),
        "two-or-three-breaths": _breaths(rises, swing),
        "flutter": above(rises, 5.0, "times that the sacs swell", margin=0.2),
        "shared-walls": _shared_walls(state),
        "changing-sacs": _changing_sacs(state),
        "capillary-net": declared(True, "every sac is drawn under a net of capillaries"),
        "sharp-sacs": declared(True, "outlines and capillaries are drawn crisply"),
        "pattern-stays": declared(True, "the net is tied to the sac it lies on"),
        "duct-from-the-left": declared(True, "the airway is drawn from the left border to the cluster"),
        "fixed-camera": declared(True, "the camera is never moved"),
    }


def _rises(state: State) -> float:
    """Sum of all swelling over the whole swing: how many times the sacs swell."""
    scale = state.scale
    steps = np.diff(scale)
    return float(steps[steps > 0].sum() / max(float(np.ptp(scale)), 1e-9)) if steps.size else 0.0


def _rhythm(swing: float, rises: float) -> Truth:
    if swing < LEAST_SWING:
        return Truth(False, f"the width changes by {100 * swing:.1f} % only")
    reason = f"the sacs swell {rises:.1f} times"
    if rises < 1.3:
        return Truth(False, reason)
    return Truth(True if rises >= 1.6 and swing > 2 * LEAST_SWING else None, reason)


def _breaths(rises: float, swing: float) -> Truth:
    if swing < LEAST_SWING:
        return Truth(False, "nothing swells")
    return within(rises, 1.4, 4.2, "times that the sacs swell", margin=0.1)


def _longer_expiration(state: State, swing: float) -> Truth:
    if swing < LEAST_SWING or len(state.time_s) < 3:
        return Truth(None, "nothing swells or sinks, so that there is nothing to time")
    if state.breath_s * state.fps < 12:
        return Truth(None, f"only {state.breath_s * state.fps:.0f} frames show a breath, too few to time it")
    whole = int((len(state.time_s) - 1) / state.fps / state.breath_s)
    if whole == 0:
        return Truth(None, "the clip shows no whole breath")
    rate = np.gradient(state.scale)[: round(whole * state.breath_s * state.fps)]
    least = STILL * float(np.abs(rate).max())
    swells, sinks = float((rate > least).sum()), float((rate < -least).sum())
    return below(swells / (swells + sinks), 0.5, "part of a breath's changes in which the sacs swell", margin=0.08)


def _number_kept(state: State) -> Truth:
    there = (state.radius_um > 0.35 * state.radius_um.max(axis=0).mean() * state.scale[:, None]).sum(axis=1)
    if state.violation == "collapsing":
        return declared(None, "sacs that all but vanish and come back are hard to count")
    return Truth(bool(np.ptp(there) == 0), f"between {there.min()} and {there.max()} alveoli")


def _all_together(state: State) -> Truth:
    moves = np.ptp(state.strain, axis=0) > 0.02
    if not moves.any() or len(state.time_s) < 4:
        return Truth(None, "nothing swells, neither together nor apart")
    strain = state.strain[:, moves] - state.strain[:, moves].mean(axis=0)
    mean = strain.mean(axis=1)
    alike = (strain * mean[:, None]).sum(axis=0) / np.sqrt(
        np.square(strain).sum(axis=0) * np.square(mean).sum() + 1e-12
    )
    return above(float(np.median(alike)), 0.8, "correlation of a sac's course with that of all", margin=0.1)


def _shared_walls(state: State) -> Truth:
    if state.violation in ("vanishing_alveoli", "collapsing", "out_of_step"):
        return declared(None, "sacs shrink, and gaps open between some of them")
    return declared(True, "sacs are packed so that neighbours overlap and share a wall")


def _changing_sacs(state: State) -> Truth:
    if state.violation in ("vanishing_alveoli", "extra_alveoli", "collapsing"):
        return declared(None, "sacs bud or shrink away, which may pass for turning into something else")
    return declared(False, "every sac stays a sac")
