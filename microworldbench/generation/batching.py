"""Turns requests that arrive one a thread into batches: whoever comes first works for those who wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

I = TypeVar("I")  # noqa: E741 input
O = TypeVar("O")  # noqa: E741 output

GATHER_S = 0.2
"""How long the first of a batch waits for others; a video takes seconds to minutes."""


@dataclass
class _Waiting(Generic[I, O]):
    item: I
    done: threading.Event = field(default_factory=threading.Event)
    result: list[O] = field(default_factory=list)
    error: BaseException | None = None


class Batcher(Generic[I, O]):
    """Calls `work` with up to `size` items at once, one batch at a time.

    Args:
        work: Gets items, returns their results in order.
        size: Most items in a batch; with 1 nothing ever waits.
        alike: Whether two items may share a batch.
    """

    def __init__(self, work: Callable[[Sequence[I]], list[O]], size: int, alike: Callable[[I, I], bool]) -> None:
        self._work, self._size, self._alike = work, size, alike
        self._turn = threading.Lock()
        self._arrived = threading.Condition()
        self._waiting: list[_Waiting[I, O]] = []

    def __call__(self, item: I) -> O:
        """The result for `item`; raises what the work on its batch raised."""
        if self._size == 1:
            with self._turn:
                return self._work([item])[0]
        mine: _Waiting[I, O] = _Waiting(item)
        with self._arrived:
            self._waiting.append(mine)
            self._arrived.notify_all()
        with self._turn:  # one batch at a time; by the time it is our turn somebody may have done our work
            if not mine.done.is_set():
                self._serve(self._gather(mine))
        if mine.error is not None:
            raise mine.error
        return mine.result[0]

    def _gather(self, mine: _Waiting[I, O]) -> list[_Waiting[I, O]]:
        def alike() -> list[_Waiting[I, O]]:
            return [other for other in self._waiting if other is mine or self._alike(mine.item, other.item)]

        with self._arrived:
            self._arrived.wait_for(lambda: len(alike()) >= self._size, timeout=GATHER_S)
            others = [other for other in alike() if other is not mine]
            batch = [mine, *others[: self._size - 1]]
            self._waiting = [other for other in self._waiting if other not in batch]
        return batch

    def _serve(self, batch: list[_Waiting[I, O]]) -> None:
        try:
            for waiting, result in zip(batch, self._work([w.item for w in batch]), strict=True):
                waiting.result.append(result)
        except BaseException as error:
            for waiting in batch:
                waiting.error = error
            if not isinstance(error, Exception):
                raise
        finally:
            for waiting in batch:
                waiting.done.set()
