"""What is true of a simulated encounter, for every criterion of the core task ``phagocytosis``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..truth import Truth, above, below, declared
from .granules import HELPERS
from .physics import State

THERE = 0.5
"""A bacterium fainter than this part of its true look is gone."""


def truth(state: State) -> dict[str, Truth]:
    """The truth of every criterion, by id."""
    there, inside = state.seen > THERE, _inside(state)
    wrapped = float(state.rim_um.max() / state.wrap_um)
    ends_closed = bool(state.closed[-1] > THERE > state.closed[0])
    backwards = state.violation == "reversed_time"
    return {
        "contact-first": _lies_still(state, inside, backwards),
        "half-closed-cup": _half_closed(state),
        "lips-meet-beyond": Truth(
            ends_closed, f"closed {state.closed[0]:.0f} at first, {state.closed[-1]:.0f} at last"
        ),
        "fades-through-membrane": Truth(
            bool(inside[-1, 0] and there[-1, 0] and wrapped == 0), f"inside without a cup: wrapped {wrapped:.2f}"
        ),
        "darting-cell": above(_way(state), 0.5, "largest displacement of the cell, in its widths"),
        "count-stays-three": _count(there),
        "enclosed-in-vacuole": Truth(None if backwards else ends_closed, f"vacuole closed: {ends_closed}"),
        "vacuole-moves-inwards": _sinks(state, ends_closed),
        "size-relation": below(
            state.params.prey_length_um * state.prey_size / (2 * state.params.radius_um),
            0.25,
            "length of a bacterium over the cell's width",
        ),
        "three-at-start": _numbers(there[0], inside[0], 3, 0, "first"),
        "one-in-two-out": _numbers(there[-1], inside[-1], 2, 1, "last"),
        "vesicles-gather": _gathered(state),
        "toothed-mouth": declared(False, "the cup is a fold of the membrane without teeth or claws by design"),
        "cell-splits-or-changes": declared(False, "the cell is drawn as the same one throughout"),
        "outline-traceable": declared(True, "the outline is drawn as a sharp rim"),
        "interior-coherent": declared(True, "nucleus, texture and vesicles are drawn in the cell's frame"),
    }


def _inside(state: State) -> NDArray[np.bool_]:
    """(instants, bacteria): the middle lies within the cell's outline, or the cup has closed around it."""
    away = state.prey_um - state.cell_um[:, None]
    bearing, distance = np.arctan2(away[..., 1], away[..., 0]), np.hypot(away[..., 0], away[..., 1])
    radius = np.array([state.radius_um(t, angles) for t, angles in enumerate(bearing)])
    inside = distance < radius
    inside[:, 0] |= state.closed > THERE
    return np.asarray(inside)


def _numbers(there: NDArray[np.bool_], inside: NDArray[np.bool_], free: int, taken: int, when: str) -> Truth:
    out, in_ = int((there & ~inside).sum()), int((there & inside).sum())
    return Truth((out, in_) == (free, taken), f"{out} bacteria outside and {in_} inside in the {when} frame")


def _count(there: NDArray[np.bool_]) -> Truth:
    counts = there.sum(axis=1)
    return Truth(bool((counts == 3).all()), f"between {counts.min()} and {counts.max()} bacteria, free and swallowed")


def _lies_still(state: State, inside: NDArray[np.bool_], backwards: bool) -> Truth:
    """How far the first bacterium moves before it is touched."""
    if backwards or state.violation == "vanishing_prey":
        return Truth(None, "the bacterium is not touched after it was free")
    contact = int(np.argmax((state.seconds >= state.params.contact_s) | inside[:, 0]))
    moved = np.hypot(*(state.prey_um[: contact + 1, 0] - state.prey_um[0, 0]).T).max()
    return below(float(moved / state.params.prey_length_um), 0.8, "way of the bacterium before contact, in its lengths")


def _half_closed(state: State) -> Truth:
    share = state.rim_um.min(axis=1) / state.wrap_um
    half = int(((share > 0.35) & (share < 0.75)).sum())
    return Truth(half > 0, f"in {half} frames the rims have gone between 35 and 75 % of their way")


def _way(state: State) -> float:
    apart = np.ptp(state.cell_um, axis=0)
    return float(np.hypot(*apart) / (2 * state.params.radius_um))


def _sinks(state: State, ends_closed: bool) -> Truth:
    if state.violation in ("through_membrane", "reversed_time"):
        return Truth(None, "the bacterium moves into or out of the cell without a vacuole that closes")
    if not ends_closed:
        return Truth(False, "no vacuole closes")
    closing = int(np.argmax(state.closed > THERE))
    distance = np.hypot(*(state.prey_um[:, 0] - state.cell_um).T)
    way = float((distance[closing] - distance[-1]) / state.params.radius_um)
    return above(way, 0.15, "way of the vacuole towards the cell's middle after closure, in radii")


def _gathered(state: State) -> Truth:
    apart = np.hypot(*np.moveaxis(state.granule_um[-1, :HELPERS] - state.prey_um[-1, 0], -1, 0))
    reach = state.params.prey_length_um * state.prey_size
    near = int((apart < reach + 0.5).sum())
    return above(near, 3.5, "vesicles within a bacterium's length of the first one at the end", margin=0.2)
