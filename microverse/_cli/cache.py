"""``microverse cache``: encodes clips and captions for training."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from .options import CONFIG, JSON, SETTINGS, prepare_libraries


@click.command()
@CONFIG
@SETTINGS
@click.option("--videos", required=True, type=click.Path(path_type=Path), metavar="PATH", help="Folder, file or run.")
@click.option("--hold-out", type=click.IntRange(min=0), default=0, metavar="N", help="Clips kept for validation.")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=4,
    metavar="N",
    show_default=True,
    help="Threads that decode videos.",
)
@click.option(
    "--latents", type=click.Choice(["bf16", "fp32"]), default="bf16", show_default=True, help="Stored format."
)
@JSON
def cache(
    config: str, settings: tuple[str, ...], videos: Path, hold_out: int, workers: int, latents: Any, as_json: bool
) -> None:
    """Encodes videos and captions into the folder that CONFIG calls cache.

    --videos is a folder with metadata.json, .jsonl, .csv or .parquet (a video and a caption a row), such a file, or a
    run folder of 'mwb generate'. What is encoded already is kept: give the same command after an interruption, after
    changed captions or with more videos. Under torchrun every process encodes its share.

    Exit status 1: some clips could not be used; they are listed, and the rest is ready.
    """
    from microworldbench.rendering.progress_lines import ConsoleProgress

    from ..presets import read_config
    from ..sources import read_sources

    chosen = read_config(config, settings)
    sources, refused = read_sources(videos)
    prepare_libraries()
    from ..cache.command import fill
    from ..launch import processes

    with processes() as here:
        with ConsoleProgress() as progress:
            outcome = fill(
                chosen,
                sources,
                refused,
                here=here,
                hold_out=hold_out,
                workers=workers,
                latents=latents,
                progress=progress if here.leads else None,
            )
        if not here.leads:
            return
    if as_json:
        click.echo(
            json.dumps({"cache": chosen.cache, **asdict(outcome), "refused": [r.model_dump() for r in outcome.refused]})
        )
    else:
        _tell(chosen.cache, outcome)
    raise click.exceptions.Exit(1 if outcome.refused else 0)


def _tell(folder: str, outcome: Any) -> None:
    from microworldbench.rendering.wording import count, plain, quantity

    total = sum(outcome.clips.values())
    click.echo(f"{folder}: {quantity(total, 'clip')} ready, {count(outcome.encoded)} of them encoded now")
    for title, counts in (("splits", outcome.clips), ("shapes", outcome.buckets), ("source rates", outcome.source_fps)):
        click.echo(f"  {title:<13}" + ", ".join(f"{name}: {count(n)}" for name, n in counts.items()))
    if outcome.full_captions:
        click.echo(f"{quantity(outcome.full_captions, 'caption')} of 512 tokens or more: what is beyond was not read")
    if outcome.refused:
        click.echo(f"{quantity(len(outcome.refused), 'clip')} refused (all in {folder}/refused.jsonl):")
        for entry in outcome.refused[:10]:
            click.echo(f"  {plain(entry.id)}: {plain(entry.reason)}")
