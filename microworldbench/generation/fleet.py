"""Several servers of one model: the least busy one that answers gets the next request."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class Member(Generic[T]):
    """One server and how it is doing."""

    server: T
    in_flight: int = 0
    faults: int = 0
    """In a row."""
    rests_until: float = field(default=0.0)
    """On the monotonic clock."""


class Fleet(Generic[T]):
    """Shares requests out among servers. Safe to use from several threads.

    Args:
        servers: At least one.
        stopped: Set when nobody waits for answers any more; ends every wait.
    """

    def __init__(self, servers: Sequence[T], stopped: threading.Event) -> None:
        self.members = [Member(server) for server in servers]
        self._stopped = stopped
        self._guard = threading.Lock()

    def __len__(self) -> int:
        return len(self.members)

    def take(self, member: Member[T] | None = None) -> tuple[Member[T], float]:
        """Counts a request against `member`, or against the least busy one that is not resting.

        Returns:
            The member and the seconds until its rest ends (0 unless all of them rest). `release` gives it back.
        """
        with self._guard:
            now = time.monotonic()
            rested = [m for m in self.members if m.rests_until <= now]
            if member is None and rested:
                member = min(rested, key=lambda m: m.in_flight)
            elif member is None:
                member = min(self.members, key=lambda m: m.rests_until)
            member.in_flight += 1
            return member, max(0.0, member.rests_until - now)

    def release(self, member: Member[T]) -> None:
        """The request counted by `take` is over."""
        with self._guard:
            member.in_flight -= 1

    def failed(self, member: Member[T], retry_after_s: float | None, base_s: float) -> float:
        """Lets `member` rest after a fault, longer each time in a row; the seconds it rests."""
        with self._guard:
            member.faults += 1
            rest_s = min(base_s * 2.0 ** (member.faults - 1), 60.0)
            if retry_after_s is not None:
                rest_s = min(max(rest_s, retry_after_s), 600.0)
            member.rests_until = time.monotonic() + rest_s
            return rest_s

    def answered(self, member: Member[T]) -> None:
        """Takes note that `member` is well."""
        with self._guard:
            member.faults, member.rests_until = 0, 0.0

    def wait(self, seconds: float) -> bool:
        """Waits; False where the wait was ended by the run's end."""
        return not self._stopped.wait(seconds)
