"""The CogVideoX adapter on a tiny random pipeline of the real classes, loaded from disk as a user's would be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from microworldbench_cogvideox import microworldbench_generators

from microworldbench.generation.request import GenerationRequest
from microworldbench.testing import GeneratorConformance, check_generator
from microworldbench.testing.tiny import build_tiny

pytest.importorskip("torch", reason="torch is not installed: pip install microworldbench-cogvideox")
pytestmark = pytest.mark.filterwarnings("default")

SPECS = {spec.name: spec for spec in microworldbench_generators()}
SMALL: dict[str, Any] = {"width": 64, "height": 64, "frames": 9, "steps": 2, "dtype": "float32"}
REQUEST = GenerationRequest(task_id="t", prompt="A cell divides.", seed=1)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny("cogvideox", tmp_path_factory.mktemp("tiny") / "cogvideox")


def load(name: str, folder: Path, **settings: Any) -> Any:
    from microworldbench.plugins import load as load_spec

    return load_spec(SPECS[name], {"model": str(folder), **SMALL, **settings})[0]


@pytest.mark.parametrize("name", SPECS)
def test_the_spec_and_its_listing_conform(name: str) -> None:
    check_generator(SPECS[name]).raise_if_failed()


@pytest.mark.parametrize("name", SPECS)
def test_each_model_makes_clips_at_eight_frames_a_second(name: str, tiny: Path) -> None:
    made = load(name, tiny).generate(REQUEST)
    assert made.video.frames.shape == (9, 64, 64, 3)
    assert (made.video.fps, made.changed) == (8.0, {})


def test_defaults_are_the_authors() -> None:
    for name, dynamic, dtype in (("cogvideox-5b", True, "auto"), ("cogvideox-2b", False, "float16")):
        mine: Any = SPECS[name].settings()
        assert (mine.width, mine.height, mine.frames, mine.fps, mine.steps) == (720, 480, 49, 8.0, 50)
        assert (mine.guidance, mine.dynamic_guidance, mine.dtype) == (6.0, dynamic, dtype)


def test_each_model_has_the_authors_sampler(tiny: Path) -> None:
    samplers = [type(load(name, tiny).pipeline.scheduler).__name__ for name in ("cogvideox-5b", "cogvideox-2b")]
    assert samplers == ["CogVideoXDPMScheduler", "CogVideoXDDIMScheduler"]


def test_lengths_are_fitted_to_what_comes_out_whole(tiny: Path) -> None:
    made = load("cogvideox-5b", tiny).generate(REQUEST.model_copy(update={"duration_s": 2.0}))
    assert (len(made.video), made.changed) == (17, {"duration_s": 2.125})


def test_dynamic_guidance_is_passed_on(tiny: Path) -> None:
    with_it, without = (load("cogvideox-5b", tiny, dynamic_guidance=on) for on in (True, False))
    assert (with_it.generate(REQUEST).video.frames != without.generate(REQUEST).video.frames).any()


def test_prompts_beyond_the_encoder_are_recorded(tiny: Path) -> None:
    made = load("cogvideox-5b", tiny).generate(REQUEST.model_copy(update={"prompt": "x" * 300}))
    assert made.changed == {"prompt_tokens": 301, "prompt_tokens_read": 226}


class TestTiny(GeneratorConformance):
    spec = SPECS["cogvideox-5b"]
    live = True

    @classmethod
    def make_settings(cls, folder: Path) -> Mapping[str, object]:
        return {"model": str(build_tiny("cogvideox", folder / "tiny")), **SMALL}
