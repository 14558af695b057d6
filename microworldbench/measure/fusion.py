"""Measurements of containers that fuse with a membrane: in what order, how wide, and what becomes of their contents."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from . import docked as finder
from .clip import Clip
from .docked import FLOOR, WALL, Row
from .picture import needs_a_held_camera, needs_order
from .spec import Abstain, Measured, MeasurementSpec, Params, decided, rounded

KEPT, LOST = 0.72, 0.5
"""Likeness of a wall to what it was, above which it stands as it did, and below which it is gone or elsewhere."""
OPENED = 0.3
"""Width of a gap in the membrane, over the contents' radius, from which something has opened."""


class OrderParams(Params):
    """Yellow before the opening."""

    lead_s: float = Field(default=0.1, ge=0)
    """Least time by which yellow enters before anything opens."""


class WidthParams(Params):
    """An opening that starts narrow."""

    first: float = Field(default=1.1, gt=0)
    """Largest width of the opening within its first fifth of a second, over the contents' radius."""
    last: float = Field(default=1.6, gt=0)
    """Least width that it reaches."""


class LeaveParams(Params):
    """Contents that leave."""

    left: float = Field(default=0.5, gt=0, lt=1)
    """Largest share of a container's contents that is left in its place."""
    found: float = Field(default=0.35, gt=0, lt=1)
    """Least amount beyond the membrane, over one container's contents."""


class SeepParams(Params):
    """Contents that seep out of a closed container."""

    found: float = Field(default=0.25, gt=0, lt=1)
    """Amount beyond the membrane, over one container's contents, from which the fault is met."""


class BurstParams(Params):
    """A container that is gone without having opened."""

    gap: float = Field(default=OPENED, gt=0)
    """Largest width of an opening under it, over the contents' radius."""


class MiddleParams(Params):
    """The middle container alone."""

    kept: float = Field(default=KEPT, gt=0, lt=1)
    """Least likeness of the walls of those that stay closed."""


class CrossParams(Params):
    """A container that crosses as a whole."""

    likeness: float = Field(default=0.55, gt=0, lt=1)
    """Correlation of what is found beyond the membrane with a whole container, from which the fault is met."""


class NumberParams(Params):
    """How many containers there are."""

    number: int = Field(default=3, ge=2, le=5)


class SpeckParams(Params):
    """Specks of two colours."""

    yellow: float = Field(default=1.2e-4, gt=0)
    """Least amount of yellow over the picture's area."""


def _ended(row: Row) -> NDArray[np.floating]:
    """(containers,) likeness of each wall at the end."""
    return np.asarray(np.median(row.wall[-max(3, len(row.wall) // 12) :], axis=0))


def _least(row: Row) -> NDArray[np.floating]:
    """(containers,) likeness of each wall when it was least."""
    return np.asarray(np.quantile(row.wall, 0.04, axis=0))


def _widest(row: Row) -> NDArray[np.floating]:
    """(containers,) width of the widest gap under each."""
    return np.asarray(np.quantile(row.gap, 0.95, axis=0))


def _opened(row: Row) -> list[int]:
    """Containers that open or move away."""
    return [i for i in range(row.count) if _least(row)[i] < LOST]


def _since(series: NDArray[np.bool_], held: int = 2) -> float:
    """First frame from which something holds for `held` frames; inf for never."""
    runs = np.convolve(series.astype(int), np.ones(held, int), "valid") == held
    return float(runs.argmax()) if runs.any() else float("inf")


def calcium_first(clip: Clip, params: OrderParams) -> Measured:
    """Yellow specks pass the membrane before anything opens."""
    row = finder.find(clip)
    needs_order(clip)
    needs_a_held_camera(clip)
    if row.yellow < 0.3 * SpeckParams().yellow:
        raise Abstain("no yellow specks are seen")
    if float(np.median(row.entered[:3])) > 0.3:
        return Measured(False, "yellow specks are above the membrane from the start and do not enter")
    if not _opened(row):
        raise Abstain("no container opens, so nothing follows the yellow specks")
    opening = min(_since(row.wall[:, i] < KEPT) for i in _opened(row)) / clip.fps
    entry = _since(row.entered > 0.06) / clip.fps
    lead = opening - entry
    met = True if lead > params.lead_s else False if lead < -params.lead_s else None
    text = f"yellow specks are above the membrane from {entry:.1f} s on and a container opens at {opening:.1f} s"
    return Measured(met, text, {"entry_s": rounded(entry), "opening_s": rounded(opening)})


def narrow_first(clip: Clip, params: WidthParams) -> Measured:
    """An opening starts narrow and widens."""
    row = finder.find(clip)
    needs_order(clip)
    best = int(_widest(row).argmax())
    widest = float(_widest(row)[best])
    if widest < OPENED:
        return Measured(False, "no opening appears in the membrane", {"widest": rounded(widest)})
    if _crossing(clip, row) > 0.8 * CrossParams().likeness:
        raise Abstain("what passes the membrane looks like a whole container")
    start = int(_since(row.gap[:, best] >= OPENED, 1))
    first = float(np.median(row.gap[start : start + max(2, round(0.2 * clip.fps)), best]))
    small = decided(first, params.first, 1.5 * params.first, above=False)
    grown = decided(widest, 0.75 * params.last, params.last)
    met = False if small is False or (grown is False and widest < OPENED) else True if small and grown else None
    text = (
        f"the opening is {first:.1f} times the contents' radius wide at first (met up to {params.first:g}) and "
        f"{widest:.1f} later (met from {params.last:g})"
    )
    return Measured(met, text, {"first": rounded(first), "widest": rounded(widest)})


def leaves(clip: Clip, params: LeaveParams) -> Measured:
    """A container that opens empties into the cleft."""
    row = finder.find(clip)
    needs_order(clip)
    part = max(3, clip.count // 12)
    left, found = np.median(row.inside[-part:], axis=0), float(np.median(row.below[-part:]))
    best = int(left.argmin())
    gone, there = (
        decided(float(left[best]), params.left, 1.4 * params.left, above=False),
        decided(found, 0.6 * params.found, params.found),
    )
    through = _least(row)[best] < LOST and _crossing(clip, row) < 0.8 * CrossParams().likeness
    met = False if False in (gone, there) else None if None in (gone, there) or not through else True
    if gone and there and _least(row)[best] > KEPT:
        met = False
    text = (
        f"{100 * left[best]:.0f} % of the contents are left in one container (met up to {100 * params.left:.0f} %), "
        f"{100 * found:.0f} % are beyond the membrane (met from {100 * params.found:.0f} %), and its wall "
        f"{'moves' if through else 'stays'}"
    )
    return Measured(met, text, {"left": rounded(float(left[best])), "found": rounded(found)})


def seeps(clip: Clip, params: SeepParams) -> Measured:
    """Contents appear beyond the membrane while all containers stay closed."""
    row = finder.find(clip)
    if _crossing(clip, row) > 0.8 * CrossParams().likeness:
        raise Abstain("a whole container is beyond the membrane, with its contents")
    closed = np.asarray((row.wall > KEPT).all(axis=1) & (row.gap < OPENED).all(axis=1))
    still = bool((_least(row) > KEPT).all())
    until = len(closed) if still else int(np.argmin(closed))
    start = float(np.median(row.below[: max(3, clip.count // 12)]))
    found = float(np.max(row.below[:until], initial=0.0)) - start
    met = decided(found, 0.5 * params.found, params.found)
    text = (
        f"{100 * found:.0f} % of one container's contents are beyond the membrane while all are closed (a fault from "
        f"{100 * params.found:.0f} %)"
    )
    return Measured(met, text, {"found": rounded(found), "closed_throughout": int(still)})


def flattens(clip: Clip, params: WidthParams) -> Measured:
    """A container opens ever wider and flattens into the membrane."""
    row = finder.find(clip)
    needs_order(clip)
    ended = _ended(row)
    if (ended > KEPT).all():
        return Measured(False, f"all walls stand at the end as at first (likeness from {ended.min():.2f})")
    best = int(ended.argmin())
    widest = float(_widest(row)[best])
    if _crossing(clip, row) > 0.8 * CrossParams().likeness:
        return Measured(False, "what passes the membrane is a whole container, which flattens nowhere")
    met = decided(widest, OPENED, params.last) if ended[best] < LOST else None
    text = (
        f"one wall is gone from its place (likeness {ended[best]:.2f}) and the membrane under it opened "
        f"{widest:.1f} times the contents' radius wide (met from {params.last:g})"
    )
    return Measured(met, text, {"likeness": rounded(float(ended[best])), "widest": rounded(widest)})


def bursts(clip: Clip, params: BurstParams) -> Measured:
    """A container is gone, and the membrane under it never opened."""
    row = finder.find(clip)
    ended = _ended(row)
    if (ended > KEPT).all():
        return Measured(False, f"all walls stand at the end as at first (likeness from {ended.min():.2f})")
    if _crossing(clip, row) > 0.8 * CrossParams().likeness:
        return Measured(False, "the container that has left its place is found whole beyond the membrane")
    best = int(ended.argmin())
    widest = float(_widest(row)[best])
    met = decided(widest, params.gap, 2.5 * params.gap, above=False) if ended[best] < LOST else None
    text = (
        f"one wall is gone (likeness {ended[best]:.2f}), and the membrane under it opened {widest:.1f} times the "
        f"contents' radius wide (a burst up to {params.gap:g})"
    )
    return Measured(met, text, {"likeness": rounded(float(ended[best])), "widest": rounded(widest)})


def _crossing(clip: Clip, row: Row) -> float:
    """The best likeness of anything beyond the membrane to a whole container as it looked at first."""
    return clip.keep("crossing", lambda: _whole_beyond(clip, row))


def _whole_beyond(clip: Clip, row: Row) -> float:
    height, width = clip.luma.shape[1:]
    reach = round(WALL[1] * row.radius)
    side = np.arange(-reach, reach + 1)
    away = np.hypot(side[:, None], side[None]) / row.radius
    ring = (away > 0.9) & (away < WALL[1])
    first = np.median(clip.luma[: max(4, round(finder.START * clip.count))], axis=0)
    best = 0.0
    for cx, cy in zip(np.rint(row.x).astype(int), np.rint(row.y).astype(int), strict=True):
        if cx < reach or cx + reach >= width or cy < reach or cy + reach >= height:
            continue
        model = first[cy - reach : cy + reach + 1, cx - reach : cx + reach + 1][ring]
        model = model - model.mean()
        # From where the container has passed the membrane; its lower part may be out of the picture.
        for down in range(
            round((FLOOR[1] + 0.5) * row.radius), round(5.0 * row.radius), max(1, round(0.1 * row.radius))
        ):
            top = cy + down - reach
            rows = np.arange(top, min(height, cy + down + reach + 1))
            if rows.size < 1.25 * reach:
                break
            part = ring[: rows.size]
            for image in clip.luma[clip.count // 5 :: max(1, clip.count // 20)]:
                seen = image[rows[0] : rows[-1] + 1, cx - reach : cx + reach + 1][part]
                part_model = model[: int(part.sum())]
                a, b = seen - seen.mean(), part_model - part_model.mean()
                size = float(np.linalg.norm(a) * np.linalg.norm(b))
                best = max(best, float(a @ b) / size if size > 1e-6 else 0.0)
    return best


def crosses(clip: Clip, params: CrossParams) -> Measured:
    """A whole container passes the membrane."""
    likeness = _crossing(clip, finder.find(clip))
    met = decided(likeness, 0.8 * params.likeness, params.likeness)
    text = (
        f"the best likeness to a whole container beyond the membrane is {likeness:.2f} (fault from {params.likeness:g})"
    )
    return Measured(met, text, {"likeness": rounded(likeness)})


def neighbours(clip: Clip, params: LeaveParams) -> Measured:
    """The outer containers stay as they are."""
    row = finder.find(clip)
    needs_a_held_camera(clip)
    if row.count != 3:
        raise Abstain(f"{row.count} containers in the row, 3 needed to tell middle from sides")
    outer = [0, 2]
    wall = float(_least(row)[outer].min())
    inside = float(np.median(row.inside[-max(3, clip.count // 12) :], axis=0)[outer].min())
    walls, contents = decided(wall, LOST, KEPT), decided(inside, params.left, 1.4 * params.left)
    met = False if False in (walls, contents) else None if None in (walls, contents) else True
    text = (
        f"the walls of the outer containers keep a likeness of {wall:.2f} (met from {KEPT:g}) and {100 * inside:.0f} % "
        "of their contents"
    )
    return Measured(met, text, {"likeness": rounded(wall), "inside": rounded(inside)})


def middle(clip: Clip, params: MiddleParams) -> Measured:
    """The container that opens is the one in the middle."""
    row = finder.find(clip)
    needs_a_held_camera(clip)
    if row.count != 3:
        raise Abstain(f"{row.count} containers in the row, 3 needed to tell middle from sides")
    if _crossing(clip, row) > 0.8 * CrossParams().likeness:
        raise Abstain("a whole container passes the membrane")
    opened = _opened(row)
    if opened == [1] and float(_widest(row)[1]) < OPENED:
        raise Abstain("the middle container is gone, but the membrane under it never opened")
    doubtful = any(LOST <= value < params.kept for value in _least(row))
    met = None if doubtful else opened == [1]
    said = ", ".join(("left", "middle", "right")[i] for i in opened) or "none"
    return Measured(met, f"containers that open: {said} (met for the middle one alone)", {"opened": len(opened)})


def number(clip: Clip, params: NumberParams) -> Measured:
    """So many containers stand in the row at first."""
    count = finder.find(clip).count
    return Measured(count == params.number, f"{count} containers at first ({params.number} wanted)", {"count": count})


def specks(clip: Clip, params: SpeckParams) -> Measured:
    """There are yellow and blue specks."""
    row = finder.find(clip)
    met = decided(row.yellow, 0.4 * params.yellow, params.yellow)
    text = (
        f"beside blue there is yellow, {1e4 * row.yellow:.1f} parts in ten thousand (met from {1e4 * params.yellow:g})"
    )
    return Measured(met, text, {"yellow": rounded(row.yellow, 6)})


SPECS = (
    MeasurementSpec("fusion-after-calcium", "Yellow specks enter before anything opens.", OrderParams, calcium_first),
    MeasurementSpec("fusion-narrow-first", "An opening starts narrow and widens.", WidthParams, narrow_first),
    MeasurementSpec("fusion-empties", "A container that opens empties beyond the membrane.", LeaveParams, leaves),
    MeasurementSpec("fusion-seeps", "Contents seep out of closed containers.", SeepParams, seeps, fault=True),
    MeasurementSpec("fusion-flattens", "A container opens wide and flattens.", WidthParams, flattens),
    MeasurementSpec("fusion-bursts", "A container vanishes without opening.", BurstParams, bursts, fault=True),
    MeasurementSpec("fusion-crosses", "A whole container passes the membrane.", CrossParams, crosses, fault=True),
    MeasurementSpec("fusion-neighbours", "The outer containers stay as they are.", LeaveParams, neighbours),
    MeasurementSpec("fusion-middle", "The middle container alone opens.", MiddleParams, middle),
    MeasurementSpec("fusion-row", "So many containers stand in a row at first.", NumberParams, number),
    MeasurementSpec("fusion-specks", "There are specks of yellow beside the blue ones.", SpeckParams, specks),
)
