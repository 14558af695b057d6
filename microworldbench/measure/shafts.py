"""Measurements of filaments' shafts: where they enter, whether they keep course and brightness, or slide as rods."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from . import lines as finder
from .clip import Clip
from .filaments import followed, moves, places
from .lines import Lines, Points
from .picture import ShotParams, needs_a_held_camera, one_shot
from .spec import Abstain, Measured, MeasurementSpec, Params, decided, rounded


class NumberParams(Params):
    """How many lines there are."""

    number: int = Field(default=4, ge=1, le=10)


class SwayParams(Params):
    """Shafts that leave their courses."""

    share: float = Field(default=0.009, gt=0)
    """Standard deviation of a shaft's place over time, of the width, from which it wriggles."""


class FadeParams(Params):
    """Lines that fade as a whole."""

    left: float = Field(default=0.5, gt=0, lt=1)
    """Brightness of a shaft over what it was, below which it has faded."""


class SlideParams(Params):
    """Rods that slide."""

    share: float = Field(default=0.06, gt=0)
    """Range of a rod's left end, of the width, from which it slides."""


class GroundParams(Params):
    """Bright lines on black."""

    dark: float = Field(default=0.12, gt=0)
    """Largest median luminance."""
    contrast: float = Field(default=0.3, gt=0)
    """Least brightness of the lines over the ground."""


class AnchorParams(Params):
    """Lines that keep the places at which they enter."""

    share: float = Field(default=0.015, gt=0)
    """Largest range of such a place, of the picture's height."""


def _sway(lines: Lines) -> float:
    """How far shafts move sideways: standard deviation over time of their places, over the width."""
    tips, out = places(lines) * lines.width, []
    for i in range(lines.count):
        columns = np.arange(int(0.03 * lines.width), int(np.median(tips[:, i])) - round(0.02 * lines.width))
        if columns.size < 0.05 * lines.width:
            continue
        there = tips[:, i, None] > columns + 0.02 * lines.width
        rows = lines.rows[:, i][:, columns] - lines.rows[:, i, int(0.03 * lines.width), None]
        out.append(np.quantile(np.nanstd(np.where(there, rows, np.nan), axis=0), 0.8))
    if not out:
        raise Abstain("lines are too short to see them move sideways")
    return float(np.median(out)) / lines.width


def sways(clip: Clip, params: SwayParams) -> Measured:
    """Filaments wriggle."""
    share = _sway(finder.find(clip))
    met = decided(share, 0.5 * params.share, params.share)
    text = f"shafts move sideways by {100 * share:.2f} % of the width (wriggling from {100 * params.share:g} %)"
    return Measured(met, text, {"sway": rounded(share, 5)})


def fades(clip: Clip, params: FadeParams) -> Measured:
    """Filaments fade along their whole length."""
    lines = finder.find(clip)
    near = slice(int(0.02 * lines.width), max(int(0.06 * lines.width), int(0.02 * lines.width) + 2))
    base = np.median(lines.strength[:, :, near], axis=2)
    base = base / np.median(base[: max(3, clip.count // 4)], axis=0)
    left = float(np.quantile(base, 0.03, axis=0).min())
    sudden = bool((lines.lost < clip.count).any())
    met = False if left > params.left + 0.1 else True if left < params.left and sudden else None
    text = (
        f"the faintest shaft keeps {100 * left:.0f} % of its brightness at the left (faded below "
        f"{100 * params.left:.0f} % before its tip has come back)"
    )
    return Measured(met, text, {"left": rounded(left), "sudden": int(sudden)})


def _rods(clip: Clip) -> tuple[Points, Points]:
    """(frames, rods) left and right ends of bright parts that can be followed, over the width.

    Raises:
        Abstain: none can.
    """
    from scipy.ndimage import binary_dilation, find_objects, label

    light = finder.dark_ground(clip)
    frames, height, width = light.shape
    level = float(np.quantile(light[0], 0.995))
    seen: list[list[tuple[float, float, float]]] = []
    for image in light:
        labels, _ = label(binary_dilation(image > 0.4 * level, np.ones((1, 2 * round(0.012 * width) + 1))))
        boxes = [box for box in find_objects(labels) if box[1].stop - box[1].start > 0.06 * width]
        seen.append([((b[0].start + b[0].stop) / 2 / height, b[1].start / width, b[1].stop / width) for b in boxes])
    rods = np.full((2, frames, len(seen[0])), np.nan)
    for j, (first, _, _) in enumerate(seen[0]):
        row = first
        for t, parts in enumerate(seen):
            near = [part for part in parts if abs(part[0] - row) < 0.06]
            if len(near) == 1:
                row, *rods[:, t, j] = near[0]
    whole = np.isfinite(rods[0]).mean(axis=0) > 0.6 if rods.shape[2] else np.zeros(0, bool)
    if not whole.any():
        raise Abstain("no line can be followed as a whole")
    return rods[0][:, whole], rods[1][:, whole]


def _slid(clip: Clip) -> tuple[float, float]:
    """Largest range of a left end, and how far it goes with the right one (1: as a rod).

    Raises:
        Abstain: no line can be followed as a whole.
    """
    left, right = _rods(clip)
    ranges = np.array([np.ptp(x[np.isfinite(x)]) for x in left.T])
    j = int(ranges.argmax())
    known = np.isfinite(left[:, j])
    length = right[known, j] - left[known, j]
    stretch = float(np.quantile(length, 0.95) - np.quantile(length, 0.05))
    travel = float(np.ptp(right[known, j]))
    return float(ranges[j]), 1 - min(1.0, stretch / max(travel, 1e-9))


def slides(clip: Clip, params: SlideParams) -> Measured:
    """Filaments slide as rods of constant length."""
    moved, rigid = clip.keep("slid", lambda: _slid(clip))
    met: bool | None = None
    if moved < 0.5 * params.share:
        met = False
    elif moved >= params.share and not 0.35 < rigid < 0.6:
        met = rigid >= 0.6
    text = (
        f"left ends move by up to {100 * moved:.1f} % of the width (sliding from {100 * params.share:g} %), "
        f"{100 * rigid:.0f} % of it together with the right ends"
    )
    return Measured(met, text, {"moved": rounded(moved), "rigid": rounded(rigid)})


def shafts(clip: Clip, params: SwayParams) -> Measured:
    """Filaments lengthen at their tips while their shafts keep their places."""
    try:
        lines = followed(clip)
    except Abstain:
        moved, _ = clip.keep("slid", lambda: _slid(clip))
        if moved < 0.06:
            raise
        return Measured(False, f"left ends move by {100 * moved:.1f} % of the width", {"moved": rounded(moved)})
    share, ahead = _sway(lines), float(max(max(moves(tip), default=0.0) for tip in places(lines).T))
    still, grows = decided(share, 0.5 * params.share, params.share, above=False), decided(ahead, 0.03, 0.05)
    met = False if False in (still, grows) else None if None in (still, grows) else True
    text = (
        f"a tip advances by {100 * ahead:.1f} % of the width (met from 5 %) and shafts move sideways by "
        f"{100 * share:.2f} % (met up to {50 * params.share:g} %)"
    )
    return Measured(met, text, {"advance": rounded(ahead), "sway": rounded(share, 5)})


def from_left(clip: Clip, params: NumberParams) -> Measured:
    """So many lines reach in from the left."""
    finder.dark_ground(clip)
    needs_a_held_camera(clip)
    try:
        number = finder.find(clip).count
    except Abstain as reason:
        if "left" not in str(reason):
            raise
        number = 0
    met = number == params.number
    return Measured(met, f"{number} lines reach in from the left ({params.number} wanted)", {"lines": number})


def ground(clip: Clip, params: GroundParams) -> Measured:
    """Lines stand out against black."""
    light = finder.dark_ground(clip)
    dark = float(np.median(clip.luma[:: max(1, clip.count // 8)]))
    over = float(np.quantile(light[: max(3, clip.count // 6)], 0.995))
    first = decided(dark, params.dark, 1.25 * params.dark, above=False)
    second = decided(over, 0.8 * params.contrast, params.contrast)
    met = False if False in (first, second) else None if None in (first, second) else True
    text = (
        f"the ground has luminance {dark:.2f} (met up to {params.dark:g}) and lines stand out by {over:.2f} "
        f"(met from {params.contrast:g})"
    )
    return Measured(met, text, {"ground": rounded(dark), "contrast": rounded(over)})


def anchored(clip: Clip, params: AnchorParams) -> Measured:
    """Lines enter the picture where they always did."""
    lines = finder.find(clip)
    if one_shot(clip, ShotParams()).met is False:
        return Measured(False, "the shot is cut to another view")
    try:
        needs_a_held_camera(clip)
    except Abstain as moves:
        return Measured(False, str(moves))
    place = np.median(lines.rows[:, :, : max(4, int(0.06 * lines.width))], axis=2) / lines.light.shape[1]
    share = float(np.median(np.quantile(place, 0.95, axis=0) - np.quantile(place, 0.05, axis=0)))
    met = decided(share, params.share, 2 * params.share, above=False)
    text = (
        f"the places where lines enter move by {100 * share:.1f} % of the height (met up to {100 * params.share:g} %)"
    )
    return Measured(met, text, {"range": rounded(share)})


SPECS = (
    MeasurementSpec("shafts-stay", "Lines lengthen at their tips while their shafts stay.", SwayParams, shafts),
    MeasurementSpec("lines-wriggle", "Lines wriggle.", SwayParams, sways, fault=True),
    MeasurementSpec("lines-fade", "Lines fade along their whole length.", FadeParams, fades, fault=True),
    MeasurementSpec("lines-slide", "Lines slide as rods of constant length.", SlideParams, slides, fault=True),
    MeasurementSpec("lines-from-left", "So many lines reach in from the left.", NumberParams, from_left),
    MeasurementSpec("lines-on-black", "Lines stand out against black.", GroundParams, ground),
    MeasurementSpec("lines-anchored", "Lines keep entering the picture in the same places.", AnchorParams, anchored),
)
