"""The Wan adapter on tiny random pipelines of the real classes, loaded from disk as a user's would be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from microworldbench_wan import microworldbench_generators
from microworldbench_wan.generator import NEGATIVE_PROMPT

from microworldbench.errors import InputError, RunStoppedError
from microworldbench.generation.request import GenerationRequest
from microworldbench.testing import GeneratorConformance, check_generator
from microworldbench.testing.tiny import build_tiny

pytest.importorskip("torch", reason="torch is not installed: pip install microworldbench-wan")
pytestmark = pytest.mark.filterwarnings("default")

SPECS = {spec.name: spec for spec in microworldbench_generators()}
FAMILY = {
    "wan2.1-t2v-1.3b": "wan2.1",
    "wan2.1-t2v-14b": "wan2.1",
    "wan2.2-ti2v-5b": "wan2.2-ti2v",
    "wan2.2-t2v-a14b": "wan2.2-a14b",
}
SMALL: dict[str, Any] = {"width": 64, "height": 64, "frames": 5, "steps": 2}
REQUEST = GenerationRequest(task_id="t", prompt="A cell divides.", seed=1)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("wan")
    return {family: build_tiny(family, folder / family) for family in set(FAMILY.values())}


def load(name: str, folder: Path, **settings: Any) -> Any:
    from microworldbench.plugins import load as load_spec

    return load_spec(SPECS[name], {"model": str(folder), **SMALL, **settings})[0]


@pytest.mark.parametrize("name", FAMILY)
def test_the_spec_and_its_listing_conform(name: str) -> None:
    check_generator(SPECS[name]).raise_if_failed()


@pytest.mark.parametrize("name", FAMILY)
def test_each_model_makes_clips_at_its_own_rate(name: str, tiny: dict[str, Path]) -> None:
    made = load(name, tiny[FAMILY[name]]).generate(REQUEST)
    assert made.video.frames.shape == (5, 64, 64, 3)
    assert made.video.fps == (24.0 if name == "wan2.2-ti2v-5b" else 16.0)
    assert made.changed == {}


@pytest.mark.parametrize(
    ("name", "size", "frames", "steps", "guidance", "shift"),
    [
        ("wan2.1-t2v-1.3b", (832, 480), 81, 50, 6.0, 8.0),
        ("wan2.1-t2v-14b", (1280, 720), 81, 50, 5.0, 5.0),
        ("wan2.2-ti2v-5b", (1280, 704), 121, 50, 5.0, 5.0),
        ("wan2.2-t2v-a14b", (1280, 720), 81, 40, 4.0, 12.0),
    ],
)
def test_defaults_are_the_authors(
    name: str, size: tuple[int, int], frames: int, steps: int, guidance: float, shift: float
) -> None:
    mine: Any = SPECS[name].settings()
    assert ((mine.width, mine.height), mine.frames, mine.steps) == (size, frames, steps)
    assert (mine.guidance, mine.flow_shift, mine.negative_prompt) == (guidance, shift, NEGATIVE_PROMPT)
    assert mine.width % (32 if "ti2v" in name else 16) == mine.height % (32 if "ti2v" in name else 16) == 0
    assert (mine.frames - 1) % 4 == 0


def test_the_shift_reaches_the_scheduler_and_changes_the_video(tiny: dict[str, Path]) -> None:
    low, high = (load("wan2.1-t2v-1.3b", tiny["wan2.1"], flow_shift=shift) for shift in (1.0, 12.0))
    assert high.pipeline.scheduler.config.flow_shift == 12.0
    assert (low.generate(REQUEST).video.frames != high.generate(REQUEST).video.frames).any()


def test_the_negative_prompt_is_used(tiny: dict[str, Path]) -> None:
    with_it, without = (load("wan2.1-t2v-1.3b", tiny["wan2.1"], negative_prompt=text) for text in ("ugly", ""))
    assert (with_it.generate(REQUEST).video.frames != without.generate(REQUEST).video.frames).any()


def test_both_experts_work_on_their_side_of_the_boundary(tiny: dict[str, Path]) -> None:
    generator = load("wan2.2-t2v-a14b", tiny["wan2.2-a14b"], steps=4, boundary=0.5, flow_shift=1.0)
    calls: list[str] = []
    for part in ("transformer", "transformer_2"):
        network = getattr(generator.pipeline, part)
        network.register_forward_pre_hook(lambda *_, part=part: calls.append(part))
    generator.generate(REQUEST)
    assert len(calls) == 8  # 4 steps, with and without the prompt
    assert calls == sorted(calls)  # the high-noise expert first, then the other
    assert set(calls) == {"transformer", "transformer_2"}


def test_the_low_noise_guidance_is_its_own(tiny: dict[str, Path]) -> None:
    same = {"boundary": 0.9, "flow_shift": 1.0, "steps": 4}
    one, other = (load("wan2.2-t2v-a14b", tiny["wan2.2-a14b"], guidance_low_noise=g, **same) for g in (3.0, 9.0))
    assert (one.generate(REQUEST).video.frames != other.generate(REQUEST).video.frames).any()


@pytest.mark.parametrize(
    ("name", "family", "words"),
    [
        ("wan2.1-t2v-1.3b", "wan2.2-a14b", "has two experts; use wan2.2-t2v-a14b"),
        ("wan2.2-t2v-a14b", "wan2.1", "has one expert"),
        ("wan2.2-ti2v-5b", "wan2.1", "is not a TI2V model"),
    ],
)
def test_weights_of_another_wan_are_told_so(name: str, family: str, words: str, tiny: dict[str, Path]) -> None:
    with pytest.raises(RunStoppedError, match=words):
        load(name, tiny[family]).generate(REQUEST)


def test_sizes_are_fitted_and_the_change_recorded(tiny: dict[str, Path]) -> None:
    request = REQUEST.model_copy(update={"width": 70, "height": 64, "duration_s": 0.6, "fps": 16.0})
    made = load("wan2.1-t2v-1.3b", tiny["wan2.1"]).generate(request)
    assert (made.video.width, made.video.height, len(made.video)) == (64, 64, 9)
    assert made.changed == {"width": 64}


def test_a_large_model_without_a_gpu_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    spec = SPECS["wan2.2-t2v-a14b"]
    with pytest.raises(InputError, match=r"69 GB of weights and there is no GPU here; it needs one of about 86 GB"):
        spec.load(spec.settings())


class TestTinyWan(GeneratorConformance):
    spec = SPECS["wan2.1-t2v-1.3b"]
    live = True

    @classmethod
    def make_settings(cls, folder: Path) -> Mapping[str, object]:
        return {"model": str(build_tiny("wan2.1", folder / "tiny")), "steps": 2, "width": 32, "height": 32, "frames": 5}


class TestTinyExperts(GeneratorConformance):
    spec = SPECS["wan2.2-t2v-a14b"]
    live = True

    @classmethod
    def make_settings(cls, folder: Path) -> Mapping[str, object]:
        tiny = build_tiny("wan2.2-a14b", folder / "tiny")
        return {"model": str(tiny), "steps": 2, "width": 32, "height": 32, "frames": 5}
