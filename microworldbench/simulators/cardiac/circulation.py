"""The pump: a ventricle and an atrium of varying elastance, two valves, and a windkessel of arteries.

Pressure in a chamber is E(t)·(V − V₀) (Suga and Sagawa 1974, Circ. Res. 35, 117), with the double-Hill course of E and
its constants after Stergiopulos, Meister and Westerhof (1996, Am. J. Physiol. 270, H2050) and Mynard et al. (2012, Int.
J. Numer. Methods Biomed. Eng. 28, 626). Valves follow Mynard's law: the opened part ζ grows as (1 − ζ)·K·Δp and
shrinks as ζ·K·|Δp|, and blood in the orifice has inertia and Bernoulli's resistance. Nothing else decides when a valve
opens, how much is ejected or how long the phases last.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .parameters import Params

Array = NDArray[np.float64]

STEP_S = 1e-3
BEATS = 10
"""Beats run before the one that is returned; by then each is like the last."""
DENSITY = 1.06 / 1333.22
"""Of blood, in mmHg·s²/cm²."""
LENGTH_CM = 2.0
"""Of the blood column in an orifice."""
LEAST_OPEN = 0.02
"""Opened part up to which an orifice lets nothing through."""
MITRAL = {"area_cm2": 5.0, "opening": 20.0, "closing": 40.0}
AORTIC = {"area_cm2": 3.5, "opening": 15.0, "closing": 15.0}
"""Opening and closing rates K in 1/(mmHg·s)."""
VENOUS_RESISTANCE = 0.02
AORTIC_RESISTANCE = 0.03
"""Characteristic resistance of the aorta, like the former in mmHg·s/ml."""
ATRIUM = {"rest": 0.15, "peak": 0.30, "unstressed_ml": 5.0, "lead": 0.16}
"""Elastances in mmHg/ml; the atrium contracts this part of a beat before the ventricle."""


@dataclass(frozen=True)
class Beat:
    """One beat in the steady state, sampled every `STEP_S` of life; arrays of shape (samples,)."""

    period_s: float
    ventricle_ml: Array
    atrium_ml: Array
    ventricle_mmhg: Array
    atrium_mmhg: Array
    artery_mmhg: Array
    mitral: Array
    """Opened part of the mitral valve, 0 to 1."""
    aortic: Array
    mitral_ml_s: Array
    """Flow through the mitral valve, positive into the ventricle."""
    aortic_ml_s: Array
    """Flow through the aortic valve, positive out of it."""


def activation(phase: Array, rise: float, fall: float, steep: float, steeper: float) -> Array:
    """Double-Hill course of a chamber's elastance over `phase`, scaled to a peak of 1."""
    grown, waned = (phase / rise) ** steep, (phase / fall) ** steeper
    course = grown / (1 + grown) / (1 + waned)
    return np.asarray(course / course.max())


class Valve:
    """An orifice whose leaflets follow the pressure difference."""

    def __init__(self, area_cm2: float, opening: float, closing: float) -> None:
        self.area_cm2, self.opening, self.closing = area_cm2, opening, closing
        self.open = 0.0
        self.flow = 0.0

    def step(self, difference: float, resistance: float = 0.0) -> None:
        """Moves leaflets and blood on by `STEP_S` under a pressure difference in mmHg."""
        rate = (1 - self.open) * self.opening if difference > 0 else self.open * self.closing
        self.open = min(1.0, max(0.0, self.open + STEP_S * rate * difference))
        area = self.area_cm2 * self.open
        if self.open < LEAST_OPEN:
            self.flow = 0.0
            return
        inertia = DENSITY * LENGTH_CM / area
        loss = DENSITY / (2 * area * area) * abs(self.flow) + resistance
        self.flow = (self.flow + STEP_S * difference / inertia) / (1 + STEP_S * loss / inertia)


def beat(params: Params) -> Beat:
    """The steady beat of a heart."""
    period = 60 / params.heart_rate_per_min
    samples = round(period / STEP_S)
    phase = np.arange(samples) / samples
    ventricle = params.rest_elastance_mmhg_ml + (
        params.peak_elastance_mmhg_ml - params.rest_elastance_mmhg_ml
    ) * activation(phase, 0.269, 0.452, 1.32, 21.9)
    atrium = ATRIUM["rest"] + (ATRIUM["peak"] - ATRIUM["rest"]) * activation(
        (phase + ATRIUM["lead"]) % 1, 0.110, 0.18, 1.32, 13.1
    )
    mitral, aortic = Valve(**MITRAL), Valve(**AORTIC)
    v, a, p = 110.0, 50.0, 85.0
    rows = np.empty((samples, 9))
    for _ in range(BEATS):
        for i in range(samples):
            inside = ventricle[i] * (v - params.unstressed_ml)
            behind = atrium[i] * (a - ATRIUM["unstressed_ml"])
            rows[i] = (v, a, inside, behind, p, mitral.open, aortic.open, mitral.flow, aortic.flow)
            mitral.step(behind - inside)
            aortic.step(inside - p, AORTIC_RESISTANCE)
            returned = (params.venous_pressure_mmhg - behind) / VENOUS_RESISTANCE
            v += STEP_S * (mitral.flow - aortic.flow)
            a += STEP_S * (returned - mitral.flow)
            p += (
                STEP_S * (aortic.flow - p / params.peripheral_resistance_mmhg_s_ml) / params.arterial_compliance_ml_mmhg
            )
    return Beat(period, *np.ascontiguousarray(rows.T))
