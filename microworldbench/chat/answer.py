"""What comes back from one call, and what can be asked at all."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Protocol

from ..results import Call, Judgement, ShownFrame, Usage

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Answer:
    """What one call brought: the raw reply, what it rests on and what it cost; a judge's also holds its judgements."""

    judgements: tuple[Judgement, ...] = ()
    reply: str | None = None
    """The raw reply, as it came."""
    frames: tuple[ShownFrame, ...] = ()
    usage: Usage = field(default_factory=Usage)
    finish_reason: str | None = None
    request_sha256: str | None = None


class Errand(Protocol):
    """One thing to ask of a server that may cost money: what `Attempts` reserves, repeats and logs."""

    @property
    def asked(self) -> str:
        """Who is asked, as identities and logs name it, e.g. ``openai:gpt-5``; paced and priced by this name."""

    def described(self) -> Call:
        """The log line without an outcome: what is asked about, by whom. `Attempts` fills in the rest."""

    def worst_case_usd(self) -> float | None:
        """What one attempt costs at most; 0.0 where it is free, None without a known price."""

    async def ask(self) -> Answer:
        """One attempt.

        Raises:
            TransientJudgeError, UnreadableReplyError, CallRefusedError, JudgeUnavailableError: see `errors`.
        """


def without_surrogates(text: str) -> str:
    """`text` with a replacement character for each lone surrogate, which no file can hold."""
    return _SURROGATE.sub("\ufffd", text)
