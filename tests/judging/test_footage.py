"""Frames as a judge is shown them: decoded once, numbered and timed, no larger than asked for."""

from __future__ import annotations

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from microworldbench.errors import VideoError
from microworldbench.judging import footage as module
from microworldbench.judging.footage import Footage, FramePolicy
from microworldbench.video import Video, write


@pytest.fixture
def clip(tmp_path):
    shades = np.linspace(0, 250, 16, dtype=np.uint8)
    frames = np.broadcast_to(shades[:, None, None, None], (16, 64, 128, 3))
    path = tmp_path / "clip.mp4"
    write(path, Video.from_frames(np.ascontiguousarray(frames), 8))
    return path


def test_frames_are_numbered_from_one_at_the_middles_of_equal_parts(clip):
    shown = Footage(clip).exhibit(FramePolicy(count=4)).frames
    assert [s.number for s in shown] == [1, 2, 3, 4]
    assert [s.source_index for s in shown] == [2, 6, 10, 14]
    assert [s.time_s for s in shown] == pytest.approx([0.25, 0.75, 1.25, 1.75])


def test_the_digest_is_that_of_the_image_that_is_sent(clip):
    pictures = Footage(clip).exhibit(FramePolicy(count=2)).pictures
    assert len(pictures) == 2
    for picture in pictures:
        (frame,) = picture.frames
        assert frame.sha256 == picture.sha256 == hashlib.sha256(picture.data).hexdigest()
        assert Image.open(io.BytesIO(picture.data)).size == (picture.width, picture.height) == (128, 64)


@pytest.mark.parametrize(("max_side", "size"), [(64, (64, 32)), (128, (128, 64)), (4000, (128, 64))])
def test_a_size_cap_shrinks_and_never_enlarges(clip, max_side, size):
    (picture,) = Footage(clip).exhibit(FramePolicy(count=1, max_side=max_side)).pictures
    assert (picture.width, picture.height) == size


def test_many_threads_decode_a_video_once_a_policy(clip, monkeypatch):
    calls = []
    real = module.make_exhibit
    monkeypatch.setattr(module, "make_exhibit", lambda *args: (calls.append(args), real(*args))[1])
    footage = Footage(clip)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: footage.exhibit(FramePolicy(count=2)), range(16)))
    assert len(calls) == 1
    assert all(exhibit is found[0] for exhibit in found)


def test_frames_are_ready_once_decoded_and_until_released(clip):
    footage, policy = Footage(clip), FramePolicy(count=2)
    assert footage.ready(policy) is None
    assert footage.exhibit(policy) is footage.ready(policy)
    footage.release()
    assert footage.ready(policy) is None


def test_what_cannot_be_decoded_is_a_video_error(tmp_path):
    path = tmp_path / "text.mp4"
    path.write_text("not a video")
    with pytest.raises(VideoError):
        Footage(path).exhibit(FramePolicy())
