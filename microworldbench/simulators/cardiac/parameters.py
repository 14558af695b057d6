"""Parameters of the beating left ventricle: a healthy adult at rest, slowed down for the eye."""

from __future__ import annotations

import random
from typing import Self

from pydantic import Field

from ..mechanism import Parameters


class Params(Parameters):
    """A left ventricle that pumps against the arteries, cut lengthwise.

    Ranges: at rest the heart beats 60 to 100 times a minute; the ventricle holds about 120 ml when full and ejects
    about 70 (Hall and Hall, Guyton and Hall Textbook of Medical Physiology, ch. 9; ejection fraction 52 to 74 %,
    relaxed wall 6 to 10 mm: Lang et al. 2015, J. Am. Soc. Echocardiogr. 28, 1). End-systolic elastance is 1.5 to
    3.5 mmHg/ml in man (Senzaki, Chen and Kass 1996, Circulation 94, 2497), arterial compliance 1 to 2 ml/mmHg and
    peripheral resistance 0.8 to 1.4 mmHg·s/ml (Westerhof, Lankhaar and Westerhof 2009, Med. Biol. Eng. Comput. 47,
    131). The valve plane moves some 16 mm towards the apex (Carlsson et al. 2007, Am. J. Physiol. 292, H1452). Muscle
    keeps its volume: a left ventricle of 130 to 180 g holds 120 to 170 ml of it.
    """

    heart_rate_per_min: float = Field(default=75.0, ge=60, le=100)
    slow_motion: float = Field(default=6.0, ge=1, le=100)
    """How many times slower the clip plays than life."""
    start_phase: float = Field(default=0.95, ge=0, le=1)
    """Part of the beat at which the clip begins; contraction starts at 0."""
    peak_elastance_mmhg_ml: float = Field(default=2.4, ge=1.5, le=3.5)
    rest_elastance_mmhg_ml: float = Field(default=0.06, ge=0.03, le=0.1)
    unstressed_ml: float = Field(default=8.0, ge=0, le=15)
    """Volume at which the ventricle exerts no pressure."""
    venous_pressure_mmhg: float = Field(default=8.0, ge=5, le=12)
    """In the pulmonary veins."""
    peripheral_resistance_mmhg_s_ml: float = Field(default=1.0, ge=0.8, le=1.4)
    arterial_compliance_ml_mmhg: float = Field(default=1.3, ge=1.0, le=2.0)
    wall_ml: float = Field(default=128.0, ge=110, le=170)
    """Muscle of the ventricle."""
    length_mm: float = Field(default=94.0, ge=80, le=105)
    """From the outer apex to the valve plane when the ventricle is full."""
    base_descent_mm: float = Field(default=15.0, ge=10, le=20)
    """How far the valve plane moves towards the apex."""
    base_radius_mm: float = Field(default=25.0, ge=21, le=29)
    """Of the cavity at the valve plane when full."""
    tilt: float = Field(default=-0.2, ge=-0.6, le=0.6)
    """Turn of the long axis in the picture, radians; negative lifts the base."""
    blood_per_cm2: float = Field(default=6.0, ge=1, le=20)
    """Particles that stand for the blood in a square centimetre of the section."""
    field_width_mm: float = Field(default=168.0, ge=120, le=250)
    field_height_mm: float = Field(default=97.0, ge=80, le=250)

    @classmethod
    def drawn(cls, seed: int) -> Self:
        """One heart out of the ranges."""
        rng = random.Random(f"cardiac {seed}")  # noqa: S311 (a scene, not a secret)
        return cls(
            heart_rate_per_min=rng.uniform(73, 79),
            start_phase=rng.uniform(0.93, 0.99),
            peak_elastance_mmhg_ml=rng.uniform(2.4, 2.9),
            rest_elastance_mmhg_ml=rng.uniform(0.055, 0.066),
            unstressed_ml=rng.uniform(5, 9),
            venous_pressure_mmhg=rng.uniform(7.4, 8.4),
            peripheral_resistance_mmhg_s_ml=rng.uniform(0.9, 1.05),
            arterial_compliance_ml_mmhg=rng.uniform(1.2, 1.6),
            wall_ml=rng.uniform(120, 138),
            length_mm=rng.uniform(91, 97),
            base_descent_mm=rng.uniform(13, 17),
            base_radius_mm=rng.uniform(24, 26),
            tilt=rng.uniform(-0.3, -0.1),
            blood_per_cm2=rng.uniform(5.5, 7),
        )
