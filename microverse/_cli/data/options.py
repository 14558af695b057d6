"""Arguments that several commands take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from microworldbench.command_line import Number

if TYPE_CHECKING:
    from microverse.data.curate import Shelf

CONFIG = click.argument("config", type=click.Path(path_type=Path))


def work_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of commands that work on many items."""
    for option in (
        click.option(
            "--executor", default="serial", show_default=True, metavar="NAME", help="serial, processes or ray."
        ),
        click.option(
            "--workers",
            type=click.IntRange(min=1),
            metavar="N",
            help="Processes or Ray actors [default: the processors].",
        ),
        click.option(
            "--timeout",
            "timeout_s",
            type=Number(min=0, min_open=True),
            default=1800.0,
            show_default=True,
            metavar="S",
            help="Give a video up after so many seconds.",
        ),
        click.option("--ray-address", metavar="ADDRESS", help="A running Ray cluster [default: one is started here]."),
        click.option("--gpus", type=Number(min=0), default=0.0, metavar="N", help="GPUs for each Ray worker."),
        click.option("--device", metavar="NAME", help="cuda or cpu, for models [default: a GPU where there is one]."),
    ):
        command = option(command)
    return command


def open_shelf(config: Path, device: str | None = None) -> Shelf:
    """The configuration and its work folder.

    Raises:
        InputError: the configuration is wrong.
    """
    from microverse.data.config import read_config
    from microverse.data.curate import Shelf

    return Shelf(read_config(config), device)
