"""Parameters of the vesicles and of the cytoplasm they move in."""

from __future__ import annotations

import math
import random
from typing import Self

from pydantic import Field

from ..mechanism import Parameters

BOLTZMANN_J_K = 1.380649e-23


class Params(Parameters):
    """Vesicles of some 200 nm in crowded cytoplasm, in real time.

    The diffusion coefficient follows from Stokes and Einstein, D = kT/(6πηr). Ranges: secretory vesicles measure 80 to
    400 nm across (Alberts et al., Molecular Biology of the Cell, ch. 13); things of this size meet a cytoplasm some
    100 to 1000 times as viscous as water (Luby-Phelps 2000, Int. Rev. Cytol. 192, 189; Wirtz 2009, Annu. Rev.
    Biophys. 38, 301: 0.1 to 2 Pa·s in fibroblasts), so that D is 0.001 to 0.02 µm²/s.
    """

    radius_um: float = Field(default=0.12, ge=0.04, le=0.2)
    viscosity_pa_s: float = Field(default=0.20, ge=0.05, le=2)
    temperature_k: float = Field(default=310.15, ge=273.15, le=320)
    density_per_um2: float = Field(default=0.62, gt=0, le=2)
    """Vesicles a µm² of the picture."""
    slab_um: float = Field(default=0.6, ge=0, le=2)
    """Depth of focus within which vesicles move."""
    field_um: float = Field(default=11.0, ge=4, le=30)
    """Side of the square they are followed in; larger than what a picture shows, so that some enter and leave."""
    view_um2: float = Field(default=53.0, ge=5, le=500)
    """Area a picture shows, whatever its shape: 9.6 by 5.5 µm at 832 × 480."""

    @property
    def diffusion_um2_s(self) -> float:
        """D by Stokes and Einstein."""
        drag = 6 * math.pi * self.viscosity_pa_s * self.radius_um * 1e-6
        return BOLTZMANN_J_K * self.temperature_k / drag * 1e12

    @classmethod
    def drawn(cls, seed: int) -> Self:
        """One stretch of cytoplasm out of the ranges."""
        rng = random.Random(f"vesicles {seed}")  # noqa: S311 (a scene, not a secret)
        return cls(
            radius_um=rng.uniform(0.11, 0.135),
            viscosity_pa_s=rng.uniform(0.15, 0.28),
            density_per_um2=rng.uniform(0.5, 0.75),
        )
