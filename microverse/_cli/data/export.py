"""``microverse data export`` and ``microverse data import``."""

from __future__ import annotations

from pathlib import Path

import click

from ..options import JSON
from .options import CONFIG, open_shelf


@click.command()
@CONFIG
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), metavar="FOLDER", help="Where the data set goes."
)
@click.option(
    "--layout",
    type=click.Choice(["videofolder", "released", "parquet", "release"]),
    default="videofolder",
    show_default=True,
    help="videofolder: clips and metadata.jsonl; released: as the released trainer reads; parquet: clips inside; "
    "release: addresses, spans and captions without media.",
)
@JSON
def export(config: Path, out: Path, layout: str, as_json: bool) -> None:
    """Writes the clips that passed every gate, with a card and a Croissant description."""
    import json

    from microverse.data.export.layouts import export as write

    done = write(open_shelf(config), out, layout)
    if as_json:
        click.echo(json.dumps({"folder": str(out), "layout": layout, "clips": done.clips, "withheld": done.withheld}))
        return
    click.echo(f"{done.clips:,} clips: {out}")
    for reason, count in done.withheld.items():
        click.echo(f"{count:,} left out: {reason}")


@click.command(name="import")
@click.argument("rows", type=click.Path(path_type=Path))
@click.option("--videos", required=True, type=click.Path(path_type=Path), metavar="FOLDER", help="Where the files lie.")
@click.option("-c", "columns", multiple=True, metavar="OURS=THEIRS", help="A column that is called differently.")
@JSON
def import_(rows: Path, videos: Path, columns: tuple[str, ...], as_json: bool) -> None:
    """Takes in rows of another data set (MicroSim-10K, or metadata.json in the released layout).

    Joins ROWS to the files in --videos and writes a manifest and a configuration there; spans and captions are kept.
    """
    import json

    from microverse.data.imports import import_rows
    from microworldbench.settings import parse_pairs

    done = import_rows(rows, videos, parse_pairs(columns, "-c"))
    if as_json:
        found = {"rows": done.rows, "found": done.found, "missing": done.missing, "config": str(done.config)}
        click.echo(json.dumps(found))
        return
    click.echo(f"{done.found:,} of {done.rows:,} rows have their video: {done.manifest}")
    if done.missing:
        click.echo(f"{len(done.missing):,} videos are missing, the first: {', '.join(done.missing[:5])}")
    click.echo(f"go on with: microverse data run {done.config}")
