"""The measurements by name. A new family is a module beside these with a tuple `SPECS`, and one line here."""

from __future__ import annotations

from . import (
    beat,
    cells,
    closing,
    colony,
    crawling,
    engulfing,
    filaments,
    flow,
    fronts,
    fusion,
    gut,
    picture,
    sacs,
    shafts,
    spots,
    strides,
    waves,
)
from .spec import MeasurementSpec

VERSION = 1
"""Raised whenever an answer to some clip changes; part of the judge's identity."""

_FAMILIES = (
    picture,
    beat,
    sacs,
    gut,
    fronts,
    flow,
    cells,
    colony,
    engulfing,
    crawling,
    closing,
    spots,
    filaments,
    shafts,
    waves,
    strides,
    fusion,
)
MEASUREMENTS: dict[str, MeasurementSpec] = {spec.name: spec for family in _FAMILIES for spec in family.SPECS}
"""Measurement by name."""
