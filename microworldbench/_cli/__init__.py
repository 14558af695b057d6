"""``mwb``: one file per command, each imported only when it is used."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("run:run", "Generate, judge and score: the whole job."),
    "generate": ("run:generate", "Make the videos of a run without judging them."),
    "grade": ("run:grade", "Judge stored videos."),
    "score": ("score:score", "Recompute the scores of a run folder from its verdicts, offline."),
    "report": ("score:report", "Show a run as a table, JSON, Markdown or one HTML page."),
    "compare": ("compare:compare", "Compare runs of one suite, task by task."),
    "agreement": ("agreement:agreement", "Measure how far judges and experts agree."),
    "preference": ("preference:preference", "Evaluate votes on pairs of videos."),
    "audit": ("audit:audit", "Score results of the released evaluator as released and corrected."),
    "demo": ("demo:demo", "Score the built-in simulator and its broken twin, offline."),
    "plan": ("plan:plan", "Say from a pilot run what to spend on next: tasks, seeds or votes."),
    "suites": ("suites:suites", "List, show, check and describe suites of tasks."),
    "generators": ("catalogue:generators", "List the generators that are installed."),
    "judges": ("catalogue:judges", "List the judges and measurements that are installed."),
    "plugins": ("catalogue:plugins", "List plugins, broken ones included."),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name][0].partition(":")
        command = getattr(importlib.import_module(f"{__name__}.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from ..errors import UnknownNameError

            raise UnknownNameError("command", args[0], COMMANDS, "'mwb --help' lists them")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="microworldbench", prog_name="mwb")
def cli() -> None:
    """MicroWorldBench: does a video generator truly show how organs, cells and molecules behave?

    Start with 'mwb demo'. Exit status: 0 done; 1 finished with criteria missing or something failed; 2 wrong input;
    130 interrupted. With --json, stdout is exactly one JSON document.
    """


def main(args: list[str] | None = None) -> None:
    """Runs the command line and exits; errors of ours print without a traceback."""
    from ..errors import InputError, MicroWorldBenchError

    try:
        status: Any = cli.main(args, standalone_mode=False)
    except click.exceptions.Exit as stop:
        status = stop.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted; what is recorded is kept, and the same command continues", err=True)
        status = 130
    except click.ClickException as error:
        error.show()
        status = 2
    except InputError as error:
        _complain(error)
        status = 2
    except MicroWorldBenchError as error:
        _complain(error)
        status = 1
    except BrokenPipeError:
        sys.stderr.close()  # the reader went away: nothing more to say
        status = 1
    sys.exit(status if isinstance(status, int) else 0)


def _complain(error: Exception) -> None:
    from ..rendering.wording import plain

    click.echo(f"error: {plain(str(error), lines=True)}", err=True)
