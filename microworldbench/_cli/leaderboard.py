"""``mwb leaderboard``: submissions made, sealed, checked, and ranked on a static site."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from ..command_line import Group, Number
from .options import JSON, SUITE, named_suite, options

if TYPE_CHECKING:
    from ..leaderboard import Checked

ACCESS = ("open", "api", "closed")
RECORDS = click.option(
    "--verified", type=click.Path(), metavar="DIR", help="Maintainers' records. [default: _verified beside submissions]"
)


@click.group(cls=Group)
def leaderboard() -> None:
    """Makes, checks and ranks submissions."""


@leaderboard.command()
@click.argument("run", type=click.Path())
@click.argument("folder", type=click.Path())
@click.option("--model", metavar="NAME", help="As the run calls its generator. [default: that name]")
@click.option("--version", required=True, metavar="TEXT", help="Exactly which one: release, commit or snapshot.")
@click.option("--access", type=click.Choice(ACCESS), required=True, help="Who can run it.")
@click.option("--author", "authors", multiple=True, required=True, metavar="NAME", help="Who submits; repeatable.")
@click.option("--date", required=True, metavar="YYYY-MM-DD", help="When the videos were made.")
@click.option("--url", metavar="URL", help="About the model (https).")
@click.option("--videos", metavar="URL", help="Where the videos can be had (https).")
@click.option("--notes", metavar="TEXT", help="Anything a reader should know.")
def new(run: str, folder: str, model: str | None, **about: Any) -> None:
    """Makes the submission FOLDER of the run folder RUN: its evidence without videos, and who submits what."""
    from pydantic import ValidationError

    from ..errors import InputError
    from ..leaderboard import Submission, new_submission
    from ..runs import RunFolder

    name = RunFolder.read(run).manifest.generator.name if model is None else model
    try:
        submission = Submission(model=name, **{key: value for key, value in about.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        place = str(first["loc"][0]) if first["loc"] else "submission"
        option = "author" if place == "authors" else place
        raise InputError(f"--{option}: {first['msg'].removeprefix('Value error, ')}") from None
    made = new_submission(run, folder, submission)
    click.echo(f"{made.path}\n'mwb leaderboard check {made.path}' says whether it would be accepted")


@leaderboard.command()
@click.argument("folder", type=click.Path())
def seal(folder: str) -> None:
    """Seals FOLDER again after submission.yaml was edited by hand."""
    from pathlib import Path

    from ..leaderboard import SubmissionFolder

    found = SubmissionFolder(Path(folder))
    model = found.about.model  # read first: what is no submission is not sealed
    found.seal()
    click.echo(f"sealed {model}: {found.path / 'SHA256SUMS'}")


@leaderboard.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(), metavar="PATH…")
@click.option("--among", type=click.Path(), metavar="DIR", help="All submissions. [default: the folder PATH lies in]")
@RECORDS
@options(SUITE, JSON)
def check(
    paths: tuple[str, ...],
    among: str | None,
    verified: str | None,
    suite: str | None,
    weights: str | None,
    as_json: bool,
) -> None:
    """Checks the submissions PATH: seals, every number from the verdicts, coverage, comparability, names, certificate.

    Exit status 2 where one is not accepted; each reason says how to go on.
    """
    from ..leaderboard import check as check_one
    from ..leaderboard.check import CANNOT_SHOW

    known = named_suite(suite, weights)
    found = [check_one(path, among=among, suite=known, verified=verified) for path in paths]
    if as_json:
        click.echo(json.dumps([one.model_dump(mode="json") for one in found], ensure_ascii=False, indent=1))
    else:
        _tell(found)
        click.echo(CANNOT_SHOW)
    raise click.exceptions.Exit(0 if all(one.accepted for one in found) else 2)


@leaderboard.command()
@click.argument("folder", type=click.Path())
@click.option("--base", required=True, type=click.Path(), metavar="DIR", help="The base branch's submissions.")
@options(JSON)
def proposed(folder: str, base: str, as_json: bool) -> None:
    """Checks what a pull request changes: FOLDER holds all submissions as it would leave them.

    Run by CI with the base branch's code; what the pull request holds is read as data only.
    """
    from ..leaderboard import check_proposed
    from ..leaderboard.check import CANNOT_SHOW
    from ..rendering.wording import plain

    found = check_proposed(folder, base)
    if as_json:
        click.echo(json.dumps(found.model_dump(mode="json"), ensure_ascii=False, indent=1))
    else:
        _tell(found.submissions)
        for name in found.removed:
            click.echo(f"{plain(name)}: would be removed")
        for problem in found.problems:
            click.echo(plain(problem))
        if found.submissions:
            click.echo(CANNOT_SHOW)
        elif found.is_acceptable and not found.removed:
            click.echo("no submission is new or changed")
    raise click.exceptions.Exit(0 if found.is_acceptable else 2)


def _tell(found: Iterable[Checked]) -> None:
    from ..rendering.wording import plain

    for one in found:
        word = f"accepted, {one.standing}" if one.accepted else "not accepted"
        click.echo(f"{plain(one.submission)}: {word}")
        for line in (*one.problems, *one.remarks):
            click.echo(f"  {plain(line)}")


@leaderboard.command()
@click.argument("path", type=click.Path())
@click.option("--videos", required=True, type=click.Path(), metavar="DIR", help="Its videos, under any names.")
@click.option("--judge", required=True, metavar="REF", help="The submission's own judge, as for mwb run.")
@click.option("-j", "judge_settings", multiple=True, metavar="KEY=VALUE", help="Judge setting; repeatable.")
@click.option("--by", required=True, metavar="NAME", help="Who is looking.")
@click.option("--out", required=True, type=click.Path(), metavar="FILE", help="The record, e.g. _verified/NAME.json.")
@click.option("--max-cost", type=Number(min=0), metavar="USD", help="Cap on what judging again spends.")
@options(SUITE)
def verify(
    path: str,
    videos: str,
    judge: str,
    judge_settings: tuple[str, ...],
    by: str,
    out: str,
    max_cost: float | None,
    suite: str | None,
    weights: str | None,
) -> None:
    """Looks at the videos of the submission PATH again: sha256, frames, and twenty judged once more.

    For maintainers: the record makes the row verified where every video and frame is the same and at least 90 % of the
    new verdicts are.
    """
    from pathlib import Path

    from ..leaderboard import look_again
    from ..logbook import write_atomically
    from ..settings import parse_pairs

    record = look_again(
        path,
        videos,
        judge,
        by=by,
        suite=named_suite(suite, weights),
        judge_settings=parse_pairs(judge_settings, "-j"),
        max_cost=max_cost,
    )
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    write_atomically(Path(out), (record.model_dump_json(by_alias=True, indent=1) + "\n").encode())
    click.echo(
        f"{record.found} of {record.videos} videos, {record.same_frames} of {record.frames} frames, "
        f"{record.same_verdicts} of {record.verdicts} verdicts on {record.judged_again} videos are the same: "
        f"{'verified' if record.holds else 'not verified'}\n{out}"
    )
    raise click.exceptions.Exit(0 if record.holds else 1)


@leaderboard.command()
@click.argument("submissions", type=click.Path())
@click.option("--out", required=True, type=click.Path(), metavar="DIR", help="The site; an earlier one is replaced.")
@RECORDS
@options(JSON)
def build(submissions: str, out: str, verified: str | None, as_json: bool) -> None:
    """Ranks all SUBMISSIONS and writes the leaderboard as a static site, which also works from disk.

    Equal submissions give equal bytes, on any machine and in any locale.
    """
    from ..leaderboard import build as build_site
    from ..rendering.wording import plain, points, quantity

    found = build_site(submissions, out, verified=verified)
    if as_json:
        click.echo(found.to_json(), nl=False)
        return
    for table in found.tables:
        size = quantity(table.tasks, "task")
        click.echo(f"{plain(table.suite.id)} {table.suite.version}, judge {plain(table.judge.name)}, {size}")
        for row in table.rows:
            ranks = "—" if row.best_rank is None else f"{row.best_rank}–{row.worst_rank}"
            click.echo(
                f"  {ranks:>7}  {points(row.score.value):>6}  {plain(row.about.model)} {plain(row.about.version)}"
            )
    click.echo(f"{out}/index.html")


@leaderboard.command()
@click.argument("submissions", type=click.Path())
@click.argument("readme", type=click.Path())
@click.option("--top", type=click.IntRange(min=1), default=10, metavar="N", help="Rows, at most. [default: 10]")
def readme(submissions: str, readme: str, top: int) -> None:
    """Refreshes the ranking of SUBMISSIONS between the marks of README."""
    from ..leaderboard import refresh

    changed = refresh(submissions, readme, top=top)
    click.echo(f"{readme}: {'refreshed' if changed else 'up to date'}")
