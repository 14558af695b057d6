"""The form of a judge's reply, and its strict reading: a short or altered answer cannot pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..chat.answer import without_surrogates
from ..chat.json_reply import Structured, check_keys, read_object, shown
from ..errors import UnreadableReplyError
from ..results import Judgement, Reason

FIELDS = ("observation", "frames", "verdict")
"""Keys of one answer in the order they are asked for: what was seen, where, and only then the verdict."""

_VERDICTS: dict[str, tuple[bool | None, Reason | None]] = {
    "met": (True, None),
    "not_met": (False, None),
    "cannot_tell": (None, Reason.CANNOT_TELL),
}


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


def _judgement(criterion: str, label: str, answer: Any, frames_shown: int | None) -> Judgement:
    if not isinstance(answer, dict):
        raise UnreadableReplyError(f"{label} must be an object, got {shown(answer)}")
    check_keys(answer, FIELDS, label)
    observation, frames, verdict = (answer[name] for name in FIELDS)
    if not isinstance(observation, str):
        raise UnreadableReplyError(f"{label}.observation must be a string, got {shown(observation)}")
    if not isinstance(verdict, str) or verdict not in _VERDICTS:
        raise UnreadableReplyError(f"{label}.verdict must be met, not_met or cannot_tell, got {shown(verdict)}")
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
        raise UnreadableReplyError(f"{label}.frames must be a list of frame numbers, got {shown(frames)}")
    for position, number in enumerate(frames):
        if type(number) is not int:  # bool is an int to isinstance
            raise UnreadableReplyError(f"{label}.frames[{position}] must be an integer, got {shown(number)}")
        if frames_shown is not None and not 1 <= number <= frames_shown:
            raise UnreadableReplyError(
                f"{label}.frames[{position}] is {shown(number)}, but frames 1 to {frames_shown} were shown"
            )
    return tuple(dict.fromkeys(frames))
