"""A hard cap on spending: the worst case is reserved before a call and settled after it."""

from __future__ import annotations

import asyncio

from ..errors import RunStoppedError


class Budget:
    """Keeps ``spent + reserved ≤ limit`` however many calls are in flight. Lives on one event loop.

    Args:
        limit_usd: The cap of the run folder; None for no cap.
        spent_usd: What earlier runs committed.
    """

    def __init__(self, limit_usd: float | None, spent_usd: float = 0.0) -> None:
        self.limit_usd = limit_usd
        self.spent_usd = spent_usd
        self._reserved = 0.0
        self._in_flight = 0
        self._settled = asyncio.Condition()

    async def reserve(self, worst_usd: float) -> None:
        """Waits until `worst_usd` fits under the cap.

        Raises:
            RunStoppedError: it does not fit and no call is in flight that could make room.
        """
        async with self._settled:
            while not self._fits(worst_usd):
                if not self._in_flight:
                    raise RunStoppedError(
                        f"--max-cost {self.limit_usd} USD is reached: {self.spent_usd:.4f} is spent and the next call "
                        f"may cost {worst_usd:.4f}. Nothing is lost; the same command with a higher --max-cost goes on"
                    )
                await self._settled.wait()
            self._reserved += worst_usd
            self._in_flight += 1

    async def settle(self, worst_usd: float, actual_usd: float) -> None:
        """Replaces a reservation by what the call cost."""
        async with self._settled:
            self._reserved -= worst_usd
            self._in_flight -= 1
            self.spent_usd += actual_usd
            self._settled.notify_all()

    def _fits(self, worst_usd: float) -> bool:
        # The tolerance is for the rounding of sums, far below a cent.
        return self.limit_usd is None or self.spent_usd + self._reserved + worst_usd <= self.limit_usd + 1e-9
