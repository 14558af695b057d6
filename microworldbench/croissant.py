"""Pieces of Croissant (MLCommons, 1.0), the JSON-LD by which machines read what lies in a folder of data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
CONTEXT: Mapping[str, Any] = {
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
TEXT, NUMBER, TRUTH = "sc:Text", "sc:Float", "sc:Boolean"
FORMATS = {".jsonl": "application/jsonlines", ".json": "application/json", ".parquet": "application/x-parquet"}


def file_object(path: Path, name: str) -> dict[str, Any]:
    """A file of the data set, with its size and sha256.

    Args:
        path: Where it lies; its suffix is one of `FORMATS`.
        name: Its path from the description.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "encodingFormat": FORMATS[path.suffix],
        "contentSize": f"{path.stat().st_size} B",
        "sha256": digest,
    }


def record_set(name: str, fields: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    """Records of one kind, with their fields."""
    return {"@type": "cr:RecordSet", "@id": name, "name": name, **more, "field": list(fields)}


def field(name: str, said: str, kind: str, source: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A field of a record set.

    Args:
        name: ``<record set>/<field>``.
        said: What it holds, for people.
        kind: Its type, such as `TEXT`.
        source: The file (or file set) it is read from and how it is extracted.
        more: Further properties, such as ``references``.
    """
    return {
        "@type": "cr:Field",
        "@id": name,
        "name": name,
        "description": said,
        "dataType": kind,
        "source": dict(source),
        **more,
    }
