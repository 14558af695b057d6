"""Measurements of a growing colony of rods: how it grows, how many there are, how long they are, whether they touch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from . import rods as finder
from .clip import Clip
from .rods import Rods
from .spec import Abstain, Measured, MeasurementSpec, Params, decided, rounded


class GrowthParams(Params):
    """Exponential growth."""

    fold: float = Field(default=8.0, gt=1)
    """Least growth of the covered area."""
    uneven: float = Field(default=2.0, gt=1)
    """Largest ratio, either way, of the growth rates in the two halves of the clip."""


class ShrinkParams(Params):
    """Ground that is given up."""

    fall: float = Field(default=0.15, gt=0, lt=1)
    """Share of the covered area that is lost again, from which the fault is met."""


class StartParams(Params):
    """How many rods there are at first."""

    rods: int = Field(default=1, ge=1, le=8)


class LengthParams(Params):
    """How long rods are late in the clip."""

    most: float = Field(default=6.0, gt=1)
    """Largest length over width of the rod in the middle of the colony's length."""


class PatchParams(Params):
    """Rods that lie together."""

    share: float = Field(default=0.8, gt=0.2, lt=1)
    """Least share of the covered area in one patch, with gaps of up to a rod's width."""


class CountParams(Params):
    """How many rods there are at the end."""

    least: int = Field(default=16, ge=1)
    most: int = Field(default=80, ge=1)


def _areas(clip: Clip) -> NDArray[np.float64]:
    """Covered area over time, single outliers removed."""
    from scipy.ndimage import median_filter

    return np.asarray(median_filter(finder.find(clip).area, 5, mode="nearest"))


def growth(clip: Clip, params: GrowthParams) -> Measured:
    """The covered area multiplies by the same factor in equal times."""
    area = _areas(clip)
    fold = float(area[-1] / area[0])
    middle = len(area) // 2
    early, late = float(np.log(area[middle] / area[0])), float(np.log(area[-1] / area[middle]))
    ratio = late / early if early > 0.05 else float("nan")
    uneven = max(ratio, 1 / ratio) if np.isfinite(ratio) and ratio > 0 else float("inf")
    enough = decided(fold, 0.8 * params.fold, 1.1 * params.fold)
    even = decided(uneven, 0.9 * params.uneven, 1.35 * params.uneven, above=False)
    met = False if enough is False or even is False else None if enough is None or even is None else True
    text = (
        f"the covered area grows {fold:.1f}-fold (met from {params.fold:g}) and its growth rate in the second half is "
        f"{ratio:.2f} of that in the first (met between {1 / params.uneven:.2g} and {params.uneven:g})"
    )
    return Measured(met, text, {"fold": rounded(fold), "late_over_early": rounded(ratio)})


def shrinks(clip: Clip, params: ShrinkParams) -> Measured:
    """Covered ground is given up again."""
    area = _areas(clip)
    fall = float((1 - area / np.maximum.accumulate(area)).max())
    met = decided(fall, 0.5 * params.fall, params.fall)
    text = f"the covered area falls by {100 * fall:.0f} % of what it was (a fault from {100 * params.fall:.0f} %)"
    return Measured(met, text, {"fall": rounded(fall)})


def _late(clip: Clip) -> tuple[Rods, ...]:
    looks = finder.find(clip).rods
    return looks[-max(3, len(looks) // 8) :]


def _number(looks: tuple[Rods, ...]) -> float:
    return float(np.median([len(look.area) for look in looks]))


def start(clip: Clip, params: StartParams) -> Measured:
    """The clip opens on the given number of rods."""
    looks = finder.find(clip).rods
    first = _number(looks[:2])
    met = None if 0 < abs(first - params.rods) < 1 else bool(first == params.rods)
    return Measured(met, f"{first:g} rods at the beginning (met for {params.rods})", {"rods": first})


def lengths(clip: Clip, params: LengthParams) -> Measured:
    """Late rods are no threads."""
    late = _late(clip)
    length, area = (np.concatenate([getattr(look, name) for look in late]) for name in ("length", "area"))
    order = np.argsort(length)
    typical = float(length[order][np.searchsorted(np.cumsum(area[order]), area.sum() / 2)])
    met = decided(typical, 0.95 * params.most, 1.25 * params.most, above=False)
    text = f"late in the clip the usual rod is {typical:.1f} times as long as wide (met up to {params.most:g})"
    return Measured(met, text, {"length": rounded(typical)})


def patch(clip: Clip, params: PatchParams) -> Measured:
    """At the end rods lie in one patch."""
    from scipy.ndimage import distance_transform_edt, label

    colony = finder.find(clip)
    if colony.area[-1] < 1.6 * colony.area[0]:
        raise Abstain("hardly more rods at the end than at the beginning, too few to lie apart or together")
    mask = colony.masks[-1]
    labels, _ = label(distance_transform_edt(~mask) <= colony.width / 2)
    share = float(np.bincount(labels[mask])[1:].max() / mask.sum())
    met = decided(share, 0.8 * params.share, params.share)
    text = f"{100 * share:.0f} % of the covered area lies in one patch at the end (met from {100 * params.share:.0f} %)"
    return Measured(met, text, {"share": rounded(share)})


def count(clip: Clip, params: CountParams) -> Measured:
    """At the end the number of rods lies in a range."""
    last = _number(_late(clip))
    met: bool | None = None
    if 1.08 * params.least <= last <= 0.92 * params.most:
        met = True
    elif not 0.85 * params.least < last < 1.2 * params.most:
        met = False
    text = f"{last:g} rods at the end (met between {params.least} and {params.most})"
    return Measured(met, text, {"rods": last})


SPECS = (
    MeasurementSpec("colony-growth", "The ground covered by rods grows exponentially.", GrowthParams, growth),
    MeasurementSpec("colony-shrinks", "Rods vanish or shrink.", ShrinkParams, shrinks, fault=True),
    MeasurementSpec("colony-start", "The clip opens on a given number of rods.", StartParams, start),
    MeasurementSpec("colony-lengths", "Rods late in the clip are no threads.", LengthParams, lengths),
    MeasurementSpec("colony-patch", "At the end rods lie together in one patch.", PatchParams, patch),
    MeasurementSpec("colony-count", "The number of rods at the end lies in a range.", CountParams, count),
)
