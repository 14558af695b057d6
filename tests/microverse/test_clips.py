"""What is cut out of a source video: by time, to a bucket's size and length."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from microverse.clips import Bucket, choose_bucket, pictures_at, read_clip
from microverse.config import Clip
from microworldbench.errors import VideoError
from microworldbench.video import Video, VideoInfo, write


def counting(path: Path, frames: int, fps: float, size: tuple[int, int] = (48, 32), times_s: object = None) -> Path:
    """A video whose frame n has the brightness 4·n."""
    width, height = size
    pictures = (
        np.zeros((frames, height, width, 3), np.uint8) + (4 * np.arange(frames, dtype=np.uint8))[:, None, None, None]
    )
    write(path, Video(pictures, fps, None if times_s is None else np.array(times_s)), crf=0)
    return path


def numbers(pixels: object) -> list[int]:
    """Which frames of a `counting` video a clip shows."""
    return [round(float(frame.mean() + 1) * 127.5 / 4) for frame in torch.as_tensor(pixels).unbind(1)]


@pytest.mark.parametrize(
    ("fps", "expected"),
    [
        (16.0, [0, 1, 2, 3, 4, 5, 6, 7, 8]),
        (32.0, [0, 2, 4, 6, 8, 10, 12, 14, 16]),
        (8.0, [0, 0, 1, 1, 2, 2, 3, 3, 4]),
        (24.0, [0, 1, 3, 4, 6, 7, 9, 10, 12]),
    ],
)
def test_frames_are_taken_by_time_so_that_motion_keeps_its_speed(
    tmp_path: Path, fps: float, expected: list[int]
) -> None:
    path = counting(tmp_path / "a.mp4", 20, fps)
    clip = Clip(sizes=("48x32",), frames=(9,))
    assert numbers(read_clip(path, clip)[2]) == expected


def test_a_variable_rate_is_read_by_its_times(tmp_path: Path) -> None:
    times = [0.0, 0.1, 0.2, 0.7, 0.8]
    path = counting(tmp_path / "a.mp4", 5, 10.0, times_s=times)
    shown = [round(picture.mean() / 4) for picture in pictures_at(path, [0.0, 0.05, 0.15, 0.3, 0.69, 0.75, 0.81])]
    assert shown == [0, 0, 1, 2, 2, 3, 4]


def test_native_takes_frames_as_they_come(tmp_path: Path) -> None:
    path = counting(tmp_path / "a.mp4", 12, 30.0)
    clip = Clip(sizes=("48x32",), frames=(9,), fps="native")
    assert numbers(read_clip(path, clip)[2]) == list(range(9))
    assert numbers(read_clip(path, clip.model_copy(update={"window": "middle"}))[2]) == list(range(1, 10))


def test_the_middle_window_leaves_as_much_before_as_behind(tmp_path: Path) -> None:
    path = counting(tmp_path / "a.mp4", 25, 16.0)
    clip = Clip(sizes=("48x32",), frames=(9,), window="middle")
    assert numbers(read_clip(path, clip)[2]) == list(range(8, 17))


def info(width: int, height: int, frames: int, fps: float = 16.0) -> VideoInfo:
    return VideoInfo(width, height, fps, frames, frames / fps, "h264", "yuv420p", 0, False)


def test_a_video_goes_to_the_nearest_shape_and_the_longest_length_it_fills() -> None:
    clip = Clip(sizes=("832x480", "480x832", "640x640"), frames=(81, 49, 17))
    assert choose_bucket(info(1920, 1080, 200), clip) == Bucket(832, 480, 81)
    assert choose_bucket(info(1080, 1920, 79), clip) == Bucket(480, 832, 49)
    assert choose_bucket(info(500, 480, 81), clip) == Bucket(640, 640, 81)


def test_five_seconds_fill_eighty_one_frames() -> None:
    """The last instant is the end of the video; its last frame is still there."""
    assert choose_bucket(info(832, 480, 150, fps=30.0), Clip()).frames == 81
    with pytest.raises(VideoError, match=r"too short: it has 4.97 s, the shortest of clip.frames needs 5.00 s"):
        choose_bucket(info(832, 480, 149, fps=30.0), Clip())


def test_pictures_cover_the_size_and_keep_their_proportions(tmp_path: Path) -> None:
    """A square of a wide video stays a square; the sides are cut off, not squeezed."""
    pictures = np.zeros((9, 64, 256, 3), np.uint8)
    pictures[:, 16:48, 112:144] = 255
    write(tmp_path / "wide.mp4", Video(pictures, 16.0), crf=0)
    _, _, pixels = read_clip(tmp_path / "wide.mp4", Clip(sizes=("96x64",), frames=(9,)))
    assert pixels.shape == (3, 9, 64, 96)
    assert pixels.dtype == torch.float32
    bright = pixels[0, 0] > 0
    assert bright.any(1).sum() == pytest.approx(32, abs=1)
    assert bright.any(0).sum() == pytest.approx(32, abs=1)
    assert float(pixels.min()) >= -1
    assert float(pixels.max()) <= 1
