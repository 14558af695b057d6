"""Parameters of the microtubules at the edge of a cell."""

from __future__ import annotations

import random
from typing import Self

from pydantic import Field

from ..mechanism import Parameters


class Params(Parameters):
    """Plus ends at the edge of an animal cell, played twelve times as fast as life.

    Ranges: in living epithelial cells plus ends grow at 5 to 15 µm/min and shorten at 10 to 30 µm/min, with
    catastrophes at some 0.005 to 0.05 and rescues at up to 0.2 a second (Rusan et al. 2001, Mol. Biol. Cell 12, 971;
    Desai and Mitchison 1997, Annu. Rev. Cell Dev. Biol. 13, 83). EB1 leaves the lattice some seconds after it was
    assembled, so that comets are 0.5 to 2 µm long (Akhmanova and Steinmetz 2008, Nat. Rev. Mol. Cell Biol. 9, 309;
    Seetapun et al. 2012, Curr. Biol. 22, 1681). Pauses are left out.
    """

    filaments: int = Field(default=4, ge=1, le=12)
    growth_um_min: float = Field(default=8.0, ge=5, le=15)
    shrinkage_um_min: float = Field(default=16.0, ge=10, le=30)
    catastrophe_s: float = Field(default=0.03, ge=0.005, le=0.05)
    """Catastrophes a second of growth."""
    rescue_s: float = Field(default=0.08, ge=0, le=0.2)
    """Rescues a second of shortening."""
    cap_s: float = Field(default=6.0, ge=3, le=10)
    """Mean time for which EB1 stays on new lattice."""
    compression: float = Field(default=12.0, ge=1, le=60)
    """How many times faster than life the clip plays."""
    field_width_um: float = Field(default=25.0, ge=15, le=60)
    field_height_um: float = Field(default=14.4, ge=8, le=60)
    slope: float = Field(default=0.0, ge=-0.15, le=0.15)
    """Mean direction of the filaments."""
    fan: float = Field(default=0.08, ge=0, le=0.2)
    """How far the outermost filaments spread from the mean direction."""

    @property
    def bounded(self) -> bool:
        """Whether lengths stay finite: v₊·f_rescue < v₋·f_catastrophe (Verde et al. 1992, J. Cell Biol. 118, 1097)."""
        return self.growth_um_min * self.rescue_s < self.shrinkage_um_min * self.catastrophe_s

    @property
    def mean_length_um(self) -> float | None:
        """Of the stationary exponential distribution of lengths, v₊v₋ / (v₋f_c − v₊f_r); None where unbounded."""
        if not self.bounded:
            return None
        grow, shrink = self.growth_um_min / 60, self.shrinkage_um_min / 60
        return grow * shrink / (shrink * self.catastrophe_s - grow * self.rescue_s)

    @classmethod
    def drawn(cls, seed: int) -> Self:
        """One stretch of a cell's edge out of the ranges."""
        rng = random.Random(f"microtubule {seed}")  # noqa: S311 (a scene, not a secret)
        growth = rng.uniform(7.0, 9.5)
        return cls(
            growth_um_min=growth,
            shrinkage_um_min=growth * rng.uniform(1.8, 2.3),
            catastrophe_s=rng.uniform(0.022, 0.036),
            rescue_s=rng.uniform(0.07, 0.12),
            cap_s=rng.uniform(5.5, 7.5),
            slope=rng.uniform(-0.06, 0.06),
            fan=rng.uniform(0.03, 0.10),
        )
