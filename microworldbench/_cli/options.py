"""Options that several commands share; ``run``, ``generate`` and ``grade`` take the same ones."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..command_line import Number

if TYPE_CHECKING:
    from ..rubric import Suite

F = TypeVar("F", bound=Callable[..., Any])


class Seeds(click.ParamType):  # type: ignore[type-arg]  # generic in new versions only
    """``K``, for seeds 0…K-1, or a list such as ``0,3,9``."""

    name = "seeds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | tuple[int, ...]:
        if not isinstance(value, str):
            return value  # type: ignore[no-any-return]
        try:
            if "," not in value:
                return int(value)
            return tuple(int(part) for part in value.split(",") if part.strip())
        except ValueError:
            self.fail(f"{value!r} is neither a number nor a list such as 0,3,9", param, ctx)


def registered(kind: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Completes the names of what is installed: ``generator`` or ``judge``."""

    def complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
        from ..plugins import registry

        return [name for name in sorted(registry().names(kind).specs) if name.startswith(incomplete)]

    return complete


def task_ids(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Completes the ids of the suite's tasks; none where the suite typed so far cannot be read."""
    from ..errors import InputError
    from ..references import resolve_suite

    try:
        suite = resolve_suite(ctx.params.get("suite") or "core")
    except InputError:
        return []
    return [task.id for task in suite.tasks if task.id.startswith(incomplete)]


SELECTION = (
    click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N tasks."),
    click.option(
        "--level",
        "levels",
        multiple=True,
        metavar="L",
        help="Only this level (organ, cellular, subcellular); repeatable.",
    ),
    click.option(
        "--task",
        "tasks",
        multiple=True,
        metavar="ID",
        shell_complete=task_ids,
        help="Only this task; repeatable.",
    ),
    click.option(
        "--criteria",
        type=click.Choice(["all", "measured"]),
        default=None,
        help="Which criteria. [default: all; of a run, its own]",
    ),
    click.option(
        "--prompt-field", type=click.Choice(["task", "requirement"]), default=None, help="What is the prompt."
    ),
)
SUITE = (
    click.option(
        "--suite",
        default=None,
        metavar="REF",
        help="core, released:PATH, a folder, a name. [default: core; of a run, its own]",
    ),
    click.option("--weights", type=click.Choice(["tiered", "raw"]), default=None, help="Weights of released suites."),
)
GENERATOR = (
    click.option(
        "--generator",
        metavar="REF",
        shell_complete=registered("generator"),
        help="A name, folder:PATH, module:attribute or a YAML file.",
    ),
    click.option("-g", "generator_settings", multiple=True, metavar="KEY=VALUE", help="Generator setting; repeatable."),
    click.option("--name", metavar="NAME", help="Name of a folder or callable in tables."),
    click.option(
        "--seeds",
        type=Seeds(),
        metavar="K",
        help="Videos per task: seeds 0…K-1, or a list such as 0,3,9. [default: 1; of a run, its own]",
    ),
    click.option(
        "--missing",
        type=click.Choice(["refuse", "skip", "fail"]),
        default="refuse",
        help="folder: tasks without a readable video. [default: refuse]",
    ),
    click.option("--copy-videos", is_flag=True, help="Copy the videos of a folder: into the run folder."),
)
JUDGE = (
    click.option(
        "--judge",
        default=None,
        metavar="REF",
        shell_complete=registered("judge"),
        help="openai:MODEL, measured, replay:PATH, labels:PATH, cascade:a,b, a name or a YAML file. "
        "[default: measured, on the measured criteria]",
    ),
    click.option("-j", "judge_settings", multiple=True, metavar="KEY=VALUE", help="Judge setting; repeatable."),
    click.option("--frames", type=click.IntRange(1, 256), metavar="N", help="Frames shown to the judge. [default: 8]"),
    click.option(
        "--votes", type=click.IntRange(min=1), default=1, metavar="K", help="Answers per criterion. [default: 1]"
    ),
    click.option(
        "--reducer",
        type=click.Choice(["majority", "unanimous", "first"]),
        default="majority",
        help="How a criterion's votes become one outcome. [default: majority]",
    ),
    click.option(
        "--challenge",
        type=Number(0, 1),
        default=0.0,
        metavar="P",
        help="Ask this share of met verdicts again with another task's frames; what stays met is ungrounded.",
    ),
    click.option("--rpm", type=click.IntRange(min=1), metavar="N", help="Requests a minute to each judge, at most."),
    click.option("--tpm", type=click.IntRange(min=1), metavar="N", help="Tokens a minute to each judge, at most."),
    click.option("--max-cost", type=Number(min=0), metavar="USD", help="Cap on what the run folder spends."),
    click.option(
        "--max-missing",
        type=Number(0, 1),
        default=None,
        metavar="F",
        help="Share of criteria that may lack a verdict; beyond it only bounds are stated. [default: 0.005]",
    ),
)
PASS = (
    click.option("--out", type=click.Path(), metavar="DIR", help="The run folder; the same command continues it."),
    click.option(
        "--workers",
        type=click.IntRange(min=1),
        default=8,
        metavar="N",
        help="Judge and API calls in flight. [default: 8]",
    ),
    click.option("--check", is_flag=True, help="Check everything, list what is wrong, spend nothing."),
    click.option("--dry-run", is_flag=True, help="Say what would be made, asked and spent at most; do nothing."),
)
JSON = (click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, all else on stderr."),)


def one_on_stdout(*, markdown: bool, as_json: bool) -> None:
    """Refuses two forms at once.

    Raises:
        InputError: both are wanted.
    """
    from ..errors import InputError

    if markdown and as_json:
        raise InputError("--markdown and --json both want stdout; give one of them")


def named_suite(reference: str | None, weights: str | None) -> Suite | None:
    """The suite of --suite and --weights; None where none is named.

    Raises:
        InputError: it cannot be read.
    """
    from ..references import resolve_suite

    return resolve_suite(reference, weights=weights or "tiered") if reference else None


def options(*groups: tuple[Callable[[F], F], ...]) -> Callable[[F], F]:
    """Adds groups of options, shown in this order."""

    def decorate(command: F) -> F:
        every = [option for group in groups for option in group]
        return functools.reduce(lambda decorated, option: option(decorated), reversed(every), command)

    return decorate


def selection(
    limit: int | None,
    levels: tuple[str, ...],
    tasks: tuple[str, ...],
    criteria: str | None,
    prompt_field: str | None,
) -> dict[str, Any]:
    """The arguments of `View.of` that were given."""
    return {
        "limit": limit,
        "levels": list(levels) or None,
        "tasks": list(tasks) or None,
        "criteria": criteria,
        "prompt_field": prompt_field,
    }
