"""Opens files that nobody vouches for, so that decoding one reads that file and nothing else.

Three walls, each enough by itself: the decoder gets an open file instead of a name; only containers that hold their
own media are accepted, recognised by content; and every further file or address it asks for is refused.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import av

from ..errors import VideoError
from .truncation import check_whole

CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif"
"""Accepted containers by FFmpeg's names: those with a header that states their streams. Not playlists and scripts (HLS,
DASH, concat, SDP), and not MPEG-TS: streams may turn up in the middle of it, and no length is stated."""

READ_BUFFER_BYTES = 1 << 18


@dataclass(frozen=True)
class MediaLimits:
    """What a video may ask of the machine; checked before anything is decoded."""

    pixels: int = 7680 * 4320
    """Of one frame."""
    frames: int = 200_000
    duration_s: float = 3600.0
    file_bytes: int = 4 << 30
    decoded_bytes: int = 4 << 30
    """Of all RGB frames held at once by one call."""


DEFAULT_LIMITS = MediaLimits()


@dataclass(frozen=True)
class OpenVideo:
    """A container that is open for reading, and its video stream."""

    container: Any
    stream: Any


@contextmanager
def opened(path: Path, limits: MediaLimits) -> Iterator[OpenVideo]:
    """Opens a video for reading; closed on leaving, whatever happens.

    Decoder errors inside the ``with`` block become `VideoError` too.

    Raises:
        VideoError: the file cannot be opened, holds no video or exceeds `limits`.
    """
    with ExitStack() as stack, _naming(path):
        file = stack.enter_context(_open_regular(path, limits))
        container = stack.enter_context(_open_container(file, limits))
        check_whole(file, container.format.name)
        stream = _video_stream(container)
        context = stream.codec_context
        if context is None:
            raise VideoError("there is no decoder for its codec; convert it to H.264")
        _check_size(context.width, context.height, limits)
        context.options = {"max_pixels": str(limits.pixels)}
        yield OpenVideo(container, stream)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Puts the path in front of what went wrong."""
    try:
        yield
    except VideoError as error:
        raise VideoError(f"{shown(path)}: {error}") from error
    except av.error.MemoryError as error:
        raise VideoError(f"{shown(path)}: decoding it needs more memory than there is") from error
    except av.FFmpegError as error:
        raise VideoError(f"{shown(path)}: cannot be decoded ({error.strerror}); the file may be damaged") from error
    except OSError as error:
        raise VideoError(f"{shown(path)}: cannot be read ({error.strerror or error})") from error


def _open_regular(path: Path, limits: MediaLimits) -> Any:
    # Looking before opening: opening a named pipe would wait for its writer.
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise VideoError("is a folder, not a video file")
    if not stat.S_ISREG(status.st_mode):
        raise VideoError("is not a regular file")
    if status.st_size == 0:
        raise VideoError("is empty (0 bytes)")
    if status.st_size > limits.file_bytes:
        raise VideoError(f"has {status.st_size:,} bytes; at most {limits.file_bytes:,} are read")
    return path.open("rb")


def _open_container(file: Any, limits: MediaLimits) -> Any:
    options = {"format_whitelist": CONTAINERS, "protocol_whitelist": "file", "enable_drefs": "0"}
    try:
        return av.open(
            _Unnamed(file),
            "r",
            options={"max_pixels": str(limits.pixels)},
            container_options=options,
            metadata_errors="replace",
            buffer_size=READ_BUFFER_BYTES,
            io_open=_refuse,
        )
    except av.error.MemoryError:
        raise
    except (av.FFmpegError, ValueError) as error:
        raise VideoError(
            "is not a video file that can be read (MP4, MOV, MKV, WebM, AVI or GIF); "
            "it may be damaged, cut off, or something else under a video's name"
        ) from error


class _Unnamed:
    """A file without its name, so that content alone decides what it is taken for."""

    def __init__(self, file: Any) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


def _refuse(*_request: object) -> NoReturn:
    raise PermissionError("a video may not open other files or addresses")


def _video_stream(container: Any) -> Any:
    pictures = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    for stream in container.streams.video:
        if not stream.disposition & pictures:
            return stream
    if container.streams.audio:
        raise VideoError("holds audio only, no video")
    raise VideoError("holds no video; it may be cut off")


def _check_size(width: int, height: int, limits: MediaLimits) -> None:
    """Refuses frames that are too large.

    Raises:
        VideoError: ``width × height`` is unknown or exceeds ``limits.pixels``.
    """
    if width * height == 0:  # the decoder keeps to the limit itself, and then forgets the size
        raise VideoError(f"has no known frame size, or frames of more than {limits.pixels:,} pixels")
    if width * height > limits.pixels:
        raise VideoError(f"has frames of {width}×{height} pixels; at most {limits.pixels:,} pixels a frame are decoded")


def shown(path: Path) -> str:
    """A path as text that can always be printed and stored; bytes that are not UTF-8 appear as escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
