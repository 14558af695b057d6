"""The three stages a model takes part in: what is asked about each item, and how its reply is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from ..chat.json_reply import ReplyForm, Structured, read_object
from ..errors import UnreadableReplyError
from ..rubric import Criterion, Dimension, Polarity, digest_of
from ..suites.released import criterion_id
from . import wording
from .records import DraftedRubric, DraftedTask, Placed, Title

Item = TypeVar("Item", Title, DraftedTask)
Made = TypeVar("Made")

LONGEST_PROMPT = 2000
FEWEST_CRITERIA, MOST_CRITERIA = 6, 30


@dataclass(frozen=True)
class Stage(Generic[Item, Made]):
    """One stage of drafting.

    Attributes:
        name: How the log and the manifest name it.
        instructions: The fixed words.
        form: Of the reply.
        about: The item as data.
        read: A reply about an item, read strictly.
    """

    name: str
    instructions: str
    form: ReplyForm
    about: Callable[[Item], str]
    read: Callable[[Item, str, Structured], Made]

    @property
    def prompt(self) -> str:
        """sha256 of everything fixed that the model is told."""
        return wording.prompt_digest(self.instructions, self.form)


def _tasks(title: Title, reply: str, structured: Structured) -> tuple[DraftedTask, ...]:
    drafts = read_object(reply, list(wording.TASKS_FORM.schema["properties"]), structured)["tasks"]
    if not isinstance(drafts, list) or len(drafts) > wording.MOST_TASKS:
        raise UnreadableReplyError(f"tasks must be a list of at most {wording.MOST_TASKS}")
    return tuple(_task(title, number, draft) for number, draft in enumerate(drafts, 1))


def _task(title: Title, number: int, draft: Any) -> DraftedTask:
    said, prompt = (_text(draft, name, f"tasks[{number - 1}]") for name in ("title", "prompt"))
    if len(prompt) > LONGEST_PROMPT:
        raise UnreadableReplyError(f"tasks[{number - 1}].prompt has {len(prompt):,} characters")
    # The id is made of where the task comes from: words of a model never become a name on disk.
    return DraftedTask(id=f"t{digest_of([title.id, number])[:10]}", source=title.id, title=said[:200], prompt=prompt)


def _level(task: DraftedTask, reply: str, structured: Structured) -> Placed:
    found = read_object(reply, list(wording.LEVELS_FORM.schema["properties"]), structured)
    confidence = found["confidence"]
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 <= confidence <= 1:
        raise UnreadableReplyError(f"confidence must be a number from 0 to 1, got {confidence!r:.40}")
    reason = found["reason"] if isinstance(found["reason"], str) else ""
    try:
        return Placed(task=task.id, level=found["level"], confidence=confidence, reason=reason[:500])
    except ValidationError:
        raise UnreadableReplyError(
            f"level must be organ, cellular or subcellular, got {found['level']!r:.40}"
        ) from None


def _rubric(task: DraftedTask, reply: str, structured: Structured) -> DraftedRubric:
    found = read_object(reply, list(wording.RUBRICS_FORM.schema["properties"]), structured)
    drafts = found["criteria"]
    if not isinstance(drafts, list) or not FEWEST_CRITERIA <= len(drafts) <= MOST_CRITERIA:
        raise UnreadableReplyError(f"criteria must be a list of {FEWEST_CRITERIA} to {MOST_CRITERIA}")
    numbers: Counter[Dimension] = Counter()
    criteria = []
    for position, draft in enumerate(drafts):
        place = f"criteria[{position}]"
        statement = _text(draft, "statement", place)
        try:
            dimension = Dimension(draft.get("dimension"))
            numbers[dimension] += 1
            criteria.append(
                Criterion(
                    id=criterion_id(dimension, numbers[dimension]),
                    dimension=dimension,
                    statement=statement,
                    polarity=draft.get("polarity"),
                    weight=draft.get("weight"),
                    temporal=draft.get("temporal"),
                )
            )
        except ValueError as error:  # a ValidationError too
            raise UnreadableReplyError(f"{place} is no criterion: {' '.join(str(error).split())[:200]}") from None
    for dimension in Dimension:
        if not any(c.dimension is dimension and c.polarity is Polarity.REWARD for c in criteria):
            raise UnreadableReplyError(f"the dimension {dimension.value} has no reward")
    if not any(c.polarity is Polarity.PENALTY for c in criteria):
        raise UnreadableReplyError("the rubric has no penalty")
    return DraftedRubric(task=task.id, requirement=_text(found, "requirement", "the reply"), criteria=tuple(criteria))


def _text(found: Any, name: str, place: str) -> str:
    value = found.get(name) if isinstance(found, Mapping) else None
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if not text:
        raise UnreadableReplyError(f"{place}.{name} must be a text")
    return text


TASKS: Stage[Title, tuple[DraftedTask, ...]] = Stage(
    "tasks", wording.TASKS, wording.TASKS_FORM, wording.about_title, _tasks
)
LEVELS: Stage[DraftedTask, Placed] = Stage("levels", wording.LEVELS, wording.LEVELS_FORM, wording.about_task, _level)
RUBRICS: Stage[DraftedTask, DraftedRubric] = Stage(
    "rubrics", wording.RUBRICS, wording.RUBRICS_FORM, wording.about_task, _rubric
)
