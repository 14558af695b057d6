"""Measurements of waves of light along a body: whether they travel, how fast, whether they annihilate and fade."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from . import kymograph
from .clip import Clip
from .kymograph import BINS, Kymograph, Points
from .spec import Abstain, Measured, MeasurementSpec, Params, decided, rounded

SUDDEN_S = 0.3
"""Spread of the times at which places light up, below which there is no front."""


class TravelParams(Params):
    """A front that travels."""

    share: float = Field(default=0.25, gt=0, lt=1)
    """Least part of the body that one front crosses."""


class SuddenParams(Params):
    """A body that lights up at once."""

    time_s: float = Field(default=0.5, gt=0)
    """Time from the first to the last place up to which the fault is met."""
    share: float = Field(default=0.6, gt=0, lt=1)
    """Least part of the body that lights up."""


class SteadyParams(Params):
    """A front of constant speed."""

    deviation: float = Field(default=0.22, gt=0, lt=1)
    """Largest deviation from a straight course, over its duration."""


class AlikeParams(Params):
    """Fronts of like speed."""

    ratio: float = Field(default=1.5, gt=1)
    """Largest speed of the faster front over that of the slower one."""


class AgainParams(Params):
    """Places that light up again."""

    share: float = Field(default=0.12, gt=0, lt=1)
    """Part of the body that does from which the fault is met."""


class DimParams(Params):
    """A wake that dims."""

    left: float = Field(default=0.5, gt=0, lt=1)
    """Largest light of a place one to two seconds after its front came, over its peak."""


class PeakParams(Params):
    """Waves that do not weaken."""

    ratio: float = Field(default=0.6, gt=0, lt=1)
    """Least peak where fronts meet over that near the ends."""


class LeadParams(Params):
    """Ends that come first."""

    lead_s: float = Field(default=0.5, gt=0)
    """Least time by which both ends are ahead of the middle."""


class CellParams(Params):
    """One long body."""

    low: float = Field(default=3.0, gt=1)
    high: float = Field(default=8.0, gt=1)
    """Range of length over width."""


def _sudden(seen: Kymograph) -> bool:
    return seen.spread_s < SUDDEN_S and float(seen.lit.mean()) > 0.4


def _crossed(seen: Kymograph) -> float:
    """Part of the body that the front which gets furthest lights up."""
    return float(max(seen.lit[: seen.meeting].sum(), seen.lit[seen.meeting :].sum()) / BINS)


def travels(clip: Clip, params: TravelParams) -> Measured:
    """Places light up one after another."""
    seen = kymograph.find(clip)
    far = 0.0 if _sudden(seen) else _crossed(seen)
    met = decided(far, 0.88 * params.share, 1.12 * params.share)
    text = (
        f"a front crosses {100 * far:.0f} % of the body (met from {100 * params.share:.0f} %) and places light up over "
        f"{seen.spread_s:.1f} s"
    )
    return Measured(met, text, {"crossed": rounded(far), "spread_s": rounded(seen.spread_s)})


def at_once(clip: Clip, params: SuddenParams) -> Measured:
    """Most of the body lights up at the same moment."""
    seen = kymograph.find(clip)
    share = float(seen.lit.mean())
    sudden = decided(seen.spread_s, params.time_s, 1.6 * params.time_s, above=False)
    whole = decided(share, 0.8 * params.share, params.share)
    met = False if False in (sudden, whole) else None if None in (sudden, whole) else True
    text = f"{100 * share:.0f} % of the body lights up within {seen.spread_s:.1f} s (at once up to {params.time_s:g} s)"
    return Measured(met, text, {"spread_s": rounded(seen.spread_s), "share": rounded(share)})


def _fronts(seen: Kymograph) -> list[tuple[Points, Points]]:
    """Places and times of the fronts left and right of where they meet, as far as they can be followed."""
    if _sudden(seen):
        raise Abstain("the body lights up at once, so there is no front")
    out = []
    for part in (slice(0, seen.meeting + 1), slice(seen.meeting, BINS)):
        known = np.flatnonzero(seen.lit[part]) + part.start
        if known.size >= 0.15 * BINS:
            out.append((known / BINS, seen.first_s[known]))
    if not out:
        raise Abstain("no front can be followed far enough to have a speed")
    return out


def _inward(seen: Kymograph) -> list[tuple[Points, Points]]:
    """The fronts, which run from the ends towards each other.

    Raises:
        Abstain: they do not.
    """
    fronts = _fronts(seen)
    for (places, times), sign in zip(fronts, (1, -1) if len(fronts) == 2 else (0,), strict=False):
        if sign and np.corrcoef(places, times)[0, 1] * sign < 0.3:
            raise Abstain("the fronts do not run from the ends towards each other")
    return fronts


def steady_speed(clip: Clip, params: SteadyParams) -> Measured:
    """Fronts keep their speed until they meet."""
    seen = kymograph.find(clip)
    if not _sudden(seen) and float(seen.lit.mean()) < 0.6:
        text = f"the fronts halt: only {100 * seen.lit.mean():.0f} % of the body is ever lit"
        return Measured(False if _crossed(seen) > 0.08 else None, text, {"lit": rounded(float(seen.lit.mean()))})
    fronts = _inward(seen)
    if len(fronts) < 2:
        raise Abstain("there is only one front, which meets no other")
    worst = 0.0
    for places, times in fronts:
        off = np.abs(times - np.polyval(np.polyfit(places, times, 1), places))
        worst = max(worst, float(np.quantile(off, 0.95) / max(np.ptp(times), 1e-6)))
    met = decided(worst, params.deviation, 1.5 * params.deviation, above=False)
    text = f"fronts deviate from a straight course by {100 * worst:.0f} % (met up to {100 * params.deviation:.0f} %)"
    return Measured(met, text, {"deviation": rounded(worst)})


def speeds_alike(clip: Clip, params: AlikeParams) -> Measured:
    """Both fronts run equally fast."""
    seen = kymograph.find(clip)
    fronts = _inward(seen)
    if len(fronts) < 2 or float(seen.lit.mean()) < 0.6:
        raise Abstain("there are no two fronts that run to where they meet")
    slopes = [abs(float(np.polyfit(times, places, 1)[0])) for places, times in fronts]
    ratio = max(slopes) / max(min(slopes), 1e-6)
    met = decided(ratio, params.ratio, 1.15 * params.ratio, above=False)
    text = f"the faster front is {ratio:.2f} times as fast as the slower one (met up to {params.ratio:g})"
    return Measured(met, text, {"ratio": rounded(ratio)})


def _outward(seen: Kymograph) -> float:
    """How much later places further from the meeting light up again: −1 to 1, 0 where too few do."""
    again = np.flatnonzero(np.isfinite(seen.again_s))
    if again.size < 5:
        return 0.0
    away = np.abs(again - seen.meeting)
    return float(np.corrcoef(away, seen.again_s[again])[0, 1]) if np.ptp(away) and np.ptp(seen.again_s[again]) else 0.0


def annihilate(clip: Clip, params: AgainParams) -> Measured:
    """Two fronts meet, and nothing runs on from there."""
    seen = kymograph.find(clip)
    share, lit = float(np.isfinite(seen.again_s).mean()), float(seen.lit.mean())
    if _sudden(seen) or lit < 0.6:
        return Measured(False, f"no two fronts meet: {100 * lit:.0f} % of the body is lit, over {seen.spread_s:.1f} s")
    lead = _lead(seen)
    if lead < 0.2:
        return Measured(False if lead < 0 else None, f"no two fronts run towards each other (lead {lead:.1f} s)")
    if float(np.median(seen.light[-max(2, len(seen.light) // 12) :])) > 0.6:
        raise Abstain("the body stays lit, so that nothing can be seen to run on")
    outward = _outward(seen)
    met: bool | None = None
    if share < 0.5 * params.share or (share >= params.share and outward < -0.5):
        met = True
    elif share >= params.share and outward > 0.5:
        met = False
    text = (
        f"the fronts meet, and {100 * share:.0f} % of the body lights up again (a wave that runs on lights up from "
        f"{100 * params.share:.0f} %, further places later: correlation {outward:.1f})"
    )
    return Measured(met, text, {"again": rounded(share), "outward": rounded(outward)})


def twice(clip: Clip, params: AgainParams) -> Measured:
    """Places light up a second time."""
    seen = kymograph.find(clip)
    share = float(np.isfinite(seen.again_s).mean())
    met = decided(share, 0.5 * params.share, params.share)
    text = f"{100 * share:.0f} % of the body lights up again (a fault from {100 * params.share:.0f} %)"
    return Measured(met, text, {"again": rounded(share)})


def dims(clip: Clip, params: DimParams) -> Measured:
    """The wake dims within two seconds."""
    seen = kymograph.find(clip)
    left, frames = [], np.arange(len(seen.light)) / seen.fps
    for i in np.flatnonzero(seen.lit):
        after = (frames > seen.first_s[i] + 1.0) & (frames < seen.first_s[i] + 2.0)
        if after.sum() > 0.8 * seen.fps:
            left.append(float(seen.light[after, i].min() / seen.light[:, i].max()))
    if len(left) < 0.1 * BINS:
        raise Abstain("too little of the body lights up early enough to be seen to dim")
    if not _sudden(seen) and _lead(seen) < 0:
        raise Abstain("the fronts run apart")
    value = float(np.median(left))
    met = decided(value, params.left, 1.3 * params.left, above=False)
    text = f"{100 * value:.0f} % of the light is left within two seconds (dimmed up to {100 * params.left:.0f} %)"
    return Measured(met, text, {"left": rounded(value)})


def undiminished(clip: Clip, params: PeakParams) -> Measured:
    """Waves are as bright where they meet as near the ends."""
    seen = kymograph.find(clip)
    if _sudden(seen) or _lead(seen) < 0.2:
        raise Abstain("no fronts run from the ends towards each other")
    peak = seen.light.max(axis=0)
    near = float(np.median(np.concatenate([peak[BINS // 10 : BINS // 5], peak[-(BINS // 5) : -(BINS // 10)]])))
    far = float(np.median(peak[max(0, seen.meeting - BINS // 8) : seen.meeting + BINS // 8]))
    if float(seen.lit.mean()) < 0.6:  # the waves end on their way
        near, far = float(np.quantile(peak, 0.95)), float(np.median(peak[2 * BINS // 5 : 3 * BINS // 5]))
    ratio = far / max(near, 1e-6)
    met = decided(ratio, 0.75 * params.ratio, params.ratio)
    text = f"the peak where fronts meet is {ratio:.2f} of that near the ends (met from {params.ratio:g})"
    return Measured(met, text, {"ratio": rounded(ratio)})


def _lead(seen: Kymograph) -> float:
    """Seconds by which the later end is ahead of the middle; negative where the middle comes first."""
    ends = [seen.first_s[: BINS // 8], seen.first_s[-(BINS // 8) :]]
    if not all(np.isfinite(end).any() for end in ends):
        return -99.0
    middle = np.nan_to_num(seen.first_s[2 * BINS // 5 : 3 * BINS // 5], nan=99.0)
    return float(np.median(middle) - max(np.nanmedian(end) for end in ends))


def from_both_ends(clip: Clip, params: LeadParams) -> Measured:
    """Both ends light up before the middle."""
    seen = kymograph.find(clip)
    if float(seen.lit.mean()) < 0.15:
        raise Abstain("hardly any of the body lights up over its whole width")
    lead = 0.0 if _sudden(seen) else _lead(seen)
    met = decided(lead, 0.4 * params.lead_s, params.lead_s)
    said = (
        f"are {lead:.1f} s ahead of the middle" if abs(lead) < 90 else "light up alone" if lead > 0 else "do not both"
    )
    return Measured(met, f"the ends {said} (met from {params.lead_s:g} s)", {"lead_s": rounded(lead)})


def one_cell(clip: Clip, params: CellParams) -> Measured:
    """One long body lies in the picture."""
    aspect = kymograph.find(clip).aspect
    met: bool | None = None
    if params.low <= aspect <= params.high:
        met = True
    elif not 0.85 * params.low < aspect < 1.15 * params.high:
        met = False
    text = f"the body is {aspect:.1f} times as long as wide (met between {params.low:g} and {params.high:g})"
    return Measured(met, text, {"aspect": rounded(aspect)})


SPECS = (
    MeasurementSpec("wave-travels", "Places along a body light up one after another.", TravelParams, travels),
    MeasurementSpec("wave-at-once", "Most of a body lights up at once.", SuddenParams, at_once, fault=True),
    MeasurementSpec("wave-speed-steady", "Fronts keep their speed until they meet.", SteadyParams, steady_speed),
    MeasurementSpec("wave-speeds-alike", "Fronts from both ends run equally fast.", AlikeParams, speeds_alike),
    MeasurementSpec("waves-annihilate", "Two fronts meet and nothing runs on.", AgainParams, annihilate),
    MeasurementSpec("wave-twice", "Places light up a second time.", AgainParams, twice, fault=True),
    MeasurementSpec("wave-dims-behind", "Light fades behind a front.", DimParams, dims),
    MeasurementSpec("wave-undiminished", "Waves do not weaken on their way.", PeakParams, undiminished),
    MeasurementSpec("waves-from-both-ends", "Both ends light up before the middle.", LeadParams, from_both_ends),
    MeasurementSpec("wave-one-cell", "One long body lies whole in the picture.", CellParams, one_cell),
)
