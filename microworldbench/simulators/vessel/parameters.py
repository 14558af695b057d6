"""Parameters of the vessel: a rat mesenteric arteriole with a clot on one wall, slowed down for the eye."""

from __future__ import annotations

import random
from typing import Literal, Self

from pydantic import Field

from ..mechanism import Parameters


class Params(Parameters):
    """An arteriole some 65 µm wide, nearly closed by a clot, filmed at high speed and played slowly.

    Ranges: arterioles of the rat mesentery are 20 to 80 µm wide and their flow is laminar with a velocity profile
    blunted by the red cells (Lipowsky and Zweifach 1978, Microvasc. Res. 15, 73; Pries et al. 1992, Am. J. Physiol.
    263, H1770; Bishop et al. 2001, Am. J. Physiol. 280, H222: exponents from 2 upwards). Flow beyond an occlusion falls
    to some 10 % of normal or below (Schaffer et al. 2006, PLoS Biol. 4, e22). The cell-free layer is 2 to 5 µm
    (Kim et al. 2007, Am. J. Physiol. 293, H1526). Womersley's number is about 0.1, so the profile follows the pressure
    without lag (Womersley 1955, J. Physiol. 127, 553).
    """

    lumen_radius_um: float = Field(default=33.0, ge=20, le=45)
    throat_fraction: float = Field(default=0.56, ge=0.4, le=0.75)
    """Free width at the clot over the free width upstream."""
    clot_position: float = Field(default=0.54, ge=0.4, le=0.65)
    """Where the clot's middle lies along the field."""
    clot_half_length_um: float = Field(default=28.0, ge=15, le=40)
    clot_side: Literal["above", "below"] = "below"
    mean_speed_um_s: float = Field(default=120.0, ge=40, le=400)
    """Upstream speed averaged over the section and the cycle, in the animal's own time."""
    slow_motion: float = Field(default=8.0, ge=1, le=100)
    """How many times slower the clip plays than life."""
    heart_rate_per_min: float = Field(default=380.0, ge=250, le=500)
    """Of an anaesthetised rat: 300 to 450."""
    pulsatility: float = Field(default=0.42, ge=0, le=0.6)
    """Amplitude of the pulse over the mean flow."""
    profile_exponent: float = Field(default=2.2, ge=2.0, le=3.0)
    """k of u(r) = u₀·(1 − (r/R)^k); 2 is Poiseuille's parabola."""
    red_cell_diameter_um: float = Field(default=7.0, ge=5.5, le=8.5)
    """Red cells of the rat measure 6 to 7 µm, of man 7 to 8 µm."""
    cell_free_layer_um: float = Field(default=2.0, ge=0, le=5)
    cells: int = Field(default=250, ge=1, le=1000)
    """In the field and 20 µm on either side of it."""
    bend_um: float = Field(default=2.5, ge=0, le=6)
    """How far the vessel's axis swings."""
    bend_phase: float = 0.0
    field_width_um: float = Field(default=260.0, ge=100, le=600)

    @classmethod
    def drawn(cls, seed: int) -> Self:
        """One vessel out of the ranges."""
        rng = random.Random(f"vessel {seed}")  # noqa: S311 (a scene, not a secret)
        return cls(
            lumen_radius_um=rng.uniform(30, 36),
            throat_fraction=rng.uniform(0.5, 0.62),
            clot_position=rng.uniform(0.48, 0.58),
            clot_half_length_um=rng.uniform(24, 32),
            clot_side=rng.choice(("above", "below")),
            mean_speed_um_s=rng.uniform(100, 140),
            heart_rate_per_min=rng.uniform(340, 430),
            pulsatility=rng.uniform(0.34, 0.5),
            profile_exponent=rng.uniform(2.0, 2.5),
            red_cell_diameter_um=rng.uniform(6.6, 7.2),
            cells=rng.randint(225, 285),
            bend_um=rng.uniform(0.5, 4.0),
            bend_phase=rng.uniform(0, 6.28),
        )
