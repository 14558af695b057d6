"""What a cache, a run or an export holds, as names and values."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from microworldbench.errors import InputError

from .cache.records import ClipEntry, RefusedEntry, ShardEntry, read_info, read_lines
from .runs import TrainingRun

Facts = dict[str, Any]


def inspect(path: Path, *, verify: bool = False) -> Facts:
    """Describes what lies at `path`.

    Args:
        path: A cache, a run folder or an export.
        verify: Read every shard of a cache again and compare it with its checksum.

    Raises:
        InputError: it is none of them.
    """
    if (path / "cache.json").is_file():
        return inspect_cache(path, verify=verify)
    if (path / "config.json").is_file() and (path / "checkpoints").is_dir():
        return inspect_run(TrainingRun(path))
    if (path / "export.json").is_file():
        return inspect_export(path)
    raise InputError(f"{str(path)!r} is no cache, no training run and no export")


def inspect_cache(path: Path, *, verify: bool = False) -> Facts:
    """What a cache holds; with `verify`, which of its shards are not what was written."""
    info = read_info(path)
    clips, refused = read_lines(path / "clips.jsonl", ClipEntry), read_lines(path / "refused.jsonl", RefusedEntry)
    shards = read_lines(path / "shards.jsonl", ShardEntry)
    found: Facts = {
        "kind": "cache",
        "made_with": info.model_dump(mode="json"),
        "clips": dict(Counter(clip.split for clip in clips)),
        "shapes": dict(Counter(clip.bucket for clip in clips)),
        "source_fps": {f"{fps:g}": n for fps, n in Counter(clip.source_fps for clip in clips).most_common()},
        "caption_tokens": _spread([clip.tokens for clip in clips]),
        "bytes": sum(shard.bytes for shard in shards),
        "refused": [entry.model_dump() for entry in refused],
    }
    if verify:
        from .cache.shards import damaged

        found["damaged"] = damaged(path, shards)
    return found


def inspect_export(path: Path) -> Facts:
    """What an export says of itself.

    Raises:
        InputError: that cannot be read.
    """
    try:
        told = json.loads((path / "export.json").read_text(encoding="utf-8"))
        return {"kind": "export", **told}
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path / 'export.json'} is damaged ({error}); 'microverse export' writes it anew") from None


def inspect_run(run: TrainingRun) -> Facts:
    """How far a run is and how it does."""
    from .checkpoints import published

    config, log, looks = run.config, run.log("log").read(), run.log("validation").read()
    measured = [look for look in looks if "loss" in look]
    return {
        "kind": "run",
        "preset": config.preset,
        "model": config.model,
        "cache": config.cache,
        "step": log[-1]["step"] if log else 0,
        "steps": config.steps,
        "loss": log[-1]["loss"] if log else None,
        "fixed_noise": [{"step": look["step"], "loss": look["loss"]} for look in measured],
        "scores": [{"step": look["step"], **look["scores"]} for look in looks if look.get("scores")],
        "warnings": [f"step {look['step']}: {text}" for look in looks for text in look.get("warnings", ())],
        "checkpoints": [checkpoint.step for checkpoint in published(run.checkpoints)],
        "seconds_per_step": _spread([record["seconds"] for record in log[-100:]]),
    }


def _spread(values: list[float]) -> dict[str, float] | None:
    """Least, middle and greatest; None of nothing."""
    ordered = sorted(values)
    return {"min": ordered[0], "median": ordered[len(ordered) // 2], "max": ordered[-1]} if ordered else None
