"""Microtubules that grow, collapse and recover at their plus ends."""

from __future__ import annotations

from ...rubric import Level
from ..mechanism import Mechanism

MECHANISM = Mechanism(
    name="microtubule",
    level=Level.SUBCELLULAR,
    task_id="microtubule-instability",
    summary="Plus ends of microtubules grow slowly, collapse fast and recover at random; EB1 marks those that grow.",
    module=__name__,
    violations={
        "symmetric_speeds": "tips retreat no faster than they advance",
        "in_step": "all tips switch at the same moments",
        "only_growth": "no tip ever retreats",
        "reversed_time": "the film runs backwards: tips advance fast without comets and retreat slowly under them",
        "inverted_comets": "comets ride on retreating tips and are missing from advancing ones",
        "frozen_tips": "no tip moves",
        "lasting_comets": "comets stay on tips that retreat",
        "sliding_rods": "rods of constant length slide to and fro",
        "both_ends": "both ends of free filaments grow and shrink alike",
        "wriggling": "filaments wriggle like snakes",
        "fading": "filaments fade along their whole length instead of shortening",
    },
    default_violation="sliding_rods",
)
