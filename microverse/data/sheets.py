"""Writes a review: ``index.html`` to look at, ``sheet.csv`` to fill in, ``clips.jsonl`` for ``mwb review new``."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from microworldbench.errors import InputError
from microworldbench.rendering.wording import plain
from microworldbench.review.sheets.simple import REASONS
from microworldbench.video import cut

from .clips import clip_path
from .curate import Shelf
from .decide import Decision
from .ingest import media_limits
from .ledger import replace_file
from .pages import rendered
from .reviews import Kind, read_reviews
from .strips import strip

COLUMNS = ("clip", "verdict", "reason", "note", "caption", "reviewer")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Sheet:
    """A review that was written."""

    folder: Path
    clips: int


def candidates(
    shelf: Shelf, kind: Kind, *, sample: int | None = None, seed: int = 0, again: bool = False
) -> list[Decision]:
    """The clips that experts should look at: what passed every gate before theirs.

    Args:
        shelf: What was curated.
        kind: ``clips``, or ``captions`` of clips that have one.
        sample: Draw so many at random; None takes all.
        seed: Of the draw.
        again: Also those that somebody has looked at already.
    """
    captions = shelf.captions() if kind == "captions" else {}
    seen = set() if again else {line.item for line in read_reviews(shelf.config.out, kind)}
    asked = ("review", "caption", None) if kind == "clips" else ("caption", None)
    found = [
        decision
        for decision in shelf.decisions()
        if decision.gate in asked and (kind == "clips" or decision.clip.id in captions) and decision.clip.id not in seen
    ]
    if sample is None or sample >= len(found):
        return found
    order = sorted(found, key=lambda d: hashlib.sha256(f"{seed}/{d.clip.id}".encode()).digest())
    return sorted(order[:sample], key=lambda d: (d.source.path, d.clip.start_s))


def write_sheet(shelf: Shelf, out: Path, decisions: Sequence[Decision], kind: Kind) -> Sheet:
    """Writes the review of `decisions` to `out`.

    Raises:
        InputError: there is nothing to review, or `out` is not empty.
        VideoError: a source cannot be decoded any more.
    """
    if not decisions:
        raise InputError("there is nothing to review; 'microverse data status' shows where clips stand")
    if out.exists() and any(out.iterdir()):
        raise InputError(f"{str(out)!r} is not empty; choose another folder")
    captions = shelf.captions()
    for decision in decisions:
        _media(shelf, out, decision)
    _csv(out / "sheet.csv", decisions, captions, kind)
    lines = [
        {
            "id": decision.clip.id,
            "video": f"videos/{decision.clip.id}.mp4",
            "title": decision.source.known.title,
            "caption": captions.get(decision.clip.id),
        }
        for decision in decisions
    ]
    text = "".join(json.dumps({k: v for k, v in line.items() if v is not None}) + "\n" for line in lines)
    replace_file(out / "clips.jsonl", text.encode("ascii"))
    _page(out, decisions, captions, kind)
    return Sheet(out, len(decisions))


def _media(shelf: Shelf, out: Path, decision: Decision) -> None:
    clip, config = decision.clip, shelf.config
    source = shelf.found.root / decision.source.path
    replace_file(out / "strips" / f"{clip.id}.jpg", strip(source, clip, config.limits))
    video, ready = out / "videos" / f"{clip.id}.mp4", clip_path(shelf.ledger, config.cut, clip.id)
    if ready.is_file():
        replace_file(video, ready.read_bytes())
        return
    video.parent.mkdir(parents=True, exist_ok=True)
    cut(source, video, clip.first, clip.last, crf=config.cut.crf, limits=media_limits(config.limits))


def _csv(path: Path, decisions: Sequence[Decision], captions: dict[str, str], kind: Kind) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for decision in decisions:
        caption = captions.get(decision.clip.id, "") if kind == "captions" else ""
        writer.writerow([decision.clip.id, "", "", "", _cell(caption), ""])
    replace_file(path, buffer.getvalue().encode("utf-8", "backslashreplace"))


def _cell(text: str) -> str:
    """A caption as a cell that no spreadsheet takes for a formula."""
    said = plain(text)
    return f"'{said}" if said.startswith(FORMULA) else said


def _page(out: Path, decisions: Sequence[Decision], captions: dict[str, str], kind: Kind) -> None:
    page = rendered(
        "sheet.html",
        sources="img-src 'self' file:; media-src 'self' file:",
        kind=kind,
        reasons=REASONS,
        clips=[(d.clip.id, _about(d), captions.get(d.clip.id, "")) for d in decisions],
    )
    replace_file(out / "index.html", page)


def _about(decision: Decision) -> str:
    return f"{decision.source.title}, {decision.clip.duration_s:.1f} s"
