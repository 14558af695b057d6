"""``mwb plan``: where the next money is best spent."""

from __future__ import annotations

import click

from .options import JSON, options


@click.command()
@click.argument("pilot", type=click.Path())
@click.argument("other", type=click.Path(), required=False)
@options(JSON)
def plan(pilot: str, other: str | None, as_json: bool) -> None:
    """Says from the run folder PILOT what narrows the interval most: more tasks, seeds or votes.

    With OTHER, another model's run made alike, the paired difference of the two is planned. Best from a pilot with two
    seeds and two votes, so that the parts of the variance can be told apart.
    """
    import json

    from ..pilot import plan as plan_next
    from ..rendering.wording import plain

    found = plan_next(pilot, other)
    if as_json:
        click.echo(json.dumps(found.model_dump(mode="json"), ensure_ascii=False))
    else:
        click.echo("\n".join(plain(line, lines=True) if line.startswith("planned") else line for line in found.lines()))
