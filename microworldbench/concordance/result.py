"""Agreement of raters: its figures as data, text and page."""

from __future__ import annotations

import os
from pathlib import Path

from .heatmap import heat_map
from .pages import to_markdown, to_text, write_html
from .records import ConcordanceData


class Concordance(ConcordanceData):
    """Agreement of all raters of some sources."""

    def to_markdown(self) -> str:
        """GitHub Markdown; names are escaped."""
        return to_markdown(self)

    def to_text(self) -> str:
        """The same for a console."""
        return to_text(self)

    def to_svg(self) -> str:
        """A heat map of all pairwise kappas, without scripts or links."""
        return heat_map(self)

    def to_html(self, path: str | os.PathLike[str]) -> Path:
        """Writes tables and figure as one HTML page and returns its path.

        Raises:
            InputError: `path` cannot be written.
        """
        return write_html(self, Path(path))
