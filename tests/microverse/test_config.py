"""Configurations: strict, with presets and overrides, and every open question stated."""

from __future__ import annotations

from pathlib import Path

import pytest

from microverse.assumptions import assumptions
from microverse.config import RunConfig
from microverse.presets import PRESETS, SUMMARIES, read_config
from microworldbench.errors import InputError, UnknownNameError


def test_paper_full_is_table_4() -> None:
    config = read_config("paper-full")
    assert (config.batch, config.steps, config.optimizer.lr, config.optimizer.weight_decay) == (8, 5000, 1e-5, 0.01)
    assert (config.precision.weights, config.precision.compute, config.text.dropout) == ("fp32", "bf16", 0.1)
    assert (config.clip.sizes, config.clip.frames, config.checkpointing.mode) == (("832x480",), (81,), "full")
    assert config.lora is None
    assert (config.validation.guidance, config.validation.steps) == (5.0, 50)


def test_every_preset_is_valid_and_described() -> None:
    assert PRESETS.keys() == SUMMARIES.keys()
    for name in PRESETS:
        assert read_config(name).preset == name
    assert read_config("released").precision.weights == "bf16"
    assert read_config("paper-lora").lora is not None


def test_overrides_are_read_as_yaml_on_top_of_the_preset() -> None:
    given = [
        "optimizer.lr=2e-5",
        "clip.frames=[81, 49]",
        "lora.rank=8",
        "ema.decay=0.99",
        "validation.tasks=[mitosis]",
    ]
    config = read_config("paper-full", given)
    assert (config.optimizer.lr, config.optimizer.weight_decay) == (2e-5, 0.01)
    assert config.clip.frames == (81, 49)
    assert config.lora is not None
    assert config.ema is not None
    assert (config.lora.rank, config.ema.decay, config.validation.tasks) == (8, 0.99, ("mitosis",))
    assert read_config("paper-lora", ["lora=null"]).lora is None


def test_a_file_starts_from_its_preset(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("preset: paper-lora\nsteps: 100\noptimizer:\n  lr: 3e-4\n")
    config = read_config(str(file), ["steps=7"])
    assert (config.steps, config.optimizer.lr, config.optimizer.weight_decay) == (7, 3e-4, 0.01)
    assert config.lora is not None


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("clip.frames=[80]", r"clip: a clip has 4k \+ 1 frames, got 80; the nearest is 81"),
        ("clip.sizes=[830x480]", "multiples of 16, got '830x480'"),
        ("clip.sizes=[wide]", "a size is written WIDTHxHEIGHT"),
        ("optimizer.lr=fast", "optimizer.lr: .*number, got 'fast'"),
        ("optimizer.lr=-1", "greater than 0, got -1"),
        ("steps=1.5", "steps: .*integer, got 1.5"),
        ("text.encoder=clip", "text.encoder: .*umt5"),
        ("objective=x0", "objective: .*'flow' or 'epsilon'"),
        ("parallel.shard=2", "parallel.shard belongs to layout hsdp"),
        ("parallel.all_gather=bf16", "parallel.all_gather belongs to the layouts fsdp and hsdp"),
        ("optimizer.warmup_steps=5000", "must be below steps"),
        ("validation.suite=null", "tasks belong to a suite"),
        ("batch", "dotted.name=value, got 'batch'"),
        ("=3", "dotted.name=value"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_received(override: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_config("paper-full", [override])


def test_bfloat16_weights_are_not_multiplied_with_float32_inputs() -> None:
    exact = ["precision.compute=fp32"]
    with pytest.raises(InputError, match=r"parallel.all_gather=bf16 needs precision.compute=bf16, got fp32"):
        read_config("paper-full", ["parallel.layout=fsdp", "parallel.all_gather=bf16", *exact])
    with pytest.raises(InputError, match=r"precision.compute=fp32 needs precision.weights=fp32, got bf16"):
        read_config("paper-full", ["precision.weights=bf16", *exact])


@pytest.mark.parametrize(("override", "near"), [("optimiser.lr=1", "optimizer.lr"), ("batchs=2", "batch")])
def test_an_unknown_setting_names_the_near_ones(override: str, near: str) -> None:
    with pytest.raises(UnknownNameError, match=f"did you mean .*'{near}'"):
        read_config("paper-full", [override])


def test_an_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'paper-full'"):
        read_config("paper-ful")


def test_the_digest_covers_what_changes_the_weights_and_nothing_else() -> None:
    base = read_config("paper-full").digest
    for free in (
        "out=x",
        "steps=9000",
        "parallel.layout=fsdp",
        "checkpointing.mode=none",
        "save.every=1",
        "compile=true",
    ):
        assert read_config("paper-full", [free]).digest == base
    for binding in (
        "seed=1",
        "batch=16",
        "optimizer.lr=2e-5",
        "text.dropped=zeros",
        "objective=epsilon",
        "ema.decay=0.9",
    ):
        assert read_config("paper-full", [binding]).digest != base
    cosine = [read_config("paper-full", ["optimizer.schedule=cosine", f"steps={n}"]).digest for n in (10, 20)]
    assert cosine[0] != cosine[1]  # the schedule ends elsewhere


def test_every_assumption_names_a_setting_that_exists_and_this_runs_answer() -> None:
    config = read_config("paper-full", ["batch_is=per_process", "text.dropped=zeros"])
    found = {a.setting: a for a in assumptions(config, processes=8)}
    assert "64 samples a step" in found["batch_is"].value
    assert "zeros" in found["text.dropped"].value
    assert {"objective", "sigma.density", "clip.fps", "clip.frames", "text.encoder"} <= found.keys()
    for setting in found:
        value: object = RunConfig()
        for part in setting.split("."):
            value = getattr(value, part)
