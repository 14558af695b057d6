from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from microworldbench.errors import InputError
from microworldbench.video import DEFAULT_LIMITS, probe, read, sample
from microworldbench.video.timeline import timeline_of

VARIABLE_MS = [*range(0, 2000, 100), *range(2000, 3320, 33)]
"""Ten frames a second for two seconds, then thirty."""

KINDS = {
    "h264.mp4": {},
    "h264.mov": {},
    "h264.mkv": {},
    "h264-in.avi": {},
    "interlaced.mp4": {"options": {"x264-params": "interlaced=1"}},
    "open-gop.mp4": {"options": {"x264-params": "open-gop=1:keyint=12:bframes=3:scenecut=0"}},
    "rolling-refresh.mp4": {"options": {"x264-params": "intra-refresh=1:keyint=12"}},
    "fragmented.mp4": {"container_options": {"movflags": "frag_keyframe+empty_moov"}},
    "ten-bit.mp4": {"pixels": "yuv420p10le"},
    "hevc.mp4": {"codec": "libx265", "options": {"x265-params": "log-level=0:open-gop=1:keyint=12"}},
    "mpeg4.avi": {"codec": "mpeg4"},
    "vp8.webm": {"codec": "libvpx", "options": {"auto-alt-ref": "1", "lag-in-frames": "16", "deadline": "good"}},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"auto-alt-ref": "1", "lag-in-frames": "16"}},
    "prores.mov": {"codec": "prores_ks", "pixels": "yuv422p10le"},
    "gif.gif": {"codec": "gif", "pixels": "rgb8", "tick": Fraction(1, 100), "times": range(0, 200, 4)},
}


@pytest.mark.parametrize("name", KINDS)
def test_frames_are_found_counted_and_read_in_every_kind_of_file(name, tmp_path, make, shown_number):
    path = make(tmp_path / name, **KINDS[name])
    info = probe(path)
    assert (info.width, info.height, info.frames, info.fps) == (64, 48, 50, 25.0)
    assert info.duration_s == pytest.approx(2.0)
    assert not info.variable_frame_rate
    shown = sample(path, 8)
    assert [frame.source_index for frame in shown] == [3, 9, 15, 21, 28, 34, 40, 46]
    assert [shown_number(frame.image) for frame in shown] == [3, 9, 15, 21, 28, 34, 40, 46]
    video = read(path)
    assert [shown_number(frame) for frame in video.frames] == list(range(50))
    assert (video.fps, video.times_s) == (25.0, None)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv"])
def test_a_variable_frame_rate_is_sampled_by_time(name, tmp_path, make, shown_number):
    path = make(tmp_path / name, times=VARIABLE_MS, tick=Fraction(1, 1000))
    info = probe(path)
    assert info.variable_frame_rate
    shown = sample(path, 8)
    middles = [info.duration_s * (2 * part + 1) / 16 for part in range(8)]
    on_screen = [max(i for i, ms in enumerate(VARIABLE_MS) if ms / 1000 <= middle) for middle in middles]
    assert [shown_number(frame.image) for frame in shown] == on_screen
    assert [frame.source_index for frame in shown] == on_screen
    assert [frame.time_s for frame in shown] == pytest.approx([VARIABLE_MS[i] / 1000 for i in on_screen])


def test_reading_a_variable_frame_rate_gives_the_times(tmp_path, make):
    video = read(make(tmp_path / "clip.mp4", times=VARIABLE_MS, tick=Fraction(1, 1000)))
    assert video.times_s is not None
    np.testing.assert_allclose(video.times_s, np.array(VARIABLE_MS) / 1000, atol=1e-4)


@pytest.mark.parametrize("count", [1, 2, 7, 49, 50])
def test_sampled_frames_equal_those_of_a_full_decoding(count, clip):
    with av.open(str(clip)) as container:
        every = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    shown = sample(clip, count)
    assert len(shown) == count
    for frame in shown:
        np.testing.assert_array_equal(frame.image, every[frame.source_index])


def test_asking_for_more_frames_than_there_are_repeats_them_visibly(tmp_path, make):
    shown = sample(make(tmp_path / "short.mp4", times=range(3)), 6)
    assert [frame.source_index for frame in shown] == [0, 0, 1, 1, 2, 2]
    assert shown[0].image is shown[1].image


@pytest.mark.parametrize("name", ["one.mp4", "one.mkv", "one.avi"])
def test_a_video_of_one_frame_shows_it_every_time(name, tmp_path, make):
    path = make(tmp_path / name, times=[0], codec="mpeg4")
    assert probe(path).frames == 1
    assert probe(path).duration_s == pytest.approx(0.04)
    assert [(frame.source_index, frame.time_s) for frame in sample(path, 3)] == [(0, 0.0)] * 3
    assert len(read(path)) == 1


def test_times_count_from_the_first_frame(tmp_path, make):
    late = make(tmp_path / "late.mkv", times=range(1000, 1050))
    assert sample(late, 1)[0].time_s == pytest.approx(1.0)
    assert probe(late).duration_s == pytest.approx(2.0)


def test_only_the_groups_of_pictures_that_are_needed_are_decoded(tmp_path, make, monkeypatch):
    path = make(tmp_path / "long.mp4", times=range(240))
    decoded = []
    from microworldbench.video import decoding

    def counting(*args, **settings):
        for frame in original(*args, **settings):
            decoded.append(frame.pts)
            yield frame

    original = decoding.decoded
    monkeypatch.setattr(decoding, "decoded", counting)
    sample(path, 2)
    assert len(decoded) < 40


# Not in AVI, which knows no order but the file's; and after a rolling refresh, a key frame may not be enough.
@pytest.mark.parametrize("name", [name for name in KINDS if not name.endswith(".avi") and "rolling" not in name])
def test_packets_tell_where_frames_are_without_counting_by_decoding(name, tmp_path, make, monkeypatch):
    path = make(tmp_path / name, **KINDS[name])
    from microworldbench.video import decoding

    calls = []

    def counting(*args, **settings):
        calls.append(settings)
        return original(*args, **settings)

    original = decoding.timeline_of
    monkeypatch.setattr(decoding, "timeline_of", counting)
    sample(path, 50)
    sample(path, 5)
    assert calls == [{}, {}]
    assert not timeline_of(path, DEFAULT_LIMITS).ordinal


def test_packets_that_are_never_shown_are_not_counted(tmp_path, make, shown_number):
    """VP8 keeps pictures that others refer to and nobody sees in packets of their own; here the sixth becomes one."""
    plain, path = make(tmp_path / "plain.webm", codec="libvpx", gop=100), tmp_path / "hidden.webm"
    with av.open(str(plain)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(packet for packet in source.demux(video=0) if packet.size):
            data = bytearray(packet)
            data[0] &= 0xFF if number != 5 else 0xEF
            copy = av.Packet(bytes(data))
            copy.pts, copy.dts, copy.time_base, copy.stream = packet.pts, packet.dts, packet.time_base, stream
            copy.is_keyframe = packet.is_keyframe
            target.mux(copy)
    assert probe(path).frames == 49
    assert not timeline_of(path, DEFAULT_LIMITS).ordinal
    assert [shown_number(frame) for frame in read(path).frames] == [n for n in range(50) if n != 5]


@pytest.mark.parametrize("name", ["open-gop.mp4", "hevc.mp4"])
def test_decoding_begins_before_what_a_leading_frame_refers_to(name, tmp_path, make):
    line = timeline_of(make(tmp_path / name, **KINDS[name]), DEFAULT_LIMITS)
    shown = dict(zip(line.packets, range(50), strict=True))
    assert all(shown[start] <= index for index, start in enumerate(line.starts))
    leading = [i for i, packet in enumerate(line.packets) if any(line.starts[i] < key < packet for key in line.starts)]
    assert leading  # frames that follow a key frame in the file and precede it on the screen


@pytest.mark.parametrize("count", [0, -1, 1.5, "8", True, None])
def test_a_count_that_is_no_positive_integer_is_refused(count, clip):
    with pytest.raises(InputError, match="count must be an integer of at least 1"):
        sample(clip, count)


def test_numpy_counts_are_taken(clip):
    assert len(sample(clip, np.int64(2))) == 2


def test_names_that_are_not_utf8_are_read(tmp_path, make):
    import os

    target = os.path.join(os.fsencode(tmp_path), b"caf\xe9.mp4")  # noqa: PTH118 bytes
    try:
        os.rename(make(tmp_path / "clip.mp4"), target)  # noqa: PTH104 bytes
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    assert probe(os.fsdecode(target)).frames == 50
