"""Items of studies about a suite's tasks."""

from __future__ import annotations

from collections.abc import Collection

from ...rubric import Level, Suite
from ...suites.view import View
from .drawing import draw
from .records import Item


def ask_about_tasks(
    suite: Suite, levels: Collection[Level] | None, tasks: Collection[str] | None, per_level: int | None, seed: int
) -> list[Item]:
    """One item for each task of `suite`, or for those drawn.

    Raises:
        InputError: no task is left.
        UnknownNameError: a task does not exist.
    """
    chosen = {task.id: task for task in View.of(suite, levels=levels, tasks=tasks).tasks}
    drawn = draw({name: task.level for name, task in chosen.items()}, per_level, seed)
    is_draw = per_level is not None and tasks is None  # tasks that were picked by name are no draw
    return [
        Item(id=name, task=name, level=chosen[name].level, inclusion=how if is_draw else None)
        for name, how in drawn.items()
    ]
