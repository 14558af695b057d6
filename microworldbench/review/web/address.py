"""The address under which experts come."""

from __future__ import annotations

from urllib.parse import urlsplit

from ...errors import InputError


def checked_url(url: str) -> str:
    """`url` without a trailing slash.

    Raises:
        InputError: it is no web address, or has a path.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise InputError(f"--url must be an address without a path, such as https://review.example.org, got {url!r}")
    return f"{parts.scheme}://{parts.netloc}"
