"""Parameters of the dividing cell."""

from __future__ import annotations

import random
from typing import Self

from pydantic import Field

from ..mechanism import Parameters


class Params(Parameters):
    """A rounded animal cell with few, large chromosomes (as in the rat kangaroo's PtK1 line, 2n = 12).

    Ranges: a mitotic mammalian cell measures 15 to 25 µm across; from the breakdown of the nuclear envelope to
    anaphase it takes some 20 to 40 minutes and anaphase chromosomes move at 0.5 to 2 µm/min (Alberts et al.,
    Molecular Biology of the Cell, ch. 17; Rieder et al. 1994, J. Cell Biol. 127, 1301: 23 min from breakdown to
    anaphase at the shortest in PtK1). The furrow appears a few minutes after anaphase begins and closes in about
    10 minutes (Glotzer 2005, Science 307, 1735). Volume is the same before and after division, apart from a
    transient swelling of 10 to 20 % that is left out here (Son et al. 2015, J. Cell Biol. 211, 757).
    """

    radius_um: float = Field(default=9.5, ge=6, le=13)
    chromosomes: int = Field(default=10, ge=2, le=24)
    """2n: each of two chromatids, so each daughter gets this many."""
    volume_ratio: float = Field(default=0.97, ge=0.5, le=1)
    """Smaller over larger daughter's volume."""
    minutes: float = Field(default=60.0, ge=30, le=120)
    """Of the cell's time that the clip shows."""
    breakdown_min: float = Field(default=9.0, ge=2, le=20)
    """The nuclear envelope breaks down."""
    metaphase_min: float = Field(default=23.0, ge=10, le=50)
    """All chromosomes are on the plate."""
    anaphase_min: float = Field(default=29.0, ge=15, le=70)
    """Sister chromatids part."""
    anaphase_length_min: float = Field(default=8.0, ge=3, le=15)
    furrow_delay_min: float = Field(default=3.0, ge=1, le=10)
    """From the onset of anaphase to the furrow."""
    furrow_length_min: float = Field(default=12.0, ge=5, le=20)
    axis_angle: float = 0.0
    """Of the spindle in the picture, radians."""
    offset_um: tuple[float, float] = (0.0, 0.0)
    """Of the cell from the middle of the field."""
    field_width_um: float = Field(default=50.0, ge=40, le=120)
    field_height_um: float = Field(default=28.8, ge=25, le=120)

    @classmethod
    def drawn(cls, seed: int) -> Self:
        """One cell out of the ranges."""
        rng = random.Random(f"mitosis {seed}")  # noqa: S311 (a scene, not a secret)
        return cls(
            radius_um=rng.uniform(8.8, 10.0),
            chromosomes=2 * rng.randint(4, 6),
            volume_ratio=rng.uniform(0.92, 1.0),
            breakdown_min=rng.uniform(8, 10.5),
            metaphase_min=rng.uniform(21.5, 24),
            anaphase_min=rng.uniform(28, 31),
            anaphase_length_min=rng.uniform(7, 9),
            furrow_delay_min=rng.uniform(2.5, 3.5),
            furrow_length_min=rng.uniform(11, 13),
            axis_angle=rng.uniform(-0.35, 0.35),
            offset_um=(rng.uniform(-2.5, 2.5), rng.uniform(-0.8, 0.8)),
        )
