"""A reply that must be one JSON object with certain keys, read strictly: a short or altered answer cannot pass."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from ..errors import UnreadableReplyError
from .answer import without_surrogates

MAX_REPLY_CHARACTERS = 2_000_000
"""Longer replies are refused unread; a full answer to 100 criteria is about a hundredth of this."""

Structured = Literal["schema", "instruction"]
"""How the form is enforced: by the server from a JSON schema, or by words alone."""

_FENCE = re.compile(r"\A```(?:json)?[ \t]*\n(?P<inside>.*?)\n?[ \t]*```\Z", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class ReplyForm:
    """The form a reply must have.

    Attributes:
        name: What the server calls it.
        schema: JSON schema, within what strict structured outputs allow: every key required, no others.
    """

    name: str
    schema: dict[str, Any]


def read_object(text: str, keys: Sequence[str], structured: Structured = "schema") -> dict[str, Any]:
    """The JSON object a reply consists of, with exactly `keys`.

    Args:
        text: The reply.
        keys: The keys it must have.
        structured: Under ``instruction`` one fence of three backticks around the object is tolerated.

    Raises:
        UnreadableReplyError: it is too long, no JSON object, or has other keys, or one twice.
    """
    if len(text) > MAX_REPLY_CHARACTERS:
        raise UnreadableReplyError(f"the reply has {len(text):,} characters, more than {MAX_REPLY_CHARACTERS:,}")
    body = text.strip()
    if not body:
        raise UnreadableReplyError("the reply is empty")
    if structured == "instruction" and (fenced := _FENCE.match(body)):
        body = fenced["inside"]
    found = _load(body)
    if not isinstance(found, dict):
        raise UnreadableReplyError(f"the reply must be a JSON object, got {shown(found)}")
    check_keys(found, keys, "the reply")
    return found


def check_keys(found: dict[str, Any], expected: Sequence[str], place: str) -> None:
    """Raises `UnreadableReplyError` unless `found`, which stands at `place`, has exactly the keys `expected`."""
    missing = [key for key in expected if key not in found]
    if missing:
        raise UnreadableReplyError(f"{place} lacks {_listed(missing)}")
    unknown = [key for key in found if key not in expected]
    if unknown:
        raise UnreadableReplyError(f"{place} has keys that were not asked for: {_listed(map(shown, unknown))}")


def shown(value: Any) -> str:
    """A value of a reply in at most 60 characters, for a message."""
    if isinstance(value, dict | list):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    if type(value) is int and value.bit_length() > 64:
        return "an integer beyond 64 bits"
    text = without_surrogates(ascii(value) if isinstance(value, str) else json.dumps(value))
    return text if len(text) <= 60 else text[:57] + "…"


def _load(body: str) -> Any:
    try:
        return json.loads(body, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise UnreadableReplyError(
            f"the reply is not one JSON object: {error.msg} at line {error.lineno} column {error.colno} "
            f"of {len(body):,} characters"
        ) from None
    except RecursionError:
        raise UnreadableReplyError("the reply is nested too deeply to be read") from None
    except ValueError as error:  # an integer with thousands of digits
        raise UnreadableReplyError(f"the reply holds a number that cannot be read: {error}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise UnreadableReplyError(f"the reply has the key {shown(repeated)} twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise UnreadableReplyError(f"the reply holds {name}, which is not JSON")


def _listed(names: Any) -> str:
    names = list(names)
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
