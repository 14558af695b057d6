"""Measurements of filaments' tips: how far and how fast they advance and retreat, and where comets ride on them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from . import lines as finder
from .clip import Clip
from .lines import Lines, Points
from .picture import needs_a_held_camera, needs_frames
from .spec import Abstain, Measured, MeasurementSpec, Params, decided, rounded

TURN = 0.024
"""How far a tip must go the other way, of the width, before it counts as having turned."""
STILL_S = 0.012
"""Speed, in widths a second, below which a tip stands still."""


class FallParams(Params):
    """A tip that turns back."""

    share: float = Field(default=0.10, gt=0, lt=1)
    """Least retreat after an advance, of the picture's width."""


class RiseParams(Params):
    """A tip that recovers."""

    share: float = Field(default=0.045, gt=0, lt=1)
    """Least advance after a retreat, of the picture's width."""


class SpeedsParams(Params):
    """Retreat faster than advance."""

    ratio: float = Field(default=1.4, gt=1)
    """Least speed of retreating tips over that of advancing ones."""


class MixedParams(Params):
    """Tips that do not switch together."""

    time_s: float = Field(default=0.4, gt=0)
    """Least time during which one tip advances and another retreats."""


class CometParams(Params):
    """Comets on advancing tips only."""

    present: float = Field(default=0.6, gt=0, lt=1)
    """Least share of advancing tips with a comet."""
    absent: float = Field(default=0.3, gt=0, lt=1)
    """Largest share of retreating tips with one."""


class ColourParams(Params):
    """Red shafts, green comets."""

    red: float = Field(default=1.5, gt=1)
    """Least red of a shaft over its green and blue."""
    green: float = Field(default=0.15, gt=0, lt=1)
    """Least share of tips that carry green."""


def places(lines: Lines) -> Points:
    """(frames, lines) places of the tips over the width, single outliers removed."""
    from scipy.ndimage import median_filter

    return np.asarray(median_filter(lines.tips, size=(3, 1), mode="nearest") / lines.width)


def moves(tip: Points) -> list[float]:
    """Ups and downs of a tip in turn, signed, smaller ones than `TURN` left out."""
    turns, extreme, way = [float(tip[0])], float(tip[0]), 0
    for value in map(float, tip):
        if way * (value - extreme) > 0 or (way == 0 and abs(value - turns[0]) > TURN):
            way = way or (1 if value > turns[0] else -1)
            extreme = value
        elif way and way * (extreme - value) > TURN:
            turns.append(extreme)
            extreme, way = value, -way
    return [float(step) for step in np.diff([*turns, extreme])]


def _after(tips: Points, first: int) -> float:
    """The longest move in the other direction that follows a move in direction `first`."""
    each = [moves(tip) for tip in tips.T]
    return max([abs(b) for tip in each for a, b in pairwise(tip) if a * first > 0 > b * first], default=0.0)


def _speeds(clip: Clip, lines: Lines) -> Points:
    """(frames, lines) speed of each tip in widths a second, by a straight line through a quarter of a second.

    A line that fades has none from just before it does.
    """
    from scipy.signal import savgol_filter

    needs_frames(clip, 16)
    window = max(5, 2 * round(0.14 * clip.fps) + 1)
    speed = np.asarray(savgol_filter(places(lines), window, 1, deriv=1, delta=1 / clip.fps, axis=0))
    fading = lines.lost < clip.count
    speed[(np.arange(clip.count)[:, None] > lines.lost - window) & fading] = 0
    return speed


def followed(clip: Clip) -> Lines:
    """The lines, of which at least one has a tip that can be followed."""
    lines = finder.find(clip)
    needs_a_held_camera(clip)
    if float(np.ptp(places(lines), axis=0).max()) < 0.02:
        raise Abstain("no tip moves")
    return lines


def fall(clip: Clip, params: FallParams) -> Measured:
    """A tip advances and later retreats far."""
    lines = followed(clip)
    far = _after(places(lines), 1)
    met = decided(far, 0.7 * params.share, params.share)
    text = f"the longest retreat after an advance is {100 * far:.1f} % of the width (met from {100 * params.share:g} %)"
    return Measured(met, text, {"retreat": rounded(far)})


def rise(clip: Clip, params: RiseParams) -> Measured:
    """A retreating tip turns and advances again."""
    lines = followed(clip)
    far = _after(places(lines), -1)
    met = decided(far, 0.6 * params.share, params.share)
    text = f"the longest advance after a retreat is {100 * far:.1f} % of the width (met from {100 * params.share:g} %)"
    return Measured(met, text, {"advance": rounded(far)})


def speeds(clip: Clip, params: SpeedsParams) -> Measured:
    """Tips retreat faster than they advance."""
    lines = followed(clip)
    speed = _speeds(clip, lines)
    up, down = speed[speed > STILL_S], -speed[speed < -STILL_S]
    if min(up.size, down.size) < 0.4 * clip.fps:
        raise Abstain("tips do not both advance and retreat for long enough to compare their speeds")
    # Around a switch a window sees a bit of both: the faster half is free of that.
    ratio = float(np.quantile(down, 0.65) / np.quantile(up, 0.65))
    met = decided(ratio, params.ratio - 0.2, params.ratio)
    text = f"tips retreat {ratio:.2f} times as fast as they advance (met from {params.ratio:g})"
    return Measured(met, text, {"ratio": rounded(ratio)})


def mixed(clip: Clip, params: MixedParams) -> Measured:
    """One tip advances while another retreats."""
    lines = followed(clip)
    if lines.count < 2:
        raise Abstain("there is only one line")
    speed = _speeds(clip, lines)
    time_s = float(((speed > 1.5 * STILL_S).any(axis=1) & (speed < -1.5 * STILL_S).any(axis=1)).sum() / clip.fps)
    met = decided(time_s, 0.5 * params.time_s, params.time_s)
    text = f"one tip advances and another retreats for {time_s:.1f} s (met from {params.time_s:g} s)"
    return Measured(met, text, {"time_s": rounded(time_s)})


def _greens(clip: Clip, lines: Lines) -> NDArray[np.bool_]:
    """(frames, lines) whether green outshines red somewhere in the last stretch before a tip."""
    reach, beyond = max(3, round(0.05 * lines.width)), max(1, round(0.012 * lines.width))
    excess = clip.rgb[..., 1] - clip.rgb[..., 0]
    height = excess.shape[1]
    out = np.zeros(lines.tips.shape, bool)
    for i in range(lines.count):
        columns = np.clip(lines.tips[:, i, None] + np.arange(-reach, beyond + 1), 0, lines.width - 1).astype(int)
        rows = np.rint(np.take_along_axis(lines.rows[:, i], columns, axis=1)).astype(int)
        near = [excess[np.arange(len(excess))[:, None], np.clip(rows + d, 0, height - 1), columns] for d in (-1, 0, 1)]
        out[:, i] = np.sort(np.mean(near, axis=0), axis=1)[:, -3:].mean(axis=1) > 0.12 * lines.level[i]
    return out


def comets(clip: Clip, params: CometParams) -> Measured:
    """Green comets ride on advancing tips and not on retreating ones."""
    lines = followed(clip)
    green, speed = clip.keep("greens", lambda: _greens(clip, lines)), _speeds(clip, lines)
    if not green.any():
        raise Abstain("no green comet is seen on any tip")
    up, down = green[speed > 1.5 * STILL_S], green[speed < -1.5 * STILL_S]
    if min(up.size, down.size) < 0.4 * clip.fps:
        raise Abstain("tips do not both advance and retreat for long enough to compare them")
    with_, without = float(up.mean()), float(down.mean())
    met: bool | None = None
    if with_ >= params.present and without <= params.absent:
        met = True
    elif with_ < params.present - 0.2 or without > params.absent + 0.2:
        met = False
    text = (
        f"{100 * with_:.0f} % of advancing and {100 * without:.0f} % of retreating tips carry green "
        f"(met from {100 * params.present:.0f} and up to {100 * params.absent:.0f} %)"
    )
    return Measured(met, text, {"advancing": rounded(with_), "retreating": rounded(without)})


def colours(clip: Clip, params: ColourParams) -> Measured:
    """Shafts are red and comets green."""
    lines = finder.find(clip)
    red = np.zeros(lines.count)
    half = np.maximum(lines.tips.min(axis=0) * 0.6, 0.06 * lines.width).astype(int)
    middle = clip.rgb[clip.count // 2]
    for i in range(lines.count):
        columns = np.arange(half[i])
        rows = np.clip(np.rint(lines.rows[clip.count // 2, i, columns]), 0, middle.shape[0] - 1).astype(int)
        r, g, b = middle[rows, columns].mean(axis=0)
        red[i] = r / max(g, b, 1e-3)
    green = float(clip.keep("greens", lambda: _greens(clip, lines)).mean())
    shaft = float(np.median(red))
    met: bool | None = None
    if shaft >= params.red and green >= params.green:
        met = True
    elif shaft < 0.75 * params.red or green < 0.15 * params.green:
        met = False
    text = (
        f"shafts are {shaft:.1f} times as red as they are green or blue (met from {params.red:g}), and "
        f"{100 * green:.0f} % of the tips carry green (met from {100 * params.green:.0f} %)"
    )
    return Measured(met, text, {"red": rounded(shaft), "green": rounded(green)})


SPECS = (
    MeasurementSpec("tip-retreats", "A line's tip advances and later retreats far.", FallParams, fall),
    MeasurementSpec("tip-recovers", "A retreating tip turns and advances again.", RiseParams, rise),
    MeasurementSpec("tips-retreat-faster", "Tips retreat faster than they advance.", SpeedsParams, speeds),
    MeasurementSpec("tips-out-of-step", "One tip advances while another retreats.", MixedParams, mixed),
    MeasurementSpec("comets-on-growth", "Green comets ride on advancing tips only.", CometParams, comets),
    MeasurementSpec("lines-red-tips-green", "Shafts are red and comets at tips green.", ColourParams, colours),
)
