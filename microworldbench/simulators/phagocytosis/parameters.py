"""Parameters of the macrophage and its prey."""

from __future__ import annotations

import math
import random
from typing import Self

from pydantic import Field

from ..mechanism import Parameters


class Params(Parameters):
    """A human macrophage and three rods such as *Escherichia coli*, coated with antibody, filmed for five minutes.

    Ranges: human alveolar macrophages are 21 µm wide (Krombach et al. 1997, Environ. Health Perspect. 105 Suppl. 5,
    1261); E. coli measures some 2 by 1 µm (Milo and Phillips 2015, Cell Biology by the Numbers). Particles of a few µm
    are engulfed in 1 to 5 minutes by receptors that zip up membrane around them (Griffin et al. 1975, J. Exp. Med.
    142, 1263; Richards and Endres 2014, Biophys. J. 107, 1542). Receptors diffuse in the membrane at 0.1 to 1 µm²/s and
    are some times denser where they have bound, which limits the rate of wrapping (Gao et al. 2005, Proc. Natl. Acad.
    Sci. 102, 9469). Macrophages crawl about 1 µm a minute; phagosomes travel inwards at some µm a minute.
    """

    radius_um: float = Field(default=9.8, ge=7, le=13)
    prey_length_um: float = Field(default=2.1, ge=1.2, le=4)
    prey_width_um: float = Field(default=1.0, ge=0.5, le=1.5)
    seconds: float = Field(default=300.0, ge=60, le=900)
    """Of the cell's time that the clip shows."""
    contact_s: float = Field(default=55.0, ge=5, le=300)
    """The cell touches the bacterium."""
    crawl_um_min: float = Field(default=1.4, ge=0.2, le=3)
    """Speed at which the cell's edge nears the bacterium."""
    receptor_um2_s: float = Field(default=0.25, ge=0.05, le=2)
    """Diffusion coefficient of receptors in the membrane."""
    supply: float = Field(default=0.33, gt=0.05, lt=0.95)
    """(ξ₀ − ξ₊)/(ξ_b − ξ₊): density of free receptors far away over that of bound ones, less that at the rim."""
    inward_um_min: float = Field(default=3.0, ge=0.5, le=10)
    """Speed of the closed vacuole."""
    side: int = Field(default=1, ge=-1, le=1)
    """Of the cell on which the bacteria lie: 1 right, −1 left."""
    bearing: float = 0.1
    """Direction from the cell to the nearest bacterium above or below the horizontal, radians."""
    tilt: float = 0.2
    """Of that bacterium against this direction, radians."""
    field_width_um: float = Field(default=46.0, ge=40, le=120)
    field_height_um: float = Field(default=26.5, ge=24, le=120)

    @property
    def wrap_um(self) -> float:
        """Way of the rim along one side of a bacterium, from pole to pole."""
        return math.pi * self.prey_width_um / 2 + self.prey_length_um - self.prey_width_um

    @classmethod
    def drawn(cls, seed: int) -> Self:
        """One encounter out of the ranges."""
        rng = random.Random(f"phagocytosis {seed}")  # noqa: S311 (a scene, not a secret)
        return cls(
            radius_um=rng.uniform(9.3, 10.2),
            prey_length_um=rng.uniform(2.0, 2.4),
            prey_width_um=rng.uniform(0.98, 1.12),
            contact_s=rng.uniform(45, 62),
            crawl_um_min=rng.uniform(1.2, 1.6),
            receptor_um2_s=rng.uniform(0.22, 0.30),
            supply=rng.uniform(0.33, 0.37),
            inward_um_min=rng.uniform(2.6, 3.4),
            side=rng.choice((-1, 1)),
            bearing=rng.uniform(-0.30, 0.30),
            tilt=rng.uniform(-0.30, 0.30),
        )
