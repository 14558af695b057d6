"""A scripted judge on a real socket: ``/v1/chat/completions`` with planted answers and planted faults.

In a test: ``with JudgeServer("coin", faults={3: "429"}) as server: … server.url … server.stats()``.
As a process: ``python tests/servers/judge_server.py --policy coin --latency 0.5 --fault 3=429 --fault-rate hang=0.01``;
its first line of output is ``{"url": …}``, ``GET /stats`` tells what it saw. It listens on loopback only and ends by
itself after ``--idle-s`` seconds without a request. Standard library only.

What it answers is in `judge_policies`, what can go wrong in `judge_faults`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from judge_faults import FAULTS, Turn, completion, error_body
from judge_policies import Asked, Policy, policy_named, read_request, share

BLOCK = 4096
"""Bytes by which repeated prefixes are measured."""
IMAGE_TOKENS = 500


@dataclass
class Seen:
    """One request the server received."""

    index: int
    labels: tuple[str, ...]
    size: int
    repeated: int
    """Bytes at its beginning that an earlier body began with, in whole blocks."""
    digest: str
    has_schema: bool
    parameters: dict[str, Any]
    """The body without its messages."""
    messages: list[Any]
    began: float
    """When its last byte arrived, on this process's monotonic clock."""
    fault: str | None = None
    status: int | None = None
    ended: float | None = None


class JudgeServer:
    """The server, running in a thread between ``with`` and the end of its block.

    Args:
        policy: A name from `judge_policies`, or a function.
        schema: ``accept`` enforces JSON schemas, ``refuse`` answers 400 to them, ``ignore`` takes no notice.
        latency_s: Seconds from a request's last byte to its answer.
        faults: Fault by the request's index, from 0; the probe counts. See `judge_faults`.
        fault_rates: Probability of a fault for every request `faults` does not name, drawn from `seed`.
        key: Answer 401 to any other bearer token.
        keep_messages: Keep every request's messages in `requests`; off in long runs.
        idle_s: End after so many seconds without a request.
        cost_usd: Reported as ``usage.cost``.
        writes: Instead of verdicts, what this function says about a request's body: for servers that draft.
    """

    def __init__(
        self,
        policy: str | Policy = "yes",
        *,
        schema: str = "accept",
        latency_s: float = 0.0,
        faults: Mapping[int, str] | None = None,
        fault_rates: Mapping[str, float] | None = None,
        seed: int = 0,
        key: str | None = None,
        port: int = 0,
        keep_messages: bool = True,
        idle_s: float | None = None,
        cost_usd: float | None = None,
        writes: Callable[[dict[str, Any]], str] | None = None,
    ) -> None:
        self.writes = writes
        self.policy = policy_named(policy) if isinstance(policy, str) else policy
        self.schema, self.latency_s, self.seed, self.key, self.cost_usd = schema, latency_s, seed, key, cost_usd
        self.faults, self.fault_rates = dict(faults or {}), dict(fault_rates or {})
        self.keep_messages, self.idle_s = keep_messages, idle_s
        unknown = [name for name in (*self.faults.values(), *self.fault_rates) if name.partition(":")[0] not in FAULTS]
        if unknown:
            raise ValueError(f"unknown fault {unknown[0]!r}; known: {', '.join(FAULTS)}")
        self.requests: list[Seen] = []
        self.errors: list[str] = []
        self.closing = threading.Event()
        self._guard = threading.Lock()
        self._blocks: set[bytes] = set()
        self._parts: set[bytes] = set()
        self._in_flight = self._most_in_flight = 0
        self._last = time.monotonic()
        self._http = _Http(("127.0.0.1", port), _Handler)
        self._http.judge = self
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Base URL, ``/v1`` included."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> JudgeServer:
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        if self._thread is not None:
            self._thread.join(10)
        if self.errors:
            raise AssertionError("the judge server itself failed: " + self.errors[0])

    def serve(self) -> None:
        """Serves until killed, or idle for `idle_s`."""
        if self.idle_s is not None:
            threading.Thread(target=self._watch, daemon=True).start()
        self._http.serve_forever(0.1)
        self._http.server_close()

    def stats(self) -> dict[str, Any]:
        """What the server saw, as ``GET /stats`` tells it."""
        with self._guard:
            seen = list(self.requests)
            most = self._most_in_flight
        judged = [r for r in seen if r.labels]
        answered = Counter(r.digest for r in judged if r.status == 200 and r.fault is None)
        sent, repeated = sum(r.size for r in judged), sum(r.repeated for r in judged)
        ends = [r.ended for r in judged if r.ended is not None]
        start = min((r.began for r in judged), default=0.0)
        return {
            "requests": len(seen),
            "judged": len(judged),
            "answered": sum(answered.values()),
            "answered_twice": sum(n - 1 for n in answered.values()),
            "by_status": dict(Counter(str(r.status) for r in seen)),
            "by_fault": dict(Counter(r.fault for r in seen if r.fault)),
            "most_in_flight": most,
            "bytes": sent,
            "repeated_prefix_bytes": repeated,
            "repeated_prefix_share": repeated / sent if sent else 0.0,
            "first_to_last_s": max(ends) - start if ends else None,
            "spans_s": [(round(r.began - start, 4), round(r.ended - start, 4)) for r in judged if r.ended is not None],
        }

    def begin(self, body: bytes, request: dict[str, Any], arrived: float) -> tuple[Seen, Asked]:
        """Records a request and decides its fault."""
        asked = read_request(body, request)
        with self._guard:
            index = len(self.requests)
            seen = Seen(
                index=index,
                labels=tuple(asked.statements),
                size=len(body),
                repeated=self._repeated(body),
                digest=hashlib.sha256(body).hexdigest(),
                has_schema=request.get("response_format") is not None,
                parameters={k: v for k, v in request.items() if k != "messages"},
                messages=request.get("messages", []) if self.keep_messages else [],
                fault=self.faults.get(index),
                began=arrived,
            )
            self.requests.append(seen)
            self._in_flight += 1
            self._most_in_flight = max(self._most_in_flight, self._in_flight)
            self._last = time.monotonic()
        if seen.fault is None:
            draw = share(f"{self.seed}|{index}")
            for name, rate in self.fault_rates.items():
                if draw < rate:
                    seen.fault = name
                    break
                draw -= rate
        return seen, asked

    def end(self, seen: Seen, status: int | None) -> None:
        """Records that a request is done with."""
        with self._guard:
            seen.status, seen.ended = status, time.monotonic()
            self._in_flight -= 1
            self._last = time.monotonic()

    def usage(self, request: dict[str, Any]) -> dict[str, Any]:
        """Input tokens: four bytes of text or schema each, `IMAGE_TOKENS` an image; cached are whole leading parts."""
        total = cached = 0
        digest, is_prefix = hashlib.sha256(), True
        with self._guard:
            for part, tokens in _parts(request):
                digest.update(part)
                state = digest.digest()
                total += tokens
                is_prefix = is_prefix and state in self._parts
                cached += tokens if is_prefix else 0
                self._parts.add(state)
        usage = {"prompt_tokens": total, "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0}}
        return usage if self.cost_usd is None else usage | {"cost": self.cost_usd}

    def _repeated(self, body: bytes) -> int:
        digest, repeated, is_prefix = hashlib.blake2b(digest_size=16), 0, True
        for start in range(0, len(body), BLOCK):
            block = body[start : start + BLOCK]
            digest.update(block)
            state = digest.copy().digest()
            is_prefix = is_prefix and state in self._blocks
            repeated += len(block) if is_prefix else 0
            self._blocks.add(state)
        return repeated

    def _watch(self) -> None:
        while self.idle_s is not None and (self._in_flight or time.monotonic() - self._last < self.idle_s):
            time.sleep(0.2)
        self.closing.set()
        self._http.shutdown()


def _parts(request: dict[str, Any]) -> list[tuple[bytes, int]]:
    found = []
    if form := request.get("response_format"):  # servers put the schema before the messages
        data = json.dumps(form).encode()
        found.append((data, len(data) // 4 + 1))
    for message in request.get("messages", []):
        content = message.get("content")
        for part in [content] if isinstance(content, str) else content:
            data = json.dumps(part).encode()
            is_image = isinstance(part, dict) and part.get("type") == "image_url"
            found.append((data, IMAGE_TOKENS if is_image else len(data) // 4 + 1))
    return found


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    judge: JudgeServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):  # the client went away
            self.judge.errors.append(repr(error))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Http

    def do_GET(self) -> None:
        judge = self.server.judge
        if self.path == "/stats":
            self.send(200, judge.stats())
        else:
            self.send(404, error_body("no such page", "not_found"))

    def do_POST(self) -> None:
        judge = self.server.judge
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:  # the client was killed while it sent
            self.close_connection = True
            return
        if self.path != "/v1/chat/completions":
            self.send(404, error_body(f"unknown path {self.path}", "not_found"))
            return
        arrived = time.monotonic()
        request = json.loads(body)
        seen, asked = judge.begin(body, request, arrived)
        status: int | None = None
        try:
            status = self.respond(judge, seen, asked, request)
        finally:
            judge.end(seen, status)

    def respond(self, judge: JudgeServer, seen: Seen, asked: Asked, request: dict[str, Any]) -> int | None:
        """Answers one request; the status sent, None where no whole answer was."""
        problem = _problem(request, judge, self.headers.get("Authorization", ""))
        if problem is not None:
            return self.send(*problem)
        name, _, value = (seen.fault or "").partition(":")
        content = judge.writes(request) if judge.writes else _content(judge, seen, asked, request)
        usage = judge.usage(request)
        if judge.latency_s:  # what the server itself computes is part of it
            judge.closing.wait(max(0.0, judge.latency_s - (time.monotonic() - seen.began)))
        if name:
            return FAULTS[name](Turn(self, judge.closing, request["model"], usage, content, value))
        return self.send(200, completion(request["model"], usage, content))

    def send(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> int:
        """Sends a whole response."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        for header, value in (headers or {}).items():
            self.send_header(header, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        return status

    def log_message(self, *_: object) -> None:
        return


def _problem(request: dict[str, Any], judge: JudgeServer, authorization: str) -> tuple[int, dict[str, Any]] | None:
    """What a real server would object to."""
    if judge.key is not None and authorization != f"Bearer {judge.key}":
        given = authorization.removeprefix("Bearer ")
        return 401, error_body(f"Incorrect API key provided: {given}.", "invalid_api_key")
    if not request.get("model") or not request.get("messages"):
        return 400, error_body("model and messages are required", "missing_required_parameter")
    form = request.get("response_format")
    if form is not None and judge.schema == "refuse":
        return 400, error_body("response_format of type json_schema is not supported", "unsupported_parameter")
    if form is not None and not _is_strict(form["json_schema"]["schema"]):
        return 400, error_body("in strict schemas all properties are required and no others allowed", "invalid_schema")
    for message in request["messages"]:
        for part in message["content"] if isinstance(message["content"], list) else []:
            if part["type"] == "video_url" and not part["video_url"]["url"].startswith("data:video/"):
                return 400, error_body("video_url must be a video data URL", "invalid_video")
            if part["type"] == "image_url" and not part["image_url"]["url"].startswith("data:image/jpeg;base64,/9j/"):
                return 400, error_body("image_url must be a JPEG data URL", "invalid_image")
    return None


def _is_strict(schema: Any) -> bool:
    if schema.get("type") == "array":
        return _is_strict(schema["items"])
    if schema.get("type") != "object":
        return True
    named = schema["properties"]
    return (
        schema.get("additionalProperties") is False
        and schema.get("required") == list(named)
        and all(_is_strict(inner) for inner in named.values())
    )


def _content(judge: JudgeServer, seen: Seen, asked: Asked, request: dict[str, Any]) -> str:
    labels = seen.labels
    if seen.has_schema and judge.schema == "accept":
        labels = tuple(request["response_format"]["json_schema"]["schema"]["properties"])
    elif not labels:
        return "I am ready."
    verdicts = judge.policy(asked)
    if asked.wants_scores:
        scores = [int(verdicts[label] == "met") for label in labels]
        return json.dumps({"scores": scores, "reasoning": "scripted, about all of them"})
    cited = [1, asked.frames] if asked.frames > 1 else [1] * asked.frames
    answers = {
        label: {
            "observation": f"scripted, about {asked.statements.get(label, 'nothing')[:40]}",
            "frames": cited,
            "verdict": verdicts.get(label, "cannot_tell"),
        }
        for label in labels
    }
    return json.dumps(answers)


def main() -> None:
    """Runs the server as a process."""
    parser = argparse.ArgumentParser(description="A scripted judge on a loopback socket.")
    parser.add_argument("--port", type=int, default=0, help="0 lets the system choose")
    parser.add_argument("--policy", default="coin")
    parser.add_argument("--schema", choices=["accept", "refuse", "ignore"], default="accept")
    parser.add_argument("--latency", type=float, default=0.0, metavar="S")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--key")
    parser.add_argument("--cost-usd", type=float)
    parser.add_argument("--idle-s", type=float, default=120.0)
    parser.add_argument("--fault", action="append", default=[], metavar="INDEX=NAME")
    parser.add_argument("--fault-rate", action="append", default=[], metavar="NAME=P")
    options = parser.parse_args()
    server = JudgeServer(
        options.policy,
        schema=options.schema,
        latency_s=options.latency,
        faults={int(i): name for i, _, name in (f.partition("=") for f in options.fault)},
        fault_rates={name: float(p) for name, _, p in (f.rpartition("=") for f in options.fault_rate)},
        seed=options.seed,
        key=options.key,
        port=options.port,
        keep_messages=False,
        idle_s=options.idle_s,
        cost_usd=options.cost_usd,
    )
    print(json.dumps({"url": server.url}), flush=True)
    server.serve()


if __name__ == "__main__":
    main()
