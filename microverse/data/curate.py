"""The whole chain on one configuration: what is still to do is done, whatever was done before is taken as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from microworldbench.chat.passing import Haste
from microworldbench.errors import RunStoppedError
from microworldbench.progress import Progress, Silent

from .captions import CallLog, Wanted, caption, caption_group, corrected, given_captions
from .chain import Chain, ExamineWork
from .clips import CutWork, cut_contract, to_cut
from .config import Curation
from .decide import Decision, Others, Step, decide, funnel, rows
from .executors import Executor, Outcome
from .ingest import files, index, ingest, probe_contract, sources
from .ledger import Failure, Ledger
from .levels import CHAT, classify
from .manifest import Found, find_sources
from .reviews import merge, read_reviews

ATTEMPTS = 2
"""So often an item may fail before it is quarantined."""


@dataclass(frozen=True)
class Shelf:
    """A configuration with its work folder, for everything that only reads.

    Args:
        config: What is curated.
        device: For models; None takes a GPU where there is one.
    """

    config: Curation
    device: str | None = None

    @cached_property
    def ledger(self) -> Ledger:
        """The results."""
        return Ledger(self.config.out)

    @cached_property
    def chain(self) -> Chain:
        """The stages."""
        return Chain(self.config, self.device)

    @cached_property
    def found(self) -> Found:
        """The files, as far as they can be found now."""
        return find_sources(self.config.sources, self.config.collected)

    def captions(self) -> dict[str, str]:
        """The caption of each clip that has one: the experts' correction, the model's, or the one that came along."""
        settings = self.config.caption
        given = given_captions((row.clip, row.source) for row in rows(self.chain, self.ledger))
        made = CallLog(self.config.out / "captions" / "calls.jsonl").captions(
            None if settings is None else caption_group(settings)
        )
        reviews = merge(read_reviews(self.config.out, "captions"))
        return corrected(given | made, {clip: said.correction for clip, said in reviews.items()})

    def others(self) -> Others:
        """What decisions need beside scores."""
        clips = merge(read_reviews(self.config.out, "clips"))
        captions = merge(read_reviews(self.config.out, "captions"))
        has = dict.fromkeys(self.captions(), True)
        refused = {clip: False for clip, said in captions.items() if said.accepts is False and clip in has}
        return Others(
            reviews={clip: said.accepts for clip, said in clips.items()},
            captions={**has, **refused},
        )

    def decisions(self) -> Iterator[Decision]:
        """Of every clip."""
        return decide(self.chain, self.ledger, self.others())

    def tally(self) -> Tally:
        """Everything counted."""
        listed = list(files(self.ledger))
        kept = [file for file in listed if file.source is not None and file.twin is None]
        reasons: dict[str, int] = {}
        for file in listed:
            if file.reason is not None:
                reasons[file.reason] = reasons.get(file.reason, 0) + 1
        done = self.ledger.done(self.chain.split)
        counts: dict[str, int] = {"shots": 0, "short": 0, "long": 0}
        for file in kept:
            result = self.ledger.read(self.chain.split, str(file.source)) if file.source in done else None
            for name, count in (result or {"counts": {}})["counts"].items():
                counts[name] = counts.get(name, 0) + count
        steps = funnel(self.decisions(), self.chain)
        return Tally(
            files=len(listed),
            unreadable=reasons,
            twins=sum(file.twin is not None for file in listed),
            sources=len(kept),
            split=len(done & {str(file.source) for file in kept}),
            counts=counts,
            steps=steps,
            cut=len(self.ledger.done(cut_contract(self.config.cut))),
            quarantined=self.quarantined(),
        )

    def quarantined(self) -> list[Failure]:
        """What has been given up."""
        contracts = [probe_contract(self.config.limits), self.chain.split, cut_contract(self.config.cut)]
        return [f for name in contracts for f in self.ledger.quarantined(name, ATTEMPTS).values()]


@dataclass(frozen=True)
class Tally:
    """What a curation has come to."""

    files: int
    unreadable: dict[str, int]
    """Files that are no videos, by reason."""
    twins: int
    """Files whose content came under an earlier name."""
    sources: int
    split: int
    """Sources that have been looked at."""
    counts: dict[str, int]
    """Shots; those too short; those too long."""
    steps: list[Step]
    cut: int
    quarantined: list[Failure] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """As one JSON document."""
        return {
            "files": self.files,
            "unreadable": self.unreadable,
            "copies": self.twins,
            "sources": self.sources,
            "sources_split": self.split,
            "shots": self.counts,
            "funnel": [vars(step) for step in self.steps],
            "clips_cut": self.cut,
            "quarantined": [vars(failure) for failure in self.quarantined],
        }


def run(
    shelf: Shelf,
    executor: Executor,
    *,
    haste: Haste | None = None,
    timeout_s: float = 1800.0,
    progress: Progress | None = None,
    changed: Callable[[], None] = lambda: None,
) -> Tally:
    """Does everything that is still to do.

    Args:
        shelf: What to curate.
        executor: Who works.
        haste: Calls in flight and cost cap, for captions and levels each.
        timeout_s: After so many seconds a source is given up.
        progress: Told about every finished item.
        changed: Called now and then, when the funnel has moved.

    Raises:
        RunStoppedError: the disk is full, or no caption can be had; the same call goes on.
        InputError: something in the configuration cannot be used.
    """
    config, ledger, told = shelf.config, shelf.ledger, progress or Silent()
    contracts = shelf.chain.contracts  # names every model before anything runs
    outcomes = ingest(shelf.found, ledger, config.limits, executor, ATTEMPTS)
    _follow("looking at files", outcomes, sum(1 for _ in shelf.found.paths()), 0, told)
    for _ in index(shelf.found, ledger, config.limits):
        pass
    changed()
    work = ExamineWork(shelf.chain, ledger, shelf.found.root, timeout_s)
    total = sum(1 for _ in sources(ledger))
    for _ in range(ATTEMPTS):
        given_up = ledger.quarantined(shelf.chain.split, ATTEMPTS)
        done = set.intersection(*(ledger.done(name) for name in contracts.values()))
        pending = [s.id for s in sources(ledger) if s.id not in done and s.id not in given_up]
        if not pending:
            break
        _follow("scoring videos", executor.map(work, pending), total, total - len(pending), told, changed)
    if config.caption is not None:
        waiting = (Wanted(d.clip, d.source) for d in shelf.decisions() if d.gate == "caption" and d.passes is None)
        caption(waiting, config.out, shelf.found.root, config.caption, config.limits, haste, told)
        changed()
    if config.levels is not None and config.levels.startswith(CHAT):
        captions = shelf.captions()
        kept = ((d.clip, d.source, captions.get(d.clip.id)) for d in shelf.decisions() if d.passes)
        classify(kept, config.levels, config.out, haste or Haste(), told)
    items = list(to_cut(shelf.decisions(), ledger, config.cut, ATTEMPTS))
    cutting = CutWork(ledger, shelf.found.root, config.cut, config.limits)
    have = len(ledger.done(cut_contract(config.cut)))
    _follow("cutting clips", executor.map(cutting, items), have + len(items), have, told, changed)
    told.finish()
    return shelf.tally()


def _follow(
    name: str,
    outcomes: Iterable[Outcome],
    total: int,
    done: int,
    progress: Progress,
    changed: Callable[[], None] = lambda: None,
) -> None:
    """Counts outcomes; stops where nothing more can succeed."""
    progress.stage(name, total=total, done=done)
    for outcome in outcomes:
        if outcome.status == "stopped":
            raise RunStoppedError(outcome.error)
        if outcome.status == "failed":
            progress.note(outcome.error)
        progress.advance(failed=int(outcome.status == "failed"))
        changed()
