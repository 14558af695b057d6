"""What can go wrong between a judge and its caller, by name: each fault answers one request in its own way.

A fault is written ``name`` or ``name:value``; the value is a number of seconds, mostly.
"""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

HUGE_BYTES = 100_000_000


def completion(
    model: str, usage: Mapping[str, Any], content: str | list[Any] | None, finish: str = "stop", **message: Any
) -> dict[str, Any]:
    """A chat completion object; `usage` has the input's side."""
    output = len(json.dumps(content)) // 4 + 1
    said = {"role": "assistant", "content": content, "refusal": None, **message}
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "finish_reason": finish, "message": said}],
        "usage": {**usage, "completion_tokens": output, "total_tokens": usage["prompt_tokens"] + output},
    }


def error_body(message: str, code: str | None, kind: str = "invalid_request_error") -> dict[str, Any]:
    """An error as OpenAI words it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


@dataclass(frozen=True)
class Turn:
    """What a fault can work with."""

    handler: Any
    closing: threading.Event
    """Set when the server ends."""
    model: str
    usage: Mapping[str, Any]
    content: str
    """The reply as it should have been."""
    value: str

    def complete(self, content: Any, finish: str = "stop", **message: Any) -> int:
        return self.handler.send(200, completion(self.model, self.usage, content, finish, **message))

    def altered(self, change: Callable[[dict[str, Any]], object]) -> int:
        answers = json.loads(self.content)
        change(answers)
        return self.complete(json.dumps(answers))

    def raw(self, data: bytes) -> None:
        self.handler.wfile.write(data)

    def drop(self) -> None:
        """Resets the connection."""
        connection = self.handler.connection
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        self.handler.close_connection = True

    def wait(self, seconds: float) -> None:
        self.closing.wait(seconds)


def _status(status: int, code: str | None = None, message: str = "scripted fault") -> Callable[[Turn], int]:
    return lambda turn: turn.handler.send(status, error_body(message, code))


def _rate_limited(turn: Turn, headers: Mapping[str, str]) -> int:
    return turn.handler.send(429, error_body("Rate limit reached", "rate_limit_exceeded", "requests"), headers)


def _reset(turn: Turn) -> None:
    turn.drop()


def _reset_midway(turn: Turn) -> None:
    turn.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n" + b'{"id": "chat')
    turn.drop()


def _cut(turn: Turn) -> None:
    turn.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n" + b'{"id": "chat')
    turn.handler.close_connection = True


def _hang(turn: Turn) -> None:
    turn.wait(float(turn.value or 60))
    turn.handler.close_connection = True


def _drip(turn: Turn) -> None:
    data = json.dumps(completion(turn.model, turn.usage, turn.content)).encode()
    turn.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(data))
    _slowly(turn, data)


def _drip_header(turn: Turn) -> None:
    turn.raw(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    _slowly(turn, b"a" * 10_000)


def _slowly(turn: Turn, data: bytes) -> None:
    for byte in data:
        turn.raw(bytes([byte]))
        turn.wait(float(turn.value or 0.1))
        if turn.closing.is_set():
            break
    turn.handler.close_connection = True


def _huge(status: int) -> Callable[[Turn], int | None]:
    def fault(turn: Turn) -> int | None:
        turn.raw(b"HTTP/1.1 %d Scripted\r\nContent-Type: application/json\r\n" % status)
        turn.raw(b"Content-Length: %d\r\n\r\n" % HUGE_BYTES)
        for _ in range(HUGE_BYTES // 1_000_000):
            turn.raw(b" " * 1_000_000)
        return status

    return fault


def _compressed(turn: Turn, data: bytes, coding: str = "gzip") -> int:
    return turn.handler.send(200, data, {"Content-Encoding": coding})


def _gzip(turn: Turn) -> int:
    return _compressed(turn, gzip.compress(json.dumps(completion(turn.model, turn.usage, turn.content)).encode()))


def _bomb() -> bytes:
    deflate = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    spaces = b" " * 1_000_000
    return b"".join(deflate.compress(spaces) for _ in range(HUGE_BYTES // len(spaces))) + deflate.flush()


def _latin1(turn: Turn) -> int:
    body = json.dumps(completion(turn.model, turn.usage, turn.content.replace("scripted", "na?ve")))
    return turn.handler.send(200, body.encode().replace(b"na?ve", b"na\xefve"))


def _redirect(turn: Turn) -> int:
    return turn.handler.send(307, b"", {"Location": "http://user:hunter2@elsewhere.invalid/v1?key=secret"})


def _without_usage(turn: Turn) -> int:
    body = completion(turn.model, turn.usage, turn.content)
    del body["usage"]
    return turn.handler.send(200, body)


def _absurd_usage(turn: Turn) -> int:
    usage = {"prompt_tokens": -5, "completion_tokens": "many", "prompt_tokens_details": [], "cost": "free"}
    return turn.handler.send(200, completion(turn.model, turn.usage, turn.content) | {"usage": usage})


def _echo_key(turn: Turn) -> int:
    key = turn.handler.headers.get("Authorization", "").removeprefix("Bearer ")
    return turn.altered(lambda answers: answers["C1"].update(observation=f"your key is {key}"))


def _twice(turn: Turn) -> int:
    first = json.dumps(json.loads(turn.content)["C1"])
    return turn.complete(f'{{"C1": {first}, ' + turn.content[1:])


FAULTS: dict[str, Callable[[Turn], int | None]] = {
    "400": _status(400, "invalid_request_error"),
    "400-context": _status(400, "context_length_exceeded", "maximum context length is 8192 tokens"),
    "400-image": _status(400, "invalid_request_error", "scripted-text-1 does not support image input"),
    "400-images": _status(400, "invalid_request_error", "At most 4 image(s) may be provided in one prompt"),
    "400-seed": _status(400, "unsupported_parameter", "Unsupported parameter: 'seed'"),
    "400-content": _status(400, "content_filter", "the prompt was filtered"),
    "401": _status(401, "invalid_api_key"),
    "402": _status(402),
    "403": _status(403),
    "404": _status(404, "model_not_found", "The model does not exist"),
    "408": _status(408),
    "409": _status(409),
    "413": _status(413, None, "request entity too large"),
    "422": _status(422),
    "429": lambda turn: _rate_limited(turn, {"Retry-After": turn.value} if turn.value else {}),
    "429-ms": lambda turn: _rate_limited(turn, {"retry-after-ms": turn.value or "20"}),
    "429-date": lambda turn: _rate_limited(
        turn, {"Retry-After": formatdate(time.time() + float(turn.value or 30), usegmt=True)}
    ),
    "quota": _status(429, "insufficient_quota", "You exceeded your current quota"),
    "500": _status(500),
    "503": _status(503),
    "hang": _hang,
    "reset": _reset,
    "reset-midway": _reset_midway,
    "cut": _cut,
    "drip": _drip,
    "drip-header": _drip_header,
    "huge": _huge(200),
    "huge-error": _huge(500),
    "redirect": _redirect,
    "html": lambda turn: turn.handler.send(200, b"<html>Please log in</html>"),
    "list-body": lambda turn: turn.handler.send(200, b"[]"),
    "truncated-body": lambda turn: turn.handler.send(200, b'{"choices": [{"index": 0, "message": {"content": "{'),
    "error-in-200": lambda turn: turn.handler.send(200, {"error": {"code": 429, "message": "slow down"}}),
    "gzip": _gzip,
    "gzip-bomb": lambda turn: _compressed(turn, _bomb()),
    "gzip-broken": lambda turn: _compressed(turn, b"not gzip at all"),
    "brotli": lambda turn: _compressed(turn, b"\x0b\x02\x80", "br"),
    "latin1": _latin1,
    "no-choices": lambda turn: turn.handler.send(200, completion(turn.model, turn.usage, "") | {"choices": []}),
    "no-usage": _without_usage,
    "absurd-usage": _absurd_usage,
    "empty": lambda turn: turn.complete(""),
    "null": lambda turn: turn.complete(None),
    "parts": lambda turn: turn.complete([{"type": "text", "text": turn.content}]),
    "garbage": lambda turn: turn.complete("The video looks convincing to me, all claims are met!"),
    "truncated": lambda turn: turn.complete(turn.content[: len(turn.content) // 2]),
    "length": lambda turn: turn.complete(turn.content[: len(turn.content) // 2], "length"),
    "refusal": lambda turn: turn.complete(None, refusal="I can't help with that."),
    "content-filter": lambda turn: turn.complete("", "content_filter"),
    "extra-key": lambda turn: turn.altered(lambda answers: answers.update(C99=answers["C1"])),
    "missing-key": lambda turn: turn.altered(lambda answers: answers.popitem()),
    "duplicate-key": _twice,
    "unseen-frame": lambda turn: turn.altered(lambda answers: answers["C1"].update(frames=[1, 99])),
    "number-verdict": lambda turn: turn.altered(lambda answers: answers["C1"].update(verdict=1)),
    "nan": lambda turn: turn.complete(turn.content.replace('"met"', "NaN").replace('"not_met"', "NaN")),
    "trailing": lambda turn: turn.complete(turn.content + " I hope this helps."),
    "fence": lambda turn: turn.complete(f"```json\n{turn.content}\n```\n"),
    "deep": lambda turn: turn.complete("[" * 100_000),
    "surrogate": lambda turn: turn.altered(lambda answers: answers["C1"].update(observation="lone \ud83d surrogate")),
    "long": lambda turn: turn.altered(lambda answers: answers["C1"].update(observation="word " * 20_000)),
    "echo-key": _echo_key,
    "short-scores": lambda turn: turn.altered(lambda reply: reply["scores"].pop()),
    "long-scores": lambda turn: turn.altered(lambda reply: reply["scores"].append(1)),
    "text-scores": lambda turn: turn.altered(lambda reply: reply.update(scores=[str(s) for s in reply["scores"]])),
    "one-score": lambda turn: turn.altered(lambda reply: reply.update(scores=1)),
    "half-scores": lambda turn: turn.altered(lambda reply: reply.update(scores=[0.9] * len(reply["scores"]))),
}
"""Every fault there is."""
