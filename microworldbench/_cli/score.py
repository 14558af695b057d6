"""``mwb score`` and ``mwb report``: a run folder as numbers, a table or a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import JSON, SUITE, named_suite, one_on_stdout, options

if TYPE_CHECKING:
    from ..report import Report


@click.command()
@click.argument("run", type=click.Path())
@click.option("--labels", type=click.Path(), metavar="FILE", help="Experts' labels that correct the scores.")
@options(JSON)
def score(run: str, labels: str | None, as_json: bool) -> None:
    """Recomputes the scores of the run folder RUN from its verdicts and saves report.json.

    --labels adds scores corrected by experts. FILE is JSON lines or CSV with the columns task, seed, criterion, rater,
    met and inclusion: the tasks must have been drawn at random, each with the probability that inclusion states.
    The labels are kept in the run folder as labels.jsonl, so that the corrected scores can be recomputed. A certificate
    of the judge that was made since ('mwb certify') is put beside them.
    """
    from ..certificate import attach
    from ..recount import store_labels
    from ..report import Report
    from ..runs import RunFolder

    if (judge := RunFolder.read(run).manifest.judge) is not None:
        attach(judge, Path(run))
    report = Report.from_run(run, labels=labels)
    if labels is not None:
        store_labels(RunFolder.read(run), labels)
    saved = report.save(run)
    show(report, as_json)
    if not as_json:
        click.echo(f"\n{saved}")
    raise click.exceptions.Exit(exit_status(report))


@click.command()
@click.argument("run", type=click.Path())
@click.option("--html", "html_path", type=click.Path(), metavar="FILE", help="Write one self-contained HTML page.")
@click.option("--markdown", is_flag=True, help="Print Markdown.")
@click.option("--embed-videos", is_flag=True, help="Put the videos into the page (small runs).")
@options(SUITE, JSON)
def report(
    run: str,
    html_path: str | None,
    markdown: bool,
    embed_videos: bool,
    suite: str | None,
    weights: str | None,
    as_json: bool,
) -> None:
    """Shows the run folder RUN.

    A suite without a stated licence keeps its texts out of run folders; give --suite to show them on the page.
    """
    from ..report import Report

    one_on_stdout(markdown=markdown, as_json=as_json)
    loaded = Report.from_run(run)
    if html_path:
        known = named_suite(suite, weights)
        texts = None if known is None else known.by_id
        page = loaded.to_html(html_path, embed_videos=embed_videos, texts=texts)
        click.echo(str(page), err=as_json or markdown)
    if markdown:
        click.echo(loaded.to_markdown(), nl=False)
    elif as_json or not html_path:
        show(loaded, as_json)


def show(report: Report, as_json: bool) -> None:
    """Prints `report` as one JSON document or as a table."""
    if as_json:
        click.echo(report.to_json(), nl=False)
        return
    from ..rendering.console import print_scorecard

    print_scorecard(report.scorecard)


def exit_status(report: Report) -> int:
    """0, or 1 where more is missing than the run allows."""
    overall = report.overall
    return int(overall is not None and overall.value is None)
