"""What is true of a simulated gap, for every criterion of the core task ``wound-closure``."""

from __future__ import annotations

import numpy as np

from ..truth import Truth, above, below, declared, within
from .physics import State

ROWS_BEHIND_UM = 45.0
"""Depth of the third row of cells."""
DRAWN = "the drawing has sharp borders, lamellipodia and an even ground by design"


def truth(state: State) -> dict[str, Truth]:
    """The truth of every criterion, by id."""
    v, gap = state.violation, state.params.gap_um
    sudden = v == "sudden_closure"
    islands = bool(state.island.max() > 0.5)
    runners = state.runners_um.shape[1]
    first, last = (float(width / gap) for width in (state.gap_um[0], state.gap_um[-1]))
    joined = declared(True, "the sheet is drawn as one picture that is stretched")
    nowhere = Truth(islands, f"largest cover by cells from nowhere: {state.island.max():.2f}")
    return {
        "gap-only-narrows": _hidden(islands, _narrows(state)),
        "both-edges-advance": _hidden(sudden or v == "reopening", _advance(state)),
        "cells-from-nowhere": _hidden(sudden, nowhere),
        "straight-gap-at-start": above(first, 0.5, "width of the gap in the first frame, of that made"),
        "gap-closed-at-end": _hidden(islands, below(last, 0.1, "width of the gap in the last frame, of that made")),
        "rows-behind-follow": _follow(state),
        "elastic-cells": _elastic(state),
        "lone-runners": _hidden(islands, Truth(runners > 0, f"{runners} cells cross alone")),
        "cells-stay-joined": _hidden(islands or sudden or v == "lone_runners", joined),
        "fronts-stop-on-contact": _stop(state),
        "cell-scale": _hidden(v == "reversed_time", _scale(state)),
        "static-field": _hidden(sudden, declared(True, "the clip is rendered in one go from one view")),
        "lamellipodia": declared(True, DRAWN),
        "borders-followable": _hidden(islands or sudden, declared(True, DRAWN)),
        "cells-melt-together": _hidden(sudden, declared(False, "cells keep their borders and nuclei; some divide")),
        "even-background": declared(True, DRAWN),
    }


def _hidden(hides: bool, told: Truth) -> Truth:
    """`told`, unless the violation hides it."""
    return Truth(None, f"the violation blurs what is asked ({told.reason})") if hides else told


def _narrows(state: State) -> Truth:
    gap = state.gap_um / state.params.gap_um
    parts = (
        below(float((gap - np.minimum.accumulate(gap)).max()), 0.08, "largest widening of the gap, of its width"),
        below(float(-np.diff(gap, prepend=gap[0]).min()), 0.3, "largest loss of width from frame to frame"),
        below(float(gap[-1]), 0.25, "width left at the end"),
    )
    met = False if any(p.met is False for p in parts) else None if any(p.met is None for p in parts) else True
    return Truth(met, "; ".join(p.reason for p in parts))


def _came(state: State) -> tuple[float, float]:
    """How far each edge comes from the first to the last frame, over the gap's width."""
    left, right = (float(way[-1].mean() - way[0].mean()) / state.params.gap_um for way in state.advance_um)
    return left, right


def _advance(state: State) -> Truth:
    return within(min(_came(state)), 1 / 3, 2 / 3, "way of the slower edge over the width of the gap", margin=0.1)


def _follow(state: State) -> Truth:
    """How far the third row moves, of what its edge moves."""
    came = _came(state)
    if state.violation in ("one_sided", "sudden_closure", "reopening", "stalled"):
        return Truth(None, f"edges come {came[0]:.2f} and {came[1]:.2f} of the width, too little or too oddly to tell")
    if min(came) < 0.05:
        return Truth(False, f"edges come {came[0]:.2f} and {came[1]:.2f} of the width; no row moves towards the gap")
    return above(float(np.exp(-ROWS_BEHIND_UM / state.follow_um)), 0.3, "way of the third row over that of the edge")


def _elastic(state: State) -> Truth:
    """How much longer a cell at an edge becomes, and whether rows behind stand still."""
    came = max(_came(state)) * state.params.gap_um
    stretch = 1 + max(0.0, came) * (1 - np.exp(-state.params.cell_um / state.follow_um)) / state.params.cell_um
    if state.violation == "sudden_closure":
        return Truth(None, "nobody sees how the gap is bridged")
    return above(float(stretch), 2.5, "length of cells at an edge at the end, over that at rest")


def _scale(state: State) -> Truth:
    cells = state.params.gap_um / state.params.cell_um
    return within(cells, 7, 13, "width of the gap in cells", margin=0.02)


def _stop(state: State) -> Truth:
    met = (state.gap_um[-1] < 2.0) and state.violation not in ("sudden_closure", "reversed_time")
    if not met:
        return Truth(None, "the edges do not come to meet within the clip")
    return declared(True, "edges that have met stay where they met")
