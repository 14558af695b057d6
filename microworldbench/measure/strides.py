"""Measurements of a two-headed walker: whose turn it is, how far it strides, whether it holds on and keeps its load."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from . import walker
from .clip import Clip
from .picture import needs_a_held_camera
from .spec import Abstain, Measured, MeasurementSpec, Params, decided, rounded
from .walker import Points, Walk

AHEAD = 0.015
"""How far one head must be in front of the other, over the width, to be in the lead."""
GLANCE_S = 0.13
"""Time over which a head's move is looked at."""
REST = 0.008
"""Largest move within that time, over the width, of a head at rest."""
FEWEST_FPS = 11.5
"""Below this rate a stand can fall between frames, and two strides look like one."""


class TurnsParams(Params):
    """Heads that take the lead in turn."""

    changes: int = Field(default=4, ge=1)
    """Least number of changes of lead."""


class ProgressParams(Params):
    """Net progress to the right."""

    share: float = Field(default=0.2, gt=0, lt=1)
    """Least progress over the picture's width."""


class RestParams(Params):
    """Heads that rest between swings."""

    swift: float = Field(default=0.72, gt=0, lt=1)
    """Least share of a head's way that it covers in the swiftest 35 % of the time (0.35 at a steady speed)."""


class HoldParams(Params):
    """A walker without hold."""

    lift: float = Field(default=0.03, gt=0)
    """How far both heads must be above where they usually stand, over the width."""
    share: float = Field(default=0.04, gt=0, lt=1)
    """Share of the time without hold that decides."""


class BackParams(Params):
    """A walker that goes back."""

    share: float = Field(default=0.11, gt=0, lt=1)
    """Longest way to the left, over the width, from which the fault is met."""


class LoadParams(Params):
    """A load that keeps up."""

    share: float = Field(default=0.16, gt=0, lt=1)
    """Largest range of its distance from the motor along the track, over the width."""


class StrideParams(Params):
    """Strides of a length."""

    low: float = Field(default=0.42, gt=0)
    high: float = Field(default=1.0, gt=0)
    """Range of a stride over the track's thickness."""


class ColourParams(Params):
    """Two heads of two colours."""

    size: float = Field(default=0.02, gt=0)
    """Largest scatter of the heads' heights while both stand, over the width."""


class LayoutParams(Params):
    """Track below, load above."""

    low: float = Field(default=0.45, gt=0, lt=1)
    """Highest place of the track's surface, from the top of the picture."""


def _changes(walk: Walk) -> int:
    """How often the lead changes."""
    from scipy.ndimage import median_filter

    ahead = median_filter(walk.heads[:, 0, 0] - walk.heads[:, 1, 0], 3, mode="nearest")
    signs = np.sign(ahead[np.abs(ahead) > AHEAD])
    return int((np.diff(signs) != 0).sum())


def _moves(walk: Walk) -> Points:
    """(frames − lag, 2) how far each head moves within a glance."""
    lag = max(1, round(GLANCE_S * walk.fps))
    return np.asarray(np.abs(walk.heads[lag:, :, 0] - walk.heads[:-lag, :, 0]))


def _swift(walk: Walk) -> float:
    """Share of its way that a head covers in the swiftest 35 % of the time; the less of both heads."""
    moves = np.sort(_moves(walk), axis=0)[::-1]
    top = max(1, round(0.35 * len(moves)))
    return float((moves[:top].sum(axis=0) / np.maximum(moves.sum(axis=0), 1e-9)).min())


def _travelled(walk: Walk) -> float:
    """Range of the motor's place along the track."""
    return float(np.quantile(walk.motor, 0.97) - np.quantile(walk.motor, 0.03))


def alternates(clip: Clip, params: TurnsParams) -> Measured:
    """The heads take the lead in turn."""
    changes = _changes(walker.find(clip))
    met = decided(changes, 0.5 * params.changes, params.changes - 0.5)
    text = f"the lead changes {changes} times between the heads (met from {params.changes})"
    return Measured(met, text, {"changes": changes})


def glides(clip: Clip, params: RestParams) -> Measured:
    """Both heads slide along together."""
    walk = walker.find(clip)
    changes, swift, far = _changes(walk), _swift(walk), _travelled(walk)
    met: bool | None = None
    if changes >= 3 or swift >= params.swift or far < 0.08:
        met = False
    elif changes <= 1 and swift < 0.8 * params.swift and far > 0.15:
        met = True
    text = (
        f"the motor covers {100 * far:.0f} % of the width with {changes} changes of lead, and {100 * swift:.0f} % of "
        "the way in the swiftest 35 % of the time"
    )
    return Measured(met, text, {"changes": changes, "swift": rounded(swift), "travelled": rounded(far)})


def advances(clip: Clip, params: ProgressParams) -> Measured:
    """The walker makes net progress to the right."""
    walk = walker.find(clip)
    part = max(2, len(walk.motor) // 12)
    far = float(np.median(walk.motor[-part:]) - np.median(walk.motor[:part]))
    met = decided(far, 0.8 * params.share, params.share)
    text = f"the motor moves by {100 * far:.0f} % of the width to the right (met from {100 * params.share:.0f} %)"
    return Measured(met, text, {"progress": rounded(far)})


def rests(clip: Clip, params: RestParams) -> Measured:
    """Each head rests between its swings."""
    walk = walker.find(clip)
    way = float(_moves(walk).sum(axis=0).min()) / max(1, round(GLANCE_S * walk.fps))
    if way < 0.1:
        return Measured(False, f"a head hardly moves ({100 * way:.0f} % of the width in all)", {"way": rounded(way)})
    swift = _swift(walk)
    met = decided(swift, 0.8 * params.swift, params.swift)
    text = (
        f"a head covers {100 * swift:.0f} % of its way in the swiftest 35 % of the time (resting in between from "
        f"{100 * params.swift:.0f} %)"
    )
    return Measured(met, text, {"swift": rounded(swift)})


def _free(walk: Walk, lift: float) -> float:
    """Share of the time at which both heads are above where they usually stand."""
    lower = walk.heads[..., 1].min(axis=1)
    return float((lower > np.quantile(lower, 0.25) + lift).mean())


def holds_on(clip: Clip, params: HoldParams) -> Measured:
    """One head is always on the track."""
    walk = walker.find(clip)
    needs_a_held_camera(clip)
    free = _free(walk, params.lift)
    met = decided(free, 0.5 * params.share, 1.5 * params.share, above=False)
    text = f"both heads are off the track for {100 * free:.0f} % of the time (met up to {50 * params.share:.0f} %)"
    return Measured(met, text, {"free": rounded(free)})


def floats(clip: Clip, params: HoldParams) -> Measured:
    """The walker lifts off."""
    walk = walker.find(clip)
    needs_a_held_camera(clip)
    free = _free(walk, params.lift)
    met = decided(free, 0.5 * params.share, 1.5 * params.share)
    text = f"both heads are off the track for {100 * free:.0f} % of the time (a fault from {150 * params.share:.0f} %)"
    return Measured(met, text, {"free": rounded(free)})


def goes_back(clip: Clip, params: BackParams) -> Measured:
    """The walker walks to the left."""
    from scipy.ndimage import uniform_filter1d

    walk = walker.find(clip)
    motor = uniform_filter1d(walk.motor, max(3, round(0.3 * walk.fps)), mode="nearest")
    back = float((np.maximum.accumulate(motor) - motor).max())
    met = decided(back, 0.65 * params.share, params.share)
    text = f"the longest way to the left is {100 * back:.0f} % of the width (a fault from {100 * params.share:.0f} %)"
    return Measured(met, text, {"back": rounded(back)})


def keeps_load(clip: Clip, params: LoadParams) -> Measured:
    """The load keeps up with the motor."""
    walk = walker.find(clip)
    seen = np.isfinite(walk.load)
    if seen.mean() < 0.7:
        raise Abstain(f"a violet load is seen in {100 * seen.mean():.0f} % of the frames only")
    away = walk.load[seen] - walk.motor[seen]
    spread = float(np.quantile(away, 0.97) - np.quantile(away, 0.03))
    met = decided(spread, params.share, 1.4 * params.share, above=False)
    text = (
        f"the load's distance from the motor varies by {100 * spread:.0f} % of the width (met up to "
        f"{100 * params.share:.0f} %)"
    )
    return Measured(met, text, {"range": rounded(spread)})


def _stands(walk: Walk, head: int) -> list[float]:
    """Places at which a head stands, one after another."""
    lag = max(1, round(GLANCE_S * walk.fps))
    x, height = walk.heads[:, head, 0], walk.heads[:, head, 1]
    moved = np.abs(x[lag:] - x[:-lag])
    still: NDArray[np.bool_] = np.zeros(len(x), bool)
    for shift in range(lag + 1):
        still[shift : len(x) - lag + shift] |= moved < REST
    still &= height < np.quantile(height, 0.25) + 0.02
    edges = np.flatnonzero(np.diff(np.concatenate([[0], still.astype(int), [0]])))
    places = [float(np.median(x[a:b])) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    stands = places[:1]
    for place in places[1:]:
        if abs(place - stands[-1]) > AHEAD:
            stands.append(place)
    return stands


def stride(clip: Clip, params: StrideParams) -> Measured:
    """A head lands so far from where it stood."""
    if clip.fps < FEWEST_FPS:
        raise Abstain(f"{clip.fps:g} frames a second are too few to see every stand, {FEWEST_FPS:g} needed")
    walk = walker.find(clip)
    if _free(walk, HoldParams().lift) > 0.06:
        raise Abstain("the walker also leaves the track")
    if not walk.is_whole:
        raise Abstain("the track's lower side is not seen, so that there is nothing to compare strides with")
    strides = np.concatenate([np.abs(np.diff(_stands(walk, head))) for head in (0, 1)])
    if strides.size < 3:
        raise Abstain(f"{strides.size} strides between two stands are too few to measure")
    ratio = float(np.median(strides)) / walk.thickness
    met: bool | None = None
    if 1.06 * params.low <= ratio <= 0.94 * params.high:
        met = True
    elif ratio < 0.9 * params.low or ratio > 1.12 * params.high:
        met = False
    text = (
        f"a stride measures {ratio:.2f} of the track's thickness (met between {params.low:g} and {params.high:g}), "
        f"{strides.size} strides"
    )
    return Measured(met, text, {"ratio": rounded(ratio), "strides": int(strides.size)})


def colours(clip: Clip, params: ColourParams) -> Measured:
    """There is one crimson and one gold head."""
    low = np.quantile(walker.find(clip).heads[..., 1], 0.25, axis=0)
    apart = float(abs(low[0] - low[1]))
    met = decided(apart, params.size, 2 * params.size, above=False)
    text = f"one crimson and one gold head stand {100 * apart:.1f} % of the width apart in height"
    return Measured(met, text, {"apart": rounded(apart)})


def layout(clip: Clip, params: LayoutParams) -> Measured:
    """The track runs below, the walker and its load above."""
    walk = walker.find(clip)
    above = float((walk.heads[..., 1] > 0).mean())
    met = decided(walk.surface, 0.9 * params.low, params.low)
    if above < 0.8 or np.isfinite(walk.load).mean() < 0.7:
        met = False if above < 0.5 else None
    text = (
        f"the track's surface lies {100 * walk.surface:.0f} % down the picture (met from {100 * params.low:.0f} %), "
        f"and heads are above it in {100 * above:.0f} % of the frames"
    )
    return Measured(met, text, {"surface": rounded(walk.surface), "above": rounded(above)})


SPECS = (
    MeasurementSpec("walker-alternates", "A walker's heads take the lead in turn.", TurnsParams, alternates),
    MeasurementSpec("walker-glides", "A walker slides along without stepping.", RestParams, glides, fault=True),
    MeasurementSpec("walker-advances", "A walker makes net progress to the right.", ProgressParams, advances),
    MeasurementSpec("walker-rests", "A walker's heads rest between swings.", RestParams, rests),
    MeasurementSpec("walker-holds-on", "One of a walker's heads is always on the track.", HoldParams, holds_on),
    MeasurementSpec("walker-floats", "A walker lifts off its track.", HoldParams, floats, fault=True),
    MeasurementSpec("walker-goes-back", "A walker walks to the left.", BackParams, goes_back, fault=True),
    MeasurementSpec("walker-keeps-cargo", "A walker's load keeps up with it.", LoadParams, keeps_load),
    MeasurementSpec("walker-stride", "Strides have a length, in widths of the track.", StrideParams, stride),
    MeasurementSpec("walker-colours", "A walker has a crimson and a gold head.", ColourParams, colours),
    MeasurementSpec("walker-layout", "The track runs below, walker and load above.", LayoutParams, layout),
)
