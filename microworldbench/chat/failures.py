"""What a server's refusal means: which kind of `JudgeError`, in which words, and when to try again."""

from __future__ import annotations

import email.utils
import json
import math
import re
import time
from collections.abc import Mapping
from typing import Any

from ..errors import CallRefusedError, JudgeError, JudgeUnavailableError, TransientJudgeError
from .answer import Answer, without_surrogates

MAX_WORDS = 300
"""Characters of a server's message that are passed on."""

_RETRIABLE = frozenset({408, 409, 425, 429})
_STOPPING = frozenset({401, 402, 403, 404, 410})
_QUOTA = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "access_terminated"})
_CONTENT = frozenset({"content_filter", "content_policy_violation", "moderation_blocked", "invalid_prompt", "flagged"})
_SECRET = re.compile(r"(?i)(\bbearer\s+|\b(?:api[_-]?key|token|key|secret|password)\s*[=:]\s*)[^\s,;&'\"]+")
_KEY = re.compile(r"\b(?:sk|pk|rk|gsk|xai|key)-[\w*.-]{6,}")
_USERINFO = re.compile(r"(?<=://)[^/\s@]+@")
_TOO_MUCH = re.compile(
    r"context.{0,20}(?:length|window)|too (?:large|long|many (?:images|tokens))|exceeds? .{0,40}(?:tokens|size|length)"
    r"|at most \d+ (?:image|video)"
)
_SMALLER = (
    "Show fewer frames (--frames) or smaller ones (judge setting max_side or form=sheet); both change the judge's "
    "identity, and nothing is made smaller unasked"
)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")


class ContentDeclinedError(CallRefusedError):
    """The judge declined the content; the call was answered, and billed, all the same.

    Args:
        message: The judge's words.
        answer: What came back, for the record.
    """

    def __init__(self, message: str, answer: Answer) -> None:
        self.answer = answer
        super().__init__(message, content=True)


def redact(text: str, key: str | None = None) -> str:
    """`text` without `key`, other things that look like a key, URL credentials and control characters."""
    if key:
        text = text.replace(key, "[key]")
    text = _USERINFO.sub("", _KEY.sub("[key]", _SECRET.sub(r"\1[key]", text)))
    return " ".join(_CONTROL.sub(" ", without_surrogates(text)).split())


def from_status(
    status: int, body: Any, headers: Mapping[str, str], *, model: str, address: str, key: str | None = None
) -> JudgeError:
    """The error a refused request is.

    Args:
        status: HTTP status.
        body: The decoded JSON body, or its text.
        headers: Response headers; Retry-After is read from them.
        model: As it was asked for.
        address: Scheme, host and port of the server, without credentials.
        key: Is removed from the server's words.
    """
    error = body.get("error", body) if isinstance(body, dict) else body
    details = error if isinstance(error, dict) else {}
    codes = {str(details.get(name)).lower() for name in ("code", "type") if details.get(name)}
    words = _words(error, key)
    said = f"the server at {address} answered {status}" + (f": {words}" if words else "")
    if codes & _QUOTA:
        return JudgeUnavailableError(f"{said}. The account has no quota left: raise it, then run the command again")
    if 400 <= status < 500 and (codes & _CONTENT or _was_moderated(details)):
        return CallRefusedError(said, status=status, content=True)
    if status in _RETRIABLE or (status >= 500 and status != 501):
        return TransientJudgeError(said, retry_after_s=retry_after_s(headers), status=status)
    if status in _STOPPING or 300 <= status < 400:
        return JudgeUnavailableError(f"{said}. {_next_step(status, model, headers, key)}")
    return CallRefusedError(said + _hint(words, status), status=status)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds a server asks us to wait, from ``retry-after-ms`` or ``Retry-After`` (seconds or an HTTP date)."""
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    asked = headers.get("retry-after")
    if asked is None:
        return None
    if (seconds := _number(asked)) is not None:
        return seconds
    try:
        date = email.utils.parsedate_to_datetime(asked)
    except (ValueError, OverflowError):
        return None
    return max(0.0, date.timestamp() - time.time())


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _words(error: Any, key: str | None) -> str:
    message = error.get("message") if isinstance(error, dict) else error
    if message is None or message == {}:
        return ""
    text = redact(message if isinstance(message, str) else json.dumps(message), key)
    return text if len(text) <= MAX_WORDS else text[: MAX_WORDS - 1] + "…"


def _was_moderated(details: Mapping[str, Any]) -> bool:
    metadata = details.get("metadata")
    return isinstance(metadata, dict) and bool(metadata.get("reasons") or metadata.get("flagged_input"))


def _next_step(status: int, model: str, headers: Mapping[str, str], key: str | None) -> str:
    if status == 401:
        return "Check OPENAI_API_KEY, and that it belongs to this server (OPENAI_BASE_URL)"
    if status == 402:
        return "Add credit to the account, then run the same command again"
    if status == 403:
        return f"The key has no access to {model!r} here: ask for access or choose another model"
    if status in (404, 410):
        return f"Check the model name {model!r}, whether it is still served, and that OPENAI_BASE_URL ends in /v1"
    target = redact(headers.get("location", ""), key).partition("?")[0][:MAX_WORDS]
    return f"It redirects to {target!r}; redirects are not followed: set OPENAI_BASE_URL to where it should go"


def _hint(words: str, status: int) -> str:
    text = words.lower()
    if status == 413 or _TOO_MUCH.search(text):
        return f". {_SMALLER}"
    if "max_completion_tokens" in text or "max_tokens" in text:
        return ". Try the other of the judge settings output_limit_field=max_tokens and =max_completion_tokens"
    if "response_format" in text or "json_schema" in text:
        return ". Set the judge setting structured=instruction"
    if "temperature" in text:
        return ". Reasoning models refuse a temperature: leave the judge setting out"
    if "seed" in text:
        return ". Leave the judge setting seed out"
    if ("image" in text or "video" in text) and ("support" in text or "multimodal" in text):
        return ". Choose a model that reads images (or videos, for form=video)"
    return ""
