"""What experts said about clips and captions, and what that comes to.

``review/clips.jsonl`` and ``review/captions.jsonl`` only grow; of one reviewer's verdicts on an item the last one
counts. An item is decided by the majority of its reviewers; a tie is undecided. One reviewer who calls a clip personal
or sensitive is enough to keep it out. Reasons have the codes of the experts' workbench.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from microworldbench.errors import InputError
from microworldbench.review.sheets.simple import REASONS, SAFETY
from microworldbench.rubric import Record
from microworldbench.runs import now
from microworldbench.stats.agreement import Agreement, cohen_kappa, fleiss_kappa
from microworldbench.tabular import Row, read_rows

Kind = Literal["clips", "captions"]

VERDICTS = {
    "accept": True,
    "accepted": True,
    "keep": True,
    "1": True,
    "correct": True,
    "corrected": True,
    "reject": False,
    "rejected": False,
    "drop": False,
    "0": False,
}


class ReviewLine(Record):
    """One verdict of one reviewer."""

    item: str
    """Id of the clip."""
    reviewer: str
    accepts: bool
    reason: str | None = None
    """Why a clip is rejected: a code of the experts' workbench."""
    note: str = ""
    correction: str | None = None
    """The caption as the reviewer would have it."""
    time: str
    """When it was given, or taken in where the sheet does not say."""


@dataclass(frozen=True)
class Merged:
    """What reviews come to for one item."""

    accepts: bool | None
    """None: a tie."""
    reviewers: int
    reasons: dict[str, int]
    correction: str | None = None
    """The latest correction among those who accept."""


def import_reviews(path: Path, work: Path, kind: Kind, known: set[str], reviewer: str | None = None) -> int:
    """Takes a filled sheet (CSV or JSONL) in; rows without a verdict are not yet done and are passed over.

    Args:
        path: With columns ``clip``, ``verdict`` and optionally ``reviewer``, ``reason``, ``note``, ``caption``,
            ``time``; or the ``answers`` that ``mwb review export`` writes of a study of clips or captions.
        work: The work folder.
        kind: Clips or captions.
        known: Ids there are.
        reviewer: Who filled it, where the sheet has no such column.

    Returns:
        How many verdicts are new.

    Raises:
        InputError: a clip is unknown, a verdict is no verdict, a rejection has no reason.
    """
    target = work / "review" / f"{kind}.jsonl"
    before = {(line.item, line.reviewer): line for line in read_reviews(work, kind)}
    fresh = []
    for row in map(_from_workbench, read_rows(path, ())):
        lacking = [name for name in ("clip", "verdict") if name not in row.cells]
        if lacking:
            raise InputError(f"{row.place} lacks {', '.join(lacking)}; a filled sheet has clip and verdict")
        if not row.text("verdict", default=""):
            continue
        line = _line(row, kind, known, reviewer)
        old = before.get((line.item, line.reviewer))
        if old is None or old.model_copy(update={"time": line.time}) != line:
            fresh.append(line)
            before[line.item, line.reviewer] = line
    if fresh:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("a", encoding="utf-8") as log:
            log.write("".join(line.model_dump_json() + "\n" for line in fresh))
    return len(fresh)


def _from_workbench(row: Row) -> Row:
    """An answer of the experts' workbench as a row of a sheet; other rows as they are."""
    if "item" not in row.cells or "decision" not in row.cells:
        return row
    cells = row.cells
    ticked = [code for code in REASONS if cells.get(f"reason.{code}")]
    # Reasons of which one word is enough come first.
    reasons = sorted(ticked, key=lambda code: code not in SAFETY)
    done = str(cells.get("complete", "true")).lower() == "true"
    repeated = str(cells.get("repeat", "false")).lower() == "true"
    return Row(
        row.path,
        row.line,
        {
            "clip": cells["item"],
            "verdict": cells["decision"] if done and not repeated else "",
            "reason": reasons[0] if reasons else "",
            "note": cells.get("why"),
            "caption": cells.get("text"),
            "reviewer": cells.get("expert"),
            "time": cells.get("ended"),
        },
    )


def _line(row: Row, kind: Kind, known: set[str], reviewer: str | None) -> ReviewLine:
    item = row.text("clip")
    if item not in known:
        raise InputError(f"{row.place}: there is no clip {item!r:.40} in this work folder")
    who = row.text("reviewer", default=reviewer or "")
    if not who:
        raise InputError(f"{row.place}: nobody is named as the reviewer; add the column or give --reviewer NAME")
    accepts = bool(row.choice("verdict", VERDICTS))
    reason = row.text("reason", default="") or None
    if kind == "clips" and not accepts and reason not in REASONS:
        raise InputError(f"{row.place}: a rejected clip needs a reason, one of {', '.join(REASONS)}; got {reason!r}")
    said = row.text("caption", default="") or None
    is_corrected = row.text("verdict") in ("correct", "corrected")
    if kind == "captions" and is_corrected and not said:
        raise InputError(f"{row.place}: a corrected caption needs its text in the column caption")
    return ReviewLine(
        item=item,
        reviewer=who,
        accepts=accepts,
        reason=reason,
        note=row.text("note", default=""),
        correction=said if kind == "captions" and is_corrected else None,
        time=row.text("time", default=now()),
    )


def read_reviews(work: Path, kind: Kind) -> Iterator[ReviewLine]:
    """Every verdict, in the order taken in; a torn last line is left out."""
    path = work / "review" / f"{kind}.jsonl"
    if path.is_file():
        with path.open("rb") as lines:
            for line in lines:
                if line.endswith(b"\n"):
                    yield ReviewLine.model_validate(json.loads(line))


def merge(lines: Iterable[ReviewLine]) -> dict[str, Merged]:
    """The majority on each item."""
    last = {(line.item, line.reviewer): line for line in lines}
    by_item: dict[str, list[ReviewLine]] = defaultdict(list)
    for (item, _), line in sorted(last.items()):
        by_item[item].append(line)
    merged = {}
    for item, said in by_item.items():
        yes = sum(line.accepts for line in said)
        accepts = None if 2 * yes == len(said) else 2 * yes > len(said)
        reasons = Counter(line.reason for line in said if line.reason)
        if any(reason in SAFETY for reason in reasons):
            accepts = False
        corrections = sorted((line.time, line.reviewer, line.correction) for line in said if line.correction)
        merged[item] = Merged(accepts, len(said), dict(reasons), corrections[-1][2] if corrections else None)
    return merged


def agreement(lines: Iterable[ReviewLine]) -> Agreement | None:
    """Kappa between the reviewers: Cohen's for two, Fleiss' for more; None for fewer than two.

    Fleiss' takes the items that all of them looked at.
    """
    last = {(line.item, line.reviewer): line.accepts for line in lines}
    reviewers = sorted({who for _, who in last})
    items = sorted({item for item, _ in last})
    if len(reviewers) < 2:
        return None
    ratings: list[list[object]] = [
        [None if (said := last.get((item, who))) is None else str(said) for item in items] for who in reviewers
    ]
    if len(reviewers) == 2:
        return cohen_kappa(ratings[0], ratings[1])
    return fleiss_kappa(ratings)
