"""Items of relevance studies about drafted tasks, which have a prompt but no rubric yet."""

from __future__ import annotations

import os
from collections.abc import Collection

from ...authoring.drafting import levels_of, tasks_of
from ...authoring.folder import DraftFolder
from ...errors import InputError, UnknownNameError
from ...rubric import Level
from .drawing import draw
from .records import Item


def ask_about_draft(
    path: str | os.PathLike[str],
    levels: Collection[Level] | None,
    tasks: Collection[str] | None,
    per_level: int | None,
    seed: int,
) -> list[Item]:
    """One item for each drafted task, or for those chosen or drawn; where no level is drafted yet, experts see none.

    Raises:
        InputError: it is no draft folder, no task is left, or a choice by level is wanted of tasks without one.
        UnknownNameError: a task does not exist.
    """
    folder = DraftFolder.read(path)
    drafted = {task.id: task for task in tasks_of(folder)}
    if unknown := sorted(set(tasks or ()) - drafted.keys()):
        raise UnknownNameError("task", unknown[0], drafted)
    placed = {name: where.level for name, where in levels_of(folder).items()}
    names = [name for name in drafted if tasks is None or name in tasks]
    if levels is not None or per_level is not None:
        if unplaced := [name for name in names if name not in placed]:
            raise InputError(
                f"{len(unplaced)} of {len(names)} drafted tasks have no level yet, such as {unplaced[0]}; 'mwb draft "
                f"classify {path}' places them, or leave --level and --per-level out"
            )
        names = [name for name in names if levels is None or placed[name] in levels]
    how = draw({name: placed[name] for name in names}, per_level, seed) if per_level is not None else {}
    return [
        Item(
            id=name,
            task=name,
            level=placed.get(name),
            title=drafted[name].title,
            prompt=drafted[name].prompt,
            inclusion=how.get(name) if tasks is None else None,
        )
        for name in (how or names)
    ]
