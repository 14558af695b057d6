"""Parameters of the bacteria and of their growth."""

from __future__ import annotations

import random
from typing import Self

from pydantic import Field

from ..mechanism import Parameters


class Params(Parameters):
    """*Escherichia coli* in rich medium, in one layer under agarose, from one cell to some forty.

    Ranges: rods are about 1 µm wide and some 2 to 3 µm long at birth, twice that when they divide, and double their
    mass every 20 to 40 minutes in rich medium (Milo and Phillips 2015, Cell Biology by the Numbers; Taheri-Araghi et
    al. 2015, Curr. Biol. 25, 385). A cell adds the same length between birth and division whatever its length at
    birth, with a coefficient of variation of 10 to 20 %; it divides in the middle to within 3 to 5 %, and growth rates
    of sisters differ by 5 to 10 % (the same; Campos et al. 2014, Cell 159, 1433).
    """

    width_um: float = Field(default=1.0, ge=0.6, le=1.4)
    added_um: float = Field(default=2.2, ge=1.4, le=4)
    """Mean length added between birth and division; equal to the mean length at birth."""
    added_cv: float = Field(default=0.12, ge=0, le=0.3)
    """Coefficient of variation of the length added."""
    split_sd: float = Field(default=0.02, ge=0, le=0.1)
    """Standard deviation of a daughter's share of the length."""
    doubling_min: float = Field(default=25.0, ge=15, le=60)
    rate_cv: float = Field(default=0.06, ge=0, le=0.2)
    """Coefficient of variation of cells' growth rates."""
    generations: float = Field(default=5.2, gt=0, le=6)
    """Doublings that the clip shows."""
    start_share: float = Field(default=0.1, ge=0, lt=1)
    """How far the first cell is through its cycle."""
    start_angle: float = 0.2
    """Of the first cell in the picture, radians."""
    offset_um: tuple[float, float] = (0.0, 0.0)
    """Of the first cell from the middle of the field."""
    field_width_um: float = Field(default=30.0, ge=15, le=100)
    field_height_um: float = Field(default=17.3, ge=10, le=100)

    @property
    def minutes(self) -> float:
        """Of the cells' time that the clip shows."""
        return self.generations * self.doubling_min

    @classmethod
    def drawn(cls, seed: int) -> Self:
        """One colony out of the ranges."""
        rng = random.Random(f"bacteria {seed}")  # noqa: S311 (a scene, not a secret)
        return cls(
            width_um=rng.uniform(0.95, 1.08),
            added_um=rng.uniform(2.0, 2.4),
            added_cv=rng.uniform(0.10, 0.15),
            doubling_min=rng.uniform(20, 40),
            generations=rng.uniform(5.1, 5.4),
            start_share=rng.uniform(0.1, 0.3),
            start_angle=rng.uniform(-0.6, 0.6),
            offset_um=(rng.uniform(-2, 2), rng.uniform(-0.6, 0.6)),
        )
