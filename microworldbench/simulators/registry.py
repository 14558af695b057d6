"""The simulated mechanisms by name. A new one is a package beside these and one line here."""

from __future__ import annotations

from .alveoli import MECHANISM as ALVEOLI
from .bacteria import MECHANISM as BACTERIA
from .calcium import MECHANISM as CALCIUM
from .cardiac import MECHANISM as CARDIAC
from .chemotaxis import MECHANISM as CHEMOTAXIS
from .excitation import MECHANISM as EXCITATION
from .exocytosis import MECHANISM as EXOCYTOSIS
from .kinesin import MECHANISM as KINESIN
from .mechanism import Mechanism
from .microtubule import MECHANISM as MICROTUBULE
from .mitosis import MECHANISM as MITOSIS
from .peristalsis import MECHANISM as PERISTALSIS
from .phagocytosis import MECHANISM as PHAGOCYTOSIS
from .vesicles import MECHANISM as VESICLES
from .vessel import MECHANISM as VESSEL
from .wound import MECHANISM as WOUND

_ORGAN = (CARDIAC, VESSEL, ALVEOLI, PERISTALSIS, EXCITATION)
_CELLULAR = (
    MITOSIS,
    CHEMOTAXIS,
    PHAGOCYTOSIS,
    WOUND,
    BACTERIA,
)
_SUBCELLULAR = (
    VESICLES,
    MICROTUBULE,
    CALCIUM,
    KINESIN,
    EXOCYTOSIS,
)

MECHANISMS: dict[str, Mechanism] = {
    mechanism.name: mechanism for level in (_ORGAN, _CELLULAR, _SUBCELLULAR) for mechanism in level
}
"""Mechanism by name, in the order of levels."""


def for_task(task_id: str) -> Mechanism | None:
    """The mechanism that answers a core task, or None."""
    return next((mechanism for mechanism in MECHANISMS.values() if mechanism.task_id == task_id), None)
