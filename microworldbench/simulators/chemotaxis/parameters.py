"""Parameters of the neutrophils and of the gradient they climb."""

from __future__ import annotations

import random
from typing import Self

from pydantic import Field

from ..mechanism import Parameters


class Params(Parameters):
    """Human neutrophils on glass and a pipette that releases a peptide, filmed for a dozen minutes.

    Ranges: neutrophils crawl at 10 to 20 µm/min and keep their direction for 1 to 4 minutes (Zigmond 1977, J. Cell
    Biol. 75, 606; Tranquillo et al. 1988, J. Cell Biol. 106, 303); in a good gradient the mean cosine of their steps to
    it is 0.2 to 0.7. They sense differences of 1 to 2 % across their length of some 10 µm (Zigmond 1977). Around a
    pipette the concentration falls as one over the distance (Berg 1993, Random Walks in Biology, ch. 2).
    """

    cells: int = Field(default=15, ge=1, le=60)
    radius_um: float = Field(default=6.0, ge=4, le=8)
    """Of a disc as large as a cell."""
    speed_um_min: float = Field(default=15.0, ge=5, le=25)
    speed_cv: float = Field(default=0.18, ge=0, le=0.5)
    """Coefficient of variation of the speed from cell to cell."""
    persistence_min: float = Field(default=2.0, ge=0.5, le=6)
    """Time in which a cell forgets its direction where there is no gradient."""
    bias: float = Field(default=1.4, ge=0, le=5)
    """b of the steady directions' density exp(b·cos φ) in a gradient that is felt fully; index I₁(b)/I₀(b)."""
    felt_percent: float = Field(default=1.5, ge=0.1, le=10)
    """Difference across a cell's length that is half felt."""
    source_um: tuple[float, float] = (60.0, 0.0)
    """The pipette's tip, from the middle of the field."""
    minutes: float = Field(default=12.0, ge=2, le=60)
    """Of the cells' time that the clip shows."""
    field_width_um: float = Field(default=180.0, ge=100, le=400)
    field_height_um: float = Field(default=103.8, ge=60, le=400)

    @classmethod
    def drawn(cls, seed: int) -> Self:
        """One dish out of the ranges."""
        rng = random.Random(f"chemotaxis {seed}")  # noqa: S311 (a scene, not a secret)
        return cls(
            cells=rng.randint(13, 17),
            radius_um=rng.uniform(5.6, 6.4),
            speed_um_min=rng.uniform(12, 18),
            persistence_min=rng.uniform(1.4, 2.4),
            bias=rng.uniform(1.3, 1.9),
            source_um=(rng.uniform(58, 66), rng.uniform(-14, 14)),
        )
