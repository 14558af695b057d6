"""Which clip, noise and noise level every sample of a run gets: a pure function of the seed and the sample's number.

Nothing random lives in a process, so neither a restart nor another number of processes changes what is trained.

A step's batch holds clips of one bucket (one shape). Every bucket is an endless stream of its clips, in a new order
each time round. In pass ``c`` over the data, bucket ``b`` of ``n`` clips gives ``⌊(c+1)·n/B⌋ - ⌊c·n/B⌋`` batches of
``B``, so that each of its clips is seen equally often, to within one, and none is left out at the end of a pass.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

CLIPS, BATCHES, LEVEL, NOISE, DROP, VALIDATION = range(6)
"""What a random number is for; each purpose has a stream of its own."""


@dataclass(frozen=True)
class Draw:
    """One sample.

    Attributes:
        number: Its number in the run, from 0.
        bucket: Index of its bucket.
        clip: Index of its clip in the bucket.
        u: Uniform in (0, 1), which the objective turns into a noise level.
        noise_seed: Seeds the noise.
        drops_caption: Whether it is trained without its caption.
    """

    number: int
    bucket: int
    clip: int
    u: float
    noise_seed: int
    drops_caption: bool


class Plan:
    """The samples of a run.

    Args:
        sizes: Clips in each bucket; at least one clip in all.
        batch: Samples a step.
        seed: Of the run.
        dropout: Share of samples without their caption.
    """

    def __init__(self, sizes: Sequence[int], batch: int, seed: int, dropout: float = 0.0) -> None:
        if not sum(sizes) or min(sizes) < 0 or batch < 1:
            raise ValueError(f"a plan needs clips and a batch, got {list(sizes)} clips and batches of {batch}")
        self.sizes, self.batch, self.seed, self.dropout = tuple(sizes), batch, seed, dropout
        self._order = lru_cache(maxsize=4 * len(self.sizes))(self._shuffled_clips)
        self._pass = lru_cache(maxsize=2)(self._shuffled_batches)

    def step(self, number: int) -> list[Draw]:
        """The samples of step `number`, from 0."""
        bucket, first = self._batch(number)
        return [self._draw(number * self.batch + i, bucket, first + i) for i in range(self.batch)]

    def passes(self, steps: int) -> float:
        """How often the data has been gone through after `steps`."""
        return steps * self.batch / sum(self.sizes)

    def _draw(self, number: int, bucket: int, place: int) -> Draw:
        turn, index = divmod(place, self.sizes[bucket])
        return Draw(
            number,
            bucket,
            int(self._order(bucket, turn)[index]),
            self._uniform(LEVEL, number),
            noise_seed(self.seed, NOISE, number),
            self._uniform(DROP, number) < self.dropout,
        )

    def _uniform(self, purpose: int, number: int) -> float:
        return (int(_raw(self.seed, purpose, number, 1)[0] >> np.uint64(11)) + 0.5) * 2.0**-53

    def _batch(self, step: int) -> tuple[int, int]:
        """The bucket of a step and where in the bucket's stream its batch begins."""
        furthest = (step + len(self.sizes)) * self.batch // sum(self.sizes) + 2
        turn = bisect_right(range(furthest), step, key=self._before) - 1
        bucket, earlier = self._pass(turn)[step - self._before(turn)]
        return bucket, (turn * self.sizes[bucket] // self.batch + earlier) * self.batch

    def _before(self, turn: int) -> int:
        """Batches of all passes before `turn`."""
        return sum(turn * size // self.batch for size in self.sizes)

    def _shuffled_batches(self, turn: int) -> list[tuple[int, int]]:
        """The batches of a pass in their order, as (bucket, batches of it before in this pass)."""
        counts = [(turn + 1) * size // self.batch - turn * size // self.batch for size in self.sizes]
        flat = [bucket for bucket, count in enumerate(counts) for _ in range(count)]
        seen = [0] * len(self.sizes)
        result = []
        for index in _permutation(self.seed, BATCHES, turn, len(flat)):
            result.append((flat[index], seen[flat[index]]))
            seen[flat[index]] += 1
        return result

    def _shuffled_clips(self, bucket: int, turn: int) -> NDArray[np.int64]:
        return _permutation(self.seed, CLIPS + (bucket + 1) * 8, turn, self.sizes[bucket])


def noise_seed(seed: int, purpose: int, number: int) -> int:
    """A seed for a sample's noise, below 2^63."""
    return int(_raw(seed, purpose, number, 1)[0] >> np.uint64(1))


def _permutation(seed: int, purpose: int, number: int, length: int) -> NDArray[np.int64]:
    return np.argsort(_raw(seed, purpose, number, length), kind="stable")


def _raw(seed: int, purpose: int, number: int, length: int) -> NDArray[np.uint64]:
    """Random 64-bit words. The bit stream of Philox is fixed (Salmon et al. 2011); numpy's distributions are not."""
    return np.atleast_1d(np.random.Philox(key=seed, counter=[0, number, purpose, 0]).random_raw(length))
