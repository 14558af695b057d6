"""Parameters of the synapse, its vesicles and the molecules in it."""

from __future__ import annotations

import random
from typing import Self

from pydantic import Field

from ..mechanism import Parameters


class Params(Parameters):
    """An active zone with three docked vesicles, in section, some ten milliseconds of it.

    Ranges: synaptic vesicles measure 40 to 45 nm with their membrane (Takamori et al. 2006, Cell 127, 831), the cleft
    15 to 25 nm, a membrane some 5 nm. Release follows the calcium current within 0.1 to 0.5 ms (Sabatini and Regehr
    1996, Nature 384, 170; Sudhof 2013, Neuron 80, 675). A pore opens 1 to 3 nm wide and the vesicle flattens within
    some milliseconds (Sharma and Lindau 2018, FEBS Lett. 592, 3542; Heuser and Reese 1981, J. Cell Biol. 88, 564).

    Two clocks: membranes move some hundreds of times slower than life; molecules, which would be a blur even so
    (transmitter diffuses at 0.3 µm²/ms), are drawn about a million times slower, each keeping its heading for about a
    tenth of a second so that the eye can follow it. Fewer are drawn than there are (about 1800 in a vesicle).
    """

    radius_nm: float = Field(default=18.5, ge=16, le=22)
    """Of a vesicle, to the middle of its membrane."""
    membrane_nm: float = Field(default=5.0, ge=4, le=6)
    cleft_nm: float = Field(default=20.0, ge=15, le=25)
    spacing_nm: float = Field(default=58.0, ge=50, le=70)
    """Between vesicles."""
    gap_nm: float = Field(default=2.0, ge=1, le=4)
    """Between a docked vesicle and the membrane."""
    pore_nm: float = Field(default=0.8, ge=0.5, le=1.5)
    """Clear radius of the pore as it opens."""
    open_ms: float = Field(default=0.35, ge=0.1, le=0.5)
    """From the channels' opening to the pore's."""
    widening_per_ms: float = Field(default=0.29, ge=0.05, le=1)
    """k of dφ/dt = k·sin 2φ, with the pore's edge at 2R·sin φ: membrane tension against drag."""
    whole_ms: float = Field(default=10.0, ge=5, le=30)
    """Shown by the clip."""
    opens_s: float = Field(default=1.5, ge=0.5, le=3)
    """Second of the clip at which the pore opens; until then the clip plays slower."""
    channels_s: float = Field(default=0.35, ge=0, le=3)
    """Second of the clip at which the channels open."""
    transmitter: int = Field(default=80, ge=10, le=300)
    """Molecules drawn a vesicle."""
    calcium: int = Field(default=44, ge=10, le=200)
    """Ions drawn."""
    speed_nm_s: float = Field(default=80.0, ge=5, le=500)
    """Of a molecule as drawn, root mean square along each axis, a second of the clip."""
    heading_s: float = Field(default=0.15, ge=0.005, le=1)
    """How long a molecule keeps its heading, in seconds of the clip."""
    field_width_nm: float = Field(default=190.0, ge=150, le=300)
    field_height_nm: float = Field(default=109.6, ge=90, le=300)

    @property
    def half_nm(self) -> float:
        """Half a membrane's thickness."""
        return self.membrane_nm / 2

    @property
    def diffusion_nm2_s(self) -> float:
        """Diffusion coefficient as drawn, a second of the clip: D = v²τ."""
        return self.speed_nm_s**2 * self.heading_s

    @property
    def dock_nm(self) -> float:
        """Height of the lowest point of a docked vesicle (middle of its membrane) above the cell's membrane."""
        return self.gap_nm + self.membrane_nm

    @classmethod
    def drawn(cls, seed: int) -> Self:
        """One active zone out of the ranges."""
        rng = random.Random(f"exocytosis {seed}")  # noqa: S311 (a scene, not a secret)
        return cls(
            radius_nm=rng.uniform(17.8, 19.3),
            cleft_nm=rng.uniform(18.5, 21.5),
            spacing_nm=rng.uniform(55, 60),
            gap_nm=rng.uniform(1.5, 2.5),
            widening_per_ms=rng.uniform(0.26, 0.32),
            opens_s=rng.uniform(1.35, 1.65),
            channels_s=rng.uniform(0.25, 0.45),
            transmitter=rng.randint(72, 88),
        )
