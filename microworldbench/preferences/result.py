"""A preference study: its figures as data, text and page."""

from __future__ import annotations

import os
from pathlib import Path

from .bars import preference_bars
from .pages import to_markdown, to_text, write_html
from .records import PreferenceData


class PreferenceStudy(PreferenceData):
    """Votes on pairs of videos, and what they say about the models."""

    def to_markdown(self) -> str:
        """GitHub Markdown; names are escaped."""
        return to_markdown(self)

    def to_text(self) -> str:
        """The same for a console."""
        return to_text(self)

    def to_svg(self, *, model: str | None = None) -> str:
        """Win, tie and loss as bars, one a pair, in the form of the paper's Figure 6.

        Args:
            model: Show only its pairs, with it on the left.
        """
        return preference_bars(self, model=model)

    def to_html(self, path: str | os.PathLike[str], *, model: str | None = None) -> Path:
        """Writes tables and figure as one HTML page and returns its path.

        Args:
            path: The file.
            model: As for `to_svg`.

        Raises:
            InputError: `path` cannot be written.
        """
        return write_html(self, Path(path), model=model)
