"""Finds a chamber of the heart cut lengthwise: dark red blood inside a thick, paler wall that is open at one end.

Blood and muscle are told apart by how red they are (red over the sum of the colours), which light and shade leave as it
is. The thick parts of the wall form a cup; its convex hull closes the cup at the valves, and the blood inside that hull
is the cavity, however wide the valves stand open.
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

THICK = 0.78
"""Least thickness of the cup's wall, over its usual thickness: walls of vessels and leaflets are thinner."""
ENCLOSED = 0.55
"""Least part of the cavity's outline that borders on the wall."""
HULL = (0.06, 0.7)
"""Range of the cup's area over the picture's."""
CAVITY = (0.02, 0.75)
"""Range of the cavity's area over the cup's."""


@dataclass(frozen=True)
class Chamber:
    """A chamber over time; arrays of shape (looks,), lengths in pixels of the pictures looked at."""

    time_s: Series
    area: Series
    """Of the cavity."""
    wall: Series
    """Mean thickness of the wall."""
    base: Series
    """Place of the open end along the chamber's axis."""
    apex: Series
    """Place of the closed end."""

    @property
    def length(self) -> float:
        """From the closed end to the open one, usually."""
        return float(np.median(self.base - self.apex))


@dataclass(frozen=True)
class _Look:
    area: float
    wall: float
    muscle: NDArray[np.float64]
    """(pixels, 2: x, y) of the wall."""
    mouth: NDArray[np.float64]
    """(x, y) of the middle of the opening."""


def find(clip: Clip) -> Chamber:
    """The chamber of a clip.

    Raises:
        Abstain: there is no cup of muscle around blood, or it does not stay.
    """
    return found(clip, "chamber", _find)


def _find(clip: Clip) -> Chamber:
    from scipy.ndimage import median_filter

    needs_frames(clip, 16)
    images = pictures(clip)
    redness = _redness(images)
    paler, redder = _classes(redness)
    half = _usual_half(redness[:: max(1, len(redness) // 10)], paler, redder)
    looks = [_look(red, paler, redder, THICK * half) for red in redness]
    seen = [look for look in looks if look is not None]
    if len(seen) < 0.85 * len(looks):
        raise Abstain(
            f"a cup of muscle around blood is seen in {100 * len(seen) / len(looks):.0f} % of the pictures only",
            seen=len(seen),
        )
    when = np.array([i for i, look in enumerate(looks) if look is not None])
    axis = np.mean([look.mouth - look.muscle.mean(axis=0) for look in seen], axis=0)
    axis /= max(float(np.hypot(*axis)), 1e-9)
    ends = np.array([np.quantile(look.muscle @ axis, (0.01, 0.99)) for look in seen])
    area = np.array([look.area for look in seen])
    jitter = float(np.median(np.abs(np.diff(area)) / area[1:]))
    if jitter > 0.06:
        raise Abstain(f"what looks like a cavity changes by {100 * jitter:.0f} % from look to look", jitter=jitter)

    def whole(values: Series) -> Series:
        return np.asarray(median_filter(np.interp(np.arange(len(looks)), when, values), 3, mode="nearest"), np.float64)

    time_s = np.linspace(0, (clip.count - 1) / clip.fps, len(looks))
    return Chamber(
        time_s, whole(area), whole(np.array([look.wall for look in seen])), whole(ends[:, 1]), whole(ends[:, 0])
    )


def _redness(images: Array) -> Array:
    """(looks, h, w): red over the sum of the colours, after smoothing; dark pixels count as colourless."""
    from scipy.ndimage import gaussian_filter

    sigma = 0.0045 * max(images.shape[1:3])
    soft = gaussian_filter(images, (0, sigma, sigma, 0))
    return np.asarray((soft[..., 0] + 0.02) / (soft.sum(axis=-1) + 0.06), np.float32)


def _classes(redness: Array) -> tuple[float, float]:
    """Thresholds between background, muscle and blood: Otsu's (1979) for three classes.

    Raises:
        Abstain: the picture has no three such classes.
    """
    values = redness[:: max(1, len(redness) // 12), ::2, ::2].ravel()
    counts, edges = np.histogram(values, bins=64, range=(0.2, 0.95))
    share = np.concatenate([[0], np.cumsum(counts)]) / max(int(counts.sum()), 1)
    first = np.concatenate([[0], np.cumsum(counts * (edges[1:] + edges[:-1]) / 2)]) / max(int(counts.sum()), 1)
    low, high = np.triu_indices(len(share), 1)
    parts = [(share[low], first[low]), (share[high] - share[low], first[high] - first[low])]
    parts.append((1 - share[high], first[-1] - first[high]))
    between = sum(np.where(w > 0.02, m * m / np.maximum(w, 1e-9), -1.0) for w, m in parts) - first[-1] ** 2
    best = int(np.argmax(between))
    apart = float(between[best] / max(float(values.var()), 1e-9))
    paler, redder = float(edges[low[best]]), float(edges[high[best]])
    middles = [float(m[best] / max(w[best], 1e-9)) for w, m in parts]
    if apart < 0.8 or middles[2] < 0.6 or middles[2] - middles[1] < 0.15 or middles[1] - middles[0] < 0.05:
        raise Abstain(
            f"no red blood, paler muscle and background stand apart (separability {apart:.2f} of 1, redness "
            f"{middles[0]:.2f}, {middles[1]:.2f} and {middles[2]:.2f})",
            apart=rounded(apart),
        )
    return paler, redder


def _usual_half(redness: Array, paler: float, redder: float) -> float:
    """Half the thickness of the thick walls: a high quantile of the ridges of depth in whatever is muscle."""
    from scipy.ndimage import distance_transform_edt, maximum_filter

    ridges = []
    for red in redness:
        depth = distance_transform_edt((red > paler) & (red <= redder))
        ridges.append(depth[(depth == maximum_filter(depth, 3)) & (depth > 1.5)])
    values = np.concatenate(ridges)
    if values.size < 20:
        raise Abstain("nothing is thick enough to be a wall of muscle")
    return float(np.quantile(values, 0.7))


def _look(redness: Array, paler: float, redder: float, half: float) -> _Look | None:
    """The chamber in one picture, or None where there is none; walls thinner than twice `half` are left out."""
    from scipy.ndimage import binary_closing, binary_dilation, binary_opening, distance_transform_edt, label

    blood = binary_closing(redness > redder, _disc(2))
    core = distance_transform_edt((redness > paler) & ~blood) > half
    if not core.any():
        return None
    labels, count = label(distance_transform_edt(~core) < half)
    if count == 0:
        return None
    muscle = labels == np.bincount(labels.ravel())[1:].argmax() + 1
    cup = _hull(muscle)
    if not HULL[0] < cup.mean() < HULL[1] or _touches_border(cup):
        return None
    inside, count = label(binary_opening(blood & cup, _disc(2)))
    if count == 0:
        return None
    sizes = np.bincount(inside.ravel())
    sizes[0] = 0
    cavity = _hull(np.isin(inside, np.flatnonzero(sizes > 0.1 * sizes.max()))) & cup
    if not CAVITY[0] < cavity.sum() / cup.sum() < CAVITY[1]:
        return None
    rim = binary_dilation(cavity, _disc(2)) & ~cavity
    near = binary_dilation(muscle, _disc(3))
    mouth = rim & ~near
    if near[rim].mean() < ENCLOSED or not mouth.any():
        return None
    wall = cup & ~cavity
    depth = distance_transform_edt(np.pad(wall, 1))[1:-1, 1:-1]
    # Across a band of thickness h the distance to its edges is h/4 in the mean.
    return _Look(
        float(cavity.sum()),
        4 * float(depth[wall].mean()),
        np.argwhere(muscle)[:, ::-1].astype(float),
        np.argwhere(mouth)[:, ::-1].mean(axis=0),
    )


def _disc(radius: int) -> Mask:
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return np.asarray(x * x + y * y <= radius * radius + 0.5)


def _hull(mask: Mask) -> Mask:
    """The convex hull of a mask, filled."""
    from PIL import Image, ImageDraw
    from scipy.spatial import ConvexHull, QhullError

    points = np.argwhere(mask & ~_inner(mask))[:, ::-1]
    try:
        corners = points[ConvexHull(points).vertices]
    except (QhullError, ValueError):  # fewer than three points, or all in one line
        return mask
    image = Image.new("1", (mask.shape[1], mask.shape[0]))
    ImageDraw.Draw(image).polygon([(int(x), int(y)) for x, y in corners], fill=1, outline=1)
    return np.asarray(image, bool)


def _inner(mask: Mask) -> Mask:
    """Pixels whose four neighbours are all in the mask."""
    inner = np.zeros_like(mask)
    inner[1:-1, 1:-1] = mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    return inner


def _touches_border(mask: Mask) -> bool:
    return bool(mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any())
