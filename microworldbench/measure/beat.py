"""Measurements of a beating chamber: how far, how long and how often it empties, and what wall and base do."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from . import chamber
from .chamber import Chamber
from .clip import Clip
from .spec import Abstain, Measured, MeasurementSpec, Params, decided, rounded
from .turns import swings

Series = NDArray[np.float64]

LEAST_SWING = 0.12
"""Relative change of area from which the course of a beat can be read."""
WHOLE = 0.8
"""Least part of an emptying, and of a filling, that is compared with the other."""


class FallParams(Params):
    """A cavity that empties, but not wholly."""

    low: float = Field(default=0.3, gt=0, lt=1)
    high: float = Field(default=0.6, gt=0, lt=1)
    """Range of the area's fall over its largest value."""


class LongParams(Params):
    """Contraction that takes too long."""

    share: float = Field(default=0.55, gt=0, lt=1)
    """Part of the changing time in which the cavity shrinks from which the fault is met."""


class BeatsParams(Params):
    """How many beats."""

    least: float = Field(default=0.85, gt=0)
    most: float = Field(default=1.7, gt=0)
    """Range of contractions and of refillings in the clip; parts of one count by their part of the whole swing."""


class WallParams(Params):
    """A wall that thickens."""

    ratio: float = Field(default=1.1, gt=1)
    """Least thickness at the smallest cavity over that at the largest."""


class BaseParams(Params):
    """A base that moves towards a still apex."""

    way: float = Field(default=0.08, gt=0, lt=1)
    """Least way of the open end over the chamber's length, while the closed end moves less than half as far."""


def fall(clip: Clip, params: FallParams) -> Measured:
    """The cavity's area falls by a part of its largest value that lies in a range."""
    area = chamber.find(clip).area
    value = 1 - float(np.quantile(area, 0.03) / np.quantile(area, 0.97))
    met: bool | None = params.low <= value <= params.high
    if not met and params.low - 0.07 < value < params.high + 0.03:
        met = None
    text = (
        f"the cavity's area falls by {100 * value:.0f} % (met between {100 * params.low:.0f} and "
        f"{100 * params.high:.0f} %)"
    )
    return Measured(met, text, {"fall": rounded(value)})


def _beating(clip: Clip) -> Chamber:
    """The chamber, if its area changes enough to read a beat from it."""
    found = chamber.find(clip)
    low, high = np.quantile(found.area, (0.03, 0.97))
    if 1 - low / high < LEAST_SWING:
        raise Abstain(f"the cavity's area changes by {100 * (1 - low / high):.0f} % only, too little to time a beat")
    return found


def _smoothed(found: Chamber) -> Series:
    from scipy.ndimage import gaussian_filter1d

    looks_s = float(found.time_s[1] - found.time_s[0])
    return np.asarray(gaussian_filter1d(found.area, 0.06 / looks_s, mode="nearest"))


def long_contraction(clip: Clip, params: LongParams) -> Measured:
    """The cavity spends more of its time shrinking than growing."""
    area = _smoothed(_beating(clip))
    rate = np.gradient(area)
    least = 0.06 * float(np.quantile(np.abs(rate), 0.97))
    shrinks, grows = float((rate < -least).sum()), float((rate > least).sum())
    empties = float((np.maximum.accumulate(area) - area).max() / np.ptp(area))
    fills = float((area - np.minimum.accumulate(area)).max() / np.ptp(area))
    if min(shrinks, grows) < 3 or min(empties, fills) < WHOLE:
        raise Abstain("the clip does not show the cavity both empty and fill, so that the two cannot be compared")
    share = shrinks / (shrinks + grows)
    met = decided(share, params.share - 0.07, params.share)
    text = (
        f"the cavity shrinks in {100 * share:.0f} % of the time in which it changes (a fault from "
        f"{100 * params.share:.0f} %)"
    )
    return Measured(met, text, {"share": rounded(share)})


def beats(clip: Clip, params: BeatsParams) -> Measured:
    """The cavity empties and refills once."""
    found = _beating(clip)
    steps = swings(_smoothed(found))
    down, up = float(-steps[steps < 0].sum()), float(steps[steps > 0].sum())
    met: bool | None = params.least <= min(down, up) and max(down, up) <= params.most
    if not met and params.least - 0.15 < min(down, up) and max(down, up) < params.most + 0.2:
        met = None
    text = f"{down:.1f} contractions and {up:.1f} refillings (met between {params.least:g} and {params.most:g} of each)"
    return Measured(met, text, {"down": rounded(down), "up": rounded(up)})


def _at_extremes(found: Chamber, values: Series) -> tuple[float, float]:
    """Medians of `values` where the cavity is largest and where it is smallest."""
    low, high = np.quantile(found.area, (0.12, 0.88))
    return float(np.median(values[found.area >= high])), float(np.median(values[found.area <= low]))


def wall_thickens(clip: Clip, params: WallParams) -> Measured:
    """The wall is thicker where the cavity is small."""
    found = chamber.find(clip)
    relaxed, contracted = _at_extremes(found, found.wall)
    ratio = contracted / relaxed
    met = decided(ratio, 1 + 0.5 * (params.ratio - 1), params.ratio)
    text = (
        f"the wall is {ratio:.2f} times as thick around the smallest cavity as around the largest (met from "
        f"{params.ratio:g})"
    )
    return Measured(met, text, {"ratio": rounded(ratio)})


def base_descends(clip: Clip, params: BaseParams) -> Measured:
    """The open end moves towards the closed one while the cavity empties."""
    found = chamber.find(clip)
    base, apex = ((a - b) / found.length for a, b in (_at_extremes(found, v) for v in (found.base, found.apex)))
    met = decided(base, 0.65 * params.way, params.way)
    if abs(apex) > 0.5 * max(base, params.way):
        met = False if abs(apex) > 0.7 * max(base, params.way) else None
    text = (
        f"the open end moves by {100 * base:.0f} % of the chamber's length (met from {100 * params.way:.0f} %), the "
        f"closed end by {100 * abs(apex):.0f} % (met up to half of that)"
    )
    return Measured(met, text, {"base": rounded(base), "apex": rounded(apex)})


SPECS = (
    MeasurementSpec("beat-empties", "A heart's chamber empties, but not wholly.", FallParams, fall),
    MeasurementSpec(
        "beat-long-contraction", "A chamber shrinks for longer than it grows.", LongParams, long_contraction, fault=True
    ),
    MeasurementSpec("beat-count", "A chamber empties and refills a number of times.", BeatsParams, beats),
    MeasurementSpec("beat-wall", "A chamber's wall thickens while it empties.", WallParams, wall_thickens),
    MeasurementSpec("beat-base", "A chamber's open end moves towards its closed end.", BaseParams, base_descends),
)
