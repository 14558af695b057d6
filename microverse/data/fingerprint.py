"""Clips as vectors, and which of them are alike: a score, never a deletion."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .config import Fingerprint
from .embedders import embedder_identity, make_embedder
from .evidence import Evidence, evenly
from .records import Clip

FRAMES = 4
BLOCK = 2048
"""Clips compared at once: 2,048 × 2,048 products are 16 MB."""


class FingerprintScorer:
    """Embeds a few frames of a clip, one after another, as one unit vector."""

    name = "fingerprint"
    version = 1

    def __init__(self, settings: Fingerprint, device: str | None = None) -> None:
        self.settings, self._device = settings, device

    def identity(self) -> dict[str, Any]:
        """The embedder."""
        return {"embedder": embedder_identity(self.settings.embedder), "frames": FRAMES}

    def score(self, clip: Clip, evidence: Sequence[Evidence]) -> dict[str, Any]:
        """``vector``: base64 of little-endian float16."""
        embedder = make_embedder(self.settings.embedder, device=self._device)
        frames = evenly(evidence, FRAMES)
        frames += [frames[-1]] * (FRAMES - len(frames))
        vector = np.concatenate([embedder.embed(frame.image) for frame in frames])
        vector /= float(np.linalg.norm(vector)) or 1.0
        return {"vector": base64.b64encode(vector.astype("<f2").tobytes()).decode("ascii")}


@dataclass(frozen=True)
class Twin:
    """The clip before it that a clip is most like."""

    clip: str
    twin: str | None
    """None for the first clip of all."""
    similarity: float
    """Cosine, −1 to 1."""


def twins(clips: Iterable[tuple[str, str]]) -> Iterator[Twin]:
    """For every clip, the most similar one before it.

    Compared in blocks, so that memory holds the vectors (half a kilobyte each and clip) and one block of products.

    Args:
        clips: Id and vector, as `FingerprintScorer` wrote it, in the order that decides which of two is the copy.
    """
    ids: list[str] = []
    blocks: list[NDArray[np.float16]] = []
    batch: list[tuple[str, NDArray[np.float16]]] = []
    for clip, text in clips:
        batch.append((clip, np.frombuffer(base64.b64decode(text), "<f2")))
        if len(batch) == BLOCK:
            yield from _compared(batch, ids, blocks)
            batch = []
    if batch:
        yield from _compared(batch, ids, blocks)


def _compared(
    batch: list[tuple[str, NDArray[np.float16]]], ids: list[str], blocks: list[NDArray[np.float16]]
) -> Iterator[Twin]:
    vectors = np.stack([vector for _, vector in batch])
    wide = vectors.astype(np.float32)
    best, place = np.full(len(batch), -2.0, np.float32), np.zeros(len(batch), np.intp)
    offset = 0
    for block in [*blocks, vectors]:
        products = wide @ block.astype(np.float32).T
        if block is vectors:  # only what comes before, and never itself
            products[np.triu_indices(len(batch))] = -2.0
        nearest = products.argmax(axis=1)
        values = products[np.arange(len(batch)), nearest]
        better = values > best
        best[better], place[better] = values[better], nearest[better] + offset
        offset += len(block)
    names = ids + [clip for clip, _ in batch]
    for (clip, _), value, index in zip(batch, best, place, strict=True):
        yield Twin(clip, None, 0.0) if value < -1.5 else Twin(clip, names[index], round(float(value), 4))
    ids += [clip for clip, _ in batch]
    blocks.append(vectors)
