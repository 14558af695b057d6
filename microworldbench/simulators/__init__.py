"""Small mechanistic simulations rendered to video, and their deliberate violations.

Importing this package loads no numerics: `MECHANISMS` can be listed at once.
"""

from __future__ import annotations

from .generator import Simulator, SimulatorSettings
from .mechanism import Mechanism, Parameters
from .registry import MECHANISMS

__all__ = ["MECHANISMS", "Mechanism", "Parameters", "Simulator", "SimulatorSettings"]
