"""``microverse data run``."""

from __future__ import annotations

from pathlib import Path

import click

from microworldbench.command_line import Number

from ..options import JSON
from .options import CONFIG, open_shelf, work_options


@click.command()
@CONFIG
@work_options
@click.option(
    "--caption-workers",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    metavar="N",
    help="Caption calls in flight.",
)
@click.option(
    "--max-cost",
    type=Number(min=0),
    metavar="USD",
    help="For captions, and for levels, each over the whole work folder.",
)
@click.option("--forgive", is_flag=True, help="Try quarantined items again.")
@JSON
def run(
    config: Path,
    executor: str,
    workers: int | None,
    timeout_s: float,
    ray_address: str | None,
    gpus: float,
    device: str | None,
    caption_workers: int,
    max_cost: float | None,
    forgive: bool,
    as_json: bool,
) -> None:
    """Does everything CONFIG asks for that is not done yet.

    Give the same command again after an interruption, a changed threshold or new videos: what has a result is not
    computed again, and no answered caption call is paid twice.
    """
    import json

    from microverse.data import curate
    from microverse.data.console import Watching, print_tally
    from microverse.data.executors import make_executor
    from microverse.data.ledger import open_work
    from microworldbench.chat.passing import Haste

    shelf = open_shelf(config, device)
    made = make_executor(executor, workers=workers, timeout_s=timeout_s, address=ray_address, gpus=gpus)
    with open_work(shelf.config.out):
        if forgive:
            click.echo(f"{shelf.ledger.forgive()} quarantined items will be tried again", err=True)
        haste = Haste(workers=caption_workers, max_cost_usd=max_cost)
        with Watching(shelf) as watching:
            tally = curate.run(
                shelf, made, haste=haste, timeout_s=timeout_s, progress=watching.progress, changed=watching.changed
            )
    if as_json:
        click.echo(json.dumps(tally.to_json()))
    else:
        print_tally(tally)
    raise click.exceptions.Exit(int(bool(tally.quarantined)))
