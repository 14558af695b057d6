"""Croissant (MLCommons): the data set described for machines."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .rows import ExportRow

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
TEXT, NUMBER = "sc:Text", "sc:Float"
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
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": "micro-world-clips",
        "description": f"{len(rows)} clips of organs, cells and molecules at work, with captions.",
        "license": licences or ["unknown"],
        "url": "https://arxiv.org/abs/2603.00585",
        "distribution": files,
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "clips",
                "name": "clips",
                "field": [_field(name, where, layout) for name in names],
            }
        ],
    }


def _distribution(out: Path, layout: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    if layout == "parquet":
        files = [_file(path, f"data/{path.name}") for path in sorted((out / "data").glob("*.parquet"))]
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
    return [_file(out / name, name)], {"fileObject": {"@id": name}}


def _file(path: Path, name: str) -> dict[str, Any]:
    formats = {".jsonl": "application/jsonlines", ".json": "application/json", ".parquet": "application/x-parquet"}
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "encodingFormat": formats[path.suffix],
        "contentSize": f"{path.stat().st_size} B",
        "sha256": digest,
    }


def _field(name: str, where: dict[str, Any], layout: str) -> dict[str, Any]:
    kind, said = FIELDS[name]
    extract = {"jsonPath": f"$[*].{name}"} if layout == "released" else {"column": name}
    return {
        "@type": "cr:Field",
        "@id": f"clips/{name}",
        "name": f"clips/{name}",
        "description": said,
        "dataType": kind,
        "source": {**where, "extract": extract},
    }
