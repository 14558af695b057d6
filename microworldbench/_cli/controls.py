"""``mwb controls``: the simulated clips, what is true of them, and what they look like."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..command_line import Group
from .options import JSON, options

if TYPE_CHECKING:
    from ..rubric import Suite
    from ..simulators.mechanism import Mechanism

MECHANISM = click.option("--mechanism", "names", multiple=True, metavar="NAME", help="Only this one; repeatable.")


@click.group(cls=Group, invoke_without_command=True)
@options(JSON)
@click.pass_context
def controls(context: click.Context, as_json: bool) -> None:
    """Lists the simulated mechanisms and everything that can be violated."""
    if context.invoked_subcommand is not None:
        return
    from ..simulators.registry import MECHANISMS
    from ..violations.pages import listing

    rows = list(listing(MECHANISMS.values()))
    if as_json:
        click.echo(json.dumps([dict(zip(("kind", "name", "summary"), row, strict=True)) for row in rows]))
        return
    for kind, name, summary in rows:
        click.echo(f"{kind:<12} {name:<24} {summary}")


@controls.command()
@MECHANISM
@click.option("--seed", type=click.IntRange(min=0), default=41, metavar="N", show_default=True, help="Of the scenes.")
@options(JSON)
def truth(names: tuple[str, ...], seed: int, as_json: bool) -> None:
    """Derives the truth tables: violations by criteria, each met, not met or undetermined."""
    from ..simulators.registry import MECHANISMS
    from ..violations.pages import as_data, to_text
    from ..violations.table import truth_table

    chosen, core = _chosen(names)
    tables = [truth_table(m, core.by_id[m.task_id], list(MECHANISMS.values()), seed=seed) for m in chosen]
    if as_json:
        click.echo(json.dumps([as_data(table) for table in tables], ensure_ascii=False))
    else:
        click.echo("\n".join(to_text(table) for table in tables))


@controls.command()
@click.argument("folder", type=click.Path(file_okay=False))
@MECHANISM
@click.option("--seed", type=click.IntRange(min=0), default=41, metavar="N", show_default=True, help="Of the scenes.")
def pages(folder: str, names: tuple[str, ...], seed: int) -> None:
    """Writes the documentation into FOLDER (docs): contact sheets, truth tables, and an index of them."""
    from ..simulators.registry import MECHANISMS
    from ..violations.documentation import write_index, write_page

    chosen, core = _chosen(names)
    every = list(MECHANISMS.values())
    for mechanism in chosen:
        click.echo(str(write_page(Path(folder), mechanism, core.by_id[mechanism.task_id], every, seed=seed)))
    if not names:
        click.echo(str(write_index(Path(folder), every, {t.id: t.title for t in core.tasks}, seed=seed)))


def _chosen(names: tuple[str, ...]) -> tuple[list[Mechanism], Suite]:
    from ..references import resolve_suite
    from ..simulators.registry import MECHANISMS
    from ..violations.recipe import mechanism_named

    chosen: list[Any] = [mechanism_named(name) for name in names] or list(MECHANISMS.values())
    return chosen, resolve_suite("core")
