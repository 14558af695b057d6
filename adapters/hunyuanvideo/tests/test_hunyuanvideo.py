"""The HunyuanVideo adapter on a tiny random pipeline of the real classes, loaded from disk as a user's would be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from microworldbench_hunyuanvideo import microworldbench_generators

from microworldbench.generation.request import GenerationRequest
from microworldbench.testing import GeneratorConformance, check_generator
from microworldbench.testing.tiny import build_tiny

pytest.importorskip("torch", reason="torch is not installed: pip install microworldbench-hunyuanvideo")
pytestmark = pytest.mark.filterwarnings("default")

SPECS = {spec.name: spec for spec in microworldbench_generators()}
SMALL: dict[str, Any] = {"width": 32, "height": 32, "frames": 5, "steps": 2}
REQUEST = GenerationRequest(task_id="t", prompt="A cell divides.", seed=1)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny("hunyuanvideo", tmp_path_factory.mktemp("tiny") / "hunyuanvideo")


def load(name: str, folder: Path, **settings: Any) -> Any:
    from microworldbench.plugins import load as load_spec

    return load_spec(SPECS[name], {"model": str(folder), **SMALL, **settings})[0]


@pytest.mark.parametrize("name", SPECS)
def test_the_spec_and_its_listing_conform(name: str) -> None:
    check_generator(SPECS[name]).raise_if_failed()


def test_it_makes_clips_at_24_frames_a_second(tiny: Path) -> None:
    made = load("hunyuanvideo", tiny).generate(REQUEST)
    assert made.video.frames.shape == (5, 32, 32, 3)
    assert (made.video.fps, made.changed) == (24.0, {})


def test_defaults_are_the_authors() -> None:
    mine: Any = SPECS["hunyuanvideo"].settings()
    assert (mine.width, mine.height, mine.frames, mine.fps, mine.steps) == (1280, 720, 129, 24.0, 50)
    assert (mine.guidance, mine.true_guidance, mine.flow_shift) == (6.0, 1.0, 7.0)


def test_the_shift_reaches_the_scheduler(tiny: Path) -> None:
    assert load("hunyuanvideo", tiny, flow_shift=3.0).pipeline.scheduler.config.shift == 3.0


def test_true_guidance_uses_the_negative_prompt(tiny: Path) -> None:
    on = load("hunyuanvideo", tiny, true_guidance=6.0, negative_prompt="ugly").generate(REQUEST)
    off = load("hunyuanvideo", tiny).generate(REQUEST)
    assert (on.video.frames != off.video.frames).any()


def test_prompts_beyond_the_encoder_are_recorded(tiny: Path) -> None:
    made = load("hunyuanvideo", tiny).generate(REQUEST.model_copy(update={"prompt": "x" * 300}))
    assert made.changed == {"prompt_tokens": 300, "prompt_tokens_read": 256}


class TestTiny(GeneratorConformance):
    spec = SPECS["hunyuanvideo"]
    live = True

    @classmethod
    def make_settings(cls, folder: Path) -> Mapping[str, object]:
        return {"model": str(build_tiny("hunyuanvideo", folder / "tiny")), **SMALL}
