"""What is true of a simulated colony, for every criterion of the core task ``bacterial-growth``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..truth import Truth, above, below, declared, within
from .contacts import neighbours
from .physics import State

FOLD = 8.0
"""Growth from which a colony has multiplied, as the criterion says."""
DRAWN = "the drawing is sharp, evenly lit and filmed by a fixed camera by design"


def truth(state: State) -> dict[str, Truth]:
    """The truth of every criterion, by id."""
    last = int(state.count[-1])
    heap = _heap(state)
    piled, reversed_ = heap.met is not False, state.violation == "reversed_time"
    swims = state.violation == "scattering"
    at_end = above(last, 16, "rods in the last frame", margin=0.1)
    return {
        "grows-exponentially": _hidden(piled, _exponential(state)),
        "cells-vanish": above(_fall(state), 0.1, "largest fall of the total length, as a share"),
        "splits-in-halves": _hidden(piled or reversed_, _halves(state)),
        "lengths-kept": _hidden(piled, _lengths(state)),
        "starts-with-one-rod": _start(state),
        "thirty-at-the-end": _hidden(piled, at_end),
        "width-kept": declared(True, "every rod is drawn as wide as any other at all times"),
        "rods-in-a-heap": heap,
        "pushes-neighbours": _pushes(state),
        "one-patch": _hidden(reversed_ or state.violation == "vanishing", _patch(state)),
        "darts": declared(swims, "cells swim" if swims else "cells move by growth and by being pushed alone"),
        "sharp-picture": _hidden(piled, declared(True, DRAWN)),
        "steady-light": declared(True, DRAWN),
        "fixed-camera": declared(True, DRAWN),
        "looks-kept": _hidden(piled or reversed_, declared(True, "a rod keeps its colour; daughters inherit it")),
    }


def _hidden(hides: bool, told: Truth) -> Truth:
    """`told`, unless the violation hides it."""
    return (
        Truth(None, f"rods that pile up, vanish or go back in time do not show it ({told.reason})") if hides else told
    )


def _start(state: State) -> Truth:
    first, soon = int(state.count[0]), int(state.count[len(state.count) // 16])
    if first == 1 and soon > 1:
        return Truth(None, f"one rod at first, but {soon} within a sixteenth of the clip")
    return Truth(first == 1, f"{first} rods in the first frame")


def _exponential(state: State) -> Truth:
    """The fold, and how evenly the logarithm grows: slope of its second half over that of the first."""
    total = state.total_um
    fold = above(float(total[-1] / total[0]), FOLD, "growth of the total length, fold")
    middle = len(total) // 2
    early, late = np.log(total[middle] / total[0]), np.log(total[-1] / total[middle])
    even = within(float(late / early) if early > 0 else float("nan"), 0.5, 2.0, "late over early growth rate")
    met = False if False in (fold.met, even.met) else None if None in (fold.met, even.met) else True
    return Truth(met, f"{fold.reason}; {even.reason}")


def _fall(state: State) -> float:
    total = state.total_um
    return float((1 - total / np.maximum.accumulate(total)).max())


def _halves(state: State) -> Truth:
    shares = [
        float(state.born_um[pair].min() / state.born_um[pair].sum())
        for pair in (np.flatnonzero(state.parent == mother) for mother in np.unique(state.parent[state.parent >= 0]))
    ]
    if not shares:
        return Truth(None, "no rod has divided")
    return above(float(np.mean(shares)), 0.38, "mean share of the length that the shorter daughter gets", margin=0.1)


def _lengths(state: State) -> Truth:
    """Length over width of the rod that the middle of the colony's length lies in, late in the clip."""
    late = state.alive[-max(1, len(state.time_s) // 8) :]
    lengths = np.sort(state.length_um[-len(late) :][late])
    typical = float(lengths[np.searchsorted(np.cumsum(lengths), lengths.sum() / 2)] / state.params.width_um)
    return below(typical, 6.0, "typical length over width of late rods")


def _touching(state: State, gap: float) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]:
    alive = state.alive[-1]
    return neighbours(
        state.xy_um[-1, alive], state.angle[-1, alive], state.length_um[-1, alive], state.params.width_um, gap
    )


def _heap(state: State) -> Truth:
    if state.violation == "reversed_time":
        return declared(False, "the same clip forwards has no overlaps")
    depth, one, other = _touching(state, 0.0)
    deep = depth > 0.4 * state.params.width_um
    share = len(np.union1d(one[deep], other[deep])) / max(1, int(state.count[-1]))
    return above(share, 0.25, "share of rods that overlap others by four tenths of a width or more")


def _patch(state: State) -> Truth:
    """Share of rods in the largest group whose members lie within a width of one another."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = int(state.alive[-1].sum())
    _, one, other = _touching(state, state.params.width_um)
    links = coo_array((np.ones(len(one)), (one, other)), shape=(count, count))
    groups = connected_components(links, directed=False)[1]
    return above(float(np.bincount(groups).max() / count), 0.75, "share of rods in the largest group")


def _pushes(state: State) -> Truth:
    if state.violation in ("reversed_time", "arrested", "scattering", "vanishing"):
        return declared(None, "too little of the colony grows forwards in one piece to tell")
    return declared(state.violation != "no_pushing", "rods yield to one another unless the violation forbids it")
