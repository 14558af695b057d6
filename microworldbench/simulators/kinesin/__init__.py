"""Kinesin-1 walks a vesicle along a microtubule, hand over hand."""

from __future__ import annotations

from ...rubric import Level
from ..mechanism import Mechanism

MECHANISM = Mechanism(
    name="kinesin",
    level=Level.SUBCELLULAR,
    task_id="kinesin-transport",
    summary="Kinesin-1 walks a vesicle to the plus end in steps of 8 nm, its two heads taking the lead in turn.",
    module=__name__,
    violations={
        "backwards": "the motor walks to the minus end, on the left",
        "gliding": "both heads glide along the microtubule without stepping",
        "inchworm": "the same head stays in front and the other one only catches up",
        "floating": "the motor lets go of the microtubule, floats above it, and comes back",
        "giant_strides": "each stride is three times as long as it can be",
        "falls_off": "half-way the motor lets go and does not come back",
        "short_strides": "each stride is half as long as it should be",
        "to_and_fro": "the motor turns round every few steps and gets nowhere",
        "standing": "the motor stands in one place",
        "cargo_left_behind": "the vesicle stays behind while the motor walks on",
    },
    default_violation="gliding",
)
