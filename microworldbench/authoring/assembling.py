"""Puts tasks and rubrics together into a suite folder, marked as drafted, and lints it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import InputError
from ..rubric import Level, Source, Suite, Task
from ..suites.lint import LintReport, lint
from ..suites.writing import write_folder
from .drafting import rubrics_of, tasks_of
from .folder import DraftFolder
from .records import DraftedRubric, DraftedTask, Title


@dataclass(frozen=True)
class Assembled:
    """A drafted suite and what the linter says of it."""

    suite: Suite
    findings: LintReport
    without_rubric: tuple[str, ...]
    """Chosen tasks that have no rubric yet."""


def assemble(folder: DraftFolder, suite_id: str, title: str, license: str | None) -> Assembled:  # noqa: A002
    """Writes ``suite/`` from every chosen task that has a rubric.

    Args:
        folder: Open for writing.
        suite_id: The suite's id.
        title: Its title.
        license: SPDX identifier of the texts' licence; None where it is not decided.

    Raises:
        InputError: nothing has been chosen, or no chosen task has a rubric.
    """
    chosen = folder.chosen()
    if chosen is None:
        raise InputError(f"{str(folder.path)!r}: no tasks are chosen yet; 'mwb draft rubrics' chooses and drafts")
    kept = {choice.task: choice.level for choice in chosen[1] if choice.outcome == "kept" and choice.level is not None}
    tasks = {task.id: task for task in tasks_of(folder)}
    rubrics = rubrics_of(folder)
    titles = {each.id: each for each in folder.titles()}
    ready = [task for task in kept if task in rubrics and task in tasks]
    if not ready:
        raise InputError(f"{str(folder.path)!r}: none of {len(kept)} chosen tasks has a rubric; 'mwb draft rubrics'")
    suite = Suite(
        id=suite_id,
        version="1-A",
        title=title,
        license=license,
        tasks=tuple(_tasks((tasks[t], kept[t], rubrics[t], titles[tasks[t].source]) for t in sorted(ready))),
    )
    write_folder(suite, folder.suite_path)
    return Assembled(suite, lint(suite), tuple(task for task in kept if task not in ready))


def _tasks(parts: Iterable[tuple[DraftedTask, Level, DraftedRubric, Title]]) -> Iterable[Task]:
    for task, level, rubric, title in parts:
        where = " ".join(part for part in (title.channel, title.url) if part)
        yield Task(
            id=task.id,
            level=level,
            title=task.title,
            prompt=task.prompt,
            requirement=rubric.requirement,
            criteria=rubric.criteria,
            sources=(
                Source(
                    reference=f"Video: {title.title}" + (f" ({where})" if where else ""),
                    fact="The topic only; no fact is taken from it. Experts add the references.",
                ),
            ),
        )
