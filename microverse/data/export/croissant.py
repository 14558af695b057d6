"""Croissant (MLCommons): the data set described for machines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from microworldbench.croissant import CONFORMS_TO, CONTEXT, NUMBER, TEXT, field, file_object, record_set

from .rows import ExportRow

FIELDS: dict[str, tuple[str, str]] = {
    "id": (TEXT, "Id of the clip"),
    "prompt": (TEXT, "Caption"),
    "level": (TEXT, "organ, cellular or subcellular"),
    "video_id": (TEXT, "Id of the source video at its publisher"),
    "url": (TEXT, "Address of the source video"),
    "licence": (TEXT, "Licence as the publisher states it"),
    "start_s": (NUMBER, "Where the clip begins in the source, in seconds"),
    "end_s": (NUMBER, "Where it ends"),
}
RELEASED_FIELDS = ("id", "prompt")


def croissant(out: Path, layout: str, rows: Sequence[ExportRow]) -> dict[str, Any]:
    """The description of what lies in `out`, as JSON-LD."""
    names = [name for name in FIELDS if layout != "released" or name in RELEASED_FIELDS]
    files, where = _distribution(out, layout)
    licences = sorted({row.licence for row in rows if row.licence})
    return {
        "@context": dict(CONTEXT),
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": "micro-world-clips",
        "description": f"{len(rows)} clips of organs, cells and molecules at work, with captions.",
        "license": licences or ["unknown"],
        "url": "https://arxiv.org/abs/2603.00585",
        "distribution": files,
        "recordSet": [record_set("clips", [_field(name, where, layout) for name in names])],
    }


def _distribution(out: Path, layout: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    if layout == "parquet":
        files = [file_object(path, f"data/{path.name}") for path in sorted((out / "data").glob("*.parquet"))]
        table = {
            "@type": "cr:FileSet",
            "@id": "table",
            "name": "table",
            "encodingFormat": "application/x-parquet",
            "includes": "data/*.parquet",
            "containedIn": [{"@id": file["@id"]} for file in files],
        }
        return [*files, table], {"fileSet": {"@id": "table"}}
    name = "metadata.json" if layout == "released" else "metadata.jsonl"
    return [file_object(out / name, name)], {"fileObject": {"@id": name}}


def _field(name: str, where: dict[str, Any], layout: str) -> dict[str, Any]:
    kind, said = FIELDS[name]
    extract = {"jsonPath": f"$[*].{name}"} if layout == "released" else {"column": name}
    return field(f"clips/{name}", said, kind, {**where, "extract": extract})
