"""Rod-shaped bacteria that grow into a colony."""

from __future__ import annotations

from ...rubric import Level
from ..mechanism import Mechanism

MECHANISM = Mechanism(
    name="bacteria",
    level=Level.CELLULAR,
    task_id="bacterial-growth",
    summary="Rod-shaped bacteria grow exponentially, divide by the adder rule and push one another apart.",
    module=__name__,
    violations={
        "linear_growth": "the colony gains the same length a minute, however many cells there are",
        "filaments": "cells grow three times as long as they should before they divide",
        "arrested": "growth stops after the first third",
        "vanishing": "from the middle of the clip on, cells disappear one by one",
        "reversed_time": "a colony shrinks to a single rod",
        "no_pushing": "cells grow through one another and pile up in one place",
        "unequal_division": "every division cuts off a short piece at one end",
        "scattering": "daughters swim off in all directions and form no colony",
    },
    default_violation="reversed_time",
)
