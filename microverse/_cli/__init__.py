"""``microverse``: one file per command, each imported only when it is used."""

from __future__ import annotations

import click

from microworldbench.command_line import CONTEXT, LazyGroup, run_and_exit

COMMANDS: dict[str, tuple[str, str]] = {
    "data": ("data:data", "Build a training set out of videos."),
    "make-tiny": ("make_tiny:make_tiny", "Write a toy pipeline to try everything with."),
    "cache": ("cache:cache", "Encode videos and captions for training."),
    "train": ("train:train", "Fine-tune, or go on where it stopped."),
    "export": ("export:export", "Write the weights for others to load."),
    "generate": ("generate:generate", "Make videos with an export."),
    "inspect": ("inspect:inspect", "Describe a cache, a run, an export or a configuration."),
}


@click.group(cls=LazyGroup, commands=COMMANDS, package=__name__, context_settings=CONTEXT)
@click.version_option(package_name="microworldbench", prog_name="microverse")
def cli() -> None:
    """MicroVerse: training data for micro-worlds, and Wan2.1 fine-tuned on it.

    Exit status: 0 done; 1 something failed; 2 wrong input; 130 interrupted. With --json, stdout is exactly one JSON
    document.
    """


def main(args: list[str] | None = None) -> None:
    """Runs ``microverse`` and exits."""
    run_and_exit(cli, args)
