"""Neutrophils that crawl up a gradient towards a pipette."""

from __future__ import annotations

from ...rubric import Level
from ..mechanism import Mechanism

MECHANISM = Mechanism(
    name="chemotaxis",
    level=Level.CELLULAR,
    task_id="neutrophil-chemotaxis",
    summary="Neutrophils crawl up a gradient: a persistent random walk whose turns are biased towards a pipette.",
    module=__name__,
    violations={
        "against_gradient": "cells crawl away from the pipette",
        "no_bias": "cells wander without regard to the pipette",
        "straight_lines": "every cell glides to the pipette in a straight line",
        "frozen": "cells ruffle their edges but stay where they are",
        "racing": "cells race at three and a half times the speed they should have",
        "rigid": "round cells slide along without changing shape",
        "teleport": "cells jump from place to place",
        "vanishing": "more than half of the cells disappear one by one",
        "circling": "cells run round in circles instead of up the gradient",
        "dividing": "every cell splits into two as large as itself",
        "reversed_time": "cells move away from the pipette tail first",
    },
    default_violation="against_gradient",
)
