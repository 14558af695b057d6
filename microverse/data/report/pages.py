"""Puts the page together."""

from __future__ import annotations

import base64
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from microworldbench.errors import VideoError
from microworldbench.rendering.templating import trusted
from microworldbench.rendering.wording import count, quantity
from microworldbench.tabular import read_rows

from ..collect.collector import FRESH
from ..curate import Shelf
from ..decide import GATES, Decision
from ..ledger import replace_file
from ..levels import read_levels
from ..pages import rendered
from ..strips import strip
from .charts import Bin, chart, counted, funnel_chart, histogram, threshold_bin, with_threshold

PAPER_NOTE = (
    "For comparison, the paper's funnel is 67,853 → 34,318 → 12,194 → 9,601 clips. Its sentence “34,318 clips were "
    "filtered out”, read literally, would leave 33,535; we take 34,318 as kept."
)
REJECTED = {
    "resolution": "Rejected: too small",
    "relevance": "Rejected: not relevant",
    "border": "Rejected: black borders",
    "text": "Rejected: subtitles or watermarks",
    "duplicate": "Rejected: copies",
    "review": "Rejected by experts",
    "caption": "Rejected for their captions",
}
WAITING = {
    "relevance": "scored for relevance",
    "border": "measured",
    "text": "read",
    "review": "seen by experts",
    "caption": "captioned",
}
DURATIONS = [0, 5, 10, 15, 20, 30, 40, 50, 60]
WORDS = [0, 50, 80, 110, 140, 170, 200, 250]
BORDERS = [0, 0.1, 5, 10, 20, 30]
"""In percent."""
SCORES = [0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9]
VIEWS = [0, 100, 1_000, 10_000, 100_000, 1_000_000]


@dataclass(frozen=True)
class Example:
    """One clip, as it is shown."""

    clip: str
    image: str
    """Data address of a strip; empty where the source cannot be decoded any more."""
    caption: str
    place: str


def write_report(shelf: Shelf, path: Path, *, samples: int = 6, seed: int = 0) -> Path:
    """Writes the page; it needs no network and no other file.

    Args:
        shelf: What was curated.
        path: Where.
        samples: Clips shown behind each decision, drawn at random by `seed`.
        seed: Of that draw.

    Raises:
        RunStoppedError: `path` cannot be written.
    """
    decisions = list(shelf.decisions())
    tally = shelf.tally()
    clips = tally.steps[0].entered
    steps = [("cut from the videos", clips), *((step.title, step.kept) for step in tally.steps if step.is_on)]
    page = rendered(
        "report.html",
        sources="img-src data:",
        tally=tally,
        clips=clips,
        funnel=trusted(funnel_chart(steps)),
        paper_note=PAPER_NOTE,
        charts=[trusted(drawn) for drawn in _charts(shelf, decisions)],
        decisions=list(_examples(shelf, decisions, samples, seed)),
        files=_files(tally.files, tally.sources, tally.twins, tally.unreadable),
    )
    replace_file(path, page)
    return path


def _files(files: int, sources: int, twins: int, unreadable: dict[str, int]) -> list[tuple[str, str]]:
    rows = [("Files", count(files)), ("Distinct videos", count(sources)), ("Copies of them", count(twins))]
    return [*rows, *((f"Unreadable: {reason}", count(number)) for reason, number in sorted(unreadable.items()))]


def _charts(shelf: Shelf, decisions: list[Decision]) -> Iterator[str]:
    kept = [decision for decision in decisions if decision.passes]
    sources = {decision.source.id: decision.source for decision in decisions}
    note = f"{quantity(len(kept), 'kept clip')} of {count(len(decisions))}"
    yield chart("Duration", f"{note}, in seconds", histogram([d.clip.duration_s for d in kept], DURATIONS))
    sizes = [f"{source.width}×{source.height}" for source in sources.values()]
    yield chart("Resolution", f"{quantity(len(sources), 'video')} with clips", counted(sizes, 6))
    captions = shelf.captions()
    words = [len(captions[d.clip.id].split()) for d in kept if d.clip.id in captions]
    if words:
        yield chart("Caption length", f"{quantity(len(words), 'caption')}, in words", histogram(words, WORDS))
    yield chart("Level", note, _levels(shelf, kept))
    gates = shelf.config.gates
    most = None if gates.max_border is None else round(100 * gates.max_border, 6)
    for stage, value, scale, edges, threshold, title in (
        ("border", "share", 100.0, BORDERS, most, "Black border, in % of the picture"),
        ("relevance", "score", 1.0, SCORES, gates.min_relevance, "Relevance"),
    ):
        scores = [scale * float(s[value]) for d in decisions if (s := d.scores.get(stage))]
        if scores:
            marked = with_threshold(edges, threshold)
            drawn = f"{quantity(len(scores), 'clip')}; the line is the threshold"
            yield chart(title, drawn, histogram(scores, marked), threshold_bin(marked, threshold))
    kinds = [kind for d in decisions if (s := d.scores.get("text")) for kind in (s["kinds"] or ["none"])]
    if kinds:
        yield chart("Drawn text", "clips that hold text of a kind", counted(kinds))
    yield from _statistics(shelf, {s.known.video_id for s in sources.values() if s.known.video_id})


def _levels(shelf: Shelf, kept: list[Decision]) -> list[Bin]:
    levels, captions = read_levels(shelf.config.levels, shelf.config.out), shelf.captions()
    found = [levels.of(d.clip, d.source, captions.get(d.clip.id)).level for d in kept]
    return counted([level.value if level else "not classified" for level in found])


def _statistics(shelf: Shelf, wanted: set[str]) -> Iterator[str]:
    """Views, likes and comments, of videos whose figures are no older than the API's terms allow."""
    path = shelf.config.collected
    if path is None or not path.is_file():
        return
    fresh: dict[str, list[int]] = defaultdict(list)
    limit = datetime.now(UTC) - FRESH
    for row in read_rows(path, ("video_id",)):
        statistics = row.cells.get("statistics")
        if row.text("video_id") in wanted and _time(row.text("fetched_at", default="")) > limit:
            for name, figure in statistics.items() if isinstance(statistics, dict) else ():
                if isinstance(figure, int):
                    fresh[name].append(figure)
    for name, figures in fresh.items():
        note = f"{quantity(len(figures), 'video')}, fetched within 30 days"
        yield chart(name.capitalize(), note, histogram(figures, VIEWS))


def _time(text: str) -> datetime:
    """A time stamp; what is none counts as long ago."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


def _examples(
    shelf: Shelf, decisions: list[Decision], samples: int, seed: int
) -> Iterator[tuple[str, int, list[Example]]]:
    """What was kept, and what each gate rejected or holds, with a few clips of each."""
    groups: dict[tuple[int, str], list[Decision]] = defaultdict(list)
    for decision in decisions:
        if decision.gate is None:
            groups[-1, "Kept"].append(decision)
        else:
            title = REJECTED[decision.gate] if decision.passes is False else f"Waiting to be {WAITING[decision.gate]}"
            groups[GATES.index(decision.gate), title].append(decision)
    for (_, title), members in sorted(groups.items()):
        drawn = random.Random(f"{seed}/{title}").sample(members, min(samples, len(members)))  # noqa: S311
        yield title, len(members), [_example(shelf, decision) for decision in drawn]


def _example(shelf: Shelf, decision: Decision) -> Example:
    source, clip = decision.source, decision.clip
    try:
        data = strip(shelf.found.root / source.path, clip, shelf.config.limits)
        image = "data:image/jpeg;base64," + base64.b64encode(data).decode("ascii")
    except VideoError:
        image = ""
    place = f"{source.title}, {clip.start_s:.1f}–{clip.end_s:.1f} s"
    return Example(clip.id, image, decision.why, place)
