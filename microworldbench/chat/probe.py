"""One small call that decides whether a server enforces JSON schemas."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ..errors import CallRefusedError, RunStoppedError
from ..results import Call
from .answer import Answer
from .attempts import Attempts
from .json_reply import Structured
from .ledger import Ledger

GROUP = "probe"
"""How the call log names the question."""

PROBE_TEXT = "This is a test of the connection, without a video. Say that you are ready."
"""Asks for no JSON: a reply in the asked form then shows that the server, not the model's good will, enforces it."""


async def probe(
    name: str,
    ask: Callable[[Structured], Awaitable[Answer]],
    worst_case_usd: float | None,
    conforms: Callable[[str], bool],
    ledger: Ledger,
    attempts: Attempts,
) -> Structured:
    """Finds out how the form of replies is enforced, once a log.

    Args:
        name: Who asks, for the log.
        ask: Sends `PROBE_TEXT` with or without a schema.
        worst_case_usd: What that costs at most, once each.
        conforms: Whether a reply has the schema's form.
        ledger: What has been asked already.
        attempts: Asks, repeats, reserves and logs.

    Raises:
        RunStoppedError: the server cannot be asked.
        InputError: its address, key or price is missing.
    """
    known = ledger.probes.get(name)
    if known is None:
        had_succeeded = attempts.succeeded
        known = await attempts.carry_out(_Probe(name, ask, worst_case_usd))
        # A text-only answer does not show that the server takes frames: the first refusal still has to stop the run.
        attempts.succeeded = had_succeeded
    if known.status != "ok":
        stop = RunStoppedError(
            f"the judge's server cannot be probed: {known.error}. "
            "Where it can judge all the same, set structured=schema or structured=instruction"
        )
        attempts.stop(stop)
        raise stop
    return "schema" if conforms(known.reply or "") else "instruction"


@dataclass(frozen=True)
class _Probe:
    asked: str
    send: Callable[[Structured], Awaitable[Answer]]
    worst_usd: float | None

    def described(self) -> Call:
        return Call(id="", task=GROUP, seed=0, judge=self.asked, group=GROUP, status="failed")

    def worst_case_usd(self) -> float | None:
        return self.worst_usd

    async def ask(self) -> Answer:
        try:
            return await self.send("schema")
        except CallRefusedError as error:
            if error.content:
                raise
        # The same words without a schema: if these are refused too, the schema was not what is wrong.
        return await self.send("instruction")
