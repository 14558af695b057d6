"""A run from beginning to end: exact continuation, checkpoints, and every way it can be stopped."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from microverse import trainer as trainer_module
from microverse.cache.reading import Cache
from microverse.checkpoints import published
from microverse.config import RunConfig
from microverse.faults import NonFiniteError, told_as_sentences
from microverse.trainer import Trainer
from microworldbench.errors import InputError, RunConflictError, RunStoppedError

from .conftest import moving_square

Configured = Callable[..., RunConfig]
QUICK = ["steps=6", "save.every=2", "optimizer.schedule=constant", "validation.every=1000"]


def trained(config: RunConfig, here: Any, watcher: Any) -> Trainer:
    trainer = Trainer(config, here, watcher)
    trainer.train()
    return trainer


def weights(trainer: Trainer) -> dict[str, Any]:
    return {name: parameter.detach().clone() for name, parameter in trainer.trained.items()}


def logged(config: RunConfig) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (Path(config.out) / "log.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    "settings",
    [
        [],
        ["ema.decay=0.9", "save.asynchronous=true"],
        ["lora.rank=4"],
        ["precision.weights=bf16", "precision.compute=bf16"],
    ],
    ids=["full", "average, in the background", "lora", "bf16 weights"],
)
def test_a_continued_run_is_bitwise_the_run_it_would_have_been(
    configured: Configured, tmp_path: Path, here: Any, watcher: Any, settings: list[str]
) -> None:
    whole = configured(tmp_path / "whole", *QUICK, *settings)
    through = weights(trained(whole, here, watcher))
    parts = configured(tmp_path / "parts", *QUICK, *settings)
    trained(parts.model_copy(update={"steps": 4}), here, watcher)
    resumed = Trainer(parts, here, watcher)
    assert resumed.train().resumed_at == 4
    assert all(torch.equal(value, through[name]) for name, value in weights(resumed).items())
    keys = ("step", "loss", "gradient_norm", "learning_rate")
    assert [[r[k] for k in keys] for r in logged(parts)] == [[r[k] for k in keys] for r in logged(whole)]
    if resumed.state.average is not None:
        from microverse.export import read_network

        last = published(resumed.run_folder.checkpoints)[-1]
        averaged = dict(read_network(parts, resumed.model_folder, last, "average").named_parameters())
        assert all(torch.equal(value, averaged[name]) for name, value in resumed.state.average.weights.items())


def test_a_run_that_lost_its_last_steps_does_them_again_the_same(
    configured: Configured, tmp_path: Path, here: Any, watcher: Any
) -> None:
    config = configured(tmp_path / "run", *QUICK, "save.keep=9")
    trained(config, here, watcher)
    before = logged(config)
    shutil.rmtree(tmp_path / "run" / "checkpoints" / "step-00000006")
    Trainer(config, here, watcher).train()
    assert [(r["step"], r["loss"]) for r in logged(config)] == [(r["step"], r["loss"]) for r in before]


def test_the_newest_checkpoints_are_kept_and_numbers_are_ordered_as_numbers(
    configured: Configured, tmp_path: Path, here: Any, watcher: Any
) -> None:
    config = configured(tmp_path / "run", *QUICK, "save.every=1", "save.keep=2")
    trained(config, here, watcher)
    assert [c.step for c in published(tmp_path / "run" / "checkpoints")] == [5, 6]
    for name in ("step-00000099", "step-100000000"):
        shutil.copytree(tmp_path / "run" / "checkpoints" / "step-00000006", tmp_path / "run" / "checkpoints" / name)
    assert published(tmp_path / "run" / "checkpoints")[-1].step == 100_000_000


def test_an_unfinished_checkpoint_is_ignored_and_cleared_away(
    configured: Configured, tmp_path: Path, here: Any, watcher: Any
) -> None:
    config = configured(tmp_path / "run", *QUICK)
    trained(config.model_copy(update={"steps": 2}), here, watcher)
    folder = tmp_path / "run" / "checkpoints"
    shutil.copytree(folder / "step-00000002", folder / ".step-00000004.unfinished")
    shutil.copytree(folder / "step-00000002", folder / "step-00000009")
    (folder / "step-00000009" / "checkpoint.json").unlink()  # as a kill between writing and renaming could not leave it
    assert Trainer(config, here, watcher).train().resumed_at == 2
    assert not (folder / ".step-00000004.unfinished").exists()


def test_a_damaged_checkpoint_is_named_with_the_way_back(
    configured: Configured, tmp_path: Path, here: Any, watcher: Any
) -> None:
    config = configured(tmp_path / "run", *QUICK)
    trained(config.model_copy(update={"steps": 4}), here, watcher)
    (shard,) = (tmp_path / "run" / "checkpoints" / "step-00000004").glob("*.distcp")
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-10])
    with pytest.raises(InputError, match=r"step-00000004 is damaged: __0_0.distcp has .* bytes instead of .*delete it"):
        Trainer(config, here, watcher).train()
    shard.write_bytes(b"\0" * len(whole))
    with pytest.raises(InputError, match=r"step-00000004 cannot be loaded .*delete it to go on from an earlier one"):
        Trainer(config, here, watcher).train()
    shutil.rmtree(shard.parent)
    assert Trainer(config, here, watcher).train().resumed_at == 2


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("optimizer.lr=1", "optimizer.lr was 0.01 and is 1.0"),
        ("seed=5", "seed was 0 and is 5"),
        ("text.dropped=zeros", "text.dropped was 'empty_prompt'"),
        ("lora.rank=4", "lora"),
    ],
)
def test_a_changed_setting_does_not_continue_a_run(
    configured: Configured, tmp_path: Path, here: Any, watcher: Any, setting: str, words: str
) -> None:
    config = configured(tmp_path / "run", "steps=1", *QUICK[1:])
    trained(config, here, watcher)
    with pytest.raises(RunConflictError, match=rf"was begun otherwise: .*{words}.*another out=FOLDER"):
        Trainer(configured(tmp_path / "run", *QUICK, setting), here, watcher).train()


def test_what_does_not_change_the_weights_may_change(
    configured: Configured, tmp_path: Path, here: Any, watcher: Any
) -> None:
    trained(configured(tmp_path / "run", "steps=2", *QUICK[1:]), here, watcher)
    free = ["checkpointing.mode=full", "parallel.micro_batch=1", "parallel.layout=fsdp", "save.every=3", "steps=3"]
    assert Trainer(configured(tmp_path / "run", *QUICK, *free), here, watcher).train().step == 3


def test_other_clips_do_not_continue_a_run(configured: Configured, tmp_path: Path, here: Any, watcher: Any) -> None:
    config = configured(tmp_path / "run", *QUICK)
    trained(config.model_copy(update={"steps": 2}), here, watcher)
    other = Path(shutil.copytree(config.cache, tmp_path / "cache"))
    (other / "clips.jsonl").write_text("".join((other / "clips.jsonl").read_text().splitlines(keepends=True)[1:]))
    with pytest.raises(RunConflictError, match="cannot be continued: the clips in the cache have changed"):
        Trainer(config.model_copy(update={"cache": str(other)}), here, watcher).train()


def test_two_runs_do_not_share_a_folder(configured: Configured, tmp_path: Path, here: Any, watcher: Any) -> None:
    config = configured(tmp_path / "run", *QUICK)
    trainer = Trainer(config, here, watcher)
    with trainer.run_folder.writing(), pytest.raises(RunConflictError, match="another process is training into"):
        trainer.train()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").touch()
    with pytest.raises(InputError, match="not empty and no training run"):
        Trainer(configured(tmp_path / "full"), here, watcher).train()


def test_a_loss_that_is_not_finite_names_its_clip_and_keeps_the_last_checkpoint(
    configured: Configured, tmp_path: Path, here: Any, watcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured(tmp_path / "run", *QUICK)
    trained(config.model_copy(update={"steps": 2}), here, watcher)
    read = Cache.latents

    def broken(self: Cache, clip: Any) -> Any:
        return read(self, clip) * (float("nan") if clip.id == "blue" else 1.0)

    monkeypatch.setattr(Cache, "latents", broken)
    trainer = Trainer(config, here, watcher)
    with pytest.raises(
        NonFiniteError, match=r"step 3: the loss is not finite; it comes from 'blue' at noise level 0\.\d+"
    ) as raised:
        trainer.train()
    assert "last checkpoint is step-00000002" in str(raised.value)
    assert "red" not in str(raised.value)
    assert all(torch.isfinite(value).all() for value in weights(trainer).values())
    monkeypatch.undo()
    assert Trainer(config, here, watcher).train().resumed_at == 2


def test_gradients_that_are_not_finite_stop_before_the_weights_change(
    configured: Configured, tmp_path: Path, here: Any, watcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = Trainer(configured(tmp_path / "run", *QUICK), here, watcher)
    before = weights(trainer)
    monkeypatch.setattr(trainer_module.parallel, "clip_norm", lambda parameters, largest: torch.tensor(float("inf")))
    with pytest.raises(NonFiniteError, match="the gradients are not finite"):
        trainer.train()
    assert all(torch.equal(value, before[name]) for name, value in weights(trainer).items())


@pytest.mark.parametrize("asynchronous", ["true", "false"])
def test_a_disk_that_is_full_while_saving_keeps_the_last_checkpoint(
    configured: Configured, tmp_path: Path, here: Any, watcher: Any, asynchronous: str
) -> None:
    """The limit on a file's size is the operating system's own, so that the write really fails."""
    import resource

    config = configured(tmp_path / "run", *QUICK, f"save.asynchronous={asynchronous}")
    trained(config.model_copy(update={"steps": 2}), here, watcher)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(
            RunStoppedError, match=r"checkpoint of step 4 could not be saved .*last good one is step-00000002"
        ):
            Trainer(config, here, watcher).train()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [c.step for c in published(tmp_path / "run" / "checkpoints")] == [2]
    assert Trainer(config, here, watcher).train().step == 6


def test_too_little_room_is_seen_before_a_checkpoint_is_begun(
    configured: Configured, tmp_path: Path, here: Any, watcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1000))
    with pytest.raises(
        RunStoppedError, match=r"a checkpoint needs 0\.\d GB and .* has 0\.0 GB left; there is none yet"
    ):
        Trainer(configured(tmp_path / "run", *QUICK), here, watcher).train()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_ends_the_run_with_a_checkpoint(
    configured: Configured, tmp_path: Path, here: Any, watcher: Any, number: int
) -> None:
    config = configured(tmp_path / "run", *QUICK, "save.every=100")

    def stepped(record: Any) -> None:
        if record.step == 2:
            os.kill(os.getpid(), number)

    watcher.stepped = stepped
    before = signal.getsignal(number)
    ended = Trainer(config, here, watcher).train()
    assert (ended.step, ended.signal) == (3, number)  # the step that was under way is finished
    assert [c.step for c in published(tmp_path / "run" / "checkpoints")] == [3]
    assert signal.getsignal(number) is before
    watcher.stepped = lambda _record: None
    assert Trainer(config, here, watcher).train().resumed_at == 3


def test_memory_that_is_out_is_told_with_the_settings_that_need_less_and_other_faults_pass() -> None:
    words = r"out of memory \(tried 3 GiB\): use parallel.micro_batch=1, checkpointing.mode=full"
    with pytest.raises(RunStoppedError, match=words), told_as_sentences():
        raise torch.OutOfMemoryError("tried 3 GiB\nand more")
    with pytest.raises(RuntimeError, match="shapes"), told_as_sentences():
        raise RuntimeError("shapes do not fit")


def test_what_a_step_took_is_told(configured: Configured, tmp_path: Path, here: Any, watcher: Any) -> None:
    trained(configured(tmp_path / "run", *QUICK), here, watcher)
    assert [record.step for record in watcher.records] == [1, 2, 3, 4, 5, 6]
    for record in watcher.records:
        assert record.loss == pytest.approx(sum(record.errors) / 4)
        assert 0 <= record.waited_s < record.seconds
        assert record.samples_per_s == pytest.approx(4 / record.seconds)
        assert record.tokens_per_s == pytest.approx(4 * 18 / record.seconds)
        assert record.mfu is None  # what a CPU could do at most is not known
        assert 0.1 < record.memory_gib < 8


def test_buckets_of_several_shapes_train_together(
    tmp_path: Path, configured: Configured, here: Any, watcher: Any
) -> None:
    from microverse.cache.command import fill
    from microverse.sources import read_sources
    from microworldbench.video import Video, write

    shapes = {"wide": (48, 12), "square": (32, 12), "short": (32, 6)}
    for name, (width, frames) in shapes.items():
        for number in range(2):
            pixels = moving_square((200, 40 * number, 30), 20, frames=frames, width=width)
            write(tmp_path / f"{name}-{number}.mp4", Video(pixels, 16.0))
    rows = [{"video": f"{name}-{n}.mp4", "prompt": f"A {name} clip."} for name in shapes for n in range(2)]
    (tmp_path / "metadata.json").write_text(json.dumps(rows))
    several = ["clip.frames=[9, 5]", "clip.sizes=[48x32, 32x32]", "batch=2", "parallel.micro_batch=2"]
    config = configured(tmp_path / "run", *QUICK, f"cache={tmp_path / 'c'}", *several)
    fill(config, *read_sources(tmp_path), here=here, workers=1)
    trainer = trained(config, here, watcher)
    assert [str(bucket) for bucket in trainer.buckets] == ["32x32x5", "32x32x9", "48x32x9"]
    tokens = {round(record.tokens_per_s / record.samples_per_s) for record in watcher.records}
    assert tokens == {2 * 4, 3 * 4, 3 * 6}  # six steps are two passes, so that every shape had two
