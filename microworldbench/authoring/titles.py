"""Reads titles and descriptions of videos: CSV or JSON lines, from anywhere or from ``microverse data collect``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..errors import InputError
from ..rubric import digest_of
from ..tabular import Row, read_rows
from .records import Refused, Title

LONGEST_TITLE, LONGEST_DESCRIPTION = 500, 4000
"""Characters that are kept: enough to know what a video is about."""


def read_titles(paths: Iterable[Path]) -> tuple[list[Title], list[Refused], int]:
    """Reads title files.

    Args:
        paths: Files with at least a column ``title``; ``description``, ``url``, ``channel``, ``license`` and ``id``
            (or ``video_id``) are read where they are there.

    Returns:
        The titles in their order, each once; the rows that could not be used, with the reason; how many rows there
        were.

    Raises:
        InputError: a file cannot be read, or holds no title at all.
    """
    found: dict[str, Title] = {}
    refused: list[Refused] = []
    count = 0
    for path in paths:
        for row in read_rows(path, ["title"]):
            count += 1
            try:
                title = _title(row)
            except InputError as error:
                refused.append(Refused(place=row.place, reason=str(error)))
                continue
            if title.id in found:
                refused.append(Refused(place=row.place, reason="the same video stands in an earlier row"))
            else:
                found[title.id] = title
    if not found:
        raise InputError(f"{', '.join(map(str, paths)) or 'no file'}: no row holds a title that can be used")
    return list(found.values()), refused, count


def _title(row: Row) -> Title:
    title = " ".join(row.text("title").split())
    description = " ".join(row.text("description", default="").split())
    own = row.text("id", default="") or row.text("video_id", default="")
    content: dict[str, str] = {"id": own} if own else {"title": title, "description": description}
    return Title(
        id=f"v{digest_of(dict(content))[:12]}",
        title=title[:LONGEST_TITLE],
        description=description[:LONGEST_DESCRIPTION],
        **{name: row.text(name, default="") or None for name in ("url", "channel", "license")},
    )
