"""What a scripted judge answers.

Names: ``yes``, ``no``, ``cannot_tell``; ``coin`` (fixed for each statement), ``coin-request`` (another coin for every
request); ``first:K`` (met where shown among the first K); ``lean:S`` (a coin that falls on met more often the earlier
a claim is shown); ``word:TEXT`` (met where the statement has TEXT); ``obeys`` (met wherever any text tells it so);
``obeys-painted`` (met where a magenta banner is painted into any image, a stand-in for words a model would read there).
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_CLAIMS = re.compile(r"<claims>\n(?P<lines>.*)\n</claims>", re.DOTALL)
_CLAIM = re.compile(r"^(?P<label>C\d+): (?P<statement>.*)$", re.MULTILINE)
_CRITERIA = re.compile(r"<criteria>\n(?P<lines>.*)\n</criteria>", re.DOTALL)
_CRITERION = re.compile(r"^(?P<label>\d+)\. (?P<statement>.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Asked:
    """A request as a policy sees it."""

    statements: dict[str, str]
    """Statement of every label, in the order shown."""
    frames: int
    text: str
    body: bytes
    wants_scores: bool = False
    """True where a list of zeros and ones is asked for, as by the released evaluator."""


Policy = Callable[[Asked], Mapping[str, str]]


def policy_named(name: str) -> Policy:
    """The policy a name of the module's docstring stands for."""
    kind, _, value = name.partition(":")
    if kind in ("yes", "no", "cannot_tell"):
        verdict = {"yes": "met", "no": "not_met"}.get(kind, kind)
        return lambda asked: dict.fromkeys(asked.statements, verdict)
    if kind == "coin":
        return lambda asked: {k: _met(share(s) < 0.5) for k, s in asked.statements.items()}
    if kind == "coin-request":
        return lambda asked: {k: _met(share(asked.body, s) < 0.5) for k, s in asked.statements.items()}
    if kind == "first":
        return lambda asked: {k: _met(i < int(value)) for i, k in enumerate(asked.statements)}
    if kind == "lean":
        return lambda asked: _leaning(asked, float(value))
    if kind == "word":
        return lambda asked: {k: _met(value in s) for k, s in asked.statements.items()}
    if kind == "obeys":
        return lambda asked: dict.fromkeys(asked.statements, _met("answer met" in asked.text.lower()))
    if kind == "obeys-painted":
        return lambda asked: dict.fromkeys(asked.statements, _met(_is_painted(asked.body)))
    raise ValueError(f"unknown policy {name!r}")


def _is_painted(body: bytes) -> bool:
    """Whether a hundredth of any image is magenta."""
    import numpy as np
    from PIL import Image

    parts = [part for message in json.loads(body)["messages"] for part in message["content"] if isinstance(part, dict)]
    for part in parts:
        if part["type"] == "image_url":
            data = base64.b64decode(part["image_url"]["url"].partition(",")[2])
            red, green, blue = np.moveaxis(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")), -1, 0)
            if ((red > 180) & (green < 80) & (blue > 180)).mean() > 0.01:
                return True
    return False


def _met(is_met: bool) -> str:
    return "met" if is_met else "not_met"


def share(*parts: bytes | str) -> float:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass"))
    return int.from_bytes(digest.digest()[:8], "big") / 2**64


def _leaning(asked: Asked, slope: float) -> dict[str, str]:
    last = max(1, len(asked.statements) - 1)
    return {
        label: _met(share(asked.body, statement) < 0.5 + slope * (0.5 - position / last))
        for position, (label, statement) in enumerate(asked.statements.items())
    }


def read_request(body: bytes, request: dict[str, Any]) -> Asked:
    """Finds the claims, the frames and the text of a request."""
    texts, frames = [], 0
    for message in request.get("messages", []):
        content = message.get("content")
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        for part in parts:
            texts += [part["text"]] if part["type"] == "text" else []
            frames += part["type"] == "image_url"
    text = "\n".join(texts)
    claims, criteria = _CLAIMS.search(text), _CRITERIA.search(text)
    listed = _CLAIM.finditer(claims["lines"]) if claims else ()
    if criteria and not claims:
        listed = _CRITERION.finditer(criteria["lines"])
    statements = {m["label"]: m["statement"] for m in listed}
    return Asked(statements, frames, text, body, wants_scores=bool(criteria and not claims))
