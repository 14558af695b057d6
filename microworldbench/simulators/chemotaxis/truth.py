"""What is true of simulated neutrophils, for every criterion of the core task ``neutrophil-chemotaxis``."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..truth import Truth, above, below, declared, within
from .physics import State
from .shape import outlines

Array = NDArray[np.float64]

LAG_S = 0.25
"""Of the clip: steps shorter than this are jitter."""
FAR_UM = 30.0
"""Distance from the tip within which cells crowd and have nowhere to go."""
DRAWN = "the drawing is sharp, evenly lit and filmed by a fixed camera by design"


def truth(state: State) -> dict[str, Truth]:
    """The truth of every criterion, by id."""
    diameter = 2 * state.params.radius_um
    speed = _speed(state) / diameter
    jumps = state.violation == "teleport"
    index = _index(state)
    number, last = int(state.visible[0].sum()), int(state.visible[-1].sum())
    return {
        "climbs-the-gradient": _hidden(jumps, _climbs(index, speed)),
        "crawls-away": _hidden(
            jumps, above(float(-np.nan_to_num(index)), 0.12, "way away from the pipette over way gone")
        ),
        "glides-straight": _hidden(jumps or speed < 0.3, _straight(state)),
        "front-and-tail": declared(not state.is_rigid, "cells are drawn with a front and a tail unless rigid"),
        "front-leads": _front_leads(state, speed),
        "shape-changes": _shape_changes(state),
        "speed": _hidden(jumps, within(speed, 1.0, 6.0, "speed in diameters a second of the clip")),
        "hardly-moves": below(speed, 0.3, "speed in diameters a second of the clip"),
        "gathers-at-the-tip": _hidden(jumps, _gathers(state)),
        "number-kept": above(min(number, last) / max(number, last), 0.75, "smaller over larger number, first and last"),
        "cells-jump": above(_jumps(state), 0.05, "jumps a cell and second of the clip"),
        "fifteen-at-first": within(number, 8, 30, "cells in the first frame"),
        "pipette-on-the-right": declared(True, "a pipette with its plume is drawn at the right"),
        "sharp-picture": declared(True, DRAWN),
        "steady-light": declared(True, DRAWN),
        "fixed-camera": declared(True, DRAWN),
    }


def _hidden(hides: bool, told: Truth) -> Truth:
    """`told`, unless cells jump or stand still so that it cannot be seen."""
    return Truth(None, f"cells that jump or stand still do not show it ({told.reason})") if hides else told


def _lag(state: State) -> int:
    return max(1, min(round(LAG_S * state.fps), len(state.time_s) - 1))


def _steps(state: State) -> Array:
    """(steps, cells, 2) displacements over the lag; empty for a single instant."""
    lag = _lag(state)
    return np.asarray(state.xy_um[lag:] - state.xy_um[:-lag])


def _to_source(state: State) -> tuple[Array, Array]:
    """Unit vectors to the source, and distances from it, at every instant."""
    away = np.array(state.params.source_um) - state.xy_um
    distance = np.hypot(away[..., 0], away[..., 1])
    return away / np.maximum(distance, 1e-9)[..., None], distance


def _index(state: State) -> float:
    """Way towards the source over way gone, for cells far from it; nan where nothing moves."""
    steps, (towards, distance) = _steps(state), _to_source(state)
    far = distance[: len(steps)] > FAR_UM
    way = np.hypot(steps[..., 0], steps[..., 1])[far].sum()
    return float((steps * towards[: len(steps)]).sum(axis=-1)[far].sum() / way) if way > 1e-6 else float("nan")


def _speed(state: State) -> float:
    """Speed that a quarter of the cells far from the source exceed, µm a second of the clip."""
    steps = _steps(state)
    far = _to_source(state)[1][: len(steps)] > FAR_UM
    ways = np.hypot(steps[..., 0], steps[..., 1])[far]
    return float(np.quantile(ways, 0.75) / (_lag(state) / state.fps)) if ways.size else 0.0


def _climbs(index: float, speed: float) -> Truth:
    if not np.isfinite(index) or speed < 0.05:
        return Truth(False, "cells do not move")
    return above(index, 0.2, "way towards the pipette over way gone", margin=0.4)


def _straight(state: State) -> Truth:
    """Net way over way gone in a second and a half, in the middle of the cells."""
    lag, span = _lag(state), min(round(1.5 * state.fps), len(state.time_s) - 1)
    ratios = []
    for start in range(0, len(state.time_s) - span, max(1, span // 2)):
        part = state.xy_um[start : start + span + 1 : lag]
        way = np.hypot(*np.moveaxis(np.diff(part, axis=0), -1, 0)).sum(axis=0)
        net = np.hypot(*(part[-1] - part[0]).T)
        far = _to_source(state)[1][start + span] > FAR_UM
        ratios += list((net / np.maximum(way, 1e-9))[far & (way > 1e-6)])
    value = float(np.median(ratios)) if ratios else float("nan")
    return above(value, 0.965, "net way over way gone in 1.5 s of the clip", margin=0.012)


def _front_leads(state: State, speed: float) -> Truth:
    if state.is_rigid or state.violation == "teleport" or speed < 0.3:
        return Truth(None, "without a front or steady motion there is nothing to lead")
    steps = _steps(state)
    moving = np.arctan2(steps[..., 1], steps[..., 0])
    cosine = np.cos(moving - state.heading[_lag(state) :])
    return above(float(np.median(cosine)), 0.4, "cosine between the front's direction and that of motion")


def _shape_changes(state: State) -> Truth:
    shapes = [outlines(state, t) for t in range(0, len(state.time_s), max(1, round(0.5 * state.fps)))]
    changes = [np.sqrt(np.square(b - a).mean()) for a, b in pairwise(shapes)]
    change = float(np.mean(changes)) / state.params.radius_um if changes else float("nan")
    return above(change, 0.02, "change of the outline in half a second, in radii")


def _gathers(state: State) -> Truth:
    near = (_to_source(state)[1] < FAR_UM) & state.visible
    gain = float((near[-1].sum() - near[0].sum()) / state.params.cells)
    return above(gain, 0.15, "share of cells that have come near the tip", margin=0.5)


def _jumps(state: State) -> float:
    """Frame steps longer than four radii, a cell and second."""
    way = np.hypot(*np.moveaxis(np.diff(state.xy_um, axis=0), -1, 0))
    return float((way > 4 * state.params.radius_um).mean() * state.fps) if way.size else 0.0
