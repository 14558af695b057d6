"""The ``/v1/videos`` client with Sora's ids, sizes and lengths. Importing this imports no client."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field

from microworldbench.errors import InputError
from microworldbench.generation.videos_api import VideosApiGenerator, VideosApiSettings

ENDED = "2026-09-24"
SIZES = ((1280, 720), (720, 1280), (1792, 1024), (1024, 1792))
SECONDS = (4, 8, 12)


class SoraSettings(VideosApiSettings):
    """What OpenAI's form took, and where a compatible server is."""

    model: str | None = "sora-2"
    """``sora-2`` or ``sora-2-pro``."""
    width: int | None = Field(default=1280, gt=0)
    height: int | None = Field(default=720, gt=0)
    duration_s: float | None = Field(default=4.0, gt=0, le=600)
    send_seed: bool = False
    """Sora's form has no seed: every video is a new one."""


class Sora(VideosApiGenerator):
    """Asks for the nearest size and length the form allows; the record says what was changed."""

    def _form(self, request: Any) -> dict[str, str]:
        width, height = request.width or self.settings.width, request.height or self.settings.height
        near = min(SIZES, key=lambda size: abs(size[0] - width) + abs(size[1] - height))
        seconds = min(SECONDS, key=lambda allowed: abs(allowed - (request.duration_s or self.settings.duration_s)))
        fitted = {"width": near[0], "height": near[1], "duration_s": float(seconds), "fps": None}
        return super()._form(request.model_copy(update=fitted))


def load(settings: SoraSettings) -> Sora:
    """Sora at the named servers.

    Raises:
        InputError: no server is named, or OpenAI's own, whose service has ended.
    """
    urls = settings.base_urls or tuple(url for url in [os.environ.get("OPENAI_BASE_URL", "").strip()] if url)
    hosts = {urlsplit(url).hostname for url in urls}
    if not urls or "api.openai.com" in hosts:
        raise InputError(
            f"OpenAI ended its Sora service on {ENDED}. Score videos you have with --generator folder:PATH, or name a "
            "server that offers the model in the same form: -g base_urls=http://localhost:8000/v1"
        )
    return Sora(settings, "sora")
