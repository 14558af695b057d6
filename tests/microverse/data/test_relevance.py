"""A toy that can be learnt, labels that cannot, and a split that keeps videos together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from microverse.data.relevance.labels import Labelled, read_labels, split_by_source
from microworldbench.errors import InputError
from microworldbench.video import Video, write

CLIPS, SIDE = 60, 32


def toy(folder: Path, shuffled: bool) -> Path:
    """Round bodies (relevant) or stripes, all drifting; twelve sources of five clips."""
    folder.mkdir()
    rng = np.random.default_rng(3)
    labels = [number % 2 for number in range(CLIPS)]
    y, x = np.mgrid[:SIDE, :SIDE]
    rows = []
    for number in range(CLIPS):
        frames = np.zeros((8, SIDE, SIDE, 3), np.uint8)
        (cx, cy), (dx, dy), angle = rng.uniform(8, 24, 2), rng.uniform(-1, 1, 2), rng.uniform(0, np.pi)
        for t in range(8):
            body = np.exp(-((x - cx - dx * t) ** 2 + (y - cy - dy * t) ** 2) / 18)
            stripes = 0.5 + 0.5 * np.sin((x * np.cos(angle) + y * np.sin(angle)) / 1.5 + dx * t)
            frames[t] = (235 * (body if labels[number] else stripes))[:, :, None].astype(np.uint8)
        write(folder / f"{number}.mp4", Video(frames, 8.0))
    told = list(rng.permutation(labels)) if shuffled else labels
    for number in range(CLIPS):
        name = ("irrelevant", "relevant")[int(told[number])]
        rows.append(json.dumps({"video": f"{number}.mp4", "label": name, "source": f"s{number // 5}"}))
    (folder / "labels.jsonl").write_text("\n".join(rows) + "\n")
    return folder / "labels.jsonl"


@pytest.mark.slow
def test_a_toy_is_learnt_and_shuffled_labels_are_not(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from microverse.data.relevance.model import Classifier
    from microverse.data.relevance.training import Training, evaluate, train

    settings = Training(base="tiny", lr=1e-3, epochs=4, batch=4)
    labels = toy(tmp_path / "true", shuffled=False)
    found = train(read_labels(labels), tmp_path / "model", settings)
    assert found.accuracy > 0.8 > found.majority
    assert found.interval is not None
    assert found.interval[0] < found.accuracy < found.interval[1] or found.accuracy == 1
    again = Classifier(tmp_path / "model")
    card = json.loads((tmp_path / "model" / "relevance.json").read_text())
    _, held_out = split_by_source(read_labels(labels))
    assert evaluate(again, held_out).accuracy == card["evaluation"]["accuracy"] == found.accuracy
    chance = train(read_labels(toy(tmp_path / "false", shuffled=True)), tmp_path / "other", settings)
    assert chance.accuracy < 0.8


def test_no_source_stands_on_both_sides_and_both_have_both_labels() -> None:
    clips = [Labelled(Path(f"{n}.mp4"), int(n % 7 < 3), f"s{n // 6}") for n in range(240)]
    train, test = split_by_source(clips, 0.2)
    assert not {c.source for c in train} & {c.source for c in test}
    assert len(train) + len(test) == 240
    assert 36 <= len(test) <= 60
    for side in (train, test):
        assert {c.label for c in side} == {0, 1}
    assert split_by_source(clips, 0.2) == (train, test)
    assert split_by_source(clips, 0.2, seed=1) != (train, test)


def test_too_few_sources_are_refused() -> None:
    clips = [Labelled(Path(f"{n}.mp4"), n % 2, "one") for n in range(10)]
    with pytest.raises(InputError, match="too few"):
        split_by_source(clips)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["../x.mp4,relevant,a"], "leaves the folder"),
        (["missing.mp4,relevant,a"], "there is no video"),
        (["1.mp4,maybe,a"], "unknown label 'maybe'"),
        (["1.mp4,relevant,a", "1.mp4,irrelevant,a"], "labelled twice"),
        (["1.mp4,relevant,a", "2.mp4,relevant,b"], "both kinds"),
        (["1.mp4,relevant,"], "source is empty"),
    ],
)
def test_wrong_labels_are_named(tmp_path: Path, rows: list[str], said: str) -> None:
    for name in ("1.mp4", "2.mp4"):
        (tmp_path / name).touch()
    path = tmp_path / "labels.csv"
    path.write_text("\n".join(["video,label,source", *rows]) + "\n")
    with pytest.raises(InputError, match=said):
        read_labels(path)


def test_a_folder_without_a_classifier_is_refused(tmp_path: Path) -> None:
    from microverse.data.relevance.model import classifier_digest

    with pytest.raises(InputError, match="relevance train"):
        classifier_digest(tmp_path)


def test_few_frames_are_spread_over_the_models(tmp_path: Path) -> None:
    from microverse.data.relevance.model import pixel_values

    images: list[Any] = [np.full((40, 60, 3), value, np.uint8) for value in (0, 128, 255)]
    values = pixel_values(images, 8, 32)
    assert values.shape == (8, 3, 32, 32)
    assert [round(float(v.mean()), 1) for v in values] == sorted(round(float(v.mean()), 1) for v in values)
    assert len({round(float(v.mean()), 1) for v in values}) == 3
