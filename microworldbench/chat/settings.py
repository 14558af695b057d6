"""Which chat model is asked, where, how it samples and what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from .prices import Usd

SAMPLING = frozenset({"model", "temperature", "seed", "reasoning_effort", "max_output_tokens", "structured"})
"""Settings that can change a reply, and so belong to an identity."""


class ChatSettings(BaseModel):
    """Settings of a chat model behind any server that speaks OpenAI's chat completions."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, protected_namespaces=())

    model: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    """As the server knows it."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    """None leaves it out: reasoning models refuse requests that set one."""
    seed: int | None = None
    """Sampling seed; vote v sends seed + v. Servers may ignore it."""
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    """None leaves it to the server."""
    max_output_tokens: int = Field(default=8192, ge=64)
    """Limit on the reply, reasoning included."""
    structured: Literal["auto", "schema", "instruction"] = "auto"
    """Whether the server enforces the reply's form; ``auto`` finds out with one small call."""
    output_limit_field: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    """What the server calls the limit on the reply."""
    timeout_s: float = Field(default=180, gt=0, allow_inf_nan=False)
    """Wall clock of one call."""
    base_url: str | None = None
    """None: ``OPENAI_BASE_URL``, else OpenAI."""
    prices: Path | None = None
    """A price file, looked up before the packaged table."""
    input_usd_per_mtok: Usd | None = None
    """With `output_usd_per_mtok`: prices of this model, instead of any table's."""
    output_usd_per_mtok: Usd | None = None
    cached_usd_per_mtok: Usd | None = None
    """None: cached input costs what other input does."""

    @model_validator(mode="after")
    def _prices_come_in_pairs(self) -> ChatSettings:
        if (self.input_usd_per_mtok is None) != (self.output_usd_per_mtok is None):
            raise ValueError("input_usd_per_mtok and output_usd_per_mtok must be given together")
        if self.cached_usd_per_mtok is not None and self.input_usd_per_mtok is None:
            raise ValueError("cached_usd_per_mtok needs input_usd_per_mtok and output_usd_per_mtok")
        return self
