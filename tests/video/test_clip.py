from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from microworldbench.errors import InputError
from microworldbench.video import Video

FRAMES = np.arange(3 * 4 * 6 * 3, dtype=np.uint8).reshape(3, 4, 6, 3)


class Tensor:
    """Behaves like a torch tensor: refuses `numpy()` while on a device, tracked, or bfloat16."""

    def __init__(self, data: np.ndarray, dtype: str = "torch.uint8", ready: bool = False) -> None:
        self.data, self.dtype, self.shape, self.ready = data, dtype, data.shape, ready

    def detach(self) -> Tensor:
        return self

    def cpu(self) -> Tensor:
        return Tensor(self.data, self.dtype, True)

    def float(self) -> Tensor:
        return Tensor(self.data.astype(np.float32), "torch.float32", self.ready)

    def numpy(self) -> np.ndarray:
        if not self.ready or "bfloat16" in self.dtype:
            raise TypeError("can't convert")
        return self.data


def test_a_video_knows_its_size_and_length():
    video = Video(FRAMES, 2)
    assert (video.width, video.height, len(video), video.duration_s, video.fps) == (6, 4, 3, 1.5, 2.0)


def test_times_decide_the_length_of_a_video_with_a_variable_rate():
    assert Video(FRAMES, 10, np.array([0, 1, 4])).duration_s == pytest.approx(4.1)


@pytest.mark.parametrize(
    "pictures",
    [
        FRAMES,
        FRAMES.astype(np.int64),
        list(FRAMES),
        tuple(FRAMES),
        (frame for frame in FRAMES),
        [Image.fromarray(frame) for frame in FRAMES],
        Tensor(FRAMES),
        [Tensor(frame) for frame in FRAMES],
        FRAMES.astype(np.float64) / 255,
        FRAMES.astype(np.float32) / 255,
        Tensor(FRAMES.astype(np.float32) / 255, "torch.bfloat16"),
        Video(FRAMES, 8),
    ],
)
def test_everything_generators_return_becomes_the_same_frames(pictures):
    video = Video.from_frames(pictures, 8)
    assert video.frames.dtype == np.uint8
    np.testing.assert_array_equal(video.frames, FRAMES)


@pytest.mark.parametrize("fps", [8, 8.0, np.float32(8), np.int64(8), np.array(8), Fraction(8)])
def test_any_real_number_is_a_rate(fps):
    assert Video.from_frames(FRAMES, fps).fps == 8.0
    assert type(Video(FRAMES, fps).fps) is float


@pytest.mark.parametrize("fps", [0, -1, float("nan"), float("inf"), 1e9, 1e-4, True, "8", [8]])
def test_other_rates_are_refused(fps):
    with pytest.raises(InputError, match="fps must be"):
        Video.from_frames(FRAMES, fps)


def test_frames_without_a_rate_are_refused():
    with pytest.raises(InputError, match="frames need an fps"):
        Video.from_frames(FRAMES, None)


def test_a_video_keeps_its_own_rate():
    assert Video.from_frames(Video(FRAMES, 8), None).fps == 8.0


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (FRAMES.transpose(0, 3, 1, 2), r"T×C×H×W; use np\.moveaxis\(frames, 1, -1\)"),
        (np.zeros((3, 8, 4, 6), np.uint8), r"C×T×H×W use np\.moveaxis\(frames, 0, -1\)"),
        (FRAMES[None], r"got 1×3×4×6×3; for a batch"),
        (FRAMES[0], r"got 4×6×3; for one picture"),
        (np.zeros((2, 8, 8, 4), np.uint8), r"drop the alpha channel"),
        (np.zeros((0, 8, 8, 3), np.uint8), "frames are empty"),
        ([], "frames are empty"),
        (FRAMES.astype(np.float32), r"got values from 0 to 215; for 0…255 pass frames\.astype"),
        (FRAMES / 127.5 - 1, r"for −1…1 pass \(frames \+ 1\) / 2"),
        (np.full((1, 2, 2, 3), np.nan), "not finite"),
        (FRAMES.astype(np.int32) + 100, "integer frames must be in 0…255, got values from 100 to 315"),
        (FRAMES.astype(bool), "got bool"),
        ([FRAMES[0], FRAMES[1][:2]], "frame 0 has 6×4, frame 1 6×2"),
        ([FRAMES[0], FRAMES[1] / 255], "one type, got float64 and uint8"),
        ([FRAMES[0].transpose(2, 0, 1)], "looks like C×H×W"),
        (["frame.png"], "frame 0 must be H×W×3"),
        ("clip.mp4", "got str"),
        (7, "got int"),
    ],
)
def test_frames_that_cannot_be_used_are_refused_with_a_hint(frames, message):
    with pytest.raises(InputError, match=message):
        Video.from_frames(frames, 8)


@pytest.mark.parametrize("frames", [FRAMES / 255, list(FRAMES), FRAMES[0]])
def test_the_constructor_takes_uint8_arrays_only(frames):
    with pytest.raises(InputError, match="frames must be"):
        Video(frames, 8)


@pytest.mark.parametrize("times", [[0, 1], [1, 2, 3], [0, 2, 1], [0, 1, float("nan")]])
def test_times_that_do_not_fit_are_refused(times):
    with pytest.raises(InputError, match="times_s must"):
        Video(FRAMES, 8, np.array(times))


def test_transparent_parts_of_pictures_become_black():
    picture = Image.new("RGBA", (2, 1), (200, 100, 50, 255))
    picture.putpixel((1, 0), (200, 100, 50, 0))
    frames = Video.from_frames([picture], 8).frames
    assert frames[0, 0].tolist() == [[200, 100, 50], [0, 0, 0]]


def test_floats_are_rounded_to_the_nearest_value():
    assert Video.from_frames(np.full((1, 1, 1, 3), 0.5 / 255 + 1e-4), 8).frames.max() == 1


def test_making_a_video_of_frames_imports_no_torch():
    code = (
        "import sys, numpy as np; from microworldbench.video import Video;"
        "Video.from_frames(np.zeros((1, 2, 2, 3)), 8); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
