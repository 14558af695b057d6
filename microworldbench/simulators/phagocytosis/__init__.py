"""A macrophage that swallows a bacterium."""

from __future__ import annotations

from ...rubric import Level
from ..mechanism import Mechanism

MECHANISM = Mechanism(
    name="phagocytosis",
    level=Level.CELLULAR,
    task_id="phagocytosis",
    summary="A macrophage wraps a bacterium by a receptor-fed zipper, closes a vacuole around it and draws it inwards.",
    module=__name__,
    violations={
        "vanishing_prey": "the bacterium dissolves before the macrophage touches it",
        "through_membrane": "the bacterium slides straight through the cell's outline and lies in no vacuole",
        "stalled_cup": "the cup stops half way and never closes",
        "pulled_in": "the bacterium flies to the macrophage from a distance",
        "giant_prey": "bacteria are almost half as long as the macrophage is wide",
        "extra_prey": "a fourth bacterium appears out of nothing",
        "darting_cell": "the macrophage darts to and fro across the picture",
        "reversed_time": "the macrophage spits a bacterium out",
    },
    default_violation="through_membrane",
)
