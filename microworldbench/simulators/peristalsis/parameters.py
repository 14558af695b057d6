"""Parameters of peristalsis: a length of small intestine after a meal."""

from __future__ import annotations

import random
from typing import Self

from pydantic import Field

from ..mechanism import Parameters


class Params(Parameters):
    """A relaxed tube with a train of contraction rings, played faster than life.

    Ranges: the small intestine is 25 to 30 mm wide inside and its wall 2 to 3 mm thick (Gray's Anatomy, 41st ed.,
    ch. 65). Slow waves allow 12 contractions a minute in the duodenum and 8 to 9 in the ileum; peristaltic waves carry
    chyme at 5 to 20 mm/s (Hall and Hall, Guyton and Hall Textbook of Medical Physiology, ch. 63 and 64). Rings close
    most of the lumen, so that contents between them are trapped and carried along (Shapiro, Jaffrin and Weinberg 1969,
    J. Fluid Mech. 37, 799).
    """

    radius_mm: float = Field(default=13.0, ge=10, le=16)
    """Of the relaxed lumen."""
    wall_mm: float = Field(default=2.8, ge=1.5, le=4)
    """Thickness of the relaxed wall."""
    occlusion: float = Field(default=0.76, ge=0, lt=1)
    """Part of the radius that a ring closes."""
    sharpness: float = Field(default=2.5, gt=0, le=12)
    """Of a ring: small values make the tube's outline a sine, large ones narrow rings with wide spaces between."""
    wave_mm_s: float = Field(default=12.0, ge=5, le=20)
    """Speed of the rings in life."""
    rings_per_min: float = Field(default=11.0, ge=8, le=12)
    speed_up: float = Field(default=3.0, ge=1, le=20)
    """How many times faster than life the clip plays."""
    bits: int = Field(default=360, ge=1, le=2000)
    """Bits of food that are followed, in some more of the tube than the field shows."""
    bend_mm: float = Field(default=3.0, ge=0, le=8)
    """How far the tube's axis swings."""
    bend_phase: float = 0.0
    field_width_mm: float = Field(default=122.0, ge=80, le=300)
    field_height_mm: float = Field(default=70.0, ge=40, le=300)

    @property
    def wavelength_mm(self) -> float:
        """From one ring to the next."""
        return self.wave_mm_s * 60 / self.rings_per_min

    @classmethod
    def drawn(cls, seed: int) -> Self:
        """One length of gut out of the ranges."""
        rng = random.Random(f"peristalsis {seed}")  # noqa: S311 (a scene, not a secret)
        return cls(
            radius_mm=rng.uniform(13, 15.5),
            wall_mm=rng.uniform(2.6, 3.2),
            occlusion=rng.uniform(0.7, 0.8),
            sharpness=rng.uniform(2.0, 3.5),
            wave_mm_s=rng.uniform(11.5, 14.5),
            rings_per_min=rng.uniform(10.5, 12),
            bits=rng.randint(330, 390),
            bend_mm=rng.uniform(1, 4),
            bend_phase=rng.uniform(0, 6.28),
        )
