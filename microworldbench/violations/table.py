"""The truth table: for every violation of a mechanism and every criterion of its task, met, not met or undetermined.

It is derived each time it is asked for, from the simulated states, the tasks and the declared effects; nothing is kept
that an edited task or simulator could contradict.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..rubric import Task
from ..simulators.mechanism import Mechanism
from ..simulators.truth import Truth
from .elsewhere import elsewhere
from .recipe import ELSEWHERE, FAITHFUL, Recipe, Scene, Shot, Step, mechanism_named, truth_of
from .registry import VIOLATIONS

SEED = 41
"""The scene the table is about; near a threshold another may say otherwise."""
MARKS = {True: "●", False: "○", None: "·"}


@dataclass(frozen=True)
class Row:
    """One violation."""

    recipe: Recipe
    kind: str
    """``faithful``, or what is broken."""
    summary: str
    truths: dict[str, Truth]

    @property
    def name(self) -> str:
        """The violation's, or ``faithful``."""
        return self.recipe.label


@dataclass(frozen=True)
class TruthTable:
    """One mechanism's table."""

    mechanism: Mechanism
    task: Task
    rows: tuple[Row, ...]

    @property
    def faithful(self) -> dict[str, Truth]:
        """The truth of the clip that nothing is wrong with."""
        return self.rows[0].truths

    def turned(self, row: Row) -> list[str]:
        """Criteria whose known truth `row` turns round."""
        return [
            c
            for c, truth in row.truths.items()
            if None not in (truth.met, self.faithful[c].met) and truth.met is not self.faithful[c].met
        ]


def truth_table(
    mechanism: Mechanism, task: Task, among: Sequence[Mechanism], *, seed: int = SEED, shot: Shot | None = None
) -> TruthTable:
    """Derives the table of one mechanism.

    Args:
        mechanism: Whose.
        task: Its core task.
        among: The mechanisms whose clips may be shown in place of its own.
        seed: Of the scene.
        shot: Length and rate of the clip.
    """
    scenes: dict[tuple[str, int, str | None], Scene] = {}
    rows = []
    for recipe in recipes(mechanism, among, seed):
        scene = scenes.setdefault(recipe.scene, Scene.of(recipe, shot))
        rows.append(Row(recipe, *_described(recipe), truth_of(recipe, task, scene.truth)))
    return TruthTable(mechanism, task, tuple(rows))


def recipes(mechanism: Mechanism, among: Sequence[Mechanism], seed: int) -> Iterator[Recipe]:
    """The faithful clip, every violation of the mechanism, and every violation of finished clips at its strong end."""
    faithful = Recipe(mechanism=mechanism.name, seed=seed)
    yield faithful
    yield from (faithful.model_copy(update={"broken": name}) for name in mechanism.violations)
    for violation in VIOLATIONS.values():
        if violation.name in ELSEWHERE:
            away = elsewhere(mechanism, violation.name, among, seed)
            yield from () if away is None else (away,)
        elif violation.fits(mechanism.name):
            yield faithful.model_copy(update={"steps": (Step(violation=violation.name),)})


def _described(recipe: Recipe) -> tuple[str, str]:
    if recipe.steps:
        violation = VIOLATIONS[recipe.steps[-1].violation]
        return violation.kind, violation.described()
    if recipe.broken is not None:
        return "mechanism", mechanism_named(recipe.mechanism).violations[recipe.broken]
    return FAITHFUL, "nothing is wrong"
