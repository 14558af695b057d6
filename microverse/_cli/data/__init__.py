"""``microverse data``: one file per command."""

from __future__ import annotations

import click

from microworldbench.command_line import CONTEXT, LazyGroup

COMMANDS: dict[str, tuple[str, str]] = {
    "collect": ("collect:collect", "Find openly licensed videos through the YouTube Data API."),
    "run": ("run:run", "Curate videos: split, score, caption, cut; resumes by itself."),
    "status": ("status:status", "The funnel so far, and what was given up."),
    "available": ("collect:available", "Which videos of a list can still be had."),
}


@click.group(cls=LazyGroup, commands=COMMANDS, package=__name__, context_settings=CONTEXT)
def data() -> None:
    """From videos to a training set, as one YAML file says."""
