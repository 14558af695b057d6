"""What is true of a simulated walk, for every criterion of the core task ``kinesin-transport``."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..truth import Truth, above, below, both, declared, within
from .physics import State

Array = NDArray[np.float64]

TUBE_NM, HEAD_NM = 25.0, 7.4
MOVED_NM = 3.0
"""How far one head must be ahead of the other to be in the lead."""
DRAWING = "each part is drawn sharply in its own colour over one lattice in one fixed view"


def truth(state: State) -> Mapping[str, Truth]:
    """The truth of every criterion, by id."""
    motor = state.heads_nm[..., 0].mean(axis=1)
    width = state.params.field_width_nm
    free = float((~state.bound.any(axis=1)).mean())
    vesicle = state.params.vesicle_nm
    return {
        "heads-take-turns": above(float(_leads(state)), 3.5, "changes of lead", margin=0.4),
        "glides": _glides(state, motor),
        "walks-right": above(float(motor[-1] - motor[0]) / width, 0.2, "progress to the right over the width"),
        "rests-between-swings": _rests(state),
        "tubulin-rows": declared(True, DRAWING),
        "always-holds-on": below(free, 0.04, "share of the time without hold", margin=0.5),
        "walks-left": above(_setback(motor) / state.params.site_nm, 2.5, "sites lost on end", margin=0.25),
        "cargo-follows": _follows(state, motor),
        "stride-length": _stride(state),
        "crimson-and-gold": declared(True, DRAWING),
        "floats-off": above(free, 0.04, "share of the time without hold", margin=0.5),
        "sizes-fit": both(
            within(vesicle / TUBE_NM, 1.5, 2.5, "vesicle over microtubule", margin=0.05),
            above(vesicle / HEAD_NM, 3.0, "vesicle over head"),
        ),
        "vesicle-above-track": declared(True, DRAWING),
        "parts-distinct": declared(True, DRAWING),
        "heads-multiply": declared(False, DRAWING),
        "fixed-camera": declared(True, DRAWING),
    }


def _leads(state: State) -> int:
    """How often the lead changes between the heads."""
    ahead = state.heads_nm[:, 0, 0] - state.heads_nm[:, 1, 0]
    signs = np.sign(ahead[np.abs(ahead) > MOVED_NM])
    return int((np.diff(signs) != 0).sum())


def _still(state: State) -> Array:
    """Share of heads that are at rest (bound, and moving by less than half a nm) in each instant with a hold."""
    steps = np.abs(np.diff(state.heads_nm[..., 0], axis=0))
    holds = state.bound[1:].any(axis=1)
    return np.asarray(((steps < 0.5) & state.bound[1:]).mean(axis=1)[holds])


def _glides(state: State, motor: Array) -> Truth:
    moved = below(float(_still(state).mean()), 0.25, "share of the time at which heads rest")
    return both(moved, above(abs(float(motor[-1] - motor[0])), 15.0, "distance covered", unit=" nm"))


def _rests(state: State) -> Truth:
    if not _strides(state).size and _still(state).mean() > 0.5:
        return Truth(False, "the heads rest and never swing")
    return above(float(_still(state).mean()), 0.3, "share of the time at which heads rest")


def _setback(motor: Array) -> float:
    """The longest way back, in nm."""
    return float((np.maximum.accumulate(motor) - motor).max())


def _follows(state: State, motor: Array) -> Truth:
    away = state.cargo_nm[:, 0] - motor
    kept = below(float(np.ptp(away)), 28.0, "range of the vesicle's distance from the motor", unit=" nm", margin=0.2)
    return kept if state.linked.all() else both(kept, Truth(False, "the stalk lets go of the vesicle"))


def _strides(state: State) -> Array:
    """Distances in nm from where a head stood to where it stands next."""
    out = []
    for head in (0, 1):
        x, bound = state.heads_nm[:, head, 0], state.bound[:, head]
        # A frame averages over a moment: a head has settled where it is bound in the frames before and after, too.
        places = x[1:-1][bound[2:] & bound[1:-1] & bound[:-2]]
        jumps = np.diff(places)
        out.append(np.abs(jumps[np.abs(jumps) > MOVED_NM]))
    return np.concatenate(out)


def _stride(state: State) -> Truth:
    strides = _strides(state)
    if state.violation in ("floating", "gliding"):
        return declared(None, "the motor also moves while it does not stride")
    if strides.size < 3:
        return Truth(None, f"{strides.size} strides are too few")
    return within(float(np.median(strides)) / TUBE_NM, 0.42, 1.0, "stride over the microtubule's width", margin=0.12)
