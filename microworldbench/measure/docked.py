"""Finds round containers with blue contents in a row, and follows contents, walls and yellow specks around them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .clip import Array, Clip
from .picture import needs_frames
from .spec import Abstain, found

Points = NDArray[np.float64]

MAX_FRAMES = 300
WALL = (1.06, 1.62)
"""Inner and outer radius, over that of the contents, between which a container's wall is looked for."""
FLOOR = (1.5, 1.9)
"""Upper and lower side of the membrane that containers are docked at, from their middles, over that radius."""
REACH = 3.3
"""Where the other side of the cleft begins, likewise."""
START = 0.08
"""Part of the clip that shows how things are at first."""


@dataclass(frozen=True)
class Row:
    """Containers in a row, from the left, over time."""

    x: Points
    """(containers,) columns of their middles."""
    y: Points
    radius: float
    """Of their contents, in working pixels."""
    inside: Points
    """(frames, containers) blue within a container's place, over what was there at first."""
    below: Points
    """(frames,) blue beyond the membrane, over what one container held at first."""
    wall: Points
    """(frames, containers) how much the upper wall looks as at first: correlation, 1 for the same."""
    gap: Points
    """(frames, containers) width of the stretch of membrane under a container that looks otherwise, over `radius`."""
    entered: Points
    """(frames,) yellow above the membrane, over the largest amount of yellow."""
    yellow: float
    """Largest amount of yellow, over the picture's area."""
    fps: float

    @property
    def count(self) -> int:
        """Number of containers."""
        return int(self.x.size)


def find(clip: Clip) -> Row:
    """The row of a clip.

    Raises:
        Abstain: there are no round containers with blue contents in a row.
    """
    return found(clip, "row", _find)


def _find(clip: Clip) -> Row:
    from scipy.ndimage import median_filter

    needs_frames(clip, 16)
    if clip.count > MAX_FRAMES:
        raise Abstain(f"{clip.count} frames are too many to follow containers in, at most {MAX_FRAMES}")
    first = clip.rgb[: max(4, round(START * clip.count))]
    x, y, radius = _containers(np.mean([blueness(image) for image in first], axis=0))
    rows, columns = np.indices(clip.rgb.shape[1:3])
    level = float(np.median(y))
    places = [np.hypot(rows - b, columns - a) < 1.12 * radius for a, b in zip(x, y, strict=True)]
    under, over = rows > level + FLOOR[1] * radius, rows < level + FLOOR[0] * radius
    inside, below = np.zeros((clip.count, len(x))), np.zeros(clip.count)
    entered, all_yellow = np.zeros(clip.count), np.zeros(clip.count)
    for t, image in enumerate(clip.rgb):
        blue, yellow = blueness(image), yellowness(image)
        inside[t] = [blue[place].sum() for place in places]
        below[t], entered[t], all_yellow[t] = blue[under].sum(), yellow[over].sum(), yellow.sum()
    whole = np.maximum(np.median(inside[: len(first)], axis=0), 1e-6)
    most = float(np.quantile(all_yellow, 0.95))
    return Row(
        x=x,
        y=y,
        radius=radius,
        inside=median_filter(inside / whole, (3, 1), mode="nearest"),
        below=median_filter(below, 3, mode="nearest") / float(np.median(whole)),
        wall=_walls(clip, x, y, radius, len(first)),
        gap=_gaps(clip, x, level, radius, len(first)),
        entered=median_filter(entered, 3, mode="nearest") / max(most, 1e-6),
        yellow=most / rows.size,
        fps=clip.fps,
    )


def blueness(image: Array) -> Array:
    """(h, w) by how much blue outshines the other colours, dark parts left out."""
    return np.asarray(
        np.clip(image[..., 2] - 0.9 * np.maximum(image[..., 0], image[..., 1]) - 0.09, 0, None), np.float32
    )


def yellowness(image: Array) -> Array:
    """(h, w) by how much red and green together outshine blue, brownish parts left out."""
    return np.asarray(np.clip(np.minimum(image[..., 0], image[..., 1]) - image[..., 2] - 0.2, 0, None), np.float32)


def _containers(blue: Array) -> tuple[Points, Points, float]:
    """Middles (x, y) of the containers, from the left, and the usual radius of their contents.

    Raises:
        Abstain: there is no row of two to five.
    """
    from scipy.ndimage import binary_fill_holes, find_objects, gaussian_filter, label

    height, width = blue.shape
    soft = gaussian_filter(blue, 0.014 * width)
    top = float(soft.max())
    if top < 0.03:
        raise Abstain(f"nothing blue stands out (by {top:.2f} of 1)")
    labels, _ = label(binary_fill_holes(soft > 0.3 * top))
    found = []
    for number, box in enumerate(find_objects(labels), start=1):
        part = labels[box] == number
        area, high, wide = float(part.sum()), part.shape[0], part.shape[1]
        if area > 0.004 * blue.size and 0.7 < wide / high < 1.45 and area > 0.62 * high * wide:
            y, x = np.argwhere(part).mean(axis=0)
            found.append((x + box[1].start, y + box[0].start, np.sqrt(area / np.pi)))
    if not 2 <= len(found) <= 5:
        raise Abstain(f"{len(found)} round patches of blue, 2 to 5 in a row needed", patches=len(found))
    x, y, radii = np.array(sorted(found)).T
    radius = float(np.median(radii))
    level = np.abs(y - np.median(y)).max() < 0.6 * radius and np.abs(radii / radius - 1).max() < 0.35
    if not level or np.median(y) > 0.65 * height or np.median(y) + FLOOR[1] * radius > height:
        raise Abstain("the round patches of blue lie in no row above a membrane")
    # The smoothing widens the patches by about as much as the threshold cuts off; dots reach nearly to the wall.
    return x, y, radius


def _walls(clip: Clip, x: Points, y: Points, radius: float, start: int) -> Points:
    """(frames, containers) correlation of the upper half of a container's wall with how it looked at first."""
    rows, columns = np.indices(clip.luma.shape[1:])
    out = np.zeros((clip.count, len(x)))
    for i, (cx, cy) in enumerate(zip(x, y, strict=True)):
        away = np.hypot(rows - cy, columns - cx) / radius
        part = (away > WALL[0]) & (away < WALL[1]) & (rows < cy + 0.2 * radius)
        seen = clip.luma[:, part].astype(np.float64)
        before = np.median(seen[:start], axis=0)
        out[:, i] = _alike(seen, before)
    return out


def _alike(seen: Points, before: Points) -> Points:
    """Correlation of each row of `seen` with `before`; 0 where either is flat."""
    a, b = seen - seen.mean(axis=1, keepdims=True), before - before.mean()
    size = np.linalg.norm(a, axis=1) * np.linalg.norm(b)
    return np.asarray(a @ b / np.maximum(size, 1e-9) * (np.linalg.norm(b) > 1e-3))


def _gaps(clip: Clip, x: Points, level: float, radius: float, start: int) -> Points:
    """(frames, containers) width over which the membrane under a container no longer looks as it did."""
    from scipy.ndimage import uniform_filter1d

    height = clip.luma.shape[1]
    top, bottom = (min(height - 1, round(level + edge * radius)) for edge in (FLOOR[0] + 0.06, FLOOR[1] - 0.1))
    band = clip.rgb[:, top : bottom + 1].mean(axis=1)
    before = np.median(band[:start], axis=0)
    around = np.median(clip.rgb[:start, min(height - 1, round(level + 2.3 * radius))], axis=0)
    contrast = float(np.median(np.abs(before - around).sum(axis=-1)))
    change = uniform_filter1d(np.abs(band - before).sum(axis=-1), 3, axis=1) > 0.5 * max(contrast, 0.08)
    out = np.zeros((clip.count, len(x)))
    for i, cx in enumerate(np.rint(x).astype(int)):
        near = max(1, round(0.22 * radius))
        for t, row in enumerate(change):
            seeds = np.flatnonzero(row[max(0, cx - near) : cx + near + 1])
            if seeds.size:
                seed = max(0, cx - near) + int(seeds[np.abs(seeds - near).argmin()])
                left = seed - int(np.argmin(np.append(row[seed::-1], False)))
                right = seed + int(np.argmin(np.append(row[seed:], False)))
                out[t, i] = (right - left - 1) / radius
    return out
