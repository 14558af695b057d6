"""The two calls we make of the YouTube Data API v3, over plain HTTP with the key in a header."""

from __future__ import annotations

import http.client
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from microworldbench.chat.failures import redact, retry_after_s
from microworldbench.errors import InputError, MicroWorldBenchError, RunStoppedError

KEY_VARIABLE = "YOUTUBE_API_KEY"
ADDRESS = "https://www.googleapis.com/youtube/v3"
ATTEMPTS = 4
TIMEOUT_S = 30.0
MAX_BYTES = 8_000_000
PAGE = 50
"""Hits a search page and ids a details call can have."""
QUOTA_REASONS = frozenset({"quotaExceeded", "dailyLimitExceeded"})


class QuotaError(RunStoppedError):
    """The day's quota is used up; everything fetched is kept."""


class PageTokenError(MicroWorldBenchError):
    """The API no longer knows a page token; the query's later pages cannot be had."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the key to a host nobody named."""

    def redirect_request(self, *_: Any) -> None:
        return None


class YouTube:
    """Asks the API.

    Args:
        base_url: Where it lives; its home by default.
        key: None takes ``YOUTUBE_API_KEY``. It is sent in a header and shown nowhere.
        pause: Waits between attempts; seconds.

    Raises:
        InputError: there is no usable key, or the address is neither https nor on this machine.
    """

    def __init__(
        self, base_url: str = ADDRESS, key: str | None = None, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._base_url, self._pause = base_url.rstrip("/"), pause
        parts = urllib.parse.urlsplit(self._base_url)
        is_here = parts.hostname in ("127.0.0.1", "localhost", "::1")
        if parts.scheme != "https" and not (parts.scheme == "http" and is_here):
            raise InputError(f"the API's address must begin with https://, got {redact(base_url)!r}")
        self._key = (key if key is not None else os.environ.get(KEY_VARIABLE, "")).strip()
        if not self._key or not self._key.isascii() or not self._key.isprintable() or " " in self._key:
            raise InputError(f"collecting needs an API key of the YouTube Data API: set {KEY_VARIABLE}")
        self._opener = urllib.request.build_opener(_NoRedirect)

    def search(self, term: str, after: str, before: str, token: str | None) -> dict[str, Any]:
        """One page of Creative Commons videos in high definition.

        Args:
            term: What to search for.
            after: Published at or after this time (RFC 3339).
            before: Published before this time.
            token: Of the page; None for the first.

        Raises:
            QuotaError, InputError, PageTokenError, RunStoppedError: see `_refuse`.
        """
        asked = {
            "part": "id",
            "type": "video",
            "videoLicense": "creativeCommon",
            "videoDefinition": "high",
            "order": "relevance",
            "maxResults": str(PAGE),
            "q": term,
            "publishedAfter": after,
            "publishedBefore": before,
        }
        return self._get("search", asked | ({"pageToken": token} if token else {}))

    def videos(self, ids: list[str]) -> dict[str, Any]:
        """Details of at most 50 videos; those that are gone are left out by the API. Raises like `search`."""
        return self._get("videos", {"part": "snippet,contentDetails,status,statistics", "id": ",".join(ids)})

    def _get(self, path: str, asked: Mapping[str, str]) -> dict[str, Any]:
        url = f"{self._base_url}/{path}?{urllib.parse.urlencode(asked)}"
        headers = {"X-Goog-Api-Key": self._key, "Accept": "application/json"}
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - https, or this machine
        trouble = ""
        for attempt in range(1, ATTEMPTS + 1):
            wait_s = 2.0 ** (attempt - 1)
            try:
                with self._opener.open(request, timeout=TIMEOUT_S) as response:
                    body = json.loads(response.read(MAX_BYTES))
                if isinstance(body, dict):
                    return body
                trouble = "the answer is no JSON object"
            except urllib.error.HTTPError as error:
                with error:
                    trouble = self._judge(error)
                    wait_s = max(
                        wait_s, min(60.0, retry_after_s({k.lower(): v for k, v in error.headers.items()}) or 0.0)
                    )
            except (OSError, http.client.HTTPException, ValueError) as error:
                trouble = redact(str(getattr(error, "reason", "") or error) or type(error).__name__, self._key)
            if attempt < ATTEMPTS:
                self._pause(wait_s)
        raise RunStoppedError(
            f"the API cannot be reached in {ATTEMPTS} attempts ({trouble}); "
            "what was fetched is kept, and the same command goes on"
        )

    def _judge(self, error: urllib.error.HTTPError) -> str:
        """What went wrong, where another attempt may go better; raises where it will not."""
        try:
            body = json.loads(error.read(MAX_BYTES))
        except (OSError, ValueError, http.client.HTTPException):
            body = {}
        details = body.get("error") if isinstance(body, dict) else None
        details = details if isinstance(details, dict) else {}
        reasons = {str(e.get("reason")) for e in details.get("errors", []) if isinstance(e, dict)}
        words = redact(str(details.get("message", "")), self._key)[:300]
        if 400 <= error.code < 500 and error.code not in (408, 429) and "rateLimitExceeded" not in reasons:
            self._refuse(error.code, reasons, words)
        return f"status {error.code}{': ' + words if words else ''}"

    def _refuse(self, status: int, reasons: set[str], words: str) -> NoReturn:
        """Raises what a refusal means.

        Raises:
            QuotaError: the day's quota is used up.
            PageTokenError: the page is no longer known.
            InputError: key or request are wrong.
        """
        said = f"the API answered {status}: {words or ', '.join(sorted(reasons))}"
        if reasons & QUOTA_REASONS:
            raise QuotaError(f"{said}. It is renewed at midnight Pacific time; the same command then goes on")
        if "invalidPageToken" in reasons:
            raise PageTokenError(said)
        if status in (400, 401, 403):
            raise InputError(f"{said}. Check {KEY_VARIABLE}, and that the YouTube Data API v3 is enabled for it")
        raise InputError(said)
