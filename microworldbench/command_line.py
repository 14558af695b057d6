"""Command lines whose parts load late and whose errors read well: shared by ``mwb`` and ``microverse``."""

from __future__ import annotations

import errno
import importlib
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class Number(click.FloatRange):
    """A number within bounds. Not-a-number would pass every comparison with a bound, and is refused."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


class Group(click.Group):
    """A group whose help page shows the whole first sentence of every command."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.get_short_help_str(limit=400)) for name, one in commands if one is not None])


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only to run it.

    Args:
        commands: Name to (``module:attribute`` of the command, its one-line summary), in the order of the help page.
        package: The package that the modules lie in.
    """

    def __init__(self, *args: Any, commands: Mapping[str, tuple[str, str]], package: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self._known, self._package = dict(commands), package

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._known)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self._known:
            return None
        module, _, attribute = self._known[name][0].partition(":")
        command = getattr(importlib.import_module(f"{self._package}.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self._known and not args[0].startswith("-"):
            from .errors import UnknownNameError

            raise UnknownNameError("command", args[0], self._known, f"'{ctx.command_path} --help' lists them")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if not self._known:
            return
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in self._known.items()])


def run_and_exit(cli: click.Command, args: Sequence[str] | None = None) -> None:
    """Runs a command line and exits; errors of ours print without a traceback.

    Exit status: 0 done; 1 something failed; 2 wrong input; 130 interrupted; or what the command returned.

    Args:
        cli: The command.
        args: Its arguments; by default the process's.
    """
    from .errors import InputError, MicroWorldBenchError

    try:
        status: Any = cli.main(None if args is None else list(args), standalone_mode=False)
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
    except OSError as error:
        # A path that cannot be read or written, or a full disk behind stdout; all else is a fault of ours.
        if error.filename is None and error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        _complain(error.strerror if error.filename is None else f"{str(error.filename)!r}: {error.strerror}")
        status = 1
    sys.exit(status if isinstance(status, int) else 0)


def _complain(error: object) -> None:
    from .rendering.wording import plain

    click.echo(f"error: {plain(str(error), lines=True)}", err=True)
