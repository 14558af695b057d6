"""Whose clip is shown where another is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from ..rubric import Level
from ..simulators.mechanism import Mechanism
from .recipe import Recipe, Step


def strangers(mechanism: Mechanism, among: Sequence[Mechanism]) -> dict[str, Mechanism]:
    """Whose clips are shown for `mechanism`'s task, by the name of the violation that is; those there are.

    ``wrong_subject`` is of another level of life, ``wrong_mechanism`` the next one of the same level.
    """
    levels = list(Level)
    mine = [m for m in among if m.level is mechanism.level]
    place, at = mine.index(mechanism), levels.index(mechanism.level)
    found = {"wrong_mechanism": mine[(place + 1) % len(mine)]} if len(mine) > 1 else {}
    for step in (1, 2):
        away = [m for m in among if m.level is levels[(at + step) % len(levels)]]
        if away:
            return {"wrong_subject": away[place % len(away)], **found}
    return found


def elsewhere(mechanism: Mechanism, name: str, among: Sequence[Mechanism], seed: int) -> Recipe | None:
    """Another mechanism's clip shown for `mechanism`'s task; None where there is no other."""
    other = strangers(mechanism, among).get(name)
    if other is None:
        return None
    return Recipe(mechanism=other.name, seed=seed, steps=(Step(violation=name),), task=mechanism.task_id)
