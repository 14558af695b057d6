"""What stands before every page: who may ask (host, origin), how much and how often, and what browsers are told."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 4_000_000
MAX_FORM_FIELDS = 2000
COOKIE = "mwb-review"
"""Holds the secret of a session."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "x-robots-tag": "noindex, nofollow",
}


class Guard:
    """Middleware around the whole workbench.

    Args:
        app: What it guards.
        public: Host and port under which a proxy serves the workbench; None without one. Asking under any other name
            than this and those of the loopback is refused: a page elsewhere could make its own name point here.
        whose: Who a session belongs to; None if it is not one.
        limiter: Says how long a caller must wait.
    """

    def __init__(
        self, app: ASGIApp, *, public: str | None, whose: Callable[[str], str | None], limiter: Limiter
    ) -> None:
        self._app, self._public, self._whose, self._limiter = app, public, whose, limiter
        self._hosts = LOOPBACK | ({_without_port(public)} if public else frozenset())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                added = {**HEADERS, "cache-control": "no-store"}
                message["headers"] = [
                    *message["headers"],
                    *((k.encode(), v.encode()) for k, v in added.items() if k.encode() not in own),
                ]
            await send(message)

        refusal = self._refusal(scope)
        await (self._app if refusal is None else refusal)(scope, receive, told)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "")
        if _without_port(host) not in self._hosts:
            return PlainTextResponse("This address is not served here.", 421)
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return PlainTextResponse("Only GET and POST are understood.", 405, {"allow": "GET, HEAD, POST"})
        if scope["method"] == "POST" and not _same_origin(headers, {host, self._public}):
            return PlainTextResponse("This form was sent from another site.", 403)
        wait_s = self._limiter.wait_s(self._caller(scope))
        if wait_s:
            return PlainTextResponse("Too many requests; try again shortly.", 429, {"retry-after": str(wait_s)})
        return None

    def _caller(self, scope: Scope) -> str:
        """Experts are told apart, so that those behind one address do not slow each other down; strangers are not."""
        session = HTTPConnection(scope).cookies.get(COOKIE)
        expert = self._whose(session) if session else None
        client = scope.get("client")
        return expert or f"from {client[0] if client else 'somewhere'}"


class Limiter:
    """A bucket of tokens for each caller: so many at once, then so many a second.

    Args:
        rate: Requests a second.
        burst: Requests at once.
        clock: Gives seconds that never go back.
    """

    MOST_CALLERS = 10_000

    def __init__(self, rate: float = 20.0, burst: int = 200, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, caller: str) -> int:
        """Whole seconds to wait; 0 where the request may pass."""
        now = self._clock()
        tokens, before = self._buckets.pop(caller, (float(self._burst), now))
        tokens = min(self._burst, tokens + (now - before) * self._rate)
        passes = tokens >= 1
        self._buckets[caller] = (tokens - 1 if passes else tokens, now)
        if len(self._buckets) > self.MOST_CALLERS:
            self._buckets.popitem(last=False)
        return 0 if passes else max(1, round((1 - tokens) / self._rate))


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a posted form; of a field given twice the last counts.

    Raises:
        HTTPException: it is too large, or not a form.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(415, "A form is expected here.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise HTTPException(413, f"More than {MAX_BODY_BYTES // 1_000_000} MB are not taken at once.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=MAX_FORM_FIELDS,
            encoding="utf-8",
            errors="replace",
        )
    except ValueError:
        raise HTTPException(400, "This form cannot be read.") from None
    return dict(pairs)


def _same_origin(headers: dict[str, str], hosts: Collection[str | None]) -> bool:
    """What browsers say of where a form was sent from; the sealed field of the form is the second lock."""
    site = headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc in hosts


def _without_port(host: str) -> str:
    name, _, port = host.rpartition(":")
    return (name if name and port.isdigit() else host).lower()
