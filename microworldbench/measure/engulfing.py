"""Measurements of a cell that takes in small things: how many there are, where they end, how large they are."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from . import prey as finder
from .clip import Clip
from .prey import Look
from .spec import Abstain, Measured, MeasurementSpec, Params, decided, rounded

TOUCH = 1.0
"""Pixels that may lie between a cell and what it touches."""


class CountParams(Params):
    """How many small things there are, free and taken in."""

    number: int = Field(default=3, ge=1, le=12)
    share: float = Field(default=0.88, gt=0.5, le=1)
    """Least share of the clip with this number."""


class PlaceParams(Params):
    """How many small things lie inside the cell and outside it."""

    inside: int = Field(default=1, ge=0, le=12)
    outside: int = Field(default=2, ge=0, le=12)


class SizeParams(Params):
    """How large small things are."""

    most: float = Field(default=0.25, gt=0, lt=1)
    """Largest length of a small thing over the cell's width."""


class WaitParams(Params):
    """Things that stay where they are until they are touched."""

    way: float = Field(default=0.6, gt=0)
    """Largest way before contact, in lengths of the thing."""


class SinkParams(Params):
    """A taken-in thing that travels inwards."""

    way: float = Field(default=0.15, gt=0, lt=1)
    """Least way towards the cell's middle after it has been enclosed, in radii of the cell."""


class DartParams(Params):
    """A cell that darts about."""

    way: float = Field(default=0.5, gt=0)
    """Displacement of the cell, in its widths, from which the fault is met."""


def _numbers(looks: tuple[Look, ...]) -> tuple[float, float]:
    """Usual numbers inside and outside."""
    inside = float(np.median([look.inside.sum() for look in looks]))
    return inside, float(np.median([(~look.inside).sum() for look in looks]))


def count(clip: Clip, params: CountParams) -> Measured:
    """The number of small things, free and taken in, stays."""
    from scipy.ndimage import median_filter

    looks = finder.find(clip)
    counts = median_filter(np.array([len(look.prey) for look in looks]), 5, mode="nearest")
    share = float((counts == params.number).mean())
    met = decided(share, params.share - 0.08, params.share)
    text = (
        f"{params.number} small things in {100 * share:.0f} % of the clip (met from {100 * params.share:.0f} %), "
        f"{counts[0]} at the beginning and {counts[-1]} at the end"
    )
    return Measured(met, text, {"share": rounded(share), "first": int(counts[0]), "last": int(counts[-1])})


def _placed(looks: tuple[Look, ...], params: PlaceParams, when: str) -> Measured:
    inside, outside = _numbers(looks)
    met: bool | None = (inside, outside) == (params.inside, params.outside)
    if not (inside.is_integer() and outside.is_integer()):
        met = None
    text = (
        f"{inside:g} small things inside the cell and {outside:g} outside at the {when} "
        f"(met for {params.inside} and {params.outside})"
    )
    return Measured(met, text, {"inside": inside, "outside": outside})


def start(clip: Clip, params: PlaceParams) -> Measured:
    """At the beginning so many things lie inside the cell and so many outside."""
    return _placed(finder.find(clip)[:3], params, "beginning")


def end(clip: Clip, params: PlaceParams) -> Measured:
    """At the end so many things lie inside the cell and so many outside."""
    return _placed(finder.find(clip)[-3:], params, "end")


def size(clip: Clip, params: SizeParams) -> Measured:
    """Small things are small beside the cell."""
    ratios = [length / (2 * look.radius) for look in finder.find(clip) for length in look.length]
    ratio = float(np.median(ratios))
    met = decided(ratio, 0.9 * params.most, 1.15 * params.most, above=False)
    text = f"small things are {ratio:.2f} of the cell's width long (met up to {params.most:g})"
    return Measured(met, text, {"ratio": rounded(ratio)})


def _reached(looks: tuple[Look, ...]) -> list[int | None]:
    """The thing that the cell has taken in or touches at the end, followed back through the clip.

    Raises:
        Abstain: there is none.
    """
    last = looks[-1]
    nearest = int(np.argmin(np.where(last.inside, -1.0, last.gap))) if len(last.prey) else 0
    if not len(last.prey) or not (last.inside[nearest] or last.gap[nearest] < TOUCH):
        raise Abstain("the cell neither holds nor touches anything small at the end")
    return finder.followed(looks, len(looks) - 1, nearest)


def waits(clip: Clip, params: WaitParams) -> Measured:
    """What the cell takes in, or reaches for, stays where it is until it is touched."""
    looks = finder.find(clip)
    path = _reached(looks)
    if path[0] is None:
        raise Abstain("the thing that the cell reaches cannot be followed back to the beginning")
    places, length = [], []
    for look, k in zip(looks, path, strict=True):
        if k is None or look.inside[k] or look.gap[k] < TOUCH:
            break
        places.append(look.prey[k])
        length.append(look.length[k])
    if len(places) < 3:
        raise Abstain("the thing that the cell reaches touches it from the beginning")
    way = float(np.hypot(*(np.array(places) - places[0]).T).max() / np.median(length))
    met = decided(way, params.way, 1.5 * params.way, above=False)
    text = f"what the cell reaches moves by {way:.1f} of its lengths before it is touched (met up to {params.way:g})"
    return Measured(met, text, {"way": rounded(way)})


def sinks(clip: Clip, params: SinkParams) -> Measured:
    """Once enclosed, the thing travels towards the middle of the cell."""
    looks = finder.find(clip)
    if not looks[-1].inside.any():
        return Measured(False, "nothing small lies inside the cell at the end, so nothing has travelled inwards")
    path = _reached(looks)
    free = [i for i, k in enumerate(path) if k is not None and not looks[i].inside[k]]
    if not free:
        raise Abstain("what lies inside the cell at the end is not seen outside before")
    entry = free[-1] + 1
    depths = [
        float(np.hypot(*(look.prey[k] - look.centre))) / look.radius
        for look, k in zip(looks[entry:], path[entry:], strict=True)
        if k is not None
    ]
    if len(depths) < 4:
        raise Abstain("the thing is enclosed too late to see it travel")
    way = float(np.median(depths[:2]) - np.median(depths[-2:]))
    met = decided(way, 0.5 * params.way, params.way)
    text = f"once enclosed, the thing comes {way:.2f} radii nearer to the cell's middle (met from {params.way:g})"
    return Measured(met, text, {"way": rounded(way)})


def darts(clip: Clip, params: DartParams) -> Measured:
    """The cell darts about."""
    looks = finder.find(clip)
    width = 2 * float(np.median([look.radius for look in looks]))
    way = float(np.hypot(*np.ptp([look.centre for look in looks], axis=0)) / width)
    met = decided(way, 0.8 * params.way, params.way)
    text = f"the cell goes {way:.2f} of its width (a fault from {params.way:g})"
    return Measured(met, text, {"way": rounded(way)})


SPECS = (
    MeasurementSpec("prey-count", "The number of small things, free and taken in, stays.", CountParams, count),
    MeasurementSpec("prey-start", "At first so many small things lie in the cell and outside.", PlaceParams, start),
    MeasurementSpec("prey-end", "At last so many small things lie in the cell and outside.", PlaceParams, end),
    MeasurementSpec("prey-size", "Small things are small beside the cell.", SizeParams, size),
    MeasurementSpec("prey-waits", "What a cell takes in stays in its place until it is touched.", WaitParams, waits),
    MeasurementSpec("prey-sinks", "What is enclosed travels towards the cell's middle.", SinkParams, sinks),
    MeasurementSpec("cell-darts", "A large cell darts about.", DartParams, darts, fault=True),
)
