"""The ``/v1/videos`` form on the wire, through the openai client: create, look, download; errors told apart."""

from __future__ import annotations

import json
import os
import threading
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..chat.failures import from_status, redact
from ..errors import CallRefusedError, GenerationError, InputError, JudgeError, JudgeUnavailableError, RunStoppedError

if TYPE_CHECKING:
    import httpx2
    from openai import OpenAI

MAX_VIDEO_BYTES = 2_000_000_000
"""A longer download is cut off."""


class TransientError(Exception):
    """Worth another try.

    Args:
        message: What happened.
        retry_after_s: Seconds the server asked us to wait, if it did.
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class JobGoneError(Exception):
    """The server no longer knows the job, or no longer holds its video."""


class VideoServer:
    """One server that speaks ``/v1/videos``.

    Args:
        base_url: ``/v1`` included. Credentials in it are never shown.
        key: Bearer token; None where the server needs none.
        key_name: The environment variable it came from, for messages.
        model: For messages; None where the server chooses.
        timeout_s: Wall clock of one HTTP exchange.

    Raises:
        InputError: the address is not an http(s) URL.
    """

    def __init__(self, base_url: str, key: str | None, key_name: str, model: str | None, timeout_s: float) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(
                f"a server's address must be an http(s) URL such as http://localhost:8000/v1, got {redact(base_url)!r}"
            )
        self._base_url, self._key, self._key_name = base_url, key, key_name
        self._model, self._timeout_s = model, timeout_s
        port = f":{parts.port}" if parts.port else ""
        self.address = f"{parts.scheme}://{parts.hostname}{port}{parts.path.rstrip('/')}"
        self._guard = threading.Lock()
        self._client: OpenAI | None = None

    def create(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Creates a job; the server's description of it."""
        # The client's own videos.create() warns that OpenAI's service has ended; the form lives on elsewhere.
        return self._json(self._post("/videos", form))

    def create_and_wait(self, form: Mapping[str, str]) -> bytes:
        """Makes a video in one exchange (``/v1/videos/sync``); the file."""
        return self._post("/videos/sync", form).content

    def look(self, job: str) -> dict[str, Any]:
        """The server's description of a job; ``poll_after_s`` in it is what the server asks for, or None.

        Raises:
            JobGoneError: it knows no such job.
        """
        response = self._get(f"/videos/{_quoted(job)}")
        milliseconds = response.headers.get("openai-poll-after-ms", "")
        return {**self._json(response), "poll_after_s": int(milliseconds) / 1000 if milliseconds.isdigit() else None}

    def download(self, job: str) -> bytes:
        """The video of a completed job.

        Raises:
            JobGoneError: the server holds it no longer.
        """
        return self._get(f"/videos/{_quoted(job)}/content").content

    def _post(self, path: str, form: Mapping[str, str]) -> httpx2.Response:
        headers = {"Content-Type": "multipart/form-data"}
        return self._send("post", path, body=dict(form), options={"headers": headers})

    def _get(self, path: str) -> httpx2.Response:
        try:
            return self._send("get", path)
        except _NotFoundError as error:
            raise JobGoneError(str(error)) from None

    def _send(self, method: str, path: str, **arguments: Any) -> httpx2.Response:
        """One exchange.

        Raises:
            TransientError, GenerationError, InputError, RunStoppedError, JobGoneError: as their names say.
        """
        import httpx2
        import openai

        try:
            response: httpx2.Response = getattr(self._opened(), method)(path, cast_to=httpx2.Response, **arguments)
        except openai.APITimeoutError:
            raise TransientError(f"no answer from {self.address} within {self._timeout_s:g} s") from None
        except openai.APIConnectionError as error:
            cause = error.__cause__ or error
            raise TransientError(f"cannot reach {self.address}: {redact(str(cause), self._key)}") from None
        except (httpx2.TransportError, _TooLongError) as error:
            raise TransientError(f"the answer of {self.address} broke off: {redact(str(error), self._key)}") from None
        except openai.APIStatusError as error:
            raise self._refusal(error, is_job=method == "get") from None
        return response

    def _refusal(self, error: Any, *, is_job: bool) -> Exception:
        status = int(error.status_code)
        if is_job and status in (404, 410):
            return _NotFoundError(f"{self.address} answered {status}")
        body = error.body if isinstance(error.body, dict) else error.response.text[:2000]
        found = from_status(
            status,
            {"error": body} if isinstance(body, dict) and "error" not in body else body,
            error.response.headers,
            model=self._model or "the server's own",
            address=self.address,
            key=self._key,
        )
        return _translated(found, self._key_name)

    def _json(self, response: httpx2.Response) -> dict[str, Any]:
        try:
            body = json.loads(response.content)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            start = redact(response.text[:200], self._key)[:80]
            raise TransientError(f"{self.address} did not answer with a JSON object but with {start!r}")
        return body

    def _opened(self) -> OpenAI:
        from openai import DefaultHttpxClient, OpenAI

        with self._guard:
            if self._client is None:
                self._client = OpenAI(
                    api_key=self._key or "none",
                    base_url=self._base_url,
                    max_retries=0,
                    timeout=self._timeout_s,
                    default_headers={"Accept-Encoding": "identity"},
                    # A redirect would carry the key and the prompt to a host the user did not name.
                    http_client=DefaultHttpxClient(follow_redirects=False, event_hooks={"response": [_cap]}),
                )
                weakref.finalize(self, self._client.close)
            return self._client


def key_from(name: str) -> str | None:
    """The key in the environment variable `name`; None where it is not set.

    Raises:
        InputError: it holds what no header can carry.
    """
    key = os.environ.get(name, "").strip()
    if not key.isascii() or any(c.isspace() or not c.isprintable() for c in key):
        raise InputError(f"{name} holds spaces or characters that no header can carry; set it again")
    return key or None


def write_whole(path: Path, data: bytes) -> None:
    """Writes a download under a temporary name, then renames it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    temporary.write_bytes(data)
    temporary.replace(path)


class _NotFoundError(Exception):
    """404 or 410 about a job."""


class _TooLongError(Exception):
    """A response grew beyond what any video has."""


def _translated(error: JudgeError, key_name: str) -> Exception:
    """What a refusal means for a generator; the judges' wording fits but for the variable's name."""
    message = str(error).replace("OPENAI_API_KEY", key_name).replace(" (OPENAI_BASE_URL)", "")
    message = message.replace("OPENAI_BASE_URL", "its address")
    if isinstance(error, CallRefusedError):
        return GenerationError(message, "moderated") if error.content else InputError(message)
    if isinstance(error, JudgeUnavailableError):
        return RunStoppedError(message)
    return TransientError(message, getattr(error, "retry_after_s", None))


def _cap(response: httpx2.Response) -> None:
    """Makes reading `response` stop at `MAX_VIDEO_BYTES`."""
    import httpx2

    stream = response.stream
    assert isinstance(stream, httpx2.SyncByteStream)
    inner: httpx2.SyncByteStream = stream

    class Capped(httpx2.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            room = MAX_VIDEO_BYTES
            for chunk in inner:
                room -= len(chunk)
                if room < 0:
                    raise _TooLongError(f"it is longer than {MAX_VIDEO_BYTES:,} bytes")
                yield chunk

        def close(self) -> None:
            inner.close()

    response.stream = Capped()


def _quoted(job: str) -> str:
    from urllib.parse import quote

    return quote(job, safe="")
