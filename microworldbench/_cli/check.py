"""``mwb plugins check NAME``: the conformance kit on one installed generator."""

from __future__ import annotations

import click

from .options import JSON, options


@click.command()
@click.argument("name")
@click.option("--live", is_flag=True, help="Load the generator and ask it for some 20 videos too. This may cost money.")
@click.option("-g", "generator_settings", multiple=True, metavar="KEY=VALUE", help="Generator setting; repeatable.")
@click.option("--task", default="conformance", metavar="ID", help="Task id of the requests. [default: conformance]")
@options(JSON)
def check(name: str, live: bool, generator_settings: tuple[str, ...], task: str, as_json: bool) -> None:
    """Checks whether the generator NAME conforms: complete, light to list, seeded, cancellable.

    Without --live nothing is loaded. Exit status 1 where a check fails.
    """
    import dataclasses
    import json

    from ..generation.request import GenerationRequest
    from ..plugins import registry
    from ..rendering.wording import plain
    from ..settings import parse_pairs
    from ..testing.conformance import check_generator

    spec = registry().generators.get(name)
    request = GenerationRequest(task_id=task, prompt="One cell divides into two daughter cells, seen from above.")
    found = check_generator(spec, live, settings=parse_pairs(generator_settings, "-g"), request=request)
    if as_json:
        rows = [dataclasses.asdict(result) for result in found.results]
        click.echo(json.dumps({"generator": name, "passed": found.passed, "checks": rows}, ensure_ascii=False))
    else:
        for result in found.results:
            click.echo(f"{result.status:8}  {result.check}" + plain(f": {result.detail}" if result.detail else ""))
        click.echo(f"\n{name} {'conforms' if found.passed else 'does not conform'}")
    raise click.exceptions.Exit(int(not found.passed))
