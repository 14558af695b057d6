"""Borders of known width, and drawn text of each kind."""

from __future__ import annotations

import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from microverse.data.border import BorderScorer
from microverse.data.config import Border, Text
from microverse.data.evidence import Evidence, Margins
from microverse.data.records import Clip
from microverse.data.text import Line, Standing, TextScorer, kind_of, make_reader
from microworldbench.errors import InputError
from microworldbench.simulators import MECHANISMS
from microworldbench.video import stream
from microworldbench.video.writing import encoded, store

CLIP = Clip(id="c", source="s", first=0, last=99, start_s=0, end_s=10, evidence=((0, 0.0),))


def evidence(pictures: list[Any]) -> list[Any]:
    made = []
    for number, picture in enumerate(pictures):
        luma = picture.max(axis=2)
        margins = Margins.of(luma, Border().dark)
        made.append(SimpleNamespace(index=number, time_s=number / 2, image=picture, margins=margins))
    return made


@pytest.mark.parametrize(
    "bars", [(0, 0, 0, 0), (20, 20, 0, 0), (0, 0, 40, 40), (12, 12, 30, 30), (0, 17, 0, 0), (0, 0, 109, 109)]
)
def test_borders_are_measured_to_the_pixel(studio: Any, bars: tuple[int, int, int, int]) -> None:
    shot = studio.shot(4, 7, bars=bars)
    frames = [studio.dressed(studio.discs(7, t / 2, 320, 180), shot, t / 2) for t in range(8)]
    found = BorderScorer(Border()).score(CLIP, evidence(frames))
    assert tuple(found["pixels"][side] for side in ("top", "bottom", "left", "right")) == bars
    inside = (180 - bars[0] - bars[1]) * (320 - bars[2] - bars[3])
    assert found["share"] == pytest.approx(1 - inside / (320 * 180), abs=1e-6)


def glowing(seed: int, *, field: bool = False) -> Any:
    """Bright spots on black, dark at the edges; or the round field of an ocular."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:180, :320]
    light = np.zeros((180, 320))
    for _ in range(9):
        cx, cy, radius = rng.normal(160, 45), rng.normal(90, 25), rng.uniform(6, 16)
        light += 230 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * radius**2))
    if field:
        light = np.where((x - 160) ** 2 + (y - 90) ** 2 < 85**2, light + 120, 0)
    light += rng.normal(6, 3, light.shape)
    return np.repeat(np.clip(light, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


@pytest.mark.parametrize("field", [False, True])
def test_dark_microscopy_has_no_border(field: bool) -> None:
    wrong = 0
    for seed in range(12):
        frames = [glowing(seed, field=field) for _ in range(8)]
        wrong += BorderScorer(Border()).score(CLIP, evidence(frames))["share"] > 0.02
    assert wrong == 0


@pytest.mark.parametrize("name", ["excitation", "exocytosis", "microtubule"])
def test_the_dark_ground_of_a_scene_is_no_border_and_bars_around_it_are(name: str) -> None:
    """A membrane's straight edge, and a tissue in a dark bath, have the sharp edge of a bar but not its flatness."""
    mechanism = MECHANISMS[name]
    state = mechanism.simulate(mechanism.params.drawn(np.random.default_rng(3)), 3, 2.0, 2.0)
    frames = [np.array(frame) for frame in mechanism.render(state, 320, 180)]
    assert BorderScorer(Border()).score(CLIP, evidence(frames))["share"] == 0.0
    for frame in frames:
        frame[:20], frame[-20:] = 0, 0
    found = BorderScorer(Border()).score(CLIP, evidence(frames))
    assert found["pixels"] == {"top": 20, "bottom": 20, "left": 0, "right": 0}


def test_bars_whose_edges_an_encoder_has_smeared_are_found(studio: Any, tmp_path: Path) -> None:
    shot = studio.shot(4, 7, bars=(30, 30, 0, 0))
    frames = [studio.dressed(studio.discs(7, t / 2, 640, 360), shot, t / 2) for t in range(8)]
    store(tmp_path / "poor.mp4", encoded(iter(frames), 2.0, crf=36, preset="veryfast", threads=1))
    seen = [Evidence(frame, max_side=64, dark=Border().dark) for frame in stream(tmp_path / "poor.mp4", threads=1)]
    found = BorderScorer(Border()).score(CLIP, seen)["pixels"]
    assert found["top"] == pytest.approx(30, abs=4)
    assert found["bottom"] == pytest.approx(30, abs=4)
    assert (found["left"], found["right"]) == (0, 0)


def test_bars_around_dark_microscopy_are_found_by_their_deeper_black() -> None:
    frames = [glowing(seed) + np.uint8(8) for seed in range(8)]
    for frame in frames:
        frame[:25], frame[-25:] = 0, 0
    found = BorderScorer(Border()).score(CLIP, evidence(frames))
    assert found["pixels"] == {"top": 25, "bottom": 25, "left": 0, "right": 0}


def test_a_black_clip_has_no_border() -> None:
    frames = [np.zeros((180, 320, 3), np.uint8)] * 8
    assert BorderScorer(Border()).score(CLIP, evidence(frames))["share"] == 0.0


def test_a_bar_that_opens_is_no_border(studio: Any) -> None:
    shut, opened = studio.shot(4, 7, bars=(20, 20, 0, 0)), studio.shot(4, 7)
    frames = [studio.dressed(studio.discs(7, 0, 320, 180), shot, 0) for shot in [shut] * 7 + [opened]]
    assert BorderScorer(Border()).score(CLIP, evidence(frames))["share"] == 0.0


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(
    ("dress", "kinds"),
    [
        ({"subtitle": ("the cell divides", "and two remain")}, ["subtitle"]),
        ({"corner": "SciChannel"}, ["watermark"]),
        ({"scale_bar": "10 um"}, ["scale_bar"]),
        ({}, []),
    ],
    ids=["subtitle", "watermark", "scale bar", "clean"],
)
def test_drawn_text_is_read_and_told_apart(studio: Any, dress: dict[str, Any], kinds: list[str]) -> None:
    pytest.importorskip("rapidocr")
    shot = studio.shot(4, 21, **dress)
    frames = [studio.dressed(studio.discs(21, t, 640, 360), shot, t) for t in range(4)]
    found = TextScorer(Text(frames=4)).score(CLIP, evidence(frames))
    assert found["kinds"] == kinds
    assert (found["share"] > 0) == bool(kinds)


@pytest.mark.usefixtures("offline")
def test_clean_microscopy_is_not_taken_for_text(studio: Any) -> None:
    pytest.importorskip("rapidocr")
    scorer = TextScorer(Text(frames=2))
    pictures = [*(studio.discs(seed, 0, 640, 360) for seed in range(30, 34)), *(glowing(seed) for seed in range(2))]
    assert [scorer.score(CLIP, evidence([picture] * 2))["kinds"] for picture in pictures] == [[]] * 6


class Scripted:
    """Reads what it was told to, frame by frame."""

    identity = "scripted-1"

    def __init__(self, frames: list[list[Line]]) -> None:
        self.frames, self.next = frames, 0

    def read(self, image: Any) -> list[Line]:
        self.next += 1
        return self.frames[self.next - 1]


def score(frames: list[list[Line]], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    reader = Scripted(frames)
    monkeypatch.setattr("microverse.data.text.make_reader", lambda backend: reader)
    return TextScorer(Text(frames=len(frames))).score(CLIP, evidence([np.zeros((9, 16, 3), np.uint8)] * len(frames)))


LOW = (0.3, 0.85, 0.7, 0.9)


def test_text_must_stay_to_count(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line("the nucleus", 0.9, LOW)
    assert score([[line], [], [], []], monkeypatch)["kinds"] == []
    assert score([[line], [line], [], []], monkeypatch)["kinds"] == ["subtitle"]


@pytest.mark.parametrize(
    "line",
    [Line("the nucleus", 0.4, LOW), Line("o.", 0.9, LOW), Line("the nucleus", 0.9, (0.3, 0.85, 0.7, 0.855))],
    ids=["uncertain", "too few letters", "too small"],
)
def test_doubtful_readings_do_not_count(monkeypatch: pytest.MonkeyPatch, line: Line) -> None:
    assert score([[line]] * 4, monkeypatch)["kinds"] == []


@pytest.mark.parametrize(
    "text", ["10 µm", "10um", "200 nm", "0.5 μm", "00:12:30", "t = 35 min", "63×", "100x", "1,5 mm"]
)
def test_scale_bars_clocks_and_magnifications_are_kept_apart(text: str) -> None:
    line = Line(text, 0.9, (0.8, 0.88, 0.95, 0.93))
    assert kind_of(Standing((line,) * 4, frozenset(range(4))), 4) == "scale_bar"


@pytest.mark.parametrize("text", ["10 things to know", "2024 Science Channel", "mitosis"])
def test_words_with_numbers_are_no_scale_bar(text: str) -> None:
    line = Line(text, 0.9, (0.8, 0.88, 0.95, 0.93))
    assert kind_of(Standing((line,) * 4, frozenset(range(4))), 4) == "watermark"


def test_a_word_in_the_middle_is_a_label() -> None:
    line = Line("mitochondrion", 0.9, (0.4, 0.4, 0.6, 0.45))
    assert kind_of(Standing((line,) * 4, frozenset(range(4))), 4) == "label"


@pytest.mark.parametrize("name", ["easyocr", "nowhere:Reader", "json:loads"])
def test_a_reader_that_cannot_be_used_is_refused(name: str) -> None:
    with pytest.raises((InputError, TypeError)):
        make_reader(name)
