"""One chat call on the wire: the openai client, a wall-clock limit, a cap on the reply, and errors told apart."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
import zlib
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from ..errors import InputError, TransientJudgeError, UnreadableReplyError
from .failures import from_status, redact

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

MAX_REPLY_BYTES = 4_000_000
"""A longer response is cut off unread, compressed or not; an honest one has a few thousand bytes."""

DEFAULT_ADDRESS = "https://api.openai.com/v1"


@dataclass(frozen=True)
class Endpoint:
    """Where calls go and the key that opens it. Never stored, never shown with its key or credentials."""

    base_url: str
    key: str

    @classmethod
    def resolve(cls, base_url: str | None) -> Endpoint:
        """`base_url`, else ``OPENAI_BASE_URL``, else OpenAI; the key from ``OPENAI_API_KEY``.

        A server on this machine or a private network gets a placeholder where no key is set.

        Raises:
            InputError: the address is not an http(s) URL, or the key is missing or malformed.
        """
        url = (base_url or os.environ.get("OPENAI_BASE_URL") or DEFAULT_ADDRESS).strip()
        try:
            parts = urlsplit(url)
            is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_usable = False
        if not is_usable:
            raise InputError(
                f"the judge's address must be an http(s) URL, got {redact(url)!r}; "
                "set OPENAI_BASE_URL to e.g. http://localhost:8000/v1"
            )
        key = os.environ.get("OPENAI_API_KEY", "").strip()
        if not key and not _is_nearby(parts.hostname or ""):
            raise InputError(
                "the openai judge needs a key: set OPENAI_API_KEY, or OPENAI_BASE_URL to a server of your own"
            )
        if not key.isascii() or any(c.isspace() or not c.isprintable() for c in key):
            raise InputError("OPENAI_API_KEY holds spaces or characters that no header can carry; set it again")
        return cls(url, key or "none")

    @property
    def address(self) -> str:
        """Scheme, host and port, as messages show it."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")


class ChatWire:
    """Sends chat calls.

    Clients are made late, one for each event loop, and without retries of their own: the engine counts retries.

    Args:
        base_url: None for ``OPENAI_BASE_URL`` or OpenAI.
        timeout_s: Wall clock of one call, from connecting to the last byte.
    """

    def __init__(self, base_url: str | None, timeout_s: float) -> None:
        self._base_url, self._timeout_s = base_url, timeout_s
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncOpenAI] = WeakKeyDictionary()

    def endpoint(self) -> Endpoint:
        """Where calls go. Raises like `Endpoint.resolve`."""
        return Endpoint.resolve(self._base_url)

    async def post(self, request: dict[str, Any]) -> dict[str, Any]:
        """Sends one request and returns the decoded response.

        Raises:
            JudgeError: one of its kinds, as `errors` describes them. Messages hold no key.
            InputError: there is no usable address or key.
        """
        import openai

        endpoint = self.endpoint()
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._client(endpoint).chat.completions.with_raw_response.create(**request)
        except (TimeoutError, openai.APITimeoutError):
            raise TransientJudgeError(
                f"no complete answer from {endpoint.address} within {self._timeout_s:g} s", answered=False
            ) from None
        except openai.APIConnectionError as error:
            raise _lost(error, endpoint) from None
        except openai.APIStatusError as error:
            raise from_status(
                error.status_code,
                _decoded(error.response.content) or error.body,
                error.response.headers,
                model=str(request["model"]),
                address=endpoint.address,
                key=endpoint.key,
            ) from None
        content = response.http_response.content
        body = _decoded(content)
        if not isinstance(body, dict):
            start = redact(content[:200].decode("utf-8", "replace"), endpoint.key)
            raise UnreadableReplyError(
                f"the server at {endpoint.address} answered with {len(content):,} bytes that are not a JSON object, "
                f"beginning {start[:80]!r}"
            )
        if isinstance(body.get("error"), dict):  # some gateways report failures under status 200
            code = body["error"].get("code")
            status = code if isinstance(code, int) and 400 <= code < 600 else 502
            raise from_status(
                status, body, response.headers, model=str(request["model"]), address=endpoint.address, key=endpoint.key
            )
        return body

    async def aclose(self) -> None:
        """Closes the connections of the running event loop."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.close()

    def _client(self, endpoint: Endpoint) -> AsyncOpenAI:
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            self._clients[loop] = _new_client(endpoint, self._timeout_s)
        return self._clients[loop]


def _new_client(endpoint: Endpoint, timeout_s: float) -> AsyncOpenAI:
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient

    return AsyncOpenAI(
        api_key=endpoint.key,
        base_url=endpoint.base_url,
        max_retries=0,
        timeout=timeout_s,
        # Compression saves nothing on so short an answer and would let a small response grow without bound.
        default_headers={"Accept-Encoding": "identity"},
        # A redirect would carry the frames to a host the user did not name.
        http_client=DefaultAsyncHttpxClient(follow_redirects=False, event_hooks={"response": [_cap]}),
    )


async def _cap(response: httpx2.Response) -> None:
    """Makes reading `response` stop at `MAX_REPLY_BYTES`, measured after decompression."""
    import httpx2

    coding = response.headers.pop("content-encoding", "identity").strip().lower()
    if coding not in ("identity", "gzip", "x-gzip", "deflate"):
        raise UnreadableReplyError(f"the server sent the reply with content-encoding {coding[:40]!r}, unasked")
    inner = response.stream
    assert isinstance(inner, httpx2.AsyncByteStream)  # what an async client gets
    stream: httpx2.AsyncByteStream = inner

    class Capped(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            async for chunk in _bounded(stream, is_compressed=coding != "identity", is_error=response.is_error):
                yield chunk

        async def aclose(self) -> None:
            await stream.aclose()

    response.stream = Capped()


async def _bounded(stream: AsyncIterable[bytes], *, is_compressed: bool, is_error: bool) -> AsyncIterator[bytes]:
    """The decompressed chunks of `stream`. Too long a refusal just ends: its status says what matters."""
    inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32) if is_compressed else None
    room = MAX_REPLY_BYTES
    async for chunk in stream:
        try:
            data = inflate.decompress(chunk, room + 1) if inflate else chunk
        except zlib.error as error:
            raise UnreadableReplyError(f"the reply cannot be decompressed: {error}") from None
        if len(data) > room and is_error:
            return
        if len(data) > room:
            raise UnreadableReplyError(f"the server's answer is longer than {MAX_REPLY_BYTES:,} bytes; it was cut off")
        room -= len(data)
        yield data


def _lost(error: Exception, endpoint: Endpoint) -> TransientJudgeError:
    import httpx2

    cause = error.__cause__ or error
    reason = redact(str(cause), endpoint.key) or type(cause).__name__
    # Where no connection came about nothing was sent, so nothing can have been billed.
    was_sent = not isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout)
    step = "" if was_sent else "; is the server running, and OPENAI_BASE_URL right?"
    return TransientJudgeError(
        f"{'lost the connection' if was_sent else 'cannot connect'} to {endpoint.address}: {reason}{step}",
        answered=not was_sent,
    )


def _decoded(content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def _is_nearby(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")) or not set(host) & set(".:"):
        return True
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False
