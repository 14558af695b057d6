"""Tables and figures as one HTML page that needs nothing else: no script, no network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from .templating import asset, score_environment, source_hash, trusted


@dataclass(frozen=True)
class PageTable:
    """A table of finished cells; they are escaped on the page."""

    title: str
    head: Sequence[str]
    body: Sequence[Sequence[str]]
    right_from: int = 1
    """First column that is set to the right."""
    note: str = ""


def write_page(
    path: str | Path,
    title: str,
    headline: str,
    tables: Iterable[PageTable],
    *,
    notes: Sequence[str] = (),
    figures: Sequence[str] = (),
) -> Path:
    """Writes a page.

    Args:
        path: The file.
        title: Of the page.
        headline: One line below it.
        tables: In order.
        notes: What a reader must know first.
        figures: SVG documents made by this library.

    Raises:
        InputError: `path` cannot be written.
    """
    style = "\n".join(map(asset, ("theme.css", "report.css", "page.css")))
    template = score_environment("microworldbench.rendering").get_template("page.html")
    page = template.render(
        policy=f"default-src 'none'; style-src {source_hash(style)}; base-uri 'none'; form-action 'none'",
        style=trusted(style),
        title=title,
        headline=headline,
        notes=notes,
        figures=[trusted(figure) for figure in figures],
        tables=tables,
    )
    target = Path(path)
    try:
        target.write_text(page, encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(f"cannot write {target}: {error.strerror or error}") from error
    return target
