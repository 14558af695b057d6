from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from microworldbench.errors import InputError, VideoError
from microworldbench.video import Video, probe, read, write
from microworldbench.video.writing import encoded


def smooth(frames: int, height: int, width: int) -> np.ndarray:
    ramp = np.linspace(0, 255, width)[None, None, :, None] * np.linspace(0.2, 1, frames)[:, None, None, None]
    return np.broadcast_to(ramp, (frames, height, width, 3)).astype(np.uint8)


def test_what_is_written_is_read_again(tmp_path):
    path = tmp_path / "clip.mp4"
    write(path, Video(smooth(12, 48, 64), 16))
    info, video = probe(path), read(path)
    assert (info.codec, info.pixel_format, info.frames, info.fps) == ("h264", "yuv420p", 12, 16.0)
    assert info.duration_s == pytest.approx(0.75)
    assert np.abs(video.frames.astype(int) - smooth(12, 48, 64)).mean() < 1.5
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (12, 200, 90)])
def test_colours_survive(colour, tmp_path):
    frames = np.empty((3, 64, 64, 3), np.uint8)
    frames[...] = colour
    write(tmp_path / "clip.mp4", Video(frames, 8))
    shown = read(tmp_path / "clip.mp4").frames[1].reshape(-1, 3).mean(axis=0)
    assert np.abs(shown - colour).max() <= 3


def test_the_file_states_its_colour_matrix(tmp_path):
    write(tmp_path / "clip.mp4", Video(smooth(3, 48, 64), 8))
    with av.open(str(tmp_path / "clip.mp4")) as container:
        assert container.streams.video[0].codec_context.colorspace == 6


@pytest.mark.parametrize(("width", "height"), [(33, 48), (64, 47), (33, 47), (1, 1)])
def test_odd_sizes_repeat_their_last_row_and_column(width, height, tmp_path):
    frames = smooth(3, height, width)
    write(tmp_path / "clip.mp4", Video(frames, 8), crf=1)
    video = read(tmp_path / "clip.mp4")
    assert (video.width, video.height) == (width + width % 2, height + height % 2)
    columns, rows = [*range(width), width - 1][: video.width], [*range(height), height - 1][: video.height]
    repeated = frames[:, rows][:, :, columns]
    assert np.abs(video.frames.astype(int) - repeated).max() < 16


@pytest.mark.parametrize("fps", [23.976, 29.97, 0.5, 16, 60, 120])
def test_rates_survive(fps, tmp_path):
    write(tmp_path / "clip.mp4", Video(smooth(10, 48, 64), fps))
    assert probe(tmp_path / "clip.mp4").fps == pytest.approx(fps, rel=1e-4)


def test_a_variable_rate_survives(tmp_path):
    times = np.array([0, 0.1, 0.2, 0.7, 0.75])
    write(tmp_path / "clip.mp4", Video(smooth(5, 48, 64), 5, times))
    video = read(tmp_path / "clip.mp4")
    assert video.times_s is not None
    np.testing.assert_allclose(video.times_s, times, atol=1e-4)


def test_one_frame_can_be_written(tmp_path):
    write(tmp_path / "clip.mp4", Video(smooth(1, 48, 64), 10))
    assert (probe(tmp_path / "clip.mp4").frames, probe(tmp_path / "clip.mp4").duration_s) == (1, pytest.approx(0.1))


def test_an_existing_file_is_replaced(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"old")
    write(path, Video(smooth(3, 48, 64), 8))
    assert probe(path).frames == 3


@pytest.mark.parametrize("crf", [-1, 52, 1.5, True, "17"])
def test_a_quality_out_of_range_is_refused(crf, tmp_path):
    with pytest.raises(InputError, match="crf must be an integer from 0 to 51"):
        write(tmp_path / "clip.mp4", Video(smooth(1, 48, 64), 8), crf=crf)


def test_another_extension_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"name the file \*\.mp4, got 'clip\.webm'"):
        write(tmp_path / "clip.webm", Video(smooth(1, 48, 64), 8))


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(VideoError, match=r"absent/clip\.mp4: cannot be written .No such file"):
        write(tmp_path / "absent" / "clip.mp4", Video(smooth(1, 48, 64), 8))


def test_a_size_the_encoder_refuses_is_named(tmp_path):
    with pytest.raises(VideoError, match=r"clip\.mp4: 40000×2 pixels cannot be encoded"):
        write(tmp_path / "clip.mp4", Video(np.zeros((1, 2, 40000, 3), np.uint8), 8))
    assert list(tmp_path.iterdir()) == []


FULL_DISK = """
import resource, sys, numpy as np
from microworldbench.errors import VideoError
from microworldbench.video import Video, write
noise = np.random.default_rng(0).integers(0, 255, (10, 64, 64, 3), np.uint8)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    write(sys.argv[1], Video(noise, 8))
except VideoError as error:
    print(error.__cause__.errno, error)
"""


def test_a_disk_without_room_leaves_the_old_file_and_nothing_else(tmp_path):
    pytest.importorskip("resource")
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"old")
    run = subprocess.run([sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=True)
    assert run.stdout.startswith(f"{errno.EFBIG} {path}: cannot be written")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]


def test_an_interrupt_while_storing_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "clip.mp4", Video(smooth(1, 48, 64), 8))
    assert list(tmp_path.iterdir()) == []


def test_the_same_frames_give_the_same_pictures(tmp_path):
    video = Video(np.random.default_rng(0).integers(0, 255, (9, 48, 64, 3), np.uint8), 8)
    for name in ("a.mp4", "b.mp4"):
        write(tmp_path / name, video)
    np.testing.assert_array_equal(read(tmp_path / "a.mp4").frames, read(tmp_path / "b.mp4").frames)


def drifting_discs(t):
    draw = np.random.default_rng(1)
    y, x = np.mgrid[:180, :320]
    picture = np.zeros((180, 320, 3), np.uint8) + draw.integers(60, 200, 3).astype(np.uint8)
    for _ in range(12):
        cx, cy, radius = draw.uniform(0, 320), draw.uniform(0, 180), draw.uniform(0.03, 0.08) * 320
        angle, colour = draw.uniform(0, 2 * np.pi), draw.integers(40, 255, 3)
        picture[(x - cx - 6 * t * np.cos(angle)) ** 2 + (y - cy - 6 * t * np.sin(angle)) ** 2 < radius**2] = colour
    return picture


def test_the_same_frames_give_the_same_bytes_whatever_the_memory_held_before():
    """With the macroblock tree they differ on processors with AVX-512, where it reads what x264 has not written."""
    frames, draw, found = [drifting_discs(number / 10) for number in range(40)], np.random.default_rng(5), set()
    for _ in range(10):
        clutter = [draw.integers(0, 255, size, np.uint8) for size in draw.integers(1_000, 400_000, 30)]
        clutter += [frame.astype(float).copy() for frame in frames]
        del clutter
        found.add(encoded(frames, 10.0, crf=18, preset="veryfast", threads=1))
    assert len(found) == 1
