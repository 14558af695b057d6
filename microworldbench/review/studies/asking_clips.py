"""Items of studies about clips of a dataset, from a list that names them."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ...errors import InputError
from ...rubric import Level, Slug
from ...tabular import Row, read_rows
from .films import FilmRoom
from .records import Item

COLUMNS = ("id", "video")
_SLUG: TypeAdapter[str] = TypeAdapter(Slug)
_LEVELS: dict[str, Level | None] = {"": None, **{level.value: level for level in Level}}


def read_clips(
    path: str | os.PathLike[str], videos: str | os.PathLike[str] | None, room: FilmRoom, *, needs_caption: bool
) -> list[Item]:
    """One item a row.

    Args:
        path: JSON lines or CSV with columns id and video (a path within `videos`), and optionally title, caption
            and level.
        videos: The folder that videos lie in; None takes the list's own.
        room: Where the videos are made.
        needs_caption: Every clip must have a caption.

    Raises:
        InputError: the list is damaged, an id stands twice, or a video lies outside the folder.
        VideoError: a video cannot be read.
    """
    source = Path(path)
    home = source.parent if videos is None else Path(videos)
    items: list[Item] = []
    lines: dict[str, int] = {}
    for row in read_rows(source, COLUMNS):
        item = _item(row, home, room, needs_caption)
        if (before := lines.setdefault(item.id.casefold(), row.line)) != row.line:
            raise InputError(f"{row.place}: clip {item.id!r} stands in line {before} already; ids must differ")
        items.append(item)
    return items


def _item(row: Row, home: Path, room: FilmRoom, needs_caption: bool) -> Item:
    try:
        name = _SLUG.validate_python(row.text("id"))
    except ValidationError:
        raise InputError(
            f"{row.place}: id must be letters, digits, '.', '_' or '-', got {row.text('id')!r:.90}"
        ) from None
    caption = row.text("caption", default="") or None
    if needs_caption and caption is None:
        raise InputError(f"{row.place}: clip {name!r} has no caption to judge")
    level: Level | None = row.choice("level", _LEVELS, default="")
    return Item(
        id=name,
        level=level,
        title=row.text("title", default="") or None,
        caption=caption,
        films=(room.film(_within(home, row)),),
    )


def _within(home: Path, row: Row) -> Path:
    """The named file. A list may come from elsewhere, so it reaches nothing outside `home`."""
    named = row.text("video")
    found = home / named
    if not found.resolve().is_relative_to(home.resolve()):
        raise InputError(f"{row.place}: video {named!r:.200} lies outside {str(home)!r}; name the folder with --videos")
    return found
