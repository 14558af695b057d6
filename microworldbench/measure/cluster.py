"""Finds one cluster of round, packed sacs (alveoli) on a darker ground, and follows its size and its bumps.

The size is read from the half of the cluster that looks away from its stalk: it scales about the cluster's middle. The
bumps, one a sac, are followed in coordinates that swell and sink with the cluster.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .bodies import pictures
from .clip import Array, Clip
from .picture import needs_frames
from .spec import Abstain, found, rounded

Mask = NDArray[np.bool_]
Series = NDArray[np.float64]

BUMP = 0.095
"""Size (Gaussian σ) of a sac's bright part over the radius of the largest disc inside the cluster."""
FEWEST = 8
"""Least number of bumps."""
LOOKS = 7
"""Pictures put together before bumps are looked for."""
ALIKE, EVEN = 12, 0.45
"""So many bumps have at least this part of the strength of the clearest ones."""
CREASE, CREASES, NEAR = 0.8, 0.95, 9.0
"""Least light between two packed sacs, over that of the darker one, below which a crease parts them; least number of
creases a sac; and the distance, in sizes of a bump, up to which sacs are neighbours."""
COVER = (0.06, 0.8)
"""Range of the cluster's area over the picture's."""
SHAPELESS = 3.4
"""Most area over that of the largest disc inside."""


@dataclass(frozen=True)
class Cluster:
    """A cluster over time."""

    time_s: Series
    """(looks,)"""
    size: Series
    """(looks,) relative size; 1 is the median."""
    kept: float
    """Share of bumps of the first part of the clip found again in the last part."""
    new: float
    """Share of bumps of the last part that were not there in the first part."""
    bumps: int


def find(clip: Clip) -> Cluster:
    """The cluster of a clip.

    Raises:
        Abstain: there is no cluster of round bumps.
    """
    return found(clip, "cluster", _find)


def _find(clip: Clip) -> Cluster:
    needs_frames(clip, 16)
    images = pictures(clip)
    masks = _masks(images)
    middle, radius = _disc_inside(masks)
    size = _sizes(masks, middle, median=3 if clip.fps >= 12 else 1)
    kept, new, bumps = _persistence(images, masks, middle, radius, size)
    time_s = np.linspace(0, (clip.count - 1) / clip.fps, len(images))
    return Cluster(time_s, size, kept, new, bumps)


def _masks(images: Array) -> Mask:
    """(looks, h, w): the cluster and its stalk.

    Raises:
        Abstain: nothing stands out, or in many pieces.
    """
    from scipy.ndimage import binary_fill_holes, binary_opening, gaussian_filter, label

    sigma = 0.006 * max(images.shape[1:3])
    thin = max(2, round(0.016 * max(images.shape[1:3])))
    bright = gaussian_filter(images.max(axis=-1), (0, sigma, sigma))
    low, high = (float(np.quantile(bright[:: max(1, len(bright) // 12)], q)) for q in (0.1, 0.9))
    if high - low < 0.15:
        raise Abstain(f"nothing stands out from the background (by {high - low:.2f}, at least 0.15 needed)")
    out = np.zeros(bright.shape, bool)
    for i, picture in enumerate(bright):
        labels, count = label(picture > low + 0.38 * (high - low))
        if count:
            sizes = np.bincount(labels.ravel())[1:]
            whole = binary_fill_holes(labels == sizes.argmax() + 1)
            out[i] = binary_opening(whole, iterations=thin)  # without small things that touch it
    share = float(np.median(out.mean(axis=(1, 2))))
    if not COVER[0] < share < COVER[1]:
        raise Abstain(f"what stands out covers {100 * share:.0f} % of the picture, no cluster in front of a ground")
    return out


def _disc_inside(masks: Mask) -> tuple[NDArray[np.float64], float]:
    """Middle (x, y) and radius of the largest disc in the cluster, as it usually is."""
    from scipy.ndimage import distance_transform_edt

    usual = masks.mean(axis=0) > 0.25
    depth = distance_transform_edt(np.pad(usual, 1))[1:-1, 1:-1]
    radius = float(depth.max())
    if radius < 12:
        raise Abstain(f"the cluster is too small to tell sacs apart ({radius:.0f} pixels)")
    core = np.argwhere(depth > 0.9 * radius)[:, ::-1]
    spread = float(usual.sum() / (np.pi * radius**2))
    if spread > SHAPELESS:
        raise Abstain(f"what stands out is no compact cluster ({spread:.1f} times its inner disc)", spread=spread)
    return core.mean(axis=0), radius


def _sizes(masks: Mask, middle: NDArray[np.float64], median: int) -> Series:
    """(looks,) relative sizes, from the half that looks away from where the stalk leaves the picture.

    Single outliers go by a filter over `median` looks, unless looks are too rare for that.
    """
    from scipy.ndimage import median_filter

    height, width = masks.shape[1:]
    y, x = np.mgrid[:height, :width]
    usual = masks.mean(axis=0) > 0.5
    edge = np.zeros_like(usual)
    edge[0], edge[-1], edge[:, 0], edge[:, -1] = usual[0], usual[-1], usual[:, 0], usual[:, -1]
    away = middle - np.argwhere(edge)[:, ::-1].mean(axis=0) if edge.any() else np.zeros(2)
    norm = float(np.hypot(*away))
    half = (x - middle[0]) * away[0] + (y - middle[1]) * away[1] >= 0 if norm > 3 else np.ones_like(usual)
    area = (masks & half).sum(axis=(1, 2)).astype(float)
    jitter = float(np.median(np.abs(np.diff(area, 2)) / np.maximum(area[1:-1], 1)))
    if jitter > 0.06 or area.min() < 20:
        raise Abstain(f"what stands out changes by {100 * jitter:.0f} % from look to look", jitter=rounded(jitter))
    size = np.sqrt(median_filter(area, median, mode="nearest"))
    return np.asarray(size / np.median(size))


def _persistence(
    images: Array, masks: Mask, middle: NDArray[np.float64], radius: float, size: Series
) -> tuple[float, float, int]:
    """Which share of bumps is found again, which share is new, and how many there are.

    Raises:
        Abstain: there are too few bumps, or they do not stay from look to look.
    """
    part = max(LOOKS, round(0.22 * len(images)))
    first, last = np.arange(part), np.arange(len(images) - part, len(images))
    # Compare looks of like size, so that nothing but the number of sacs is different.
    a = first[np.abs(size[first] - np.median(size)).argsort()[:LOOKS]]
    b = last[np.abs(size[last] - float(size[a].mean())).argsort()[:LOOKS]]
    looks = [_bumps(images, masks, chosen, middle, radius, float(size[chosen].mean())) for chosen in (a, b)]
    (strong, weak), (strong_later, weak_later) = looks
    if min(len(strong), len(strong_later)) < FEWEST:
        raise Abstain(f"{min(len(strong), len(strong_later))} round sacs are seen, at least {FEWEST} needed")
    creases = _creases(np.median(images[a].mean(axis=-1), axis=0), strong * size[a].mean() + middle, BUMP * radius)
    if creases < CREASES:
        raise Abstain(f"bumps are parted by {creases:.1f} creases each, {CREASES:g} needed: they are no packed sacs")
    reach = 2.2 * BUMP * radius
    kept = float((_nearest(strong, weak_later) < reach).mean())
    new = float((_nearest(strong_later, weak) >= reach).mean())
    if kept < 0.5:
        raise Abstain(f"only {100 * kept:.0f} % of the bumps are found again, so they are no sacs of one cluster")
    return kept, new, len(strong)


def _bumps(
    images: Array, masks: Mask, chosen: NDArray[np.int64], middle: NDArray[np.float64], radius: float, size: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places (n, 2) of clear bumps, and of all bumps, in coordinates that go with the cluster's size."""
    from scipy.ndimage import gaussian_filter, maximum_filter

    sigma = BUMP * radius * size
    light = np.median(images[chosen].mean(axis=-1), axis=0)  # without what only passes by
    response = gaussian_filter(light, sigma) - gaussian_filter(light, 1.7 * sigma)
    inside = masks[chosen].mean(axis=0) > 0.5
    top = (response == maximum_filter(response, 2 * round(1.2 * sigma) + 1)) & inside
    rows, columns = np.nonzero(top)
    heights = response[rows, columns]
    ranked = np.sort(heights)[::-1]
    if ranked.size < ALIKE or ranked[ALIKE - 1] < EVEN * ranked[2]:
        raise Abstain(f"fewer than {ALIKE} bumps are of like strength, so they are no packed sacs")
    usual = float(np.median(ranked[:ALIKE]))
    places = (np.stack([columns, rows], axis=1) - middle) / size
    return places[heights > 0.55 * usual], places[heights > 0.12 * usual]


def _creases(light: Array, places: NDArray[np.float64], sigma: float) -> float:
    """How many dark creases a bump has to its neighbours, (bumps, 2: x, y), each counted for one of the two."""
    from scipy.ndimage import gaussian_filter, map_coordinates
    from scipy.spatial import Delaunay

    corners = Delaunay(places).simplices
    pairs = np.unique(np.sort(np.concatenate([corners[:, [i, i - 1]] for i in range(3)]), axis=1), axis=0)
    ends = places[pairs]
    ends = ends[np.hypot(*(ends[:, 1] - ends[:, 0]).T) < NEAR * sigma]
    along = np.linspace(0, 1, 15)[:, None, None]
    lines = ends[:, 0] * (1 - along) + ends[:, 1] * along
    seen = map_coordinates(gaussian_filter(light, 0.5 * sigma), [lines[..., 1], lines[..., 0]], order=1, mode="nearest")
    return float((seen.min(axis=0) < CREASE * np.minimum(seen[0], seen[-1])).sum() / len(places))


def _nearest(points: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of each point to the nearest of the others."""
    from scipy.spatial import cKDTree

    return np.asarray(cKDTree(others).query(points)[0]) if len(others) else np.full(len(points), np.inf)
