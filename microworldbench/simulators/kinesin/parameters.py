"""Parameters of the motor, its track and its cargo."""

from __future__ import annotations

import math
import random
from typing import Self

from pydantic import Field

from ..mechanism import Parameters


class Params(Parameters):
    """One kinesin-1 with a small vesicle, in slow motion, so that single steps can be seen.

    A step takes four things in turn: the rear head lets go, the neck of the front head waits, ATP binds, and the
    swung head binds. Their mean times at saturating ATP add up to some 10 ms, half of them with one head bound
    (Mickolajczyk et al. 2015, PNAS 112, E7186). Steps measure 8.2 nm and runs about 1 µm at some 0.8 µm/s (Svoboda et
    al. 1993, Nature 365, 721; Vale et al. 1996, Nature 380, 451); each head moves by 16 nm at a time (Yildiz et al.
    2004, Science 303, 676). Without load there are about 800 forward steps to a backward one, as many at 7 pN (Carter
    and Cross 2005, Nature 435, 308). ATP binds at about 2 /µM/s, so that half the speed is reached at some 50 µM. A
    vesicle is held some 17 nm off the microtubule (Kerssemakers et al. 2006, PNAS 103, 15812).
    """

    site_nm: float = Field(default=8.2, ge=8.0, le=8.4)
    """Between binding sites: one tubulin dimer."""
    release_ms: float = Field(default=4.2, ge=1, le=20)
    """Mean time until the rear head lets go."""
    wait_ms: float = Field(default=3.6, ge=1, le=20)
    """Mean time for which the free head hangs about before ATP can bind."""
    bind_ms: float = Field(default=1.9, ge=0.3, le=10)
    """Mean time until the swung head binds."""
    atp_um: float = Field(default=2000.0, ge=1, le=10_000)
    atp_on_um_s: float = Field(default=2.0, ge=0.5, le=10)
    """Rate at which ATP binds, a µM and second."""
    load_pn: float = Field(default=0.0, ge=0, le=9)
    stall_pn: float = Field(default=7.0, ge=5, le=8)
    forward_ratio: float = Field(default=800.0, ge=50, le=2000)
    """Forward steps to a backward one without load."""
    run_nm: float = Field(default=1000.0, ge=200, le=3000)
    """Mean run."""
    outlasts_clip: bool = True
    """Show a run that goes on throughout the clip. Runs have no memory, so its steps are those of any run."""
    slow_motion: float = Field(default=40.0, ge=1, le=200)
    """How many times slower than life the clip plays."""
    swing_ms: float = Field(default=0.9, ge=0.05, le=3)
    """Relaxation time of a free head on its neck; in life it is shorter, too short for the eye."""
    sway_nm: float = Field(default=1.3, ge=0, le=4)
    """Thermal motion of a free head about its mean place, root mean square along each axis."""
    vesicle_nm: float = Field(default=46.0, ge=35, le=60)
    """Diameter."""
    gap_nm: float = Field(default=17.0, ge=12, le=25)
    """Between vesicle and microtubule."""
    jiggle_nm: float = Field(default=1.7, ge=0, le=6)
    """Of the vesicle on its stalk, root mean square along each axis."""
    jiggle_ms: float = Field(default=0.8, ge=0.05, le=10)
    start_nm: float = 36.0
    """Where the motor is at first, from the left of the field."""
    field_width_nm: float = Field(default=172.0, ge=100, le=400)
    field_height_nm: float = Field(default=99.2, ge=60, le=400)

    @property
    def forward_chance(self) -> float:
        """That a step is a forward one; a half at the stall force."""
        ratio = math.exp(math.log(self.forward_ratio) * (1 - self.load_pn / self.stall_pn))
        return ratio / (1 + ratio)

    @property
    def step_ms(self) -> float:
        """Mean time of a step."""
        return self.release_ms + self.wait_ms + 1e3 / (self.atp_on_um_s * self.atp_um) + self.bind_ms

    @property
    def speed_nm_s(self) -> float:
        """Mean speed: v = d·(2p − 1)/t, which rises with ATP as Michaelis and Menten's formula."""
        return 1e3 * self.site_nm * (2 * self.forward_chance - 1) / self.step_ms

    @classmethod
    def drawn(cls, seed: int) -> Self:
        """One motor out of the ranges."""
        rng = random.Random(f"kinesin {seed}")  # noqa: S311 (a scene, not a secret)
        return cls(
            release_ms=rng.uniform(3.8, 4.5),
            wait_ms=rng.uniform(3.2, 3.9),
            bind_ms=rng.uniform(1.7, 2.1),
            vesicle_nm=rng.uniform(42, 48),
            gap_nm=rng.uniform(15.5, 18.5),
            slow_motion=rng.uniform(37, 42),
            start_nm=rng.uniform(30, 40),
        )
