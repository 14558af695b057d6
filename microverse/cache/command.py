"""Fills a cache from beginning to end, with as many processes as there are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch

from microworldbench.errors import InputError, RunConflictError
from microworldbench.progress import Progress

from .. import wan
from ..config import RunConfig
from ..launch import Processes
from ..prompts import sheet_prompts
from ..sources import Refused, Source
from . import build
from .encode import ClipEncoder, TextEncoder


def fill(
    config: RunConfig,
    sources: Sequence[Source],
    refused: Sequence[Refused],
    *,
    here: Processes,
    hold_out: int = 0,
    workers: int = 4,
    latents: Literal["bf16", "fp32"] = "bf16",
    progress: Progress | None = None,
) -> build.Outcome:
    """Encodes what is missing and lists everything; the same call continues after an interruption.

    Args:
        config: Says where the cache is, which model encodes, and what is cut out of the videos.
        sources: The clips.
        refused: Rows that were no clips, for the list.
        here: This process; each takes every `here.count`-th clip.
        hold_out: Clips of unstated split that are kept for validation.
        workers: Threads that decode.
        latents: Stored format.
        progress: Told what is encoded.

    Returns:
        What the cache holds; the same in every process.

    Raises:
        InputError: sources or cache do not fit the configuration.
        RunStoppedError: the disk is full; what is encoded is kept.
    """
    from filelock import FileLock, Timeout

    folder, place = wan.locate(config.model), Path(config.cache)
    planned, unfit = build.plan_clips(sources, config.clip)
    if not planned:
        first = [*refused, *unfit][0]
        raise InputError(
            f"none of the {len(sources) + len(refused)} clips can be used; the first, {first.id}: {first.reason}"
        )
    if here.leads:
        build.open_folder(place, build.describe(config, folder, latents))
    here.wait()
    lock = FileLock(place / ".lock", timeout=0)
    try:
        if here.leads:
            lock.acquire()
    except Timeout:
        raise RunConflictError(f"another process is filling the cache at {config.cache!r}") from None
    try:
        if here.leads:
            _captions(config, place, planned, folder, here.device, progress)
        mine = planned[here.rank :: here.count]
        dtype = {"bf16": torch.bfloat16, "fp32": torch.float32}[latents]
        encoded, failed = build.encode_clips(
            place,
            mine,
            config.clip,
            lambda: ClipEncoder(folder, here.device),
            dtype=dtype,
            workers=workers,
            progress=progress,
        )
        shares = here.collected((encoded, failed))
        everything = [*refused, *unfit, *(each for _, part in shares for each in part)]
        outcome = None
        if here.leads:
            outcome = build.write_index(place, planned, everything, hold_out, sum(count for count, _ in shares))
        result: build.Outcome = here.told(outcome)
        return result
    finally:
        lock.release()


def _captions(
    config: RunConfig,
    place: Path,
    planned: Sequence[build.Planned],
    folder: Path,
    device: Any,
    progress: Progress | None,
) -> None:
    """Captions, what stands in for a dropped one, and the sample sheet's prompts with what they are held against."""
    wanted = [item.source.caption for item in planned]
    wanted += ["", config.validation.negative_prompt, *(prompt.text for prompt in sheet_prompts(config.validation))]
    build.encode_captions(place, wanted, lambda: TextEncoder(folder, device), progress)
