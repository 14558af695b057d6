"""What the answers to one question came to, whatever the kind of study."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from ..rubric import Record


class Decision(Record):
    """What became of one thing, by which rule, and what everybody said."""

    task: str
    """The task, or the clip."""
    subject: Literal["task", "criterion", "supplement", "video", "pair", "clip", "caption"]
    criterion: str | None = None
    video: str | None = None
    """sha256 of the video, where it is about one."""
    runs: tuple[str, ...] = ()
    """Generators of the videos, where it is about videos."""
    proposed: dict[str, JsonValue] | None = None
    """What a supplement says."""
    before: dict[str, JsonValue] | None = None
    after: dict[str, JsonValue] | None = None
    """None where it is deleted, or not decided."""
    rules: tuple[str, ...] = ()
    """The rules that decided; empty where nobody, or too few, wanted a change."""
    votes: dict[int, dict[str, JsonValue]] = Field(default_factory=dict)
    """By round and expert."""
    whys: dict[int, dict[str, str]] = Field(default_factory=dict)
    """Rationales, by round and expert."""
    unresolved: str | None = None
    """Why it is still open."""
