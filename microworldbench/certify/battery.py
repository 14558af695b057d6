"""The control battery: which clips a judge is shown, composed from the mechanisms there are.

Each clip is a task of its own in the battery's suite, a copy of the core task it is shown for under a number, so that
a battery is run, resumed and paid for like any suite. A clip's number says nothing of what is wrong in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeVar

from pydantic import Field

from ..errors import InputError
from ..rubric import Level, Record, Suite, digest_of
from ..simulators.mechanism import Mechanism
from ..simulators.registry import MECHANISMS
from ..violations.aspects import aspects_of
from ..violations.elsewhere import elsewhere
from ..violations.recipe import ELSEWHERE, Recipe, Shot, Step
from ..violations.registry import VIOLATIONS
from ..violations.violation import Turn

T = TypeVar("T")

VERSION = 1
"""Raised whenever a battery is composed of other clips."""
BatteryName = Literal["quick", "full"]
QUICK_SEED, FULL_SEEDS = 41, (51, 52)
"""Seeds that no threshold of a measurement was set on (those are below 30)."""
SIMULATED, DERIVED = 15, 45
"""Scenes that the quick battery simulates, and clips that it makes of them."""
FAITHFUL_A_LEVEL = 3
"""Mechanisms of each level that the quick battery shows."""

Part = tuple[str, float | None]
"""A violation and its strength; None for the strong one."""

QUICK_PARTS: dict[Level, tuple[Part, ...]] = {
    Level.ORGAN: (("blank", None), ("blur", None), ("flicker", None), ("cut", None), ("dropped_frames", None)),
    Level.CELLULAR: (("static", None), ("moving_camera", None), ("blur", 0.001), ("flicker", None), ("noise", None)),
    Level.SUBCELLULAR: (("blank", None), ("jitter", None), ("flicker", 0.003), ("blur", None), ("compression", None)),
}
"""What the quick battery makes of a level's faithful clips, beside what it makes in every level."""


class Clip(Record):
    """One clip of a battery."""

    id: str
    """Its task in the battery's suite."""
    recipe: Recipe
    twin: str | None = None
    """The clip it is compared with: the same for the same task before its last violation, or without any."""


class Battery(Record):
    """The clips a judge is shown."""

    name: BatteryName
    version: int = VERSION
    width: int = Field(default=256, ge=64, le=4096)
    height: int = Field(default=144, ge=64, le=4096)
    shot: Shot = Shot()
    clips: tuple[Clip, ...]

    @cached_property
    def by_id(self) -> dict[str, Clip]:
        """Clips by id."""
        return {clip.id: clip for clip in self.clips}

    @property
    def scenes(self) -> int:
        """How many scenes are simulated for it."""
        return len({clip.recipe.scene for clip in self.clips})

    def suite(self, core: Suite) -> Suite:
        """The suite to judge it by: a copy of its core task for every clip."""
        tasks = [core.by_id[clip.recipe.task_id].model_copy(update={"id": clip.id}) for clip in self.clips]
        return Suite(
            id=f"controls-{self.name}",
            version=f"{self.version}-A",
            title=f"Control battery ({self.name})",
            license=core.license,
            tasks=tuple(tasks),
        )

    def digest(self, suite: Suite) -> str:
        """sha256 over the clips' recipes and the criteria they are judged by (`suite`, as `suite` returns it)."""
        return digest_of({"battery": self.model_dump(mode="json"), "suite": suite.digest})


def compose(
    name: BatteryName,
    core: Suite,
    *,
    width: int = 256,
    height: int = 144,
    mechanisms: Iterable[Mechanism] | None = None,
) -> Battery:
    """Composes a battery.

    Args:
        name: ``quick`` or ``full``.
        core: The suite with the mechanisms' tasks.
        width: Of the clips, in pixels.
        height: Of the clips, in pixels.
        mechanisms: Which to show; by default all whose task is in `core`.

    Raises:
        InputError: no mechanism has a task in `core`.
    """
    chosen = [m for m in (MECHANISMS.values() if mechanisms is None else mechanisms) if m.task_id in core.by_id]
    if not chosen:
        raise InputError(f"no simulated mechanism has a task in suite {core.id!r}; certify on the core suite")
    recipes = list(dict.fromkeys(_quick(chosen, core) if name == "quick" else _full(chosen)))
    numbers: dict[str, int] = {}
    named = {}
    for recipe in sorted(recipes, key=lambda r: digest_of(r.model_dump(mode="json"))):  # numbers that tell nothing
        numbers[recipe.task_id] = numbers.get(recipe.task_id, 0) + 1
        named[recipe] = f"{recipe.task_id}-{numbers[recipe.task_id]:03d}"
    faithful = {recipe.task_id: recipe for recipe in reversed(recipes) if recipe.label == "faithful"}
    clips = [
        Clip(id=named[recipe], recipe=recipe, twin=named.get(twin) if (twin := _twin(recipe, faithful)) else None)
        for recipe in recipes
    ]
    return Battery(name=name, width=width, height=height, clips=tuple(sorted(clips, key=lambda clip: clip.id)))


def _twin(recipe: Recipe, faithful: dict[str, Recipe]) -> Recipe | None:
    """The clip for the same task that `recipe` is the violated form of."""
    if recipe.label == "faithful":
        return None
    before = recipe.without_last
    return before if before.task_id == recipe.task_id else faithful.get(recipe.task_id)


@dataclass(frozen=True)
class _Cast:
    """What the quick battery simulates of one level."""

    faithful: list[Recipe]
    broken: list[Recipe]


def _quick(mechanisms: Sequence[Mechanism], core: Suite) -> Iterator[Recipe]:
    levels = [level for level in Level if any(m.level is level for m in mechanisms)]
    for level in levels:
        mine = [m for m in mechanisms if m.level is level]
        cast = _cast(mine, SIMULATED // len(levels))
        yield from (*cast.faithful, *cast.broken)
        made = list(dict.fromkeys(_made_of(cast, mine, mechanisms, core, level)))
        yield from made[: DERIVED // len(levels)]


def _cast(mechanisms: Sequence[Mechanism], scenes: int) -> _Cast:
    """Faithful scenes first, then the default violations, then the others in turn."""
    chosen = mechanisms[:FAITHFUL_A_LEVEL]
    faithful = [Recipe(mechanism=m.name, seed=QUICK_SEED) for m in chosen][:scenes]
    lists = [
        [m.default_violation, *(v for v in m.violations if v != m.default_violation)] if m.violations else []
        for m in chosen
    ]
    ordered = [
        Recipe(mechanism=m.name, seed=QUICK_SEED, broken=names[rank])
        for rank in range(max(map(len, lists), default=0))
        for m, names in zip(chosen, lists, strict=True)
        if rank < len(names)
    ]
    return _Cast(faithful, ordered[: scenes - len(faithful)])


def _made_of(
    cast: _Cast, mine: Sequence[Mechanism], every: Sequence[Mechanism], core: Suite, level: Level
) -> Iterator[Recipe]:
    """What is made of one level's scenes, the most telling first."""
    for number in range(2):
        yield _with(_nth(cast.faithful, number), "still_image")
        yield _with(_nth(cast.faithful, number + 1), "shuffled")
        yield _with(_telling(cast.faithful, "reversed_order", number, core), "reversed_order")
    for number, name in enumerate(sorted(ELSEWHERE, reverse=True)):
        away = elsewhere(mine[number % min(len(mine), FAITHFUL_A_LEVEL)], name, every, QUICK_SEED)
        if away is not None:
            yield away
            yield from () if number else (_with(away, "overlay"),)
    yield from (_with(recipe, "overlay") for recipe in cast.broken[:1])
    for number, (name, strength) in enumerate(QUICK_PARTS[level]):
        yield _with(_telling(cast.faithful, name, number, core), name, strength)
    spare = [v for v in VIOLATIONS.values() if v.name not in ELSEWHERE]
    for recipe in cast.faithful:  # where a level has few mechanisms, the rest of the violations fill it up
        yield from (_with(recipe, v.name) for v in spare if v.fits(recipe.mechanism))


def _full(mechanisms: Sequence[Mechanism]) -> Iterator[Recipe]:
    for mechanism in mechanisms:
        faithful = [Recipe(mechanism=mechanism.name, seed=seed) for seed in FULL_SEEDS]
        broken = [
            Recipe(mechanism=mechanism.name, seed=_nth(FULL_SEEDS, number), broken=name)
            for number, name in enumerate(mechanism.violations)
        ]
        yield from (*faithful, *broken)
        for number, violation in enumerate(VIOLATIONS.values()):
            scene = _nth(faithful, number)
            if violation.name in ELSEWHERE:
                away = elsewhere(mechanism, violation.name, mechanisms, scene.seed)
                if away is not None:
                    yield away
                    yield _with(away, "overlay")
            elif violation.fits(mechanism.name):
                yield _with(scene, violation.name)
                if violation.strengths is not None:
                    yield _with(_nth(faithful, number + 1), violation.name, violation.strengths.mild)
        for number, recipe in enumerate(broken):
            yield _with(recipe, "overlay" if number % 2 == 0 else "compression", None if number % 2 == 0 else 26)


def _with(recipe: Recipe, name: str, strength: float | None = None) -> Recipe:
    return recipe.model_copy(update={"steps": (*recipe.steps, Step(violation=name, strength=strength))})


def _nth(items: Sequence[T], number: int) -> T:
    return items[number % len(items)]


def _telling(recipes: Sequence[Recipe], name: str, number: int, core: Suite) -> Recipe:
    """One of `recipes` with claims that the violation turns round, in turn; any of them if none has."""
    turned = {aspect for aspect, turn in VIOLATIONS[name].turns.items() if turn in (Turn.MET, Turn.NOT_MET)}
    telling = [
        recipe
        for recipe in recipes
        if any(place.aspect in turned for place in aspects_of(core.by_id[recipe.task_id]).values())
    ]
    return _nth(telling or recipes, number)
