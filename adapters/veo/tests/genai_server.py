"""Vertex AI's long-running operations on a real socket. Standard library only."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class GenaiServer:
    """The service, between ``with`` and the end of its block.

    Args:
        make: The video for a prompt.
        polls: Looks at an operation before it is done.
        begins: What becomes of the first, second, … begin: ``ok`` or an HTTP status.
        ends: How operations end whose prompt holds the key: ``filtered``, ``declined``, ``broken``, ``empty``,
            ``gone``.
        downloads: What becomes of the first, second, … finished video: ``ok``, ``short``.
        key: Answer 400 to any other key, as Google does.
    """

    def __init__(
        self,
        make: Callable[[str], bytes],
        *,
        polls: int = 1,
        begins: Sequence[str] = (),
        ends: Mapping[str, str] | None = None,
        downloads: Sequence[str] = (),
        key: str = "right",
    ) -> None:
        self.make, self.polls, self.ends, self.key = make, polls, dict(ends or {}), key
        self.begins, self.downloads = list(begins), list(downloads)
        self.bodies: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.looks: dict[int, int] = {}
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.daemon_threads = True
        self._http.service = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> GenaiServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(10)

    def prompt(self, number: int) -> str:
        return str(self.bodies[number]["instances"][0]["prompt"])

    def operation(self, name: str, number: int) -> dict[str, Any] | None:
        self.looks[number] = self.looks.get(number, 0) + 1
        if self.looks[number] <= self.polls:
            return {"name": name}
        end = next((end for words, end in self.ends.items() if words in self.prompt(number)), "ok")
        if end == "gone":
            return None
        if end in ("declined", "broken"):
            message = "violates our usage policies" if end == "declined" else "Internal error."
            return {"name": name, "done": True, "error": {"code": 3 if end == "declined" else 13, "message": message}}
        reasons = {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": ["Your prompt was blocked: 29310472."]}
        data = self.make(self.prompt(number))
        if self.downloads and self.downloads.pop(0) == "short":
            data = data[: len(data) // 2]
        videos = {"videos": [{"bytesBase64Encoded": base64.b64encode(data).decode(), "mimeType": "video/mp4"}]}
        response: dict[str, Any] = {"ok": videos, "filtered": reasons, "empty": {}}[end]
        return {"name": name, "done": True, "response": response}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        service: GenaiServer = self.server.service  # type: ignore[attr-defined]
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        service.paths.append(self.path)
        if self.headers.get("x-goog-api-key") != service.key:
            self.refuse(400, "API key not valid. Please pass a valid API key.")
        elif ":fetchPredictOperation" in self.path:
            self.operation(body["operationName"])
        elif ":predictLongRunning" in self.path:
            what = service.begins.pop(0) if service.begins else "ok"
            if what != "ok":
                self.refuse(int(what), f"models/veo scripted {what}")
                return
            service.bodies.append(body)
            prefix = re.sub(r"^/v1(beta)?1?/", "", self.path).partition(":")[0]
            self.answer(200, {"name": f"{prefix}/operations/op{len(service.bodies) - 1}"})
        else:
            self.refuse(404, f"no such method {self.path}")

    def operation(self, name: str) -> None:
        service: GenaiServer = self.server.service  # type: ignore[attr-defined]
        found = service.operation(name, int(name.rpartition("op")[2]))
        if found is None:
            self.refuse(404, f"Operation {name} not found")
        else:
            self.answer(200, found)

    def refuse(self, status: int, message: str) -> None:
        self.answer(status, {"error": {"code": status, "message": message, "status": "SCRIPTED"}})

    def answer(self, status: int, body: Any) -> None:
        self.send(status, json.dumps(body).encode(), "application/json")

    def send(self, status: int, data: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        return
