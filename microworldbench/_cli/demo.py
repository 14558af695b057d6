"""``mwb demo``: the main job on the built-in suite, generator and judge, with a broken twin beside it."""

from __future__ import annotations

from pathlib import Path

import click

from .options import JSON, options

FAITHFUL, BROKEN = "simulator", "simulator-violated"
TASKS = ("vessel-clot", "mitosis", "vesicle-diffusion")
"""One a level: the whole suite would take minutes."""


@click.command()
@click.option("--out", type=click.Path(), default="demo", show_default=True, metavar="DIR", help="Where the runs go.")
@click.option(
    "--width", type=click.IntRange(min=64), default=832, metavar="PX", show_default=True, help="Of the videos."
)
@click.option(
    "--height", type=click.IntRange(min=64), default=480, metavar="PX", show_default=True, help="Of the videos."
)
@options(JSON)
def demo(out: str, width: int, height: int, as_json: bool) -> None:
    """Scores a simulator that is right by construction and the same simulator with one mechanism broken.

    Needs no key, no GPU and no network. The measured judge answers the criteria that pixels can decide; the gap
    between the two scores is what it sees of the broken mechanisms.
    """
    import json

    from ..evaluation import evaluate
    from ..rendering.console import print_gap
    from ..rendering.progress_lines import ConsoleProgress

    reports = []
    for name in (FAITHFUL, BROKEN):
        folder = Path(out) / name
        settings = {"width": width, "height": height}
        with ConsoleProgress() as progress:
            report = evaluate(name, "core", out=folder, tasks=TASKS, generator_settings=settings, progress=progress)
        report.to_html(folder / "report.html")
        reports.append(report)
    if as_json:
        click.echo(json.dumps({r.scorecard.generator.name: r.to_dict() for r in reports}, ensure_ascii=False))
        return
    print_gap(reports[0].scorecard, reports[1].scorecard)
    for name in (FAITHFUL, BROKEN):
        click.echo(f"report  {Path(out) / name / 'report.html'}")
