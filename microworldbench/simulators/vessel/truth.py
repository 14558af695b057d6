"""What is true of a simulated vessel, criterion by criterion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..truth import Truth, above, below, declared, within
from .physics import State, lumen_um

Flags = NDArray[np.bool_]

CLEARLY = 4 / 3
"""Speed in the throat over that outside, from which cells are "faster by a third or more"."""
AXIS_SHARE = 0.8
"""Largest speed near the walls over that on the axis."""


def truth(state: State) -> dict[str, Truth]:
    """The truth of every criterion of ``vessel-clot``."""
    return {
        **_motion(state),
        "through-the-clot": above(_inside_clot(state), 0.005, "share of cells inside the clot"),
        "as-many-behind": above(_evenness(state), 0.65, "density on the poorer side of the clot over the richer"),
        "surges-with-the-heart": _surges(state),
        "turns-round": above(_against(state), 0.1, "share of the time that the stream runs against its main direction"),
        "cells-jump": above(_moved_across(state), 0.1, "largest share of cells that change their lane in one step"),
        "cell-size-and-shape": within(
            state.params.red_cell_diameter_um / (2 * state.params.lumen_radius_um),
            0.08,
            0.14,
            "cell over vessel width",
            margin=0.05,
        ),
        "clot-in-the-middle": _clot_in_the_middle(state),
        "cells-keep-their-looks": _looks(state),
        "sharp-picture": declared(True, "every cell is drawn with a crisp edge"),
        "clot-of-fibrin": declared(True, "the clot is drawn as packed cells under a net of fibrin, on one wall"),
        "fixed-camera": declared(True, "the camera is never moved"),
        "clot-changes": declared(False, "the clot is drawn once and stands in every frame"),
    }


def _motion(state: State) -> dict[str, Truth]:
    """Criteria about how fast cells are, and which way they go."""
    speed = _speeds(state)
    lane, (throat, outside) = np.abs(state.eta[:-1]), _places(state)
    size = np.abs(speed)
    middle = lane < 0.55
    fast = _median(size[throat & middle]) / _median(size[outside & middle])
    edge = _median(size[outside & (lane > 0.65) & (lane < 0.85)]) / _median(size[outside & (lane < 0.3)])
    known = speed[np.isfinite(speed)]
    right = float((known > 0).mean()) if known.size else float("nan")
    return {
        "faster-in-throat": above(fast, CLEARLY, "speed in the throat over that outside", margin=0.12),
        "faster-on-axis": below(edge, AXIS_SHARE, "speed near the walls over that on the axis", margin=0.08),
        "left-to-right": above(right, 0.75, "share of movements that go from left to right"),
    }


def _speeds(state: State) -> NDArray[np.float64]:
    """(instants − 1, cells) along x in µm a second; nan where a cell is not seen twice, or comes in anew."""
    moved = np.diff(state.x_um, axis=0)
    known = state.visible[1:] & state.visible[:-1] & (np.abs(moved) < 0.5 * state.params.field_width_um)
    known &= np.abs(np.diff(state.eta, axis=0)) < 1e-9
    return np.where(known, moved * state.fps, np.nan)


def _places(state: State) -> tuple[Flags, Flags]:
    """(instants − 1, cells) which cells are in the throat, and which in the open vessel."""
    middle = (state.x_um[1:] + state.x_um[:-1]) / 2
    field = state.params.field_width_um
    away = np.abs(middle - state.params.clot_position * field)
    return away < 0.05 * field, (away > 0.22 * field) & (middle > 0) & (middle < field)


def _median(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")


def _inside_clot(state: State) -> float:
    top, bottom = lumen_um(state.params, state.x_um)
    return float(((state.y_um < top) | (state.y_um > bottom))[state.visible].mean())


def _evenness(state: State) -> float:
    """Cells a µm of vessel on the poorer side of the clot over those on the richer side."""
    params = state.params
    clot, reach = params.clot_position * params.field_width_um, 1.5 * params.clot_half_length_um
    x = state.x_um[state.visible]
    before = ((x > 0) & (x < clot - reach)).sum() / (clot - reach)
    behind = ((x > clot + reach) & (x < params.field_width_um)).sum() / (params.field_width_um - clot - reach)
    return float(min(before, behind) / max(before, behind, 1e-9))


def _against(state: State) -> float:
    forward = float((state.mean_speed_um_s > 0).mean())
    return min(forward, 1 - forward)


def _surges(state: State) -> Truth:
    if _against(state) > 0.1:
        return declared(None, "the stream swings to and fro, which may pass for surging")
    speed = np.abs(state.mean_speed_um_s)
    depth = float(speed.std() / speed.mean())
    rises = int(((speed[1:] > speed.mean()) & (speed[:-1] <= speed.mean())).sum())
    reason = f"speed varies by {100 * depth:.0f} % of its mean and rises {rises} times"
    if depth < 0.05 or rises == 0:
        return Truth(False, reason)
    return Truth(True if depth > 0.12 and rises >= 2 else None, reason)


def _moved_across(state: State) -> float:
    """Largest share of cells that cross the lumen by two diameters or more in one step."""
    if len(state.time_s) < 2:
        return 0.0
    across = np.abs(np.diff(state.eta, axis=0)) * state.params.lumen_radius_um
    return float((across > 2 * state.params.red_cell_diameter_um).mean(axis=1).max())


def _clot_in_the_middle(state: State) -> Truth:
    place = within(state.params.clot_position, 1 / 3, 2 / 3, "the clot's place over the width", margin=0.05)
    free = within(state.params.throat_fraction, 0.38, 0.66, "free width at the clot", margin=0.03)
    met = None if None in (place.met, free.met) else bool(place.met and free.met)
    return Truth(met, f"{place.reason}; {free.reason}")


def _looks(state: State) -> Truth:
    if state.violation in ("vanishing_cells", "teleport"):
        return declared(None, "cells keep their looks but cannot be followed across the picture")
    return declared(True, "a cell is drawn with the same size and colour at every instant")
