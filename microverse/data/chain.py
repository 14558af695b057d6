"""The stages of a configuration, and the one pass over a source that does all that is still to do.

A source is decoded once: the splitter sees every frame, and each clip is scored as soon as it is complete, from frames
kept while they streamed by. Where the split stands already, only the frames that the clips' evidence names are decoded.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from microworldbench.errors import InputError, RunStoppedError, VideoError
from microworldbench.video import StreamedFrame, stream

from .border import BorderScorer
from .config import Border, Curation
from .evidence import Evidence
from .executors import Outcome
from .fingerprint import FingerprintScorer
from .ingest import media_limits, read_source
from .ledger import Ledger, contract
from .manifest import find_sources
from .records import Clip, Source
from .relevance.scorer import RelevanceScorer
from .split import VERSION as SPLIT_VERSION
from .split import FoundClip, make_splitter, split_settings
from .text import TextScorer

SPLIT = "split"


class Scorer(Protocol):
    """Computes a score of one clip."""

    name: str
    version: int
    """Raised whenever a score changes for the same settings."""

    def identity(self) -> dict[str, Any]:
        """Everything else the score depends on."""

    def score(self, clip: Clip, evidence: Sequence[Evidence]) -> dict[str, Any]:
        """JSON values; the same for the same clip and frames."""


class TimedOutError(Exception):
    """An item took longer than it may."""


@dataclass(frozen=True)
class Chain:
    """The stages of a configuration with their contracts.

    Args:
        config: What to do.
        device: For models; None takes a GPU where there is one.
    """

    config: Curation
    device: str | None = None

    @cached_property
    def split(self) -> str:
        """Contract of the split."""
        settings = split_settings(self.config.split)
        if self.config.split.method == "given" and self.config.sources.is_file():
            known = find_sources(self.config.sources).known
            settings["spans"] = [
                [path, [[span.start_s, span.end_s] for span in about.spans]] for path, about in sorted(known.items())
            ]
        return contract(SPLIT, SPLIT_VERSION, {**settings, "dark": self.dark})

    @property
    def dark(self) -> int:
        """Brightness up to which a pixel counts as black."""
        return (self.config.border or Border()).dark

    @cached_property
    def scorers(self) -> list[Scorer]:
        """In the order of the paper's chain, those that are cheap to tell apart by first."""
        config = self.config
        made: list[Scorer] = []
        if config.relevance is not None:
            made.append(RelevanceScorer(config.relevance, self.device))
        if config.border is not None:
            made.append(BorderScorer(config.border))
        if config.text is not None:
            made.append(TextScorer(config.text))
        if config.fingerprint is not None:
            made.append(FingerprintScorer(config.fingerprint, self.device))
        return made

    @cached_property
    def contracts(self) -> dict[str, str]:
        """Contract of every stage that looks at sources, by name."""
        scored = {s.name: contract(s.name, s.version, s.identity(), self.split) for s in self.scorers}
        return {SPLIT: self.split, **scored}


@dataclass
class ExamineWork:
    """Splits a source and scores its clips, as far as that is not done. Items are source ids.

    Args:
        chain: The stages.
        ledger: Where results go.
        root: The folder of the sources.
        timeout_s: After so many seconds a source is given up.
    """

    chain: Chain
    ledger: Ledger
    root: Path
    timeout_s: float

    def __call__(self, item: str) -> Outcome:
        """Does the source."""
        try:
            self._examine(read_source(self.ledger, item))
        except VideoError as error:
            return self._failed(item, str(error), is_final=True)
        except TimedOutError:
            return self._failed(item, f"not done within {self.timeout_s:g} s")
        except (RunStoppedError, InputError) as error:
            return Outcome(item, "stopped", str(error))
        except Exception as error:  # noqa: BLE001 one source must not end the run; it is recorded and counted
            return self._failed(item, f"{type(error).__name__}: {error}")
        return Outcome(item, "done")

    def lost(self, item: str, error: str) -> Outcome:
        """Counts the attempt."""
        return self._failed(item, error)

    def _failed(self, item: str, error: str, *, is_final: bool = False) -> Outcome:
        self.ledger.fail(self.chain.split, item, error, is_final=is_final)
        return Outcome(item, "failed", error, is_final)

    def _examine(self, source: Source) -> None:
        contracts, ledger = self.chain.contracts, self.ledger
        split = ledger.read(contracts[SPLIT], source.id)
        todo = [s for s in self.chain.scorers if split is None or ledger.read(contracts[s.name], source.id) is None]
        frames = _Watch(self.root / source.path, self.timeout_s, self.chain.config)
        clips: list[Clip] = []
        scores: dict[str, list[dict[str, Any]]] = {scorer.name: [] for scorer in todo}
        splitter = None
        if split is None:
            splitter = make_splitter(
                source, self.chain.config.split, contracts[SPLIT], dark=self.chain.dark, device=self.chain.device
            )
            found = splitter.clips(frames.all())
        else:
            found = self._again([Clip.model_validate(clip) for clip in split["clips"]], frames)
        for each in found:
            clips.append(each.clip)
            for scorer in todo:
                scores[scorer.name].append({"clip": each.clip.id, **scorer.score(each.clip, each.evidence)})
                frames.check()
        if splitter is not None:
            dumped = [clip.model_dump(mode="json") for clip in clips]
            ledger.write(contracts[SPLIT], source.id, {"clips": dumped, "counts": dict(splitter.counts)})
        for name, rows in scores.items():
            ledger.write(contracts[name], source.id, {"clips": sorted(rows, key=lambda row: row["clip"])})

    def _again(self, clips: list[Clip], frames: _Watch) -> Iterator[FoundClip]:
        """The clips with their evidence, decoded anew; each as soon as its last frame is there."""
        waiting = {clip.id: clip for clip in clips}
        wanted = {index for clip in clips for index, _ in clip.evidence}
        held: dict[str, list[Evidence]] = {clip.id: [] for clip in clips}
        for frame in frames.chosen(wanted) if wanted else ():
            asking = [c for c in waiting.values() if any(index == frame.source_index for index, _ in c.evidence)]
            evidence = Evidence(frame, max_side=self.chain.config.split.evidence_px, dark=self.chain.dark)
            for clip in asking:
                held[clip.id].append(evidence)
                if len(held[clip.id]) == len(clip.evidence):
                    del waiting[clip.id]
                    yield FoundClip(clip, sorted(held.pop(clip.id), key=lambda each: each.index))


class _Watch:
    """A source's frames, with an eye on the time."""

    def __init__(self, path: Path, timeout_s: float, config: Curation) -> None:
        self._path, self._limits = path, media_limits(config.limits)
        self._until_s = time.monotonic() + timeout_s

    def check(self) -> None:
        if time.monotonic() > self._until_s:
            raise TimedOutError

    def all(self) -> Iterator[StreamedFrame]:
        # One thread: workers stand side by side, and results must not depend on how many there are.
        for frame in stream(self._path, threads=1, limits=self._limits):
            self.check()
            yield frame

    def chosen(self, wanted: set[int]) -> Iterator[StreamedFrame]:
        for frame in stream(self._path, wanted=wanted, threads=1, limits=self._limits):
            self.check()
            yield frame
