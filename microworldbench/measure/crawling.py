"""Measurements of crawling cells: whether they go one way, how fast, how straight, and what becomes of them."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from . import crawlers as finder
from .clip import Clip
from .crawlers import Crawlers
from .spec import Abstain, Measured, MeasurementSpec, Params, decided, rounded

Points = NDArray[np.float64]

LAG_S = 0.25
"""Steps are taken over this time; shorter ones are jitter of the outline."""
FAST = 4.5
"""Diameters a second beyond which cells are taken for one another."""
SPAN_S = 1.5
"""Stretch of a path that is looked at for its straightness, and for cells that stay."""
LONG_S, FOLLOWED = 1.0, 0.7
"""Length of a track that counts, and the least share of all cells seen that such tracks hold."""
WAYS = {"right": (1.0, 0.0), "left": (-1.0, 0.0), "down": (0.0, 1.0), "up": (0.0, -1.0)}


class TowardParams(Params):
    """Which way cells crawl."""

    direction: Literal["right", "left", "down", "up"] = "right"
    index: float = Field(default=0.2, gt=0, lt=1)
    """Least way in that direction over way gone."""


class AwayParams(Params):
    """Cells that crawl the wrong way."""

    direction: Literal["right", "left", "down", "up"] = "right"
    """The right one."""
    index: float = Field(default=0.15, gt=0, lt=1)
    """Way against that direction over way gone, from which the fault is met."""


class StraightParams(Params):
    """Straight paths."""

    ratio: float = Field(default=0.965, gt=0.5, lt=1)
    """Net way over way gone in a second and a half, from which the fault is met."""


class SpeedParams(Params):
    """How fast cells crawl, in their own diameters a second."""

    least: float = Field(default=1.0, gt=0)
    most: float = Field(default=6.0, gt=0)


class StillParams(Params):
    """Cells that stay where they are."""

    speed: float = Field(default=0.3, gt=0)
    """Diameters a second up to which the fault is met."""


class JumpParams(Params):
    """Cells that jump."""

    rate: float = Field(default=0.1, gt=0)
    """Jumps a cell and second from which the fault is met."""


class ShapeParams(Params):
    """Cells that change their shape."""

    change: float = Field(default=0.11, gt=0)
    """Least typical change of elongation within half a second (logarithm of the ratio of axes)."""


class KeptParams(Params):
    """Cells that stay in number."""

    ratio: float = Field(default=0.62, gt=0, lt=1)
    """Least of the smaller area of all cells, at the beginning or the end, over the larger."""


class CountParams(Params):
    """How many cells there are at first."""

    least: int = Field(default=8, ge=1)
    most: int = Field(default=30, ge=1)


def _lag(clip: Clip) -> int:
    return max(1, round(LAG_S * clip.fps))


def _positions(when: NDArray[np.int64], where: Points) -> Points:
    """A track on every frame from its first to its last, gaps filled by straight lines."""
    frames = np.arange(when[0], when[-1] + 1)
    return np.stack([np.interp(frames, when, where[:, axis]) for axis in (0, 1)], axis=1)


def _tracks(clip: Clip) -> list[Points]:
    """Tracks of at least a second.

    Raises:
        Abstain: there are too few, or many cells cannot be followed for so long.
    """
    cells = finder.find(clip)
    least = max(4, round(LONG_S * clip.fps))
    long_ = [(when, where) for when, where in cells.tracks if when[-1] - when[0] >= least]
    followed = sum(len(when) for when, _ in long_) / max(1, sum(len(frame.centre) for frame in cells.frames))
    if len(long_) < 4 or followed < FOLLOWED:
        raise Abstain(
            f"{len(long_)} cells can be followed for {LONG_S:g} s, which are {100 * followed:.0f} % of what is seen "
            f"(at least 4 and {100 * FOLLOWED:.0f} % needed)",
            followed=rounded(followed),
        )
    return [_positions(when, where) for when, where in long_]


def _steps(clip: Clip) -> Points:
    """(steps, 2) displacements over the lag, of all tracks, in cell diameters."""
    lag = _lag(clip)
    parts = [track[lag:] - track[:-lag] for track in _tracks(clip) if len(track) > lag]
    return np.concatenate(parts) / finder.find(clip).diameter


def _speed(clip: Clip) -> float:
    """Speed in diameters a second that a quarter of the steps exceed: of cells that are on their way."""
    return float(np.quantile(np.hypot(*_steps(clip).T), 0.75) / (_lag(clip) / clip.fps))


def _index(clip: Clip, direction: str) -> tuple[float, str]:
    """Way in a direction over way gone (0 where cells hardly move), and what to say of it.

    Raises:
        Abstain: cells are too fast to be followed.
    """
    pace = _speed(clip)
    if pace < 0.3:
        return 0.0, f"cells move by only {pace:.2f} of their diameters a second, nowhere in particular"
    if pace > FAST:
        raise Abstain(f"cells move by {pace:.1f} of their diameters a second, too fast to tell them from one another")
    steps = _steps(clip)
    index = float((steps @ np.array(WAYS[direction])).sum() / np.hypot(*steps.T).sum())
    return index, f"{index:.2f} of the way that cells go leads to the {direction}"


def toward(clip: Clip, params: TowardParams) -> Measured:
    """Cells crawl more in one direction than in others."""
    index, text = _index(clip, params.direction)
    met = decided(index, 0.6 * params.index, 1.1 * params.index)
    return Measured(met, f"{text} (met from {params.index:g})", {"index": rounded(index)})


def away(clip: Clip, params: AwayParams) -> Measured:
    """Cells crawl against the right direction."""
    index, text = _index(clip, params.direction)
    met = decided(-index, 0.5 * params.index, params.index)
    return Measured(met, f"{text} (a fault from {-params.index:g})", {"index": rounded(index)})


def straight(clip: Clip, params: StraightParams) -> Measured:
    """Cells glide straight on."""
    span, lag = round(SPAN_S * clip.fps), _lag(clip)
    if _speed(clip) < 0.3:
        raise Abstain("cells hardly move, so their paths have no shape")
    ratios = []
    for track in _tracks(clip):
        for start in range(0, len(track) - span, max(1, span // 3)):
            part = track[start : start + span + 1 : lag]
            way = np.hypot(*np.diff(part, axis=0).T).sum()
            if way > 0.5 * finder.find(clip).diameter:
                ratios.append(float(np.hypot(*(part[-1] - part[0])) / way))
    if len(ratios) < 4:
        raise Abstain(f"too few cells can be followed for {SPAN_S:g} s")
    ratio = float(np.median(ratios))
    met = decided(ratio, params.ratio - 0.02, params.ratio)
    text = f"cells get {ratio:.3f} of the way they go ahead within {SPAN_S:g} s (straight from {params.ratio:g})"
    return Measured(met, text, {"ratio": rounded(ratio)})


def speed(clip: Clip, params: SpeedParams) -> Measured:
    """Cells crawl neither too slowly nor too fast."""
    pace = _speed(clip)
    met: bool | None = None
    if 1.1 * params.least <= pace <= 0.92 * params.most:
        met = True
    elif not 0.8 * params.least < pace < 1.15 * params.most:
        met = False
    text = f"cells move by {pace:.1f} of their diameters a second (met between {params.least:g} and {params.most:g})"
    return Measured(met, text, {"diameters_a_second": rounded(pace)})


def still(clip: Clip, params: StillParams) -> Measured:
    """Cells stay where they are."""
    span = round(SPAN_S * clip.fps)
    nets = [track[span:] - track[:-span] for track in _tracks(clip) if len(track) > span]
    if len(nets) < 4:
        raise Abstain(f"too few cells can be followed for {SPAN_S:g} s to see them stay")
    # Over a longer time than for the speed, so that a ruffling outline does not count as motion.
    pace = float(np.median(np.hypot(*np.concatenate(nets).T)) / finder.find(clip).diameter / SPAN_S)
    met = decided(pace, params.speed, 2 * params.speed, above=False)
    text = f"cells get {pace:.2f} of their diameters away in a second (a fault up to {params.speed:g})"
    return Measured(met, text, {"diameters_a_second": rounded(pace)})


def _bare(cells: Crawlers, frame: int, point: Points) -> bool:
    """Whether a frame shows bare ground around `point`, so that a cell there was not merely missed or touched."""
    mask = cells.masks[frame]
    reach = 1.3 * cells.diameter
    x, y = point
    if min(x, y, mask.shape[1] - 1 - x, mask.shape[0] - 1 - y) < reach:
        return False
    rows, columns = np.ogrid[: mask.shape[0], : mask.shape[1]]
    return not bool(mask[np.hypot(rows - y, columns - x) < reach].any())


def jumps(clip: Clip, params: JumpParams) -> Measured:
    """Cells disappear and leave bare ground, and others appear where the ground was bare."""
    cells = finder.find(clip)
    births = deaths = seen = 0
    for when, where in cells.tracks:
        seen += len(when)
        births += when[0] > 0 and _bare(cells, int(when[0]) - 1, where[0])
        deaths += when[-1] < len(cells.frames) - 1 and _bare(cells, int(when[-1]) + 1, where[-1])
    if seen < 3 * len(cells.frames):
        raise Abstain("too few cells can be followed to see them jump")
    rate = min(births, deaths) / seen * clip.fps
    met = decided(rate, 0.5 * params.rate, params.rate)
    text = f"{rate:.2f} jumps a cell and second (a fault from {params.rate:g}): {births} appear, {deaths} disappear"
    return Measured(met, text, {"rate": rounded(rate), "births": births, "deaths": deaths})


def _reshaping(clip: Clip) -> float:
    """Typical change of elongation within half a second.

    Raises:
        Abstain: too few cells can be followed.
    """
    cells = finder.find(clip)
    half = max(1, round(0.5 * clip.fps))
    changes = []
    for when, where in cells.tracks:
        frames = [cells.frames[frame] for frame in when]
        nearest = [int(np.hypot(*(f.centre - point).T).argmin()) for f, point in zip(frames, where, strict=True)]
        series = np.array([f.elongation[i] for f, i in zip(frames, nearest, strict=True)])
        changes.append(np.abs(series[half:] - series[:-half]))
    if sum(map(len, changes)) < 30:
        raise Abstain("too few cells can be followed to see their shapes change")
    return float(np.median(np.concatenate(changes)))


def _refuse_lifeless(clip: Clip, change: float) -> None:
    """Things that neither move nor change their outlines are no crawling cells."""
    moved = _reshaping(clip)
    if moved < change and _speed(clip) < 0.5:
        raise Abstain("what stands out neither crawls nor ruffles its edges", change=rounded(moved))


def shape(clip: Clip, params: ShapeParams) -> Measured:
    """Cells change their outlines."""
    change = _reshaping(clip)
    met = decided(change, 0.6 * params.change, params.change)
    text = f"elongation changes by {100 * change:.1f} % within half a second (met from {100 * params.change:g} %)"
    return Measured(met, text, {"change": rounded(change)})


def kept(clip: Clip, params: KeptParams) -> Measured:
    """All cells together cover as much at the end as at the beginning."""
    covered = finder.find(clip).covered
    _refuse_lifeless(clip, ShapeParams().change)
    part = max(3, len(covered) // 8)
    first, last = float(np.median(covered[:part])), float(np.median(covered[-part:]))
    ratio = min(first, last) / max(first, last, 1.0)
    met = decided(ratio, 0.82 * params.ratio, params.ratio)
    text = f"cells cover {ratio:.2f} of what they covered at the other end of the clip (met from {params.ratio:g})"
    return Measured(met, text, {"ratio": rounded(ratio)})


def count(clip: Clip, params: CountParams) -> Measured:
    """At first the number of cells lies in a range."""
    cells = finder.find(clip)
    _refuse_lifeless(clip, ShapeParams().change)
    first = float(np.median(cells.covered[:5]) / cells.area)
    met: bool | None = params.least <= first <= params.most
    if not met and 0.8 * params.least <= first <= 1.25 * params.most:
        met = None
    text = f"about {first:.0f} cells at the beginning (met between {params.least} and {params.most})"
    return Measured(met, text, {"cells": rounded(first, 1)})


SPECS = (
    MeasurementSpec("crawl-toward", "Cells crawl in the named direction.", TowardParams, toward),
    MeasurementSpec("crawl-away", "Cells crawl against the named direction.", AwayParams, away, fault=True),
    MeasurementSpec("crawl-straight", "Cells glide along straight lines.", StraightParams, straight, fault=True),
    MeasurementSpec("crawl-speed", "Cells crawl at a speed in a range.", SpeedParams, speed),
    MeasurementSpec("crawl-still", "Cells stay where they are.", StillParams, still, fault=True),
    MeasurementSpec("crawl-jumps", "Cells jump from place to place.", JumpParams, jumps, fault=True),
    MeasurementSpec("crawl-shape", "Cells change their shapes.", ShapeParams, shape),
    MeasurementSpec("crawl-kept", "Cells cover as much at the end as at the beginning.", KeptParams, kept),
    MeasurementSpec("crawl-count", "At first the number of cells lies in a range.", CountParams, count),
)
