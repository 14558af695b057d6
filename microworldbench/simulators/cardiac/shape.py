"""The section through the heart: from volumes to outlines, with the muscle's volume kept.

Lengths in mm in the heart's frame: x from the outer apex towards the base, y across (negative towards the aorta). The
cavity and the outer surface of the ventricle are bodies of revolution with R² = a·s + b·s² at the part s of their
length from apex to base. Volume πL(a/2 + b/3) and radius at the base √(a + b) fix a and b, so volumes hold exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import cast

import numpy as np
from numpy.typing import NDArray

from .parameters import Params

Array = NDArray[np.float64]

APEX_THICKNESS = 0.6
"""Of the wall at the apex, over that at half length."""
BASE_SHRINKS = 0.12
"""Part of its radius that the base loses while the ventricle empties."""
ATRIUM_BACK_MM = 46.0
"""From the valve plane of the full ventricle to the back of the atrium, which stays in place."""
MITRAL_Y, MITRAL_HALF, AORTIC_Y, AORTIC_HALF = 0.40, 0.50, -0.58, 0.38
"""Middle and half width of the two orifices, over the radius of the base."""
AORTA_TO_MM = (165.0, -58.0)
"""Where the axis of the aorta points to, far outside the picture."""
VEINS_Y = (-8.5, 8.5)
"""Middles of the two pulmonary veins in the back of the atrium, from the middle of the mitral orifice."""
VEIN_HALF_MM = 5.5


@dataclass(frozen=True)
class Section:
    """Outlines of the section, at one instant (floats) or many (arrays of one shape)."""

    base: Array
    """x of the valve plane."""
    wall: Array
    """Thickness of the muscle at half length."""
    radius: Array
    """Of the cavity at the base."""
    inner_a: Array
    inner_b: Array
    outer_a: Array
    outer_b: Array
    back: Array
    """x of the back of the atrium."""
    atrium_half: Array
    """Half height of the atrium."""

    @property
    def apex(self) -> Array:
        """X of the cavity's tip."""
        return APEX_THICKNESS * self.wall

    @property
    def mitral(self) -> tuple[Array, Array]:
        """Middle and half width of the mitral orifice."""
        return MITRAL_Y * self.radius, MITRAL_HALF * self.radius

    @property
    def aortic(self) -> tuple[Array, Array]:
        """Middle and half width of the aortic orifice."""
        return AORTIC_Y * self.radius, AORTIC_HALF * self.radius

    @property
    def aorta(self) -> tuple[Array, Array, Array]:
        """Length of the aorta's axis from its orifice to `AORTA_TO_MM`, and its direction (x, y)."""
        dx, dy = AORTA_TO_MM[0] - self.base, AORTA_TO_MM[1] - self.aortic[0]
        length = (dx * dx + dy * dy) ** 0.5
        return length, dx / length, dy / length

    @property
    def atrium_mm2(self) -> Array:
        """About the area of the atrium in the section."""
        return np.asarray(np.pi / 2 * (self.back - self.base) * self.atrium_half)

    @property
    def area_mm2(self) -> Array:
        """Of the cavity in the section."""
        s = (np.arange(200) + 0.5) / 200
        a, b = np.asarray(self.inner_a)[..., None], np.asarray(self.inner_b)[..., None]
        return np.asarray(2 * (self.base - self.apex) * np.sqrt(a * s + b * s * s).mean(axis=-1))

    @property
    def wall_mm3(self) -> Array:
        """Volume of the muscle between the two surfaces."""
        outer = self.base * (self.outer_a / 2 + self.outer_b / 3)
        return np.asarray(np.pi * (outer - (self.base - self.apex) * (self.inner_a / 2 + self.inner_b / 3)))

    def at(self, instant: int) -> Section:
        """The section at one instant, of plain floats (which leave the precision of an array they meet as it is)."""
        return Section(*(cast("Array", float(getattr(self, field.name)[instant])) for field in fields(self)))


def section(params: Params, ventricle_ml: Array, atrium_ml: Array, full_ml: float, empty_ml: float) -> Section:
    """Outlines for volumes at any instants.

    Args:
        params: The heart.
        ventricle_ml: Volume of the cavity.
        atrium_ml: Volume of the atrium.
        full_ml: Volume of the ventricle when full; the valve plane then is farthest from the apex.
        empty_ml: Volume when it has ejected.
    """
    filled = (ventricle_ml - empty_ml) / (full_ml - empty_ml)
    base = params.length_mm - params.base_descent_mm * (1 - filled)
    volume = 1e3 * ventricle_ml
    # A cavity that is nearly empty is narrow at its base as well.
    widest = np.sqrt(0.9 * 3 * volume / (np.pi * base))
    radius = np.minimum(params.base_radius_mm * (1 - BASE_SHRINKS * (1 - filled)), widest)
    wall = _thickness(base, radius, volume, 1e3 * params.wall_ml)
    back = np.full_like(base, params.length_mm + ATRIUM_BACK_MM)
    half = np.sqrt(1e3 * atrium_ml * 3 / (4 * np.pi) / ((back - base) / 2))
    inner = _surface(base - APEX_THICKNESS * wall, radius, volume)
    outer = _surface(base, radius + wall, volume + 1e3 * params.wall_ml)
    return Section(base, wall, radius, *inner, *outer, back, half)


def _surface(length: Array, radius: Array, volume: Array) -> tuple[Array, Array]:
    """Coefficients a and b of a surface of given length, radius at the base and enclosed volume."""
    a = 6 * volume / (np.pi * length) - 2 * radius**2
    return a, radius**2 - a


def _thickness(base: Array, radius: Array, volume: Array, muscle: float) -> Array:
    """The thickness at half length for which the outer surface encloses cavity and muscle, by bisection."""

    def half_way(length: Array, rim: Array, enclosed: Array) -> Array:
        a, b = _surface(length, rim, enclosed)
        return np.sqrt(np.maximum(a / 2 + b / 4, 0))

    low, high = np.full_like(base, 1.0), np.full_like(base, 30.0)
    for _ in range(40):
        middle = (low + high) / 2
        inner = half_way(base - APEX_THICKNESS * middle, radius, volume)
        outer = half_way(base, radius + middle, volume + muscle)
        thicker = outer - inner > middle
        low, high = np.where(thicker, middle, low), np.where(thicker, high, middle)
    return (low + high) / 2
