"""Finds a tube cut open lengthwise, lying across the picture, and the width of its inside along it and over time.

What lies in the tube and the tube's wall are told apart by the colours that they mostly have: those along the tube's
middle line and those along its outer rim.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .bodies import looks, pictures
from .clip import Array, Clip
from .picture import needs_frames
from .spec import Abstain, found, rounded

Mask = NDArray[np.bool_]
Series = NDArray[np.float64]

SPAN = 0.96
"""Least part of the picture's width that the tube crosses."""
SHARE = (0.12, 0.9)
"""Range of the tube's usual outer width over the picture's height."""
UNLIKE = 0.09
"""Largest difference of the inside from what the outside foretells, over the usual width."""
CONTRAST = 0.06
"""Least distance of the hues (shares of red, green and blue) inside and of the wall."""


@dataclass(frozen=True)
class Tube:
    """A tube over time. Lengths in pixels of the pictures looked at."""

    time_s: Series
    """(looks,)"""
    width: Series
    """(looks, columns) of the inside."""
    middle: Series
    """(looks, columns) row of the middle line."""
    inside: Mask
    """(looks, h, w)"""
    images: Array
    """(looks, h, w, 3)"""

    @property
    def looks_s(self) -> float:
        """From one look to the next, usually."""
        return float(np.median(np.diff(self.time_s)))


def find(clip: Clip) -> Tube:
    """The tube of a clip.

    Raises:
        Abstain: there is no tube with a wall around contents of another colour.
    """
    return found(clip, "tube", _find)


def _find(clip: Clip) -> Tube:
    needs_frames(clip, 16)
    images = pictures(clip)
    outer = _outer(images)
    top, bottom = outer.argmax(axis=1), outer.shape[1] - 1 - outer[:, ::-1].argmax(axis=1)
    middle, half = _smooth((top + bottom) / 2), _smooth((bottom - top + 1) / 2)
    share = float(np.median(2 * half) / outer.shape[1])
    filled = float(outer.sum() / np.maximum(bottom - top + 1, 1).sum())
    if not SHARE[0] < share < SHARE[1] or filled < 0.97:
        raise Abstain(
            f"what crosses the picture is no tube ({100 * share:.0f} % of the height, fills {100 * filled:.0f} % of "
            "its outline)",
            share=rounded(share),
        )
    inside = _inside(images, outer, middle, half)
    width = inside.sum(axis=1).astype(float)
    empty = float((width < 1).mean())
    if empty > 0.15:
        raise Abstain(f"no inside of its own colour is seen in {100 * empty:.0f} % of the tube")
    jitter = float(np.median(np.abs(np.diff(width, axis=0))) / max(float(np.median(width)), 1))
    if jitter > 0.2:
        raise Abstain(f"the inside changes by {100 * jitter:.0f} % from look to look", jitter=rounded(jitter))
    _refuse_stiff(width, half)
    time_s = looks(clip) / clip.fps
    return Tube(time_s, width, middle, inside, images)


def _refuse_stiff(width: Series, half: Series) -> None:
    """A gut narrows as a whole: where its inside is narrow, so is its outside; a vessel's walls stand still."""
    inner, outer = width.ravel(), 2 * half.ravel()
    slope, offset = np.polyfit(outer, inner, 1) if np.ptp(outer) > 0 else (0.0, float(inner.mean()))
    unlike = float(np.std(inner - slope * outer - offset) / max(float(np.median(inner)), 1))
    if unlike > UNLIKE or slope < 0.4:
        raise Abstain(
            f"the inside does not narrow with the outside (they differ by {100 * unlike:.0f} % of the width)",
            unlike=rounded(unlike),
        )


def walls_move(clip: Clip) -> bool:
    """Whether the clip shows a tube whose wall narrows and widens in time."""
    try:
        found = find(clip)
    except Abstain:
        return False
    return float((found.width - found.width.mean(axis=0)).std() / np.median(found.width)) > 0.03


def _outer(images: Array) -> Mask:
    """(looks, h, w): the tube with its contents."""
    from scipy.ndimage import binary_closing, binary_fill_holes, gaussian_filter, label

    sigma = 0.006 * max(images.shape[1:3])
    rim = max(2, images.shape[1] // 20)
    ground = np.median(np.concatenate([images[:, :rim], images[:, -rim:]], axis=1), axis=(0, 1, 2))
    apart = gaussian_filter(np.sqrt(np.square(images - ground).sum(axis=-1)), (0, sigma, sigma))
    low, high = (float(np.quantile(apart[:: max(1, len(apart) // 12)], q)) for q in (0.2, 0.85))
    if high - low < 0.12:
        raise Abstain(f"nothing stands out from what is above and below (by {high - low:.2f}, at least 0.12 needed)")
    out = np.zeros(apart.shape, bool)
    spans = 0
    for i, picture in enumerate(apart):
        mask = binary_closing(np.pad(picture > low + 0.45 * (high - low), 4, mode="edge"), iterations=3)[4:-4, 4:-4]
        labels, count = label(mask)
        if count:
            body = labels == np.bincount(labels.ravel())[1:].argmax() + 1
            out[i] = binary_fill_holes(body)
            spans += body.any(axis=0).mean() >= SPAN
    if spans < 0.85 * len(out):
        raise Abstain(f"a band from side to side is seen in {100 * spans / len(out):.0f} % of the pictures only")
    return out


def _hue(colours: Array) -> Array:
    """Shares of red, green and blue, which light and shade leave as they are; black counts as grey."""
    return np.asarray((colours + 0.02) / (colours.sum(axis=-1, keepdims=True) + 0.06))


def _smooth(values: Series) -> Series:
    """(looks, columns): medians over time and neighbours, against single bits that touch the outline."""
    from scipy.ndimage import median_filter

    return np.asarray(median_filter(values, (3, 9), mode="nearest"), np.float64)


def _inside(images: Array, outer: Mask, middle: Series, half: Series) -> Mask:
    """(looks, h, w): what lies in the tube, by colour."""
    from scipy.ndimage import binary_closing, binary_fill_holes, gaussian_filter, label

    row = np.arange(images.shape[1])[None, :, None]
    off = np.abs(row - middle[:, None]) / np.maximum(half[:, None], 1)
    few = slice(None, None, max(1, len(images) // 12))
    core, rim = images[few][off[few] < 0.22], images[few][(off[few] > 0.85) & (off[few] < 0.95) & outer[few]]
    if min(len(core), len(rim)) < 50:
        raise Abstain("the tube is too thin to tell its inside from its wall")
    core, rim = _hue(core), _hue(rim)
    contents, wall = np.median(core, axis=0), np.median(rim, axis=0)
    axis = contents - wall
    distance = float(np.sqrt(np.square(axis).sum()))
    if distance < CONTRAST:
        raise Abstain(f"inside and wall look alike (hues {distance:.2f} apart, at least {CONTRAST} needed)")
    likeness = (_hue(gaussian_filter(images, (0, 0.9, 0.9, 0))) - (contents + wall) / 2) @ (axis / distance**2)
    out = np.zeros(outer.shape, bool)
    for i in range(len(out)):
        mask = binary_closing(np.pad((likeness[i] > 0) & outer[i], 4, mode="edge"), iterations=2)[4:-4, 4:-4]
        labels, count = label(mask)
        if count:
            out[i] = binary_fill_holes(labels == np.bincount(labels.ravel())[1:].argmax() + 1)
    return out
