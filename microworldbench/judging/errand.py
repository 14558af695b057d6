"""A judge's question as `Attempts` carries it out."""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import dataclass

from ..chat.answer import Answer
from ..errors import UnreadableReplyError
from ..results import Call
from .protocol import Judge, Question


@dataclass(frozen=True)
class JudgeErrand:
    """Asks `judge` about `question` and sees that the answer covers just what was asked."""

    question: Question
    judge: Judge

    @property
    def asked(self) -> str:
        """The judge's name."""
        return self.judge.identity.name

    def described(self) -> Call:
        """Task, seed, vote and the criteria in the order shown."""
        question = self.question
        return Call(
            id="",
            task=question.task.id,
            seed=question.seed,
            judge=self.asked,
            group=question.group,
            vote=question.vote,
            criteria=tuple(c.id for c in question.criteria),
            shown=question.shown,
            status="failed",
        )

    def worst_case_usd(self) -> float | None:
        """The judge's own figure."""
        return self.judge.worst_case_usd(self.question)

    async def ask(self) -> Answer:
        """Asks once. Raises like `Judge.ask`."""
        answer = await _answer(self.judge, self.question)
        _check(answer, self.question)
        return answer


async def _answer(judge: Judge, question: Question) -> Answer:
    if inspect.iscoroutinefunction(judge.ask):
        return await judge.ask(question)  # type: ignore[no-any-return]
    answer = await asyncio.to_thread(judge.ask, question)
    return await answer if inspect.isawaitable(answer) else answer


def _check(answer: Answer, question: Question) -> None:
    asked, given = [c.id for c in question.criteria], [j.criterion for j in answer.judgements]
    if sorted(asked) != sorted(given):
        raise UnreadableReplyError(
            f"asked about {', '.join(asked)}; the answer is about {', '.join(given) or 'nothing'}", answer
        )
    for judgement in answer.judgements:
        if (judgement.met is None) == (judgement.reason is None):
            raise UnreadableReplyError(f"{judgement.criterion}: a null verdict, and only that, has a reason", answer)
