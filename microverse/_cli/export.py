"""``microverse export``: weights that others load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from .options import JSON, prepare_libraries


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), metavar="FOLDER", help="Written whole or not at all."
)
@click.option("--step", type=click.IntRange(min=1), metavar="N", help="Of the checkpoint. [default: the newest]")
@click.option(
    "--form",
    type=click.Choice(["network", "pipeline", "lora", "original"]),
    help="The network in diffusers' layout, a whole pipeline, a LoRA, or one file with Wan's original names. "
    "[default: lora for a run with adapters, else network]",
)
@click.option("--weights", type=click.Choice(["average", "trained"]), help="[default: average where the run keeps one]")
@click.option("--merge", is_flag=True, help="Fold the adapters of a LoRA run into the network.")
@click.option("--dtype", type=click.Choice(["fp32", "bf16"]), default="fp32", show_default=True, help="Stored format.")
@click.option("--model", default=None, metavar="MODEL", help="For an original file: the pipeline whose network it is.")
@JSON
def export(source: Path, out: Path, model: str | None, as_json: bool, **chosen: Any) -> None:
    """Writes the weights of SOURCE, a run folder, and reads them back.

    SOURCE may also be a .safetensors file with Wan's original names, which becomes a network in diffusers' layout.
    """
    prepare_libraries()
    from .. import wan
    from ..config import BASE_MODEL
    from ..export import convert_original
    from ..export import export as write
    from ..runs import TrainingRun

    if source.suffix == ".safetensors":
        made = convert_original(source, wan.locate(model or BASE_MODEL), out)
    else:
        made = write(TrainingRun(source), out, **chosen)
    if as_json:
        click.echo(json.dumps({**vars(made), "path": str(made.path)}))
        return
    click.echo(f"{made.path}: {made.form}, {made.tensors:,} tensors written, read back and found equal")
    if made.form != "original":
        click.echo(f"use it: microverse generate {made.path} --out FOLDER --prompt …")
