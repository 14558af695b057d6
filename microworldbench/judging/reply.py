"""The form of a judge's reply, and its strict reading: a short or altered answer cannot pass."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Literal, NoReturn

from ..errors import UnreadableReplyError
from ..results import Judgement, Reason

MAX_REPLY_CHARACTERS = 2_000_000
"""Longer replies are refused unread; a full answer to 100 criteria is about a hundredth of this."""

FIELDS = ("observation", "frames", "verdict")
"""Keys of one answer in the order they are asked for: what was seen, where, and only then the verdict."""

Structured = Literal["schema", "instruction"]
"""How the form is enforced: by the server from a JSON schema, or by words alone."""

_VERDICTS: dict[str, tuple[bool | None, Reason | None]] = {
    "met": (True, None),
    "not_met": (False, None),
    "cannot_tell": (None, Reason.CANNOT_TELL),
}
_FENCE = re.compile(r"\A```(?:json)?[ \t]*\n(?P<inside>.*?)\n?[ \t]*```\Z", re.DOTALL | re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")


def labels(count: int) -> tuple[str, ...]:
    """``C1`` … ``Cn``: how criteria are called in a request, in the order shown."""
    return tuple(f"C{number}" for number in range(1, count + 1))


def reply_schema(count: int) -> dict[str, Any]:
    """JSON schema of a reply about `count` criteria, within what strict structured outputs allow.

    It depends on nothing but `count`: servers put the schema before the messages, so a schema that named criteria or
    frames would spoil the prefix that calls about one video share.
    """
    answer = {
        "type": "object",
        "properties": {
            "observation": {"type": "string"},
            "frames": {"type": "array", "items": {"type": "integer"}},
            "verdict": {"type": "string", "enum": list(_VERDICTS)},
        },
        "required": list(FIELDS),
        "additionalProperties": False,
    }
    names = labels(count)
    return {
        "type": "object",
        "properties": dict.fromkeys(names, answer),
        "required": list(names),
        "additionalProperties": False,
    }


def parse_reply(
    text: str, criteria: Sequence[str], *, frames_shown: int | None, structured: Structured = "schema"
) -> tuple[Judgement, ...]:
    """Reads a reply.

    Args:
        text: The reply.
        criteria: Criterion ids in the order they were shown; ``C1`` is the first.
        frames_shown: Frames 1 … `frames_shown` may be cited; None leaves citations unchecked.
        structured: Under ``instruction`` one fence of three backticks around the object is tolerated.

    Returns:
        One judgement for every criterion, in the same order.

    Raises:
        UnreadableReplyError: the reply departs from the form in any way; the message says where.
    """
    expected = labels(len(criteria))
    answers = read_object(text, expected, structured)
    return tuple(
        _judgement(criterion, label, answers[label], frames_shown)
        for criterion, label in zip(criteria, expected, strict=True)
    )


def read_object(text: str, keys: Sequence[str], structured: Structured) -> dict[str, Any]:
    """The JSON object a reply consists of, with exactly `keys`.

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
    answers = _load(body)
    if not isinstance(answers, dict):
        raise UnreadableReplyError(f"the reply must be a JSON object, got {_shown(answers)}")
    _check_keys(answers, keys, "the reply")
    return answers


def without_surrogates(text: str) -> str:
    """`text` with lone surrogates replaced, so that it can be written as UTF-8."""
    return _SURROGATE.sub("\ufffd", text)


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
        raise UnreadableReplyError(f"the reply has the key {_shown(repeated)} twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise UnreadableReplyError(f"the reply holds {name}, which is not JSON")


def _check_keys(found: dict[str, Any], expected: Sequence[str], place: str) -> None:
    missing = [key for key in expected if key not in found]
    if missing:
        raise UnreadableReplyError(f"{place} lacks {_listed(missing)}")
    unknown = [key for key in found if key not in expected]
    if unknown:
        raise UnreadableReplyError(f"{place} has keys that were not asked for: {_listed(map(_shown, unknown))}")


def _judgement(criterion: str, label: str, answer: Any, frames_shown: int | None) -> Judgement:
    if not isinstance(answer, dict):
        raise UnreadableReplyError(f"{label} must be an object, got {_shown(answer)}")
    _check_keys(answer, FIELDS, label)
    observation, frames, verdict = (answer[name] for name in FIELDS)
    if not isinstance(observation, str):
        raise UnreadableReplyError(f"{label}.observation must be a string, got {_shown(observation)}")
    if not isinstance(verdict, str) or verdict not in _VERDICTS:
        raise UnreadableReplyError(f"{label}.verdict must be met, not_met or cannot_tell, got {_shown(verdict)}")
    met, reason = _VERDICTS[verdict]
    return Judgement(
        criterion=criterion,
        met=met,
        reason=reason,
        observation=without_surrogates(observation),
        frames=_cited(label, frames, frames_shown),
    )


def _cited(label: str, frames: Any, frames_shown: int | None) -> tuple[int, ...]:
    if not isinstance(frames, list):
        raise UnreadableReplyError(f"{label}.frames must be a list of frame numbers, got {_shown(frames)}")
    for position, number in enumerate(frames):
        if type(number) is not int:  # bool is an int to isinstance
            raise UnreadableReplyError(f"{label}.frames[{position}] must be an integer, got {_shown(number)}")
        if frames_shown is not None and not 1 <= number <= frames_shown:
            raise UnreadableReplyError(
                f"{label}.frames[{position}] is {_shown(number)}, but frames 1 to {frames_shown} were shown"
            )
    return tuple(dict.fromkeys(frames))


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    if type(value) is int and value.bit_length() > 64:
        return "an integer beyond 64 bits"
    text = without_surrogates(ascii(value) if isinstance(value, str) else json.dumps(value))
    return text if len(text) <= 60 else text[:57] + "…"


def _listed(names: Any) -> str:
    names = list(names)
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
