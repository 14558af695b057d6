"""What a cache's files hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from microworldbench.errors import InputError
from microworldbench.logbook import first_problem

R = TypeVar("R", bound=BaseModel)


class Record(BaseModel):
    """A frozen line or file of a cache."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, protected_namespaces=())


class CacheInfo(Record):
    """``cache.json``: what every clip of the cache was made with. Another value makes another cache."""

    format: Literal[1] = 1
    decoder: str
    """Fingerprint of the autoencoder."""
    text_encoder: str
    """Fingerprint of text encoder and tokenizer."""
    sizes: tuple[str, ...]
    frames: tuple[int, ...]
    fps: float | Literal["native"]
    window: str
    latents: Literal["bf16", "fp32"]
    """Format of the stored latents."""
    text_tokens: int
    packages: dict[str, str] = Field(default_factory=dict)
    """Versions it was made with; not compared."""
    model: str = ""
    """Where the encoders came from; not compared."""

    @property
    def identity(self) -> dict[str, Any]:
        """What makes it this cache and no other."""
        return self.model_dump(mode="json", exclude={"packages", "model"})


class ClipEntry(Record):
    """A line of ``clips.jsonl``."""

    id: str
    bucket: str
    """``832x480x81``."""
    split: Literal["train", "validation", "test"]
    latents: str
    """Key of its latents."""
    caption: str
    """Key of its caption's embedding."""
    tokens: int
    """Rows of the embedding."""
    source_fps: float


class RefusedEntry(Record):
    """A line of ``refused.jsonl``."""

    id: str
    video: str | None
    reason: str


class ShardEntry(Record):
    """A line of ``shards.jsonl``."""

    name: str
    sha256: str
    bytes: int


def content_digest(info: CacheInfo, clips: Iterable[ClipEntry]) -> str:
    """sha256 over everything a run reads of a cache: its identity, and its clips in their order."""
    digest = hashlib.sha256(json.dumps(info.identity, sort_keys=True).encode())
    for clip in clips:
        digest.update(f"{clip.id}\n{clip.bucket} {clip.split} {clip.latents} {clip.caption}\n".encode())
    return digest.hexdigest()


def lines(records: Iterable[BaseModel]) -> bytes:
    """Records as JSON lines."""
    return "".join(record.model_dump_json() + "\n" for record in records).encode("utf-8", "backslashreplace")


def read_lines(path: Path, kind: type[R]) -> list[R]:
    """The records of a file of JSON lines; none where there is no file. A torn last line is left out.

    Raises:
        InputError: a line is damaged; names it.
    """
    if not path.is_file():
        return []
    found: list[R] = []
    for number, line in enumerate(path.read_bytes().splitlines(keepends=True), 1):
        if line.endswith(b"\n"):
            try:
                found.append(kind.model_validate_json(line))
            except ValidationError as error:
                raise InputError(f"{path}:{number} is damaged: {first_problem(error)}") from None
    return found


def read_info(folder: Path) -> CacheInfo:
    """A cache's ``cache.json``.

    Raises:
        InputError: there is no cache, or the file is damaged.
    """
    path = folder / "cache.json"
    if not path.is_file():
        raise InputError(f"there is no cache at {str(folder)!r}; 'microverse cache CONFIG --videos FOLDER' makes one")
    try:
        return TypeAdapter(CacheInfo).validate_json(path.read_bytes())
    except ValidationError as error:
        raise InputError(f"{path} is damaged or of another version: {first_problem(error)}") from None
