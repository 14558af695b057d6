"""Red cells in laminar, pulsatile flow through an arteriole narrowed by a clot."""

from __future__ import annotations

from ...rubric import Level
from ..mechanism import Mechanism

MECHANISM = Mechanism(
    name="vessel",
    level=Level.ORGAN,
    task_id="vessel-clot",
    summary="Red cells in laminar, pulsatile flow through an arteriole narrowed by a clot.",
    module=__name__,
    violations={
        "plug_flow": "every cell moves at the same speed, at the wall as on the axis",
        "cells_through_clot": "cells run straight through the clot as if it were not there",
        "reversed_flow": "cells run backwards, from the outlet to the inlet",
        "sloshing_flow": "cells swing to and fro and get nowhere",
        "no_acceleration": "cells pass the throat no faster than the open vessel",
        "vanishing_cells": "most cells disappear at the clot",
        "steady_flow": "the flow does not pulse with the heart",
        "fast_walls": "cells run fastest along the walls and slowest on the axis",
        "slow_throat": "cells crawl through the throat and jam there",
        "teleport": "several times a second most cells jump to other places",
    },
    default_violation="cells_through_clot",
)
