"""Tells files that are shorter than they say, where decoders would show what is left without a word.

MP4 and AVI list their frames and need nothing here. WebM written as an endless stream states no length: nobody can tell
how much of it is lost.
"""

from __future__ import annotations

import os
from typing import Any

from ..errors import VideoError

EBML_HEADER, SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
GIF_TRAILER = b"\x3b"


def check_whole(file: Any, container_name: str) -> None:
    """Compares the file's length with what it states; the file's position is kept.

    Raises:
        VideoError: the file ends early.
    """
    position = file.tell()
    length = file.seek(0, os.SEEK_END)
    if container_name.startswith("matroska"):
        stated = _matroska_length(file)
        if stated is not None and length < stated:
            raise VideoError(f"is cut off: it has {length:,} of the {stated:,} bytes its header states")
    elif container_name == "gif":
        file.seek(max(0, length - 1024))
        if not file.read().rstrip(b"\0").endswith(GIF_TRAILER):
            raise VideoError("is cut off: it lacks the mark that ends a GIF")
    file.seek(position)


def _matroska_length(file: Any) -> int | None:
    """Bytes of the EBML header and the first segment together (RFC 8794, RFC 9559); None where left open."""
    end = 0
    for identity in (EBML_HEADER, SEGMENT):
        file.seek(end)
        head = file.read(12)
        if head[:4] != identity:
            return None
        size = _vint(head[4:])
        if size is None:
            return None
        end += 4 + size[0] + size[1]
    return end


def _vint(data: bytes) -> tuple[int, int] | None:
    """A variable-size integer as (bytes it takes, value); None where it is broken or all ones, i.e. unknown."""
    width = 9 - data[0].bit_length() if data else 9
    if width > 8 or len(data) < width:
        return None
    bits = 7 * width
    value = int.from_bytes(data[:width], "big") & ((1 << bits) - 1)
    return None if value == (1 << bits) - 1 else (width, value)
