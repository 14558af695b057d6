"""Parameters of the sheet and of the gap it closes."""

from __future__ import annotations

import random
from typing import Self

from pydantic import Field

from ..mechanism import Parameters


class Params(Parameters):
    """A confluent epithelial sheet (as of MDCK cells) with a gap left by a stencil, filmed for five hours.

    The cover u obeys Fisher's equation, u_t = D·∇²u + r·u(1 − u). Over these hours r is the rate at which cells at an
    edge spread over free ground, which takes them an hour or less; division (one in some 20 h) adds little. D is the
    random motility of cells at an edge, 10² to 10³ µm²/h (Sherratt and Murray 1990, Proc. R. Soc. B 241, 29; Maini et
    al. 2004, Tissue Eng. 10, 475, who measure fronts of constant speed and fit them so). Edges of epithelia advance at
    10 to 40 µm/h (Poujade et al. 2007, Proc. Natl. Acad. Sci. 104, 15988), and rows behind the edge crawl as well, less
    the farther back they lie, over some 100 to 200 µm (Farooqui and Fenteany 2005, J. Cell Sci. 118, 51). Cells are 15
    to 30 µm wide.
    """

    gap_um: float = Field(default=200.0, ge=80, le=300)
    gap_offset_um: float = 0.0
    """Of the gap's middle from that of the field."""
    spreading_per_h: float = Field(default=2.3, ge=0.3, le=5)
    """r"""
    motility_um2_h: float = Field(default=100.0, ge=30, le=1500)
    """D"""
    unevenness: float = Field(default=0.12, ge=0, le=0.4)
    """Standard deviation of r from place to place along the edge, over its mean."""
    follow_um: float = Field(default=110.0, ge=3, le=400)
    """Depth over which the motion of the rows behind an edge falls to 1/e."""
    cell_um: float = Field(default=21.0, ge=12, le=35)
    """Distance of cells' middles in the resting sheet."""
    cycle_h: float = Field(default=20.0, ge=8, le=60)
    """Between a cell's divisions."""
    hours: float = Field(default=5.0, ge=1, le=24)
    """Of the sheet's time that the clip shows."""
    field_width_um: float = Field(default=470.0, ge=200, le=900)
    field_height_um: float = Field(default=271.0, ge=100, le=900)

    @property
    def front_um_h(self) -> float:
        """Speed to which a front tends, 2·√(rD)."""
        return float(2 * (self.spreading_per_h * self.motility_um2_h) ** 0.5)

    @classmethod
    def drawn(cls, seed: int) -> Self:
        """One culture out of the ranges."""
        rng = random.Random(f"wound {seed}")  # noqa: S311 (a scene, not a secret)
        return cls(
            gap_um=rng.uniform(185, 212),
            gap_offset_um=rng.uniform(-12, 12),
            spreading_per_h=rng.uniform(2.2, 2.5),
            motility_um2_h=rng.uniform(95, 115),
            unevenness=rng.uniform(0.09, 0.14),
            follow_um=rng.uniform(95, 130),
            cell_um=rng.uniform(19.5, 22.5),
        )
