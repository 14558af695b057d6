"""Exports: every form read back by those it is for, and named in diffusers' and Wan's words."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from microverse import export as export_module
from microverse import wan
from microverse.config import RunConfig
from microverse.export import convert_original, export
from microverse.launch import processes
from microverse.original_keys import to_diffusers, to_original
from microverse.runs import TrainingRun
from microverse.trainer import Silent, Trainer
from microworldbench.errors import InputError, RunStoppedError

Configured = Callable[..., RunConfig]
QUICK = ["steps=2", "save.every=1", "validation.every=1000", "optimizer.lr=1e-2"]
INPUTS = torch.randn(1, 16, 3, 4, 6), torch.tensor([500.0]), torch.randn(1, 512, 32)


def trained(configured: Configured, out: Path, *settings: str) -> Trainer:
    with processes() as here:
        trainer = Trainer(configured(out, *QUICK, *settings), here, Silent())
        trainer.train()
    return trainer


@pytest.fixture(scope="module")
def full(configured: Configured, tmp_path_factory: pytest.TempPathFactory) -> Trainer:
    return trained(configured, tmp_path_factory.mktemp("run") / "full", "ema.decay=0.5")


@pytest.fixture(scope="module")
def lora(configured: Configured, tmp_path_factory: pytest.TempPathFactory) -> Trainer:
    return trained(configured, tmp_path_factory.mktemp("run") / "lora", "lora.rank=4", "lora.alpha=8")


def output(network: Any) -> Any:
    with torch.no_grad():
        return network.eval()(*INPUTS, return_dict=False)[0]


def loaded(folder: Path) -> Any:
    from diffusers import WanTransformer3DModel

    return WanTransformer3DModel.from_pretrained(folder, dtype=torch.float32)


def test_a_network_is_the_trained_one_or_its_average(full: Trainer, tmp_path: Path) -> None:
    made = export(full.run_folder, tmp_path / "a", weights="trained")
    weights = dict(loaded(made.path).named_parameters())
    assert all(torch.equal(value, weights[name]) for name, value in full.trained.items())
    averaged = export(full.run_folder, tmp_path / "b")
    weights = dict(loaded(averaged.path).named_parameters())
    assert full.state.average is not None
    assert all(torch.equal(value, weights[name]) for name, value in full.state.average.weights.items())
    assert (made.weights, averaged.weights, averaged.step) == ("trained", "average", 2)
    told = json.loads((averaged.path / "export.json").read_text())
    assert (told["step"], told["weights"], told["base"]) == (2, "average", full.config.model)


def test_an_earlier_step_can_be_exported(full: Trainer, tmp_path: Path) -> None:
    first = export(full.run_folder, tmp_path / "first", step=1, weights="trained")
    assert first.step == 1
    assert not torch.equal(output(loaded(first.path)), output(full.network))


def test_a_lora_file_gives_diffusers_the_same_network_at_the_same_strength(lora: Trainer, tmp_path: Path) -> None:
    from diffusers import WanPipeline

    made = export(lora.run_folder, tmp_path / "lora")
    assert made.path.name == "lora.safetensors"
    pipeline = WanPipeline.from_pretrained(lora.config.model)
    assert not torch.allclose(output(pipeline.transformer), output(lora.network), atol=1e-4)
    pipeline.load_lora_weights(str(made.path))
    assert torch.allclose(output(pipeline.transformer), output(lora.network), atol=1e-5)


def test_a_lora_by_the_original_names_is_read_back_the_same(lora: Trainer, tmp_path: Path) -> None:
    from diffusers import WanPipeline

    made = export(lora.run_folder, tmp_path / "theirs", form="original")
    names = load_file(made.path).keys()
    assert "diffusion_model.blocks.0.self_attn.q.lora_A.weight" in names
    assert "diffusion_model.blocks.1.ffn.2.lora_B.weight" in names
    pipeline = WanPipeline.from_pretrained(lora.config.model)
    pipeline.load_lora_weights(str(made.path))
    assert torch.allclose(output(pipeline.transformer), output(lora.network), atol=1e-5)


@pytest.mark.parametrize("form", [None, "pipeline"])
def test_adapters_can_be_folded_into_the_network(lora: Trainer, tmp_path: Path, form: Any) -> None:
    made = export(lora.run_folder, tmp_path / "merged", merge=True, form=form)
    network = loaded(made.path / "transformer" if form else made.path)
    assert torch.allclose(output(network), output(lora.network), atol=1e-5)
    assert not [name for name, _ in network.named_parameters() if "lora" in name]


def test_bfloat16_keeps_in_float32_what_wan_keeps_in_float32(full: Trainer, tmp_path: Path) -> None:
    from diffusers import WanTransformer3DModel

    assert {*wan.FLOAT32_PARTS} == {*WanTransformer3DModel._keep_in_fp32_modules} - {"rope"}
    made = export(full.run_folder, tmp_path / "half", dtype="bf16", form="pipeline")
    stored = load_file(made.path / "transformer" / "diffusion_pytorch_model.safetensors")
    assert stored["blocks.0.attn1.to_q.weight"].dtype == torch.bfloat16
    assert stored["blocks.0.scale_shift_table"].dtype == torch.float32
    read = WanTransformer3DModel.from_pretrained(made.path, subfolder="transformer", dtype=torch.bfloat16)
    assert all(torch.equal(value, stored[name]) for name, value in read.state_dict().items())


def test_original_names_are_those_of_diffusers_own_converter(full: Trainer, tmp_path: Path) -> None:
    from diffusers.loaders.single_file_utils import convert_wan_transformer_to_diffusers

    made = export(full.run_folder, tmp_path / "theirs", form="original", weights="trained")
    theirs = load_file(made.path)
    assert {
        "head.modulation",
        "blocks.0.modulation",
        "blocks.1.cross_attn.norm_k.weight",
        "time_projection.1.bias",
    } <= theirs.keys()
    converted = convert_wan_transformer_to_diffusers(dict(theirs))
    own = full.network.state_dict()
    assert converted.keys() == own.keys()
    assert all(torch.equal(value, own[name]) for name, value in converted.items())
    assert to_diffusers(to_original(own).values()) == {theirs: ours for ours, theirs in to_original(own).items()}


def test_a_file_of_the_original_names_becomes_a_network(full: Trainer, tmp_path: Path, tiny: Path) -> None:
    theirs = export(full.run_folder, tmp_path / "theirs", form="original", weights="trained")
    made = convert_original(theirs.path, tiny, tmp_path / "back")
    assert torch.equal(output(loaded(made.path)), output(full.network))


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"blocks.0.self_attn.z.weight": torch.zeros(2)}, "is no weight of Wan2.1's text-to-video network"),
        ({"blocks.0.modulation": torch.zeros(1, 6, 72)}, "is no network of the shape"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, tiny: Path, weights: Any, words: str) -> None:
    save_file(weights, tmp_path / "x.safetensors")
    with pytest.raises(InputError, match=words):
        convert_original(tmp_path / "x.safetensors", tiny, tmp_path / "out")
    (tmp_path / "y.safetensors").write_bytes(b"no weights")
    with pytest.raises(InputError, match="cannot be read"):
        convert_original(tmp_path / "y.safetensors", tiny, tmp_path / "out")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"step": 9}, "no checkpoint of step 9; kept are those of steps 1, 2"),
        ({"form": "lora"}, "form lora is for runs with adapters"),
        ({"form": "network", "is_lora": True}, "--merge folds them into the network"),
        ({"weights": "average", "is_lora": True}, "keeps no moving average"),
    ],
)
def test_what_a_run_does_not_have_is_told(
    full: Trainer, lora: Trainer, tmp_path: Path, options: Any, words: str
) -> None:
    run = (lora if options.pop("is_lora", False) else full).run_folder
    with pytest.raises(InputError, match=words):
        export(run, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_a_run_without_a_checkpoint_is_told(configured: Configured, tmp_path: Path) -> None:
    run = TrainingRun(tmp_path / "run")
    with pytest.raises(InputError, match="is no training run"):
        export(run, tmp_path / "out")
    (tmp_path / "run").mkdir()
    run.begin(configured(tmp_path / "run"))
    with pytest.raises(InputError, match="has no checkpoint yet"):
        export(run, tmp_path / "out")


def test_nothing_is_overwritten_and_nothing_half_written_is_left(
    full: Trainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(InputError, match="is there already"):
        export(full.run_folder, tmp_path / "there")
    monkeypatch.setattr(export_module, "_different", lambda _a, _b: "blocks.0.attn1.to_q.weight")
    with pytest.raises(RunStoppedError, match=r"reads back otherwise \(blocks.0.attn1.to_q.weight\)"):
        export(full.run_folder, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_the_adapter_plays_every_export(full: Trainer, lora: Trainer, tmp_path: Path, tiny: Path) -> None:
    """What microverse export writes is what the registered generator takes, with the paper's settings."""
    from microworldbench.generation.request import GenerationRequest
    from microworldbench.plugins import load as load_spec

    plugin = pytest.importorskip("microworldbench_microverse", reason="the adapter is not installed")
    (spec,) = plugin.microworldbench_generators()
    small = {"width": 48, "height": 32, "frames": 9, "steps": 2}
    request = GenerationRequest(task_id="t", prompt="A cell divides.", seed=1)
    exports = {
        "model": export(full.run_folder, tmp_path / "pipeline", form="pipeline").path,
        "transformer": export(full.run_folder, tmp_path / "network").path,
        "lora": export(lora.run_folder, tmp_path / "lora").path,
    }
    shown = {}
    for name, path in exports.items():
        base = {} if name == "model" else {"model": str(tiny)}
        shown[name] = load_spec(spec, {**small, **base, name: str(path)})[0].generate(request).video.frames
    assert abs(shown["model"].astype(int) - shown["transformer"]).max() <= 1
    assert abs(shown["lora"].astype(int) - shown["transformer"]).max() > 1
    shutil.rmtree(exports["model"])
