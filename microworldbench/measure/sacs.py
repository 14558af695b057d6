"""Measurements of a cluster of sacs that breathes: rhythm, swing, times, number of breaths, number of sacs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from . import cluster
from .clip import Clip
from .spec import Abstain, Measured, MeasurementSpec, Params, decided, rounded
from .turns import rises as total_rises
from .turns import turns

Series = NDArray[np.float64]

STILL = 0.010
"""Relative change of size up to which nothing is said to breathe."""
CLEAR = 0.024
"""Relative change of size from which the course of a breath can be read."""


class RhythmParams(Params):
    """Swelling again and again."""

    least: float = Field(default=1.5, gt=0)
    """Least number of swellings; parts of one count by their part of the whole swing."""
    uneven: float = Field(default=0.35, gt=0)
    """Largest difference of full sizes over the swing."""


class SwingParams(Params):
    """A gentle swing."""

    low: float = Field(default=0.033, gt=0)
    high: float = Field(default=0.12, gt=0)
    """Range of the change of size over the usual size."""


class CollapseParams(Params):
    """Sacs that empty."""

    volume: float = Field(default=0.3, gt=0, lt=1)
    """Least volume over the largest, from size cubed, up to which the fault is met."""


class ExpirationParams(Params):
    """Sinking that takes longer than swelling."""

    share: float = Field(default=0.46, gt=0, lt=1)
    """Largest part of a breath's changing time in which the cluster grows."""


class BreathsParams(Params):
    """How many breaths."""

    least: float = Field(default=1.4, gt=0)
    most: float = Field(default=4.2, gt=0)


class FlutterParams(Params):
    """Too many breaths."""

    most: float = Field(default=5.0, gt=0)
    """Swellings from which the fault is met."""


class KeptParams(Params):
    """The same sacs all the time."""

    changed: float = Field(default=0.07, gt=0, lt=1)
    """Largest share of sacs that are lost or new."""


def _smoothed(clip: Clip) -> tuple[Series, float]:
    """Size over time, with frame noise removed, and its swing."""
    from scipy.ndimage import gaussian_filter1d

    found = cluster.find(clip)
    looks_s = float(found.time_s[1] - found.time_s[0])
    size = np.asarray(gaussian_filter1d(found.size, 0.04 / looks_s, mode="nearest"))
    return size, float(np.quantile(size, 0.98) - np.quantile(size, 0.02))


def _breathing(clip: Clip) -> Series:
    size, swing = _smoothed(clip)
    if swing < CLEAR:
        raise Abstain(
            f"the cluster's size changes by {100 * swing:.1f} % only, too little to time a breath", swing=swing
        )
    return size


def rhythm(clip: Clip, params: RhythmParams) -> Measured:
    """The cluster swells regularly."""
    size, swing = _smoothed(clip)
    if swing < CLEAR:
        met = False if swing < STILL else None
        return Measured(met, f"the cluster's size changes by {100 * swing:.1f} % only", {"swing": rounded(swing)})
    count = total_rises(size)
    tops = size[[i for i in turns(size) if size[i] > size.mean()]]
    uneven = float(np.ptp(tops) / swing) if tops.size > 1 else 0.0
    met = decided(count, params.least - 0.3, params.least)
    if met and uneven > params.uneven:
        met = None if uneven < 1.5 * params.uneven else False
    text = (
        f"the cluster swells {count:.1f} times (met from {params.least:g}), to sizes that differ by "
        f"{100 * uneven:.0f} % of the swing (met up to {100 * params.uneven:.0f} %)"
    )
    return Measured(met, text, {"count": rounded(count), "uneven": rounded(uneven)})


def swing(clip: Clip, params: SwingParams) -> Measured:
    """Each breath changes the size by a given part."""
    _, value = _smoothed(clip)
    met: bool | None = params.low <= value <= params.high
    if not met and 0.7 * params.low < value < 1.3 * params.high:
        met = None
    text = (
        f"the cluster's size changes by {100 * value:.1f} % (met between {100 * params.low:g} and "
        f"{100 * params.high:g} %)"
    )
    return Measured(met, text, {"swing": rounded(value)})


def collapse(clip: Clip, params: CollapseParams) -> Measured:
    """The sacs empty between breaths."""
    size, _ = _smoothed(clip)
    volume = float((size.min() / size.max()) ** 3)
    met = decided(volume, params.volume, 1.25 * params.volume, above=False)
    text = f"the least volume is {volume:.2f} of the largest, from size cubed (a fault up to {params.volume:g})"
    return Measured(met, text, {"volume": rounded(volume)})


def longer_expiration(clip: Clip, params: ExpirationParams) -> Measured:
    """The cluster sinks for longer than it swells, breath by breath."""
    size = _breathing(clip)
    rate = np.gradient(size)
    least = 0.05 * float(np.quantile(np.abs(rate), 0.97))
    # Between two turns, so that a clip that begins and ends breathing in does not count that once too often.
    phases = [(size[b] > size[a], np.abs(rate[a:b]) > least) for a, b in pairwise(turns(size))]
    swells = [float(changes.sum()) for grows, changes in phases if grows]
    sinks = [float(changes.sum()) for grows, changes in phases if not grows]
    if not (swells and sinks):
        raise Abstain("the clip shows no whole swelling and sinking that could be compared")
    share = float(np.mean(swells) / (np.mean(swells) + np.mean(sinks)))
    met = decided(share, params.share, params.share + 0.06, above=False)
    text = (
        f"of the time in which it changes the cluster swells for {100 * share:.0f} % of a breath (met up to "
        f"{100 * params.share:.0f} %)"
    )
    return Measured(met, text, {"share": rounded(share)})


def breaths(clip: Clip, params: BreathsParams) -> Measured:
    """The cluster swells a number of times."""
    _, value = _smoothed(clip)
    if value < STILL:
        return Measured(False, f"the cluster's size changes by {100 * value:.1f} % only", {"swing": rounded(value)})
    count = total_rises(_breathing(clip))
    met: bool | None = params.least <= count <= params.most
    if not met and params.least - 0.3 < count < params.most + 0.5:
        met = None
    text = f"the cluster swells {count:.1f} times (met between {params.least:g} and {params.most:g})"
    return Measured(met, text, {"count": rounded(count)})


def flutter(clip: Clip, params: FlutterParams) -> Measured:
    """The cluster swells far too often."""
    size, value = _smoothed(clip)
    if value < STILL:
        return Measured(False, f"the cluster's size changes by {100 * value:.1f} % only", {"swing": rounded(value)})
    count = total_rises(size)
    met = decided(count, 0.88 * params.most, params.most)
    if met and value < 1.5 * STILL:
        met = None  # ripples of a cluster that stands still would do the same
    text = f"the cluster swells {count:.1f} times (a fault from {params.most:g})"
    return Measured(met, text, {"count": rounded(count)})


def kept(clip: Clip, params: KeptParams) -> Measured:
    """The sacs of the beginning are the sacs of the end."""
    found = cluster.find(clip)
    changed = max(1 - found.kept, found.new)
    met = decided(changed, params.changed, 1.8 * params.changed, above=False)
    text = (
        f"of {found.bumps} sacs {100 * (1 - found.kept):.0f} % are not found again and {100 * found.new:.0f} % are new "
        f"(met up to {100 * params.changed:.0f} %)"
    )
    return Measured(met, text, {"lost": rounded(1 - found.kept), "new": rounded(found.new), "sacs": found.bumps})


SPECS = (
    MeasurementSpec("sacs-rhythm", "A cluster of sacs swells and sinks regularly.", RhythmParams, rhythm),
    MeasurementSpec("sacs-swing", "A cluster of sacs changes its size by a given part.", SwingParams, swing),
    MeasurementSpec("sacs-collapse", "Sacs empty between breaths.", CollapseParams, collapse, fault=True),
    MeasurementSpec(
        "sacs-longer-expiration",
        "A cluster of sacs sinks for longer than it swells.",
        ExpirationParams,
        longer_expiration,
    ),
    MeasurementSpec("sacs-breaths", "A cluster of sacs swells a number of times.", BreathsParams, breaths),
    MeasurementSpec("sacs-flutter", "A cluster of sacs swells far too often.", FlutterParams, flutter, fault=True),
    MeasurementSpec("sacs-kept", "The sacs of a cluster are the same all the time.", KeptParams, kept),
)
