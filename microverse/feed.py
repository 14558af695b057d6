"""Brings a run's samples to the device ahead of time. What they are is the plan's matter; this only fetches them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import torch

from .cache.reading import Cache
from .cache.records import ClipEntry
from .flow import Objective
from .plan import Draw, Plan
from .step import Batch

AHEAD = 2
"""Steps that are fetched while one is computed."""


@dataclass(frozen=True)
class Fetched:
    """A step's samples of one process.

    Attributes:
        batches: One a forward pass.
        draws: What was drawn for each sample, in their order.
        waited_s: How long the step had to wait for them.
    """

    batches: list[Batch]
    draws: list[Draw]
    waited_s: float


class Feed:
    """Fetches samples.

    Args:
        cache: Where clips lie.
        plan: What every step's samples are.
        objective: Turns drawn numbers into noise levels and weights.
        shares: This process's samples of a step's batch, one range a forward pass.
        device: Where they go.
        dropped_as_zeros: Whether zeros stand in for a dropped caption, instead of the empty prompt.
    """

    def __init__(
        self,
        cache: Cache,
        plan: Plan,
        objective: Objective,
        shares: Sequence[range],
        device: Any,
        *,
        dropped_as_zeros: bool = False,
    ) -> None:
        self.plan, self.objective, self.shares, self.device = plan, objective, list(shares), device
        self._cache = cache
        self._clips = [clips for _, clips in cache.buckets("train")]
        empty = cache.prompt("")
        self._dropped = torch.zeros_like(empty) if dropped_as_zeros else empty
        self._pins = device.type == "cuda"

    def steps(self, first: int, end: int) -> Iterator[Fetched]:
        """The samples of steps `first` to `end` - 1, fetched ahead by a thread."""
        waiting: deque[Future[tuple[list[Batch], list[Draw]]]] = deque()
        numbers = iter(range(first, end))
        with ThreadPoolExecutor(1, thread_name_prefix="feed") as pool:
            try:
                for number in numbers:
                    waiting.append(pool.submit(self._step, number))
                    if len(waiting) > AHEAD:
                        yield self._taken(waiting.popleft())
                while waiting:
                    yield self._taken(waiting.popleft())
            finally:
                for future in waiting:
                    future.cancel()

    def _taken(self, future: Future[tuple[list[Batch], list[Draw]]]) -> Fetched:
        began = time.perf_counter()
        batches, draws = future.result()
        waited_s = time.perf_counter() - began
        return Fetched([batch.to(self.device) for batch in batches], draws, waited_s)

    def _step(self, number: int) -> tuple[list[Batch], list[Draw]]:
        drawn = self.plan.step(number)
        mine = [[drawn[index] for index in share] for share in self.shares]
        return [self._batch(draws) for draws in mine], [draw for draws in mine for draw in draws]

    def _batch(self, draws: Sequence[Draw]) -> Batch:
        clips = [self._clips[draw.bucket][draw.clip] for draw in draws]
        levels = [self.objective.level(draw.u) for draw in draws]
        texts = [
            self._dropped if draw.drops_caption else self._cache.text(clip.caption)
            for draw, clip in zip(draws, clips, strict=True)
        ]
        batch = assembled(self._cache, clips, [draw.noise_seed for draw in draws], levels, texts)
        weights = torch.tensor([self.objective.weight(level) for level in levels], dtype=torch.float32)
        batch = Batch(batch.latents, batch.noise, batch.levels, weights, batch.text, batch.clips)
        return batch.pinned() if self._pins else batch


def assembled(
    cache: Cache, clips: Sequence[ClipEntry], seeds: Sequence[int], levels: Sequence[float], texts: Sequence[Any]
) -> Batch:
    """A batch of clips of one shape, each noised by its own seed; weights are 1."""
    latents = torch.stack([cache.latents(clip) for clip in clips])
    noise = torch.stack([noise_of(seed, latents.shape[1:]) for seed in seeds])
    level = torch.tensor(levels, dtype=torch.float32)
    ids = tuple(clip.id for clip in clips)
    return Batch(latents, noise, level, torch.ones(len(clips)), torch.stack(list(texts)), ids)


def noise_of(seed: int, shape: Sequence[int]) -> Any:
    """Standard normal float32, drawn on the CPU so that it is the same wherever it is used."""
    return torch.randn(tuple(shape), generator=torch.Generator().manual_seed(seed), dtype=torch.float32)
