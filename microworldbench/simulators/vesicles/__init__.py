"""Vesicles in Brownian motion in the cytoplasm."""

from __future__ import annotations

from ...rubric import Level
from ..mechanism import Mechanism

MECHANISM = Mechanism(
    name="vesicles",
    level=Level.SUBCELLULAR,
    task_id="vesicle-diffusion",
    summary="Vesicles jitter in the cytoplasm by thermal motion: MSD = 4Dt in the picture plane.",
    module=__name__,
    violations={
        "drift": "all vesicles stream the same way",
        "ballistic": "each vesicle glides on in a straight line",
        "frozen": "vesicles do not move",
        "teleport": "vesicles jump across the field",
        "caged": "each vesicle rattles in its place and never gets away from it",
        "multiplying": "as many vesicles again appear out of nowhere",
        "vanishing": "half of the vesicles disappear one by one",
    },
    default_violation="ballistic",
)
