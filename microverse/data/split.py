"""Turns a stream of frames into clips: shots between 5 and 60 seconds, each with its evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from microworldbench.rubric import digest_of
from microworldbench.video import StreamedFrame

from .config import Split
from .embedders import embedder_identity
from .evidence import Evidence, SampleClock, Store
from .records import Clip, GivenSpan, Source
from .shots import Boundaries, make_boundaries

VERSION = 1
CLIP_ID_LENGTH = 16
ROUNDING = 6
SLACK_S = 1e-6


def split_settings(settings: Split) -> dict[str, Any]:
    """What a split depends on: its settings, and which model the embedder is."""
    dumped = settings.model_dump(mode="json")
    return {**dumped, "embedder": embedder_identity(settings.embedder) if settings.method == "similarity" else None}


@dataclass(frozen=True, eq=False)
class FoundClip:
    """A clip and the frames its scores are computed from."""

    clip: Clip
    evidence: list[Evidence]


class Splitter(Protocol):
    """Takes a source's frames in order and gives its clips, each as soon as it is complete."""

    counts: Counter[str]
    """Shots seen; those dropped as ``short``; those beyond the longest length as ``long``."""

    def clips(self, frames: Iterator[StreamedFrame]) -> Iterator[FoundClip]:
        """Reads `frames` to the end."""


@dataclass(frozen=True)
class _Making:
    """What every clip of a source has in common."""

    source: str
    duration_s: float
    settings: Split
    contract: str
    dark: int

    def store(self) -> Store:
        # Twice as many as are wanted, so that at least as many remain after thinning.
        return Store(2 * self.settings.evidence, max_side=self.settings.evidence_px, dark=self.dark)

    def clip(self, first: int, last: int, start_s: float, end_s: float, store: Store) -> FoundClip | None:
        evidence = store.frames(self.settings.evidence, last)
        if not evidence or last < first:
            return None
        clip = Clip(
            id=digest_of([self.source, first, last, self.contract])[:CLIP_ID_LENGTH],
            source=self.source,
            first=first,
            last=last,
            start_s=round(start_s, ROUNDING),
            end_s=round(end_s, ROUNDING),
            evidence=tuple((frame.index, round(frame.time_s, ROUNDING)) for frame in evidence),
        )
        return FoundClip(clip, evidence)


def make_splitter(source: Source, settings: Split, contract: str, *, dark: int, device: str | None = None) -> Splitter:
    """The splitter that `settings` ask for.

    Args:
        source: The video.
        settings: How to cut it.
        contract: Of the split, part of the clips' ids.
        dark: Brightness up to which a pixel counts as black.
        device: For models.

    Raises:
        InputError, MissingExtraError: see `shots.make_boundaries`.
    """
    making = _Making(source.id, source.duration_s, settings, contract, dark)
    if settings.method == "given":
        return GivenSplitter(making, source.known.spans or (GivenSpan(start_s=0),))
    return ShotSplitter(making, make_boundaries(settings, device=device))


class ShotSplitter:
    """Cuts where `boundaries` say, and long shots as the settings want."""

    def __init__(self, making: _Making, boundaries: Boundaries) -> None:
        self._making, self._boundaries = making, boundaries
        self._max_s, self._policy = making.settings.max_s, making.settings.long_shots
        self.counts: Counter[str] = Counter(shots=0, short=0, long=0)
        self._clock = SampleClock(making.settings.samples_per_s)
        self._recent: list[tuple[int, float]] = []
        """Number and time of the frames since the last sample: where a cut can still turn out to be."""
        self._first, self._start_s = 0, 0.0
        self._latest = (0, 0.0)
        """The last sample at which the shot was not too long."""
        self._store, self._is_piece = making.store(), False

    def clips(self, frames: Iterator[StreamedFrame]) -> Iterator[FoundClip]:
        """Reads `frames` to the end."""
        last = -1
        for frame in frames:
            yield from self._see(frame)
            last = frame.source_index
        yield from self._close(last, self._making.duration_s)

    def _see(self, frame: StreamedFrame) -> Iterator[FoundClip]:
        is_sample = self._clock.is_due(frame.time_s)
        self._recent.append((frame.source_index, frame.time_s))
        place = self._boundaries.see(frame, is_sample=is_sample)
        if place is not None and place > self._first:
            time_s = next((time for index, time in self._recent if index == place), frame.time_s)
            yield from self._close(place - 1, time_s)
            self._begin(place, time_s)
        elif self._policy == "cut" and self._is_too_long(frame.time_s):
            index, time_s = self._latest
            self.counts["long"] += not self._is_piece
            yield from self._close(index - 1, time_s)
            self._begin(index, time_s)
            self._is_piece = True
        if is_sample:
            self._recent = self._recent[-1:]
            if not self._is_too_long(frame.time_s):
                self._latest = (frame.source_index, frame.time_s)
                self._store.offer(frame)

    def _begin(self, first: int, start_s: float) -> None:
        self._first, self._start_s, self._latest = first, start_s, (first, start_s)
        self._store, self._is_piece = self._making.store(), False

    def _is_too_long(self, time_s: float) -> bool:
        return time_s - self._start_s > self._max_s + SLACK_S

    def _close(self, last: int, end_s: float) -> Iterator[FoundClip]:
        self.counts["shots"] += not self._is_piece
        if self._is_too_long(end_s):
            self.counts["long"] += not self._is_piece
            if self._policy == "drop":
                return
            last, end_s = self._latest[0] - 1, self._latest[1]
        found = None
        if end_s - self._start_s >= self._making.settings.min_s - SLACK_S:
            found = self._making.clip(self._first, last, self._start_s, end_s, self._store)
        if found is None:
            self.counts["short"] += 1
        else:
            yield found


@dataclass
class _OpenSpan:
    span: GivenSpan
    store: Store
    first: int = -1
    start_s: float = 0.0


@dataclass
class GivenSplitter:
    """Takes spans as they are, however long they are, also overlapping ones."""

    making: _Making
    spans: tuple[GivenSpan, ...]
    counts: Counter[str] = field(default_factory=lambda: Counter(shots=0, short=0, long=0))

    def clips(self, frames: Iterator[StreamedFrame]) -> Iterator[FoundClip]:
        """Reads `frames` to the end."""
        clock = SampleClock(self.making.settings.samples_per_s)
        is_open = [_OpenSpan(span, self.making.store()) for span in self.spans]
        last = -1
        for frame in frames:
            is_sample = clock.is_due(frame.time_s)
            for each in list(is_open):
                if each.span.end_s is not None and frame.time_s >= each.span.end_s - SLACK_S:
                    is_open.remove(each)
                    yield from self._finish(each, last, frame.time_s)
                elif frame.time_s >= each.span.start_s - SLACK_S and (each.first < 0 or is_sample):
                    if each.first < 0:
                        each.first, each.start_s = frame.source_index, frame.time_s
                    each.store.offer(frame)
            last = frame.source_index
        for each in is_open:
            yield from self._finish(each, last, self.making.duration_s)

    def _finish(self, each: _OpenSpan, last: int, end_s: float) -> Iterator[FoundClip]:
        self.counts["shots"] += 1
        found = None if each.first < 0 else self.making.clip(each.first, last, each.start_s, end_s, each.store)
        if found is None:
            self.counts["short"] += 1
        else:
            yield found
