"""Finds one large cell and the few small things of another colour around and inside it."""

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
BLUR = 0.003
"""Smoothing before things are looked for, of the longer side."""
CELL = (0.03, 0.6)
"""Area of the cell, of the picture."""
SMALLEST = 0.0004
"""Least area of a small thing, of the picture."""
OWN_COLOUR = 0.10
"""Distance from the cell's chromaticity (r, g, b over their sum) that counts as another colour."""
MOST = 12
"""More small things than this are a crowd."""

Mask = NDArray[np.bool_]
Points = NDArray[np.float64]


@dataclass(frozen=True)
class Look:
    """One frame. Lengths in working pixels, positions (x, y)."""

    cell: Mask
    """(h, w) the cell with what it encloses."""
    centre: Points
    """(2,) of the cell."""
    prey: Points
    """(things, 2)"""
    length: NDArray[np.float64]
    """(things,) along the longer axis."""
    inside: Mask
    """(things,)"""
    gap: NDArray[np.float64]
    """(things,) from the thing's nearest pixel to the cell; 0 where they touch."""

    @property
    def radius(self) -> float:
        """Of a disc as large as the cell."""
        return float(np.sqrt(self.cell.sum() / np.pi))


def find(clip: Clip) -> tuple[Look, ...]:
    """What a clip's frames show.

    Raises:
        Abstain: there is no single large cell, or nothing small of another colour.
    """
    return found(clip, "prey", _find)


def _find(clip: Clip) -> tuple[Look, ...]:
    needs_frames(clip)
    images = clip.rgb[np.unique(np.linspace(0, clip.count - 1, min(LOOKS, clip.count)).round().astype(int))]
    contrast = bodies.contrast(images, BLUR)
    shown = contrast > bodies.threshold(contrast)
    cells = np.stack([_largest(mask) for mask in shown])
    _refuse_odd_cells(cells)
    other = _of_another_colour(images, shown, cells)
    looks = tuple(_look(mask, prey) for mask, prey in zip(shown, other, strict=True))
    usual = float(np.median([len(look.prey) for look in looks]))
    if not 1 <= usual <= MOST:
        raise Abstain(f"{usual:g} small things of another colour in a frame, 1 to {MOST} needed", things=usual)
    return looks


def _largest(mask: Mask) -> Mask:
    """The largest connected part, its holes filled."""
    from scipy.ndimage import binary_fill_holes, label

    labels, count = label(mask)
    if count == 0:
        return np.zeros_like(mask)
    return np.asarray(binary_fill_holes(labels == np.bincount(labels.ravel())[1:].argmax() + 1), bool)


def _refuse_odd_cells(cells: Mask) -> None:
    from scipy.ndimage import distance_transform_edt

    areas = cells.mean(axis=(1, 2))
    if not CELL[0] < float(np.median(areas)) < CELL[1]:
        raise Abstain(
            f"the largest thing covers {100 * float(np.median(areas)):.1f} % of the picture, no single large cell",
            area=rounded(float(np.median(areas))),
        )
    jitter = float(np.median(np.abs(np.diff(areas)) / np.maximum(areas[1:], 1e-9)))
    change = float(areas.max() / max(float(areas.min()), 1e-9))
    if jitter > 0.08 or change > 1.8:
        raise Abstain(f"the largest thing changes its area {change:.1f}-fold, no single cell", change=rounded(change))
    some = cells[:: max(1, len(cells) // 6)]
    spread = [mask.sum() / (np.pi * float(distance_transform_edt(np.pad(mask, 1)).max()) ** 2) for mask in some]
    if float(np.median(spread)) > 1.9:
        raise Abstain("the largest thing is no compact cell", spread=rounded(float(np.median(spread))))


def _of_another_colour(images: Array, shown: Mask, cells: Mask) -> Mask:
    """(looks, h, w): what stands out and has not the cell's colour."""
    hue = images / np.maximum(images.sum(axis=-1, keepdims=True), 0.12)
    usual = np.median(hue[cells & shown], axis=0)
    away = np.sqrt(np.square(hue - usual).sum(axis=-1))
    top = float(np.quantile(away[shown], 0.995))
    if top < 2 * OWN_COLOUR:
        raise Abstain(f"nothing small has a colour of its own (distance {top:.2f}, at least {2 * OWN_COLOUR} needed)")
    return np.asarray(shown & (away > max(OWN_COLOUR, 0.5 * top)))


def _look(shown: Mask, other: Mask) -> Look:
    from scipy.ndimage import binary_dilation, distance_transform_edt, find_objects, label

    labels, _ = label(other)
    places, lengths, parts = [], [], []
    for number, box in enumerate(find_objects(labels), start=1):
        points = np.argwhere(labels[box] == number)[:, ::-1] + (box[1].start, box[0].start)
        if len(points) < max(8, SMALLEST * shown.size):
            continue
        spread = np.linalg.eigvalsh(np.cov(points.T) + np.eye(2) / 12)[-1]  # a rod of length L has L²/12
        places.append(points.mean(axis=0))
        lengths.append(float(np.sqrt(12 * spread)))
        parts.append(points)
    # Without the things themselves: one that is only touched stays outside, one that is enclosed fills a hole.
    cell = _largest(shown & ~binary_dilation(other))
    away = distance_transform_edt(~cell)
    rows, columns = np.nonzero(cell)
    prey = np.array(places).reshape(-1, 2)
    at = prey.round().astype(int)
    return Look(
        cell=cell,
        centre=np.array([columns.mean(), rows.mean()]) if rows.size else np.zeros(2),
        prey=prey,
        length=np.array(lengths),
        inside=cell[at[:, 1], at[:, 0]],
        gap=np.array([max(0.0, float(away[points[:, 1], points[:, 0]].min()) - 2) for points in parts]),
    )


def followed(looks: tuple[Look, ...], start: int, thing: int) -> list[int | None]:
    """Index of one small thing in every look, followed both ways from look `start` to the nearest place.

    None where it is out of reach: farther than a third of the cell's radius from where it was.
    """
    out: list[int | None] = [None] * len(looks)
    for order in (range(start, len(looks)), range(start, -1, -1)):
        last = looks[start].prey[thing]
        for i in order:
            look = looks[i]
            if not len(look.prey):
                break
            apart = np.hypot(*(look.prey - last).T)
            if apart.min() > look.radius / 3:
                break
            out[i] = int(apart.argmin())
            last = look.prey[out[i]]
    return out
