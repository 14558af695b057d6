"""How fast a judge's server is asked: concurrency that gives way to 429 and grows back, and limits a minute.

One `Throttle` for each judge. On a 429 the calls allowed in flight shrink by a factor, once for all calls that were
under way together; every round of answers lets one more in. Faults of the server (5xx, timeouts, lost connections)
only pause that growth: fewer calls would not mend them.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from ..logbook import now
from ..rubric import Record

SHRINK = 0.7
"""Factor on the calls in flight after a 429."""

Signal = Literal["answered", "rate_limited", "server_fault", "neutral"]
"""What an attempt says about its server's load."""


class RateChange(Record):
    """One line of ``rate.jsonl``: how many calls a judge's server is given at once, and why that changed."""

    judge: str
    cause: Literal["start", "rate_limited", "server_fault", "grown"]
    limit: int
    """Calls allowed in flight from now on."""
    in_flight: int
    elapsed_s: float
    """Since the pass began."""
    created: str


@dataclass(eq=False)
class Turn:
    """One call's permission to be under way."""

    epoch: int
    start: float
    tokens: float
    """What it counts for: an estimate until the reply tells."""


@dataclass
class Throttle:
    """Admits calls to one judge, first come first served. Lives on one event loop.

    Args:
        ceiling: Calls in flight at most.
        rpm: Calls that may start within `window_s`, at most; None for no limit.
        tpm: Tokens that calls started within `window_s` may use, at most. A call counts as the largest so far until
            its reply tells; the first goes alone, to learn its size. A call larger than the limit goes alone too.
        window_s: What counts as a minute.
        note: Told about every change.
    """

    ceiling: int
    rpm: int | None = None
    tpm: int | None = None
    window_s: float = 60.0
    note: Callable[[str, int, int], None] | None = None
    limit: float = field(init=False)
    """Calls allowed in flight; its whole part counts."""
    _in_flight: int = 0
    _epoch: int = 0
    _quiet: int = 0
    """Answers still to come before growth goes on."""
    _largest: float | None = None
    _held_until: float = -math.inf
    _recent: list[Turn] = field(default_factory=list)
    _waiting: deque[asyncio.Future[Turn]] = field(default_factory=deque)
    _timer: asyncio.TimerHandle | None = None
    _is_released: bool = False

    def __post_init__(self) -> None:
        self.limit = float(self.ceiling)
        self._tell("start")

    async def enter(self) -> Turn:
        """Waits for permission to make a call; `leave` must follow."""
        future: asyncio.Future[Turn] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._admit()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.leave(future.result(), "neutral")
            raise

    def begin(self, turn: Turn) -> None:
        """The call of `turn` is sent now; what it waited for since `enter` doesn't count."""
        turn.start = time.monotonic()
        if (self.rpm is not None or self.tpm is not None) and turn not in self._recent:
            self._recent.append(turn)

    def leave(
        self, turn: Turn, signal: Signal, *, tokens: int | None = None, retry_after_s: float | None = None
    ) -> None:
        """The call of `turn` is over.

        Args:
            turn: From `enter`.
            signal: What it says about the server.
            tokens: What it used; None leaves it at its estimate.
            retry_after_s: Seconds the server asked to be left alone, with a 429.
        """
        was_full = self._in_flight >= int(self.limit)
        self._in_flight -= 1
        if tokens is not None:
            turn.tokens = tokens
            if tokens:
                self._largest = max(self._largest or 0, tokens)
        before = int(self.limit)
        if signal == "rate_limited":
            self._held_until = max(self._held_until, time.monotonic() + (retry_after_s or 0.0))
            if turn.epoch == self._epoch:  # the others of the same burst say the same thing
                self.limit = max(1.0, min(self.limit, self._in_flight + 1) * SHRINK)
                self._epoch, self._quiet = self._epoch + 1, 0
        elif signal == "server_fault":
            if self._quiet == 0 and self.limit < self.ceiling:
                self._tell("server_fault")
            self._quiet = max(1, before)
        elif signal == "answered" and turn.epoch == self._epoch:
            if self._quiet:
                self._quiet -= 1
            elif was_full:
                self.limit = min(float(self.ceiling), self.limit + 1 / self.limit)
        if int(self.limit) != before:
            self._tell("grown" if self.limit > before else "rate_limited")
        self._admit()

    def release(self) -> None:
        """Lets everybody through at once: the run is ending, and they are to find out."""
        self._is_released = True
        if self._waiting:
            self._admit()

    def _tell(self, cause: str) -> None:
        if self.note is not None:
            self.note(cause, int(self.limit), self._in_flight)

    def _admit(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting:
            if self._waiting[0].done():  # cancelled
                self._waiting.popleft()
                continue
            delay_s = self._delay_s()
            if delay_s is None:
                return
            if delay_s > 0:
                self._timer = asyncio.get_running_loop().call_later(delay_s, self._admit)
                return
            turn = Turn(self._epoch, time.monotonic(), self._largest or 0.0)
            self._in_flight += 1
            if self.rpm is not None or self.tpm is not None:
                self._recent.append(turn)
            self._waiting.popleft().set_result(turn)

    def _delay_s(self) -> float | None:
        """Seconds until the next call may start; None: not before one in flight is over."""
        if self._is_released:
            return 0.0
        if self._in_flight >= int(self.limit):
            return None
        moment = time.monotonic()
        delay_s = max(0.0, self._held_until - moment)
        if self.rpm is None and self.tpm is None:
            return delay_s
        self._recent = [turn for turn in self._recent if turn.start > moment - self.window_s]
        by_start = sorted(self._recent, key=lambda turn: turn.start)
        if self.rpm is not None and len(by_start) >= self.rpm:
            delay_s = max(delay_s, by_start[len(by_start) - self.rpm].start + self.window_s - moment)
        if self.tpm is not None:
            if self._largest is None and self._in_flight:
                return None
            delay_s = max(delay_s, self._until_tokens_fit(by_start, self.tpm) - moment)
        return delay_s

    def _until_tokens_fit(self, by_start: list[Turn], limit: int) -> float:
        used = sum(turn.tokens for turn in by_start) + (self._largest or 0.0)
        moment = -math.inf
        for turn in by_start:
            if used <= limit:
                break
            used -= turn.tokens
            moment = turn.start + self.window_s
        return moment


class Pace:
    """The throttles of all judges of a pass.

    Args:
        workers: Calls in flight at most, for each judge.
        rpm: Requests a minute to each judge.
        tpm: Tokens a minute to each judge.
        log: Takes each line of the history.
        window_s: What counts as a minute.
    """

    def __init__(
        self,
        workers: int = 8,
        *,
        rpm: int | None = None,
        tpm: int | None = None,
        log: Callable[[RateChange], None] | None = None,
        window_s: float = 60.0,
    ) -> None:
        self._workers, self._rpm, self._tpm, self._log, self._window_s = workers, rpm, tpm, log, window_s
        self._began = time.monotonic()
        self._throttles: dict[str, Throttle] = {}

    def throttle(self, judge: str) -> Throttle:
        """The throttle of the judge of that name."""
        if judge not in self._throttles:
            self._throttles[judge] = Throttle(
                self._workers, self._rpm, self._tpm, self._window_s, note=lambda *change: self._note(judge, *change)
            )
        return self._throttles[judge]

    def release(self) -> None:
        """Ends all waiting."""
        for throttle in self._throttles.values():
            throttle.release()

    def _note(self, judge: str, cause: str, limit: int, in_flight: int) -> None:
        if self._log is None:
            return
        elapsed_s = round(time.monotonic() - self._began, 3)
        made = {"judge": judge, "cause": cause, "limit": limit, "in_flight": in_flight}
        self._log(RateChange.model_validate({**made, "elapsed_s": elapsed_s, "created": now()}))
