"""Pictures come out the way a player shows them."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from microworldbench.errors import VideoError
from microworldbench.video import probe, read, sample

RED, GREEN = (230, 30, 30), (30, 230, 30)


def corners(_number: int) -> np.ndarray:
    picture = np.full((48, 64, 3), 60, np.uint8)
    picture[:12, :16], picture[:12, 48:] = RED, GREEN
    return picture


def colour_at(picture: np.ndarray, corner: str) -> str:
    row = 5 if "top" in corner else -6
    column = 5 if "left" in corner else -6
    red, green, _ = picture[row, column].astype(int)
    return "red" if red > 180 > green else "green" if green > 180 > red else "grey"


@pytest.mark.parametrize(
    ("counterclockwise", "clockwise", "size", "red", "green"),
    [
        (0, 0, (64, 48), "top left", "top right"),
        (90, 270, (48, 64), "bottom left", "top left"),
        (180, 180, (64, 48), "bottom right", "bottom left"),
        (-90, 90, (48, 64), "top right", "bottom right"),
    ],
)
def test_rotation_is_applied(counterclockwise, clockwise, size, red, green, tmp_path, make):
    path = make(tmp_path / "turned.mp4", times=range(5), paint=corners, rotation=(counterclockwise, False, False))
    info = probe(path)
    assert (info.rotation_deg, info.width, info.height) == (clockwise, *size)
    picture = sample(path, 1)[0].image
    assert picture.shape[:2] == size[::-1]
    assert (colour_at(picture, red), colour_at(picture, green)) == ("red", "green")
    assert read(path).frames.shape == (5, size[1], size[0], 3)


def test_rotation_agrees_with_opencv(tmp_path, make):
    cv2 = pytest.importorskip("cv2")
    path = make(tmp_path / "turned.mp4", times=range(5), paint=corners, rotation=(90, False, False))
    capture = cv2.VideoCapture(str(path))
    _, picture = capture.read()
    capture.release()
    np.testing.assert_array_equal(read(path).frames[0], picture[..., ::-1])


def test_mirroring_is_applied(tmp_path, make):
    path = make(tmp_path / "mirrored.mp4", times=range(5), paint=corners, rotation=(0, True, False))
    picture = sample(path, 1)[0].image
    assert (colour_at(picture, "top left"), colour_at(picture, "top right")) == ("green", "red")


def test_a_slanted_video_is_named(tmp_path, make):
    path = make(tmp_path / "slanted.mp4", times=range(5), paint=corners, rotation=(45, False, False))
    with pytest.raises(VideoError, match=r"slanted\.mp4: is to be shown turned by -45°; only quarter turns"):
        probe(path)


def half_transparent(_number: int) -> np.ndarray:
    picture = np.full((48, 64, 4), 200, np.uint8)
    picture[:24, :, 3], picture[24:, :, 3] = 255, 0
    return picture


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "options"),
    [("png.mov", "png", "rgba", None), ("prores.mov", "prores_ks", "yuva444p10le", {"profile": "4444"})],
)
def test_transparent_parts_are_black(name, codec, pixels, options, tmp_path, make):
    path = make(
        tmp_path / name,
        times=range(3),
        codec=codec,
        pixels=pixels,
        options=options,
        paint=half_transparent,
        layout="rgba",
    )
    picture = sample(path, 1)[0].image
    assert abs(int(picture[10].mean()) - 200) <= 3
    assert picture[40].max() <= 3


def test_ten_bits_become_eight(tmp_path, make):
    path = make(tmp_path / "deep.mp4", times=range(5), pixels="yuv420p10le", paint=corners)
    assert probe(path).pixel_format == "yuv420p10le"
    picture = sample(path, 1)[0].image
    assert picture.dtype == np.uint8
    assert np.abs(picture.astype(int) - corners(0)).mean() < 4


def test_a_4k_frame_is_decoded(tmp_path, make):
    def large(_number: int) -> np.ndarray:
        return np.full((2160, 3840, 3), 90, np.uint8)

    path = make(tmp_path / "uhd.mp4", times=range(2), paint=large, options={"preset": "ultrafast"})
    assert sample(path, 1)[0].image.shape == (2160, 3840, 3)


def test_a_change_of_size_is_named(tmp_path):
    path = tmp_path / "changing.mkv"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        other = av.CodecContext.create("mjpeg", "w")
        other.width, other.height, other.pix_fmt, other.time_base = 32, 32, "yuvj420p", Fraction(1, 25)
        for number in range(10):
            encoder, side = (stream, (48, 64)) if number < 5 else (other, (32, 32))
            frame = av.VideoFrame.from_ndarray(np.zeros((*side, 3), np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            for packet in encoder.encode(frame):
                packet.stream = stream
                output.mux(packet)
    with pytest.raises(VideoError, match=r"changing\.mkv: changes its size from 64×48 to 32×32"):
        read(path)
