"""Waves of contraction push chyme along a length of small intestine."""

from __future__ import annotations

from ...rubric import Level
from ..mechanism import Mechanism

MECHANISM = Mechanism(
    name="peristalsis",
    level=Level.ORGAN,
    task_id="intestinal-peristalsis",
    summary="Waves of contraction push chyme along a length of small intestine.",
    module=__name__,
    violations={
        "backward_wave": "rings of contraction run from right to left, and the chyme with them",
        "standing_squeeze": "the tube tightens and slackens in the same places, and no ring moves along",
        "stuck_chyme": "rings pass, but the chyme stays where it is",
        "counterflow": "the chyme runs against the rings",
        "vanishing_chyme": "most of the chyme's bits vanish on their way",
        "through_the_wall": "bits of chyme pass through the wall and out of the tube",
        "racing_wave": "the rings race along at several times the pace that they should have",
        "appearing_chyme": "most of the chyme's bits appear out of nowhere",
        "shallow_wave": "the rings hardly narrow the tube",
        "frozen_gut": "nothing contracts and nothing flows",
        "teleport": "several times a second most bits jump to other places",
    },
    default_violation="backward_wave",
)
