"""``microverse make-tiny``: a toy pipeline to try everything with."""

from __future__ import annotations

from pathlib import Path

import click

from .options import prepare_libraries


@click.command("make-tiny")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, metavar="N", show_default=True, help="Of the random weights."
)
@click.option(
    "--width", type=click.IntRange(min=24), default=96, metavar="N", show_default=True, help="A multiple of 24."
)
@click.option(
    "--layers", type=click.IntRange(min=1), default=3, metavar="N", show_default=True, help="Blocks of the network."
)
def make_tiny(folder: Path, seed: int, width: int, layers: int) -> None:
    """Writes a toy Wan2.1 pipeline to FOLDER, offline and in seconds.

    Network and text encoder are random; the autoencoder keeps clips recognisable, so that what is learnt shows.
    Train it with: microverse cache tiny model=FOLDER …, microverse train tiny model=FOLDER …
    """
    from microworldbench.errors import InputError

    if width % 24:
        raise InputError(f"--width must be a multiple of 24 (the size of a head), got {width}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is there already; choose another folder or remove it")
    prepare_libraries()
    from ..tiny import make_tiny as write

    write(folder, seed=seed, width=width, layers=layers)
    size_mb = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
    click.echo(f"{folder}: a toy WanPipeline, {size_mb:.1f} MB")
