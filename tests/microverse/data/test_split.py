"""Shots of known truth, found to the frame."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from microverse.data.config import Split
from microverse.data.embedders import Histogram, Picture, make_embedder
from microverse.data.evidence import SampleClock, evenly
from microverse.data.records import GivenSpan, Known, Source
from microverse.data.shots import Similarity
from microverse.data.split import ShotSplitter, make_splitter
from microworldbench.errors import InputError, UnknownNameError
from microworldbench.video import probe, stream

FPS = 10
SHOTS = [(6.0, 1), (5.5, 2), (2.0, 3), (7.3, 4), (12.0, 5)]
CUTS = [0, 60, 115, 135, 208, 328]
"""First frames of the shots, and the end."""


@pytest.fixture(scope="module")
def reel(tmp_path_factory: pytest.TempPathFactory, studio: Any) -> Path:
    shots = [studio.shot(seconds, seed) for seconds, seed in SHOTS]
    return studio.film(tmp_path_factory.mktemp("reel") / "reel.mp4", shots)


def spans(path: Path, settings: Split, known: Known | None = None) -> tuple[list[tuple[int, int]], dict[str, int]]:
    info = probe(path)
    source = Source(
        id="s",
        path=path.name,
        sha256="",
        packets_sha256="",
        file_bytes=1,
        known=known or Known(),
        **{name: getattr(info, name) for name in ("width", "height", "fps", "frames", "duration_s", "codec")},
        rotation_deg=info.rotation_deg,
        variable_frame_rate=info.variable_frame_rate,
    )
    splitter = make_splitter(source, settings, "split-x", dark=32)
    clips = [found.clip for found in splitter.clips(stream(path, threads=1))]
    assert all(clip.first <= index <= clip.last for clip in clips for index, _ in clip.evidence)
    return [(clip.first, clip.last) for clip in clips], dict(splitter.counts)


@pytest.mark.parametrize("method", ["similarity", "scenedetect"])
def test_known_cuts_are_found_to_the_frame_and_short_shots_left_out(reel: Path, method: Any) -> None:
    found, counts = spans(reel, Split(method=method))
    assert found == [(0, 59), (60, 114), (135, 207), (208, 327)]
    assert counts == {"shots": 5, "short": 1, "long": 0}


def test_times_are_those_of_the_frames(reel: Path) -> None:
    info = probe(reel)
    source = Source.model_construct(id="s", duration_s=info.duration_s, known=Known())
    clips = [f.clip for f in make_splitter(source, Split(), "split-x", dark=32).clips(stream(reel))]
    assert [(clip.start_s, clip.end_s) for clip in clips] == [(0.0, 6.0), (6.0, 11.5), (13.5, 20.8), (20.8, 32.8)]


@pytest.mark.parametrize(
    ("policy", "expected", "long"),
    [
        ("cut", [(0, 59), (60, 114), (135, 194), (208, 267), (268, 327)], 2),
        ("trim", [(0, 59), (60, 114), (135, 194), (208, 267)], 2),
        ("drop", [(0, 59), (60, 114)], 2),
    ],
)
def test_long_shots_are_cut_trimmed_or_dropped(reel: Path, policy: Any, expected: list[Any], long: int) -> None:
    found, counts = spans(reel, Split(max_s=6.5, long_shots=policy))
    slack = 5  # pieces end at a sample, at most half a second before the limit
    assert len(found) == len(expected)
    assert all(abs(a[0] - b[0]) <= slack and abs(a[1] - b[1]) <= slack for a, b in zip(found, expected, strict=True))
    assert all(last - first + 1 <= 65 for first, last in found)
    assert counts["long"] == long


def test_fixed_pieces_have_their_length(reel: Path) -> None:
    found, counts = spans(reel, Split(method="fixed", length_s=8))
    assert found == [(0, 79), (80, 159), (160, 239), (240, 319)]
    assert counts["short"] == 1


def test_given_spans_are_taken_as_they_are_also_where_they_overlap(reel: Path) -> None:
    known = Known(spans=(GivenSpan(start_s=1, end_s=3), GivenSpan(start_s=2, end_s=12), GivenSpan(start_s=30)))
    assert sorted(spans(reel, Split(method="given"), known)[0]) == [(10, 29), (20, 119), (300, 327)]
    assert spans(reel, Split(method="given"))[0] == [(0, 327)]


def test_a_variable_frame_rate_is_cut_by_time(tmp_path: Path, studio: Any) -> None:
    times = lambda n: 4 * n if n < 60 else 240 + (n - 60)  # noqa: E731 - 10 frames/s, then 40
    path = studio.film(tmp_path / "vfr.mp4", [studio.shot(6, 1), studio.shot(24, 2)], times=times, tick=Fraction(1, 40))
    assert spans(path, Split())[0] == [(0, 59), (60, 299)]


def test_a_random_clip_model_separates_shots_under_a_fitted_threshold(tmp_path: Path, reel: Path) -> None:
    """Random weights show that the path works. They say nothing about 0.85, the paper's threshold."""
    torch = pytest.importorskip("torch")
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    torch.manual_seed(0)
    config = CLIPVisionConfig(
        image_size=32, patch_size=8, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, projection_dim=32
    )
    CLIPVisionModelWithProjection(config).save_pretrained(tmp_path / "clip")
    embedder = make_embedder(f"clip:{tmp_path / 'clip'}", device="cpu")
    clock = SampleClock(2)
    samples = [(f.source_index, embedder.embed(f.image(64))) for f in stream(reel) if clock.is_due(f.time_s)]
    same, across = [], []
    for (i, a), (j, b) in pairwise(samples):
        (across if any(i < cut <= j for cut in CUTS[1:-1]) else same).append(float(a @ b))
    assert min(same) > max(across)
    threshold = (min(same) + max(across)) / 2
    found, _ = spans(reel, Split(embedder=f"clip:{tmp_path / 'clip'}", threshold=threshold))
    assert found == [(0, 59), (60, 114), (135, 207), (208, 327)]


def test_embedders_tell_copies_from_others(studio: Any) -> None:
    a, b = studio.discs(1, 0.0, 320, 180), studio.discs(2, 0.0, 320, 180)
    small = np.ascontiguousarray(a[::2, ::2])
    for embedder in (Histogram(), Picture()):
        assert float(embedder.embed(a) @ embedder.embed(small)) > 0.97
        assert float(embedder.embed(a) @ embedder.embed(b)) < 0.9
        assert np.isfinite(embedder.embed(np.zeros((90, 160, 3), np.uint8))).all()


def test_an_unknown_embedder_or_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'histogram'"):
        make_embedder("histogramm")
    pytest.importorskip("transformers")
    with pytest.raises(InputError, match="no CLIP vision model can be loaded"):
        make_embedder(f"clip:{tmp_path}")


def test_memory_of_a_shot_does_not_grow_with_its_length(studio: Any) -> None:
    """What is held of a shot is at most twice the evidence, however many samples go by."""

    class Frame:
        def __init__(self, number: int) -> None:
            self.source_index, self.time_s, self.pixels = number, number / 2, 4096 * 2160

        def glance(self) -> Any:
            return np.zeros((4, 4), np.uint8)

        def image(self, max_side: int | None = None) -> Any:
            return np.zeros((9, 16, 3), np.uint8)

        def luma(self) -> Any:
            return np.zeros((9, 16), np.uint8)

    source = Source.model_construct(id="s", duration_s=5000.0, known=Known())
    settings = Split(max_s=4999, evidence=16)
    splitter = make_splitter(source, settings, "split-x", dark=32)
    assert isinstance(splitter, ShotSplitter)
    held = []
    for number in range(9000):
        list(splitter._see(Frame(number)))  # type: ignore[arg-type]
        held.append(len(splitter._store._kept))
        assert len(splitter._recent) <= 2
    assert max(held) <= 32
    assert held[-1] >= 16


def test_evenly_takes_middles_and_all_of_few() -> None:
    assert evenly(range(16), 4) == [2, 6, 10, 14]
    assert evenly([1, 2], 8) == [1, 2]


def test_similarity_needs_no_more_than_two_frames_at_once(reel: Path) -> None:
    finder, clock, found = Similarity(Histogram(), 0.9), SampleClock(2), []
    for frame in stream(reel):
        place = finder.see(frame, is_sample=clock.is_due(frame.time_s))
        if place is not None:
            found.append(place)
    assert found == CUTS[1:-1]
