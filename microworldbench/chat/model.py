"""One chat model: its requests, its replies and what they cost. Who asks what is not its business."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from ..errors import UnreadableReplyError
from ..rubric import digest_of
from .answer import Answer
from .attempts import Attempts
from .completion import read_completion
from .json_reply import ReplyForm, Structured
from .ledger import Ledger
from .prices import UNKNOWN_IMAGE, Patches, Price, Tiles, find_price
from .probe import PROBE_TEXT, probe
from .settings import SAMPLING, ChatSettings
from .wire import ChatWire


class ChatModel:
    """Sends requests to a chat model and reads what comes back.

    Args:
        settings: Which model, where, how it samples and what it costs.
    """

    def __init__(self, settings: ChatSettings) -> None:
        self.settings = settings
        self._wire = ChatWire(settings.base_url, settings.timeout_s)
        self._structured: Structured | None = None if settings.structured == "auto" else settings.structured

    @property
    def name(self) -> str:
        """``openai:<model>``."""
        return f"openai:{self.settings.model}"

    @property
    def sampling(self) -> dict[str, Any]:
        """What can change a reply, for identities: no address, key, price or timeout."""
        return self.settings.model_dump(mode="json", include=set(SAMPLING))

    @property
    def structured(self) -> Structured:
        """How a reply's form is enforced; by a schema until `prepare` has found out."""
        return self._structured or "schema"

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

    @property
    def image_tokens(self) -> Patches | Tiles:
        """How many tokens an image counts for."""
        return self.price.image if self.price else UNKNOWN_IMAGE

    def check(self) -> None:
        """Looks at address, key and prices without calling anybody.

        Raises:
            InputError: one of them cannot be used.
        """
        self._wire.endpoint()
        _ = self.price

    async def prepare(
        self, form: ReplyForm, conforms: Callable[[str], bool], ledger: Ledger, attempts: Attempts, *, name: str
    ) -> None:
        """Finds out, once a log, whether the server enforces JSON schemas, unless a setting says so.

        Args:
            form: A form of reply to try it with.
            conforms: Whether a reply has that form.
            ledger: What has been asked already.
            attempts: Asks, repeats, reserves and logs.
            name: Who asks, for the log.

        Raises:
            InputError: address, key or prices cannot be used.
            RunStoppedError: the server cannot be asked.
        """
        self.check()
        if self._structured is None:
            self._structured = await probe(
                name, lambda s: self._plain(form, s), self._worst_case_probe_usd(form), conforms, ledger, attempts
            )

    def request(
        self,
        messages: Sequence[Mapping[str, Any]],
        form: ReplyForm,
        *,
        structured: Structured | None = None,
        draw: int = 0,
    ) -> dict[str, Any]:
        """The body of a request.

        Args:
            messages: In the wire's form.
            form: Of the reply; sent along where the server enforces it.
            structured: Instead of what `prepare` has found.
            draw: Added to the sampling seed.
        """
        settings = self.settings
        request: dict[str, Any] = {
            "model": settings.model,
            "messages": list(messages),
            settings.output_limit_field: settings.max_output_tokens,
        }
        if (structured or self.structured) == "schema":
            wrapped = {"name": form.name, "strict": True, "schema": form.schema}
            request["response_format"] = {"type": "json_schema", "json_schema": wrapped}
        if settings.temperature is not None:
            request["temperature"] = settings.temperature
        if settings.seed is not None:
            request["seed"] = settings.seed + draw
        if settings.reasoning_effort is not None:
            request["reasoning_effort"] = settings.reasoning_effort
        return request

    async def complete(self, request: dict[str, Any], evidence: Answer) -> Answer:
        """Sends `request`; `evidence` with the reply, usage and finish reason added.

        Raises:
            TransientJudgeError, UnreadableReplyError, CallRefusedError, JudgeUnavailableError: see `errors`; those that
                came with a reply carry the answer.
        """
        try:
            body = await self._wire.post(request)
        except UnreadableReplyError as error:
            error.answer = evidence
            raise
        key = self._wire.endpoint().key
        return read_completion(body, evidence, price=self.price, limit=self.settings.max_output_tokens, key=key)

    def worst_case_usd(
        self, texts: Sequence[str], form: ReplyForm, *, parts: int, images: Sequence[tuple[int, int]] = ()
    ) -> float | None:
        """What one request costs at most; None without a known price.

        Args:
            texts: Everything said.
            form: Of the reply.
            parts: Messages and parts of messages.
            images: Width and height of each image.
        """
        if self.price is None:
            return None
        return self.price.worst_case_usd(
            text_bytes=sum(len(text.encode("utf-8", "replace")) for text in texts) + len(str(form.schema)),
            parts=parts,
            images=images,
            max_output_tokens=self.settings.max_output_tokens,
        )

    async def aclose(self) -> None:
        """Closes the connections of the running event loop."""
        await self._wire.aclose()

    async def _plain(self, form: ReplyForm, structured: Structured) -> Answer:
        request = self.request([{"role": "user", "content": PROBE_TEXT}], form, structured=structured)
        return await self.complete(request, Answer(request_sha256=digest_of(request)))

    def _worst_case_probe_usd(self, form: ReplyForm) -> float | None:
        """A request with a schema and, where that is refused, one without."""
        once = self.worst_case_usd([PROBE_TEXT], form, parts=2)
        return None if once is None else 2 * once
