"""A finished cache, as training reads it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from microworldbench.errors import InputError, RunConflictError

from ..clips import Bucket
from . import shards
from .encode import caption_key, padded
from .records import CacheInfo, ClipEntry, RefusedEntry, content_digest, read_info, read_lines


class Cache:
    """Clips by bucket, their latents and captions. Reading is safe from several threads.

    Args:
        folder: Where it lies.

    Raises:
        InputError: there is no finished cache, or it holds nothing to train on.
        ShardError: a shard is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.info = folder, read_info(folder)
        self.clips = read_lines(folder / "clips.jsonl", ClipEntry)
        self.refused = read_lines(folder / "refused.jsonl", RefusedEntry)
        if not any(clip.split == "train" for clip in self.clips):
            raise InputError(
                f"the cache at {str(folder)!r} lists no clip to train on ({len(self.refused)} were refused, see "
                "refused.jsonl); give its 'microverse cache' command again"
            )
        self._latents, self._texts = shards.entries(folder, "latents"), shards.entries(folder, "texts")
        missing = [c.id for c in self.clips if c.latents not in self._latents or c.caption not in self._texts]
        if missing:
            raise InputError(
                f"the cache at {str(folder)!r} has lost the shards of {len(missing)} clips, the first is "
                f"{missing[0]!r}; give its 'microverse cache' command again, which encodes only those"
            )
        self._open = threading.local()

    @property
    def digest(self) -> str:
        """What tells this cache's contents from another's."""
        return content_digest(self.info, self.clips)

    def buckets(self, split: str) -> list[tuple[Bucket, list[ClipEntry]]]:
        """The clips of a split by shape, in an order that does not depend on the machine."""
        shapes = sorted({Bucket.parse(clip.bucket) for clip in self.clips if clip.split == split})
        return [(s, [c for c in self.clips if c.split == split and c.bucket == str(s)]) for s in shapes]

    def latents(self, clip: ClipEntry) -> Any:
        """Normalised latents of a clip, 16×T×H×W, as they are stored."""
        return self._read(self._latents[clip.latents], clip.latents)

    def text(self, key: str) -> Any:
        """The embedding filed under `key`, 512×D, zero past its end."""
        return padded(self._read(self._texts[key], key))

    def prompt(self, prompt: str) -> Any:
        """The embedding of a prompt, 512×D.

        Raises:
            InputError: it was not encoded.
        """
        key = caption_key(prompt)
        if key not in self._texts:
            raise InputError(
                f"the cache at {str(self.folder)!r} does not hold the prompt {prompt[:60]!r}; give its 'microverse "
                "cache' command with this configuration, which encodes only what is missing"
            )
        return self.text(key)

    def check_made_for(self, info: CacheInfo) -> None:
        """Refuses a cache made with other encoders or clip settings than a run's.

        Raises:
            RunConflictError: something differs; names it.
        """
        mine, theirs = self.info.identity, info.identity
        different = [name for name in mine if name != "latents" and mine[name] != theirs[name]]
        if not different:
            return
        told = "; ".join(
            f"{name} is {_short(mine[name])} in the cache and {_short(theirs[name])} here" for name in different
        )
        why = "of another model" if {"decoder", "text_encoder"} & set(different) else "made otherwise"
        raise RunConflictError(
            f"the cache at {str(self.folder)!r} is {why}: {told}. Name its cache=FOLDER, or make one with "
            "'microverse cache'"
        )

    def _read(self, path: Path, key: str) -> Any:
        from safetensors import SafetensorError, safe_open

        handles: dict[Path, Any] = self._open.__dict__.setdefault("handles", {})
        try:
            if path not in handles:
                handles[path] = safe_open(path, framework="pt")
            return handles[path].get_tensor(key)
        except (SafetensorError, OSError) as error:
            raise shards.unreadable(path, error) from None


def _short(value: Any) -> str:
    text = value[:12] if isinstance(value, str) and len(value) == 64 else value
    return ", ".join(map(str, text)) if isinstance(text, Sequence) and not isinstance(text, str) else str(text)
