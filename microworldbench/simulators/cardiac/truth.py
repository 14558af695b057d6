"""What is true of a simulated heartbeat, criterion by criterion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..truth import Truth, above, below, declared, within
from .physics import State

Array = NDArray[np.float64]

OPEN, SHUT = 0.5, 0.15
"""Opened parts from which a valve stands wide open, and up to which it counts as closed."""
STILL = 0.04
"""Share of the steepest change of volume below which the chamber neither shrinks nor fills."""


def truth(state: State) -> dict[str, Truth]:
    """The truth of every criterion of ``cardiac-cycle``."""
    area = state.section.area_mm2
    fall = 1 - float(area.min() / area.max())
    together = float(np.minimum(state.course.mitral, state.course.aortic).max())
    shrinks, fills = _phases(state)
    return {
        "cavity-shrinks": within(fall, 0.33, 0.6, "fall of the cavity's area", margin=0.1),
        "both-valves-open": above(together, OPEN, "least opened part of the two valves at its largest"),
        "mitral-shuts-before-outflow": _in_turn(state.course.mitral, state.course.aortic, shrinks),
        "aortic-shuts-before-filling": _in_turn(state.course.aortic, state.course.mitral, fills),
        "long-contraction": _long_contraction(shrinks, fills),
        "wall-thickens": _wall_thickens(state),
        "backflow": above(_backward(state), 0.15, "blood that passes a valve the wrong way, over the stroke"),
        "one-way-blood": _one_way(state),
        "base-descends": _base_descends(state),
        "one-beat": _one_beat(state),
        "layers-legible": declared(True, "muscle, cavity, leaflets and vessels are drawn in colours of their own"),
        "leaflet-morphs": declared(False, "leaflets are curves that turn about their hinges"),
        "valve-anatomy": declared(
            True, "two leaflets with cords to two papillary muscles, and cusps without, are drawn"
        ),
        "long-axis-view": declared(True, "apex, both valves, atrium and aorta are drawn in one lengthwise section"),
        "smooth-motion": declared(True, "the muscle's grain is tied to the wall"),
        "fixed-view": declared(True, "the camera is never moved"),
    }


def _phases(state: State) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(instants,) when the ventricle's volume falls, and when it rises."""
    volume = state.course.ventricle_ml
    rate = np.gradient(volume) if volume.size > 1 else np.zeros(1)
    least = STILL * max(float(np.abs(rate).max()), 1e-9)
    return rate < -least, rate > least


def _in_turn(first: Array, second: Array, moving: NDArray[np.bool_]) -> Truth:
    """Whether `first` shuts before `second` opens, and stays shut while the volume goes the way of `moving`."""
    if moving.sum() < 2:
        return Truth(None, "the clip shows too little of the beat")
    open_share = float((first[moving] > SHUT).mean())
    passing = float((second[moving] > SHUT).mean())
    overlap = float(np.minimum(first, second).max())
    reason = (
        f"while the volume changes the one valve is open for {100 * open_share:.0f} % of the time and the other for "
        f"{100 * passing:.0f} %; at most {overlap:.2f} open together"
    )
    if overlap > OPEN or open_share > 0.4 or passing < 0.4:
        return Truth(False, reason)
    return Truth(True if overlap < SHUT and open_share < 0.12 and passing > 0.8 else None, reason)


def _long_contraction(shrinks: NDArray[np.bool_], fills: NDArray[np.bool_]) -> Truth:
    if not shrinks.any() or not fills.any():
        return Truth(None, "the clip shows no whole beat")
    share = float(shrinks.sum() / (shrinks.sum() + fills.sum()))
    return above(share, 0.54, "part of the changing time in which the chamber shrinks", margin=0.08)


def _wall_thickens(state: State) -> Truth:
    wall, volume = state.wall_mm, state.course.ventricle_ml
    gain = float(wall[volume.argmin()] / wall[volume.argmax()])
    return above(gain, 1.12, "thickness of the wall at the smallest cavity over that at the largest", margin=0.05)


def _backward(state: State) -> float:
    """Blood that goes from the aorta into the ventricle or from there into the atrium, over the stroke volume."""
    course, step_s = state.course, 1 / state.fps * state.beat_life_s / state.beat_s
    wrong = np.maximum(-course.mitral_ml_s, 0).sum() + np.maximum(-course.aortic_ml_s, 0).sum()
    return float(wrong * step_s / max(float(np.ptp(course.ventricle_ml)), 1.0))


def _one_way(state: State) -> Truth:
    course, step_s = state.course, 1 / state.fps * state.beat_life_s / state.beat_s
    stroke = max(float(np.ptp(course.ventricle_ml)), 1.0)
    into, out = (float(np.maximum(q, 0).sum() * step_s / stroke) for q in (course.mitral_ml_s, course.aortic_ml_s))
    forward = above(min(into, out), 0.5, "blood that goes on through each valve, over the stroke")
    back = below(_backward(state), 0.3, "blood that goes the wrong way")
    if state.violation in ("feeble_beat", "shut_valves", "both_valves_open"):
        return declared(None, "blood goes the right way, but hardly, or through shut leaflets, or both ways at once")
    met = None if None in (forward.met, back.met) else bool(forward.met and back.met)
    return Truth(met, f"{forward.reason}; {back.reason}")


def _base_descends(state: State) -> Truth:
    base, volume = state.section.base + state.apex_mm, state.course.ventricle_ml
    moved = float(base[volume.argmax()] - base[volume.argmin()])
    if float(np.ptp(state.apex_mm)) > 4:
        return Truth(False, f"the apex moves by {np.ptp(state.apex_mm):.0f} mm and the base by {abs(moved):.0f} mm")
    return above(moved, 6.0, "way of the valve plane towards the apex", margin=0.3, unit=" mm")


def _one_beat(state: State) -> Truth:
    steps = np.diff(state.course.ventricle_ml)
    span = max(float(np.ptp(state.course.ventricle_ml)), 1.0)
    down, up = float(-steps[steps < 0].sum() / span), float(steps[steps > 0].sum() / span)
    beats = len(state.time_s) / state.fps / state.beat_s
    reason = f"{down:.2f} contractions and {up:.2f} refillings in {beats:.2f} beats"
    if min(down, up) < 0.8 or beats > 1.7:
        return Truth(False, reason)
    return Truth(True if min(down, up) > 0.9 and beats < 1.5 else None, reason)
