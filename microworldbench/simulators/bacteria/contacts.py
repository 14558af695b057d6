"""Resolves overlaps between rods: who touches whom, and how far each is moved and turned."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SWEEPS = 5
"""Passes over all contacts in a step."""
RELAXATION = 0.45
"""Share of an overlap that one pass resolves; contacts act at once, so that more would overshoot."""
REACH_UM, COHESION = 0.7, 0.025
"""The film of liquid under the pad draws rods together across gaps up to this wide, by this share of the gap a pass."""


def shoved(xy: Array, angle: Array, length: Array, width: float, coheres: bool = True) -> tuple[Array, Array]:
    """Centres (n, 2) and angles (n,) after overlapping rods have pushed one another apart.

    Args:
        xy: Centres, µm.
        angle: Of the rods' axes, radians.
        length: With the round poles, µm (n,).
        width: Of all rods, µm.
        coheres: Whether liquid draws them together across small gaps.
    """
    if len(xy) < 2:
        return xy, angle
    reach = REACH_UM if coheres else 0.0
    xy, angle = xy.copy(), angle.copy()
    half = np.maximum(length - width, 0) / 2
    one, other = _near(xy, length)
    for _ in range(SWEEPS):
        depth, first, second, normal, arm, counter = _contacts(xy, angle, half, one, other, width, reach)
        if depth.size == 0:
            break
        turn, counterturn = _cross(arm, normal), _cross(counter, normal)
        give = 1 / length[first] + 1 / length[second]
        give += 12 * (turn**2 / length[first] ** 3 + counterturn**2 / length[second] ** 3)
        push = np.where(depth > 0, RELAXATION, COHESION) * depth / give
        move, spin = np.zeros_like(xy), np.zeros_like(angle)
        for who, sign, lever in ((first, 1.0, turn), (second, -1.0, counterturn)):
            for axis in (0, 1):
                move[:, axis] += np.bincount(who, sign * push * normal[:, axis] / length[who], len(xy))
            spin += np.bincount(who, sign * push * lever * 12 / length[who] ** 3, len(xy))
        xy += move
        angle += spin
    return xy, angle


def neighbours(
    xy: Array, angle: Array, length: Array, width: float, gap: float = 0.0
) -> tuple[Array, NDArray[np.intp], NDArray[np.intp]]:
    """Rods whose surfaces overlap or lie within `gap` µm of each other: depth of the overlap, and the two rods."""
    one, other = _near(xy, length)
    return _contacts(xy, angle, np.maximum(length - width, 0) / 2, one, other, width, gap)[:3]


def _near(xy: Array, length: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs of rods that could touch."""
    one, other = np.triu_indices(len(xy), 1)
    distance = np.hypot(*(xy[one] - xy[other]).T)
    close = distance < (length[one] + length[other]) / 2 + REACH_UM
    return one[close], other[close]


def _contacts(
    xy: Array, angle: Array, half: Array, one: NDArray[np.intp], other: NDArray[np.intp], width: float, reach: float
) -> tuple[Array, NDArray[np.intp], NDArray[np.intp], Array, Array, Array]:
    """Overlaps of each end of a rod's axis with its neighbours' axes.

    Two ends for each of two rods, so that rods side by side touch at both ends of the stretch they share and do not
    rock. Returns depth, the rod with the end, the other rod, the normal towards the former, and both lever arms.
    """
    ends = half[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    first = np.concatenate([one, one, other, other])
    second = np.concatenate([other, other, one, one])
    sign = np.repeat([1.0, -1.0, 1.0, -1.0], len(one))
    arm = sign[:, None] * ends[first]
    point = xy[first] + arm
    axis = ends[second] / np.maximum(half[second], 1e-9)[:, None]
    away = point - xy[second]
    along = np.clip((away * axis).sum(axis=1), -half[second], half[second])
    counter = along[:, None] * axis
    gap = away - counter
    distance = np.hypot(gap[:, 0], gap[:, 1])
    touch = np.flatnonzero(distance < width + reach)
    distance = np.maximum(distance[touch], 1e-9)
    normal = gap[touch] / distance[:, None]
    return width - distance, first[touch], second[touch], normal, arm[touch], counter[touch]


def _cross(a: Array, b: Array) -> Array:
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
