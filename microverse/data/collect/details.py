"""What the API says about a video, read with nothing taken for granted."""

from __future__ import annotations

import re
from typing import Any

from microworldbench.rubric import Record

MAX_TEXT = 5000
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


class Statistics(Record):
    """Figures that change; None where the API does not tell."""

    views: int | None = None
    likes: int | None = None
    comments: int | None = None


class Collected(Record):
    """One collected video."""

    video_id: str
    url: str
    title: str
    description: str
    channel: str
    channel_id: str
    published_at: str
    duration_s: int | None
    licence: str
    """As the details say, whatever the search was told: it can have changed."""
    definition: str
    privacy: str
    statistics: Statistics
    fetched_at: str

    @property
    def obstacle(self) -> str | None:
        """Why it may not be used; None where it may."""
        if self.licence != "creativeCommon":
            return "licence is no longer Creative Commons"
        if self.definition != "hd":
            return "not in high definition"
        return None if self.privacy == "public" else "not public"


def read_item(item: dict[str, Any], fetched_at: str) -> Collected:
    """A video out of an answer; absent parts become empty, never a guess."""
    snippet, content = _mapping(item.get("snippet")), _mapping(item.get("contentDetails"))
    status, figures = _mapping(item.get("status")), _mapping(item.get("statistics"))
    video = str(item.get("id"))
    return Collected(
        video_id=video,
        url=f"https://www.youtube.com/watch?v={video}",
        title=_text(snippet.get("title")),
        description=_text(snippet.get("description")),
        channel=_text(snippet.get("channelTitle")),
        channel_id=_text(snippet.get("channelId")),
        published_at=_text(snippet.get("publishedAt")),
        duration_s=_seconds(_text(content.get("duration"))),
        licence=_text(status.get("license")) or "unknown",
        definition=_text(content.get("definition")),
        privacy=_text(status.get("privacyStatus")),
        statistics=Statistics(
            views=_count(figures.get("viewCount")),
            likes=_count(figures.get("likeCount")),
            comments=_count(figures.get("commentCount")),
        ),
        fetched_at=fetched_at,
    )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value[:MAX_TEXT].encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _count(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _seconds(text: str) -> int | None:
    """ISO 8601 as the API writes it: ``PT1H2M3S``; a live stream has ``P0D``."""
    match = _DURATION.fullmatch(text)
    if not match or not any(match.groups()):
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
