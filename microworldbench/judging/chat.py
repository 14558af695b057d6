"""``openai:<model>``: a chat model behind any server that speaks OpenAI's chat completions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from ..errors import InputError, UnreadableReplyError
from ..rubric import Criterion, Dimension, Task, digest_of
from ..settings import validated
from . import probe as probing
from .attempts import Attempts
from .chat_settings import ChatJudgeSettings
from .completion import read_completion
from .estimate import CallTokens, text_tokens
from .exhibit import Exhibit
from .ledger import Ledger
from .prices import UNKNOWN_IMAGE, Price, find_price
from .protocol import Answer, Group, JudgeIdentity, Question
from .reply import Structured, reply_schema
from .wire import ChatWire

__all__ = ["ChatJudge", "ChatJudgeSettings", "chat_judge"]


def chat_judge(model: str, settings: Mapping[str, object], *, frames: int | None = None) -> ChatJudge:
    """The judge ``openai:<model>``.

    Args:
        model: As the server knows it.
        settings: ``-j`` settings, fields of `ChatJudgeSettings`.
        frames: ``--frames``; the setting of that name comes before it.

    Raises:
        UnknownNameError, InputError: there is no such setting, or its value is wrong.
    """
    if "model" in settings:
        raise InputError(f"the model is part of the judge's name: write openai:{settings['model']}")
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
        self._wire = ChatWire(settings.base_url, settings.timeout_s)
        self._structured: Structured | None = None if settings.structured == "auto" else settings.structured

    @cached_property
    def identity(self) -> JudgeIdentity:
        """Model, protocol, prompt, mode, frames, order and sampling: no address, key, price or timeout."""
        settings = self.settings
        answers = {"model", "protocol", "mode", "detail", "temperature", "seed", "reasoning_effort"}
        asked = {} if settings.protocol == "standard" else {"task_text": settings.task_text}
        return JudgeIdentity(
            name=f"openai:{settings.model}{_suffix(settings)}",
            settings={
                **settings.model_dump(mode="json", include=answers | {"max_output_tokens", "structured"}),
                **asked,
                "prompt": self._wording.digest,
                "frame_policy": self._policy.model_dump(mode="json"),
                "order": self.order,
            },
        )

    @cached_property
    def price(self) -> Price | None:
        """USD per million tokens; None where no table has the model.

        Raises:
            InputError: a price file is missing or malformed.
        """
        settings = self.settings
        found = find_price(settings.model, settings.prices)
        if settings.input_usd_per_mtok is None or settings.output_usd_per_mtok is None:
            return found
        own: dict[str, Any] = {"image": found.image} if found else {}
        return Price(
            input=settings.input_usd_per_mtok,
            output=settings.output_usd_per_mtok,
            cached=settings.cached_usd_per_mtok,
            **own,
        )

    def check(self) -> None:
        """Looks at address, key and prices without calling anybody.

        Raises:
            InputError: one of them cannot be used.
        """
        self._wire.endpoint()
        _ = self.price

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
        schema = len(str(self._wording.schema(len(question.criteria))))
        return self.price.worst_case_usd(
            text_bytes=sum(len(t.encode()) for t in (said.fixed, said.shared, said.per_call)) + schema,
            parts=4 + 2 * len(exhibit.pictures),
            images=exhibit.image_sizes,
            max_output_tokens=self.settings.max_output_tokens,
        )

    def tokens(self, question: Question) -> CallTokens:
        """About what one attempt sends and gets, by kind. Images count by the model's price entry."""
        exhibit = question.footage.exhibit(self._policy)
        said = self._wording.texts(question.task, question.criteria, exhibit)
        count = len(question.criteria)
        fixed, shared, per_call = (text_tokens(t) for t in (said.fixed, said.shared, said.per_call))
        fixed += 0 if self.settings.structured == "instruction" else text_tokens(str(self._wording.schema(count)))
        image = self.price.image if self.price else UNKNOWN_IMAGE
        pictures = sum(image.bound(width, height) for width, height in exhibit.image_sizes)
        shared, per_call = (shared + pictures, per_call) if said.pictures_are_shared else (shared, per_call + pictures)
        output = min(self._wording.output_tokens(count), self.settings.max_output_tokens)
        return CallTokens(fixed=fixed, shared_prefix=shared, per_call=per_call, output=output)

    def worst_case_probe_usd(self) -> float | None:
        """What one probe costs at most: a request with a schema and, where that is refused, one without."""
        if self.price is None:
            return None
        text = len(probing.PROBE_TEXT) + len(str(reply_schema(1)))
        limit = self.settings.max_output_tokens
        return 2 * self.price.worst_case_usd(text_bytes=text, parts=2, images=(), max_output_tokens=limit)

    async def prepare(self, ledger: Ledger, attempts: Attempts) -> None:
        """Finds out once a run folder whether the server enforces JSON schemas, unless a setting says so.

        Raises:
            InputError: address, key or prices cannot be used.
            RunStoppedError: the server cannot be asked.
        """
        self.check()
        if self._structured is None:
            self._structured = await probing.probe(self, ledger, attempts)

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
        structured = self._structured or "schema"
        messages = self._wording.messages(question.task, criteria, exhibit, self.settings.detail)
        request = self._request(messages, count=len(criteria), structured=structured, vote=question.vote)
        evidence = Answer((), frames=exhibit.frames, request_sha256=_request_digest(request, exhibit))
        answer = await self._complete(request, evidence)
        try:
            judgements = self._wording.parse(
                answer.reply or "", [c.id for c in criteria], len(exhibit.frames), structured
            )
        except UnreadableReplyError as error:
            error.answer = answer
            raise
        return replace(answer, judgements=judgements)

    async def ask_plainly(self, text: str, structured: Structured) -> Answer:
        """Sends `text` alone, with or without the schema for one criterion; the answer has no judgements."""
        request = self._request([{"role": "user", "content": text}], count=1, structured=structured)
        return await self._complete(request, Answer((), request_sha256=digest_of(request)))

    async def aclose(self) -> None:
        """Closes the connections of the running event loop."""
        await self._wire.aclose()

    def _request(
        self, messages: list[dict[str, Any]], *, count: int, structured: Structured, vote: int = 0
    ) -> dict[str, Any]:
        settings = self.settings
        request: dict[str, Any] = {
            "model": settings.model,
            "messages": messages,
            settings.output_limit_field: settings.max_output_tokens,
        }
        if structured == "schema":
            form = {"name": "verdicts", "strict": True, "schema": self._wording.schema(count)}
            request["response_format"] = {"type": "json_schema", "json_schema": form}
        if settings.temperature is not None:
            request["temperature"] = settings.temperature
        if settings.seed is not None:
            request["seed"] = settings.seed + vote
        if settings.reasoning_effort is not None:
            request["reasoning_effort"] = settings.reasoning_effort
        return request

    async def _complete(self, request: dict[str, Any], evidence: Answer) -> Answer:
        try:
            body = await self._wire.post(request)
        except UnreadableReplyError as error:
            error.answer = evidence
            raise
        key = self._wire.endpoint().key
        return read_completion(body, evidence, price=self.price, limit=self.settings.max_output_tokens, key=key)


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
