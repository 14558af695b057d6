"""Two calcium waves run through a heart muscle cell, meet and annihilate."""

from __future__ import annotations

from ...rubric import Level
from ..mechanism import Mechanism

MECHANISM = Mechanism(
    name="calcium",
    level=Level.SUBCELLULAR,
    task_id="calcium-wave",
    summary="Release sites fire one another by diffusion: two calcium waves run through a muscle cell and annihilate.",
    module=__name__,
    violations={
        "pass_through": "the two waves run through each other to the far ends",
        "all_at_once": "the whole cell lights up at the same moment",
        "no_recovery": "calcium stays high behind the fronts",
        "second_wave": "a second wave follows in the wake of each, where the sites should be refractory",
        "passive_spread": "calcium only diffuses from where it was let out and thins away",
        "uneven_speeds": "one wave is little more than half as fast as the other",
        "stalled": "both waves stop for good long before they meet",
        "one_wave": "there is no wave from the right",
        "reversed_time": "bands arise in the middle and run apart to the ends",
    },
    default_violation="all_at_once",
)
