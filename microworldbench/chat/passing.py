"""Many errands at once: carried out side by side, each logged, until all are done or the pass has to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from ..errors import InputError, RunStoppedError
from ..progress import Progress, Silent
from ..results import Call, Reservation
from .answer import Errand
from .attempts import Attempts, RetryPolicy
from .budget import Budget
from .ledger import Ledger
from .rate import Pace

T = TypeVar("T")


@dataclass(frozen=True)
class Haste:
    """How hard a pass tries and how much it may spend. No part of any identity."""

    workers: int = 8
    """Calls in flight at most."""
    max_cost_usd: float | None = None
    """Over everything the log has seen."""
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    rpm: int | None = None
    """Requests a minute, at most."""
    tpm: int | None = None
    """Tokens a minute, at most."""

    def __post_init__(self) -> None:
        if self.max_cost_usd is not None and not self.max_cost_usd >= 0:
            raise InputError(f"max_cost_usd must be an amount in USD, got {self.max_cost_usd!r}")
        for name in ("workers", "rpm", "tpm"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} must be at least 1, got {value!r}")


def carry_out_all(
    errands: Sequence[Errand],
    log: Callable[[Reservation | Call], None],
    ledger: Ledger,
    haste: Haste,
    *,
    first: Callable[[Attempts], Awaitable[None]] | None = None,
    last: Callable[[], Awaitable[None]] | None = None,
    progress: Progress | None = None,
) -> list[Call]:
    """Carries out every errand; works inside a running event loop too.

    Args:
        errands: What is asked.
        log: Takes each reservation and call before the next step begins.
        ledger: What the log said before.
        haste: Workers, cost cap, patience.
        first: Awaited before the first errand, e.g. `ChatModel.prepare`.
        last: Awaited at the end, e.g. `ChatModel.aclose`.
        progress: Told about every errand that is over.

    Returns:
        The last call of each errand, in no particular order. Those that failed are among them.

    Raises:
        RunStoppedError: no call can succeed (wrong key, quota, cost cap, full disk); what is logged is kept.
        InputError: there is no usable address, key or price.
    """
    told = progress or Silent()

    async def main() -> list[Call]:
        attempts = Attempts(
            log,
            Budget(haste.max_cost_usd, ledger.committed_usd),
            haste.retry,
            asyncio.Semaphore(haste.workers),
            succeeded=bool(ledger.usages),
            pace=Pace(haste.workers, rpm=haste.rpm, tpm=haste.tpm),
        )
        done: list[Call] = []

        async def one(errand: Errand) -> None:
            try:
                call = await attempts.carry_out(errand)
            except (RunStoppedError, InputError):
                return  # kept in attempts.reason
            done.append(call)
            told.advance(failed=int(call.status != "ok"), cost_usd=call.usage.cost_usd or 0.0)

        try:
            if first is not None:
                await first(attempts)
            async with asyncio.TaskGroup() as group:
                for errand in errands:
                    group.create_task(one(errand))
        finally:
            if last is not None:
                await last()
        if attempts.reason is not None:
            raise attempts.reason
        return done

    return run_to_end(main)


def run_to_end(main: Callable[[], Awaitable[T]]) -> T:
    """Runs `main` to its end, from a thread of its own where the caller already runs an event loop (a notebook)."""

    async def awaited() -> T:
        return await main()

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(awaited())
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(lambda: asyncio.run(awaited())).result()
