"""``mwb generators``, ``mwb judges`` and ``mwb plugins``: what is installed."""

from __future__ import annotations

import json
from typing import Any

import click

from ..command_line import Group
from .check import check
from .options import JSON, options


@click.command()
@options(JSON)
def generators(as_json: bool) -> None:
    """Lists the generators that are installed."""
    _list("generator", as_json, "references: NAME, folder:PATH, module:attribute, FILE.yaml")


@click.command()
@options(JSON)
def judges(as_json: bool) -> None:
    """Lists the judges that are installed, and the measurements of the measured judge."""
    _list("judge", as_json, "references: NAME, openai:MODEL, replay:PATH, labels:PATH, cascade:A,B, FILE.yaml")
    if not as_json:
        from ..measure.registry import MEASUREMENTS

        click.echo("\nmeasurements")
        _table([(name, spec.summary) for name, spec in sorted(MEASUREMENTS.items())])


@click.group(cls=Group, invoke_without_command=True)
@options(JSON)
@click.pass_context
def plugins(context: click.Context, as_json: bool) -> None:
    """Lists plugins with their distribution and hooks; broken ones and name clashes too."""
    if context.invoked_subcommand is not None:
        return
    from ..plugins import registry

    found = registry()
    conflicts = [*found.generators.conflicts, *found.judges.conflicts, *found.suites.conflicts]
    rows = [
        {**vars(owner), "status": "ok", "hooks": found.hooks[owner.plugin], "error": None} for owner in found.plugins
    ] + [{**vars(b.owner), "status": "broken", "hooks": [], "error": b.error} for b in found.broken]
    if as_json:
        click.echo(json.dumps({"plugins": rows, "conflicts": conflicts}, ensure_ascii=False))
    else:
        _table([(r["plugin"], f"{r['distribution']} {r['version']}", r["status"], ", ".join(r["hooks"])) for r in rows])
        for broken in found.broken:
            click.echo(f"broken: {broken.owner.plugin} ({broken.owner.distribution}): {_plain(broken.error)}", err=True)
    _report_conflicts(conflicts)


plugins.add_command(check)


def _list(kind: str, as_json: bool, hint: str) -> None:
    from ..plugins import registry

    found = registry()
    names = found.names(kind)
    rows: list[dict[str, Any]] = []
    for name, spec in sorted(names.specs.items()):
        owner = names.owners[name][0]
        row = {
            "name": name,
            "summary": spec.summary,
            "license": spec.license,
            "needs": list(spec.needs),
            "distribution": owner.distribution,
            "version": owner.version,
            "settings": sorted(spec.settings.model_fields),
        }
        rows.append(row)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
    else:
        _table([(r["name"], f"{r['distribution']} {r['version']}", r["summary"]) for r in rows])
        click.echo(f"\n{hint}")
    for broken in found.broken:
        click.echo(f"broken plugin {broken.owner.plugin!r}: {_plain(broken.error)} ('mwb plugins')", err=True)
    _report_conflicts(names.conflicts)


def _report_conflicts(conflicts: list[str]) -> None:
    for conflict in conflicts:
        click.echo(f"error: {_plain(conflict)}", err=True)
    if conflicts:
        raise click.exceptions.Exit(1)


def _table(rows: list[tuple[Any, ...]]) -> None:
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]) - 1)] if rows else []
    for row in rows:
        cells = [_plain(str(cell)).ljust(width) for cell, width in zip(row, widths, strict=False)]
        click.echo("  ".join([*cells, _plain(str(row[-1]))]).rstrip())


def _plain(text: str) -> str:
    from ..rendering.wording import plain

    return plain(text)
