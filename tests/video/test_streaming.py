"""Frames one after another, and stretches cut out of a video."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from microworldbench.errors import InputError, VideoError
from microworldbench.video import cut, probe, read, sample, stream

VARIABLE = [*range(0, 40, 4), *range(40, 80)]
"""10 frames/s, then 40, in ticks of 1/40 s."""


@pytest.mark.parametrize(
    "options",
    [{}, {"codec": "libx264", "options": {"bf": "3"}}, {"times": VARIABLE, "tick": Fraction(1, 40)}, {"gop": 1}],
    ids=["cfr", "b-frames", "vfr", "keyframes"],
)
def test_a_stream_is_the_whole_video_frame_by_frame(
    tmp_path: Path, make: Callable[..., Path], shown_number: Callable[[Any], int], options: dict[str, Any]
) -> None:
    path = make(tmp_path / "clip.mp4", **options)
    whole = read(path)
    found = [(f.source_index, round(f.time_s, 6), shown_number(f.image())) for f in stream(path, threads=1)]
    times = whole.times_s if whole.times_s is not None else np.arange(len(whole.frames)) / whole.fps
    assert found == [(i, round(float(t), 6), i) for i, t in enumerate(times)]


def test_chosen_frames_equal_those_of_a_full_decode(clip: Path) -> None:
    whole = read(clip).frames
    found = {f.source_index: f.image() for f in stream(clip, wanted={3, 17, 18, 49})}
    assert sorted(found) == [3, 17, 18, 49]
    assert all(np.array_equal(image, whole[i]) for i, image in found.items())


def test_brightness_is_full_range_and_a_glance_is_small(tmp_path: Path, make: Callable[..., Path]) -> None:
    paint = lambda number: np.full((480, 640, 3), 255 * (number % 2), np.uint8)  # noqa: E731
    frames = [(f.luma(), f.glance()) for f in stream(make(tmp_path / "c.mp4", times=range(4), paint=paint))]
    assert [int(luma.mean()) for luma, _ in frames] == [0, 255, 0, 255]
    assert all(luma.shape == (480, 640) and max(glance.shape) <= 110 for luma, glance in frames)


def test_a_shrunk_picture_keeps_its_shape(tmp_path: Path, make: Callable[..., Path]) -> None:
    paint = lambda number: np.zeros((360, 640, 3), np.uint8)  # noqa: E731
    path = make(tmp_path / "c.mp4", times=range(2), paint=paint)
    assert [f.image(160).shape for f in stream(path)] == [(90, 160, 3)] * 2
    assert [f.image(4000).shape for f in stream(path)] == [(360, 640, 3)] * 2


def test_pictures_come_turned_for_display(tmp_path: Path, make: Callable[..., Path]) -> None:
    path = make(tmp_path / "c.mp4", rotation=(90.0, False, False))
    frame = next(stream(path))
    assert frame.image().shape[:2] == frame.luma().shape == (64, 48)


def test_a_cut_off_video_is_refused(tmp_path: Path, clip: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(clip.read_bytes()[:-2000])
    with pytest.raises(VideoError, match="cut off"):
        list(stream(broken))


@pytest.mark.parametrize("options", [{}, {"times": VARIABLE, "tick": Fraction(1, 40)}], ids=["cfr", "vfr"])
def test_a_cut_holds_exactly_its_frames_at_their_times(
    tmp_path: Path, make: Callable[..., Path], shown_number: Callable[[Any], int], options: dict[str, Any]
) -> None:
    source, target = make(tmp_path / "source.mp4", **options), tmp_path / "cut.mp4"
    cut(source, target, 7, 29)
    frames = list(stream(target))
    assert [shown_number(f.image()) for f in stream(target)] == list(range(7, 30))
    before = [f.time_s for f in stream(source)]
    assert [f.time_s for f in frames] == pytest.approx([before[i] - before[7] for i in range(7, 30)], abs=2e-5)
    assert probe(target).codec == "h264"


def test_the_same_cut_has_the_same_bytes_and_replaces_whole(tmp_path: Path, clip: Path) -> None:
    a, b = tmp_path / "a.mp4", tmp_path / "b.mp4"
    b.write_bytes(b"old")
    cut(clip, a, 0, 24)
    cut(clip, b, 0, 24)
    assert a.read_bytes() == b.read_bytes()
    assert len(sample(a, 3)) == 3


@pytest.mark.parametrize("stretch", [(-1, 3), (5, 4), (0, 50)])
def test_an_impossible_cut_says_what_there_is(tmp_path: Path, clip: Path, stretch: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="which has 50"):
        cut(clip, tmp_path / "cut.mp4", *stretch)
