"""Finds a sheet that lights up in waves, and when every place of it is lit, grows dark and is lit again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .bodies import pictures
from .clip import Array, Clip
from .picture import needs_a_held_camera, needs_frames
from .spec import Abstain, found, rounded

Series = NDArray[np.float64]
Mask = NDArray[np.bool_]

SIDE = 84
"""Places are looked at in pictures reduced to about this many pixels along the longer side."""
LIT, DARK, PARTLY = 0.4, 0.2, 0.3
"""Parts of the full glow from which a place is lit, up to which it is dark, and from which it is still excited."""
RISE, RISE_S = 0.25, 0.12
"""Gain of glow, within so many seconds, that is a front."""
ACTIVE = 0.2
"""Least part of the picture that lights up."""
REACH = 0.7
"""Least part of the picture, along either side, that the sheet reaches over."""
GRAIN = 0.12
"""Largest mean difference of a place's glow from that of the places around it."""
DIM = 0.02
"""Brightness below which nothing is said of how many times brighter a place has become."""
ALIKE = 0.15
"""Range over the picture of how much brighter places become, over the median, below which the light changes."""
AT_ONCE = 0.22
"""Least part of what ever lights up that is lit at one time: a wave is broad, what only passes by is not."""
FRONTED = 0.6
"""Least part of the lit places over which a sharp front passes, coming or (in reversed time) going."""
ROUGH_S = 0.2
"""Largest usual difference of the time at which a place is lit from that of the places around it."""


@dataclass(frozen=True)
class Sheet:
    """A sheet over time; maps of shape (h, w), times in seconds, nan for never."""

    time_s: Series
    glow: Series
    """(looks, h, w) 0 dark to 1 fully lit."""
    active: Mask
    """Places that are lit at some time."""
    lit: Series
    """When a place is lit for the first time after the sheet was dark."""
    dark: Series
    """When it is dark again."""
    fronts: NDArray[np.int64]
    """How many fronts pass over a dark place."""
    again: NDArray[np.int64]
    """How many fronts pass over a place that is still lit."""
    begins: int
    """Look at which the sheet was dark, from which on times are taken; -1 where it never was."""


def find(clip: Clip) -> Sheet:
    """The sheet of a clip.

    Raises:
        Abstain: nothing lights up in waves.
    """
    return found(clip, "sheet", _find)


def _find(clip: Clip) -> Sheet:
    from scipy.ndimage import gaussian_filter

    needs_frames(clip, 16)
    images = _reduced(pictures(clip))
    _refuse_light(images)
    needs_a_held_camera(clip)
    glow = _glow(images)
    active = glow.max(axis=0) > LIT
    share = float(active.mean())
    if share < ACTIVE:
        raise Abstain(f"only {100 * share:.0f} % of the picture light up, at least {100 * ACTIVE:.0f} % are needed")
    _refuse_narrow(active)
    _refuse_grainy(glow, active)
    time_s = np.linspace(0, (clip.count - 1) / clip.fps, len(glow))
    within = max(1, round(RISE_S / float(time_s[1])))
    fronts, again = _fronts(glow, within)
    passed = max(float((np.add(*_fronts(way, within)) > 0)[active].mean()) for way in (glow, glow[::-1]))
    if passed < FRONTED:
        raise Abstain(
            f"a front passes over {100 * passed:.0f} % of what lights up, no wave over a sheet", passed=passed
        )
    lit_share = (glow > LIT)[:, active].mean(axis=1)
    if lit_share.max() < AT_ONCE:
        raise Abstain(f"no more than {100 * lit_share.max():.0f} % of what lights up is lit at one time, no broad wave")
    begins = _dark_look(lit_share)
    lit, dark = _times(glow, time_s, active, max(begins, 0))
    around = gaussian_filter(np.where(np.isfinite(lit), lit, float(np.nanmedian(lit))), 1.5)
    rough = float(np.nanmedian(np.abs(lit - around)))
    if rough > ROUGH_S:
        raise Abstain(
            f"neighbouring places light up {rough:.2f} s apart, no front moves over them", rough=rounded(rough)
        )
    return Sheet(time_s, glow, active, lit, dark, fronts, again, begins)


def _refuse_light(images: Array) -> None:
    """Light that changes makes all parts of a picture brighter by one factor; around a sheet it stays dark."""
    luma = images.mean(axis=-1)
    dark, lit = np.quantile(luma, (0.06, 0.94), axis=0)
    low, gain, high = np.quantile(np.log((lit + DIM) / (dark + DIM)), (0.1, 0.5, 0.9))
    if high - low < ALIKE * gain:
        raise Abstain(
            f"the whole picture becomes {np.exp(gain):.1f} times as bright, so that it is the light that changes"
        )


def _refuse_narrow(active: Mask) -> None:
    """A sheet reaches over most of the picture; a cell or a tube that lights up does not."""
    rows, columns = np.flatnonzero(active.any(axis=1)), np.flatnonzero(active.any(axis=0))
    reach = min((rows[-1] - rows[0] + 1) / active.shape[0], (columns[-1] - columns[0] + 1) / active.shape[1])
    if reach < REACH:
        raise Abstain(f"what lights up reaches over {100 * reach:.0f} % of the picture, no sheet that fills it")


def _refuse_grainy(glow: Series, active: Mask) -> None:
    """Excitation is spread evenly between its fronts; things that pass by are grains."""
    from scipy.ndimage import gaussian_filter

    some = glow[:: max(1, len(glow) // 24)]
    grain = float(np.abs(some - gaussian_filter(some, (0, 2, 2)))[:, active].mean())
    if grain > GRAIN:
        raise Abstain(f"what lights up is grainy ({grain:.2f} of the full glow), no excitation of a sheet", grain=grain)


def _reduced(images: Array) -> Array:
    f = max(1, round(max(images.shape[1:3]) / SIDE))
    height, width = (side // f * f for side in images.shape[1:3])
    parts = images[:, :height, :width].reshape(len(images), height // f, f, width // f, f, 3)
    return np.asarray(parts.mean(axis=(2, 4)))


def _glow(images: Array) -> Series:
    """(looks, h, w): how far each place is from its darkest look, along the colour in which most changes.

    Raises:
        Abstain: hardly anything changes.
    """
    from scipy.ndimage import gaussian_filter

    soft = gaussian_filter(images, (0, 0.8, 0.8, 0))
    change = soft - np.quantile(soft, 0.06, axis=0)
    sample = change.reshape(-1, 3)[:: max(1, change.size // 300_000)]
    axis = np.linalg.eigh(sample.T @ sample)[1][:, -1]
    glow = change @ (axis * np.sign(axis.sum() or 1.0))
    full = float(np.quantile(glow, 0.97))
    if full < 0.12:
        raise Abstain(f"nothing lights up (by {full:.2f}, at least 0.12 needed)", full=rounded(full))
    return np.asarray(np.clip(glow / full, 0, 1.2), np.float64)


def _fronts(glow: Series, within: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(h, w) numbers of fronts over places that were dark a moment ago, and over places that were not.

    A front is a gain of `RISE` over `within` looks, counted where the gain is largest.
    """
    from scipy.ndimage import maximum_filter1d, minimum_filter1d

    gain = glow[within:] - glow[:-within]
    near = 2 * within + 3
    top = (gain > RISE) & (gain == maximum_filter1d(gain, near, axis=0))
    # What a place was at the darkest over the looks before (the filter's window ends with the look itself).
    before = minimum_filter1d(glow, near, axis=0, origin=near // 2)[:-within]
    return (top & (before < PARTLY)).sum(axis=0), (top & (before >= PARTLY)).sum(axis=0)


def _dark_look(lit_share: Series) -> int:
    """The last look of the first stretch in which next to nothing is lit; -1 where there is none."""
    dark = np.flatnonzero(lit_share < 0.08)
    if dark.size == 0 or dark[0] > 0.6 * len(lit_share):
        return -1
    ends = dark[np.flatnonzero(np.diff(np.append(dark, 10**9)) > 1)[0]]
    return int(ends)


def _times(glow: Series, time_s: Series, active: Mask, begins: int) -> tuple[Series, Series]:
    """When each place is first lit after look `begins` (to a fraction of a look), and when it is dark again."""
    later, when = glow[begins:], time_s[begins:]
    over = later > LIT
    first = over.argmax(axis=0)
    rows, columns = np.indices(first.shape)
    before = np.maximum(first - 1, 0)
    low, high = later[before, rows, columns], later[first, rows, columns]
    part = np.clip((LIT - low) / np.maximum(high - low, 1e-6), 0, 1)
    step = float(time_s[1] - time_s[0])
    lit = np.where(over.any(axis=0) & active, when[before] + part * step * (first > 0), np.nan)
    after = (later < DARK) & (np.arange(len(later))[:, None, None] > first)
    dark = np.where(after.any(axis=0) & np.isfinite(lit), when[after.argmax(axis=0)], np.nan)
    return lit, dark
