"""Finds a vessel by what moves in it: a band across the picture, its two walls, and a static obstacle between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .clip import Array, Clip
from .picture import needs_frames
from .spec import Abstain, found, rounded

MIN_ACTIVITY = 0.010
"""Mean deviation from the background, of 1, that counts as cells passing (noise gives about 0.005)."""
BACKGROUND_FRAMES = 40
ALONG = 0.13
"""Largest change of the distance between the two walls along the vessel, as a standard deviation over its mean."""
SPAN = 0.96
"""Least part of the picture's length that a vessel reaches over: it enters on one side and leaves on the other."""


@dataclass(frozen=True)
class Corridor:
    """A band of moving things, turned so that it runs along x. Lengths in working pixels."""

    foreground: Array
    """(frames, h, w) colour distance from what lies behind."""
    activity: Array
    """(h, w) mean of the foreground over time."""
    still: tuple[Array, ...]
    """(h, w, 3) what lies behind the moving things, as each third of the clip shows it."""
    turned: bool
    """True where x and y of the clip were exchanged."""
    top: NDArray[np.float64]
    """(w,) first row that is passed through."""
    bottom: NDArray[np.float64]
    """(w,) last row that is passed through."""
    wall_top: NDArray[np.float64]
    """(w,) upper wall, as if there were no narrowing."""
    wall_bottom: NDArray[np.float64]

    @property
    def width(self) -> NDArray[np.float64]:
        """(w,) between the rows that are passed through."""
        return self.bottom - self.top

    @property
    def open_width(self) -> float:
        """Typical width away from narrowings."""
        return float(np.median(self.wall_bottom - self.wall_top))

    def throat(self) -> tuple[int, float]:
        """Column of the narrowest place away from the picture's ends, and its width over the open width."""
        from scipy.ndimage import median_filter

        w = self.width.size
        width = median_filter(self.width, max(3, w // 16), mode="nearest")
        column = int(np.argmin(width[w // 8 : w - w // 8])) + w // 8
        return column, float(width[column] / self.open_width)


def find(clip: Clip) -> Corridor:
    """The vessel of a clip.

    Raises:
        Abstain: nothing moves, or not in one band from side to side.
    """
    return found(clip, "corridor", _find)


def _find(clip: Clip) -> Corridor:
    from scipy.ndimage import gaussian_filter

    needs_frames(clip, 16)
    still = _background(clip, slice(None))
    third = -(-clip.count // 3)
    parts = tuple(_background(clip, slice(start, start + third)) for start in range(0, clip.count, third))
    foreground = np.sqrt(np.square(clip.rgb - still).sum(axis=-1))
    activity = foreground.mean(axis=0)
    smooth = gaussian_filter(activity, 0.012 * max(activity.shape))
    mask = _band(smooth, 0.33)
    if not _spans(mask):
        # Traffic may be thin on one side (cells that get lost on their way): look again for weaker activity.
        mask = _band(gaussian_filter(activity, 0.03 * max(activity.shape)), 0.12)
    rows, columns = np.nonzero(mask)
    turned = bool(np.ptp(rows) / mask.shape[0] > np.ptp(columns) / mask.shape[1])
    if turned:
        foreground = foreground.transpose(0, 2, 1)
        parts = tuple(part.transpose(1, 0, 2) for part in parts)
        activity, smooth, mask = activity.T, smooth.T, mask.T
        columns = rows
    span = float(np.ptp(columns) + 1) / mask.shape[1]
    if span < SPAN:
        raise Abstain(f"what moves spans {100 * span:.0f} % of the picture, not a band from side to side", span=span)
    top, bottom = _edges(mask)
    wall_top, wall_bottom = _walls(top, bottom)
    filled = float(mask.sum() / np.maximum(bottom - top + 1, 1).sum())
    share = float(np.median(wall_bottom - wall_top)) / mask.shape[0]
    if filled < 0.85 or not 0.08 < share < 0.8:
        raise Abstain(
            f"what moves is no band with walls (fills {100 * filled:.0f} % of its outline, {100 * share:.0f} % of the "
            "picture across)",
            filled=rounded(filled),
            share=rounded(share),
        )
    apart = wall_bottom - wall_top
    if (uneven := float(apart.std() / max(apart.mean(), 1))) > ALONG:
        raise Abstain(
            f"the edges of what moves do not run side by side (distances differ by {100 * uneven:.0f} %)",
            uneven=rounded(uneven),
        )
    return Corridor(np.ascontiguousarray(foreground), activity, parts, turned, top, bottom, wall_top, wall_bottom)


def _background(clip: Clip, part: slice) -> Array:
    """What stands still: at every pixel the mean colour of the closest 40 % of its luminances.

    Unlike a median it holds up where things pass more than half of the time, as each looks different.
    """
    frames = np.arange(clip.count)[part]
    chosen = frames[np.unique(np.linspace(0, frames.size - 1, min(BACKGROUND_FRAMES, frames.size)).round().astype(int))]
    luma, rgb = clip.luma[chosen], clip.rgb[chosen]
    order = np.argsort(luma, axis=0)
    ranked = np.take_along_axis(luma, order, axis=0)
    held = max(3, round(0.4 * len(chosen)))
    spread = ranked[held - 1 :] - ranked[: len(chosen) - held + 1]
    first = spread.argmin(axis=0)
    total = np.zeros(rgb.shape[1:], np.float32)
    for step in range(held):
        index = np.take_along_axis(order, (first + step)[None], axis=0)
        total += np.take_along_axis(rgb, index[..., None], axis=0)[0]
    return np.asarray(total / np.float32(held), np.float32)


def _spans(mask: NDArray[np.bool_]) -> bool:
    """Whether a mask reaches from side to side, along either axis."""
    rows, columns = mask.any(axis=1), mask.any(axis=0)
    return bool(max(rows.mean(), columns.mean()) >= SPAN)


def _band(smooth: Array, level: float) -> NDArray[np.bool_]:
    """The largest connected region of much activity, its holes filled."""
    from scipy.ndimage import binary_fill_holes, label

    high = float(np.quantile(smooth, 0.97))
    if high < MIN_ACTIVITY:
        raise Abstain(f"hardly anything moves (activity {high:.3f}, at least {MIN_ACTIVITY} needed)", activity=high)
    mask = smooth > level * high
    labels, count = label(mask)
    if count == 0:
        raise Abstain("nothing moves")
    sizes = np.bincount(labels.ravel())[1:]
    if sizes.max() < 0.8 * mask.sum():
        raise Abstain(f"what moves lies in {count} separate places, not in one band", places=int(count))
    return np.asarray(binary_fill_holes(labels == sizes.argmax() + 1), bool)


def _edges(mask: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """First and last row of the mask in every column; empty columns take their neighbours'."""
    there = np.flatnonzero(mask.any(axis=0))
    first = mask.argmax(axis=0)[there]
    last = mask.shape[0] - 1 - mask[::-1].argmax(axis=0)[there]
    columns = np.arange(mask.shape[1])
    return np.interp(columns, there, first), np.interp(columns, there, last)


def _walls(top: NDArray[np.float64], bottom: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Smooth walls through the outermost stretches: quadratics refitted without the columns that lie inside."""
    x = np.linspace(-1, 1, top.size)
    typical = float(np.quantile(bottom - top, 0.8))
    fits = []
    for edge, inward in ((top, 1.0), (bottom, -1.0)):
        keep = np.ones(edge.size, bool)
        for _ in range(6):
            fit = np.polyval(np.polyfit(x[keep], edge[keep], 2), x)
            inside = inward * (edge - fit)
            keep = inside < 0.05 * typical
            if keep.sum() < 0.25 * edge.size:
                keep = inside < np.quantile(inside, 0.4)
        fits.append(fit)
    return np.asarray(fits[0], np.float64), np.asarray(fits[1], np.float64)


def _unlike(still: Array, between: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How far the colour of each pixel is from that of the open vessel.

    That is a quadratic surface, for light falls off sideways, fitted to the half of the pixels it suits best.
    """
    height, width = between.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    inside = np.flatnonzero(between)[:: max(1, int(between.sum() // 6000))]
    design, colour = terms.reshape(-1, 6)[inside], still.reshape(-1, 3)[inside]
    distance = np.sqrt(np.square(colour - np.median(colour, axis=0)).sum(axis=-1))
    for _ in range(5):
        keep = distance <= np.quantile(distance, 0.5)
        weights = np.linalg.lstsq(design[keep], colour[keep], rcond=None)[0]
        distance = np.sqrt(np.square(colour - design @ weights).sum(axis=-1))
    return np.asarray(np.sqrt(np.square(still - terms @ weights).sum(axis=-1)))


@dataclass(frozen=True)
class Obstacle:
    """Something between the walls that looks unlike the open vessel."""

    share: float
    """Of the space between the walls."""
    activity: float
    """Mean activity in it over that of the open vessel."""


def obstacle(corridor: Corridor) -> Obstacle:
    """The static obstacle in a vessel, from its looks alone.

    Raises:
        Abstain: there is none.
    """
    from scipy.ndimage import binary_erosion, binary_opening, label

    row = np.arange(corridor.activity.shape[0])[:, None]
    margin = 0.10 * corridor.open_width
    between = (row > corridor.wall_top + margin) & (row < corridor.wall_bottom - margin)
    if between.sum() < 200:
        raise Abstain("the vessel is too thin to look for an obstacle")
    # Something that stands still looks the same in every part of the clip; a jam of cells does not.
    unlike = np.min([_unlike(still, between) for still in corridor.still], axis=0)
    limit = max(0.10, 2.5 * float(np.median(unlike[between])))
    mask = binary_opening(between & (unlike > limit), iterations=max(2, round(0.03 * corridor.open_width)))
    labels, count = label(mask)
    if count == 0:
        raise Abstain("nothing between the walls looks like an obstacle")
    sizes = np.bincount(labels.ravel())[1:]
    body = labels == sizes.argmax() + 1
    share = float(body.sum() / between.sum())
    if not 0.02 < share < 0.6:
        raise Abstain(f"nothing between the walls looks like an obstacle ({100 * share:.1f} % differs)", share=share)
    core = binary_erosion(body, iterations=max(2, round(0.05 * corridor.open_width)))
    core = core if core.sum() >= 30 else body
    usual = float(np.median(corridor.activity[between & ~body]))
    return Obstacle(share, float(corridor.activity[core].mean() / max(usual, 1e-6)))
