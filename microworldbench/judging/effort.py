"""How a judging pass is carried out: speed, money and patience. No part of any identity."""

from __future__ import annotations

from typing import TypedDict

from ..chat.attempts import RetryPolicy


class Effort(TypedDict, total=False):
    """The keywords every function that judges takes alike."""

    workers: int
    """Calls in flight at most; 8 unless given. Fewer while a server answers 429."""
    max_cost: float | None
    """Cap in USD on everything the run folder spends, earlier runs included."""
    retry: RetryPolicy | None
    """How failed calls are repeated."""
    rpm: int | None
    """Requests a minute, at most, to each judge."""
    tpm: int | None
    """Tokens a minute, input and output, at most, to each judge."""
    challenge: float
    """Share of met verdicts asked again with another task's frames, 0 to 1."""
