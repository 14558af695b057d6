"""Parameters of the muscle cell and of its release sites."""

from __future__ import annotations

import math
import random
from typing import Self

from pydantic import Field

from ..mechanism import Parameters


class Params(Parameters):
    """A resting ventricular cell, overloaded with calcium so that waves run through it, played in slow motion.

    Release sites sit on the Z lines, 1.8 to 2 µm apart; waves run at 50 to 150 µm/s (Takamatsu and Wier 1990,
    FASEB J. 4, 1519; Cheng et al. 1996, Am. J. Physiol. 270, C148). Calcium with its buffers diffuses at some 30 µm²/s
    (Keizer et al. 1998, Biophys. J. 75, 595). A site that has fired does not fire again for the better part of a
    second, until its store has filled (Sobie et al. 2005, J. Physiol. 565, 441). Uptake brings the cytoplasm back with
    a time constant of 0.1 to 0.2 s (Bers 2002, Nature 415, 198). Cells are some 100 to 140 by 20 to 30 µm.
    """

    length_um: float = Field(default=116.0, ge=60, le=150)
    width_um: float = Field(default=25.0, ge=12, le=40)
    spacing_um: float = Field(default=2.0, ge=1.6, le=2.4)
    """Between rows of release sites along the cell: the sarcomere's length."""
    diffusion_um2_s: float = Field(default=30.0, ge=10, le=60)
    """Of calcium with its mobile buffers."""
    threshold: float = Field(default=0.14, ge=0.02, le=0.6)
    """β: calcium at which a site fires, over the mean rise that all sites together would cause."""
    amplitude_um: float = Field(default=4.0, ge=0.5, le=20)
    """Mean rise in µmol/l that all sites together would cause."""
    uptake_s: float = Field(default=0.10, ge=0.05, le=1e6)
    """Time constant of uptake; a very long one stands for none."""
    refractory_s: float = Field(default=1.0, ge=0.2, le=5)
    rest_um: float = Field(default=0.1, ge=0.05, le=0.2)
    scatter: float = Field(default=0.15, ge=0, le=0.4)
    """Spread of the sites' strengths over their mean."""
    first_s: tuple[float, float] = (0.07, 0.11)
    """When the left and the right end ignite, in seconds of life."""
    slow_motion: float = Field(default=5.2, ge=1, le=40)
    """How many times slower than life the clip plays."""
    tilt: float = Field(default=0.0, ge=-0.3, le=0.3)
    """Of the cell in the picture, radians."""
    field_width_um: float = Field(default=136.0, ge=80, le=300)
    field_height_um: float = Field(default=78.5, ge=40, le=300)

    @property
    def speed_um_s(self) -> float:
        """Speed of a plane front by the fire-diffuse-fire model; 0 where it cannot run.

        Sites at distance d fire T after one another: β = Σₙ (4πnΔ)^(−1/2) exp(−1·n/(4Δ) − nT/τ), Δ = DT/d², and the
        speed is d/T = D/(dΔ) (Keizer et al. 1998, Biophys. J. 75, 595; Dawson et al. 1999, PNAS 96, 6060).
        """
        rate = self.spacing_um**2 / self.diffusion_um2_s / self.uptake_s

        def reached(delta: float) -> float:
            return sum(
                math.exp(-n / (4 * delta) - n * delta * rate) / math.sqrt(4 * math.pi * n * delta)
                for n in range(1, 400)
            )

        low, high = 1e-3, 1e-3
        while reached(high) < self.threshold:
            high *= 1.05
            if high > 50:
                return 0.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (low, middle) if reached(middle) >= self.threshold else (middle, high)
        return self.diffusion_um2_s / (self.spacing_um * high)

    @classmethod
    def drawn(cls, seed: int) -> Self:
        """One cell out of the ranges."""
        rng = random.Random(f"calcium {seed}")  # noqa: S311 (a scene, not a secret)
        return cls(
            length_um=rng.uniform(108, 122),
            width_um=rng.uniform(22, 28),
            threshold=rng.uniform(0.125, 0.15),
            uptake_s=rng.uniform(0.09, 0.12),
            scatter=rng.uniform(0.1, 0.2),
            first_s=(rng.uniform(0.05, 0.13), rng.uniform(0.05, 0.13)),
            tilt=rng.uniform(-0.10, 0.10),
        )
