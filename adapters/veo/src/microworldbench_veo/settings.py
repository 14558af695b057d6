"""What Veo can be set to, and which of its ids are no longer served."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

DEFAULT = "veo-3.1-generate-001"
RETIRED = {
    "veo-2.0-generate-001": "2026-06-30",
    "veo-3.0-generate-preview": "2025-11-12",
    "veo-3.0-fast-generate-preview": "2025-11-12",
    "veo-3.0-generate-001": "2026-06-30",
    "veo-3.0-fast-generate-001": "2026-06-30",
    "veo-3.1-generate-preview": "2026-10-22",
    "veo-3.1-fast-generate-preview": "2026-10-22",
    "veo-3.1-lite-generate-preview": "2026-10-22",
}
"""Ids that were announced to end, and when; `allow_retired` asks for one all the same."""


class VeoSettings(BaseModel):
    """What ``-g key=value`` accepts. Waits are not part of the identity."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, protected_namespaces=())

    model: str = DEFAULT
    allow_retired: bool = Field(default=False, exclude=True)
    """Ask for an id although it was announced to end."""
    duration_s: Literal[4, 6, 8] = 8
    aspect: Literal["16:9", "9:16"] = "16:9"
    resolution: Literal["720p", "1080p"] = "720p"
    negative_prompt: str = ""
    person_generation: str | None = None
    """``allow_all``, ``allow_adult`` or ``dont_allow``; None: the service's default for the place."""
    generate_audio: bool | None = None
    """None: the service's default; judges do not hear it."""
    base_url: str | None = Field(default=None, exclude=True)
    """A proxy or another endpoint; None: Google's."""
    in_flight: int = Field(default=2, ge=1, le=64, exclude=True)
    poll_s: float = Field(default=10.0, gt=0, le=600, exclude=True)
    job_timeout_s: float = Field(default=1800.0, gt=0, exclude=True)
    request_timeout_s: float = Field(default=120.0, gt=0, exclude=True)
    retries: int = Field(default=5, ge=0, le=100, exclude=True)
    retry_base_s: float = Field(default=5.0, gt=0, le=60, exclude=True)
