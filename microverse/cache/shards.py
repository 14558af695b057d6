"""Shards: safetensors files whose entries are named by content, whole or not there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from microworldbench.errors import RunStoppedError
from microworldbench.runs import RunFolder

from .records import ShardEntry, lines, read_lines

PATTERN = {"latents": "latents-*.safetensors", "texts": "texts-*.safetensors"}


class ShardError(RunStoppedError):
    """A shard is damaged or gone."""


def unreadable(path: Path, error: Exception) -> ShardError:
    """What reading the shard at `path` came to, and how to go on."""
    return ShardError(
        f"{path} is damaged ({error}); delete it and give the 'microverse cache' command again, which encodes what it "
        "held"
    )


def entries(folder: Path, kind: str) -> dict[str, Path]:
    """Where every entry of a kind (``latents``, ``texts``) lies, by its key.

    Raises:
        ShardError: a shard is damaged.
    """
    from safetensors import SafetensorError, safe_open

    found: dict[str, Path] = {}
    for path in sorted(folder.glob(PATTERN[kind])):
        try:
            with safe_open(path, framework="pt") as shard:
                found.update(dict.fromkeys(shard.keys(), path))
        except (SafetensorError, OSError) as error:
            raise unreadable(path, error) from None
    return found


class ShardWriter:
    """Collects entries and writes them as shards. Use it as a context manager: leaving it in peace writes the rest.

    Args:
        folder: The cache.
        kind: ``latents`` or ``texts``.
        limit_bytes: A shard is written when it holds so much; what is lost by a kill is less than that.
    """

    def __init__(self, folder: Path, kind: str, limit_bytes: int) -> None:
        self.folder, self.kind, self.limit_bytes = folder, kind, limit_bytes
        self._held: dict[str, Any] = {}
        self._bytes = 0

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if kind is None or kind is KeyboardInterrupt:
            self.flush()

    def add(self, key: str, tensor: Any) -> None:
        """Takes an entry; it is safe once its shard is written.

        Raises:
            RunStoppedError: the disk is full; what was written before is kept.
        """
        self._held[key] = tensor.detach().contiguous().cpu()
        self._bytes += tensor.numel() * tensor.element_size()
        if self._bytes >= self.limit_bytes:
            self.flush()

    def flush(self) -> None:
        """Writes what is held."""
        if not self._held:
            return
        from safetensors.torch import save_file

        name = hashlib.sha256("\n".join(sorted(self._held)).encode()).hexdigest()[:16]
        path = self.folder / f"{self.kind}-{name}.safetensors"
        unfinished = path.with_suffix(".tmp")
        try:
            with RunFolder(self.folder).stopping(path):
                _save(save_file, self._held, unfinished)
                entry = described(unfinished, path.name)
                unfinished.replace(path)
                with (self.folder / "shards.jsonl").open("ab") as log:
                    log.write(lines([entry]))
        finally:
            unfinished.unlink(missing_ok=True)
        self._held, self._bytes = {}, 0


def _save(save_file: Any, held: dict[str, Any], path: Path) -> None:
    from safetensors import SafetensorError

    try:
        save_file(held, path)
    except SafetensorError as error:  # its words for a full disk
        raise OSError(str(error)) from error


def described(path: Path, name: str) -> ShardEntry:
    """A shard's checksum and size."""
    with path.open("rb") as data:
        return ShardEntry(name=name, sha256=hashlib.file_digest(data, "sha256").hexdigest(), bytes=path.stat().st_size)


def known_shards(folder: Path) -> list[ShardEntry]:
    """Checksums of the shards that are there; those a kill left unlisted are read again."""
    listed = {entry.name: entry for entry in read_lines(folder / "shards.jsonl", ShardEntry)}
    there = sorted(path for pattern in PATTERN.values() for path in folder.glob(pattern))
    return [listed.get(path.name) or described(path, path.name) for path in there]


def damaged(folder: Path, shards: Iterable[ShardEntry]) -> list[str]:
    """Names of the shards whose contents are not what was written."""
    return [
        entry.name
        for entry in shards
        if not (path := folder / entry.name).is_file() or described(path, entry.name) != entry
    ]
