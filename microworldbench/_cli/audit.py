"""``mwb audit``: results of the released evaluator, scored as released and corrected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import JSON, one_on_stdout, options

if TYPE_CHECKING:
    from ..audit import Audit
    from ..suites.released import ReleasedSuite
    from ..suites.released_results import ReleasedResults


@click.command()
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RESULT…")
@click.option("--suite", default="released", metavar="REF", help="released:PATH, or released once fetched.")
@click.option("--markdown", is_flag=True, help="Print Markdown.")
@click.option("--html", "html_path", type=click.Path(), metavar="FILE", help="Write one HTML page.")
@click.option("--export", type=click.Path(), metavar="DIR", help="Write each RESULT in the released form.")
@options(JSON)
def audit(
    results: tuple[Path, ...], suite: str, markdown: bool, html_path: str | None, export: str | None, as_json: bool
) -> None:
    """Scores each RESULT as the released evaluator does and by the corrected rules, and explains the difference.

    RESULT is a result file of the released evaluator, or a run folder on the released suite.
    """
    from ..audit import audit_results
    from ..errors import InputError
    from ..suites.reference import open_suite

    one_on_stdout(markdown=markdown, as_json=as_json)
    published = open_suite(suite).released
    if published is None:
        raise InputError(f"the audit needs the published files: --suite released:PATH, got {suite!r}")
    read = [_read(path, published) for path in results]
    found = audit_results(read, published.source)
    if export:
        _export(read, Path(export))
    _show(found, markdown, html_path, as_json)


def _read(path: Path, published: ReleasedSuite) -> ReleasedResults:
    from ..audit.runs import results_of_run
    from ..suites.released_results import read_results

    return results_of_run(path, published) if path.is_dir() else read_results(path)


def _show(found: Audit, markdown: bool, html_path: str | None, as_json: bool) -> None:
    from ..audit.pages import to_markdown, to_text, write_html

    if html_path:
        click.echo(f"wrote {write_html(found, html_path)}", err=True)
    if as_json:
        click.echo(json.dumps(found.model_dump(mode="json"), ensure_ascii=False, allow_nan=False))
    else:
        click.echo(to_markdown(found) if markdown else to_text(found), nl=False)


def _export(read: list[ReleasedResults], folder: Path) -> None:
    from ..audit.runs import released_form
    from ..errors import InputError
    from ..suites.released_results import SUFFIX

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for results in read:
            text = json.dumps(released_form(results), ensure_ascii=False, indent=2)
            (folder / f"{results.name}{SUFFIX}").write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write to {folder}: {error.strerror or error}") from error
