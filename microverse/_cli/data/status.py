"""``microverse data status``."""

from __future__ import annotations

from pathlib import Path

import click

from ..options import JSON
from .options import CONFIG, open_shelf


@click.command()
@CONFIG
@JSON
def status(config: Path, as_json: bool) -> None:
    """Shows the funnel of CONFIG as far as it has come, under the thresholds it has now."""
    import json

    from microverse.data.console import print_tally

    tally = open_shelf(config).tally()
    if as_json:
        click.echo(json.dumps(tally.to_json()))
    else:
        print_tally(tally)
