"""Layouts on disk. Media first, the metadata that names them last: a half export is not taken for a whole one."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from microworldbench.errors import InputError, MissingExtraError, RunStoppedError

from ..curate import Shelf
from ..ledger import replace_file
from .card import card
from .croissant import croissant
from .rows import ExportRow, export_rows, kept, media

MARKER = ".microverse-export"
SHARD_BYTES = 500_000_000
"""Of media in one parquet file: shards are cut by size, not by number of clips."""


@dataclass
class Exported:
    """What was written."""

    folder: Path
    layout: str
    clips: int
    withheld: dict[str, int] = field(default_factory=dict)
    """Clips that were kept but not written, by reason."""


def export(shelf: Shelf, out: Path, layout: str) -> Exported:
    """Writes the kept clips to `out`.

    Args:
        shelf: What was curated.
        out: An empty folder, or an earlier export, which is replaced.
        layout: ``videofolder``, ``released``, ``parquet`` or ``release``.

    Raises:
        InputError: there is nothing to export, or `out` holds something else.
        RunStoppedError: the disk is full.
        MissingExtraError: parquet needs pyarrow.
    """
    write = LAYOUTS[layout]
    rows = list(export_rows(shelf, kept(shelf)))
    _claim(out)
    try:
        done = write(shelf, out, rows)
        if done.clips:
            _describe(out, layout, rows if layout != "release" else released(rows)[0])
    except OSError as error:
        raise RunStoppedError(f"cannot write to {out}: {error.strerror or error}; make room and go on") from error
    return done


def _video_folder(shelf: Shelf, out: Path, rows: Sequence[ExportRow]) -> Exported:
    """``metadata.jsonl`` beside ``clips/``: `datasets` and the trainer read it."""
    for row in rows:
        _place(media(shelf, row), out / "clips" / f"{row.id}.mp4")
    lines = (json.dumps({"file_name": f"clips/{row.id}.mp4", **_dump(row)}) for row in rows)
    replace_file(out / "metadata.jsonl", "".join(f"{line}\n" for line in lines).encode("ascii"))
    return Exported(out, "videofolder", len(rows))


def _released(shelf: Shelf, out: Path, rows: Sequence[ExportRow]) -> Exported:
    """``metadata.json`` with id, video and prompt beside ``videos/``: the released trainer's own layout."""
    captioned = [row for row in rows if row.prompt]
    for row in captioned:
        _place(media(shelf, row), out / "videos" / f"{row.id}.mp4")
    said = [{"id": row.id, "video": f"videos/{row.id}.mp4", "prompt": row.prompt} for row in captioned]
    replace_file(out / "metadata.json", (json.dumps(said, indent=1) + "\n").encode("ascii"))
    left = len(rows) - len(captioned)
    return Exported(out, "released", len(captioned), {"no caption": left} if left else {})


def _parquet(shelf: Shelf, out: Path, rows: Sequence[ExportRow]) -> Exported:
    """``data/*.parquet`` with the videos inside, in the form `datasets` gives its Video column."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise MissingExtraError("parquet", "pyarrow", "pip install 'microworldbench[data]'") from None
    (out / "data").mkdir(exist_ok=True)
    for old in (out / "data").glob("*.parquet"):
        old.unlink()
    shards = list(_shards(shelf, rows))
    for number, shard in zip(count(), shards, strict=False):
        path = out / "data" / f"train-{number:05d}-of-{len(shards):05d}.parquet"
        writer = None
        for row in shard:  # a clip at a time: memory holds one
            video = {"bytes": media(shelf, row).read_bytes(), "path": f"{row.id}.mp4"}
            table = pa.Table.from_pylist([{"video": video, **_dump(row)}], schema=_schema(pa))
            writer = writer or parquet.ParquetWriter(path, table.schema)
            writer.write_table(table)
        if writer is not None:
            writer.close()
    return Exported(out, "parquet", len(rows))


def _release(_shelf: Shelf, out: Path, rows: Sequence[ExportRow]) -> Exported:
    """``metadata.jsonl`` without media: addresses, spans, captions, licences. No statistics, no file names."""
    open_rows, withheld = released(rows)
    lines = (json.dumps(release_line(row)) for row in open_rows)
    replace_file(out / "metadata.jsonl", "".join(f"{line}\n" for line in lines).encode("ascii"))
    return Exported(out, "release", len(open_rows), withheld)


LAYOUTS: dict[str, Callable[[Shelf, Path, Sequence[ExportRow]], Exported]] = {
    "videofolder": _video_folder,
    "released": _released,
    "parquet": _parquet,
    "release": _release,
}


def released(rows: Sequence[ExportRow]) -> tuple[list[ExportRow], dict[str, int]]:
    """The rows that may be published, and why others may not."""
    fine: list[ExportRow] = []
    withheld: dict[str, int] = {}
    for row in rows:
        reason = None
        if not row.video_id or not row.url:
            reason = "no public address"
        elif not is_open(row.licence):
            reason = f"licence {row.licence or 'unknown'}"
        if reason is None:
            fine.append(row)
        else:
            withheld[reason] = withheld.get(reason, 0) + 1
    return fine, withheld


def is_open(licence: str | None) -> bool:
    """Whether a licence is a Creative Commons one, as YouTube or a manifest writes it."""
    said = (licence or "").lower().replace(" ", "-").replace("_", "-")
    return said == "creativecommon" or said.startswith(("cc-by", "cc0", "cc-0"))


def release_line(row: ExportRow) -> dict[str, Any]:
    """What a release says of a clip."""
    names = ("id", "video_id", "url", "start_s", "end_s", "prompt", "level", "level_origin", "licence")
    scores = ("relevance", "border_share", "texts")
    dumped = _dump(row)
    return {name: dumped[name] for name in (*names, *scores)}


def _dump(row: ExportRow) -> dict[str, Any]:
    return row.model_dump(mode="json")


def _describe(out: Path, layout: str, rows: Sequence[ExportRow]) -> None:
    replace_file(out / "README.md", card(layout, rows).encode("utf-8", "backslashreplace"))
    described = json.dumps(croissant(out, layout, rows), indent=2, ensure_ascii=True) + "\n"
    replace_file(out / "croissant.json", described.encode("ascii"))


def _claim(out: Path) -> None:
    """Makes sure that nothing of somebody else's is overwritten."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()) and not (out / MARKER).is_file():
            raise InputError(f"{str(out)!r} is not empty and no earlier export; choose another folder")
        (out / MARKER).touch()
        for name in ("metadata.jsonl", "metadata.json", "croissant.json", "README.md"):
            (out / name).unlink(missing_ok=True)
        for name in ("clips", "videos", "data"):
            shutil.rmtree(out / name, ignore_errors=True)
    except OSError as error:
        raise InputError(f"cannot write to {str(out)!r}: {error.strerror or error}") from None


def _place(source: Path, target: Path) -> None:
    """A hard link where the disk allows one, else a copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _shards(shelf: Shelf, rows: Sequence[ExportRow]) -> Iterator[list[ExportRow]]:
    shard: list[ExportRow] = []
    size = 0
    for row in rows:
        length = media(shelf, row).stat().st_size
        if shard and size + length > SHARD_BYTES:
            yield shard
            shard, size = [], 0
        shard.append(row)
        size += length
    if shard:
        yield shard


def _schema(pa: Any) -> Any:
    text, number, whole = pa.string(), pa.float64(), pa.int64()
    video = pa.struct([("bytes", pa.binary()), ("path", text)])
    kinds = {
        "id": text,
        "prompt": text,
        "level": text,
        "level_confidence": number,
        "level_origin": text,
        "source": text,
        "video_id": text,
        "url": text,
        "licence": text,
        "start_s": number,
        "end_s": number,
        "width": whole,
        "height": whole,
        "fps": number,
        "frames": whole,
        "duration_s": number,
        "sha256": text,
        "relevance": number,
        "border_share": number,
        "texts": pa.list_(text),
    }
    metadata = {"huggingface": json.dumps({"info": {"features": _features(kinds)}})}
    return pa.schema([("video", video), *kinds.items()], metadata=metadata)


def _features(kinds: dict[str, Any]) -> dict[str, Any]:
    """The same schema as `datasets` names it, so that the column is a video there."""
    named = {"string": "string", "double": "float64", "int64": "int64"}
    described: dict[str, Any] = {"video": {"_type": "Video"}}
    for name, kind in kinds.items():
        if name == "texts":
            described[name] = {"feature": {"dtype": "string", "_type": "Value"}, "_type": "List"}
        else:
            described[name] = {"dtype": named[str(kind)], "_type": "Value"}
    return described
