"""Finds a bare stripe across a textured sheet, and follows its edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .clip import Array, Clip
from .picture import needs_frames
from .spec import Abstain, found, rounded

LOOKS = 60
"""Frames looked at; longer clips are thinned evenly."""
SIDE = 256
"""The gap is looked for in pictures reduced to at most this many pixels along the longer side."""
DETAIL, BLOCK = 0.008, 0.007
"""Scale of what counts as texture, and over which it is averaged, of the longer side."""
APART = 2.5
"""Least texture of the sheet over that of bare ground."""
STRIPE, SHEET = 0.10, 0.08
"""Least width of a gap, and of the sheet on either side, of the picture's."""

Mask = NDArray[np.bool_]
Series = NDArray[np.float64]


@dataclass(frozen=True)
class Gap:
    """A gap over time, turned so that it runs from top to bottom. Lengths in pixels of the reduced picture."""

    pictures: Array
    """(looks, h, w) luminance."""
    bare: Mask
    """(looks, h, w) bare ground, within the columns where there ever is a gap."""
    width: Series
    """(looks,) bare ground over the picture's height."""
    left: Series
    """(looks,) mean place of the left edge; nan where the gap is closed."""
    right: Series
    widest: float
    """Largest width."""


def find(clip: Clip) -> Gap:
    """The gap of a clip.

    Raises:
        Abstain: there is no bare stripe across a textured sheet at any time.
    """
    return found(clip, "gap", _find)


def _find(clip: Clip) -> Gap:
    needs_frames(clip)
    pictures = _pictures(clip)
    texture = _texture(pictures)
    bare = texture < _level(texture)
    columns, rows = bare.mean(axis=1), bare.mean(axis=2)
    turned = float(rows.max(axis=0).std()) > float(columns.max(axis=0).std())
    if turned:
        pictures, bare, columns = pictures.transpose(0, 2, 1), bare.transpose(0, 2, 1), rows
    first, last = _stripe(columns)
    zone = np.zeros(bare.shape[2], bool)
    zone[first : last + 1] = True
    bare = _without_specks(bare & zone)
    width = bare.sum(axis=(1, 2)) / bare.shape[1]
    left, right = _sides(bare)
    return Gap(np.ascontiguousarray(pictures), bare, width, left, right, float(np.quantile(width, 0.97)))


def _pictures(clip: Clip) -> Array:
    looks = np.unique(np.linspace(0, clip.count - 1, min(LOOKS, clip.count)).round().astype(int))
    factor = -(-max(clip.luma.shape[1:]) // SIDE)
    height, width = (side // factor * factor for side in clip.luma.shape[1:])
    luma = clip.luma[looks, :height, :width]
    return np.asarray(
        luma.reshape(len(looks), height // factor, factor, width // factor, factor).mean(axis=(2, 4)), np.float32
    )


def _texture(pictures: Array) -> Array:
    """(looks, h, w) logarithm of the local contrast."""
    from scipy.ndimage import gaussian_filter

    longest = max(pictures.shape[1:])
    out = np.empty_like(pictures)
    for i, image in enumerate(pictures):
        fine = image - gaussian_filter(image, DETAIL * longest)
        out[i] = np.log(np.sqrt(gaussian_filter(fine * fine, BLOCK * longest)) + 2e-3)
    return out


def _level(texture: Array) -> float:
    """The contrast below which ground is bare: Otsu's threshold over all looks.

    Raises:
        Abstain: all is textured alike.
    """
    values = texture[:: max(1, len(texture) // 20), ::2, ::2].ravel()
    counts, edges = np.histogram(values, bins=128)
    middles = (edges[1:] + edges[:-1]) / 2
    below = np.cumsum(counts)
    sums = np.cumsum(counts * middles)
    valid = (below > 0) & (below < below[-1])
    low, high = sums[valid] / below[valid], (sums[-1] - sums[valid]) / (below[-1] - below[valid])
    between = below[valid] * (below[-1] - below[valid]) * (high - low) ** 2
    best = int(between.argmax()) if between.size else 0
    apart = float(np.exp(high[best] - low[best])) if between.size else 1.0
    if apart < APART:
        raise Abstain(f"no part is bare beside a textured one (contrast {apart:.1f} to 1, {APART} needed)", apart=apart)
    return float(edges[1:][valid][best])


def _stripe(columns: Series) -> tuple[int, int]:
    """First and last column of the widest stripe that is ever bare from top to bottom.

    Raises:
        Abstain: there is none with a sheet on either side.
    """
    length = columns.shape[1]
    best = (0, 0, -1)
    for look in columns:
        edges = np.flatnonzero(np.diff(np.concatenate([[0], (look > 0.8).astype(int), [0]])))
        for start, stop in edges.reshape(-1, 2):
            best = max(best, (int(stop - start), int(start), int(stop) - 1))
    wide, first, last = best
    if wide < STRIPE * length:
        raise Abstain(f"no bare stripe runs across the picture (the widest has {100 * wide / length:.0f} % of it)")
    if first < SHEET * length or last > (1 - SHEET) * length:
        raise Abstain("the bare stripe has no sheet on either side")
    outside = np.concatenate([columns[:, : max(1, first - 4)], columns[:, last + 5 :]], axis=1)
    if float(np.median(outside)) > 0.3:
        raise Abstain("what lies beside the bare stripe is as bare", outside=rounded(float(np.median(outside))))
    return max(0, first - 3), min(length - 1, last + 3)


def _without_specks(bare: Mask) -> Mask:
    """Bare ground without specks."""
    from scipy.ndimage import binary_opening

    return np.stack([binary_opening(mask, iterations=2) for mask in bare])


def _sides(bare: Mask) -> tuple[Series, Series]:
    """Mean first and last bare column over the rows that have any."""
    left, right = np.full(len(bare), np.nan), np.full(len(bare), np.nan)
    for i, mask in enumerate(bare):
        rows = mask.any(axis=1)
        if rows.mean() > 0.6:
            left[i] = mask[rows].argmax(axis=1).mean()
            right[i] = mask.shape[1] - mask[rows][:, ::-1].argmax(axis=1).mean()
    return left, right
