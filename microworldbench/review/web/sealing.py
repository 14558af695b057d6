"""Sealed text: what a page hands to the browser and must get back unchanged. It is signed, not secret."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any

LONGEST = 2000


class Seal:
    """Signs small JSON objects with a study's key.

    Args:
        key: The secret.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def close(self, content: dict[str, Any]) -> str:
        """`content` as text for a hidden field."""
        body = base64.urlsafe_b64encode(json.dumps(content, separators=(",", ":")).encode()).decode()
        return f"{body}.{self._sign(body)}"

    def open(self, text: str) -> dict[str, Any] | None:
        """What was sealed; None if it was not sealed here."""
        body, _, signature = text.partition(".")
        if len(text) > LONGEST or not text.isascii() or not hmac.compare_digest(signature, self._sign(body)):
            return None
        try:
            content = json.loads(base64.urlsafe_b64decode(body))
        except (ValueError, binascii.Error):
            return None
        return content if isinstance(content, dict) else None

    def _sign(self, body: str) -> str:
        return hmac.new(self._key, body.encode(), hashlib.sha256).hexdigest()
