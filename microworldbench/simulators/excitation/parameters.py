"""Parameters of the excited sheet: muscle of a human ventricle, paced at two edges."""

from __future__ import annotations

import random
from typing import Self

from pydantic import Field

from ..mechanism import Parameters


class Params(Parameters):
    """A sheet of ventricular muscle with its fibres across the picture's long side, filmed and played slowly.

    Ranges: excitation runs at 0.5 to 0.7 m/s along the fibres (Taggart et al. 2000, J. Mol. Cell. Cardiol. 32, 621:
    some 0.65 m/s in man) and at a third to a half of that across them (Clerc 1976, J. Physiol. 255, 335). Action
    potentials of human ventricles last 200 to 300 ms, less at fast pacing (Kléber and Rudy 2004, Physiol. Rev. 84,
    431).
    """

    across_mm_ms: float = Field(default=0.30, ge=0.2, le=0.4)
    """Speed of a front across the fibres, that is along the picture's width."""
    along_mm_ms: float = Field(default=0.60, ge=0.4, le=0.75)
    """Speed along the fibres, along the picture's height."""
    action_ms: float = Field(default=280.0, ge=200, le=320)
    """Length of an action potential from rest."""
    interval_ms: float = Field(default=405.0, ge=380, le=600)
    """Between two stimuli."""
    first_ms: float = Field(default=25.0, ge=0, le=200)
    """Of life in the clip before the first stimulus."""
    slow_motion: float = Field(default=7.0, ge=1, le=100)
    """How many times slower the clip plays than life."""
    electrodes_y: tuple[float, float] = (0.5, 0.5)
    """Places of the left and the right electrode over the sheet's height."""
    unevenness: float = Field(default=0.02, ge=0, le=0.04)
    """Largest deviation of the threshold of excitation from its mean, over the height of an action potential."""
    width_mm: float = Field(default=120.0, ge=60, le=200)
    height_mm: float = Field(default=68.0, ge=30, le=120)
    """Of the sheet."""
    margin_mm: float = Field(default=4.0, ge=0, le=20)
    """Between the sheet and the picture's border."""

    @classmethod
    def drawn(cls, seed: int) -> Self:
        """One sheet out of the ranges."""
        rng = random.Random(f"excitation {seed}")  # noqa: S311 (a scene, not a secret)
        return cls(
            across_mm_ms=rng.uniform(0.28, 0.33),
            along_mm_ms=rng.uniform(0.5, 0.65),
            action_ms=rng.uniform(265, 290),
            interval_ms=rng.uniform(400, 415),
            first_ms=rng.uniform(15, 35),
            electrodes_y=(rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.7)),
            unevenness=rng.uniform(0.01, 0.025),
        )
