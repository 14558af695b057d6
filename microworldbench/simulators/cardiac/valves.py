"""Leaflets, cords and papillary muscles as curves in the heart's frame (mm), for drawing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .shape import Section

Array = NDArray[np.float64]

_KNOTS = 14


def mitral_leaflets(section: Section, opened: float) -> tuple[Array, Array]:
    """The anterior and the posterior leaflet, (points, 2) from hinge to free edge, `opened` 0 to 1.

    A leaflet keeps its length: two rods whose directions turn from the shut to the open position, then rounded.
    """
    middle, half = section.mitral
    curves = []
    for sign, length, shut, wide in ((1.0, 1.32, (1.12, 0.05), (0.12, 0.16)), (-1.0, 1.05, (1.24, 0.1), (0.2, 0.05))):
        hinge = np.array([section.base, middle - sign * half])
        # Angles from the long axis (towards the apex): 0 lies along it, π/2 across the orifice.
        first, second = (s + (w - s) * opened for s, w in zip(shut, wide, strict=True))
        part = 0.74 * length * half
        joint = hinge + part * _turned(first, sign)
        curves.append(_rounded(hinge, joint, joint + (length * half - part) * _turned(second, sign)))
    return curves[0], curves[1]


def _turned(angle: float, sign: float) -> Array:
    return np.array([-np.cos(angle), sign * np.sin(angle)])


def aortic_cusps(section: Section, opened: float) -> tuple[Array, Array]:
    """The two cusps that the section cuts, (points, 2) from hinge to free edge."""
    _, cos, sin = section.aorta
    half = section.aortic[1]
    curves = []
    for sign in (-1.0, 1.0):
        # Along the vessel's axis and across it: shut they belly towards the ventricle and meet on the axis.
        shut = np.array([[0.0, sign * half], [-0.18 * half, sign * 0.42 * half], [0.62 * half, 0.03 * sign * half]])
        wide = np.array([[0.0, sign * half], [0.75 * half, sign * 0.9 * half], [1.35 * half, sign * 0.98 * half]])
        knots = shut + (wide - shut) * opened
        turned = np.stack([knots[:, 0] * cos - knots[:, 1] * sin, knots[:, 0] * sin + knots[:, 1] * cos], axis=1)
        curves.append(_rounded(*(turned + np.array([section.base, section.aortic[0]]))))
    return curves[0], curves[1]


def papillaries(section: Section) -> tuple[Array, Array]:
    """The two papillary muscles, (2, 2): root in the wall and tip, upper one first."""
    pair = []
    for sign in (-1.0, 1.0):
        points = []
        for s, across in ((0.30, 0.98), (0.57, 0.50)):
            reach = np.sqrt((section.inner_a + section.inner_b * s) * s)
            points.append([section.apex + s * (section.base - section.apex), sign * across * reach])
        pair.append(np.array(points))
    return pair[0], pair[1]


def cords(leaflets: tuple[Array, Array], muscles: tuple[Array, Array]) -> list[Array]:
    """Cords, (2, 2) each, from the tips of the papillary muscles to the free edges and bellies of the leaflets."""
    lines = []
    for leaflet, own, other in ((leaflets[0], muscles[0], muscles[1]), (leaflets[1], muscles[1], muscles[0])):
        for at, muscle, aside in ((-1, own, -0.8), (-4, own, 0.9), (-1, other, 0.0)):
            lines.append(np.array([muscle[1] + [0.0, aside], leaflet[at]]))
    return lines


def _rounded(first: Array, joint: Array, last: Array) -> Array:
    """Quadratic Bézier curve towards `joint`, pulled half way back to the corner so that little length is lost."""
    t = np.linspace(0, 1, _KNOTS)[:, None]
    corner = joint + 0.35 * (joint - (first + last) / 2)
    return np.asarray((1 - t) ** 2 * first + 2 * t * (1 - t) * corner + t**2 * last)
