"""The simulated mechanisms by name. A new one is a package beside these and one line here."""

from __future__ import annotations

from .mechanism import Mechanism
from .mitosis import MECHANISM as MITOSIS
from .vesicles import MECHANISM as VESICLES
from .vessel import MECHANISM as VESSEL

MECHANISMS: dict[str, Mechanism] = {mechanism.name: mechanism for mechanism in (VESSEL, MITOSIS, VESICLES)}
"""Mechanism by name, in the order of levels."""


def for_task(task_id: str) -> Mechanism | None:
    """The mechanism that answers a core task, or None."""
    return next((mechanism for mechanism in MECHANISMS.values() if mechanism.task_id == task_id), None)
