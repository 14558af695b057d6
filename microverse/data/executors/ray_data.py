"""Ray Data: the same work on a cluster that shares the folders.

Ray moves item names only; videos are read and results written by the workers, below paths that every machine must see.
Its own checkpoints are not used: what has a result file is simply not asked for again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from microworldbench.errors import InputError, MissingExtraError

from . import Outcome, Work

CHUNK = 512
"""Items given to Ray at once, a block each: its own bookkeeping then stays small however many sources there are."""


class RayData:
    """Actors of a Ray cluster, each with one item at a time; models are loaded once an actor.

    Args:
        workers: Actors.
        address: Of a running cluster; None starts one on this machine and ends it afterwards.
        gpus: For each actor.

    Raises:
        MissingExtraError: Ray is not installed.
    """

    def __init__(self, workers: int, *, address: str | None = None, gpus: float = 0.0) -> None:
        try:
            import ray  # noqa: F401
        except ImportError:
            raise MissingExtraError("--executor ray", "ray", "pip install 'microworldbench[ray]'") from None
        self._workers, self._address, self._gpus = workers, address, gpus

    def map(self, work: Work, items: Iterable[str]) -> Iterator[Outcome]:
        """Yields outcomes as blocks finish."""
        import ray

        queue = iter(items)
        chunk = list(islice(queue, CHUNK))
        if not chunk:
            return
        ours = self._connect()
        try:
            while chunk:
                yield from self._chunk(work, chunk)
                chunk = list(islice(queue, CHUNK))
        finally:
            if ours:
                ray.shutdown()

    def _connect(self) -> bool:
        """Whether this executor started Ray, and so has to end it."""
        import ray

        if ray.is_initialized():
            return False
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "include_dashboard": False}
        try:
            if self._address is None:
                ray.init(num_cpus=self._workers, **quiet)
            else:
                ray.init(address=self._address, log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise InputError(f"cannot reach Ray at {self._address!r}: {error}") from None
        return True

    def _chunk(self, work: Work, chunk: list[str]) -> Iterator[Outcome]:
        import ray

        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        options: dict[str, Any] = {"num_cpus": 1, "concurrency": min(self._workers, len(chunk))}
        if self._gpus:
            options["num_gpus"] = self._gpus
        rows = ray.data.from_items([{"item": item} for item in chunk], override_num_blocks=len(chunk)).map(
            _Actor, fn_constructor_args=(work,), max_restarts=2, max_task_retries=2, **options
        )
        seen = set()
        for row in rows.iter_rows():
            seen.add(row["item"])
            yield Outcome(row["item"], row["status"], row["error"], row["is_final"])
        for item in chunk:
            if item not in seen:
                yield work.lost(item, "Ray gave no answer for it")


class _Actor:
    def __init__(self, work: Work) -> None:
        self._work = work

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        outcome = self._work(row["item"])
        return {
            "item": outcome.item,
            "status": outcome.status,
            "error": outcome.error,
            "is_final": outcome.is_final,
        }
