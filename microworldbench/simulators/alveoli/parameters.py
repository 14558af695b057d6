"""Parameters of the breathing alveoli: one alveolar duct of a resting adult."""

from __future__ import annotations

import random
from typing import Self

from pydantic import Field

from ..mechanism import Parameters


class Params(Parameters):
    """An alveolar duct and the alveoli around it, in quiet breathing played a little faster than life.

    Ranges: an alveolus is 200 to 300 µm wide, 4.2 million µm³ in the mean (Ochs et al. 2004, Am. J. Respir. Crit. Care
    Med. 169, 120), and a duct carries some twenty (Weibel 1963, Morphometry of the Human Lung; Haefeli-Bleuer and
    Weibel 1988, Anat. Rec. 220, 401). At rest 12 to 20 breaths a minute move 0.5 l in and out of 2.4 l, so volumes
    swing by some 20 % (Hall and Hall, Guyton and Hall Textbook of Medical Physiology, ch. 38). Inspiration to
    expiration is about 1 to 2 in time; those drawn, 1 to 1.8 up to 1 to 2.2, lie well within what adults at rest differ
    by (Benchetrit 2000, Respir. Physiol. 122, 123). Lungs hold 0.08 of their resting volume more per cmH₂O
    (0.2 l/cmH₂O), pleural pressure falls by 2 to 3 cmH₂O, and resistance times compliance is 0.2 to 0.5 s (West,
    Respiratory Physiology, ch. 7). Inspiratory muscles go on pulling, less and less, in early expiration (Remmers and
    Bartlett 1977, J. Appl. Physiol. 42, 80).
    """

    breaths_per_min: float = Field(default=15.0, ge=12, le=20)
    speed_up: float = Field(default=2.0, ge=1, le=20)
    """How many times faster than life the clip plays."""
    start_phase: float = Field(default=0.9, ge=0, le=1)
    """Part of the breath at which the clip begins; inspiration starts at 0."""
    inspired_share: float = Field(default=0.32, ge=0.2, le=0.45)
    """Part of the breath for which the muscles pull; air flows in for a little longer."""
    relaxes_s: float = Field(default=0.4, ge=0.05, le=0.7)
    """Time constant with which the muscles let go; they brake the beginning of expiration."""
    pull_cmh2o: float = Field(default=2.8, ge=2, le=4)
    """Largest fall of pressure around the lung."""
    compliance_per_cmh2o: float = Field(default=0.08, ge=0.05, le=0.12)
    """Gain of volume over resting volume for each cmH₂O."""
    time_constant_s: float = Field(default=0.35, ge=0.15, le=0.6)
    """Resistance of an alveolus and its share of the airways, times its compliance."""
    unevenness: float = Field(default=0.1, ge=0, le=0.4)
    """Spread of the alveoli's compliance and resistance (standard deviation of the logarithm)."""
    alveolus_um: float = Field(default=235.0, ge=180, le=300)
    """Mean diameter of an alveolus at rest."""
    rings: int = Field(default=5, ge=2, le=6)
    """Rings of alveoli around the duct, before its round end."""
    ring_of: int = Field(default=7, ge=5, le=9)
    """Alveoli in a ring."""
    tilt: float = Field(default=0.1, ge=-0.5, le=0.5)
    """Turn of the duct in the picture, radians."""
    field_width_um: float = Field(default=1640.0, ge=900, le=3000)
    field_height_um: float = Field(default=945.0, ge=500, le=3000)

    @classmethod
    def drawn(cls, seed: int) -> Self:
        """One duct out of the ranges."""
        rng = random.Random(f"alveoli {seed}")  # noqa: S311 (a scene, not a secret)
        return cls(
            breaths_per_min=rng.uniform(14, 17),
            start_phase=rng.uniform(0, 1),
            inspired_share=rng.uniform(0.305, 0.335),
            pull_cmh2o=rng.uniform(2.6, 3.1),
            compliance_per_cmh2o=rng.uniform(0.075, 0.085),
            relaxes_s=rng.uniform(0.36, 0.46),
            time_constant_s=rng.uniform(0.3, 0.4),
            unevenness=rng.uniform(0.05, 0.12),
            alveolus_um=rng.uniform(220, 250),
            ring_of=rng.choice((7, 8)),
            tilt=rng.uniform(-0.25, 0.25),
        )
