"""Finds a dozen or so cells of like size that move about a still background, and links them into tracks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .clip import Array, Clip
from .particles import linked
from .picture import needs_frames
from .spec import Abstain, found, rounded

MAX_FRAMES = 240
SIDE = 256
"""Cells are looked for in pictures reduced to at most this many pixels along the longer side."""
FINE, BROAD = 0.005, 0.07
"""Smoothing of the picture, and of the surroundings it is compared with, over its longer side."""
FEWEST, MOST = 5, 45
"""Cells in a frame."""
CELL = (0.0015, 0.03)
"""Area of a cell, of the picture."""
LIKE = (0.45, 1.75)
"""Areas, over the usual one, of what is a single cell; larger parts are cells that touch."""
REACH = 1.2
"""Farthest that a cell is looked for in the next frame, in diameters."""

APART = (2.3, 2.45)
"""Least distance to the nearest other one, in diameters, of the fifth of cells that lie most apart, at some time; and
where none gets away."""
STAYS = 0.5
"""Way from the first to the last place, in diameters, below which a cell stays where it is."""

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """The single cells of one frame, in pixels of the reduced picture."""

    centre: Points
    """(cells, 2): x, y."""
    elongation: NDArray[np.float64]
    """(cells,) logarithm of the longer axis over the shorter."""
    corners: NDArray[np.float64]
    """(cells,) logarithm of the area over that of the largest disc inside."""


@dataclass(frozen=True)
class Crawlers:
    """Cells of a clip and their tracks."""

    frames: tuple[Frame, ...]
    tracks: tuple[tuple[NDArray[np.int64], Points], ...]
    """Each track's frames and its positions (x, y) in them."""
    masks: NDArray[np.bool_]
    """(frames, h, w) all cells, those that touch included."""
    area: float
    """Of the usual single cell."""

    @property
    def covered(self) -> NDArray[np.float64]:
        """(frames,) area of all cells."""
        return np.asarray(self.masks.sum(axis=(1, 2)), np.float64)

    @property
    def diameter(self) -> float:
        """Of a disc as large as the usual cell."""
        return float(2 * np.sqrt(self.area / np.pi))


def find(clip: Clip) -> Crawlers:
    """The cells of a clip.

    Raises:
        Abstain: there are no separate cells of like size.
    """
    return found(clip, "crawlers", _find)


def _find(clip: Clip) -> Crawlers:
    needs_frames(clip, 16)
    if clip.count > MAX_FRAMES:
        raise Abstain(f"{clip.count} frames are too many to follow cells in, at most {MAX_FRAMES}")
    relief = _relief(clip)
    masks = relief > _level(relief)
    parts = [_parts(mask) for mask in masks]
    areas = np.concatenate([part.areas for part in parts])
    usual = float(np.median(areas)) if areas.size else 0.0
    _refuse_sizes(areas, usual, masks[0].size, len(masks))
    frames = tuple(_singles(part, usual) for part in parts)
    _refuse_shapeless(frames)
    diameter = float(2 * np.sqrt(usual / np.pi))
    tracks = linked([frame.centre for frame in frames], reach=REACH * diameter)
    _refuse_packed(frames, tracks, diameter)
    return Crawlers(frames, tracks, np.stack([part.labels > 0 for part in parts]), usual)


def _relief(clip: Clip) -> Array:
    """(frames, h, w): how much brighter each pixel is than its background; darker, where things are dark.

    The background is the mean of the surroundings or what the pixel shows most of the time, whichever is farther: where
    cells crowd the surroundings are cells as well, and where one stays it is what the pixel shows.
    """
    from scipy.ndimage import gaussian_filter

    factor = -(-max(clip.luma.shape[1:]) // SIDE)
    height, width = (side // factor * factor for side in clip.luma.shape[1:])
    luma = clip.luma[:, :height, :width]
    small = luma.reshape(clip.count, height // factor, factor, width // factor, factor).mean(axis=(2, 4))
    longest = max(small.shape[1:])
    fine = np.stack([gaussian_filter(image, FINE * longest) for image in small])
    broad = np.stack([gaussian_filter(image, BROAD * longest) for image in small])
    sample = fine[:: max(1, clip.count // 30)]
    if float(np.mean((fine - broad) ** 3)) >= 0:
        return np.asarray(fine - np.minimum(broad, np.quantile(sample, 0.25, axis=0)), np.float32)
    return np.asarray(np.maximum(broad, np.quantile(sample, 0.75, axis=0)) - fine, np.float32)


def _level(relief: Array) -> float:
    """Half of what the brightest places stand out by.

    Raises:
        Abstain: nothing stands out.
    """
    top = float(np.quantile(relief[:: max(1, len(relief) // 16)], 0.985))
    if top < 0.06:
        raise Abstain(f"nothing stands out from its surroundings (by {top:.2f}, at least 0.06 needed)", contrast=top)
    return 0.45 * top


@dataclass(frozen=True)
class _Parts:
    labels: NDArray[np.int32]
    areas: NDArray[np.float64]
    cut: NDArray[np.bool_]
    """(parts,) those that the border cuts off."""


def _parts(mask: NDArray[np.bool_]) -> _Parts:
    from scipy.ndimage import binary_fill_holes, binary_opening, label

    labels, count = label(binary_opening(binary_fill_holes(mask)))
    areas = np.bincount(labels.ravel(), minlength=count + 1)[1:].astype(float)
    edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    keep = areas > 0.3 * CELL[0] * mask.size
    number = np.concatenate([[0], np.where(keep, np.cumsum(keep), 0)])
    return _Parts(number[labels], areas[keep], np.isin(np.arange(1, count + 1), edge)[keep])


def _refuse_sizes(areas: Points, usual: float, pixels: int, frames: int) -> None:
    number = areas.size / frames
    if not FEWEST <= number <= MOST:
        raise Abstain(f"{number:.0f} separate things in a frame, {FEWEST} to {MOST} needed", things=rounded(number))
    if not CELL[0] < usual / pixels < CELL[1]:
        raise Abstain(
            f"things cover {100 * usual / pixels:.2f} % of the picture each, no cells that could be followed",
            area=rounded(usual / pixels),
        )
    like = float(((areas > LIKE[0] * usual) & (areas < LIKE[1] * usual)).mean())
    if like < 0.65:
        raise Abstain(f"only {100 * like:.0f} % of the things are of like size, no cells of one kind", like=like)


def _singles(parts: _Parts, usual: float) -> Frame:
    """The parts that are one whole cell."""
    from scipy.ndimage import distance_transform_edt, find_objects

    found = []
    for number, box in enumerate(find_objects(parts.labels), start=1):
        area = parts.areas[number - 1]
        if parts.cut[number - 1] or not LIKE[0] * usual < area < LIKE[1] * usual:
            continue
        part = parts.labels[box] == number
        points = np.argwhere(part)[:, ::-1] + (box[1].start, box[0].start)
        short, long_ = np.linalg.eigvalsh(np.cov(points.T) + np.eye(2) / 12)
        disc = np.pi * float(distance_transform_edt(np.pad(part, 1)).max()) ** 2
        found.append((*points.mean(axis=0), 0.5 * np.log(long_ / short), np.log(area / disc)))
    table = np.array(found).reshape(-1, 4)
    return Frame(table[:, :2], table[:, 2], table[:, 3])


def _refuse_shapeless(frames: tuple[Frame, ...]) -> None:
    corners = np.concatenate([frame.corners for frame in frames])
    if corners.size == 0 or float(np.median(corners)) > np.log(2.6):
        raise Abstain("what stands out is ragged or thin, no compact cells")


def _refuse_packed(
    frames: tuple[Frame, ...], tracks: tuple[tuple[NDArray[np.int64], Points], ...], diameter: float
) -> None:
    """Cells that crawl have room between them at some time; things that stay as close together as this are a tissue."""
    from scipy.spatial import cKDTree

    places = [frame.centre for frame in frames if len(frame.centre) > 2]
    near = [float(np.quantile(np.asarray(cKDTree(xy).query(xy, k=2)[0])[:, 1], 0.8)) / diameter for xy in places]
    apart = max((float(np.median(part)) for part in np.array_split(near, 8) if part.size), default=np.inf)
    ways = [np.hypot(*(path[-1] - path[0])) / diameter for _, path in tracks if len(path) > len(frames) / 2]
    stay = bool(ways) and float(np.median(ways)) < STAYS
    if apart < APART[1 if stay else 0]:
        raise Abstain(f"what stands out lies {apart:.1f} diameters apart at most, packed as in a tissue", apart=apart)
