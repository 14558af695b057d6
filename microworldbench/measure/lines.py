"""Finds thin bright lines on dark ground that reach in from the left, and follows their courses and tips over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .clip import Array, Clip
from .picture import needs_frames
from .spec import Abstain, found, rounded

MAX_FRAMES = 240
DARK = 0.16
"""Highest median luminance of a picture that counts as black."""
MIN_LIGHT = 0.18
"""Least brightness of lines over the ground, of 1."""
ENTRY = (0.012, 0.07)
"""Columns, of the width, in which lines are looked for that enter at the left."""
GAP = 0.03
"""Longest gap along a line, of the width."""
MOST = 12

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Lines:
    """Lines that reach in from the left. Lengths in working pixels."""

    light: Array
    """(frames, h, w) brightest channel over the ground."""
    rows: Points
    """(frames, lines, w) row of each line in each column, as far as it can be followed."""
    strength: Points
    """(frames, lines, w) brightness along it."""
    tips: Points
    """(frames, lines) column of the tip; 0 where nothing is left of a line that has drawn back."""
    lost: NDArray[np.int64]
    """(lines,) frame from which a line is gone that disappeared at once, with its last tip kept; else frames."""
    level: Points
    """(lines,) usual brightness."""

    @property
    def count(self) -> int:
        """Number of lines."""
        return int(self.tips.shape[1])

    @property
    def width(self) -> int:
        """Of the picture."""
        return int(self.light.shape[2])


def find(clip: Clip) -> Lines:
    """The lines of a clip.

    Raises:
        Abstain: there are no thin lines on dark ground, or none reaches in from the left.
    """
    return found(clip, "lines", _find)


def _find(clip: Clip) -> Lines:
    light = dark_ground(clip)
    starts = _entries(light)
    if not starts.size:
        raise Abstain("no line reaches in from the left")
    rows, strength = _traced(light, starts)
    level = np.array([_usual(strength[:, i]) for i in range(len(starts))])
    tips = _tips(strength, level)
    base = strength[:, :, : max(3, int(0.06 * light.shape[2]))].mean(axis=2)
    lost = np.array([_vanished(tip, b, light.shape[2]) for tip, b in zip(tips.T, base.T, strict=True)])
    for i, frame in enumerate(lost):
        if frame < len(tips):
            tips[frame:, i] = tips[max(0, frame - 1), i]
            rows[frame:, i], strength[frame:, i] = rows[max(0, frame - 1), i], 0.0
    return Lines(light, rows, strength, tips, lost, level)


def _vanished(tip: Points, base: Points, width: int) -> int:
    """Frame at which a line begins to fade as a whole, its tip still far out; the number of frames if it never does."""
    usual = float(np.median(base[: max(3, len(base) // 4)]))
    bright = np.flatnonzero(base > 0.85 * usual)
    last = int(bright[-1]) if bright.size else len(tip)
    return last + 1 if last < len(tip) - 2 and tip[last] > 0.14 * width else len(tip)


def dark_ground(clip: Clip) -> Array:
    """(frames, h, w): light of a clip that shows thin lines on black.

    Raises:
        Abstain: the ground is not dark, or what is bright on it is not thin and long.
    """
    kept = clip.keep("lines on dark ground", lambda: _dark_ground(clip))
    if isinstance(kept, Abstain):
        raise Abstain(str(kept), **kept.values)
    return kept


def _dark_ground(clip: Clip) -> Array | Abstain:
    from scipy.ndimage import gaussian_filter1d

    try:
        needs_frames(clip, 16)
    except Abstain as reason:
        return reason
    if clip.count > MAX_FRAMES:
        return Abstain(f"{clip.count} frames are too many to follow lines in, at most {MAX_FRAMES}")
    dark = float(np.median(clip.luma[:: max(1, clip.count // 8)]))
    if dark > DARK:
        return Abstain(f"the ground is not dark (luminance {dark:.2f}, at most {DARK})", luminance=rounded(dark))
    light = clip.rgb.max(axis=-1)
    light = gaussian_filter1d(light - np.median(light), 0.6, axis=1)
    top = float(np.quantile(light[: max(3, clip.count // 6)], 0.995))
    if top < MIN_LIGHT:
        return Abstain(f"nothing bright on the dark ground (by {top:.2f}, at least {MIN_LIGHT} needed)")
    some = light[np.linspace(0, clip.count // 2, 5).astype(int)]
    thick, long_, longest = np.median([_form(image > 0.4 * top) for image in some], axis=0)
    if longest > 0.96:
        return Abstain("a line runs from side to side of the picture, so that it has no tip", longest=rounded(longest))
    if thick > 0.055 or long_ < 0.6:
        return Abstain(
            f"what is bright is no set of thin lines ({100 * thick:.0f} % of the height thick, {100 * long_:.0f} % "
            "of it in long parts)",
            thick=rounded(thick),
            long=rounded(long_),
        )
    return np.asarray(light, np.float32)


def _form(mask: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Median thickness of what is bright, over the height; share of it in long parts along x; longest of all parts."""
    from scipy.ndimage import find_objects, label

    labels, count = label(mask, structure=np.ones((3, 3)))
    if not count:
        return 1.0, 0.0, 0.0
    columns = mask.sum(axis=0)
    edges = np.abs(np.diff(np.pad(mask, ((1, 1), (0, 0))).astype(np.int8), axis=0)).sum(axis=0) / 2
    thick = float(np.median((columns / np.maximum(edges, 1))[columns > 0])) / mask.shape[0]
    sizes = np.bincount(labels.ravel())[1:]
    boxes = [(box[0].stop - box[0].start, box[1].stop - box[1].start) for box in find_objects(labels)]
    along = np.array([wide > 0.08 * mask.shape[1] and wide > 1.4 * high for high, wide in boxes])
    along &= sizes < 0.05 * mask.shape[0] * np.array([wide for _, wide in boxes])
    longest = max(wide for _, wide in boxes) / mask.shape[1]
    return thick, float(sizes[along].sum() / sizes.sum()), longest


def _entries(light: Array) -> Points:
    """Rows at which lines cross the picture's left margin, at the beginning."""
    from scipy.signal import find_peaks

    height, width = light.shape[1:]
    left, right = int(ENTRY[0] * width), max(int(ENTRY[1] * width), int(ENTRY[0] * width) + 3)
    profile = np.median(light[: max(3, len(light) // 6), :, left:right], axis=(0, 2))
    top = float(np.quantile(light[: max(3, len(light) // 6)], 0.998))
    peaks, _ = find_peaks(profile, height=0.25 * top, prominence=0.18 * top, distance=max(2, round(0.02 * height)))
    if len(peaks) > MOST:
        raise Abstain(f"{len(peaks)} lines at the left are too many to follow, at most {MOST}", lines=len(peaks))
    return np.asarray(peaks, np.float64)


def _traced(light: Array, starts: Points) -> tuple[Points, Points]:
    """Follows every line from the left, column by column, in all frames at once."""
    frames, height, width = light.shape
    left = int(np.mean(ENTRY) * width)
    reach = max(2, round(0.012 * height))
    window = np.arange(-reach, reach + 1)
    rows = np.zeros((frames, len(starts), width))
    strength = np.zeros_like(rows)
    place = np.tile(starts, (frames, 1))
    slope = np.zeros_like(place)
    which = np.arange(frames)[:, None, None]
    for column in range(left, width):
        around = np.clip(np.rint(place + slope)[..., None] + window, 0, height - 1).astype(int)
        values = light[which, around, column]
        best = values.argmax(axis=-1)
        peak = np.take_along_axis(values, best[..., None], axis=-1)[..., 0]
        weight = np.clip(values - 0.5 * peak[..., None], 0, None)
        at = (weight * around).sum(axis=-1) / np.maximum(weight.sum(axis=-1), 1e-6)
        seen = peak > 0.4 * MIN_LIGHT
        step = np.where(seen, at - place, slope)
        slope = np.where(seen, 0.85 * slope + 0.15 * np.clip(step, -2, 2), slope)
        place = np.where(seen, 0.4 * (place + slope) + 0.6 * at, place + slope)
        rows[..., column], strength[..., column] = place, peak
    rows[..., :left], strength[..., :left] = rows[..., left : left + 1], strength[..., left : left + 1]
    return rows, strength


def _usual(strength: Points) -> float:
    """Usual brightness of a line: the median over the stretch near the left that is never left empty."""
    width = strength.shape[1]
    near = strength[: max(3, len(strength) // 4), : max(4, int(0.15 * width))]
    return float(np.median(near))


def _tips(strength: Points, level: Points) -> Points:
    """(frames, lines): last column up to which a line is seen without a long gap."""
    from scipy.ndimage import uniform_filter1d

    width = strength.shape[2]
    gap = max(2, round(GAP * width))
    smooth = uniform_filter1d(strength, max(3, round(0.008 * width)), axis=2)
    there = smooth > 0.5 * level[None, :, None]
    # A column belongs to the line where some column of the gap's length before it does.
    last = np.where(there, np.arange(width), -gap - 1)
    last = np.maximum.accumulate(last, axis=2)
    broken = np.arange(width) - last > gap
    end = np.where(broken.any(axis=2), broken.argmax(axis=2), width - 1)
    column = np.take_along_axis(last, np.maximum(end - 1, 0)[..., None], axis=2)[..., 0]
    return np.asarray(np.clip(column, 0, None), np.float64)
