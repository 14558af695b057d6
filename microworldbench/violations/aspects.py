"""What a criterion's claim rests on: the one word by which violations know what they do to its truth.

A violation of the picture or of time acts on all tasks alike, so its effect is stated once for each aspect, not for
each criterion: a still image leaves `Aspect.LOOKS` as they were and makes every `Aspect.MOTION` false. Which aspect a
criterion has is read off its statement by a person and kept in ``aspects.yaml``; measurements of the picture alone
give it by themselves. Where nobody has said, whatever could act on the claim leaves its truth undetermined.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources

from ..errors import InputError
from ..rubric import Criterion, Task


class Aspect(StrEnum):
    """What a claim is about."""

    SHARPNESS = "sharpness"
    CONTRAST = "contrast"
    LIGHT = "light"
    """Brightness and colours stay steady."""
    CAMERA = "camera"
    """The camera stands still."""
    CONTINUITY = "continuity"
    """One continuous shot."""
    ORDER = "order"
    """Frames follow one another in order."""
    LIVELINESS = "liveliness"
    """The picture keeps changing."""
    LABELS = "labels"
    """Text or marks lie over the picture (a fault)."""
    LOOKS = "looks"
    """Texture, outline or colour of things, the same in every frame."""
    LAYOUT = "layout"
    """Which things are where, how many and how large, the same in every frame."""
    ONCE = "once"
    """How something is at a named moment: at first, at the end, after an event."""
    EVER = "ever"
    """Something is seen at any time at all."""
    MOTION = "motion"
    """Things move or change in some way, either way in time."""
    FORWARD = "forward"
    """Things change in one direction of time, or one after another."""
    SEQUENCE = "sequence"
    """One thing happens after another, somewhere or other: played backwards, nobody can say."""
    BACKWARD = "backward"
    """Things change in the direction opposite to the process (a fault)."""
    CONSTANT = "constant"
    """Something stays as it is throughout."""
    JUMPS = "jumps"
    """Things are suddenly elsewhere (a fault)."""
    STILLNESS = "stillness"
    """Things stand still (a fault)."""
    OPEN = "open"
    """Too vague to say, or nobody has said: whatever could act on it leaves it undetermined."""


ABOUT_THE_FILM = frozenset(
    {
        Aspect.SHARPNESS,
        Aspect.CONTRAST,
        Aspect.LIGHT,
        Aspect.CAMERA,
        Aspect.CONTINUITY,
        Aspect.ORDER,
        Aspect.LIVELINESS,
        Aspect.LABELS,
    }
)
"""Aspects that say nothing of the process: such claims may be as true of any other clip."""


@dataclass(frozen=True)
class Place:
    """What a claim rests on."""

    aspect: Aspect
    fine: bool = False
    """True for detail that a bad picture hides."""
    steady: bool = False
    """True where the claim also says that nothing flickers."""

    @classmethod
    def read(cls, text: str) -> Place:
        """Reads ``motion``, ``motion fine`` or ``motion fine steady``."""
        aspect, *more = text.split()
        if not set(more) <= {"fine", "steady"}:
            raise ValueError(f"{text!r} is not an aspect with 'fine' or 'steady' behind it")
        return cls(Aspect(aspect), "fine" in more, "steady" in more)


BY_MEASUREMENT: Mapping[str, Aspect] = {
    "sharp": Aspect.SHARPNESS,
    "contrast": Aspect.CONTRAST,
    "steady-light": Aspect.LIGHT,
    "still-camera": Aspect.CAMERA,
    "one-shot": Aspect.CONTINUITY,
    "in-order": Aspect.ORDER,
    "moving": Aspect.LIVELINESS,
}
"""Aspects that follow from the measurement of the picture which decides the criterion."""


def aspects_of(task: Task) -> dict[str, Place]:
    """What every criterion of `task` rests on, by criterion id."""
    said = _declared().get(task.id, {})
    return {c.id: said.get(c.id) or _measured(c) for c in task.criteria}


def undeclared(task: Task) -> list[str]:
    """Criteria of which nobody has said what they rest on."""
    said = _declared().get(task.id, {})
    return [c.id for c in task.criteria if c.id not in said and _measured(c).aspect is Aspect.OPEN]


def stray(tasks: Mapping[str, Task]) -> list[str]:
    """Entries of ``aspects.yaml`` that name no criterion of `tasks`, as ``task/criterion``."""
    found = []
    for task, criteria in _declared().items():
        known = {c.id for c in tasks[task].criteria} if task in tasks else set()
        found += [f"{task}/{criterion}" for criterion in criteria if criterion not in known]
    return found


def _measured(criterion: Criterion) -> Place:
    name = criterion.measurement.name if criterion.measurement else ""
    return Place(BY_MEASUREMENT.get(name, Aspect.OPEN))


@cache
def _declared() -> dict[str, dict[str, Place]]:
    import yaml

    content = yaml.safe_load((resources.files(__package__) / "aspects.yaml").read_text("utf-8"))
    try:
        return {task: {c: Place.read(text) for c, text in said.items()} for task, said in content.items()}
    except ValueError as error:
        raise InputError(f"aspects.yaml: {error}") from None
