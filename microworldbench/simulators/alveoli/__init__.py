"""Alveoli around the end of a duct breathe quietly."""

from __future__ import annotations

from ...rubric import Level
from ..mechanism import Mechanism

MECHANISM = Mechanism(
    name="alveoli",
    level=Level.ORGAN,
    task_id="alveolar-ventilation",
    summary="Alveoli around the end of a duct breathe quietly.",
    module=__name__,
    violations={
        "collapsing": "the alveoli empty until hardly anything is left of them, with every breath",
        "ballooning": "the alveoli swell to more than twice their volume",
        "frozen_lung": "nothing breathes",
        "long_inspiration": "breathing in takes twice as long as breathing out",
        "panting": "the alveoli flutter four times as fast, and shallowly",
        "held_breath": "the alveoli breathe once and then stand still",
        "slow_breath": "one breath takes longer than the whole clip",
        "extra_alveoli": "new alveoli bud out between the others",
        "vanishing_alveoli": "alveoli shrink away and leave gaps",
        "out_of_step": "every alveolus breathes for itself, in a rhythm shifted against its neighbours",
        "drifting_bubbles": "gas rises as visible balls, through walls and all",
    },
    default_violation="collapsing",
)
