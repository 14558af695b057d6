"""The clips that are exported, with everything a row of the data set says about them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from microworldbench.errors import InputError
from microworldbench.rubric import Record

from ..clips import clip_path, cut_contract
from ..curate import Shelf
from ..decide import Decision
from ..levels import LevelGuess, read_levels


class ExportRow(Record):
    """One clip of the data set."""

    id: str
    prompt: str | None
    """Its caption; None where there is none."""
    level: str | None
    level_confidence: float | None
    level_origin: str
    source: str
    """Id of the source's content."""
    video_id: str | None
    url: str | None
    licence: str | None
    start_s: float
    end_s: float
    width: int
    height: int
    fps: float
    frames: int
    duration_s: float
    sha256: str
    """Of the clip's file."""
    relevance: float | None
    border_share: float | None
    texts: tuple[str, ...]
    """Kinds of drawn text found in it (scale bars stay in)."""


def kept(shelf: Shelf) -> list[Decision]:
    """The clips that passed every gate.

    Raises:
        InputError: there are none, or some are not cut yet.
    """
    found = [decision for decision in shelf.decisions() if decision.passes]
    if not found:
        raise InputError("no clip has passed every gate; 'microverse data status' shows where they stop")
    done = shelf.ledger.done(cut_contract(shelf.config.cut))
    missing = sum(decision.clip.id not in done for decision in found)
    if missing:
        raise InputError(f"{missing:,} of {len(found):,} kept clips are not cut yet; 'microverse data run' cuts them")
    return found


def export_rows(shelf: Shelf, decisions: list[Decision]) -> Iterator[ExportRow]:
    """A row for each clip, in the order of the sources."""
    captions = shelf.captions()
    levels = read_levels(shelf.config.levels, shelf.config.out)
    for decision in decisions:
        facts = shelf.ledger.read(cut_contract(shelf.config.cut), decision.clip.id)
        assert facts is not None
        caption = captions.get(decision.clip.id)
        level = levels.of(decision.clip, decision.source, caption)
        yield _row(decision, facts, caption, level)


def media(shelf: Shelf, row: ExportRow) -> Path:
    """The clip's video."""
    return clip_path(shelf.ledger, shelf.config.cut, row.id)


def _row(decision: Decision, facts: dict[str, Any], caption: str | None, level: LevelGuess) -> ExportRow:
    clip, source, scores = decision.clip, decision.source, decision.scores
    relevance, border, text = (scores.get(name) or {} for name in ("relevance", "border", "text"))
    sizes = {name: facts[name] for name in ("width", "height", "fps", "frames", "duration_s", "sha256")}
    return ExportRow(
        id=clip.id,
        prompt=caption,
        level=None if level.level is None else level.level.value,
        level_confidence=level.confidence,
        level_origin=level.origin,
        source=source.id,
        video_id=source.known.video_id,
        url=source.known.url,
        licence=source.known.licence,
        start_s=clip.start_s,
        end_s=clip.end_s,
        relevance=relevance.get("score"),
        border_share=border.get("share"),
        texts=tuple(text.get("kinds", ())),
        **sizes,
    )
