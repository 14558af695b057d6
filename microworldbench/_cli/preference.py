"""``mwb preference``: a study in which evaluators choose between two videos."""

from __future__ import annotations

import click

from ..command_line import Number
from .options import JSON, one_on_stdout, options


@click.command()
@click.argument("labels", type=click.Path(), metavar="LABELS")
@click.option("--model", metavar="NAME", help="Stands first in its pairs and is the reference of the strengths.")
@click.option("--ridge", type=Number(min=0), default=0.0, metavar="F", help="Shrinks strengths. [default: 0]")
@click.option("--svg", "svg_path", type=click.Path(), metavar="FILE", help="Write win, tie and loss as bars.")
@click.option("--html", "html_path", type=click.Path(), metavar="FILE", help="Write one self-contained HTML page.")
@click.option("--markdown", is_flag=True, help="Print Markdown.")
@options(JSON)
def preference(
    labels: str,
    model: str | None,
    ridge: float,
    svg_path: str | None,
    html_path: str | None,
    markdown: bool,
    as_json: bool,
) -> None:
    """Evaluates the votes in LABELS on pairs of videos.

    LABELS is a file of JSON lines or CSV with the columns task, evaluator, left, right and choice (left, right, tie or
    cannot_judge). Shows win, tie and loss ratios with intervals over tasks, Davidson's strengths, the effect of the
    side, and how far evaluators agree.
    """
    from ..preferences import measure_preferences
    from ..rendering.svg import save_svg

    one_on_stdout(markdown=markdown, as_json=as_json)
    found = measure_preferences(labels, model=model, ridge=ridge)
    if svg_path:
        click.echo(f"wrote {save_svg(found.to_svg(model=model), svg_path)}", err=True)
    if html_path:
        click.echo(f"wrote {found.to_html(html_path, model=model)}", err=True)
    if as_json:
        click.echo(found.to_json(), nl=False)
    else:
        click.echo(found.to_markdown() if markdown else found.to_text(), nl=False)
