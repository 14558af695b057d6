"""The google-genai client: one call each, and what its refusals mean."""

from __future__ import annotations

import contextlib
import os
from typing import Any

from microworldbench.chat.failures import redact, retry_after_s
from microworldbench.errors import GenerationError, InputError, RunStoppedError
from microworldbench.generation.videos_api import VideoServiceError

from .settings import VeoSettings

DECLINED = ("safety", "violat", "policy", "policies", "sensitive", "responsible ai", "prohibited", "blocked")
"""Words by which the service says that it declined the prompt."""


class TransientError(Exception):
    """Worth another try.

    Args:
        message: What happened.
        retry_after_s: Seconds the service asked us to wait, if it did.
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class Wire:
    """Vertex AI as the settings and the environment name it.

    Args:
        settings: See `VeoSettings`.

    Raises:
        InputError: there is no key and no project.
    """

    def __init__(self, settings: VeoSettings) -> None:
        from google import genai
        from google.genai import types

        self._model = settings.model
        options = types.HttpOptions(timeout=round(settings.request_timeout_s * 1000), base_url=settings.base_url)
        self._key = os.environ.get("GOOGLE_API_KEY", "").strip() or None
        has_project = bool(os.environ.get("GOOGLE_CLOUD_PROJECT"))
        if not has_project and self._key is None:
            raise InputError(
                "Veo needs GOOGLE_CLOUD_PROJECT and GOOGLE_CLOUD_LOCATION with application default credentials, or "
                "GOOGLE_API_KEY with a key of Vertex AI"
            )
        try:
            self._client = genai.Client(vertexai=True, api_key=None if has_project else self._key, http_options=options)
        except Exception as error:  # noqa: BLE001 the client and google.auth raise what they like
            raise InputError(f"the credentials cannot be used: {redact(str(error), self._key)}") from None

    def begin(self, prompt: str, arguments: dict[str, Any]) -> str:
        """Begins a video; the operation's name."""
        from google.genai import types

        source = types.GenerateVideosSource(prompt=prompt)
        operation = self._asked(
            lambda: self._client.models.generate_videos(model=self._model, source=source, config=arguments)
        )
        if not operation.name:
            raise TransientError("the service began a video and did not name it")
        return str(operation.name)

    def look(self, name: str) -> Any:
        """The operation; None where the service no longer knows it."""
        from google.genai import types

        try:
            return self._asked(lambda: self._client.operations.get(types.GenerateVideosOperation(name=name)))
        except FileNotFoundError:
            return None

    def failure(self, error: Any) -> Exception:
        """What the error of a finished operation means."""
        details = error if isinstance(error, dict) else {"message": str(error)}
        message = redact(str(details.get("message", "")), self._key)[:500] or "no reason given"
        if any(word in message.lower() for word in DECLINED):
            return GenerationError(f"Veo declined the prompt: {message}", "moderated")
        return VideoServiceError(f"Veo failed (code {details.get('code')}): {message}")

    def _asked(self, call: Any) -> Any:
        import httpx2
        from google.genai import errors

        try:
            return call()
        except errors.APIError as error:
            raise self._meaning(error) from None
        except (httpx2.TransportError, OSError) as error:
            raise TransientError(f"cannot reach the service: {redact(str(error), self._key)}") from None
        except ValueError as error:  # the client's own: this parameter is not of this service
            raise InputError(f"the client refuses the request: {redact(str(error), self._key)}") from None

    def _meaning(self, error: Any) -> Exception:
        code, words = int(error.code or 0), redact(str(error.message or error.status or ""), self._key)[:300]
        said = f"the service answered {code}: {words}"
        headers: Any = {}
        with contextlib.suppress(AttributeError):
            headers = error.response.headers
        if code in (408, 409, 429) or code >= 500:
            return TransientError(said, retry_after_s(headers))
        if code in (401, 403) or "api key" in words.lower():
            return RunStoppedError(
                f"{said}. Check the credentials (GOOGLE_API_KEY), and that the account may use {self._model}"
            )
        if code == 404 and "operation" not in words.lower():
            return RunStoppedError(f"{said}. {self._model} is not served here: choose another with -g model=")
        if code in (404, 410):
            return FileNotFoundError(said)
        if any(word in words.lower() for word in DECLINED):
            return GenerationError(f"Veo declined the prompt: {words}", "moderated")
        return InputError(said)
