"""What a library says of an error, short enough to stand in a sentence of ours."""

from __future__ import annotations

LONGEST = 300


def first_line(error: BaseException) -> str:
    """The first line of an error's message, or its kind where it has none."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:LONGEST]
