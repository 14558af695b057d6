"""Takes data sets of others in: rows that name video, span and caption, and folders in the released layout.

What MicroSim-10K's files call their columns is not fixed by the paper, so several usual names are understood and
others can be given. The result is a manifest and a configuration that takes spans and captions as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from microworldbench.errors import InputError, MissingExtraError
from microworldbench.tabular import Row, read_rows

from .ledger import replace_file
from .manifest import BESIDE, video_id_in
from .records import YOUTUBE_ID

NAMES: dict[str, tuple[str, ...]] = {
    "video_id": ("video_id", "youtube_id", "yt_id", "videoid"),
    "url": ("url", "video_url", "link"),
    "file": ("file", "file_name", "video", "video_path", "path"),
    "start_s": ("start_s", "start", "start_time", "clip_start", "start_sec"),
    "end_s": ("end_s", "end", "end_time", "clip_end", "end_sec"),
    "caption": ("caption", "prompt", "text", "description_generated", "dense_caption"),
    "title": ("title", "video_title"),
    "level": ("level", "scale"),
    "licence": ("licence", "license"),
    "id": ("id", "clip_id", "sample_id"),
}
"""Our name for a column, and what others call it; the first that a row has is taken."""
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:\.\d+)?)")
_URL_ID = re.compile(r"(?:[?&]v=|youtu\.be/|/shorts/|/embed/)([A-Za-z0-9_-]{11})")


@dataclass(frozen=True)
class Imported:
    """What came of an import."""

    manifest: Path
    config: Path
    rows: int
    found: int
    """Rows whose video is there."""
    missing: tuple[str, ...]
    """Ids or names of videos that are not."""


def import_rows(rows: Path, videos: Path, names: Mapping[str, str] | None = None) -> Imported:
    """Joins rows of a data set to the files in `videos`, and writes the manifest and a configuration there.

    Args:
        rows: JSON list, JSON lines, CSV or parquet.
        videos: The folder of the files; the manifest is written into it.
        names: Columns that are called differently: our name to theirs.

    Raises:
        InputError: a row is unusable, or none of its videos is there.
        MissingExtraError: parquet needs pyarrow.
    """
    if not videos.is_dir():
        raise InputError(f"there is no folder of videos at {str(videos)!r}")
    known = {key: (theirs,) for key, theirs in (names or {}).items()}
    if unknown := set(known) - set(NAMES):
        raise InputError(f"there is no column {min(unknown)!r} here; ours are {', '.join(NAMES)}")
    here = _files_by_id(videos)
    lines, missing = [], []
    total = 0
    for row in read_table(rows):
        total += 1
        read = {ours: _first(row, known.get(ours, theirs)) for ours, theirs in NAMES.items()}
        line = _line(row, read, videos, here)
        if line is None:
            missing.append(str(read["video_id"] or read["file"] or read["url"]))
        else:
            lines.append(line)
    if not lines:
        raise InputError(f"none of the {total:,} rows of {rows} names a video that is in {str(videos)!r}")
    manifest, config = videos / "manifest.jsonl", videos / "curate.yaml"
    replace_file(manifest, "".join(json.dumps(line) + "\n" for line in lines).encode("ascii"))
    if not config.exists():
        replace_file(config, CONFIG.encode("ascii"))
    return Imported(manifest, config, total, len(lines), tuple(dict.fromkeys(missing)))


CONFIG = """\
# Made by 'microverse data import': spans and captions are taken as they are.
sources: manifest.jsonl
out: ../curated
split: {method: given}
gates: {min_side: null, max_border: null, reject_text: []}  # its makers have filtered it; scores are shown all the same
"""


def read_table(path: Path) -> Iterator[Row]:
    """Rows of a JSON list, JSON lines, CSV or parquet file.

    Raises:
        InputError: it is damaged.
        MissingExtraError: parquet needs pyarrow.
    """
    if path.suffix == ".json":
        try:
            content = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise InputError(f"{path} cannot be read: {error}") from None
        if not isinstance(content, list):
            raise InputError(f"{path} must hold a list of rows, got {type(content).__name__}")
        for number, row in enumerate(content, 1):
            if not isinstance(row, dict):
                raise InputError(f"{path}: row {number} must be an object, got {type(row).__name__}")
            yield Row(path, number, row)
    elif path.suffix == ".parquet":
        yield from _parquet(path)
    else:
        yield from read_rows(path, ())


def _parquet(path: Path) -> Iterator[Row]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise MissingExtraError("reading parquet", "pyarrow", "pip install 'microworldbench[data]'") from None
    try:
        number = 0
        for batch in parquet.ParquetFile(path).iter_batches(1024):
            for row in batch.to_pylist():
                number += 1
                yield Row(path, number, row)
    except (OSError, ArrowException) as error:
        raise InputError(f"{path} cannot be read: {error}") from None


def seconds(text: str) -> float:
    """Seconds as a number or a clock (``1:02:03.5``).

    Raises:
        ValueError: it is neither.
    """
    if match := _CLOCK.fullmatch(text.strip()):
        hours, minutes, rest = match.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + float(rest)
    return float(text)


def _line(row: Row, read: dict[str, str | None], videos: Path, here: Mapping[str, str]) -> dict[str, Any] | None:
    video_id = read["video_id"]
    if video_id is None and read["url"] is not None and (match := _URL_ID.search(read["url"])):
        video_id = match.group(1)
    if video_id is not None and not YOUTUBE_ID.fullmatch(video_id):
        raise InputError(f"{row.place}: {video_id!r:.40} is not a YouTube video id")
    file = here.get(video_id or "")
    if file is None and read["file"] is not None:
        file = _inside(row, read["file"], videos)
    if file is None:
        return None
    line: dict[str, Any] = {"file": file, "video_id": video_id}
    try:
        line |= {name: seconds(text) for name in ("start_s", "end_s") if (text := read[name]) is not None}
    except ValueError:
        raise InputError(f"{row.place}: a span must be seconds or a clock, got {read['start_s']!r:.40}") from None
    line |= {name: read[name] for name in ("url", "caption", "title", "level", "licence", "id")}
    return {name: value for name, value in line.items() if value is not None}


def _inside(row: Row, name: str, videos: Path) -> str | None:
    path = (videos / name).resolve()
    if not path.is_relative_to(videos.resolve()):
        raise InputError(f"{row.place}: the video {name!r:.80} lies outside {str(videos)!r}")
    return str(path.relative_to(videos.resolve())) if path.is_file() else None


def _files_by_id(videos: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted(videos.rglob("*")):
        if path.is_file() and path.suffix.lower() not in BESIDE:
            name = str(path.relative_to(videos))
            if video_id := video_id_in(name):
                found.setdefault(video_id, name)
    return found


def _first(row: Row, names: tuple[str, ...]) -> str | None:
    for name in names:
        if isinstance(value := row.cells.get(name), str | int | float) and str(value).strip():
            return str(value).strip()
    return None
