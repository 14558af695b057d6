"""``mwb review``: experts at work in a browser."""

from __future__ import annotations

import sys
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, TextIO

import click

from ..command_line import Group
from ..rendering.wording import quantity
from .options import JSON, SUITE, options

if TYPE_CHECKING:
    from ..review.desk import Desk
    from ..review.store.access import AccessBook, Expert
    from ..review.studies.folder import StudyFolder
    from ..rubric import Level, Suite

UNLICENSED = "note: the suite states no licence, and its texts are in these files; do not publish them"
KINDS = ("relevance", "revise", "verdict", "pair", "clip", "caption")
WHAT = (
    click.option("--kind", type=click.Choice(KINDS), help="What experts do."),
    click.option("--preset", type=click.Choice(["paper-preference"]), help="A study as in the paper."),
    click.option("--draft", type=click.Path(), metavar="DIR", help="Tasks of 'mwb draft', which have no rubric yet."),
    click.option("--run", "runs", multiple=True, type=click.Path(), metavar="DIR", help="A run's videos; repeatable."),
    click.option("--clips", type=click.Path(), metavar="FILE", help="JSON lines or CSV: id, video, caption, title."),
    click.option("--videos", type=click.Path(), metavar="DIR", help="Where the clips lie. [default: beside FILE]"),
    click.option("--per-level", type=click.IntRange(min=1), metavar="N", help="Draw N tasks of each level at random."),
    click.option(
        "--level",
        "levels",
        multiple=True,
        type=click.Choice(["organ", "cellular", "subcellular"]),
        metavar="L",
        help="Only this level; repeatable.",
    ),
    click.option("--task", "tasks", multiple=True, metavar="ID", help="Only this task; repeatable."),
    click.option(
        "--pairs", "pairing", type=click.Choice(["all", "first"]), default="all", help="Of runs. [default: all]"
    ),
)
RULES = (
    click.option("--title", metavar="TEXT", help="What experts read above every page."),
    click.option("--instructions", type=click.File(encoding="utf-8"), metavar="FILE", help="What they read first."),
    click.option("--evaluators", type=click.IntRange(min=1), metavar="N", help="Experts for every item. [default: 3]"),
    click.option(
        "--seed", type=click.IntRange(min=0), default=0, metavar="N", help="Of draws, orders and sides. [default: 0]"
    ),
    click.option("--grid", metavar="W,W,…", help="Weights experts choose from. [default: 0.2,0.5,1.0]"),
    click.option(
        "--rationale", type=click.Choice(["changes", "all"]), help="What must be explained. [default: changes]"
    ),
    click.option(
        "--max-side", type=click.IntRange(min=64), metavar="PX", help="Longest side of videos. [default: 1280]"
    ),
)


@click.group(cls=Group)
def review() -> None:
    """Lets experts vote, revise, label and compare in a browser, and makes rubrics and labels of it.

    new makes a study, invite gives experts their links, serve runs the workbench, status shows how far everybody is,
    merge turns the answers into a result by stated rules; import and export exchange answers with other tools.
    """


@review.command()
@click.argument("study", type=click.Path())
@options(WHAT, SUITE, RULES)
def new(
    study: str,
    kind: str | None,
    preset: str | None,
    draft: str | None,
    runs: tuple[str, ...],
    clips: str | None,
    videos: str | None,
    per_level: int | None,
    levels: tuple[str, ...],
    tasks: tuple[str, ...],
    pairing: str,
    suite: str | None,
    weights: str | None,
    title: str | None,
    instructions: TextIO | None,
    evaluators: int | None,
    seed: int,
    grid: str | None,
    rationale: str | None,
    max_side: int | None,
) -> None:
    """Makes the folder STUDY.

    relevance and revise ask about the tasks of a suite, relevance also about those of a draft; verdict and pair about
    the videos of runs, re-encoded so that nothing gives their generator away; clip and caption about a list of clips.
    Where only some tasks are drawn, each carries how many it stands for, so that labels can correct scores.
    """
    from ..errors import InputError
    from ..review.studies.films import MAX_SIDE
    from ..review.studies.making import PRESETS, Plan, make_study
    from ..review.studies.records import Kind

    chosen = dict(PRESETS[preset]) if preset else {}
    if kind is None and not chosen:
        raise InputError(f"say what experts are to do with --kind: {', '.join(KINDS)}")
    if kind is not None and chosen and kind != chosen["kind"]:
        raise InputError(f"--preset {preset} is a study of kind {chosen['kind']}, but --kind says {kind}")
    rules = {
        "title": title,
        "instructions": instructions.read() if instructions else None,
        "evaluators": evaluators or chosen.get("evaluators"),
        "seed": seed,
        "grid": None if grid is None else _grid(grid),
        "rationale": rationale,
    }
    of = Kind(kind or str(chosen["kind"]))
    made = make_study(
        study,
        Plan(
            kind=of,
            suite=_suite(suite, weights, needed=of.shows_tasks and draft is None),
            draft=draft,
            runs=runs,
            clips=clips,
            videos=videos,
            levels=_levels(levels),
            tasks=set(tasks) or None,
            per_level=per_level or chosen.get("per_level"),  # type: ignore[arg-type]
            pairing="first" if pairing == "first" else "all",
            max_side=max_side or MAX_SIDE,
            rules={name: value for name, value in rules.items() if value is not None},
        ),
        told=_counted,
    )
    from ..review.overview import describe_new

    if sys.stderr.isatty() and made.videos.is_dir():
        click.echo(err=True)
    click.echo(describe_new(made), nl=False)


@review.command()
@click.argument("study", type=click.Path())
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
@click.option("--remove", is_flag=True, help="They left: end their access and wait for them no longer.")
@click.option(
    "--days", type=click.IntRange(1, 365), default=30, metavar="N", help="How long an unused link works. [default: 30]"
)
@click.option(
    "--url",
    default="http://127.0.0.1:8000",
    metavar="URL",
    help="Where the workbench is served. [default: http://127.0.0.1:8000]",
)
@options(JSON)
def invite(study: str, names: tuple[str, ...], remove: bool, days: int, url: str, as_json: bool) -> None:
    """Makes a personal link for each NAME.

    A link works once; it then becomes a cookie in the browser that used it. Invite somebody again for a new one. Links
    are shown here and nowhere else: only their digests are stored.
    """
    import json

    from ..review.studies.folder import StudyFolder
    from ..review.web.address import checked_url

    folder = StudyFolder(study)
    base = checked_url(url)
    book = _access(folder)
    if remove:
        gone = [book.remove(name) for name in names]
        said = [{"expert": e.pseudonym, "name": e.name, "removed": True} for e in gone]
        text = "".join(f"{e.name} ({e.pseudonym}) has no access any more; answers given are kept\n" for e in gone)
    else:
        links = [(expert, f"{base}/enter/{token}") for expert, token in _invited(book, names, days)]
        said = [{"expert": e.pseudonym, "name": e.name, "link": link} for e, link in links]
        text = "".join(f"{e.name} ({e.pseudonym}): {link}\n" for e, link in links)
    _take_notice(folder)
    click.echo(json.dumps(said, ensure_ascii=False, indent=1) if as_json else text, nl=as_json)


@review.command()
@click.argument("study", type=click.Path())
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="Where to listen. [default: 127.0.0.1]")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, metavar="N", help="0 takes a free one. [default: 8000]"
)
@click.option("--url", metavar="URL", help="The address experts use, where a proxy or tunnel stands in front.")
def serve(study: str, host: str, port: int, url: str | None) -> None:
    """Runs the workbench of STUDY until interrupted.

    It listens on this machine only. For experts elsewhere put a proxy with https in front of it, or give each of them a
    tunnel, and say under which --url they come.
    """
    from ..review.desk import Desk
    from ..review.studies.folder import StudyFolder
    from ..review.web.server import serve as run

    with Desk(StudyFolder(study)) as desk:
        run(desk, host=host, port=port, url=url, ready=lambda address: _tell(desk, address))


@review.command()
@click.argument("study", type=click.Path())
@options(JSON)
def status(study: str, as_json: bool) -> None:
    """Shows who has done how much. Reads only, so it works while the workbench runs."""
    from ..review.overview import progress_of
    from ..review.studies.folder import StudyFolder

    found = progress_of(StudyFolder(study))
    click.echo(found.model_dump_json(indent=1) if as_json else found.to_text(), nl=as_json)


@review.command()
@click.argument("study", type=click.Path())
@click.option("--out", type=click.Path(), required=True, metavar="DIR", help="Where the result goes.")
@click.option("--run", "runs", multiple=True, type=click.Path(), metavar="DIR", help="A run to say the shift of.")
@click.option("--unfinished", is_flag=True, help="Merge what there is although a round is still open.")
@click.option("--version", "child_version", metavar="N-X", help="Of the new suite. [default: the parent's, raised]")
@options(JSON)
def merge(
    study: str, out: str, runs: tuple[str, ...], unfinished: bool, child_version: str | None, as_json: bool
) -> None:
    """Turns the answers of STUDY, or of an export of it, into a result.

    Majority rules decide, in a stated order; what no majority decides is listed. A revision or a choice of relevant
    tasks makes a new suite; verdicts make labels; pairs and relevance make votes. The same log gives the same bytes.
    --run says what the new suite does to a run's score, and how to judge only what was touched.
    """
    from pathlib import Path

    from ..review.merge.merging import merge as merge_study
    from ..review.merge.merging import shifts
    from ..review.merge.pages import to_text
    from ..review.merge.writing import write_merge

    merged = merge_study(study, unfinished=unfinished, version=child_version)
    told = shifts(merged, runs, Path(out) / "suite")
    written = write_merge(merged, Path(out), told)
    if as_json:
        click.echo(merged.result.model_dump_json(by_alias=True, indent=1))
    else:
        click.echo(to_text(merged, told))
    for path in written:
        click.echo(f"wrote {path}", err=as_json)
    if merged.child is not None and merged.child.license is None:
        click.echo(UNLICENSED, err=True)
    raise click.exceptions.Exit(int(any("invalid" in decision.rules for decision in merged.decisions)))


@review.command(name="import")
@click.argument("study", type=click.Path())
@click.argument("file", type=click.Path())
@options(JSON)
def import_(study: str, file: str, as_json: bool) -> None:
    """Takes answers from FILE into STUDY: Label Studio's JSON export, or rows as JSON lines or CSV.

    Rows name who answered (expert, rater or evaluator) and on what (item, or task), and hold a column for each field;
    label files and votes are taken as they are. Every answer is checked first; if one is wrong, none is taken.
    """
    import dataclasses
    import json
    from pathlib import Path

    from ..review.desk import Desk
    from ..review.exchange.arriving import import_answers
    from ..review.studies.folder import StudyFolder

    with Desk(StudyFolder(study)) as desk:
        found = import_answers(desk, Path(file))
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(found), ensure_ascii=False, indent=1))
        return
    people = ", ".join(f"{name} ({pseudonym})" for name, pseudonym in found.experts.items())
    click.echo(f"{quantity(found.answers, 'answer')} of {people}; {found.unchanged} here already")
    if found.incomplete:
        click.echo(f"something is left open on {quantity(found.incomplete, 'page')}")


@review.command()
@click.argument("study", type=click.Path())
@click.option("--out", type=click.Path(), required=True, metavar="DIR", help="Where the files go.")
@click.option(
    "--format",
    "forms",
    multiple=True,
    type=click.Choice(["log", "rows", "label-studio"]),
    help="Repeatable. [default: log and rows]",
)
@click.option("--media-prefix", metavar="TEXT", help="Before video paths in Label Studio. [default: its local files]")
def export(study: str, out: str, forms: tuple[str, ...], media_prefix: str | None) -> None:
    """Writes STUDY without names and keys.

    log: what was asked and every event, which 'mwb review merge' takes as it takes the study. rows: answers as CSV and
    JSON lines, with labels for 'mwb agreement' and 'mwb score --labels' or votes for 'mwb preference' or 'mwb draft
    rubrics'. label-studio: tasks, a labelling configuration and the videos.
    """
    from pathlib import Path

    from ..review.exchange.leaving import FORMS, MEDIA_PREFIX, export_study
    from ..review.studies.folder import StudyFolder

    folder = StudyFolder(study)
    wanted = [form for form in FORMS if form in (forms or ("log", "rows"))]
    for path in export_study(folder, Path(out), wanted, media_prefix=media_prefix or MEDIA_PREFIX):
        click.echo(f"wrote {path}")
    if folder.study.license is None and (folder.suite or folder.study.runs) and set(wanted) - {"rows"}:
        click.echo(UNLICENSED, err=True)


def _tell(desk: Desk, address: str) -> None:
    study = desk.folder.study
    size = f"{quantity(study.items, 'item')}, {quantity(len(desk.board.active), 'expert')}"
    click.echo(f"{study.title} ({study.kind.value}, {size})")
    click.echo(f"{address}  (personal links: mwb review invite {desk.folder.path} NAME --url {address})")


def _counted(videos: int) -> None:
    """One line that counts on, where somebody watches."""
    if sys.stderr.isatty():
        click.echo(f"\r{videos} videos prepared ", nl=False, err=True)


def _access(folder: StudyFolder) -> AccessBook:
    from ..review.store.access import AccessBook

    book = AccessBook(folder.path / "access.jsonl")
    book.refresh()
    return book


def _take_notice(folder: StudyFolder) -> None:
    """Lets the log know who joined or left, so that a round may end; a running workbench does so itself."""
    from ..errors import RunConflictError
    from ..review.desk import Desk

    with suppress(RunConflictError), Desk(folder):
        pass


def _invited(book: AccessBook, names: tuple[str, ...], days: int) -> list[tuple[Expert, str]]:
    return [book.invite(name, lasts=timedelta(days=days)) for name in names]


def _suite(reference: str | None, weights: str | None, *, needed: bool) -> Suite | None:
    from ..references import resolve_suite

    if reference is None and not needed:
        return None
    return resolve_suite(reference or "core", weights=weights or "tiered")


def _levels(names: tuple[str, ...]) -> set[Level] | None:
    from ..rubric import Level

    return {Level(name) for name in names} or None


def _grid(text: str) -> tuple[float, ...]:
    from ..errors import InputError

    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not found or list(found) != sorted(set(found)) or not all(0 < weight <= 1 for weight in found):
        raise InputError(f"--grid must be rising weights in (0, 1] with commas between, got {text!r}")
    return found
