"""Violations: named, composable changes of simulated clips with a declared effect on the truth of every claim.

A `Recipe` names a mechanism, a seed, what breaks the mechanism itself (`Recipe.broken`, which the simulator does) and
the steps that change the finished clip (`VIOLATIONS`: of the image, of the instruction, and controls). `Scene` and
`changed` make its frames, `truth_of` says of every criterion whether it is met, not met or undetermined, and why.
"""

from __future__ import annotations

from .aspects import Aspect, Place, aspects_of
from .recipe import Recipe, Scene, Shot, Step, changed, truth_of
from .registry import VIOLATIONS, violation
from .violation import Kind, Strengths, Turn, Violation

__all__ = [
    "VIOLATIONS",
    "Aspect",
    "Kind",
    "Place",
    "Recipe",
    "Scene",
    "Shot",
    "Step",
    "Strengths",
    "Turn",
    "Violation",
    "aspects_of",
    "changed",
    "truth_of",
    "violation",
]
