"""Where clips and captions come from: a folder with metadata, or a run folder of ``mwb generate``.

Read are ``metadata.json`` (a list, as the released trainer wants it), ``.jsonl``, ``.csv`` and ``.parquet``, at the top
or in one subfolder a split, which is also how `datasets` lays out video folders. Nothing is skipped in silence: a row
without a usable video or caption is kept as a `Refused` with its reason.
"""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from microworldbench.errors import InputError, MissingExtraError

VIDEO_FIELDS = ("file_name", "video", "video_path", "path")
CAPTION_FIELDS = ("prompt", "caption", "text")
METADATA = ("metadata.json", "metadata.jsonl", "metadata.csv", "metadata.parquet")
SPLITS = {"train": "train", "validation": "validation", "valid": "validation", "val": "validation", "test": "test"}


@dataclass(frozen=True)
class Source:
    """One video to train on.

    Attributes:
        id: Unique in its set.
        video: The file.
        caption: What it shows.
        split: ``train``, ``validation`` or ``test``; None where the metadata do not say.
    """

    id: str
    video: Path
    caption: str
    split: str | None = None


@dataclass(frozen=True)
class Refused:
    """A row that cannot be trained on, and why."""

    id: str
    reason: str
    video: str | None = None


def read_sources(place: Path) -> tuple[list[Source], list[Refused]]:
    """Every row of a set of clips, in the order of its metadata.

    Args:
        place: A folder with metadata, a metadata file, or a run folder.

    Raises:
        InputError: there are no metadata, they cannot be read, or two rows have one id.
    """
    if (place / "generations.jsonl").is_file():
        found = list(_of_run(place))
    else:
        found = [row for file, split in _metadata_files(place) for row in _of_metadata(file, split)]
    twice = [name for name, count in Counter(row.id for row in found).items() if count > 1]
    if twice:
        raise InputError(f"{place}: {len(twice)} ids are given to several clips, the first is {twice[0]!r}")
    if not found:
        raise InputError(f"{place} lists no clips")
    sources = [row for row in found if isinstance(row, Source)]
    return sources, [row for row in found if isinstance(row, Refused)]


def _metadata_files(place: Path) -> list[tuple[Path, str | None]]:
    if place.is_file():
        return [(place, None)]
    if not place.is_dir():
        raise InputError(f"there is no folder or metadata file at {str(place)!r}")
    here = [place / name for name in METADATA if (place / name).is_file()]
    if len(here) > 1:
        raise InputError(
            f"{place} holds {' and '.join(f.name for f in here)}; keep one, or name the file that is meant"
        )
    if here:
        return [(here[0], None)]
    below: list[tuple[Path, str | None]] = [
        (folder / name, SPLITS[folder.name])
        for folder in sorted(place.iterdir())
        if folder.name in SPLITS
        for name in METADATA
        if (folder / name).is_file()
    ]
    if not below:
        raise InputError(
            f"{place} has no metadata ({', '.join(METADATA)}), neither at its top nor in train/ or validation/; each "
            'row needs a video and a caption, e.g. {"video": "videos/1.mp4", "prompt": "A cell divides."}'
        )
    return below


def _of_metadata(file: Path, split: str | None) -> Iterator[Source | Refused]:
    for number, row in enumerate(_rows(file)):
        video, caption = _first(row, VIDEO_FIELDS), _first(row, CAPTION_FIELDS)
        told = _first(row, ("split",))
        name = _first(row, ("id",)) or (
            Path(video).with_suffix("").as_posix() if video else f"{file.name}:{number + 1}"
        )
        if video is None:
            yield Refused(name, f"names no video (looked for {', '.join(VIDEO_FIELDS)})")
        elif caption is None:
            yield Refused(name, f"its caption is empty (looked for {', '.join(CAPTION_FIELDS)})", video)
        elif told is not None and told not in SPLITS:
            yield Refused(name, f"split must be one of {', '.join(SPLITS)}, got {told!r}", video)
        elif not _lies_within(path := file.parent / video, file.parent):
            yield Refused(name, "its video lies outside the folder of the metadata", video)
        elif not path.is_file():
            yield Refused(name, "its video is not there", video)
        else:
            yield Source(name, path, caption, SPLITS[told] if told else split)


def _lies_within(path: Path, folder: Path) -> bool:
    """Whether a path stays in a folder by its text; links there are the user's own doing."""
    return Path(os.path.normpath(path)).is_relative_to(os.path.normpath(folder))


def _first(row: Mapping[str, Any], names: Iterable[str]) -> str | None:
    for name in names:
        value = row.get(name)
        if value is not None and not isinstance(value, bool | list | dict) and str(value).strip():
            return str(value)
    return None


def _rows(file: Path) -> Iterator[Mapping[str, Any]]:
    try:
        if file.suffix == ".parquet":
            yield from _parquet(file)
            return
        with file.open(encoding="utf-8-sig", newline="") as lines:
            if file.suffix == ".csv":
                yield from csv.DictReader(lines)
            elif file.suffix == ".jsonl":
                yield from (_record(json.loads(line), file, n) for n, line in enumerate(lines, 1) if line.strip())
            else:
                content = json.load(lines)
                if not isinstance(content, list):
                    raise InputError(f"{file} must hold a list of clips, got {type(content).__name__}")
                yield from (_record(row, file, n) for n, row in enumerate(content, 1))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, csv.Error) as error:
        raise InputError(f"{file} cannot be read: {error}") from None


def _record(row: Any, file: Path, number: int) -> Mapping[str, Any]:
    if not isinstance(row, dict):
        raise InputError(f"{file}: clip {number} must map names to values, got {type(row).__name__}")
    return row


def _parquet(file: Path) -> list[Mapping[str, Any]]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise MissingExtraError(f"reading {file.name}", "pyarrow", "pip install pyarrow") from None
    try:
        table = parquet.ParquetFile(file)
        wanted = {"id", "split", *VIDEO_FIELDS, *CAPTION_FIELDS}
        columns = [name for name in table.schema_arrow.names if name in wanted]
        rows: list[Mapping[str, Any]] = table.read(columns=columns).to_pylist()
    except ArrowException as error:
        raise InputError(f"{file} cannot be read: {error}") from None
    return rows


def _of_run(place: Path) -> Iterator[Source | Refused]:
    from microworldbench.runs import RunFolder

    run = RunFolder.read(place)
    tasks = run.snapshot.by_id
    for (task, seed), record in sorted(run.generations().items()):
        name, prompt = f"{task}/{seed}", tasks[task].prompt if task in tasks else None
        if record.status != "ok" or record.video is None:
            yield Refused(name, f"was not generated: {record.error}")
        elif prompt is None:
            yield Refused(name, "its prompt is not kept in the run, whose suite states no licence", record.video.path)
        elif not (place / record.video.path).is_file():
            yield Refused(name, "its video is not there", record.video.path)
        else:
            yield Source(name, place / record.video.path, prompt)
