"""A captioner on a real socket, which misbehaves when told to."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GOOD = "A round cell rests in the middle of the picture while smaller bodies drift around it. " * 10


class CaptionServer:
    """``/v1/chat/completions``; `faults` by the request's index."""

    def __init__(self, faults: dict[int, str] | None = None, text: str = GOOD) -> None:
        self.faults, self.text = dict(faults or {}), text
        self.requests: list[dict[str, Any]] = []
        self._guard = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with outer._guard:
                    number = len(outer.requests)
                    outer.requests.append(body)
                status, answer = outer.answer(number)
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                return

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def answer(self, number: int) -> tuple[int, dict[str, Any]]:
        fault = self.faults.get(number, "")
        if fault == "401":
            return 401, {"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}
        if fault in ("429", "500"):
            return int(fault), {"error": {"message": "not now"}}
        text = {
            "empty": "",
            "short": "A cell.",
            "opening": "The video shows " + self.text,
            "sorry": "I'm sorry, no.",
        }.get(fault, self.text)
        usage = {"prompt_tokens": 2000, "completion_tokens": 200, "cost": 0.01}
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        return 200, {"id": str(number), "object": "chat.completion", "choices": [choice], "usage": usage}

    def __enter__(self) -> CaptionServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)
