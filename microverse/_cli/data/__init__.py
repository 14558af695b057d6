"""``microverse data``: one file per command."""

from __future__ import annotations

import click

from microworldbench.command_line import CONTEXT, LazyGroup

COMMANDS: dict[str, tuple[str, str]] = {
    "collect": ("collect:collect", "Find openly licensed videos through the YouTube Data API."),
    "run": ("run:run", "Curate videos: split, score, caption, cut; resumes by itself."),
    "status": ("status:status", "The funnel so far, and what was given up."),
    "report": ("report:report", "One page: funnel, distributions, clips behind each decision."),
    "review": ("review:review", "Experts accept or reject clips and captions."),
    "relevance": ("relevance:relevance", "Train, test and try the relevance classifier."),
    "export": ("export:export", "Write what was kept as a data set."),
    "import": ("export:import_", "Take in rows of another data set."),
    "available": ("collect:available", "Which videos of a list can still be had."),
}


@click.group(cls=LazyGroup, commands=COMMANDS, package=__name__, context_settings=CONTEXT)
def data() -> None:
    """From videos to a training set, as one YAML file says (docs/how-to/build-a-dataset.md)."""
