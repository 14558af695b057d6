"""The measurements by name. A new family is a module beside these with a tuple `SPECS`, and one line here."""

from __future__ import annotations

from . import cells, colony, flow, picture, spots
from .spec import MeasurementSpec

VERSION = 1
"""Raised whenever an answer to some clip changes; part of the judge's identity."""

MEASUREMENTS: dict[str, MeasurementSpec] = {
    spec.name: spec for family in (picture, flow, cells, colony, spots) for spec in family.SPECS
}
"""Measurement by name."""
