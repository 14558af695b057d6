"""What a chat completion says: its text, its tokens and cost, and whether it is finished at all."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from ..errors import UnreadableReplyError
from ..results import Usage
from .answer import Answer, without_surrogates
from .failures import ContentDeclinedError, redact
from .prices import Price


def read_completion(body: dict[str, Any], evidence: Answer, *, price: Price | None, limit: int, key: str) -> Answer:
    """`evidence` with the reply, usage and finish reason of a response added.

    Args:
        body: The decoded response.
        evidence: What was shown and asked.
        price: Prices the usage where the server reports no cost.
        limit: The output limit that was sent, for the message about a reply cut off by it.
        key: Is removed from the reply, should a server echo it.

    Raises:
        ContentDeclinedError: the judge or its content filter declined.
        UnreadableReplyError: the reply was cut off or is empty. Both carry the answer.
    """
    choices = body.get("choices")
    choice = _mapping(choices[0] if isinstance(choices, list) and choices else None)
    message = _mapping(choice.get("message"))
    finish = choice.get("finish_reason")
    answer = replace(
        evidence,
        reply=_clean(_text(message.get("content")), key),
        usage=read_usage(body.get("usage"), price),
        finish_reason=redact(finish)[:40] if isinstance(finish, str) else None,
    )
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal:
        raise ContentDeclinedError(f"the judge declined: {redact(refusal, key)[:300]}", answer)
    if answer.finish_reason == "content_filter":
        raise ContentDeclinedError("the server's content filter stopped the reply", answer)
    if answer.finish_reason == "length":
        raise UnreadableReplyError(
            f"the reply was cut off at {limit} output tokens; raise the judge setting max_output_tokens", answer
        )
    if not (answer.reply or "").strip():
        reason = "it has no choices" if not choice else f"finish_reason {answer.finish_reason!r}"
        raise UnreadableReplyError(f"the reply is empty ({reason})", answer)
    return answer


def read_usage(reported: Any, price: Price | None) -> Usage:
    """Tokens and cost of a call from a response's ``usage``; what is absent or absurd becomes None.

    A cost the server reports itself (``usage.cost``, as gateways do) comes before the price table.
    """
    usage = _mapping(reported)
    details = _mapping(usage.get("prompt_tokens_details"))
    asked, replied = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    cached, written = _count(details.get("cached_tokens")), _count(details.get("cache_write_tokens"))
    cost = _money(usage.get("cost"))
    if cost is None and price is not None and asked is not None and replied is not None:
        cost = price.cost_usd(
            input_tokens=asked, output_tokens=replied, cached_tokens=cached or 0, cache_write_tokens=written or 0
        )
    return Usage(
        input_tokens=asked,
        cached_tokens=cached,
        output_tokens=replied,
        cost_usd=None if cost is None else round(cost, 9),
    )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(content: Any) -> str:
    if isinstance(content, list):  # some servers answer in parts
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _clean(text: str, key: str) -> str:
    legible = without_surrogates(text)
    # A placeholder key is too short to be looked for: it could be a word.
    return legible.replace(key, "[key]") if len(key) >= 8 else legible


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < 2**53 else None


def _money(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < 1e9 and math.isfinite(value) else None
