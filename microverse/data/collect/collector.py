"""Carries a plan out within the day's quota, and never makes a call twice.

``calls.jsonl`` is the only state: one line for each answered call, with what it brought. Resuming is reading it again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from microworldbench.errors import RunStoppedError
from microworldbench.logbook import cut_torn_line
from microworldbench.progress import Progress, Silent

from ..ledger import replace_file
from ..records import YOUTUBE_ID
from .api import PAGE, PageTokenError, QuotaError, YouTube
from .details import Collected, read_item
from .plan import Collection, Query

PACIFIC = ZoneInfo("America/Los_Angeles")
"""The API counts its days there."""
FRESH = timedelta(days=30)
"""So long the API's terms let its data be kept without asking again."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Collector:
    """One collection on disk.

    Args:
        folder: Where it lies.
        plan: What to collect.
        api: Who is asked.
        progress: Told about every call.
        now: The time, for quotas and time stamps.
    """

    folder: Path
    plan: Collection
    api: YouTube
    progress: Progress = field(default_factory=Silent)
    now: Callable[[], datetime] = _now

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._log = self.folder / "calls.jsonl"
        cut_torn_line(self._log)
        self._pages: dict[tuple[str, str, str], dict[str | None, str | None]] = {}
        self._ids: dict[str, None] = {}
        self._details: dict[str, Collected | None] = {}
        self._spent: dict[tuple[str, str], int] = {}
        for line in self._lines():
            self._take(line)

    def collect(self) -> list[Collected]:
        """Searches and asks for details as far as the quota goes, then lists what may be used.

        Raises:
            QuotaError: the day's calls are used up; the same command goes on tomorrow.
            RunStoppedError: the API cannot be reached, or the disk is full.
            InputError: the key is wrong.
        """
        queries = list(self.plan.queries())
        self.progress.stage("searching", total=len(queries), done=sum(map(self._is_done, queries)))
        try:
            for query in queries:
                if not self._is_done(query):
                    self._search(query)
                    self.progress.advance()
            self._ask_for_details([video for video in self._ids if video not in self._details])
        finally:
            usable = self._write()
            self.progress.finish()
        return usable

    def refresh(self) -> list[Collected]:
        """Asks again for details older than 30 days. Raises like `collect`."""
        limit = self.now() - FRESH
        stale = [v for v, d in self._details.items() if d is None or datetime.fromisoformat(d.fetched_at) < limit]
        try:
            self._ask_for_details(stale)
        finally:
            usable = self._write()
        return usable

    @property
    def dropped(self) -> dict[str, int]:
        """Videos that were found and may not be used, by reason."""
        counts: dict[str, int] = {}
        for details in self._details.values():
            reason = "gone" if details is None else details.obstacle
            if reason is not None:
                counts[reason] = counts.get(reason, 0) + 1
        return counts

    def _search(self, query: Query) -> None:
        pages = self._pages.setdefault((query.term, query.after, query.before), {})
        while len(pages) < self.plan.pages:
            token = None if not pages else list(pages.values())[-1]
            if pages and token is None:
                return
            self._check_quota("search", self.plan.searches_a_day)
            try:
                page = self.api.search(query.term, query.after, query.before, token)
            except PageTokenError as error:
                self.progress.note(f"{query.term!r}: {error}; its later pages are left out")
                page = {}
            found = [str(item["id"].get("videoId")) for item in _items(page) if isinstance(item.get("id"), dict)]
            ids = [video for video in found if YOUTUBE_ID.fullmatch(video)]
            following = page.get("nextPageToken")
            self._append(
                {
                    "kind": "search",
                    **query.model_dump(),
                    "token": token,
                    "next": following if isinstance(following, str) and following else None,
                    "ids": ids,
                }
            )

    def _ask_for_details(self, ids: list[str]) -> None:
        self.progress.stage("asking for details", total=-(-len(ids) // PAGE))
        for start in range(0, len(ids), PAGE):
            asked = ids[start : start + PAGE]
            self._check_quota("videos", self.plan.details_a_day)
            items = [item for item in _items(self.api.videos(asked)) if item.get("id") in set(asked)]
            self._append({"kind": "videos", "asked": asked, "items": items})
            self.progress.advance()

    def _check_quota(self, kind: str, limit: int) -> None:
        if self._spent.get((kind, self._day(self.now())), 0) >= limit:
            raise QuotaError(
                f"today's {limit} {kind} calls are used up. They are renewed at midnight Pacific time; "
                "the same command then goes on"
            )

    def _is_done(self, query: Query) -> bool:
        pages = self._pages.get((query.term, query.after, query.before), {})
        return bool(pages) and (list(pages.values())[-1] is None or len(pages) >= self.plan.pages)

    def _append(self, line: dict[str, Any]) -> None:
        line = {**line, "at": self.now().isoformat(timespec="seconds")}
        try:
            with self._log.open("a", encoding="ascii") as log:
                log.write(json.dumps(line) + "\n")
        except OSError as error:
            raise RunStoppedError(
                f"cannot write {self._log}: {error.strerror or error}; make room and go on"
            ) from error
        self._take(line)

    def _take(self, line: dict[str, Any]) -> None:
        at = datetime.fromisoformat(line["at"])
        day = (line["kind"], self._day(at))
        self._spent[day] = self._spent.get(day, 0) + 1
        if line["kind"] == "search":
            pages = self._pages.setdefault((line["term"], line["after"], line["before"]), {})
            pages[line["token"]] = line["next"]
            self._ids.update(dict.fromkeys(line["ids"]))
        else:
            items = {item["id"]: item for item in line["items"]}
            for video in line["asked"]:
                self._details[video] = read_item(items[video], line["at"]) if video in items else None

    def _lines(self) -> Iterator[dict[str, Any]]:
        if self._log.is_file():
            with self._log.open(encoding="ascii") as lines:
                yield from map(json.loads, lines)

    def _day(self, at: datetime) -> str:
        return at.astimezone(PACIFIC).date().isoformat()

    def _write(self) -> list[Collected]:
        usable = [d for _, d in sorted(self._details.items()) if d is not None and d.obstacle is None]
        lines = "".join(json.dumps(each.model_dump(mode="json")) + "\n" for each in usable)
        replace_file(self.folder / "collected.jsonl", lines.encode("ascii"))
        return usable


def availability(ids: Iterable[str], api: YouTube, at: datetime) -> Iterator[tuple[str, str]]:
    """Whether videos can still be had: ``available``, ``gone``, or why they may no longer be used.

    Raises:
        QuotaError, RunStoppedError, InputError: see `YouTube`.
    """
    wanted = list(dict.fromkeys(ids))
    for start in range(0, len(wanted), PAGE):
        asked = wanted[start : start + PAGE]
        items = {item.get("id"): item for item in _items(api.videos(asked))}
        for video in asked:
            item = items.get(video)
            found = None if item is None else read_item(item, at.isoformat())
            yield video, "gone" if found is None else found.obstacle or "available"


def _items(page: dict[str, Any]) -> list[dict[str, Any]]:
    items = page.get("items")
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
