"""A scripted video service on a real socket: ``/v1/videos`` (create, look, content) and ``/v1/videos/sync``.

In a test: ``with VideosServer(make, creates=["429", "ok"], ends={"forbidden": "moderated"}) as server: … server.url``.
It listens on loopback only. Standard library only; `make` encodes the videos.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ERRORS = {
    "moderated": {"code": "moderation_blocked", "message": "Your request was blocked by our moderation system."},
    "broken": {"code": "server_error", "message": "An internal error occurred."},
}


class VideosServer:
    """The service, running in a thread between ``with`` and the end of its block.

    Args:
        make: Encodes the video for a form.
        polls: Looks at a job before it is done.
        creates: What becomes of the first, second, … create: ``ok``, an HTTP status (``429``, ``429:2`` with
            Retry-After), ``moderated`` (400), ``quota`` (429), ``drop`` (connection closed), ``nameless``, ``text``.
        ends: How jobs end whose prompt holds the key: ``moderated``, ``broken``, ``expired``, ``forgotten`` (404).
        contents: What becomes of the first, second, … download: ``ok``, ``cut`` (the connection breaks),
            ``short`` (half the file under a right length), ``gone`` (404), an HTTP status.
        looks: What becomes of the first, second, … look: ``ok`` or an HTTP status.
        key: Answer 401 to any other bearer token.
        runs: Set by the test to let jobs finish; None: they finish by themselves.
    """

    def __init__(
        self,
        make: Callable[[Mapping[str, str]], bytes],
        *,
        polls: int = 1,
        creates: Sequence[str] = (),
        ends: Mapping[str, str] | None = None,
        contents: Sequence[str] = (),
        looks: Sequence[str] = (),
        key: str | None = None,
        runs: threading.Event | None = None,
    ) -> None:
        self.make, self.polls, self.key, self.runs = make, polls, key, runs
        self.creates, self.contents, self.looks = list(creates), list(contents), list(looks)
        self.ends = dict(ends or {})
        self.forms: list[dict[str, str]] = []
        self.jobs: dict[str, dict[str, Any]] = {}
        self.seen: list[str] = []
        self.errors: list[str] = []
        self.guard = threading.Lock()
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.service = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> VideosServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(10)
        if self.errors:
            raise AssertionError("the videos server itself failed: " + self.errors[0])

    def next(self, script: list[str]) -> str:
        with self.guard:
            return script.pop(0) if script else "ok"

    def accept(self, form: dict[str, str]) -> dict[str, Any]:
        with self.guard:
            job = {"id": f"video_{len(self.jobs)}/ü", "form": form, "looks": 0}
            self.jobs[job["id"]] = job
        return self.describe(job, "queued")

    def describe(self, job: Mapping[str, Any], status: str, error: Any = None) -> dict[str, Any]:
        form = job["form"]
        return {
            "id": job["id"],
            "object": "video",
            "created_at": 1_760_000_000,
            "status": status,
            "progress": 100 if status == "completed" else 0,
            "model": form.get("model", "the-only-one"),
            "seconds": form.get("seconds", "4"),
            "size": form.get("size", "64x48"),
            "error": error,
        }

    def look(self, job: dict[str, Any]) -> dict[str, Any] | None:
        job["looks"] += 1
        if job["looks"] <= self.polls or (self.runs is not None and not self.runs.is_set()):
            return self.describe(job, "in_progress")
        end = next((end for words, end in self.ends.items() if words in job["form"]["prompt"]), "completed")
        if end.startswith("once "):
            self.ends = {words: kept for words, kept in self.ends.items() if kept != end}
            end = end.removeprefix("once ")
        if end == "forgotten":
            return None
        if end in ERRORS:
            return self.describe(job, "failed", ERRORS[end])
        return self.describe(job, end)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    service: VideosServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        import sys

        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            self.service.errors.append(repr(error))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def do_POST(self) -> None:
        service = self.server.service
        form = self.form()
        service.seen.append(f"POST {self.path}")
        if not self.is_authorised():
            return
        what = service.next(service.creates)
        if what == "drop":
            self.close_connection = True
            self.connection.close()
            return
        if what == "moderated":
            self.answer(400, {"error": ERRORS["moderated"]})
        elif what == "quota":
            self.answer(429, {"error": {"code": "insufficient_quota", "message": "You exceeded your quota."}})
        elif what == "text":
            self.send(200, b"<html>hello</html>", "text/html")
        elif what[:1].isdigit():
            self.refuse(what)
        elif self.path == "/v1/videos/sync":
            service.forms.append(form)
            self.send(200, service.make(form), "video/mp4")
        elif self.path == "/v1/videos":
            service.forms.append(form)
            answer = service.accept(form)
            self.answer(200, {**answer, "id": ""} if what == "nameless" else answer)
        else:
            self.answer(404, {"error": {"message": f"no such page {self.path}"}})

    def do_GET(self) -> None:
        from urllib.parse import unquote

        service = self.server.service
        service.seen.append(f"GET {self.path}")
        if not self.is_authorised():
            return
        match = re.fullmatch(r"/v1/videos/([^/]+)(/content)?", self.path)
        job = service.jobs.get(unquote(match[1])) if match else None
        if job is None or match is None:
            self.answer(404, {"error": {"message": "no such video"}})
        elif match[2]:
            self.content(service, job)
        else:
            what = service.next(service.looks)
            answer = service.look(job) if what == "ok" else None
            if what != "ok":
                self.refuse(what)
            elif answer is None:
                self.answer(404, {"error": {"message": "no such video"}})
            else:
                self.answer(200, answer, {"openai-poll-after-ms": "10"})

    def content(self, service: VideosServer, job: dict[str, Any]) -> None:
        what, data = service.next(service.contents), service.make(job["form"])
        if what == "gone":
            self.answer(404, {"error": {"message": "the video has expired"}})
        elif what == "cut":
            self.send(200, data, "video/mp4", sent=len(data) // 2)
            self.close_connection = True
        elif what == "short":
            self.send(200, data[: len(data) // 2], "video/mp4")
        elif what == "ok":
            self.send(200, data, "video/mp4")
        else:
            self.refuse(what)

    def form(self) -> dict[str, str]:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = self.headers["Content-Type"]
        if not kind.startswith("multipart/form-data"):
            raise ValueError(f"the form of /v1/videos is multipart, got {kind}")
        parsed = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
        return {
            str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True).decode("utf-8")
            for part in parsed.iter_parts()
        }

    def is_authorised(self) -> bool:
        key = self.server.service.key
        if key is None or self.headers.get("Authorization") == f"Bearer {key}":
            return True
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.answer(401, {"error": {"code": "invalid_api_key", "message": f"Incorrect API key provided: {given}."}})
        return False

    def refuse(self, what: str) -> None:
        status, _, wait = what.partition(":")
        headers = {"Retry-After": wait} if wait else {}
        self.answer(int(status), {"error": {"message": f"scripted {status}"}}, headers)

    def answer(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        self.send(status, json.dumps(body).encode(), "application/json", headers=headers)

    def send(
        self, status: int, data: bytes, kind: str, *, sent: int | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data[:sent])

    def log_message(self, *_: object) -> None:
        return
