"""How a question is put into words and its reply read: our way, and the released evaluator's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..chat.json_reply import Structured
from ..results import Judgement
from ..rubric import Criterion, Task
from . import order
from .as_released import (
    ORDER,
    build_released_messages,
    numbered,
    parse_scores,
    released_digest,
    released_schema,
    released_text,
)
from .exhibit import Exhibit, Form
from .prompt import build_messages, captions, claims_text, instructions, prompt_digest, task_text
from .reply import parse_reply, reply_schema

Messages = list[dict[str, Any]]


@dataclass(frozen=True)
class Texts:
    """What a call says in words, by how far it repeats from call to call."""

    fixed: str
    """The beginning of every call."""
    shared: str
    """What follows it in every call about the same video, beside the pictures."""
    per_call: str
    pictures_are_shared: bool = True
    """False where text that differs from call to call comes before the pictures."""


class Wording(Protocol):
    """Puts questions to a chat model."""

    @property
    def order(self) -> str:
        """Name of the order policy."""

    @property
    def digest(self) -> str:
        """sha256 of everything fixed that a judge is told."""

    def arranged(self, task: Task, criteria: Sequence[Criterion]) -> tuple[Criterion, ...]:
        """`criteria` in the order this wording shows them."""

    def messages(self, task: Task, criteria: Sequence[Criterion], exhibit: Exhibit, detail: str | None) -> Messages:
        """The messages of one call."""

    def texts(self, task: Task, criteria: Sequence[Criterion], exhibit: Exhibit) -> Texts:
        """The words of the same call, without encoding a picture."""

    def schema(self, count: int) -> dict[str, Any]:
        """JSON schema of a reply about `count` criteria."""

    def parse(self, text: str, criteria: Sequence[str], frames: int, structured: Structured) -> tuple[Judgement, ...]:
        """Reads a reply; raises UnreadableReplyError."""

    def output_tokens(self, count: int) -> int:
        """About how many tokens a reply about `count` criteria has, hidden reasoning not counted."""


@dataclass(frozen=True)
class Claims:
    """Our way: instructions, pictures, task, claims; a verdict with its evidence for every claim."""

    form: Form = "frames"
    order: str = order.POLICY

    @property
    def digest(self) -> str:
        return prompt_digest(self.form)

    def arranged(self, task: Task, criteria: Sequence[Criterion]) -> tuple[Criterion, ...]:
        return tuple(criteria)

    def messages(self, task: Task, criteria: Sequence[Criterion], exhibit: Exhibit, detail: str | None) -> Messages:
        return build_messages(task, criteria, exhibit, detail=detail)

    def texts(self, task: Task, criteria: Sequence[Criterion], exhibit: Exhibit) -> Texts:
        shared = "".join([*captions(exhibit), task_text(task)])
        return Texts(instructions(self.form), shared, claims_text(criteria))

    def schema(self, count: int) -> dict[str, Any]:
        return reply_schema(count)

    def parse(self, text: str, criteria: Sequence[str], frames: int, structured: Structured) -> tuple[Judgement, ...]:
        return parse_reply(text, criteria, frames_shown=frames, structured=structured)

    def output_tokens(self, count: int) -> int:
        return 10 + 75 * count  # an observation of two sentences, its frames and the verdict


@dataclass(frozen=True)
class AsReleased:
    """The released evaluator's way; see `as_released`."""

    with_task: bool = True
    order: str = ORDER

    @property
    def digest(self) -> str:
        return released_digest(self.with_task)

    def arranged(self, task: Task, criteria: Sequence[Criterion]) -> tuple[Criterion, ...]:
        return numbered(task, criteria)

    def messages(self, task: Task, criteria: Sequence[Criterion], exhibit: Exhibit, detail: str | None) -> Messages:
        return build_released_messages(task, criteria, exhibit, detail=detail, with_task=self.with_task)

    def texts(self, task: Task, criteria: Sequence[Criterion], exhibit: Exhibit) -> Texts:
        text = released_text(task, criteria, len(exhibit.frames), with_task=self.with_task)
        return Texts("", "", text, pictures_are_shared=False)

    def schema(self, count: int) -> dict[str, Any]:
        return released_schema()

    def parse(self, text: str, criteria: Sequence[str], frames: int, structured: Structured) -> tuple[Judgement, ...]:
        return parse_scores(text, criteria, structured=structured)

    def output_tokens(self, count: int) -> int:
        return 120 + 3 * count
