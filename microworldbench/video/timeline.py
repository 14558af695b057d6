"""When each frame of a file is shown and from where it can be decoded, read off its packets without decoding.

Container headers are not believed: frames are counted, and times are the packets' own presentation times, so a
variable frame rate is as good as a constant one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from ..errors import VideoError
from .clip import MAX_FPS, MIN_FPS
from .opening import MediaLimits, OpenVideo, opened, shown
from .packets import decoded, media_packets

LONE_FRAME_S = Fraction(1, 25)
"""How long a frame is shown when the file says nothing at all about it."""

VP8_SHOW_FRAME = 0x10
"""Bit of a VP8 packet's first byte; frames without it are only referred to (RFC 6386, 9.1)."""


@dataclass(frozen=True)
class Timeline:
    """The frames of a video in the order they are shown.

    `ticks` are presentation times in units of `tick_s`, strictly increasing; `end` is when the last frame goes.
    `packets[i]` is the packet (in file order) that holds frame i, and `starts[i]` the packet where decoding must begin
    to get it. Where packets do not say what they hold (`ordinal`), frames are told by counting from the beginning.
    """

    ticks: tuple[int, ...]
    end: int
    tick_s: Fraction
    packets: tuple[int, ...]
    starts: tuple[int, ...]
    nominal_fps: Fraction | None
    ordinal: bool = False

    @property
    def duration_s(self) -> Fraction:
        """Seconds from the first frame's appearance to the last one's end."""
        return (self.end - self.ticks[0]) * self.tick_s

    @property
    def fps(self) -> Fraction:
        """Frames per second: the stated rate where the frames keep it to 1 %, else the mean."""
        mean = len(self.ticks) / self.duration_s
        if self.nominal_fps and abs(self.nominal_fps / mean - 1) <= Fraction(1, 100):
            return self.nominal_fps
        return mean

    @property
    def variable(self) -> bool:
        """Whether frames are shown for different times, beyond the rounding of time stamps."""
        steps = [b - a for a, b in pairwise(self.ticks)]
        if len(steps) < 2:
            return False
        middle = sorted(steps)[len(steps) // 2]
        rounding = max(1, middle // 100) if middle >= 10 else 0
        return max(steps) - min(steps) > rounding

    def time_s(self, index: int) -> float:
        """When frame `index` appears, in seconds after the first."""
        return float((self.ticks[index] - self.ticks[0]) * self.tick_s)

    def at_midpoints(self, count: int) -> list[int]:
        """The frames shown at the middles of `count` equal parts of the duration."""
        first, length = self.ticks[0], self.end - self.ticks[0]
        # A middle that falls on a frame's appearance belongs to that frame, also where the container has rounded the
        # appearance up: MKV keeps milliseconds, and the same clip must give the same frames as in MP4.
        slack = 1 if length >= 20 * len(self.ticks) else 0
        places = (first + slack + length * (2 * part + 1) // (2 * count) for part in range(count))
        return [bisect_right(self.ticks, place) - 1 for place in places]

    def at_endpoints(self, count: int) -> list[int]:
        """The frames shown at `count` even steps from the first frame's appearance to the last one's."""
        first, length = self.ticks[0], self.ticks[-1] - self.ticks[0]
        slack = 1 if length >= 20 * len(self.ticks) else 0  # see `at_midpoints`
        places = (first + slack + length * step // max(1, count - 1) for step in range(count))
        return [bisect_right(self.ticks, place) - 1 for place in places]


@dataclass(frozen=True)
class _Packet:
    pts: int | None
    duration: int
    is_key: bool
    is_shown: bool


def timeline_of(path: Path, limits: MediaLimits, *, by_decoding: bool = False) -> Timeline:
    """Reads the whole video stream and works out its timeline.

    Args:
        path: The video.
        limits: What it may ask of the machine.
        by_decoding: Decode every frame to count them, where packets turned out to mislead.

    Raises:
        VideoError: there is no frame, the file is cut off or damaged, or it exceeds `limits`.
    """
    with opened(path, limits) as video:
        packets = list(_counted(video, limits))
        times = [packet.pts for packet in packets if packet.is_shown]
        if not times:
            raise VideoError("holds a video stream without frames; the file may be cut off")
        tick_s = Fraction(video.stream.time_base)
        rate = video.stream.average_rate or video.stream.guessed_rate
        mislead = by_decoding or _mislead(video, times)
        timeline = None if mislead else _by_packets(packets, tick_s, rate)
    if timeline is None:
        with opened(path, limits) as video:
            timeline = _by_decoding(video, tick_s, rate, limits)
    seconds = float(timeline.duration_s)
    if seconds > limits.duration_s:
        raise VideoError(f"{shown(path)}: lasts {seconds:,.1f} s; at most {limits.duration_s:,.0f} s are read")
    if not MIN_FPS <= timeline.fps <= MAX_FPS:
        rate = len(timeline.ticks) / seconds
        raise VideoError(f"{shown(path)}: plays {rate:g} frames/s; from {MIN_FPS:g} to {MAX_FPS:g} can be read")
    return timeline


def _mislead(video: OpenVideo, times: list[int | None]) -> bool:
    """Whether packets do not tell when their frames are shown. AVI knows no order but that of the file."""
    reordered = video.container.format.name == "avi" and video.stream.codec_context.reorder_depth > 0
    return reordered or None in times or len(set(times)) < len(times)


def _counted(video: OpenVideo, limits: MediaLimits) -> Iterator[_Packet]:
    stated = len(video.stream.index_entries)  # MP4 and MOV list every sample in the header
    is_vp8 = video.stream.codec_context.name == "vp8"
    count = 0
    for packet in media_packets(video):
        count += 1
        if count > limits.frames:
            raise VideoError(f"has more than {limits.frames:,} frames")
        if packet.is_corrupt:
            raise VideoError(f"is cut off or damaged: frame {count} is incomplete")
        hidden = packet.is_discard or (is_vp8 and not memoryview(packet)[0] & VP8_SHOW_FRAME)
        yield _Packet(packet.pts, packet.duration or 0, packet.is_keyframe, not hidden)
    if count < stated and video.container.format.name.startswith("mov"):
        raise VideoError(f"is cut off: its header lists {stated} frames and {count} are there")


def _by_packets(packets: list[_Packet], tick_s: Fraction, rate: Fraction | None) -> Timeline:
    keys = [i for i, packet in enumerate(packets) if packet.is_key] or [0]
    order = sorted((packet.pts, i) for i, packet in enumerate(packets) if packet.is_shown and packet.pts is not None)
    ticks = [pts for pts, _ in order]
    return Timeline(
        ticks=tuple(ticks),
        end=ticks[-1] + _last_step(ticks, packets[order[-1][1]].duration, tick_s, rate),
        tick_s=tick_s,
        packets=tuple(i for _, i in order),
        starts=tuple(_start(packets, keys, pts, i) for pts, i in order),
        nominal_fps=rate,
    )


def _start(packets: list[_Packet], keys: list[int], pts: int, packet: int) -> int:
    """The packet to begin with: a key frame, not later than the wanted one in the file *and* on the screen.

    Frames shown before the key frame that precedes them in the file (open GOP) refer to the key frame before it.
    """
    for key in reversed(keys[: bisect_right(keys, packet)]):
        key_pts = packets[key].pts
        if key_pts is not None and key_pts <= pts:
            return key
    return 0


def _last_step(ticks: list[int], stated: int, tick_s: Fraction, rate: Fraction | None) -> int:
    if stated > 0:
        return stated
    if len(ticks) > 1:
        return ticks[-1] - ticks[-2]
    return max(1, round((1 / rate if rate else LONE_FRAME_S) / tick_s))


def _by_decoding(video: OpenVideo, tick_s: Fraction, rate: Fraction | None, limits: MediaLimits) -> Timeline:
    """For packets without usable times (old AVI, fields in packets of their own): decodes once to count the frames.

    Times are the decoder's where they increase, else the frame's number at the stated rate.
    """
    times: list[int | None] = []
    for frame in decoded(video):
        times.append(frame.pts)
        if len(times) > limits.frames:
            raise VideoError(f"has more than {limits.frames:,} frames")
    if not times:
        raise VideoError("holds no frame that can be decoded")
    known = [time for time in times if time is not None]
    if len(known) < len(times) or any(b <= a for a, b in pairwise(known)):
        known, tick_s = list(range(len(times))), 1 / rate if rate else LONE_FRAME_S
    return Timeline(
        ticks=tuple(known),
        end=known[-1] + _last_step(known, 0, tick_s, rate),
        tick_s=tick_s,
        packets=tuple(range(len(known))),
        starts=(0,) * len(known),
        nominal_fps=rate,
        ordinal=True,
    )
