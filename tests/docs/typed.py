"""Whether commands that cannot be run here at least exist: each option of ``mwb`` and ``microverse`` is looked up."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from microverse._cli import cli as microverse
from microworldbench._cli import cli as mwb

PROGRAMS = {"mwb": mwb, "microworldbench": mwb, "microverse": microverse}
OPTION = re.compile(r"^-{1,2}[a-z][a-z-]*")


def unknown_options(code: str) -> list[str]:
    """What a shell block asks of our commands that they do not know."""
    joined = code.replace("\\\n", " ")
    return [problem for line in joined.splitlines() for part in _parts(line) for problem in _problems(part)]


def _parts(line: str) -> Iterator[list[str]]:
    """The words of each of our commands in a line, without comments, quotes and settings before it."""
    without = re.sub(r"(^|\s)#\s.*$", "", line)
    for part in re.split(r"\|\||&&|[|;&]", re.sub(r"'[^']*'|\"[^\"]*\"", "QUOTED", without)):
        words = part.split()
        while words and re.match(r"^(?:[A-Z_]+=|srun$|torchrun$|exec$|nohup$|\$$)", words[0]):
            words.pop(0)
        if words and words[0] in PROGRAMS:
            yield words


def _problems(words: list[str]) -> Iterator[str]:
    program, command = words[0], PROGRAMS[words[0]]
    context = click.Context(command, info_name=program)
    rest = words[1:]
    while isinstance(command, click.Group) and rest and not rest[0].startswith(("-", "…", "<", "[")):
        name = rest.pop(0)
        inner = command.get_command(context, name)
        if inner is None:
            yield f"{program} has no {name}"
            return
        program, command = f"{program} {name}", inner
    known = {name for p in command.get_params(context) for name in (*p.opts, *p.secondary_opts)} | {"--help", "-h"}
    for word in rest:
        found = OPTION.match(word)
        if found and found[0] not in known:
            yield f"{program} has no {found[0]}"
