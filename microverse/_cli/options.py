"""Options that several commands share."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

NEEDED = ("torch", "diffusers", "transformers", "peft", "safetensors")

CONFIG = click.argument("config", metavar="CONFIG")
SETTINGS = click.argument("settings", nargs=-1, metavar="[NAME=VALUE]...")
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, all else on stderr.")


def check_installed() -> None:
    """Refuses to begin without the packages that training needs.

    Raises:
        MissingExtraError: one is missing; names the line that installs it.
    """
    from microworldbench.errors import MissingExtraError

    for package in NEEDED:
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError("training", package, "pip install 'microworldbench[microverse]'")


def prepare_libraries() -> None:
    """Checks the packages and keeps them quiet: call before anything of theirs is loaded."""
    check_installed()
    from ..wan import quieten

    quieten()
