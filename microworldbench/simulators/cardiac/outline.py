"""Where tissue and blood lie in the section: distances to every outline, and how its parts carry points along.

Distances are in mm, negative inside, exact to first order near the outline: F/|∇F| for an implicit curve F = 0 (Taubin
1991, IEEE Trans. Pattern Anal. Mach. Intell. 13, 1115). Points x, y are arrays of any shape in the heart's frame.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .shape import VEIN_HALF_MM, VEINS_Y, Section

Points = NDArray[np.floating[Any]]

AORTA_HALF_MM = 12.5
SINUS_MM = 2.6
"""How far the aorta bulges behind its cusps."""


def cavity(section: Section, x: Points, y: Points) -> Points:
    """The ventricle's cavity, cut off at the valve plane."""
    length = section.base - section.apex
    body = _revolved(section.inner_a, section.inner_b, length, (x - section.apex) / length, y)
    return np.maximum(body, x - section.base)


def muscle(section: Section, x: Points, y: Points) -> Points:
    """The ventricle's outer surface, with a rounded shoulder at the base."""
    body = _revolved(section.outer_a, section.outer_b, section.base, x / section.base, y)
    over = np.maximum(x - section.base + 3.0, 0)
    return np.where(body > -6, np.hypot(np.maximum(body + 6, 0), over) - 6, np.maximum(body, over - 6))


def atrium(section: Section, x: Points, y: Points) -> Points:
    """The left atrium: an ellipse cut off at the valve plane, with two pulmonary veins."""
    span = section.back - section.base
    middle, across = section.base + 0.42 * span, y - section.mitral[0]
    u, v = (x - middle) / (0.58 * span), across / section.atrium_half
    room = (u * u + v * v - 1) / (2 * np.hypot(u / (0.58 * span), v / section.atrium_half) + 1e-6)
    vessels = np.minimum(*(np.abs(across - vein) for vein in VEINS_Y)) - VEIN_HALF_MM
    vessels = np.maximum(vessels, section.back - 14 - x)
    return np.maximum(joined(room, vessels, 6.0), section.base - x)


def aorta(section: Section, x: Points, y: Points) -> Points:
    """The root of the aorta with its sinuses, from its orifice outwards."""
    along, across = along_aorta(section, x, y)
    half = AORTA_HALF_MM + SINUS_MM * np.exp(-np.square((along - 10) / 6.0))
    half -= (AORTA_HALF_MM - section.aortic[1]) * np.exp(-np.square(np.maximum(along, 0) / 4.0))
    return np.asarray(np.maximum(np.abs(across) - half, -along))


def along_aorta(section: Section, x: Points, y: Points) -> tuple[Points, Points]:
    """Coordinates along the aorta's axis and across it."""
    _, cos, sin = section.aorta
    dx, dy = x - section.base, y - section.aortic[0]
    return dx * cos + dy * sin, dy * cos - dx * sin


def orifices(section: Section, x: Points, y: Points) -> Points:
    """The two openings in the valve plane, as slots some millimetres long."""
    openings = (np.abs(y - middle) - half for middle, half in (section.mitral, section.aortic))
    return np.maximum(np.minimum(*openings), np.abs(x - section.base) - 4.0)


def _revolved(a: Any, b: Any, length: Any, s: Points, y: Points) -> Points:
    """Distance to y² = a·s + b·s²."""
    steepness = np.sqrt(np.square(2 * y) + np.square((a + 2 * b * s) / length))
    return np.asarray((y * y - (a + b * s) * s) / (steepness + 1e-6))


def joined(a: Points, b: Points, blend: float) -> Points:
    """Smooth union (Quilez 2013)."""
    overlap = np.maximum(blend - np.abs(a - b), 0)
    return np.minimum(a, b) - overlap * overlap / (4 * blend)


CAVITY, ATRIUM, AORTA = 1, 2, 3
"""Parts of the section that hold blood."""


def carried(part: NDArray[np.integer[Any]], x: Points, y: Points, from_: Section, to: Section) -> tuple[Points, Points]:
    """Points of each `part` where the section has changed, moved along with it."""
    length = from_.base - from_.apex
    s = np.clip((x - from_.apex) / length, 0, 1)
    there = to.apex + s * (to.base - to.apex)
    before = np.sqrt(np.maximum((from_.inner_a + from_.inner_b * s) * s, 1e-6))
    after = np.sqrt(np.maximum((to.inner_a + to.inner_b * s) * s, 0))
    along, across = along_aorta(from_, x, y)
    reach, cos, sin = to.aorta
    along = along * reach / from_.aorta[0]
    p = (x - from_.base) / (from_.back - from_.base)
    half = np.where(p < 1, to.atrium_half / from_.atrium_half, 1.0)  # veins keep their width
    behind = np.where(p < 1, to.base + p * (to.back - to.base), to.back + x - from_.back)
    return (
        np.select([part == CAVITY, part == AORTA], [there, to.base + along * cos - across * sin], behind),
        np.select(
            [part == CAVITY, part == AORTA],
            [y * after / before, to.aortic[0] + along * sin + across * cos],
            to.mitral[0] + (y - from_.mitral[0]) * half,
        ),
    )
