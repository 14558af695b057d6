"""``microverse inspect``: what a cache, a run, an export or a configuration holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from .options import JSON, SETTINGS, check_installed


@click.command()
@click.argument("what", metavar="PATH|CONFIG")
@SETTINGS
@click.option("--verify", is_flag=True, help="Read every shard of a cache again and compare its checksum.")
@JSON
def inspect(what: str, settings: tuple[str, ...], verify: bool, as_json: bool) -> None:
    """Describes a cache, a run folder or an export; or a preset or YAML file, with every setting it comes to.

    Exit status 1: --verify found damaged shards.
    """
    found = _found(what, settings, verify)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        _print(found)
    raise click.exceptions.Exit(1 if found.get("damaged") else 0)


def _found(what: str, settings: tuple[str, ...], verify: bool) -> dict[str, Any]:
    from ..presets import PRESETS

    if what in PRESETS or what.endswith((".yaml", ".yml")):
        return _configuration(what, settings)
    from microworldbench.errors import InputError

    if settings:
        raise InputError(f"settings belong to a configuration, and {what!r} is a path: got {settings[0]!r}")
    check_installed()
    from ..inspection import inspect as look

    return look(Path(what), verify=verify)


def _configuration(what: str, settings: tuple[str, ...]) -> dict[str, Any]:
    from ..assumptions import assumptions
    from ..presets import SUMMARIES, read_config

    config = read_config(what, settings)
    questions = {a.setting: {"answer": a.value, "open_because": a.open_because} for a in assumptions(config)}
    about = {} if config.preset is None else {"about": SUMMARIES[config.preset]}
    values = config.model_dump(mode="json")
    return {"kind": "configuration", **about, **values, "left_open_by_the_paper": questions}


def _print(found: dict[str, Any]) -> None:
    """Names and values, one a line; sections indented."""
    import yaml

    from microworldbench.rendering.wording import plain

    text = yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=110, default_flow_style=False)
    click.echo(plain(text, lines=True).rstrip())
