"""``mwb agreement``: how far judges and experts agree."""

from __future__ import annotations

from typing import Literal

import click

from .options import JSON, SUITE, named_suite, one_on_stdout, options


@click.command()
@click.argument("sources", nargs=-1, required=True, type=click.Path(), metavar="SOURCE…")
@click.option("--votes", is_flag=True, help="Compare the votes of a judge with each other: each vote is a rater.")
@click.option(
    "--cannot-tell",
    type=click.Choice(["missing", "label"]),
    default="missing",
    help="What an abstention is. [default: missing]",
)
@click.option("--svg", "svg_path", type=click.Path(), metavar="FILE", help="Write a heat map of the pairwise kappas.")
@click.option("--html", "html_path", type=click.Path(), metavar="FILE", help="Write one self-contained HTML page.")
@click.option("--markdown", is_flag=True, help="Print Markdown.")
@options(SUITE, JSON)
def agreement(
    sources: tuple[str, ...],
    votes: bool,
    cannot_tell: Literal["missing", "label"],
    svg_path: str | None,
    html_path: str | None,
    markdown: bool,
    suite: str | None,
    weights: str | None,
    as_json: bool,
) -> None:
    """Measures the agreement of all raters of the SOURCEs on the same videos.

    A SOURCE is a run folder, a verdict log (verdicts.jsonl) or a label file: JSON lines or CSV with the columns task,
    seed, criterion, rater and met (met, not_met, cannot_tell or empty). Raters of label files count as humans.
    Intervals are over tasks. --suite names dimensions and polarities where no run folder does.
    """
    from ..concordance import measure_agreement
    from ..rendering.svg import save_svg

    one_on_stdout(markdown=markdown, as_json=as_json)
    found = measure_agreement(*sources, suite=named_suite(suite, weights), votes=votes, cannot_tell=cannot_tell)
    if svg_path:
        click.echo(f"wrote {save_svg(found.to_svg(), svg_path)}", err=True)
    if html_path:
        click.echo(f"wrote {found.to_html(html_path)}", err=True)
    if as_json:
        click.echo(found.to_json(), nl=False)
    else:
        click.echo(found.to_markdown() if markdown else found.to_text(), nl=False)
