"""Looking at a run: losses, samples, the page, early warning, and scores by the benchmark itself."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from microverse.cache.command import fill
from microverse.config import RunConfig
from microverse.curve import loss_curve, smoothed, thinned
from microverse.prompts import Prompt
from microverse.runs import TrainingRun
from microverse.sources import read_sources
from microverse.trainer import Trainer
from microverse.validation.decline import Looks, looks, signs_of_decline
from microverse.validation.look import Look
from microverse.validation.sheet import Sheet, write_sheet, write_side_by_side
from microworldbench.video import Video, read, write

from .conftest import CAPTIONS, moving_square

Configured = Callable[..., RunConfig]
QUICK = ["steps=4", "save.every=2", "validation.every=2", "validation.steps=2", "optimizer.lr=1e-2"]
QUICK += ["optimizer.schedule=constant"]
SHEET = ["validation.prompts=[" + json.dumps(CAPTIONS["red"]) + "]"]


def looked(config: RunConfig, here: Any, watcher: Any, score_with: str | None = None) -> Trainer:
    trainer = Trainer(config, here, watcher, Look(score_with))
    trainer.train()
    return trainer


def test_every_look_is_logged_told_and_drawn(configured: Configured, tmp_path: Path, here: Any, watcher: Any) -> None:
    run = looked(configured(tmp_path / "run", *QUICK, *SHEET), here, watcher).run_folder
    records = run.log("validation").read()
    assert [r["step"] for r in records] == [0, 2, 4]
    assert all(r["loss"] == pytest.approx(np.mean(r["losses"])) and r["clips"] == 2 for r in records)
    assert watcher.notes[0].startswith("step 0: loss at fixed noise ")
    assert "since the beginning" in watcher.notes[1]
    page = (run.samples / "index.html").read_text()
    for address in ("base/prompt-1/0.mp4", "step-00000002/prompt-1/0.mp4", "step-00000004/prompt-1/0.mp4"):
        assert f'src="{address}"' in page
        assert (run.samples / address).is_file()
    assert "at fixed noise" in (run.path / "loss.svg").read_text()
    assert CAPTIONS["red"] in page


def test_base_and_tuned_stand_side_by_side(configured: Configured, tmp_path: Path, here: Any, watcher: Any) -> None:
    run = looked(configured(tmp_path / "run", *QUICK, *SHEET), here, watcher).run_folder
    both = read(run.samples / "step-00000004" / "side-by-side.mp4").frames.astype(int)
    base = read(run.samples / "base/prompt-1/0.mp4").frames.astype(int)
    tuned = read(run.samples / "step-00000004/prompt-1/0.mp4").frames.astype(int)
    assert abs(both[:, 2:30, 2:46] - base[:, 2:30, 2:46]).mean() < 4
    assert abs(both[:, 2:30, 58:102] - tuned[:, 2:30, 2:46]).mean() < 4
    assert abs(base - tuned).mean() > 1


def test_a_look_that_a_kill_prevented_is_made_up_for(
    configured: Configured, tmp_path: Path, here: Any, watcher: Any
) -> None:
    config = configured(tmp_path / "run", *QUICK, *SHEET)
    run = looked(config.model_copy(update={"steps": 2}), here, watcher).run_folder
    log = run.path / "validation.jsonl"
    log.write_text(log.read_text().splitlines(keepends=True)[0])
    kept = run.samples / "step-00000002" / "prompt-1" / "0.mp4"
    before = kept.stat().st_mtime_ns
    looked(config, here, watcher)
    assert [r["step"] for r in run.log("validation").read()] == [0, 2, 4]
    assert kept.stat().st_mtime_ns == before  # and what it had made is kept


def test_held_out_clips_are_preferred(
    configured: Configured, clips: Path, tmp_path: Path, here: Any, watcher: Any
) -> None:
    config = configured(tmp_path / "run", *QUICK, f"cache={tmp_path / 'c'}", "batch=3", "parallel.micro_batch=1")
    fill(config, *read_sources(clips), here=here, workers=1, hold_out=1)
    record = looked(config, here, watcher).run_folder.log("validation").read()[0]
    assert (record["held_out"], record["clips"]) == (True, 1)


def test_looking_does_not_change_what_is_learnt(
    configured: Configured, tmp_path: Path, here: Any, watcher: Any
) -> None:
    looked(configured(tmp_path / "a", *QUICK, *SHEET, "ema.decay=0.9"), here, watcher)
    seen, watcher.records = watcher.losses, []
    Trainer(configured(tmp_path / "b", *QUICK, "ema.decay=0.9"), here, watcher).train()
    assert watcher.losses == seen


@pytest.fixture
def scorable(configured: Configured, clips: Path, tmp_path: Path, here: Any) -> RunConfig:
    """A run whose samples are of a suite's task."""
    settings = [*QUICK, "validation.suite=core", "validation.tasks=[mitosis]", f"cache={tmp_path / 'c'}"]
    config = configured(tmp_path / "run", *settings)
    fill(config, *read_sources(clips), here=here, workers=1)
    return config


def test_samples_are_scored_by_the_benchmark(scorable: RunConfig, here: Any, watcher: Any) -> None:
    run = looked(scorable, here, watcher, "measured").run_folder
    first, last = (run.log("validation").read()[i] for i in (0, -1))
    assert first["scores"] is None  # there is nothing to compare the base with
    overall = last["scores"]["overall"]
    assert overall["gain"] == pytest.approx(overall["tuned"] - overall["base"])
    assert {"scientific_fidelity", "visual_quality"} <= last["scores"].keys()
    assert any(note.startswith("step 4: overall ") and "(base " in note for note in watcher.notes)
    for name in ("base", "step-00000004"):
        assert (run.path / "scores" / name / "report.html").is_file()


def test_a_judge_that_fails_does_not_end_training(scorable: RunConfig, here: Any, watcher: Any) -> None:
    assert looked(scorable, here, watcher, "replay:/nowhere").state.step == 4
    assert any("could not be scored" in note for note in watcher.notes)


def clip(kind: str) -> np.ndarray:
    smooth = moving_square((200, 200, 200), 40, frames=9)
    noise = np.random.default_rng(0).integers(0, 256, smooth.shape, dtype=np.uint8)
    return {
        "smooth": smooth,
        "a little different": np.roll(smooth, 6, axis=2),
        "noise": noise,
        "flicker": np.where(np.arange(9)[:, None, None, None] % 2, smooth, 255 - smooth).astype(np.uint8),
        "grey": np.full_like(smooth, 128),
    }[kind]


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("noise", "noisier"),
        ("flicker", "more restless"),
        ("grey", "flatter"),
        ("a little different", None),
        ("smooth", None),
    ],
)
def test_samples_that_fall_apart_are_told_and_others_are_not(kind: str, word: str | None) -> None:
    base = [looks(clip("smooth"))] * 3
    found = signs_of_decline(base, [looks(clip(kind)), *base[:0], looks(clip(kind)), base[0]], -0.3)
    if word is None:
        assert found == []
    else:
        assert word in found[0]
        assert "while the loss fell by 0.3" in found[0]


def test_a_run_whose_samples_fall_apart_warns_in_its_log_and_on_its_page(
    configured: Configured, tmp_path: Path, here: Any, watcher: Any
) -> None:
    """Samples that are there are kept, so that these stand for what the network would have made."""
    for step, kind in (("base", "smooth"), ("step-00000002", "a little different"), ("step-00000004", "noise")):
        (place := tmp_path / "run" / "samples" / step / "prompt-1").mkdir(parents=True)
        write(place / "0.mp4", Video(clip(kind), 16.0), crf=1)
    config = configured(tmp_path / "run", *QUICK, *SHEET)
    TrainingRun(tmp_path / "run").begin(config)
    run = looked(config, here, watcher).run_folder
    assert [len(record["warnings"]) for record in run.log("validation").read()] == [0, 0, 1]
    (told,) = [note for note in watcher.notes if "warning" in note]
    assert told.startswith("step 4: warning: the samples have become noisier")
    assert "while the loss fell by" in told
    assert "have become noisier" in (run.samples / "index.html").read_text()


def test_grain_and_flicker_have_their_scale() -> None:
    noise = looks(clip("noise"))
    assert noise.grain == pytest.approx(3**0.5 / 2, abs=0.03)
    assert noise.flicker == pytest.approx(2**0.5, abs=0.03)
    assert looks(clip("smooth")).grain < 0.1
    assert looks(clip("grey")) == Looks(0.0, 0.0, 0.0)
    assert looks(clip("smooth")[:1]).flicker == 0.0


def test_a_sheet_escapes_what_it_is_given_and_loads_nothing(tmp_path: Path) -> None:
    (tmp_path / "base" / "p").mkdir(parents=True)
    write(tmp_path / "base" / "p" / "0.mp4", Video(clip("smooth"), 16.0))
    prompt = Prompt("p", "<script>alert(1)</script> \x1b[31m\u202e")
    write_sheet(tmp_path, Sheet("<b>run</b>", [0, 2], [(prompt, 0)], [("loss", "1.0")], ["beware <i>"]))
    page = (tmp_path / "index.html").read_text()
    assert "&lt;script&gt;alert(1)" in page
    assert "<b>run" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert "Not made." in page
    assert write_side_by_side(tmp_path, 2, [(prompt, 0)]) is None


def test_the_curve_says_what_it_shows() -> None:
    log = [{"step": step, "loss": 2.0 - step / 1000} for step in range(1, 1001)]
    drawn = loss_curve(log, [{"step": 0, "loss": 2.0}, {"step": 1000, "loss": 1.1}], "a <run>")
    assert "a &lt;run&gt;" in drawn
    assert "1000 steps; smoothed loss from 1.999 to" in drawn
    assert "loss at fixed noise from 2 to 1.1" in drawn
    assert drawn.count("<circle") == 2
    assert "no step is done yet" in loss_curve([], [], "x")


def test_smoothing_keeps_a_constant_and_thinning_a_mean() -> None:
    assert [v for _, v in smoothed([(i, 3.0) for i in range(500)])] == pytest.approx([3.0] * 500)
    points = [(i, float(i)) for i in range(1999)]
    assert len(thinned(points)) <= 600
    assert np.mean([v for _, v in thinned(points)]) == pytest.approx(999, abs=1)


def test_a_run_folder_can_be_moved(configured: Configured, tmp_path: Path, here: Any, watcher: Any) -> None:
    config = configured(tmp_path / "run", *QUICK)
    looked(config.model_copy(update={"steps": 2}), here, watcher)
    shutil.move(tmp_path / "run", tmp_path / "moved")
    assert looked(config.model_copy(update={"out": str(tmp_path / "moved")}), here, watcher).state.step == 4
