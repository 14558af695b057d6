"""Questions to ask a scripted judge, about frames that need no video."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from judge_server import JudgeServer
from PIL import Image

from microworldbench.judging.chat import ChatJudge, ChatJudgeSettings
from microworldbench.judging.footage import Exhibit, Footage, FramePolicy, Picture
from microworldbench.judging.protocol import Answer, Question
from microworldbench.results import ShownFrame
from microworldbench.rubric import Criterion, Dimension, Level, Polarity, Task


class StillFootage(Footage):
    """Frames made here instead of decoded: a grey that differs from frame to frame."""

    def __init__(self, shade: int = 0) -> None:
        super().__init__(Path("still.mp4"))
        self.shade = shade
        self.decoded = 0

    def _make(self, policy: FramePolicy) -> Exhibit:
        self.decoded += 1
        return Exhibit(tuple(self._frame(n) for n in range(1, (policy.count or 8) + 1)))

    def _frame(self, number: int) -> Picture:
        buffer = io.BytesIO()
        Image.new("RGB", (96, 64), ((self.shade + 20 * number) % 256,) * 3).save(buffer, "JPEG")
        data = buffer.getvalue()
        shown = ShownFrame(
            number=number, source_index=number * 10, time_s=number * 0.3, sha256=sha256(data).hexdigest()
        )
        return Picture(data, "image/jpeg", 96, 64, (shown,))


def make_criterion(number: int, **changes: Any) -> Criterion:
    values: dict[str, Any] = {
        "id": f"c-{number}",
        "dimension": Dimension.SCIENTIFIC_FIDELITY,
        "statement": f"Statement number {number} holds.",
        "polarity": Polarity.REWARD,
        "weight": 0.5,
    }
    return Criterion(**values | changes)


def make_question(
    criteria: int | tuple[Criterion, ...] = 3, *, footage: Footage | None = None, **changes: Any
) -> Question:
    shown = tuple(make_criterion(n) for n in range(1, criteria + 1)) if isinstance(criteria, int) else criteria
    task: dict[str, Any] = {
        "id": "mitosis",
        "level": Level.CELLULAR,
        "title": "Secret title",
        "prompt": "A cell divides into two.",
        "requirement": "Both daughter cells have the same size.",
        "criteria": shown,
    }
    vote = changes.pop("vote", 0)
    return Question(Task(**task | changes), 0, shown, vote, "all", Path("still.mp4"), footage or StillFootage())


def run(judge: ChatJudge, work: Callable[[], Awaitable[Any]]) -> Any:
    """Runs `work` on an event loop of its own and closes the judge's connections."""

    async def main() -> Any:
        try:
            return await work()
        finally:
            await judge.aclose()

    return asyncio.run(main())


def ask(judge: ChatJudge, question: Question | None = None) -> Answer:
    answer: Answer = run(judge, lambda: judge.ask(question or make_question()))
    return answer


def judge_of(server: JudgeServer, **settings: Any) -> ChatJudge:
    """The chat judge of a scripted server: ``judge_of(server, mode="task")``."""
    values: dict[str, Any] = {"model": "gpt-5", "base_url": server.url, "structured": "schema", "timeout_s": 20}
    return ChatJudge(ChatJudgeSettings(**values | settings))
