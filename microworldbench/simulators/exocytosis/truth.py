"""What is true of simulated release, for every criterion of the core task ``synaptic-vesicle-fusion``."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..truth import Truth, above, below, both, declared, within
from .physics import MIDDLE, State

Array = NDArray[np.float64]

DRAWING = "membranes, proteins and molecules are drawn piece by piece in their own colours and never change them"
FLAT = 0.5
"""A vesicle lower than this part of its diameter has flattened."""


def truth(state: State) -> Mapping[str, Truth]:
    """The truth of every criterion, by id."""
    open_ = [i for i in range(state.pore_nm.shape[1]) if state.pore_nm[:, i].max() > 0]
    heights = np.array([[room.shape.height for room in rooms] for rooms in state.rooms])
    flat = heights / (2 * state.params.radius_nm)
    burst, crosses = bool(state.left.min() < 0.5), _sunk(state) > state.params.cleft_nm
    return {
        "calcium-precedes-pore": _order(state, open_),
        "narrow-pore-first": _narrow(state, open_),
        "leak-through-membrane": _leak(state, crosses),
        "contents-leave": _leave(state, open_),
        "synapse-layout": Truth(bool((flat[0] > 0.9).all()), f"{(flat[0] > 0.9).sum()} round vesicles at the start"),
        "membrane-joins": _joins(open_, flat),
        "vesicle-bursts": Truth(burst, f"at least {state.left.min():.2f} of every vesicle's membrane is kept"),
        "reaches-receptors": _receptors(state),
        "membranes-even": declared(None if burst else True, "a membrane breaks up" if burst else DRAWING),
        "vesicle-cleft-scale": _scale(state),
        "whole-vesicle-crosses": above(_sunk(state), state.params.cleft_nm, "way sunk by a whole vesicle", unit=" nm"),
        "neighbours-stay": _neighbours(state, flat),
        "particles-distinct": declared(True, DRAWING),
        "middle-vesicle-fuses": _middle(open_, burst, crosses),
        "parts-morph": declared(None if burst else False, "a vesicle bursts" if burst else DRAWING),
    }


def _sunk(state: State) -> float:
    return max(room.drop_nm for rooms in state.rooms for room in rooms)


def _first(state: State, when: NDArray[np.bool_]) -> float:
    """Second of the clip at which something first holds; inf for never."""
    return float(state.time_s[when.argmax()]) if when.any() else float("inf")


def _order(state: State, open_: list[int]) -> Truth:
    if not open_:
        return declared(None, "no vesicle opens, so nothing follows the calcium")
    pore = _first(state, np.asarray((state.pore_nm > 0).any(axis=1)))
    entered = (state.calcium_nm[..., 1] > state.params.half_nm).sum(axis=1)
    calcium = _first(state, entered >= 3)
    if entered[0] >= 3:
        return Truth(False, "calcium is in the terminal from the start and does not enter it")
    if not np.isfinite(calcium):
        return Truth(False, "no calcium enters")
    lead = f"calcium enters at {calcium:.2f} s and the pore opens at {pore:.2f} s"
    return Truth(None if abs(pore - calcium) < 0.12 else calcium < pore, lead)


def _narrow(state: State, open_: list[int]) -> Truth:
    if not open_:
        return Truth(False, "no vesicle opens to the cleft")
    pore = state.pore_nm[:, open_[0]]
    first = pore[pore > 0][: max(1, round(0.25 * state.fps))]
    narrow = below(float(first[0]) / state.params.radius_nm, 0.5, "first width over the vesicle's", margin=0.2)
    if state.violation == "kiss_and_run":
        return declared(None, f"the pore stays narrow and widens a little; {narrow.reason}")
    return both(narrow, above(float(pore.max()) / state.params.radius_nm, 1.0, "greatest width over the vesicle's"))


def _leak(state: State, crosses: bool) -> Truth:
    """Transmitter in the cleft while every vesicle is closed."""
    if crosses:
        return declared(None, "transmitter crosses the cleft inside its vesicle")
    closed = (state.pore_nm <= 0).all(axis=1) & (state.left.min(axis=1) > 0.5)
    before = closed & (np.cumsum(~closed) == 0) if state.violation != "reversed_time" else closed
    count = int(state.outside[before].sum(axis=1).max()) if before.any() else 0
    return above(float(count), 4.0, "transmitter in the cleft while all vesicles are closed", margin=0.5)


def _leave(state: State, open_: list[int]) -> Truth:
    if not open_:
        return Truth(False, "no vesicle opens, so nothing leaves through a pore")
    share = state.outside[:, state.home == open_[0]].mean(axis=1)
    gain = float(share[-1] - share[0])
    return above(gain, 0.45, "share of the vesicle's transmitter that ends in the cleft", margin=0.3)


def _joins(open_: list[int], flat: Array) -> Truth:
    if not open_:
        return Truth(False, "no vesicle joins the membrane")
    first, last = float(flat[0, open_[0]]), float(flat[-1, open_[0]])
    return both(
        above(first, 0.9, "height at first over the diameter", margin=0.05),
        below(last, FLAT, "height at last over the diameter", margin=0.2),
    )


def _receptors(state: State) -> Truth:
    if state.violation == "leak":
        return declared(None, "transmitter that should not be there binds")
    bound = state.bound.sum(axis=1)
    return above(float(bound[-1] - bound[0]), 2.5, "molecules that have come to rest on receptors", margin=0.6)


def _scale(state: State) -> Truth:
    wide = 2 * (state.params.radius_nm + state.params.half_nm)
    ratio = wide / (state.params.cleft_nm)
    return within(ratio, 1.5, 3.0, "vesicle's width over the cleft's height", margin=0.05)


def _neighbours(state: State, flat: Array) -> Truth:
    others = [i for i in range(flat.shape[1]) if i != MIDDLE]
    least = float(min(flat[:, others].min(), state.left[:, others].min()))
    return above(least, 0.9, "least height of the outer vesicles over their diameter", margin=0.05)


def _middle(open_: list[int], burst: bool, crosses: bool) -> Truth:
    if burst or crosses:
        return declared(None, "the middle vesicle is the one concerned, but it does not open to the cleft")
    return Truth(open_ == [MIDDLE], f"vesicles that open, from the left: {[i + 1 for i in open_]}")
