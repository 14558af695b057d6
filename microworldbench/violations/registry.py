"""The violations of finished clips by name. Those of a mechanism itself are the simulators'."""

from __future__ import annotations

from ..errors import UnknownNameError
from .control import CONTROLS
from .image import IMAGE
from .instruction import INSTRUCTION
from .violation import Violation

VIOLATIONS: dict[str, Violation] = {v.name: v for v in (*IMAGE, *INSTRUCTION, *CONTROLS)}
"""Violation by name."""


def violation(name: str) -> Violation:
    """The violation called `name`.

    Raises:
        UnknownNameError: there is none.
    """
    if name not in VIOLATIONS:
        raise UnknownNameError("violation", name, VIOLATIONS, "'mwb controls' lists them")
    return VIOLATIONS[name]
