"""An epithelial sheet that closes a gap."""

from __future__ import annotations

from ...rubric import Level
from ..mechanism import Mechanism

MECHANISM = Mechanism(
    name="wound",
    level=Level.CELLULAR,
    task_id="wound-closure",
    summary="Both edges of an epithelial sheet advance into a gap as Fisher-KPP fronts and meet; rows behind follow.",
    module=__name__,
    violations={
        "fills_from_middle": "cells appear in the bare middle of the gap while its edges stand still",
        "reopening": "half closed, the gap becomes wider again",
        "stalled": "the edges stop after the first third and leave the gap open",
        "one_sided": "one edge stands still",
        "sudden_closure": "the gap is there in one frame and gone in the next",
        "rubber": "only the first row stretches across the gap; the sheet behind it stands still",
        "lone_runners": "single cells tear off and cross the gap far ahead of the sheet",
        "reversed_time": "a whole sheet tears open",
    },
    default_violation="reversed_time",
)
