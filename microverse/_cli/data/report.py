"""``microverse data report``."""

from __future__ import annotations

from pathlib import Path

import click

from .options import CONFIG, open_shelf


@click.command()
@CONFIG
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="[default: report.html in the work folder]"
)
@click.option(
    "--samples",
    type=click.IntRange(min=0),
    default=6,
    show_default=True,
    metavar="N",
    help="Clips shown behind each decision.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N", help="Of the draw of these clips."
)
def report(config: Path, out: Path | None, samples: int, seed: int) -> None:
    """Writes one HTML page: funnel, distributions, and clips behind each decision."""
    from microverse.data.report.pages import write_report

    shelf = open_shelf(config)
    click.echo(f"wrote {write_report(shelf, out or shelf.config.out / 'report.html', samples=samples, seed=seed)}")
