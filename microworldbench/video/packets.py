"""Reading packets and decoding stretches of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from .opening import OpenVideo

SKIPPING_DECODERS = frozenset({"h264", "hevc"})
"""Decoders that leave out frames which no other frame refers to when told so, without changing the others."""

Stretch = tuple[int, int | None]
"""First and last packet, counted in file order from 0; None: to the end."""


def media_packets(video: OpenVideo) -> Iterator[Any]:
    """The video stream's packets in file order, without the empty ones that end a stream."""
    return (packet for packet in video.container.demux(video.stream) if packet.size)


def decoded(
    video: OpenVideo,
    stretches: Iterable[Stretch] = ((0, None),),
    needed: Collection[int] | None = None,
    *,
    threads: int | None = None,
) -> Iterator[Any]:
    """Decodes stretches of a freshly opened video.

    Packets before and between the stretches are read over, not sought: that costs a hundredth of decoding them, and
    is right for every container.

    Args:
        video: Freshly opened; it is read forward once.
        stretches: In file order, not overlapping; each begins with a key frame.
        needed: Packets whose frames are wanted; others may be left out. None: all.
        threads: Decoder threads; None leaves it to the decoder.

    Yields:
        Frames in the order they are shown, within each stretch.
    """
    context = video.stream.codec_context
    context.thread_type = "AUTO"
    if threads is not None:
        context.thread_count = threads
    skips = needed is not None and context.name in SKIPPING_DECODERS
    numbered = enumerate(media_packets(video))
    for first, last in stretches:
        for number, packet in numbered:
            if number < first:
                continue
            if skips and needed is not None:
                context.skip_frame = "DEFAULT" if number in needed else "NONREF"
            yield from context.decode(packet)
            if number == last:
                break
        yield from context.decode(None)
        context.flush_buffers()
