"""``microverse train``: fine-tunes, from the beginning or from where it stopped."""

from __future__ import annotations

import json
from typing import Any

import click

from .options import CONFIG, JSON, SETTINGS, prepare_libraries


@click.command()
@CONFIG
@SETTINGS
@click.option(
    "--score-with", metavar="JUDGE", help="Score the samples: measured, openai:MODEL … (needs validation.suite)."
)
@click.option("--dry-run", is_flag=True, help="Check everything, print what would be done, and stop.")
@JSON
def train(config: str, settings: tuple[str, ...], score_with: str | None, dry_run: bool, as_json: bool) -> None:
    """Fine-tunes Wan2.1 as CONFIG says: a preset (paper-full, paper-lora, released, tiny) or a YAML file.

    The same command continues after an interruption, with any number of GPUs. Several GPUs: torchrun --nproc-per-node 8
    -m microverse train CONFIG …

    Exit status: 0 done; 1 stopped by a fault; 2 wrong input; 130 interrupted, with a checkpoint.
    """
    from microworldbench.errors import InputError

    from ..presets import read_config

    chosen = read_config(config, settings)
    if score_with and not chosen.validation.suite:
        raise InputError("--score-with needs the samples to be of a suite's tasks: add validation.suite=core")
    prepare_libraries()
    from ..faults import told_as_sentences
    from ..launch import processes

    with processes() as here, told_as_sentences():
        raise click.exceptions.Exit(_carry_out(chosen, here, score_with, dry_run, as_json))


def _carry_out(config: Any, here: Any, score_with: str | None, dry_run: bool, as_json: bool) -> int:
    """Trains in one of the processes; the exit status."""
    from pathlib import Path

    from rich.console import Console

    from ..console import TrainingProgress
    from ..trainer import Silent, Trainer
    from ..validation.look import Look

    console = Console(stderr=True)
    if here.leads:
        _announce(config, here, console)
    if dry_run:
        return 0
    progress = TrainingProgress(console)
    watcher: Any = progress if here.leads else Silent()
    if config.tensorboard and here.leads:
        from ..board import BoardWatcher

        watcher = BoardWatcher(progress, Path(config.out) / "tensorboard")
    try:
        ended = Trainer(config, here, watcher, Look(score_with)).train()
    finally:
        progress.finish()
    if here.leads:
        _tell(config, ended, as_json)
    return 0 if ended.signal is None else 130


def _announce(config: Any, here: Any, console: Any) -> None:
    """Says what is about to happen, and refuses what cannot fit."""
    from pathlib import Path

    import torch

    from .. import preflight, wan
    from ..assumptions import assumptions
    from ..cache.reading import Cache
    from ..console import print_plan

    folder = wan.locate(config.model)
    facts = preflight.facts(config, Cache(Path(config.cache)), folder, here.count, here.on_node)
    print_plan(console, assumptions(config, here.count), facts)
    capacity = torch.cuda.get_device_properties(here.device).total_memory if here.device.type == "cuda" else None
    memory = preflight.estimate(config, folder, here.count, here.on_node)
    for text in [preflight.check_memory(memory, here.device, capacity), *preflight.warnings(config)]:
        if text:
            console.print(f"warning: {text}", style="yellow", markup=False, highlight=False, soft_wrap=True)


def _tell(config: Any, ended: Any, as_json: bool) -> None:
    from microworldbench.rendering.wording import quantity

    stopped = ended.signal is not None
    if as_json:
        told = {"run": config.out, "step": ended.step, "steps": config.steps, "loss": ended.loss}
        click.echo(json.dumps({**told, "resumed_at": ended.resumed_at, "complete": not stopped}))
    elif stopped:
        click.echo(f"stopped after step {ended.step:,} with a checkpoint; the same command continues")
    else:
        click.echo(f"{config.out}: {quantity(ended.step, 'step')} done; microverse export {config.out} --out FOLDER")
