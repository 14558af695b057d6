"""``mwb certify``: a judge tested on clips whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..command_line import Number
from .options import JSON, options

if TYPE_CHECKING:
    from ..certificate import Certificate
    from ..certify import Examination, Linking
    from ..links import Link


class Size(click.ParamType):  # type: ignore[type-arg]
    """``256x144``."""

    name = "WxH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Width and height."""
        width, _, height = str(value).lower().replace("×", "x").partition("x")
        if not (width.isdecimal() and height.isdecimal() and min(int(width), int(height)) >= 64):
            self.fail(f"a size is written 256x144, from 64x64 on, got {value!r}", param, ctx)
        return int(width), int(height)


@click.command()
@click.argument("judge")
@click.option("-j", "judge_settings", multiple=True, metavar="KEY=VALUE", help="Judge setting; repeatable.")
@click.option("--battery", type=click.Choice(["quick", "full"]), default="quick", help="Which clips. [default: quick]")
@click.option("--frames", type=click.IntRange(1, 256), metavar="N", help="Frames shown to the judge. [default: 8]")
@click.option("--votes", type=click.IntRange(min=1), default=2, metavar="K", help="Answers per claim. [default: 2]")
@click.option("--size", type=Size(), default="256x144", metavar="WxH", help="Of the clips. [default: 256x144]")
@click.option("--out", type=click.Path(), metavar="DIR", help="The run folder; the same command continues it.")
@click.option(
    "--workers", type=click.IntRange(min=1), default=8, metavar="N", help="Judge calls in flight. [default: 8]"
)
@click.option("--rpm", type=click.IntRange(min=1), metavar="N", help="Requests a minute to each judge, at most.")
@click.option("--tpm", type=click.IntRange(min=1), metavar="N", help="Tokens a minute to each judge, at most.")
@click.option("--max-cost", type=Number(min=0), metavar="USD", help="Cap on what the run folder spends.")
@click.option(
    "--max-missing",
    type=Number(0, 1),
    default=0.005,
    metavar="F",
    help="Share of claims that may lack a verdict. [default: 0.005]",
)
@click.option("--link-from", metavar="REF", help="An older judge whose scores are to survive; links it to JUDGE.")
@click.option("--anchor", "anchors", multiple=True, type=click.Path(), metavar="RUN", help="A run that both judge.")
@click.option("--suite", metavar="REF", help="The anchors' suite, where its name alone does not find it.")
@click.option("--dry-run", is_flag=True, help="Say what would be asked and spent at most; do nothing.")
@options(JSON)
def certify(
    judge: str,
    judge_settings: tuple[str, ...],
    battery: Any,
    frames: int | None,
    votes: int,
    size: tuple[int, int],
    out: str | None,
    max_missing: float,
    link_from: str | None,
    anchors: tuple[str, ...],
    suite: str | None,
    dry_run: bool,
    as_json: bool,
    **effort: Any,
) -> None:
    """Tests JUDGE on simulated clips whose truth is known, and writes its certificate.

    The clips show mechanisms as they are, broken on purpose, badly filmed, or as controls: blank, still, shuffled, with
    a banner that asks for a high mark. Reports of runs judged by JUDGE show the certificate from then on. It says how
    the judge behaves on simulated controls, not how accurate it is on generated video.

    --link-from REF lets the scores of an older judge survive: both judge the clips and the stored videos of the runs
    given with --anchor, of at least four generators, and a link between their scores is fitted and tested on each
    generator left out. What an anchor's own run holds is not asked again. 'mwb compare --across-judges' uses the link.
    A judge with settings of its own is given as a YAML file.

    Experts are tested like any judge: let them answer a study of a certificate's own run ('mwb review new --kind
    verdict --run'), and certify labels:FILE with the labels that come of it.
    """
    from ..certify import default_out, examine
    from ..errors import InputError
    from ..settings import parse_pairs

    if bool(link_from) != bool(anchors):
        raise InputError("--link-from REF and --anchor RUN go together: a link is fitted on stored videos")
    options: dict[str, Any] = {
        "votes": votes,
        "frames": frames,
        "max_missing": max_missing,
        "width": size[0],
        "height": size[1],
    }
    exam = examine(judge, battery, judge_settings=parse_pairs(judge_settings, "-j"), **options)
    folder = Path(out) if out else default_out(exam)
    linking = None if link_from is None else _linking(exam, examine(link_from, battery, **options), anchors, suite)
    if dry_run:
        _preview(exam, linking, folder, as_json)
        return
    found, link = _carried_out(exam, linking, folder, effort)
    _show(found, link, folder, as_json)
    if found.missing > max_missing * found.asked:
        click.echo("more is missing than --max-missing allows; the same command tries it again", err=True)
        raise click.exceptions.Exit(1)
    raise click.exceptions.Exit(int(link is not None and not link.is_linkable))


def _linking(new: Examination, old: Examination, anchors: tuple[str, ...], suite: str | None) -> Linking:
    from ..certify import prepare_link
    from ..references import resolve_suite

    return prepare_link(new, old, anchors, suite=None if suite is None else resolve_suite(suite))


def _carried_out(
    exam: Examination, linking: Linking | None, folder: Path, effort: dict[str, Any]
) -> tuple[Certificate, Link | None]:
    from .. import links
    from ..certificate import keep, load
    from ..certify import carry_out, link
    from ..rendering.progress_lines import ConsoleProgress

    with ConsoleProgress() as progress:
        if linking is None:
            found, made = carry_out(exam, folder, progress=progress, **effort), None
        else:
            made = link(linking, folder, progress=progress, **effort)
            found = load(folder)
            keep(load(folder / "old"))
            links.keep(made)
    keep(found)
    return found, made


def _show(found: Certificate, link: Link | None, folder: Path, as_json: bool) -> None:
    import json

    from ..certify import describe, to_text
    from ..rendering.wording import plain

    if as_json:
        linked = {} if link is None else {"link": link.to_dict()}
        click.echo(json.dumps(found.to_dict() | linked, ensure_ascii=False, allow_nan=False))
        return
    click.echo(to_text(found))
    click.echo(f"certificate  {folder / 'certificate.html'}")
    if link is not None:
        click.echo("\n" + "\n".join(plain(line) if line[0] != " " else line for line in describe(link)))
        click.echo(f"link         {folder / 'link.json'}")


def _preview(exam: Examination, linking: Linking | None, folder: Path, as_json: bool) -> None:
    import json

    from ..preflight import preview

    found = [preview(exam.job, folder, assumed=exam.stored)]
    if linking is not None:
        found.append(preview(linking.old.job, folder / "old", assumed=linking.old.stored))
        found += [
            preview(job, made if (made / "manifest.json").exists() else anchor)
            for job, anchor, made in linking.jobs(folder)
        ]
    if as_json:
        rows = [each.model_dump(mode="json") for each in found]
        click.echo(json.dumps(rows[0] if linking is None else rows, ensure_ascii=False))
    else:
        click.echo("\n\n".join("\n".join(each.lines()) for each in found))
