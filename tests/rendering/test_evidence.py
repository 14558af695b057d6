from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from microworldbench.errors import VideoError
from microworldbench.rendering.evidence import (
    MAX_THUMBNAIL_BYTES,
    CriterionEvidence,
    relative_href,
    thumbnails,
)
from microworldbench.rubric import Criterion, Measurement


def write_clip(path, width, height, noise=0):
    """Twenty frames in two seconds, each of one grey that grows with time."""
    chance = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": "1" if noise else "20"}
        for i in range(20):
            image = np.full((height, width, 3), 20 + 10 * i, dtype=np.int16)
            image = np.clip(image + chance.integers(-noise, noise + 1, image.shape), 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


def test_thumbnails_are_the_shown_frames_made_small(tmp_path):
    write_clip(tmp_path / "clip.mp4", 384, 216)
    found = thumbnails(tmp_path / "clip.mp4", count=4)
    assert [t.number for t in found] == [1, 2, 3, 4]
    assert [t.time_s for t in found] == sorted({t.time_s for t in found})
    assert {(t.width, t.height) for t in found} == {(192, 108)}
    greys = [np.asarray(Image.open(io.BytesIO(t.jpeg))).mean() for t in found]
    assert greys == sorted(greys)
    assert greys[-1] - greys[0] > 100


def test_thumbnails_are_never_larger_than_the_video(tmp_path):
    write_clip(tmp_path / "clip.mp4", 64, 48)
    assert {(t.width, t.height) for t in thumbnails(tmp_path / "clip.mp4", count=2)} == {(64, 48)}


def test_a_tall_video_keeps_its_shape_within_twice_the_width(tmp_path):
    write_clip(tmp_path / "clip.mp4", 64, 640)
    (found,) = thumbnails(tmp_path / "clip.mp4", count=1, width=64)
    assert (found.width, found.height) == (13, 128)


def test_noise_is_held_to_the_size_that_keeps_pages_small(tmp_path):
    write_clip(tmp_path / "clip.mp4", 192, 108, noise=120)
    assert max(len(t.jpeg) for t in thumbnails(tmp_path / "clip.mp4")) <= MAX_THUMBNAIL_BYTES


def test_an_undecodable_file_is_named(tmp_path):
    (tmp_path / "clip.mp4").write_bytes(b"no video")
    with pytest.raises(VideoError, match=r"clip\.mp4"):
        thumbnails(tmp_path / "clip.mp4")


@pytest.mark.parametrize(
    ("video", "page", "href"),
    [
        ("run/videos/a b.mp4", "run/report.html", "videos/a%20b.mp4"),
        ("run/videos/1.mp4", "pages/report.html", "../run/videos/1.mp4"),
        ("run/javascript:x.mp4", "run/report.html", "javascript%3Ax.mp4"),
        ("run/50%#?.mp4", "run/report.html", "50%25%23%3F.mp4"),
    ],
)
def test_the_address_of_a_video_is_relative_to_the_page_and_encoded(video, page, href):
    assert relative_href(Path(video), Path(page)) == href


def test_evidence_of_a_criterion_can_leave_its_text_out():
    criterion = Criterion(
        id="count", dimension="visual_quality", statement="Text.", weight=0.5, measurement=Measurement(name="count")
    )
    assert CriterionEvidence.of(criterion).statement == "Text."
    assert CriterionEvidence.of(criterion).measured
    assert CriterionEvidence.of(criterion, with_text=False).statement is None
