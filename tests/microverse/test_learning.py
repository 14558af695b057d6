"""Whether it learns: four clips are memorised, sampled back by their captions, exported, and sampled again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from microverse import wan
from microverse.cache.command import fill
from microverse.cache.reading import Cache
from microverse.config import RunConfig
from microverse.export import export
from microverse.inference import scheduler
from microverse.launch import processes
from microverse.network import evaluating
from microverse.presets import read_config
from microverse.runs import TrainingRun
from microverse.sources import read_sources
from microverse.tiny import make_tiny
from microverse.trainer import Silent, Trainer
from microverse.validation.look import Look
from microverse.validation.samples import decoded, sampled

from .conftest import CAPTIONS, SMALL

STEPS = 600
LEARNING = [f"steps={STEPS}", "optimizer.lr=4e-3", "sigma.density=wan", "text.dropout=0"]
LEARNING += ["save.every=1000", "save.asynchronous=false"]
LOOKS = ["validation.every=600", "validation.clips=4", "validation.bins=4", "validation.steps=20"]


@pytest.fixture(scope="module")
def memorised(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Trainer:
    """A toy network that has seen four clips many times."""
    wan.quieten()
    folder = tmp_path_factory.mktemp("memorised")
    settings = [f"{name}={folder / name}" for name in ("model", "cache", "out")]
    make_tiny(folder / "model", width=96, layers=4)
    config = read_config("tiny", [*settings, *SMALL, *LEARNING, *LOOKS])
    with processes() as here:
        fill(config, *read_sources(clips), here=here, workers=1, latents="fp32")
        trainer = Trainer(config, here, Silent(), Look())
        trainer.train()
    return trainer


def nearest(trainer: Trainer, caption: str, seed: int) -> str:
    """The clip that a sample is nearest to."""
    clips = trainer.cache.clips
    with evaluating(trainer.network):
        sample = sampled(trainer, caption, seed)
    distances = [float((trainer.cache.latents(clip) - sample[0]).square().mean()) for clip in clips]
    return clips[int(np.argmin(distances))].id


def test_four_clips_are_sampled_back_by_their_captions(memorised: Trainer) -> None:
    assert {name: nearest(memorised, caption, seed=7) for name, caption in CAPTIONS.items()} == {n: n for n in CAPTIONS}


@pytest.mark.parametrize("seed", [1, 2])
def test_swapped_captions_swap_the_samples(memorised: Trainer, seed: int) -> None:
    """One noise goes where its caption leads it."""
    assert [nearest(memorised, CAPTIONS[name], seed) for name in ("red", "blue")] == ["red", "blue"]


def test_the_loss_at_fixed_noise_falls_at_every_level(memorised: Trainer) -> None:
    first, last = memorised.run_folder.log("validation").read()
    assert (first["step"], last["step"], first["levels"]) == (0, STEPS, [0.125, 0.375, 0.625, 0.875])
    assert all(now < 0.6 * before for before, now in zip(first["losses"], last["losses"], strict=True))
    assert last["loss"] < 0.5


def test_what_is_not_the_network_stays_as_it_was(memorised: Trainer, clips: Path, tmp_path: Path) -> None:
    """Training touches neither the base's files nor the cache."""
    untouched = make_tiny(tmp_path / "again", width=96, layers=4)
    for part in ("transformer", "vae", "text_encoder", "tokenizer"):
        assert wan.fingerprint(memorised.model_folder, part) == wan.fingerprint(untouched, part)


@pytest.fixture(scope="module")
def pipeline(memorised: Trainer, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The exported pipeline, as diffusers loads it."""
    from diffusers import WanPipeline

    out = tmp_path_factory.mktemp("exported") / "pipeline"
    made = export(TrainingRun(memorised.run_folder.path), out, form="pipeline")
    assert (made.path, made.form, made.step) == (out, "pipeline", STEPS)
    loaded = WanPipeline.from_pretrained(out)
    loaded.set_progress_bar_config(disable=True)
    loaded.scheduler = scheduler(memorised.config.validation.sampler, memorised.config.validation.flow_shift)
    return loaded


def test_the_export_samples_what_training_sampled(memorised: Trainer, pipeline: Any) -> None:
    """Diffusers' own pipeline, prompts and decoder included, gives the video that validation showed."""
    wanted = memorised.config.validation
    with evaluating(memorised.network):
        latents = sampled(memorised, CAPTIONS["red"], seed=3)
    frames = pipeline(
        CAPTIONS["red"],
        width=48,
        height=32,
        num_frames=9,
        num_inference_steps=wanted.steps,
        guidance_scale=wanted.guidance,
        generator=torch.Generator().manual_seed(3),
    ).frames[0]
    mine = decoded(wan.load_decoder(memorised.model_folder, "cpu"), latents)
    assert frames.shape == mine.shape == (9, 32, 48, 3)
    assert np.abs(frames - mine).max() < 0.02  # captions are stored in bfloat16


def test_one_clip_is_learnt_fast(configured: Callable[..., RunConfig], tmp_path: Path, here: Any, watcher: Any) -> None:
    config = configured(tmp_path / "run", "steps=80", "optimizer.lr=1e-2", "save.every=1000", "validation.every=1000")
    cache = Path(shutil.copytree(config.cache, tmp_path / "cache"))
    (cache / "clips.jsonl").write_text((cache / "clips.jsonl").read_text().splitlines(keepends=True)[0])
    Trainer(config.model_copy(update={"cache": str(cache)}), here, watcher).train()
    assert np.mean(watcher.losses[-10:]) < 0.45 * np.mean(watcher.losses[:3])


def with_captions(config: RunConfig, cache: Path, order: list[str]) -> RunConfig:
    """The same clips under each other's captions."""
    shutil.copytree(config.cache, cache)
    entries = [json.loads(line) for line in (cache / "clips.jsonl").read_text().splitlines()]
    captions = {entry["id"]: entry["caption"] for entry in entries}
    swapped = [{**entry, "caption": captions[order[number]]} for number, entry in enumerate(entries)]
    (cache / "clips.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in swapped))
    return config.model_copy(update={"cache": str(cache)})


@pytest.mark.parametrize(("dropout", "is_deaf"), [(1.0, True), (0.0, False)])
def test_captions_matter_unless_all_are_dropped(
    configured: Callable[..., RunConfig], tmp_path: Path, here: Any, watcher: Any, dropout: float, is_deaf: bool
) -> None:
    quick = ["steps=3", "save.every=1000", "validation.every=1000", f"text.dropout={dropout}"]
    config = configured(tmp_path / "a", *quick)
    Trainer(config, here, watcher).train()
    heard, watcher.records = watcher.losses, []
    other = with_captions(configured(tmp_path / "b", *quick), tmp_path / "swapped", ["grey", "red", "green", "blue"])
    Trainer(other, here, watcher).train()
    assert (watcher.losses == heard) is is_deaf


@pytest.mark.parametrize(("dropout", "is_reached"), [(0.0, False), (0.5, True)])
def test_dropout_alone_reaches_the_empty_prompt(
    configured: Callable[..., RunConfig],
    tmp_path: Path,
    here: Any,
    watcher: Any,
    monkeypatch: pytest.MonkeyPatch,
    dropout: float,
    is_reached: bool,
) -> None:
    quick = ["steps=3", "save.every=1000", "validation.every=1000", f"text.dropout={dropout}"]
    Trainer(configured(tmp_path / "a", *quick), here, watcher).train()
    before, watcher.records = watcher.losses, []
    embedding = Cache.prompt
    monkeypatch.setattr(Cache, "prompt", lambda self, prompt: embedding(self, prompt) + (0.0 if prompt else 1.0))
    Trainer(configured(tmp_path / "b", *quick), here, watcher).train()
    assert (watcher.losses != before) is is_reached
