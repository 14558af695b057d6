"""``mwb certify``: a judge tested on clips whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import JSON, options

if TYPE_CHECKING:
    from ..certificate import Certificate
    from ..certify import Examination


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
@click.option("--workers", type=click.IntRange(min=1), default=8, metavar="N", help="Judge calls in flight.")
@click.option("--rpm", type=click.IntRange(min=1), metavar="N", help="Requests a minute to each judge, at most.")
@click.option("--tpm", type=click.IntRange(min=1), metavar="N", help="Tokens a minute to each judge, at most.")
@click.option("--max-cost", type=click.FloatRange(min=0), metavar="USD", help="Cap on what the run folder spends.")
@click.option("--max-missing", type=click.FloatRange(0, 1), default=0.005, metavar="F", help="[default: 0.005]")
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
    dry_run: bool,
    as_json: bool,
    **effort: Any,
) -> None:
    """Tests JUDGE on simulated clips whose truth is known, and writes its certificate.

    The clips show mechanisms as they are, broken on purpose, badly filmed, or as controls: blank, still, shuffled, with
    a banner that asks for a high mark. Reports of runs judged by JUDGE show the certificate from then on. It says how
    the judge behaves on simulated controls, not how accurate it is on generated video.
    """
    from ..certify import default_out, examine
    from ..settings import parse_pairs

    exam = examine(
        judge,
        battery,
        judge_settings=parse_pairs(judge_settings, "-j"),
        frames=frames,
        votes=votes,
        max_missing=max_missing,
        width=size[0],
        height=size[1],
    )
    folder = Path(out) if out else default_out(exam)
    if dry_run:
        _preview(exam, folder, as_json)
        return
    found = _examined(exam, folder, effort)
    if as_json:
        import json

        click.echo(json.dumps(found.to_dict(), ensure_ascii=False, allow_nan=False))
    else:
        from ..certify import to_text

        click.echo(to_text(found))
        click.echo(f"certificate  {folder / 'certificate.html'}")
    if found.missing > max_missing * found.asked:
        click.echo("more is missing than --max-missing allows; the same command tries it again", err=True)
        raise click.exceptions.Exit(1)


def _examined(exam: Examination, folder: Path, effort: dict[str, Any]) -> Certificate:
    from ..certificate import keep
    from ..certify import carry_out
    from ..rendering.progress_lines import ConsoleProgress

    with ConsoleProgress() as progress:
        found = carry_out(exam, folder, progress=progress, **effort)
    keep(found)
    return found


def _preview(exam: Examination, folder: Path, as_json: bool) -> None:
    import json

    from ..preflight import preview

    found = preview(exam.job, folder, assumed=exam.stored)
    click.echo(json.dumps(found.model_dump(mode="json"), ensure_ascii=False) if as_json else "\n".join(found.lines()))
