"""What is known about the files: a folder, or a manifest that names them, joined to what was collected."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from microworldbench.errors import InputError
from microworldbench.tabular import Row, read_rows

from .records import YOUTUBE_ID, GivenSpan, Known

BESIDE = frozenset(
    f".{ending}"
    for ending in (
        *("json", "jsonl", "csv", "tsv", "parquet", "txt", "md", "yaml", "yml", "srt", "vtt"),
        *("jpg", "jpeg", "png", "webp", "part", "tmp", "ytdl"),
    )
)
"""Endings of files that lie beside videos. Everything else is looked at: content decides, not the name."""

_IN_BRACKETS = re.compile(r"\[([A-Za-z0-9_-]{11})\]\s*$")
_TEXTS = ("video_id", "url", "title", "description", "channel", "licence", "level")


@dataclass
class Found:
    """Files to look at, and what is known of each."""

    root: Path
    """The folder that paths are below."""
    known: Mapping[str, Known] = field(default_factory=dict)
    """By path; complete where a manifest names the files, else empty."""
    collected: Mapping[str, Known] = field(default_factory=dict)
    """By video id."""
    is_manifest: bool = False

    def paths(self) -> Iterator[str]:
        """Paths below `root`, in order."""
        yield from sorted(self.known) if self.is_manifest else _files_below(self.root)

    def about(self, path: str) -> Known:
        """What is known of a file: the manifest's word first, then the collection's."""
        given = self.known.get(path, Known())
        video_id = given.video_id or video_id_in(path)
        other = self.collected.get(video_id or "")
        if other is None:
            return given
        said = {name: value for name, value in given.model_dump().items() if value not in (None, ())}
        return Known.model_validate({**other.model_dump(), **said, "video_id": video_id})


def find_sources(sources: Path, collected: Path | None = None) -> Found:
    """Reads the manifest, or takes the folder as it is.

    Raises:
        InputError: there is nothing at `sources`, or a row is wrong.
    """
    joined = read_collected(collected) if collected is not None else {}
    if sources.is_dir():
        return Found(sources, collected=joined)
    if not sources.is_file():
        raise InputError(f"there are no sources at {str(sources)!r}: name a folder of videos or a manifest")
    rows: dict[str, list[Row]] = defaultdict(list)
    root = sources.resolve().parent
    for row in read_rows(sources, ("file",)):
        path = os.path.normpath(row.text("file"))
        if os.path.isabs(path) or path.startswith(".."):  # noqa: PTH117 - a text, not yet a path
            raise InputError(f"{row.place}: file must lie below the manifest's folder, got {row.text('file')!r}")
        if not (root / path).is_file():
            raise InputError(f"{row.place}: there is no file {row.text('file')!r} below {root}")
        rows[path].append(row)
    if not rows:
        raise InputError(f"{sources} names no file")
    return Found(root, {path: _known(members) for path, members in rows.items()}, joined, is_manifest=True)


def read_collected(path: Path) -> dict[str, Known]:
    """What was collected, by video id. Statistics stay out: they age, and belong to the report alone.

    Raises:
        InputError: a row is wrong.
    """
    return {row.text("video_id"): _known([row]) for row in read_rows(path, ("video_id",))}


def video_id_in(path: str) -> str | None:
    """A YouTube id that a file is named after: ``<id>.mp4`` or ``title [<id>].mp4``."""
    stem = Path(path).stem
    if YOUTUBE_ID.fullmatch(stem):
        return stem
    match = _IN_BRACKETS.search(stem)
    return match.group(1) if match else None


def _files_below(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() not in BESIDE:
                yield os.path.relpath(os.path.join(folder, name), root)  # noqa: PTH118 - names need not be UTF-8


def _known(rows: list[Row]) -> Known:
    """One source's rows: texts from the first that has them, a span from each that has one."""
    values: dict[str, Any] = {}
    spans = []
    for row in rows:
        is_span = bool(row.text("start_s", default="") or row.text("caption", default=""))
        for name in _TEXTS:
            text = row.text(name, default="")
            if text and not (is_span and name == "level"):  # a span's level is its own
                values.setdefault(name, text)
        if is_span:
            spans.append(_span(row))
    try:
        return Known.model_validate({**values, "spans": spans})
    except ValidationError as error:
        raise _wrong(rows[0], error) from None


def _span(row: Row) -> GivenSpan:
    names = {"start_s": "0", "end_s": "", "caption": "", "level": "", "id": ""}
    found = {name: text for name, default in names.items() if (text := row.text(name, default=default))}
    try:
        span = GivenSpan.model_validate({**found, "start_s": float(found["start_s"])}, strict=False)
    except ValueError as error:
        raise (
            _wrong(row, error) if isinstance(error, ValidationError) else InputError(f"{row.place}: {error}")
        ) from None
    if span.end_s is not None and span.end_s <= span.start_s:
        raise InputError(f"{row.place}: end_s must be after start_s, got {span.start_s:g} and {span.end_s:g}")
    return span


def _wrong(row: Row, error: ValidationError) -> InputError:
    first = error.errors()[0]
    return InputError(f"{row.place}: {'.'.join(map(str, first['loc']))}: {first['msg']}, got {first['input']!r:.80}")
