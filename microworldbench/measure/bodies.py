"""Finds a few compact bodies on a background (cells), splits those that touch, and follows their number and sizes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .clip import Array, Clip
from .picture import needs_frames
from .spec import Abstain, found, rounded

MAX_FRAMES = 90
"""Frames looked at; longer clips are thinned evenly."""
SMALLEST = 0.002
"""Least area of a body, of the picture."""
NECK = 1 / 1.5
"""A waist narrower than this part of the thinner lobe makes two bodies of one outline."""
DIM = 0.65
"""Bodies that stand out less than this part of the clearest one are something else, out of focus."""
SPECK = 0.04
"""Least area of a body at the beginning, over that of the largest."""
MOST = 6
"""More bodies than this are a crowd, and not what these measurements are about."""

SIDE = 256
"""Bodies are looked for in pictures reduced to at most this many pixels along the longer side."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Scene:
    """The bodies in one frame."""

    labels: NDArray[np.int16]
    """(h, w) 0 background, 1… the bodies; of the frames that `pictures` returns."""
    areas: NDArray[np.float64]
    """(bodies,) in those pixels."""
    radii: NDArray[np.float64]
    """(bodies,) of the largest disc inside."""

    @property
    def count(self) -> int:
        """Number of bodies."""
        return int(self.areas.size)


@dataclass(frozen=True)
class Bodies:
    """The bodies of a clip over time."""

    scenes: tuple[Scene, ...]
    """(looks,)"""
    counts: NDArray[np.int64]
    """(looks,) number of bodies, single outliers removed."""

    @property
    def start(self) -> tuple[Scene, ...]:
        """The scenes of the first tenth."""
        return self.scenes[: max(3, len(self.scenes) // 10)]

    @property
    def end(self) -> tuple[Scene, ...]:
        """The scenes of the last tenth."""
        return self.scenes[-max(3, len(self.scenes) // 10) :]


def find(clip: Clip) -> Bodies:
    """The bodies of a clip.

    Raises:
        Abstain: there are no few, compact, isolated bodies, or nothing happens to them.
    """
    return found(clip, "bodies", _find)


def _find(clip: Clip) -> Bodies:
    from scipy.ndimage import median_filter

    needs_frames(clip)
    images = pictures(clip)
    distances = contrast(images)
    level = threshold(distances)
    refuse_bands(distances > level)
    scenes = [_split(_outline(distance > level, distance)) for distance in distances]
    counts = np.array([scene.count for scene in scenes])
    _refuse_crowds(counts)
    _refuse_shapeless(scenes)
    _refuse_stills(images, scenes)
    _refuse_specks(scenes)
    return Bodies(tuple(scenes), median_filter(counts, 5, mode="nearest"))


def _refuse_specks(scenes: list[Scene]) -> None:
    """At first cells are of one size; beside a cell with prey, or with debris, nothing is counted as one."""
    first = [
        float(scene.areas.min() / scene.areas.max()) for scene in scenes[: max(3, len(scenes) // 10)] if scene.count
    ]
    if sum(share < SPECK for share in first) >= 3:
        raise Abstain(f"beside the largest body lies one of {100 * min(first):.1f} % of its area: no cells of one kind")


def refuse_bands(masks: Mask) -> None:
    """Abstains where what stands out reaches from side to side, as a track or a vessel does: bodies lie apart."""
    covered = max(float(np.median(masks.any(axis=axis).mean(axis=1))) for axis in (1, 2))
    if covered > 0.97:
        raise Abstain("what stands out runs from side to side of the picture", covered=rounded(covered))


def looks(clip: Clip) -> NDArray[np.int64]:
    """(looks,): numbers of the frames looked at; in longer clips steps of different length may alternate."""
    return np.unique(np.linspace(0, clip.count - 1, min(MAX_FRAMES, clip.count)).round().astype(np.int64))


def pictures(clip: Clip) -> Array:
    """(looks, h, w, 3): the frames that bodies are looked for in."""

    def make() -> Array:
        images = clip.rgb[looks(clip)]
        f = -(-max(images.shape[1:3]) // SIDE)
        height, width = (side // f * f for side in images.shape[1:3])
        return np.asarray(sum(images[:, i:height:f, j:width:f] for i in range(f) for j in range(f)) / (f * f))

    return clip.keep("pictures", make)


def contrast(images: Array, blur: float = 0.006) -> Array:
    """(looks, h, w): colour distance from the picture's border, smoothed by `blur` of the longer side."""
    from scipy.ndimage import gaussian_filter

    sigma = blur * max(images.shape[1:3])
    rim = max(2, round(0.04 * min(images.shape[1:3])))
    out = np.empty(images.shape[:3], np.float32)
    for i, image in enumerate(images):
        border = np.concatenate(
            [part.reshape(-1, 3) for part in (image[:rim], image[-rim:], image[:, :rim], image[:, -rim:])]
        )
        out[i] = gaussian_filter(np.sqrt(np.square(image - np.median(border, axis=0)).sum(axis=-1)), sigma)
    return out


def threshold(distances: Array) -> float:
    """The contrast from which a pixel belongs to a body, the same for all frames: Otsu's (1979), found twice.

    Raises:
        Abstain: foreground and background do not stand apart.
    """
    values = distances[:: max(1, len(distances) // 16), ::2, ::2].ravel()
    top = float(np.quantile(values, 0.999))
    if top < 0.06:
        raise Abstain(f"nothing stands out from the background (by {top:.2f}, at least 0.06 needed)", contrast=top)
    first, apart = _otsu(np.minimum(values, top))
    if apart < 0.7:
        raise Abstain(
            f"no bodies stand apart from the background (separability {apart:.2f} of 1)", apart=rounded(apart)
        )
    # Bright parts of bodies (nuclei) would make a class of their own: cut to the usual brightness of a body.
    usual = float(np.median(values[values > first]))
    return 0.9 * _otsu(np.minimum(values, usual))[0]


def _otsu(values: Array) -> tuple[float, float]:
    """Otsu's threshold of `values`, and how well it separates: between-class over total variance, 0 to 1."""
    counts, edges = np.histogram(values, bins=128)
    middles = (edges[1:] + edges[:-1]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * middles)
    valid = (below > 0) & (above > 0)
    low, high = sums[valid] / below[valid], (sums[-1] - sums[valid]) / above[valid]
    between = below[valid] * above[valid] * (high - low) ** 2 / below[-1] ** 2
    best = int(between.argmax())
    return float(edges[1:][valid][best]), float(between[best] / max(float(values.var()), 1e-12))


def _outline(mask: Mask, distance: Array) -> Mask:
    """Whole bodies: holes filled; specks, dim shapes far out of focus and whatever touches the border removed."""
    from scipy.ndimage import binary_fill_holes, binary_opening, label, median

    filled = binary_opening(binary_fill_holes(mask))
    labels, count = label(filled)
    if count == 0:
        return np.zeros_like(mask)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    good = sizes >= SMALLEST * mask.size
    good[0] = False
    good[edge] = False
    numbers = np.flatnonzero(good)
    if numbers.size > 1:
        stands_out = np.asarray(median(distance, labels, numbers))
        good[numbers[stands_out < DIM * stands_out.max()]] = False
    return np.asarray(good[labels], bool)


def _split(mask: Mask) -> Scene:
    """The bodies in an outline: connected parts, cut at narrow waists."""
    from scipy.ndimage import distance_transform_edt, find_objects, label

    labels, count = label(mask)
    out = np.zeros(mask.shape, np.int16)
    areas: list[float] = []
    radii: list[float] = []
    for number, box in enumerate(find_objects(labels), start=1):
        part = labels[box] == number
        depth = distance_transform_edt(np.pad(part, 1))[1:-1, 1:-1]
        for lobe, radius in _lobes(part, depth):
            areas.append(float(lobe.sum()))
            radii.append(radius)
            out[box][lobe] = len(areas)
        if count > 4 * MOST:
            break
    return Scene(out, np.array(areas), np.array(radii))


def _lobes(part: Mask, depth: NDArray[np.float64]) -> list[tuple[Mask, float]]:
    """The lobes of one connected part and their inner radii, at the depth that shows most of them."""
    from scipy.ndimage import label, maximum

    deepest = float(depth.max())
    best: list[tuple[NDArray[np.float64], float]] = []
    if part.sum() < 1.25 * np.pi * deepest**2:  # a disc has no waist
        return [(part, deepest)]
    for level in np.linspace(0.15, NECK, 10) * deepest:
        cores, count = label(depth > level)
        peaks = np.atleast_1d(maximum(depth, cores, np.arange(1, count + 1)))
        held = np.flatnonzero(peaks * NECK >= level) + 1
        if len(held) > max(1, len(best)):
            best = [(np.argwhere(cores == core).mean(axis=0), float(peaks[core - 1])) for core in held]
    if len(best) < 2:
        return [(part, deepest)]
    y, x = np.indices(part.shape)
    nearness = np.stack([np.hypot(y - c[0], x - c[1]) / radius for c, radius in best])
    owner = nearness.argmin(axis=0)
    return [(part & (owner == i), radius) for i, (_, radius) in enumerate(best)]


def _refuse_crowds(counts: NDArray[np.int64]) -> None:
    usual = (counts >= 1) & (counts <= MOST)
    if usual.mean() < 0.85:
        raise Abstain(
            f"no few isolated bodies: {int(np.median(counts))} in the middle of the counts, 1 to {MOST} needed",
            bodies=int(np.median(counts)),
        )


def _refuse_shapeless(scenes: list[Scene]) -> None:
    """Cells are compact: the outline holds not much more than the largest disc inside it."""
    spread = [float((s.areas / (np.pi * s.radii**2)).max()) for s in scenes if s.count]
    typical = float(np.median(spread))
    if typical > 1.9:
        raise Abstain(
            f"what stands out is no compact body ({typical:.1f} times its inner disc)", spread=rounded(typical)
        )
    totals = np.array([s.areas.sum() for s in scenes if s.count])
    jitter = float(np.median(np.abs(np.diff(totals)) / totals[1:]))
    if jitter > 0.08:
        raise Abstain(f"what stands out changes its size by {100 * jitter:.0f} % from frame to frame", jitter=jitter)


def _refuse_stills(images: Array, scenes: list[Scene]) -> None:
    body = np.any([scene.labels > 0 for scene in scenes[:: max(1, len(scenes) // 8)]], axis=0)
    few = images[np.linspace(0, len(images) - 1, 4).round().astype(int)].mean(axis=-1)
    change = max(float(np.abs(b - a)[body].mean()) for a in few for b in few)
    if change < 0.012:
        raise Abstain(f"nothing happens to the bodies (change {change:.4f}, at least 0.012 needed)", change=change)
