"""Measurements of a gap in a sheet: whether it narrows, from where it is filled, and what moves behind its edges."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from . import gap as finder
from .clip import Array, Clip
from .gap import Gap
from .spec import Abstain, Measured, MeasurementSpec, Params, decided, rounded

FILLED, STILL = 0.4, 0.1
"""Edges that came less than the second by the time that less than the first was left (of the width) stand still."""


class NarrowParams(Params):
    """A gap that becomes steadily narrower."""

    left: float = Field(default=0.25, gt=0, lt=1)
    """Largest width at the end, over that at the beginning."""
    rise: float = Field(default=0.08, gt=0, lt=1)
    """Largest widening in between, over that at the beginning."""
    drop: float = Field(default=0.3, gt=0, lt=1)
    """Largest sudden loss of width."""


class EdgeParams(Params):
    """Two edges that both advance."""

    low: float = Field(default=1 / 3, gt=0, lt=1)
    high: float = Field(default=2 / 3, gt=0, lt=1)
    """Range of each edge's way, over the width at the beginning."""


class NowhereParams(Params):
    """Ground that is covered from nowhere."""

    share: float = Field(default=0.07, gt=0, lt=1)
    """Share of the gap covered at one time by what did not come from its edges, from which the fault is met."""


class LonerParams(Params):
    """Cells that cross the gap alone."""

    share: float = Field(default=0.12, gt=0, lt=1)
    """Share of the time with separate things in the gap, from which the fault is met."""


class StartParams(Params):
    """A gap at the beginning."""

    width: float = Field(default=0.15, gt=0, lt=1)
    """Least width, of the picture's."""


class EndParams(Params):
    """A closed gap at the end."""

    left: float = Field(default=0.1, gt=0, lt=1)
    """Largest width, over the widest."""


class FollowParams(Params):
    """Rows behind the edges that move as well."""

    share: float = Field(default=0.22, gt=0, lt=1)
    """Least way of rows behind an edge, over that of the edge."""


class ElasticParams(Params):
    """Edges that stretch while the sheet stands still."""

    share: float = Field(default=0.1, gt=0, lt=1)
    """Way of rows behind an edge over that of the edge up to which the fault is met."""


def _ends(gap: Gap) -> tuple[float, float]:
    """Width at the beginning and at the end, over the widest."""
    part = max(2, len(gap.width) // 15)
    first, last = (float(np.median(width)) / gap.widest for width in (gap.width[:part], gap.width[-part:]))
    return first, last


def narrows(clip: Clip, params: NarrowParams) -> Measured:
    """The gap becomes steadily narrower until little of it is left."""
    from scipy.ndimage import median_filter

    gap = finder.find(clip)
    first, last = _ends(gap)
    width = median_filter(gap.width, 3, mode="nearest") / gap.widest
    rise = float((width - np.minimum.accumulate(width)).max())
    drop = float(-np.diff(width).min())
    parts = (
        decided(last, 0.8 * params.left, 1.3 * params.left, above=False),
        decided(rise, 0.8 * params.rise, 1.5 * params.rise, above=False),
        decided(drop, 0.8 * params.drop, 1.3 * params.drop, above=False),
        decided(first, 0.4, 0.6),
    )
    met = False if False in parts else None if None in parts else True
    text = (
        f"the gap goes from {100 * first:.0f} to {100 * last:.0f} % of its largest width "
        f"(met down to {100 * params.left:.0f} %), widens by {100 * rise:.0f} % in between "
        f"(met up to {100 * params.rise:.0f} %) and loses {100 * drop:.0f} % at once "
        f"(met up to {100 * params.drop:.0f} %)"
    )
    values = {"first": first, "last": last, "rise": rise, "drop": drop}
    return Measured(met, text, {name: rounded(value) for name, value in values.items()})


def _ways(gap: Gap) -> tuple[float, float]:
    """Ways of the left and the right edge into the gap while it can be seen, over its largest width."""
    seen = np.flatnonzero(np.isfinite(gap.left))
    if seen.size < 3:
        raise Abstain("the edges of the gap are seen too shortly")
    first, last = seen[0], seen[-1]
    # Where the gap closes, either edge goes half of what was left when it was last seen.
    rest = gap.width[last] / 2 if _ends(gap)[1] < 0.1 and gap.width[last] < 0.4 * gap.widest else 0.0
    left, right = gap.left[last] - gap.left[first] + rest, gap.right[first] - gap.right[last] + rest
    return float(left / gap.widest), float(right / gap.widest)


def edges(clip: Clip, params: EdgeParams) -> Measured:
    """Both edges advance into the gap."""
    gap = finder.find(clip)
    if _stood_still(gap):
        return Measured(False, "the gap is filled while its edges stand still")
    _refuse_nowhere(clip)
    if _ends(gap)[0] < 0.4:
        return Measured(False, "there is no gap at the beginning for edges to advance into")
    left, right = _ways(gap)
    slower, faster = min(left, right), max(left, right)
    met: bool | None = None
    if params.low * 0.95 <= slower and faster <= 1.05 * params.high:
        met = True
    elif slower < 0.75 * params.low or faster > 1.25 * params.high:
        met = False
    text = (
        f"the left edge advances by {left:.2f} of the gap's width and the right one by {right:.2f} "
        f"(met between {params.low:.2f} and {params.high:.2f})"
    )
    return Measured(met, text, {"left": rounded(left), "right": rounded(right)})


def _stood_still(gap: Gap) -> bool:
    """Whether the edges stood still until too little of the gap was left for both to come a third of its width."""
    start = int(gap.width.argmax())
    filled = np.flatnonzero(gap.width[start:] < FILLED * gap.widest)
    if filled.size == 0 or gap.width[start + filled[0]] == 0:
        return False
    ways = []
    for bare in (gap.bare, gap.bare[:, :, ::-1]):
        places = [np.median(look[look.any(axis=1)].argmax(axis=1)) for look in bare[[start, start + filled[0]]]]
        ways.append(abs(float(places[1] - places[0])) / gap.widest)
    return max(ways) < STILL


def _from_nowhere(clip: Clip) -> float:
    """Largest share of the gap covered by what did not come from its edges.

    What covers ground at first is the sheet, and so is later what lies within reach of the sheet a look before.
    """
    from scipy.ndimage import binary_opening, distance_transform_edt

    gap = finder.find(clip)
    reach = max(4.0, 0.1 * gap.widest)
    sheet, largest = ~gap.bare[0], 0.0
    for bare in gap.bare[1:]:
        sheet = ~bare & (distance_transform_edt(~sheet) <= reach)
        largest = max(largest, float(binary_opening(~bare & ~sheet, iterations=2).sum()))
    return float(largest / (gap.widest * gap.bare.shape[1]))


def _refuse_nowhere(clip: Clip) -> None:
    """Where ground is covered from nowhere, what happens to the edges cannot be told."""
    share = clip.keep("from-nowhere", lambda: _from_nowhere(clip))
    if share > 0.05:
        raise Abstain(f"{100 * share:.0f} % of the gap is covered by what did not come from its edges")


def nowhere(clip: Clip, params: NowhereParams) -> Measured:
    """Ground in the gap is covered far from anything that was there before."""
    share = clip.keep("from-nowhere", lambda: _from_nowhere(clip))
    met = decided(share, 0.4 * params.share, params.share)
    text = (
        f"up to {100 * share:.0f} % of the gap is covered by what did not come from its edges "
        f"(a fault from {100 * params.share:.0f} %)"
    )
    return Measured(met, text, {"share": rounded(share)})


def loners(clip: Clip, params: LonerParams) -> Measured:
    """Separate things cross the gap."""
    from scipy.ndimage import binary_erosion, label

    gap = finder.find(clip)
    counts, thin = [], max(2, round(0.03 * gap.widest))
    for mask, left, right in zip(gap.bare, gap.left, gap.right, strict=True):
        if not right - left > 0.2 * gap.widest:
            continue
        # What stands apart but for a thin bridge (blur, a halo) is separate all the same.
        labels, count = label(binary_erosion(~mask, iterations=thin, border_value=1))
        sizes = np.bincount(labels.ravel(), minlength=count + 1)
        joined = np.union1d(labels[:, 0], labels[:, -1])
        loose = np.setdiff1d(np.flatnonzero(sizes > 0.002 * gap.widest**2), np.union1d(joined, [0]))
        counts.append(len(loose))
    if len(counts) < 5:
        raise Abstain("the gap is open too shortly to see what crosses it")
    share = float((np.array(counts) >= 1).mean())
    met = decided(share, 0.5 * params.share, params.share)
    text = (
        f"separate things lie in the gap for {100 * share:.0f} % of the time it is open "
        f"(a fault from {100 * params.share:.0f} %)"
    )
    return Measured(met, text, {"share": rounded(share)})


def start(clip: Clip, params: StartParams) -> Measured:
    """At the beginning one bare gap runs across the picture."""
    gap = finder.find(clip)
    width = float(np.median(gap.width[:3]) / gap.bare.shape[2])
    met = decided(width, 0.6 * params.width, params.width)
    text = f"at the beginning the gap is {100 * width:.0f} % of the picture wide (met from {100 * params.width:.0f} %)"
    return Measured(met, text, {"width": rounded(width)})


def end(clip: Clip, params: EndParams) -> Measured:
    """At the end the gap is closed."""
    last = _ends(finder.find(clip))[1]
    met = decided(last, 0.8 * params.left, 1.8 * params.left, above=False)
    text = f"at the end {100 * last:.0f} % of the gap's width is left (met up to {100 * params.left:.0f} %)"
    return Measured(met, text, {"left": rounded(last)})


def _behind(clip: Clip) -> float | None:
    """Way of the rows behind the edges towards the gap, over the way of the edges: the mean of both sides.

    None where the edges hardly move.

    Raises:
        Abstain: nothing behind them can be followed.
    """
    gap = finder.find(clip)
    if _stood_still(gap):
        return None
    _refuse_nowhere(clip)
    seen = np.flatnonzero(np.isfinite(gap.left))
    first, last = seen[0], seen[-1]
    ways = (gap.left[last] - gap.left[first], gap.right[first] - gap.right[last])
    if min(abs(way) for way in ways) < 0.15 * gap.widest:
        return None
    wide = first if gap.width[first] >= gap.width[last] else last
    ratios = []
    for edge, way, inward in ((gap.left[wide], ways[0], 1), (gap.right[wide], ways[1], -1)):
        near, far = edge - inward * 0.15 * gap.widest, edge - inward * 0.5 * gap.widest
        low, high = max(0, int(min(near, far))), min(gap.pictures.shape[2], int(max(near, far)))
        if high - low >= 12:
            ratios.append(inward * _shifted(gap.pictures[first : last + 1, :, low:high]) / way)
    if not ratios:
        raise Abstain("too little of the sheet behind the edges is in the picture")
    return float(np.mean(ratios))


def _shifted(strip: Array) -> float:
    """Way along x of what is seen in a strip (looks, h, w), summed over steps of a twelfth of the looks."""
    step = max(1, len(strip) // 12)
    total = 0.0
    for a, b in zip(strip[:-step:step], strip[step::step], strict=False):
        total += _shift(a - a.mean(axis=0), b - b.mean(axis=0))
    return total


def _shift(a: Array, b: Array) -> float:
    """Shift along x of `b` against `a`, in pixels, by normalised correlation of overlapping parts."""
    width = a.shape[1]
    reach = max(3, width // 3)
    scores = []
    for shift in range(-reach, reach + 1):
        one, other = a[:, max(0, -shift) : width - max(0, shift)], b[:, max(0, shift) : width - max(0, -shift)]
        scores.append(float((one * other).sum() / (np.linalg.norm(one) * np.linalg.norm(other) + 1e-9)))
    best = int(np.argmax(scores))
    if 0 < best < len(scores) - 1:
        before, at, after = scores[best - 1 : best + 2]
        return float(best - reach + 0.5 * (before - after) / min(before - 2 * at + after, -1e-9))
    return float(best - reach)


def follows(clip: Clip, params: FollowParams) -> Measured:
    """Rows behind the edges move towards the gap as well."""
    share = clip.keep("behind", lambda: _behind(clip))
    first, last = _ends(finder.find(clip))
    if share is None:
        raise Abstain("the edges hardly move, so that nothing could follow them")
    if first < last:
        return Measured(False, "the gap does not narrow, so rows behind its edges do not move towards it")
    met = decided(share, 0.6 * params.share, params.share)
    text = f"rows behind the edges go {share:.2f} of the way that the edges go (met from {params.share:g})"
    return Measured(met, text, {"share": rounded(share)})


def elastic(clip: Clip, params: ElasticParams) -> Measured:
    """The edges stretch across the gap while the sheet behind them stands still."""
    share = clip.keep("behind", lambda: _behind(clip))
    if share is None:
        return Measured(False, "the edges hardly move, so that nothing stretches across the gap")
    met = decided(share, params.share, 2 * params.share, above=False)
    text = f"rows behind the edges go {share:.2f} of the way that the edges go (a fault up to {params.share:g})"
    return Measured(met, text, {"share": rounded(share)})


SPECS = (
    MeasurementSpec("gap-narrows", "A gap in a sheet becomes steadily narrower.", NarrowParams, narrows),
    MeasurementSpec("gap-edges", "Both edges of a gap advance into it.", EdgeParams, edges),
    MeasurementSpec("gap-from-nowhere", "A gap is filled far from its edges.", NowhereParams, nowhere, fault=True),
    MeasurementSpec("gap-loners", "Separate things cross a gap.", LonerParams, loners, fault=True),
    MeasurementSpec("gap-start", "At the beginning a bare gap runs across a sheet.", StartParams, start),
    MeasurementSpec("gap-end", "At the end a gap is closed.", EndParams, end),
    MeasurementSpec("sheet-follows", "Rows behind the edges of a gap move towards it.", FollowParams, follows),
    MeasurementSpec("sheet-elastic", "Edges stretch, the sheet stands still.", ElasticParams, elastic, fault=True),
)
