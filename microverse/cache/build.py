"""Fills a cache: encodes what no shard holds yet, then lists every clip."""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from microworldbench.errors import InputError, RunConflictError, VideoError
from microworldbench.progress import Progress, Silent
from microworldbench.runs import RunFolder, package_versions, write_atomically
from microworldbench.video import VideoInfo, probe

from .. import wan
from ..clips import Bucket, choose_bucket, read_clip
from ..config import TEXT_TOKENS, Clip, RunConfig
from ..sources import Refused, Source
from . import shards
from .encode import ClipEncoder, TextEncoder, caption_key, latents_key
from .records import CacheInfo, ClipEntry, RefusedEntry, lines, read_info

SHARD_BYTES = 256_000_000
TEXT_BATCH = 8


@dataclass(frozen=True)
class Planned:
    """A source whose shape and key are known."""

    source: Source
    info: VideoInfo
    bucket: Bucket
    key: str


@dataclass(frozen=True)
class Outcome:
    """What a cache holds after building.

    Attributes:
        clips: Usable clips by split.
        buckets: Usable clips by shape.
        source_fps: Usable clips by the rate of their source.
        encoded: Clips whose latents were computed now.
        full_captions: Usable clips whose caption fills all of the encoder's tokens and may have been cut.
        refused: Clips that could not be used, with the reasons.
    """

    clips: dict[str, int]
    buckets: dict[str, int]
    source_fps: dict[str, int]
    encoded: int
    full_captions: int
    refused: list[RefusedEntry]


def describe(config: RunConfig, folder: Path, latents: Literal["bf16", "fp32"]) -> CacheInfo:
    """What a cache made for `config` with the pipeline in `folder` is."""
    return CacheInfo(
        decoder=wan.fingerprint(folder, "vae"),
        text_encoder=wan.fingerprint(folder, "text_encoder", "tokenizer"),
        sizes=config.clip.sizes,
        frames=config.clip.frames,
        fps=config.clip.fps,
        window=config.clip.window,
        latents=latents,
        text_tokens=TEXT_TOKENS,
        packages=package_versions(),
        model=config.model,
    )


def open_folder(folder: Path, info: CacheInfo) -> None:
    """Makes the cache's folder, or finds that what is there was made the same way.

    Raises:
        RunConflictError: it was made another way; names what differs.
    """
    if (folder / "cache.json").is_file():
        there = read_info(folder).identity
        different = [name for name, value in info.identity.items() if there.get(name) != value]
        if different:
            told = "; ".join(f"{n} is {there.get(n)!r} there and {info.identity[n]!r} here" for n in different)
            raise RunConflictError(f"the cache at {str(folder)!r} was made otherwise: {told}. Use another cache=FOLDER")
        return
    with RunFolder(folder).stopping(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / "cache.json", info.model_dump_json(indent=1).encode())


def encode_captions(
    folder: Path, captions: Sequence[str], encoder: Callable[[], TextEncoder], progress: Progress | None = None
) -> int:
    """Encodes the captions that no shard holds; the encoder is made only if there are any.

    Returns:
        How many were encoded.
    """
    import torch

    progress = progress or Silent()
    known = shards.entries(folder, "texts")
    todo = [caption for caption in dict.fromkeys(captions) if caption_key(caption) not in known]
    progress.stage("encoding captions", len(set(captions)), len(set(captions)) - len(todo))
    encode = encoder() if todo else None
    with shards.ShardWriter(folder, "texts", SHARD_BYTES) as writer:
        for start in range(0, len(todo), TEXT_BATCH):
            part = todo[start : start + TEXT_BATCH]
            assert encode is not None
            for caption, rows in zip(part, encode(part), strict=True):
                writer.add(caption_key(caption), rows.to(torch.bfloat16))
                progress.advance()
    return len(todo)


def plan_clips(sources: Sequence[Source], clip: Clip) -> tuple[list[Planned], list[Refused]]:
    """Looks at every source: its shape, length and key.

    Raises:
        InputError: frames are to be taken as they come, and the sources' rates differ.
    """
    planned: list[Planned] = []
    refused: list[Refused] = []
    for source in sources:
        try:
            info = probe(source.video)
            bucket = choose_bucket(info, clip)
        except VideoError as error:
            refused.append(Refused(source.id, str(error), str(source.video)))
            continue
        planned.append(Planned(source, info, bucket, latents_key(source.video, clip, bucket)))
    rates = Counter(round(item.info.fps, 2) for item in planned)
    if clip.fps == "native" and len(rates) > 1:
        told = ", ".join(f"{count} of {rate:g}/s" for rate, count in rates.most_common(5))
        raise InputError(
            f"clip.fps=native takes frames as they come, and the sources have {len(rates)} rates ({told}): the same "
            "motion would be learnt at several speeds. Set clip.fps=16, which resamples by time"
        )
    return planned, refused


def encode_clips(
    folder: Path,
    planned: Sequence[Planned],
    clip: Clip,
    encoder: Callable[[], ClipEncoder],
    *,
    dtype: Any,
    workers: int = 2,
    progress: Progress | None = None,
) -> tuple[int, list[Refused]]:
    """Encodes the clips that no shard holds, reading ahead in `workers` threads.

    Returns:
        How many were encoded, and those that could not be.
    """
    progress = progress or Silent()
    known = shards.entries(folder, "latents")
    todo = list({item.key: item for item in planned if item.key not in known}.values())
    progress.stage("encoding clips", len(planned), len(planned) - len(todo))
    refused: list[Refused] = []
    encode = encoder() if todo else None
    with shards.ShardWriter(folder, "latents", SHARD_BYTES) as writer:
        for item, pixels in _read_ahead(todo, clip, workers):
            assert encode is not None
            latents = None if isinstance(pixels, VideoError) else encode(pixels)
            if latents is None or not bool(latents.isfinite().all()):
                reason = str(pixels) if latents is None else "the encoder made values of it that are not finite"
                refused.append(Refused(item.source.id, reason, str(item.source.video)))
                progress.note(f"{item.source.id}: refused: {reason}")
                progress.advance(failed=1)
                continue
            writer.add(item.key, latents.to(dtype))
            progress.advance()
    return len(todo) - len(refused), refused


def _read_ahead(todo: Sequence[Planned], clip: Clip, workers: int) -> Iterator[tuple[Planned, Any]]:
    """Each clip with its pixels or the error of reading it, in order; at most ``workers + 1`` wait decoded."""

    def pixels(item: Planned) -> Any:
        try:
            return read_clip(item.source.video, clip)[2]
        except VideoError as error:
            return error

    waiting: deque[tuple[Planned, Future[Any]]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="decode") as pool:
        for item in todo:
            waiting.append((item, pool.submit(pixels, item)))
            if len(waiting) > workers:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()


def write_index(
    folder: Path, planned: Sequence[Planned], refused: Sequence[Refused], hold_out: int, encoded: int
) -> Outcome:
    """Lists what the shards hold of the planned clips, and what was refused; replaces the lists of before."""
    from safetensors import safe_open

    latents, texts = shards.entries(folder, "latents"), shards.entries(folder, "texts")
    held = _held_out([item.source for item in planned if item.key in latents], hold_out)
    rows: dict[str, int] = {}
    for path in sorted(set(texts.values())):
        with safe_open(path, framework="pt") as shard:
            rows.update({key: shard.get_slice(key).get_shape()[0] for key in shard.keys()})  # noqa: SIM118 it is no dict
    clips = [
        ClipEntry(
            id=item.source.id,
            bucket=str(item.bucket),
            split="validation" if item.source.id in held else item.source.split or "train",
            latents=item.key,
            caption=caption_key(item.source.caption),
            tokens=rows[caption_key(item.source.caption)],
            source_fps=round(item.info.fps, 4),
        )
        for item in planned
        if item.key in latents
    ]
    listed = [RefusedEntry(id=r.id, video=r.video, reason=r.reason) for r in refused]
    with RunFolder(folder).stopping(folder):
        write_atomically(folder / "shards.jsonl", lines(shards.known_shards(folder)))
        write_atomically(folder / "refused.jsonl", lines(listed))
        write_atomically(folder / "clips.jsonl", lines(clips))
    return Outcome(
        dict(Counter(clip.split for clip in clips)),
        dict(Counter(clip.bucket for clip in clips)),
        {f"{fps:g}": count for fps, count in Counter(clip.source_fps for clip in clips).most_common()},
        encoded,
        sum(clip.tokens >= TEXT_TOKENS for clip in clips),
        listed,
    )


def _held_out(sources: Sequence[Source], count: int) -> set[str]:
    """So many clips of unstated split, chosen by their ids alone: adding clips moves few others."""
    free = sorted((hashlib.sha256(s.id.encode()).digest(), s.id) for s in sources if s.split is None)
    return {name for _, name in free[:count]}
