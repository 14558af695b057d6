"""Finds a two-headed walker on a track by the colours it was asked for, and follows heads and load."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .clip import Array, Clip
from .picture import needs_frames
from .spec import Abstain, found, rounded

Points = NDArray[np.float64]

MAX_FRAMES = 300
HUES = {"crimson": (328, 366), "gold": (34, 58), "teal": (140, 192), "violet": (228, 290)}
"""Degrees."""
FLOORS = {"crimson": (0.45, 0.28), "gold": (0.45, 0.28), "teal": (0.25, 0.10), "violet": (0.22, 0.15)}
"""Least saturation, and least brightness, of a pixel that counts."""
SEEN = 0.85
"""Least share of frames in which each head must be seen."""
COMPACT = 0.6
"""Least share of a head's colour that lies in one place."""
UNDER = 0.75
"""Largest brightness of what lies below the track, over the track's."""


@dataclass(frozen=True)
class Walk:
    """A walker over time. Lengths over the picture's width; heights upwards from the track's surface."""

    heads: Points
    """(frames, 2, 2): x and height of the crimson and the gold head."""
    load: Points
    """(frames,) x of the violet load; nan where it is not seen."""
    thickness: float
    """Of the track."""
    is_whole: bool
    """Whether the track's lower side lies in the picture, with dark ground below it."""
    surface: float
    """Of the track: row over the picture's height."""
    fps: float

    @property
    def motor(self) -> Points:
        """(frames,) x of the middle between the heads."""
        return np.asarray(self.heads[..., 0].mean(axis=1))


def find(clip: Clip) -> Walk:
    """The walker of a clip.

    Raises:
        Abstain: there is no track, or no two heads that can be followed.
    """
    return found(clip, "walk", _find)


def _find(clip: Clip) -> Walk:
    needs_frames(clip, 16)
    if clip.count > MAX_FRAMES:
        raise Abstain(f"{clip.count} frames are too many to follow a walker in, at most {MAX_FRAMES}")
    top, thickness = _track(clip)
    height, width = clip.rgb.shape[1:3]
    places = {name: np.full((clip.count, 2), np.nan) for name in ("crimson", "gold")}
    load = np.full(clip.count, np.nan)
    for t, image in enumerate(clip.rgb):
        amount = amounts(image)
        load[t] = _middle(amount["violet"])
        for name, place in places.items():
            place[t] = _blob(amount[name])
    heads = np.stack([_filled(place, name) for name, place in places.items()], axis=1)
    above = np.stack([heads[..., 0], top - heads[..., 1]], axis=-1) / width
    return Walk(above, load / width, thickness / width, _is_whole(clip, top, thickness), top / height, clip.fps)


def amounts(image: Array) -> dict[str, Array]:
    """(h, w) how much of each colour every pixel of `image` has: 0, or its saturation times its brightness."""
    r, g, b = image[..., 0], image[..., 1], image[..., 2]
    top, bottom = np.maximum(np.maximum(r, g), b), np.minimum(np.minimum(r, g), b)
    strong = np.flatnonzero((top - bottom > 0.22 * top) & (top > 0.10))
    r, g, b = r.ravel()[strong], g.ravel()[strong], b.ravel()[strong]
    high = top.ravel()[strong]
    spread = high - bottom.ravel()[strong]
    hue = 60 * np.where(
        high == r, (g - b) / spread % 6, np.where(high == g, (b - r) / spread + 2, (r - g) / spread + 4)
    )
    out = {}
    for name, (low, up) in HUES.items():
        pale, dark = FLOORS[name]
        there = ((hue >= low) & (hue <= up) | (hue + 360 <= up)) & (spread > pale * high) & (high > dark)
        amount = np.zeros(top.size, np.float32)
        amount[strong[there]] = spread[there]
        out[name] = amount.reshape(top.shape)
    return out


def _track(clip: Clip) -> tuple[float, float]:
    """Row of the track's upper surface, and its thickness in rows.

    Raises:
        Abstain: no level teal band runs from side to side.
    """
    from scipy.ndimage import binary_closing, label

    some = clip.rgb[np.linspace(0, clip.count - 1, 9).astype(int)]
    teal = np.median([amounts(image)["teal"] for image in some], axis=0) > 0
    rows = teal.mean(axis=1)
    full = binary_closing(np.pad(rows > 0.45, 3), iterations=3)[3:-3]
    labels, count = label(full)
    if not count:
        raise Abstain(f"no level teal track from side to side (at most {100 * rows.max():.0f} % of a row is teal)")
    sizes = np.bincount(labels.ravel())[1:]
    band = np.flatnonzero(labels == sizes.argmax() + 1)
    across = teal[band].any(axis=0)
    if across.mean() < 0.85 or not 0.04 < band.size / teal.shape[0] < 0.5:
        raise Abstain(f"what is teal is no track from side to side ({100 * across.mean():.0f} % of the width)")
    # Half of the usual cover marks the surface to a fraction of a row.
    usual = float(np.median(rows[band]))
    first, last = (_crossing(rows, int(edge), usual / 2, step) for edge, step in ((band[0], -1), (band[-1], 1)))
    return first, last - first


def _is_whole(clip: Clip, top: float, thickness: float) -> bool:
    """Whether what lies right below the track is darker than the track."""
    bottom, some = round(top + thickness), np.median(clip.luma[:: max(1, clip.count // 8)], axis=0)
    below = some[bottom + 2 : bottom + 2 + max(1, round(0.15 * thickness))]
    return below.size > 0 and float(np.median(below)) < UNDER * float(np.median(some[round(top) : bottom]))


def _crossing(rows: Points, edge: int, level: float, step: int) -> float:
    """Where `rows` falls below `level` on the way out from row `edge`."""
    while 0 <= edge + step < len(rows) and rows[edge] < level:
        edge -= step
    while 0 <= edge + step < len(rows) and rows[edge + step] >= level:
        edge += step
    if not 0 <= edge + step < len(rows):
        return float(edge)
    return edge + step * float((rows[edge] - level) / max(rows[edge] - rows[edge + step], 1e-6))


def _blob(amount: Array) -> tuple[float, float]:
    """Place (x, y) of the one spot that holds most of a colour; nan where there is none."""
    radius = max(3, round(0.035 * amount.shape[1]))
    total = float(amount.sum())
    if total < 2e-5 * amount.size:
        return float("nan"), float("nan")
    y, x = _densest(amount, radius)
    top, left = max(0, y - radius), max(0, x - radius)
    near = amount[top : y + radius + 1, left : x + radius + 1]
    share = float(near.sum())
    if share < COMPACT * total:
        return float("nan"), float("nan")
    rows, columns = np.arange(near.shape[0]), np.arange(near.shape[1])
    return left + float(near.sum(axis=0) @ columns) / share, top + float(near.sum(axis=1) @ rows) / share


def _filled(places: Points, name: str) -> Points:
    """Places of a head in all frames; those without one take their neighbours'.

    Raises:
        Abstain: it is not seen in enough of them.
    """
    seen = np.isfinite(places[:, 0])
    if seen.mean() < SEEN:
        raise Abstain(
            f"a {name} head is seen in one place in {100 * seen.mean():.0f} % of the frames, {100 * SEEN:.0f} % needed",
            seen=rounded(float(seen.mean())),
        )
    frames = np.arange(len(places))
    return np.stack([np.interp(frames, frames[seen], places[seen, axis]) for axis in (0, 1)], axis=1)


def _densest(amount: Array, radius: int) -> tuple[int, int]:
    """Middle of the square of about `radius` with most of `amount` in it, to half a radius, then centred."""
    step = max(1, radius // 2)
    rows, columns = np.arange(0, amount.shape[0], step), np.arange(0, amount.shape[1], step)
    coarse = np.add.reduceat(np.add.reduceat(amount, rows, axis=0), columns, axis=1)
    padded = np.pad(coarse, 1)
    box = sum(padded[i : i + coarse.shape[0], j : j + coarse.shape[1]] for i in range(3) for j in range(3))
    i, j = np.unravel_index(int(np.argmax(box)), coarse.shape)
    return int(rows[i] + step // 2), int(columns[j] + step // 2)


def _middle(amount: Array) -> float:
    """Column of the middle of a colour; nan where there is little of it."""
    profile = (amount > 0).sum(axis=0).astype(np.float64)
    total = float(profile.sum())
    return float(profile @ np.arange(profile.size)) / total if total > 0.01 * amount.size else float("nan")
