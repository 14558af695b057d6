"""``mwb compare``: runs of one suite, pair by pair."""

from __future__ import annotations

import click

from ..command_line import Number
from .options import JSON, one_on_stdout, options


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(), metavar="RUN RUN…")
@click.option("--across-judges", is_flag=True, help="Compare runs of different judges all the same.")
@click.option("--link", type=click.Path(), metavar="FILE", help="A link between their judges; see 'mwb certify'.")
@click.option("--margin", type=Number(min=0), default=0.0, metavar="PTS", help="Smaller differences tie.")
@click.option("--top", type=click.IntRange(min=0), default=10, metavar="N", help="Tasks and criteria shown.")
@click.option("--svg", "svg_path", type=click.Path(), metavar="FILE", help="Write the differences as a figure.")
@click.option("--html", "html_path", type=click.Path(), metavar="FILE", help="Write one self-contained HTML page.")
@click.option("--markdown", is_flag=True, help="Print Markdown.")
@options(JSON)
def compare(
    runs: tuple[str, ...],
    across_judges: bool,
    link: str | None,
    margin: float,
    top: int,
    svg_path: str | None,
    html_path: str | None,
    markdown: bool,
    as_json: bool,
) -> None:
    """Compares the run folders RUN on their common tasks.

    Shows paired differences with intervals and adjusted p-values, overall, by level and by dimension; tiers; wins,
    ties and losses; and the tasks and criteria that differ most. Refuses runs of other suites, questions or judges.
    With --across-judges, scores are carried over by the link that 'mwb certify NEW --link-from OLD' has made, if there
    is one, and its error widens the intervals.
    """
    from ..comparison import compare as compare_runs
    from ..rendering.svg import save_svg

    one_on_stdout(markdown=markdown, as_json=as_json)
    found = compare_runs(*runs, across_judges=across_judges, link=link, margin=margin)
    if svg_path:
        click.echo(f"wrote {save_svg(found.to_svg(), svg_path)}", err=True)
    if html_path:
        click.echo(f"wrote {found.to_html(html_path, top=top)}", err=True)
    if as_json:
        click.echo(found.to_json(), nl=False)
    else:
        click.echo(found.to_markdown(top=top) if markdown else found.to_text(top=top), nl=False)
