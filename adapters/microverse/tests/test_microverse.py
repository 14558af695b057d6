"""The MicroVerse adapter on a tiny random Wan pipeline: full weights, a network alone, and LoRA, loaded from disk."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from microworldbench_microverse import microworldbench_generators

from microworldbench.errors import InputError
from microworldbench.generation.request import GenerationRequest
from microworldbench.plugins import load as load_spec
from microworldbench.testing import GeneratorConformance, check_generator
from microworldbench.testing.tiny import build_tiny

torch = pytest.importorskip("torch", reason="torch is not installed: pip install microworldbench-microverse")
pytestmark = pytest.mark.filterwarnings("default")

SPEC = microworldbench_generators()[0]
SMALL: dict[str, Any] = {"width": 32, "height": 32, "frames": 5, "steps": 2}
REQUEST = GenerationRequest(task_id="t", prompt="A cell divides.", seed=1)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny("wan2.1", tmp_path_factory.mktemp("tiny") / "base")


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny("wan2.1", tmp_path_factory.mktemp("tiny") / "tuned", seed=1)


@pytest.fixture(scope="module")
def lora(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from diffusers import WanPipeline
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    network = WanPipeline.from_pretrained(base).transformer
    network.add_adapter(LoraConfig(r=4, target_modules=["to_q", "to_k", "to_v"], init_lora_weights=False))
    folder = tmp_path_factory.mktemp("lora")
    WanPipeline.save_lora_weights(folder, transformer_lora_layers=get_peft_model_state_dict(network))
    return folder / "pytorch_lora_weights.safetensors"


def frames(**settings: Any) -> Any:
    values = {**SMALL, **{key: str(v) if isinstance(v, Path) else v for key, v in settings.items()}}
    return load_spec(SPEC, values)[0].generate(REQUEST).video.frames.astype(int)


def test_the_spec_and_its_listing_conform() -> None:
    check_generator(SPEC).raise_if_failed()


def test_defaults_are_the_papers() -> None:
    mine: Any = SPEC.settings()
    assert (mine.width, mine.height, mine.frames, mine.steps, mine.guidance) == (832, 480, 81, 50, 5.0)


def test_a_network_alone_replaces_the_bases(base: Path, tuned: Path) -> None:
    mine = frames(model=base, transformer=tuned / "transformer")
    assert abs(mine - frames(model=base)).max() > 1
    assert not (mine == frames(model=tuned)).all()  # whose decoder is another


def test_a_network_with_the_bases_decoder_equals_the_whole_pipeline(base: Path, tuned: Path, tmp_path: Path) -> None:
    shutil.copytree(base, tmp_path / "whole")
    shutil.rmtree(tmp_path / "whole" / "transformer")
    shutil.copytree(tuned / "transformer", tmp_path / "whole" / "transformer")
    assert abs(frames(model=base, transformer=tuned / "transformer") - frames(model=tmp_path / "whole")).max() <= 1


def test_lora_weights_change_the_video_by_their_scale(base: Path, lora: Path) -> None:
    plain = frames(model=base)
    assert abs(frames(model=base, lora=lora) - plain).max() > 1
    assert abs(frames(model=base, lora=lora, lora_scale=0.0) - plain).max() <= 1


def test_the_sampler_and_shift_are_settings(base: Path) -> None:
    plain = frames(model=base)
    assert (frames(model=base, sampler="unipc") != plain).any()
    assert (frames(model=base, flow_shift=1.0) != plain).any()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "needs MicroVerse's weights, or the base model would be scored under its name"),
        ({"lora": "a", "transformer": "b"}, "either transformer or lora"),
        ({"transformer": "/nowhere"}, "is no export of a network"),
        ({"lora": "/nowhere/lora.safetensors"}, "there is no LoRA at"),
    ],
)
def test_weights_that_are_not_there_are_told_before_loading(settings: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        load_spec(SPEC, settings)


class TestTiny(GeneratorConformance):
    spec = SPEC
    live = True

    @classmethod
    def make_settings(cls, folder: Path) -> Mapping[str, object]:
        return {"model": str(build_tiny("wan2.1", folder / "tiny")), **SMALL}
