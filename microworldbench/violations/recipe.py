"""A recipe: which mechanism, broken how, changed by what, shown for which task. From it come a clip and its truth."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ..errors import InputError, UnknownNameError
from ..rubric import Record, Task, digest_of
from ..simulators.registry import MECHANISMS
from ..simulators.truth import Truth, declared
from .aspects import aspects_of
from .registry import violation
from .violation import Take

if TYPE_CHECKING:
    from ..simulators.canvas import Frames
    from ..simulators.mechanism import Mechanism

FAITHFUL = "faithful"
"""How a clip is labelled in which nothing is broken."""
ELSEWHERE = frozenset({"wrong_subject", "wrong_mechanism"})
"""Violations that consist in being shown for another task."""


class Shot(Record):
    """Length and rate of a clip."""

    duration_s: float = Field(default=5.0625, gt=0)
    """81 frames at 16 a second."""
    fps: float = Field(default=16.0, gt=0)


class Step(Record):
    """One violation of a finished clip."""

    violation: str
    strength: float | None = None
    """None: the strong one."""


class Recipe(Record):
    """What a control clip is made of."""

    mechanism: str
    seed: int = Field(ge=0)
    """Draws the parameters, the simulation and every step."""
    broken: str | None = None
    """A violation of the mechanism itself."""
    steps: tuple[Step, ...] = ()
    """In the order they are applied."""
    task: str | None = None
    """The core task it is shown for; None for the mechanism's own."""

    @property
    def task_id(self) -> str:
        """The core task it is shown for."""
        return self.task or mechanism_named(self.mechanism).task_id

    @property
    def label(self) -> str:
        """What is broken, for tables: the last step, else the mechanism's violation, else ``faithful``."""
        return self.steps[-1].violation if self.steps else self.broken or FAITHFUL

    @property
    def scene(self) -> tuple[str, int, str | None]:
        """What was simulated; clips with one scene are not independent of each other."""
        return self.mechanism, self.seed, self.broken

    @property
    def without_last(self) -> Recipe:
        """The same clip before its last violation: its twin.

        Raises:
            InputError: nothing is violated.
        """
        if self.steps:
            kept = self.steps[:-1]
            own = self.task if any(step.violation in ELSEWHERE for step in kept) else None
            return self.model_copy(update={"steps": kept, "task": own})
        if self.broken is None:
            raise InputError(f"nothing is violated in {self.mechanism} {self.seed}")
        return self.model_copy(update={"broken": None})

    def check(self) -> None:
        """Looks at every name.

        Raises:
            InputError: a mechanism or violation is unknown, or the task does not fit the steps.
        """
        mechanism = mechanism_named(self.mechanism)
        if self.broken is not None:
            mechanism.broken_by(self.broken)
        found = [violation(step.violation) for step in self.steps]
        named = [each.name for each in found]
        if unfit := [each.name for each in found if not each.fits(self.mechanism)]:
            raise InputError(f"{unfit[0]!r} makes no sense for {self.mechanism}: what it takes away fills the picture")
        elsewhere = self.task is not None and self.task != mechanism.task_id
        if elsewhere != (not ELSEWHERE.isdisjoint(named)):
            raise InputError(
                f"{self.mechanism} belongs to task {mechanism.task_id!r}; to show it for {self.task!r} is a "
                f"violation of its own ({' or '.join(sorted(ELSEWHERE))})"
            )


def mechanism_named(name: str) -> Mechanism:
    """The mechanism called `name`.

    Raises:
        UnknownNameError: there is none.
    """
    if name not in MECHANISMS:
        raise UnknownNameError("mechanism", name, MECHANISMS, "'mwb controls' lists them")
    return MECHANISMS[name]


@dataclass(frozen=True, eq=False)
class Scene:
    """A simulated scene: its state is made once, its truth and its frames follow from it."""

    mechanism: Mechanism
    seed: int
    broken: str | None
    shot: Shot

    @classmethod
    def of(cls, recipe: Recipe, shot: Shot | None = None) -> Scene:
        """The scene a recipe begins with."""
        return cls(mechanism_named(recipe.mechanism), recipe.seed, recipe.broken, shot or Shot())

    @cached_property
    def state(self) -> Any:
        """The simulated state."""
        params = self.mechanism.params.drawn(self.seed)
        return self.mechanism.simulate(params, self.seed, self.shot.duration_s, self.shot.fps, self.broken)

    @cached_property
    def truth(self) -> dict[str, Truth]:
        """The truth of the mechanism's own task before any step, by criterion id."""
        return dict(self.mechanism.truth(self.state))

    def frames(self, width: int, height: int) -> Frames:
        """The scene as it is drawn."""
        return self.mechanism.render(self.state, width, height)


def changed(frames: Frames, recipe: Recipe, fps: float) -> Frames:
    """The frames of a recipe's scene after its steps; the same for the same recipe."""
    import numpy as np

    for number, step in enumerate(recipe.steps):
        found = violation(step.violation)
        rng = np.random.default_rng(random.Random(f"{recipe.seed} {number} {found.name}").getrandbits(64))  # noqa: S311
        frames = found.apply(Take(frames, fps, found.amount(step.strength), rng))
    return frames


def truth_of(recipe: Recipe, task: Task, scene: Mapping[str, Truth]) -> dict[str, Truth]:
    """What is true of a recipe's clip, criterion by criterion of the task it is shown for.

    Args:
        recipe: The clip.
        task: The task of `Recipe.task_id`.
        scene: The scene's truth for the mechanism's own task.

    Returns:
        One truth for every criterion of `task`; a criterion the mechanism says nothing of is undetermined.
    """
    places = aspects_of(task)
    unsaid = declared(None, f"the {recipe.mechanism} simulator does not say")
    own = recipe.task_id == mechanism_named(recipe.mechanism).task_id
    found = {}
    for criterion in task.criteria:
        truth = scene.get(criterion.id, unsaid) if own else unsaid
        for step in recipe.steps:
            truth = violation(step.violation).effect(criterion, places[criterion.id], truth, step.strength)
        found[criterion.id] = truth
    return found


def digest(recipes: Iterable[Recipe]) -> str:
    """sha256 over recipes and their order."""
    return digest_of([recipe.model_dump(mode="json") for recipe in recipes])
