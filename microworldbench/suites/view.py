"""A view: which part of a suite is run and scored. Tables never mix views."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from ..errors import InputError, UnknownNameError
from ..rubric import Level, Suite, Task, digest_of

Criteria = Literal["all", "measured"]
PromptField = Literal["task", "requirement"]


@dataclass(frozen=True)
class View:
    """A selection of `suite`. Make one with `View.of`.

    Name, digest and selection say what was selected, never by which options: equal selections are equal views.
    """

    suite: Suite
    tasks: tuple[Task, ...]
    """The selected tasks by id, each with its selected criteria only."""
    prompt_field: PromptField = "task"
    weights: str | None = None

    @classmethod
    def of(
        cls,
        suite: Suite,
        *,
        levels: Collection[str] | None = None,
        tasks: Collection[str] | None = None,
        limit: int | None = None,
        without: Iterable[str] = (),
        criteria: Criteria = "all",
        prompt_field: PromptField = "task",
        weights: str | None = None,
    ) -> View:
        """Selects from `suite`.

        Args:
            suite: The whole suite.
            levels: Levels to keep; None keeps all.
            tasks: Task ids to keep; None keeps all.
            limit: Keep the first `limit` tasks in the order of their ids, counted after every other filter. Not
                balanced over levels.
            without: Task ids to leave out.
            criteria: ``measured`` keeps the criteria that have a measurement, and the tasks that have such criteria.
            prompt_field: What the generator is given: the task text, or the longer requirement.
            weights: Which of several weight sets `suite` was loaded with, for the name.

        Raises:
            UnknownNameError: A task or level does not exist; names near matches.
            InputError: Nothing is left, an option is malformed, or a task has no requirement to prompt with.
        """
        _check_choice("criteria", criteria, ("all", "measured"))
        _check_choice("prompt_field", prompt_field, ("task", "requirement"))
        if limit is not None and limit < 1:
            raise InputError(f"limit must be at least 1, got {limit}")
        left_out = _known_ids(suite, without)
        kept_ids = suite.by_id.keys() if tasks is None else _known_ids(suite, tasks)
        kept_levels = set(Level) if levels is None else {_level(name) for name in levels}
        chosen = [task for task in suite.tasks if task.id in kept_ids and task.id not in left_out]
        chosen = [task for task in chosen if task.level in kept_levels]
        if criteria == "measured":
            chosen = [measured for task in chosen if (measured := _measured_part(task)) is not None]
        chosen = sorted(chosen, key=lambda task: task.id)[:limit]
        if not chosen:
            raise InputError(f"no task of suite {suite.id!r} is left{_why_empty(levels, tasks, left_out, criteria)}")
        view = cls(suite, tuple(chosen), prompt_field, weights)
        view.check_prompts()
        return view

    def check_prompts(self) -> None:
        """Raises `InputError` where a task lacks the text that is to be its prompt."""
        lacking = [task.id for task in self.tasks if self.prompt_field == "requirement" and task.requirement is None]
        if lacking:
            some = ", ".join(lacking[:5]) + (", …" if len(lacking) > 5 else "")
            raise InputError(f"{len(lacking)} tasks have no requirement to prompt with ({some}); use the task text")

    def prompt_of(self, task: Task) -> str:
        """What the generator is given for `task`."""
        if self.prompt_field == "task":
            return task.prompt
        assert task.requirement is not None
        return task.requirement

    @cached_property
    def digest(self) -> str:
        """sha256 over the suite's digest, the selected task and criterion ids and the prompt field."""
        return digest_of(
            {
                "suite": self.suite.digest,
                "tasks": {task.id: [criterion.id for criterion in task.criteria] for task in self.tasks},
                "prompt_field": self.prompt_field,
            }
        )

    @cached_property
    def is_measured(self) -> bool:
        """True where criteria without a measurement were left out."""
        return any(len(task.criteria) < len(self.suite.by_id[task.id].criteria) for task in self.tasks)

    @cached_property
    def name(self) -> str:
        """For people: ``full``, or e.g. ``measured criteria · organ level · 3 of 9 tasks · requirement as prompt``."""
        parts = ["measured criteria"] if self.is_measured else []
        levels = {task.level for task in self.tasks}
        if levels != {task.level for task in self.suite.tasks}:
            named = [level.value for level in Level if level in levels]
            parts.append(" and ".join(named) + (" level" if len(named) == 1 else " levels"))
        if len(self.tasks) < len(self.suite.tasks):
            parts.append(f"{len(self.tasks)} of {len(self.suite.tasks)} tasks")
        if self.prompt_field == "requirement":
            parts.append("requirement as prompt")
        if self.weights not in (None, "tiered"):
            parts.append(f"{self.weights} weights")
        return " · ".join(parts) or "full"

    @cached_property
    def selection(self) -> dict[str, Any]:
        """JSON-able arguments that give this view again: ``View.of(suite, **view.selection)``."""
        whole = len(self.tasks) == len(self.suite.tasks)
        return {
            "tasks": None if whole else [task.id for task in self.tasks],
            "criteria": "measured" if self.is_measured else "all",
            "prompt_field": self.prompt_field,
            "weights": self.weights,
        }


def _check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InputError(f"{name} must be {' or '.join(map(repr, allowed))}, got {value!r}")


def _known_ids(suite: Suite, ids: Iterable[str]) -> set[str]:
    wanted = {ids} if isinstance(ids, str) else set(ids)
    for name in sorted(wanted - suite.by_id.keys()):
        raise UnknownNameError("task", name, suite.by_id, f"suite {suite.id!r} has {len(suite.tasks)} tasks")
    return wanted


def _level(name: str) -> Level:
    if name not in set(Level):
        raise UnknownNameError("level", name, [level.value for level in Level])
    return Level(name)


def _measured_part(task: Task) -> Task | None:
    kept = tuple(criterion for criterion in task.criteria if criterion.measurement is not None)
    if len(kept) == len(task.criteria):
        return task
    return task.model_copy(update={"criteria": kept}) if kept else None


def _why_empty(
    levels: Collection[str] | None, tasks: Collection[str] | None, without: Collection[str], criteria: Criteria
) -> str:
    reasons = []
    if levels is not None:
        reasons.append(f"level {', '.join(levels) or 'none'}")
    if tasks is not None:
        reasons.append(f"{len(tasks)} named tasks")
    if without:
        reasons.append(f"{len(without)} left out")
    if criteria == "measured":
        reasons.append("measured criteria only")
    return f" by this selection ({'; '.join(reasons)})" if reasons else ""
