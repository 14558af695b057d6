"""``mwb doctor``: what is installed, what is missing, what is broken."""

from __future__ import annotations

import click

from .options import JSON, options

MARKS = {"ok": "✓", "absent": "–", "problem": "✗"}


@click.command()
@options(JSON)
def doctor(as_json: bool) -> None:
    """Says what is installed and what it can do: extras, codecs, GPUs, keys, plugins.

    Of keys it is said whether they are set, never what they are. Exit status 1 where something is broken; what is
    only absent is no fault.
    """
    import dataclasses
    import json

    from ..doctor import examine
    from ..rendering.wording import plain

    found = list(examine())
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(f) for f in found], ensure_ascii=False))
    else:
        width = max(len(f.name) for f in found)
        for number, finding in enumerate(found):
            if number == 0 or finding.subject != found[number - 1].subject:
                click.echo(f"{'' if number == 0 else chr(10)}{finding.subject}")
            click.echo(f"  {MARKS[finding.state]} {plain(finding.name):<{width}}  {plain(finding.detail)}")
    raise click.exceptions.Exit(int(any(f.state == "problem" for f in found)))
