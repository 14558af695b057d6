"""One errand, asked until it is answered or cannot be: retries, reservations, the call log."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from ..errors import (
    CallRefusedError,
    InputError,
    JudgeUnavailableError,
    RunStoppedError,
    TransientJudgeError,
    UnreadableReplyError,
    VideoError,
)
from ..logbook import now
from ..results import Call, Judgement, Reservation, Usage
from .answer import Answer, Errand, without_surrogates
from .budget import Budget
from .rate import Pace, Signal, Throttle, Turn

FAILURES_IN_A_ROW = 5
"""So many questions in a row that fail for good stop the run."""


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how patiently a question is asked again. Never part of an identity."""

    attempts: int = 4
    rate_limited_attempts: int = 16
    """The same for answers of 429, which say nothing about the question: they are counted apart."""
    first_wait_s: float = 0.5
    longest_wait_s: float = 60.0

    def wait_s(self, attempt: int, retry_after_s: float | None) -> float:
        """Seconds to wait after failed attempt number `attempt` (from 1): doubling, with jitter."""
        grown = min(self.longest_wait_s, self.first_wait_s * 2.0 ** (attempt - 1)) * random.uniform(0.75, 1.25)  # noqa: S311
        return max(grown, min(retry_after_s or 0.0, 10 * self.longest_wait_s))


@dataclass(frozen=True)
class _Tried:
    """What came of one attempt."""

    call: Call
    signal: Signal = "neutral"
    is_final: bool = True
    """False where another attempt may go better."""
    retry_after_s: float | None = None
    unavailable: RunStoppedError | None = None
    """Why no call can succeed."""

    @property
    def tokens(self) -> int | None:
        """What the call used; None where nobody said."""
        usage = self.call.usage
        if usage.input_tokens is None and usage.output_tokens is None:
            return 0 if usage.cost_usd == 0.0 else None  # a refused call used none
        return (usage.input_tokens or 0) + (usage.output_tokens or 0)


@dataclass
class Attempts:
    """Carries out errands on one event loop and logs every attempt.

    Args:
        log: Takes each reservation and call before the next step begins.
        budget: Reserves the worst case of each attempt.
        retry: How failures are repeated.
        slots: Bounds the calls in flight, to all judges together.
        succeeded: Whether any call has been answered yet, in this or an earlier run.
        pace: Bounds the calls to each judge, by what its server bears and the user allows.
    """

    log: Callable[[Reservation | Call], None]
    budget: Budget
    retry: RetryPolicy
    slots: asyncio.Semaphore
    succeeded: bool = False
    pace: Pace = field(default_factory=Pace)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    reason: RunStoppedError | InputError | None = None
    _in_a_row: int = 0

    async def carry_out(self, errand: Errand) -> Call:
        """Asks until the errand is answered, refused, or out of attempts.

        Returns:
            The last call, as logged.

        Raises:
            RunStoppedError, InputError: the run has to end; calls in flight finish first.
        """
        tries = {"rate_limited": 0, "other": 0}
        most = {"rate_limited": self.retry.rate_limited_attempts, "other": self.retry.attempts}
        while True:
            tried = await self._in_turn(errand, sum(tries.values()) + 1)
            kind = "rate_limited" if tried.signal == "rate_limited" else "other"
            tries[kind] += 1
            if tried.is_final or tries[kind] >= most[kind]:
                break
            await self._pause(self.retry.wait_s(tries[kind], tried.retry_after_s))
        self._count(tried.call)
        return tried.call

    def stop(self, error: RunStoppedError | InputError) -> None:
        """Ends the run once what is in flight has finished; the first reason stands."""
        self.reason = self.reason or error
        self.stopped.set()
        self.pace.release()

    async def _in_turn(self, errand: Errand, attempt: int) -> _Tried:
        """One attempt, as soon as the server may be asked."""
        throttle = self.pace.throttle(errand.asked)
        turn = await throttle.enter()
        tried: _Tried | None = None
        try:
            async with self.slots:
                tried = await self._attempt(errand, attempt, throttle, turn)
        finally:
            if tried is None:
                throttle.leave(turn, "neutral")
            else:
                # The longest wait that one call would observe is also the longest the others do.
                hold_s = min(tried.retry_after_s or 0.0, 10 * self.retry.longest_wait_s)
                throttle.leave(turn, tried.signal, tokens=tried.tokens, retry_after_s=hold_s)
        return tried

    async def _attempt(self, errand: Errand, attempt: int, throttle: Throttle, turn: Turn) -> _Tried:
        blank = errand.described().model_copy(update={"id": uuid.uuid4().hex, "attempt": attempt, "created": now()})

        async def asked() -> dict[str, object]:
            throttle.begin(turn)
            return _evidence(await errand.ask())

        return await self._logged(blank, errand.worst_case_usd(), errand.asked, asked)

    async def _logged(
        self, blank: Call, worst: float | None, name: str, ask: Callable[[], Awaitable[dict[str, object]]]
    ) -> _Tried:
        """One attempt between its reservation and its line in the log."""
        if self.reason is not None:
            raise self.reason
        if worst is None and self.budget.limit_usd is not None:
            raise self._stopping(InputError(f"--max-cost needs a price for {name!r}: extend the price table"))
        try:
            await self.budget.reserve(worst or 0.0)
        except RunStoppedError as error:
            raise self._stopping(error) from None
        actual = worst or 0.0  # what counts where the answer never comes
        try:
            self.log(Reservation(id=blank.id, worst_case_usd=worst))
            tried = await self._outcome(blank, ask)
            self.log(tried.call)
            cost_usd = tried.call.usage.cost_usd
            actual = actual if cost_usd is None else cost_usd
        finally:
            await asyncio.shield(self.budget.settle(worst or 0.0, actual))
        if tried.unavailable is not None:
            raise self._stopping(tried.unavailable)
        return tried

    async def _outcome(self, blank: Call, ask: Callable[[], Awaitable[dict[str, object]]]) -> _Tried:
        began = time.monotonic()

        def failed(status: str, error: Exception, *, free: bool) -> Call:
            update: dict[str, object] = {"status": status, "error": _sentence(error), "latency_s": _since(began)}
            evidence = getattr(error, "answer", None)
            if isinstance(evidence, Answer):
                update |= {**_evidence(evidence), "judgements": ()}
            elif free:
                update["usage"] = Usage(cost_usd=0.0)
            return blank.model_copy(update=update)

        try:
            found = await ask()
        except TransientJudgeError as error:
            signal: Signal = "rate_limited" if error.status == 429 else "server_fault"
            call = failed("failed", error, free=error.answered)
            return _Tried(call, signal, is_final=False, retry_after_s=error.retry_after_s)
        except UnreadableReplyError as error:
            return _Tried(failed("unreadable", error, free=False), "answered", is_final=False)
        except CallRefusedError as error:
            call = failed("refused" if error.content else "failed", error, free=not error.content)
            first = not self.succeeded and not error.content
            stop = RunStoppedError(f"the judge refuses the first call: {error}") if first else None
            return _Tried(call, unavailable=stop)
        except JudgeUnavailableError as error:
            return _Tried(failed("failed", error, free=True), unavailable=RunStoppedError(str(error)))
        except VideoError as error:
            return _Tried(failed("failed", error, free=True))
        except (InputError, RunStoppedError):
            raise
        except Exception as error:  # noqa: BLE001 a third party's judge may raise anything; it is logged and counted
            return _Tried(failed("failed", error, free=False), is_final=False)
        return _Tried(blank.model_copy(update={"status": "ok", "latency_s": _since(began), **found}), "answered")

    def _count(self, call: Call) -> None:
        if call.status == "ok":
            self.succeeded, self._in_a_row = True, 0
        elif call.status == "failed" and not (call.error or "").startswith(VideoError.__name__):
            self._in_a_row += 1
            if self._in_a_row >= FAILURES_IN_A_ROW:
                self.stop(
                    RunStoppedError(f"{FAILURES_IN_A_ROW} calls in a row failed, the last one with: {call.error}")
                )

    def _stopping(self, error: RunStoppedError | InputError) -> RunStoppedError | InputError:
        self.stop(error)
        return error

    async def _pause(self, wait_s: float) -> None:
        try:
            async with asyncio.timeout(wait_s):
                await self.stopped.wait()
        except TimeoutError:
            return


def _evidence(answer: Answer) -> dict[str, object]:
    return {
        "judgements": tuple(_legible(j) for j in answer.judgements),
        "reply": None if answer.reply is None else without_surrogates(answer.reply),
        "frames": answer.frames,
        "usage": answer.usage,
        "finish_reason": answer.finish_reason,
        "request_sha256": answer.request_sha256,
    }


def _legible(judgement: Judgement) -> Judgement:
    return judgement.model_copy(update={"observation": without_surrogates(judgement.observation)})


def _sentence(error: Exception) -> str:
    return without_surrogates(f"{type(error).__name__}: {error}")[:2000]


def _since(began: float) -> float:
    return round(time.monotonic() - began, 6)
