"""A comparison of runs: its figures as data, text and page."""

from __future__ import annotations

import os
from pathlib import Path

from .forest import forest
from .pages import to_markdown, to_text, write_html
from .records import ComparisonData


class Comparison(ComparisonData):
    """Runs of one suite compared on their common tasks; look up `overall`, `by_level`, `by_dimension` and `tasks`."""

    def to_markdown(self, *, top: int = 10) -> str:
        """GitHub Markdown with the `top` tasks and criteria; names are escaped."""
        return to_markdown(self, top=top)

    def to_text(self, *, top: int = 10) -> str:
        """The same for a console."""
        return to_text(self, top=top)

    def to_svg(self) -> str:
        """The paired differences with their intervals, without scripts or links."""
        return forest(self)

    def to_html(self, path: str | os.PathLike[str], *, top: int = 10) -> Path:
        """Writes tables and figure as one HTML page and returns its path.

        Raises:
            InputError: `path` cannot be written.
        """
        return write_html(self, Path(path), top=top)
