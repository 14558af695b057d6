"""The data set's card: what is in it, how it was made, and what nobody has checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib import metadata

from microworldbench.rendering.markdown import escape
from microworldbench.rendering.tables import markdown_table

from .rows import ExportRow

FILES = {
    "videofolder": "`metadata.jsonl` names the clips in `clips/`; `load_dataset('videofolder', data_dir=…)` reads it.",
    "released": "`metadata.json` lists `id`, `video` and `prompt`, as the released MicroVerse trainer reads them.",
    "parquet": "`data/*.parquet` holds the clips themselves in the column `video`.",
    "release": "`metadata.jsonl` names source videos by address and span. It holds no media, no statistics of the "
    "platform and no file names: get the videos from their publishers, under their licences.",
}

MADE = """\
Videos were cut into shots, scored for relevance, black borders and drawn text as configured, looked at by experts where
a review was held, captioned and re-encoded with `microverse data` {version}. `level_origin` says who classified a clip;
`texts` names the kinds of text left in it, such as scale bars."""
CARE = """\
Clips show what their publishers chose to show: animations and renderings simplify, and colours are often added.
Captions come from a model where no expert has corrected them. Licences are those that the publishers stated when the
metadata were fetched; check them before you redistribute media. Nothing here is evidence for medical or laboratory
use."""


def card(layout: str, rows: Sequence[ExportRow]) -> str:
    """The card as Markdown with the front matter that dataset hubs read."""
    hours = sum(row.end_s - row.start_s for row in rows) / 3600
    licences = Counter(row.licence or "unknown" for row in rows)
    levels = Counter(row.level or "not classified" for row in rows)
    words = [len(row.prompt.split()) for row in rows if row.prompt]
    facts = [
        ("Clips", f"{len(rows):,} from {len({row.source for row in rows}):,} videos, {hours:.2f} hours"),
        ("Duration", _spread([row.end_s - row.start_s for row in rows], "s")),
        ("Caption", f"{len(words):,} clips have one; {_spread(words, 'words')}" if words else "none"),
        ("Levels", _listed(levels)),
        ("Licences", _listed(licences)),
    ]
    size = "n<1K" if len(rows) < 1000 else "1K<n<10K" if len(rows) < 10_000 else "10K<n<100K"
    head = [
        "---",
        "pretty_name: Micro-world clips",
        "task_categories:\n- text-to-video",
        "language:\n- en",
        f"size_categories:\n- {size}",
        "license: other",
        *(["configs:\n- config_name: default\n  data_files: data/*.parquet"] if layout == "parquet" else []),
        "---",
    ]
    parts = [
        "\n".join(head),
        "# Micro-world clips",
        "Short clips of organs, cells and molecules at work, for training video generators. " + FILES[layout],
        markdown_table(["", "what"], [(name, said) for name, said in facts], right_from=9),
        "## How it was made",
        MADE.format(version=metadata.version("microworldbench")),
        "## What to be careful about",
        CARE,
    ]
    return "\n\n".join(parts) + "\n"


def _spread(values: Sequence[float], unit: str) -> str:
    ordered = sorted(values)
    return (
        f"{ordered[0]:.0f} to {ordered[-1]:.0f} {unit}, median {ordered[len(ordered) // 2]:.0f}" if ordered else "none"
    )


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{escape(name)} {number:,}" for name, number in counts.most_common())
