"""What a judge is: it groups criteria into questions and answers one question about one video at a time.

The engine (`grade`) does everything else for every judge alike: order of criteria, votes, retries, budget, timeouts,
logging and resume. A judge only answers, or raises one of the `JudgeError` kinds.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from pydantic import Field, JsonValue

from ..chat.answer import Answer
from ..rubric import Criterion, Record, Task, digest_of
from .footage import Footage

__all__ = ["Answer", "Group", "Judge", "JudgeIdentity", "Question"]


class JudgeIdentity(Record):
    """Everything that changes a judge's answers, and nothing else (no address, key, price, retry or concurrency)."""

    name: str
    """As tables show it, e.g. ``openai:gpt-5``."""
    settings: dict[str, JsonValue] = Field(default_factory=dict)
    """Model, prompt digest, mode, frame policy, order policy and whatever else changes an answer."""

    @property
    def digest(self) -> str:
        """sha256 of the identity."""
        return digest_of(self.model_dump(mode="json"))


@dataclass(frozen=True)
class Question:
    """One question: does this video meet these criteria?

    `criteria` come in the order they are to be shown. `video` is the stored file; `footage` decodes it once for all
    questions about it. Never show a judge a polarity, a weight or the generator's name.
    """

    task: Task
    seed: int
    criteria: tuple[Criterion, ...]
    vote: int
    group: str
    video: Path
    footage: Footage
    shown: str | None = None
    """``task/seed`` of the video, where it is another task's: a challenge."""


@dataclass(frozen=True)
class Group:
    """Criteria that are asked together, and who answers them."""

    name: str
    """A dimension's name, a criterion's id, or ``all``: unique among the groups of one task."""
    criteria: tuple[Criterion, ...]
    judge: Judge


@runtime_checkable
class Judge(Protocol):
    """Answers questions about videos."""

    @property
    def identity(self) -> JudgeIdentity:
        """What a verdict of this judge depends on."""

    @property
    def deterministic(self) -> bool:
        """True where asking again gives the same answer; such a judge is asked once whatever the votes."""

    def groups(self, task: Task, criteria: Sequence[Criterion]) -> list[Group]:
        """Splits `criteria` into questions. Criteria left out of every group are ``not_measured``."""

    def worst_case_usd(self, question: Question) -> float | None:
        """What one attempt at `question` costs at most; 0.0 for a free judge, None without a known price."""

    def ask(self, question: Question) -> Answer | Awaitable[Answer]:
        """Answers one question. May be async; a plain function runs in a thread.

        Optional beside it: ``prefetch(question)`` decodes what `ask` will need, in a thread, before a call slot is
        taken; ``await prepare(ledger, attempts)`` is called once before the first question; ``await aclose()`` frees
        what `ask` opened; ``max_concurrency`` bounds the questions asked at once; ``order`` names the order criteria
        are to be shown in (`order.POLICY`, or ``numbered`` for the task's own); ``tokens(question)`` estimates what a
        call sends and gets, as an `estimate.CallTokens`, for previews.

        Raises:
            TransientJudgeError, UnreadableReplyError, CallRefusedError, JudgeUnavailableError: see `errors`.
        """
