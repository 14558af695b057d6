"""What is known of the task ``vesicle-diffusion`` by construction: paths, numbers and sizes from the state."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..truth import Truth, above, below, both, declared
from .physics import State

Array = NDArray[np.float64]

SHAPE = 832 / 480
"""Width over height of the picture that numbers in view are stated for."""
NEAR_UM = 1.5
"""Vesicles closer than this are neighbours."""


def truth(state: State) -> dict[str, Truth]:
    """The truth of each criterion of the task, by its id."""
    params = state.params
    alpha, second = _exponent(state), _spread(state, 1.0)
    still = second < 1e-3
    width_um = (params.view_um2 * SHAPE) ** 0.5
    return {
        "spreads-as-diffusion": _diffuses(state, alpha, still),
        "glide-straight": Truth(False, "no vesicle moves") if still else above(alpha, 1.55, "MSD exponent", margin=0.1),
        "no-common-drift": below(_drift(state), 0.45, "common drift over displacement", margin=0.2),
        "number-kept": above(_kept(state), 0.75, "smaller over larger number in view", margin=0.12),
        "some-thirty-vesicles": _number(state),
        "jump": above(_jumps(state), 0.5, "jumps a vesicle and second", margin=0.4),
        "independent-neighbours": _independence(state, still),
        "sharp-picture": declared(True, "vesicles in focus are drawn with sharp rims over a darker cytoplasm"),
        "constant-size": below(2 * params.radius_um * 36 / width_um, 1.6, "diameter over a 36th of the width"),
        "stand-still": below(second / width_um, 0.0055, "displacement in 1 s over the width", margin=0.3),
        "fixed-camera": declared(True, "the filaments are drawn once"),
        "ceaseless-small-steps": _small_steps(state, second),
        "fuse-or-split": declared(False, "vesicles pass over one another unchanged"),
        "filaments-behind": declared(True, "the cytoplasm is drawn with teal filaments"),
        "steady-light": declared(True, "every frame is drawn under the same light"),
    }


def _moves(state: State, lag: int) -> Array:
    """(instants − lag, vesicles, 2) displacements; those that wrap round the field count the short way."""
    side = state.params.field_um
    moved = state.xy_um[lag:] - state.xy_um[:-lag]
    if state.violation in ("drift", "ballistic"):
        moved = moved - side * np.round(moved / side)
    return moved


def _lag(state: State, seconds: float) -> int:
    return int(np.clip(round(seconds * state.fps), 1, max(1, len(state.time_s) - 1)))


def _spread(state: State, seconds: float) -> float:
    """Root mean square displacement in µm."""
    if len(state.time_s) < 2:
        return 0.0
    return float(np.sqrt(np.square(_moves(state, _lag(state, seconds))).sum(axis=-1).mean()))


def _exponent(state: State) -> float:
    """α of MSD ∝ t^α between 0.19 and 0.75 s."""
    lags = np.unique([_lag(state, s) for s in np.geomspace(0.19, 0.75, 6)])
    squares = [np.square(_moves(state, int(lag))).sum(axis=-1).mean() for lag in lags if lag < len(state.time_s)]
    if len(squares) < 2 or min(squares) < 1e-9:
        return 0.0
    return float(np.polyfit(np.log(lags[: len(squares)]), np.log(squares), 1)[0])


def _diffuses(state: State, alpha: float, still: bool) -> Truth:
    if state.violation == "teleport":
        return declared(None, "between its jumps each vesicle diffuses, and jumps at random times add up to MSD ∝ t")
    if still:
        return Truth(False, "no vesicle moves")
    found = below(abs(alpha - 1), 0.3, "distance of the MSD exponent from 1", margin=0.4)
    return Truth(found.met, f"MSD exponent {alpha:.2f}; {found.reason}")


def _drift(state: State) -> float:
    moved = _moves(state, _lag(state, 0.75)).reshape(-1, 2)
    size = float(np.sqrt(np.square(moved).sum(axis=-1).mean()))
    return float(np.hypot(*moved.mean(axis=0))) / size if size > 1e-6 else 0.0


def _in_view(state: State) -> NDArray[np.int64]:
    """(instants,) vesicles in the picture."""
    half = np.array([SHAPE**0.5, SHAPE**-0.5]) * state.params.view_um2**0.5 / 2
    inside = (np.abs(state.xy_um - state.params.field_um / 2) < half).all(axis=-1)
    return np.asarray((inside & state.visible).sum(axis=1))


def _kept(state: State) -> float:
    """Of the vesicles that are in view in the first tenth and the last, the smaller number over the larger."""
    seen = _in_view(state)
    part = max(1, len(seen) // 10)
    first, last = float(seen[:part].mean()), float(seen[-part:].mean())
    return min(first, last) / max(first, last, 1e-9)


def _number(state: State) -> Truth:
    seen = _in_view(state)
    return both(above(float(seen.min()), 15, "fewest in view"), below(float(seen.max()), 80, "most in view"))


def _jumps(state: State) -> float:
    """Steps far beyond what diffusion or the violation's speed allow, a vesicle and second."""
    if len(state.time_s) < 2:
        return 0.0
    far = 1.0 + 3 * (4 * state.params.diffusion_um2_s / state.fps) ** 0.5 + 1.0 / state.fps
    return float((np.hypot(*np.moveaxis(_moves(state, 1), -1, 0)) > far).mean() * state.fps)


def _independence(state: State, still: bool) -> Truth:
    """From the mean cosine between the displacements of neighbours over a quarter of a second."""
    if still:
        return declared(None, "nothing steps, so neighbours step neither together nor apart")
    lag = _lag(state, 0.25)
    moved, where = _moves(state, lag)[::lag], state.xy_um[:-lag][::lag]
    unit = moved / np.maximum(np.linalg.norm(moved, axis=-1, keepdims=True), 1e-9)
    cosines = []
    for at, way in zip(where, unit, strict=True):
        first, second = np.nonzero(np.triu(np.linalg.norm(at[:, None] - at[None], axis=-1) < NEAR_UM, 1))
        cosines.append((way[first] * way[second]).sum(axis=-1))
    return below(float(np.concatenate(cosines).mean()), 0.4, "mean cosine between neighbours' steps")


def _small_steps(state: State, second: float) -> Truth:
    if second < 1e-3:
        return Truth(False, "no vesicle moves")
    found = below(second / (2 * state.params.radius_um), 1.5, "diameters wandered in 1 s")
    return Truth(found.met, found.reason)
