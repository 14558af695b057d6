"""Measurements of dividing cells: how many, how large, and how the chromatin is shared."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from . import bodies as finder
from .bodies import Bodies, Scene
from .clip import Clip
from .spec import Abstain, Measured, MeasurementSpec, Params, decided, rounded


class CountParams(Params):
    """How many cells at the beginning and at the end."""

    start: int = Field(default=1, ge=1, le=4)
    end: int = Field(default=2, ge=1, le=4)


class MostParams(Params):
    """More cells than there can be."""

    most: int = Field(default=2, ge=1, le=5)
    share: float = Field(default=0.08, gt=0, lt=1)
    """Share of the clip with more than `most` from which the fault is met."""


class MergeParams(Params):
    """Cells that merge or vanish."""

    share: float = Field(default=0.06, gt=0, lt=0.5)
    """Share of the clip for which a number, and later a smaller one, must hold."""


class AlikeParams(Params):
    """Daughters of like size."""

    ratio: float = Field(default=0.6, gt=0, lt=1)
    """Least volume of the smaller over that of the larger."""


class VolumeParams(Params):
    """Volume that is kept."""

    low: float = Field(default=0.75, gt=0, lt=1)
    high: float = Field(default=1.35, gt=1)
    """Range of the volume at the end over that at the beginning."""


class ChromatinParams(Params):
    """Chromatin shared in halves."""

    ratio: float = Field(default=0.55, gt=0, lt=1)
    """Least amount in the poorer daughter over that in the richer one."""


class OneSidedParams(Params):
    """A daughter without chromatin."""

    ratio: float = Field(default=0.15, gt=0, lt=1)
    """Amount in the poorer daughter over that in the richer one up to which the fault is met."""


def count(clip: Clip, params: CountParams) -> Measured:
    """The number of cells goes from `start` to `end` in one step and stays."""
    seen = finder.find(clip).counts
    first, last = (int(np.median(part)) for part in (seen[: max(3, len(seen) // 10)], seen[-max(3, len(seen) // 10) :]))
    steps = np.concatenate([[0], np.cumsum(seen != params.start)])
    later = np.cumsum((seen != params.end)[::-1])[::-1]
    # The fewest frames that contradict one clean step from start to end, wherever it lies.
    wrong = float(np.min(steps + np.concatenate([later, [0]])) / len(seen))
    met = decided(wrong, 0.06, 0.12, above=False)
    if (first, last) != (params.start, params.end):
        met = False
    text = (
        f"{first} at the beginning and {last} at the end (met for {params.start} and {params.end}); "
        f"{100 * wrong:.0f} % of the frames contradict a single step (met up to 6 %)"
    )
    return Measured(met, text, {"start": first, "end": last, "contradicting": rounded(wrong)})


def extra(clip: Clip, params: MostParams) -> Measured:
    """More cells appear than there can be."""
    seen = finder.find(clip).counts
    share = float((seen > params.most).mean())
    met = decided(share, 0.5 * params.share, params.share)
    text = (
        f"more than {params.most} bodies in {100 * share:.0f} % of the clip (a fault from {100 * params.share:.0f} %), "
        f"at most {int(seen.max())}"
    )
    return Measured(met, text, {"share": rounded(share), "most": int(seen.max())})


def merge(clip: Clip, params: MergeParams) -> Measured:
    """The number of cells falls: two merge, or one vanishes."""
    seen = finder.find(clip).counts
    held = max(3, round(params.share * len(seen)))
    runs = np.lib.stride_tricks.sliding_window_view(seen, held)
    # What holds throughout a stretch: at least the least of it, at most the most.
    lows, highs = runs.min(axis=1), runs.max(axis=1)
    falls = [int(lows[i] - highs[i + held :].min()) for i in range(len(lows) - held)]
    fall = max([0, *falls])
    text = f"the number of bodies falls by {fall} for at least {held} looks (a fault from 1)"
    return Measured(fall >= 1, text, {"fall": fall})


def _volumes(scenes: tuple[Scene, ...]) -> float:
    """Median over scenes of the volume of all bodies, from V ∝ A^1.5 for each."""
    return float(np.median([np.power(scene.areas, 1.5).sum() for scene in scenes]))


def _pairs(bodies: Bodies) -> list[tuple[int, Scene]]:
    """Looks with exactly two bodies in the last quarter of the clip.

    Raises:
        Abstain: there are too few of them.
    """
    first = len(bodies.scenes) * 3 // 4
    pairs = [(i, scene) for i, scene in enumerate(bodies.scenes) if i >= first and scene.count == 2]
    if len(pairs) < 0.6 * (len(bodies.scenes) - first):
        raise Abstain("the clip does not end with two cells to compare")
    return pairs


def alike(clip: Clip, params: AlikeParams) -> Measured:
    """The two daughters are about as large as each other."""
    pairs = _pairs(finder.find(clip))
    ratio = float(np.median([(s.areas.min() / s.areas.max()) ** 1.5 for _, s in pairs]))
    met = decided(ratio, 0.75 * params.ratio, params.ratio)
    text = f"the smaller daughter has {ratio:.2f} of the larger one's volume, by area^1.5 (met from {params.ratio:g})"
    return Measured(met, text, {"ratio": rounded(ratio)})


def volume(clip: Clip, params: VolumeParams) -> Measured:
    """Together the cells hold as much at the end as at the beginning."""
    found = finder.find(clip)
    if int(found.counts.max()) < 2:
        raise Abstain("nothing divides, so there are no volumes before and after to compare")
    ratio = _volumes(found.end) / max(_volumes(found.start), 1e-9)
    doubt_low, doubt_high = 0.9 * params.low, 1.12 * params.high
    met: bool | None = None
    if params.low <= ratio <= params.high:
        met = True
    elif not doubt_low < ratio < doubt_high:
        met = False
    text = (
        f"volume at the end is {ratio:.2f} of that at the beginning, by area^1.5 "
        f"(met between {params.low:g} and {params.high:g})"
    )
    return Measured(met, text, {"ratio": rounded(ratio)})


def _chromatin(clip: Clip) -> float:
    """Amount of chromatin in the poorer daughter over that in the richer one, at the end.

    Chromatin is what differs in colour (not in brightness) from the cells' bulk.

    Raises:
        Abstain: there are no two daughters, or nothing in them has its own colour.
    """
    found, images = finder.find(clip), finder.pictures(clip)
    shares, amounts = [], []
    for look, scene in _pairs(found)[::2]:
        image = images[look]
        hue = image / np.maximum(image.sum(axis=-1, keepdims=True), 0.05)
        inside = scene.labels > 0
        away = np.sqrt(np.square(hue - np.median(hue[inside], axis=0)).sum(axis=-1))
        excess = np.where(away > 0.12, away * image.max(axis=-1), 0)
        each = [float(excess[scene.labels == n].sum() / (scene.labels == n).sum()) for n in (1, 2)]
        whole = [e * a for e, a in zip(each, scene.areas, strict=True)]
        amounts.append(max(each))
        shares.append(min(whole) / max(*whole, 1e-9))
    if float(np.median(amounts)) < 0.008:
        raise Abstain("nothing in the cells has a colour of its own, so no chromatin is seen")
    return float(np.median(shares))


def chromatin(clip: Clip, params: ChromatinParams) -> Measured:
    """Both daughters get as much chromatin."""
    ratio = clip.keep("chromatin", lambda: _chromatin(clip))
    met = decided(ratio, 0.7 * params.ratio, params.ratio)
    text = f"the poorer daughter holds {ratio:.2f} of the richer one's chromatin (met from {params.ratio:g})"
    return Measured(met, text, {"ratio": rounded(ratio)})


def one_sided(clip: Clip, params: OneSidedParams) -> Measured:
    """One daughter is left without chromatin."""
    ratio = clip.keep("chromatin", lambda: _chromatin(clip))
    met = decided(ratio, params.ratio, 1.6 * params.ratio, above=False)
    text = f"the poorer daughter holds {ratio:.2f} of the richer one's chromatin (a fault up to {params.ratio:g})"
    return Measured(met, text, {"ratio": rounded(ratio)})


SPECS = (
    MeasurementSpec(
        "cell-count", "The number of cells goes from one value to another, in one step.", CountParams, count
    ),
    MeasurementSpec("cell-extra", "More cells appear than there can be.", MostParams, extra, fault=True),
    MeasurementSpec("cell-merge", "Cells merge or vanish.", MergeParams, merge, fault=True),
    MeasurementSpec("daughters-alike", "The two daughters are of like size.", AlikeParams, alike),
    MeasurementSpec("volume-kept", "The cells' total volume is kept (V ∝ A^1.5).", VolumeParams, volume),
    MeasurementSpec("chromatin-halves", "Both daughters hold as much chromatin.", ChromatinParams, chromatin),
    MeasurementSpec("chromatin-one-sided", "One daughter holds no chromatin.", OneSidedParams, one_sided, fault=True),
)
