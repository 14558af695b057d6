"""``openai:<model>``: a chat model behind any server that speaks OpenAI's chat completions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from ..chat.answer import Answer
from ..chat.attempts import Attempts
from ..chat.json_reply import ReplyForm
from ..chat.ledger import Ledger
from ..chat.model import ChatModel
from ..chat.prices import Price
from ..chat.settings import SAMPLING
from ..errors import InputError, UnreadableReplyError
from ..rubric import Criterion, Dimension, Task, digest_of
from ..settings import validated
from .chat_settings import ChatJudgeSettings
from .estimate import CallTokens, text_tokens
from .exhibit import Exhibit
from .protocol import Group, JudgeIdentity, Question
from .reply import parse_reply, reply_schema

__all__ = ["ChatJudge", "ChatJudgeSettings", "chat_judge"]


def chat_judge(model: str, settings: Mapping[str, object], *, frames: int | None = None) -> ChatJudge:
    """The judge ``openai:<model>``.

    Args:
        model: As the server knows it.
        settings: ``-j`` settings, fields of `ChatJudgeSettings`.
        frames: ``--frames``.

    Raises:
        UnknownNameError, InputError: there is no such setting, it is given twice, or its value is wrong.
    """
    if "model" in settings:
        raise InputError(f"the model is part of the judge's name: write openai:{settings['model']}")
    if frames is not None and "frames" in settings:
        raise InputError(f"frames is given twice: {frames!r} and {settings['frames']!r}")
    values = ({} if frames is None else {"frames": frames}) | dict(settings) | {"model": model}
    return ChatJudge(validated(ChatJudgeSettings, values, owner=f"openai:{model}"))


class ChatJudge:
    """Asks a chat model about frames of a video.

    Args:
        settings: See `ChatJudgeSettings`.
    """

    deterministic = False

    def __init__(self, settings: ChatJudgeSettings) -> None:
        self.settings = settings
        self._policy, self._wording = settings.frame_policy, settings.wording
        self.order = self._wording.order
        self._model = ChatModel(settings)

    @cached_property
    def identity(self) -> JudgeIdentity:
        """Model, protocol, prompt, mode, frames, order and sampling: no address, key, price or timeout."""
        settings = self.settings
        answers = SAMPLING | {"protocol", "mode", "detail"}
        asked = {} if settings.protocol == "standard" else {"task_text": settings.task_text}
        return JudgeIdentity(
            name=f"openai:{settings.model}{_suffix(settings)}",
            settings={
                **settings.model_dump(mode="json", include=set(answers)),
                **asked,
                "prompt": self._wording.digest,
                "frame_policy": self._policy.model_dump(mode="json"),
                "order": self.order,
            },
        )

    @property
    def price(self) -> Price | None:
        """USD per million tokens; None where no table has the model.

        Raises:
            InputError: a price file is missing or malformed.
        """
        return self._model.price

    def check(self) -> None:
        """Looks at address, key and prices without calling anybody.

        Raises:
            InputError: one of them cannot be used.
        """
        self._model.check()

    def groups(self, task: Task, criteria: Sequence[Criterion]) -> list[Group]:
        """One group for each call, by `mode`; dimensions in their fixed order."""
        if self.settings.mode == "criterion":
            return [Group(c.id, (c,), self) for c in criteria]
        if self.settings.mode == "task":
            return [Group("all", tuple(criteria), self)] if criteria else []
        split = {d: tuple(c for c in criteria if c.dimension is d) for d in Dimension}
        return [Group(d.value, members, self) for d, members in split.items() if members]

    def worst_case_usd(self, question: Question) -> float | None:
        """What one attempt costs at most. Decodes the video where `prefetch` has not."""
        if self.price is None:
            return None
        exhibit = question.footage.exhibit(self._policy)
        said = self._wording.texts(question.task, question.criteria, exhibit)
        return self._model.worst_case_usd(
            (said.fixed, said.shared, said.per_call),
            self._form(len(question.criteria)),
            parts=4 + 2 * len(exhibit.pictures),
            images=exhibit.image_sizes,
        )

    def tokens(self, question: Question) -> CallTokens:
        """About what one attempt sends and gets, by kind. Images count by the model's price entry."""
        exhibit = question.footage.exhibit(self._policy)
        said = self._wording.texts(question.task, question.criteria, exhibit)
        count = len(question.criteria)
        fixed, shared, per_call = (text_tokens(t) for t in (said.fixed, said.shared, said.per_call))
        fixed += 0 if self.settings.structured == "instruction" else text_tokens(str(self._wording.schema(count)))
        image = self._model.image_tokens
        pictures = sum(image.bound(width, height) for width, height in exhibit.image_sizes)
        shared, per_call = (shared + pictures, per_call) if said.pictures_are_shared else (shared, per_call + pictures)
        output = min(self._wording.output_tokens(count), self.settings.max_output_tokens)
        return CallTokens(fixed=fixed, shared_prefix=shared, per_call=per_call, output=output)

    async def prepare(self, ledger: Ledger, attempts: Attempts) -> None:
        """Finds out once a run folder whether the server enforces JSON schemas, unless a setting says so.

        Raises:
            InputError: address, key or prices cannot be used.
            RunStoppedError: the server cannot be asked.
        """
        form = ReplyForm("verdicts", reply_schema(1))
        await self._model.prepare(form, _is_one_verdict, ledger, attempts, name=self.identity.name)

    def prefetch(self, question: Question) -> None:
        """Decodes the frames of `question`, so that asking it does not wait for them.

        Raises:
            VideoError: the video cannot be decoded.
        """
        question.footage.exhibit(self._policy)

    async def ask(self, question: Question) -> Answer:
        """Answers one question about one video.

        Without `prepare` or the setting ``structured``, a schema is sent.

        Raises:
            TransientJudgeError, UnreadableReplyError, CallRefusedError, JudgeUnavailableError: see `errors`.
            VideoError: the video cannot be decoded.
        """
        exhibit = question.footage.ready(self._policy)
        if exhibit is None:  # decoding may queue behind that of other videos; what is ready must not
            exhibit = await asyncio.to_thread(question.footage.exhibit, self._policy)
        criteria = self._wording.arranged(question.task, question.criteria)
        messages = self._wording.messages(question.task, criteria, exhibit, self.settings.detail)
        request = self._model.request(messages, self._form(len(criteria)), draw=question.vote)
        evidence = Answer((), frames=exhibit.frames, request_sha256=_request_digest(request, exhibit))
        answer = await self._model.complete(request, evidence)
        try:
            judgements = self._wording.parse(
                answer.reply or "", [c.id for c in criteria], len(exhibit.frames), self._model.structured
            )
        except UnreadableReplyError as error:
            error.answer = answer
            raise
        return replace(answer, judgements=judgements)

    async def aclose(self) -> None:
        """Closes the connections of the running event loop."""
        await self._model.aclose()

    def _form(self, count: int) -> ReplyForm:
        return ReplyForm("verdicts", self._wording.schema(count))


def _is_one_verdict(reply: str) -> bool:
    try:
        parse_reply(reply, ("probe",), frames_shown=None)
    except UnreadableReplyError:
        return False
    return True


def _suffix(settings: ChatJudgeSettings) -> str:
    """Keeps verdicts under another protocol apart in tables and logs."""
    if settings.protocol == "standard":
        return ""
    return " (as released)" if settings.task_text else " (as released, without task)"


def _request_digest(request: dict[str, Any], exhibit: Exhibit) -> str:
    """Digest of a request with each picture replaced by its sha256: recomputable from a run folder without them."""
    pictures = iter(exhibit.pictures)

    def named(part: dict[str, Any]) -> dict[str, Any]:
        kind = part["type"]
        return part if kind == "text" else {**part, kind: {**part[kind], "url": f"sha256:{next(pictures).sha256}"}}

    messages = [
        m if isinstance(m["content"], str) else {**m, "content": [named(part) for part in m["content"]]}
        for m in request["messages"]
    ]
    return digest_of({**request, "messages": messages})
