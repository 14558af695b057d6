"""Three ways to do the same work on many items: in this process, in several, or on a Ray cluster.

An executor only maps a function over items. The function stores its own results, so nothing depends on an executor
having delivered them, and all three leave the same files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from microworldbench.errors import InputError, UnknownNameError

Status = Literal["done", "failed", "stopped"]


@dataclass(frozen=True)
class Outcome:
    """What came of one item."""

    item: str
    status: Status
    """``stopped``: nothing more can succeed (the disk is full)."""
    error: str = ""
    is_final: bool = False
    """Trying again would go the same way."""


class Work(Protocol):
    """Something to be done with an item. It can be pickled, and loads its models at its first call in a process."""

    def __call__(self, item: str) -> Outcome:
        """Does the item and stores what it found. What is wrong with an item is an outcome, not an exception."""

    def lost(self, item: str, error: str) -> Outcome:
        """Records that the worker which had the item is gone or was stopped."""


class Executor(Protocol):
    """Maps work over items."""

    def map(self, work: Work, items: Iterable[str]) -> Iterator[Outcome]:
        """Yields an outcome for every item, in any order."""


EXECUTORS = ("serial", "processes", "ray")


def make_executor(
    name: str, *, workers: int | None = None, timeout_s: float = 1800.0, address: str | None = None, gpus: float = 0.0
) -> Executor:
    """An executor by name.

    Args:
        name: ``serial``, ``processes`` or ``ray``.
        workers: Processes or Ray actors; None is one for each processor.
        timeout_s: After so many seconds an item is given up. The work checks it between frames; with ``processes``
            a worker that does not is ended.
        address: Of a Ray cluster; None starts a local one.
        gpus: GPUs for each Ray worker.

    Raises:
        UnknownNameError: there is no such executor.
        InputError: a number is out of range.
        MissingExtraError: Ray is not installed.
    """
    import os

    if workers is not None and workers < 1:
        raise InputError(f"workers must be at least 1, got {workers}")
    if timeout_s <= 0:
        raise InputError(f"the timeout must be positive, got {timeout_s:g} s")
    count = workers or len(os.sched_getaffinity(0))
    if name == "serial":
        from .serial import Serial

        return Serial()
    if name == "processes":
        from .processes import Processes

        return Processes(count, timeout_s)
    if name == "ray":
        from .ray_data import RayData

        return RayData(count, address=address, gpus=gpus)
    raise UnknownNameError("executor", name, EXECUTORS)
