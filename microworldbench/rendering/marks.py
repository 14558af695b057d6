"""Text between two marks of a file that people write around."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import InputError
from ..logbook import write_atomically


def refresh_between(path: str | os.PathLike[str], name: str, content: str) -> bool:
    """Puts `content` between ``<!-- name:begin -->`` and ``<!-- name:end -->`` of a file.

    Args:
        path: A UTF-8 file that holds both marks once, in this order.
        name: Name of the marks.
        content: What is to stand there; the rest of the file is left as it is.

    Returns:
        Whether the file changed.

    Raises:
        InputError: The marks are missing or doubled, or the file cannot be read or written.
    """
    file, begin, end = Path(path), f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    try:
        before = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {file}: {error}") from None
    if (before.count(begin), before.count(end)) != (1, 1) or before.index(begin) > before.index(end):
        raise InputError(f"{file} must hold {begin} and, below it, {end}, once each; the tables go between them")
    after = f"{before.split(begin)[0]}{begin}\n{content}\n{end}{before.split(end)[1]}"
    if after == before:
        return False
    try:
        write_atomically(file, after.encode())
    except OSError as error:
        raise InputError(f"cannot write {file}: {error.strerror or error}") from error
    return True
