"""Finds rods on a plain ground (bacteria), alone or packed side by side, and follows how much ground they cover."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import bodies
from .clip import Array, Clip
from .picture import needs_frames
from .spec import Abstain, found, rounded

LOOKS = 48
"""Frames looked at; longer clips are thinned evenly."""
BLUR = 0.0022
"""Smoothing before rods are looked for, of the longer side."""
LEAST_WIDTH = 3.5
"""Width of a rod, in working pixels, from which it can be made out."""
WIDEST = 0.08
"""Width of a rod, over the picture's longer side, up to which there is room for a colony."""
ROD = 1.7
"""Length over width from which something is a rod."""
ALIKE = 0.2
"""By how much less than the usual rod the tenth part of them may fill of length times width."""
FULLEST = 1.5
"""Of length times width that a rod fills at most; more, and its ridges do not tell how thick it is."""
SEAM = 0.15
"""What the seams take off a rod's length, in widths."""
SPECK = 0.25
"""Area of what is no rod, in widths²."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Rods:
    """The rods of one look: (rods,) arrays in working pixels."""

    area: NDArray[np.float64]
    length: NDArray[np.float64]
    """Over the colony's usual width."""
    centre: NDArray[np.float64]
    """(rods, 2): x, y."""


@dataclass(frozen=True)
class Colony:
    """The rods of a clip over time."""

    masks: Mask
    """(looks, h, w) ground covered by rods."""
    rods: tuple[Rods, ...]
    """(looks,)"""
    width: float
    """Of a rod, in working pixels."""

    @property
    def area(self) -> NDArray[np.float64]:
        """(looks,) pixels covered."""
        return np.asarray(self.masks.sum(axis=(1, 2)), np.float64)


def find(clip: Clip) -> Colony:
    """The rods of a clip.

    Raises:
        Abstain: there are no rods on a plain ground.
    """
    return found(clip, "rods", _find)


def _find(clip: Clip) -> Colony:
    needs_frames(clip)
    looks = np.unique(np.linspace(0, clip.count - 1, min(LOOKS, clip.count)).round().astype(int))
    contrast = bodies.contrast(clip.rgb[looks], BLUR)
    level = bodies.threshold(_cropped(contrast))
    masks = contrast > level
    width = _width(masks)
    masks = np.stack([_without_specks(mask, width) for mask in masks])
    if not masks.any(axis=(1, 2)).all():
        raise Abstain("there are frames in which nothing like a rod is seen")
    _refuse_wide(masks)
    bodies.refuse_bands(masks)
    rods = tuple(_split(mask, image, width) for mask, image in zip(masks, contrast, strict=True))
    _refuse_round(rods, width)
    return Colony(masks, rods, width)


def _cropped(contrast: Array) -> Array:
    """The part of the picture in which something ever stands out: on the whole of it a few rods weigh too little."""
    most = contrast.max(axis=0)
    rows, columns = np.nonzero(most >= 0.5 * np.quantile(most, 0.999))
    return contrast[:, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def _width(masks: Mask) -> float:
    """The usual thickness of what is seen: twice the depth on the ridges of the masks.

    Raises:
        Abstain: it is too thin, or no two looks agree on it.
    """
    from scipy.ndimage import distance_transform_edt, maximum_filter

    widths = []
    for mask in masks:
        depth = distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
        ridge = depth[(depth == maximum_filter(depth, 3)) & (depth > 1)]
        if ridge.size:
            widths.append(2 * float(np.median(ridge)))
    if len(widths) < 0.8 * len(masks):
        raise Abstain("nothing that stands out is thick enough to be a rod")
    usual, spread = float(np.median(widths)), float(np.std(widths) / np.median(widths))
    if usual < LEAST_WIDTH:
        raise Abstain(f"what stands out is {usual:.1f} pixels thick, at least {LEAST_WIDTH} needed", width=usual)
    if usual > WIDEST * max(masks.shape[1:]):
        raise Abstain("what stands out is so thick that the picture has no room for a colony", width=usual)
    if spread > 0.3:
        raise Abstain(f"what stands out changes its thickness by {100 * spread:.0f} %, as no rods do", spread=spread)
    return usual


def _without_specks(mask: Mask, width: float) -> Mask:
    from scipy.ndimage import label

    labels, _ = label(mask)
    keep = np.bincount(labels.ravel()) > SPECK * width**2
    keep[0] = False
    return np.asarray(keep[labels], bool)


def _split(mask: Mask, contrast: Array, width: float) -> Rods:
    """Single rods: connected parts of what is brighter than its surroundings within the mask.

    Neighbours touch along dark seams, which a threshold relative to the local mean cuts.
    """
    from scipy.ndimage import find_objects, gaussian_filter, label

    inside = mask.astype(np.float32)
    near = gaussian_filter(contrast * inside, 0.45 * width) / np.maximum(gaussian_filter(inside, 0.45 * width), 1e-3)
    labels, _ = label(mask & (contrast > 0.86 * near))
    found = []
    for number, box in enumerate(find_objects(labels), start=1):
        points = np.argwhere(labels[box] == number)[:, ::-1] + (box[1].start, box[0].start)
        if len(points) < SPECK * width**2:
            continue
        spread = np.linalg.eigvalsh(np.cov(points.T) + np.eye(2) / 12)[-1]  # a rod of length L has L²/12
        found.append((len(points), np.sqrt(12 * spread) / width + SEAM, *points.mean(axis=0)))
    table = np.array(found).reshape(-1, 4)
    return Rods(table[:, 0], table[:, 1], table[:, 2:])


def _refuse_wide(masks: Mask) -> None:
    rim = np.concatenate([masks[:, 0], masks[:, -1], masks[:, :, 0], masks[:, :, -1]], axis=1).mean()
    if rim > 0.12:
        raise Abstain(f"what stands out runs off the picture ({100 * rim:.0f} % of its border)", rim=rounded(rim))


def _refuse_round(rods: tuple[Rods, ...], width: float) -> None:
    lengths = np.concatenate([look.length for look in rods])
    areas = np.concatenate([look.area for look in rods])
    if lengths.size == 0:
        raise Abstain("no rods stand out")
    # Rods of one width fill as much of length times width; other shapes differ from one another.
    least, usual = np.quantile(areas / lengths, (0.1, 0.5))
    if least < (1 - ALIKE) * usual:
        raise Abstain(f"things differ in shape by {100 * (1 - least / usual):.0f} %, as rods of one width do not")
    if usual > FULLEST * width**2:
        raise Abstain(f"what stands out fills {usual / width**2:.1f} times its length times width, more than a rod can")
    order = np.argsort(lengths)
    usual = float(lengths[order][np.searchsorted(np.cumsum(areas[order]), areas.sum() / 2)])
    if usual < ROD:
        raise Abstain(f"what stands out is {usual:.1f} times as long as wide, no rods", length=rounded(usual))
