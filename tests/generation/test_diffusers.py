"""Local diffusers pipelines: loaded from disk like a user's, seeded, batched, and every failure a sentence.

The pipelines are tiny and random, built through the real classes; the tests need torch and diffusers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import microworldbench as bench
from microworldbench.errors import InputError, RunStoppedError
from microworldbench.generation.diffusers import DeviceMemoryError, DiffusersGenerator, DiffusersSettings, Recipe
from microworldbench.generation.recipes import fitted
from microworldbench.generation.request import GenerationRequest
from microworldbench.runs import RunFolder

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'microworldbench[diffusers]'")
pytest.importorskip("diffusers", reason="diffusers is not installed: pip install 'microworldbench[diffusers]'")

REQUEST = GenerationRequest(task_id="task-1", prompt="A cell divides.", seed=3)
RECIPE = Recipe("WanPipeline", frame_step=4, size_step=16, prompt_tokens=512, float32=("vae",))
SMALL: dict[str, Any] = {"width": 32, "height": 32, "frames": 5, "fps": 8.0, "steps": 2}

pytestmark = pytest.mark.filterwarnings("default")  # diffusers and transformers deprecate much of each other


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from microworldbench.testing.tiny import build_tiny

    return build_tiny("wan2.1", tmp_path_factory.mktemp("tiny") / "wan")


@pytest.fixture
def make(tiny: Path) -> Callable[..., DiffusersGenerator]:
    def made(recipe: Recipe = RECIPE, **settings: Any) -> DiffusersGenerator:
        return DiffusersGenerator(DiffusersSettings(**{"model": str(tiny), **SMALL, **settings}), recipe)

    return made


def seeds(*numbers: int) -> list[GenerationRequest]:
    return [REQUEST.model_copy(update={"seed": number}) for number in numbers]


def test_a_seed_gives_one_video_also_in_another_process_of_loading(make: Callable[..., Any]) -> None:
    first, again = make().generate(REQUEST).video, make().generate(REQUEST).video
    other = make().generate(REQUEST.model_copy(update={"seed": 4})).video
    assert first.frames.shape == (5, 32, 32, 3)
    # weights may land on other addresses, which moves sums by 1e-7 and a rounded pixel by one
    assert int(np.abs(first.frames.astype(int) - again.frames.astype(int)).max()) <= 1
    assert (first.frames != other.frames).mean() > 0.5


def test_a_seeds_noise_is_the_same_in_every_batch(make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    generator, drawn = make(), []
    prepare = generator.pipeline.prepare_latents

    def spy(*arguments: Any, **named: Any) -> Any:
        drawn.append(prepare(*arguments, **named))
        return drawn[-1]

    monkeypatch.setattr(generator.pipeline, "prepare_latents", spy)
    together = generator.generate_batch(seeds(3, 1, 2))
    alone = [generator.generate_batch([request])[0] for request in seeds(3, 1, 2)]
    assert torch.equal(drawn[0], torch.cat(drawn[1:]))
    for one, other in zip(together, alone, strict=True):
        assert int(np.abs(one.video.frames.astype(int) - other.video.frames.astype(int)).max()) <= 1


def test_requests_that_wait_are_made_in_one_pass(make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    generator, sizes = make(batch=3), []
    work = generator._batcher._work
    monkeypatch.setattr(generator._batcher, "_work", lambda requests: (sizes.append(len(requests)), work(requests))[1])
    monkeypatch.setattr("microworldbench.generation.batching.GATHER_S", 30)
    assert generator.max_concurrency == 3
    results: dict[int, Any] = {}
    threads = [
        threading.Thread(target=lambda r=r: results.update({r.seed: generator.generate(r)})) for r in seeds(0, 1, 2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sizes == [3]
    assert (results[1].video.frames != results[2].video.frames).any()


@pytest.mark.slow
def test_several_devices_get_a_process_each_and_make_the_same_videos(
    make: Callable[..., Any], suite: Any, scripted: Any, run_path: Path
) -> None:
    several = make(device="cpu,cpu")
    assert several.max_concurrency == 2
    try:
        report = bench.evaluate(several, suite, scripted(), run_path)
        assert report.coverage.missing == 0
        apart, here = several.generate(REQUEST).video, make().generate(REQUEST).video
        assert int(np.abs(apart.frames.astype(int) - here.frames.astype(int)).max()) <= 1
    finally:
        several.stop()


def test_several_devices_are_checked_before_anything_is_started(make: Callable[..., Any]) -> None:
    with pytest.raises(InputError, match="device must be auto, cpu, cuda"):
        make(device="cpu,toaster")
    with pytest.raises(InputError, match="batch=2 goes with one device"):
        make(device="cpu,cpu", batch=2)


def test_requests_of_different_shapes_are_not_batched(make: Callable[..., Any]) -> None:
    with pytest.raises(InputError, match="one size, rate and duration"):
        make().generate_batch([REQUEST, REQUEST.model_copy(update={"width": 64})])


def test_what_the_encoder_cannot_read_is_recorded(make: Callable[..., Any]) -> None:
    long = REQUEST.model_copy(update={"prompt": "a cell " * 100})  # 700 bytes, a token each, and the end mark
    assert make().generate(long).changed == {"prompt_tokens": 701, "prompt_tokens_read": 512}
    assert make().generate(REQUEST).changed == {}


def test_a_lone_surrogate_in_a_prompt_does_not_reach_the_tokenizer(make: Callable[..., Any]) -> None:
    assert make().generate(REQUEST.model_copy(update={"prompt": "cell \ud800 divides"})).video.frames.any()


def test_a_tiny_pipeline_is_scored_end_to_end(
    make: Callable[..., Any], suite: Any, scripted: Any, run_path: Path
) -> None:
    report = bench.evaluate(make(), suite, scripted(), run_path)
    assert report.coverage.missing == 0
    manifest = RunFolder.read(run_path).manifest
    assert manifest.generator.name == "diffusers"
    assert manifest.generator.settings["steps"] == 2
    assert "offload" not in manifest.generator.settings


def out_of_memory(**arguments: Any) -> Any:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")


@pytest.mark.parametrize(
    ("settings", "device", "advice"),
    [
        ({"batch": 4}, "cuda", "use -g batch=1"),
        ({}, "cuda", "use -g vae_tiling=true, then -g offload=model"),
        ({"vae_tiling": True}, "cuda", "use -g offload=model"),
        ({"vae_tiling": True, "offload": "model"}, "cuda", "use -g offload=group"),
        ({"vae_tiling": True, "offload": "group"}, "cuda", "use -g offload=sequential"),
        ({"vae_tiling": True, "offload": "sequential"}, "cuda", "a larger GPU"),
        ({}, "cpu", "fewer frames"),
    ],
)
def test_running_out_of_memory_is_answered_with_what_helps(settings: dict[str, Any], device: str, advice: str) -> None:
    from microworldbench.generation.pipelines import what_helps

    assert advice in what_helps(DiffusersSettings(**settings), device)


def test_running_out_of_memory_is_not_the_models_failure(
    make: Callable[..., Any], suite: Any, run_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = make()
    monkeypatch.setattr(type(generator.pipeline), "__call__", lambda self, **arguments: out_of_memory())
    with pytest.raises(DeviceMemoryError, match="use a smaller model, or fewer frames"):
        generator.generate(REQUEST)
    with pytest.raises(RunStoppedError, match="3 equal faults"):
        bench.generate(generator, suite, out=run_path)
    assert {made.status for made in RunFolder.read(run_path).generations().values()} == {"missing"}


def test_frames_that_are_not_finite_name_the_dtype(make: Callable[..., Any]) -> None:
    def spoil(pipeline: Any, settings: Any) -> None:
        with torch.no_grad():
            next(pipeline.transformer.parameters()).fill_(float("nan"))

    with pytest.raises(InputError, match=r"not finite.*dtype=auto"):
        make(Recipe("WanPipeline", frame_step=4, size_step=16, prepare=spoil)).generate(REQUEST)


def test_parts_kept_in_float32_stay_so(make: Callable[..., Any]) -> None:
    pipeline = make(dtype="bfloat16").pipeline
    assert (pipeline.vae.dtype, pipeline.transformer.dtype) == (torch.float32, torch.bfloat16)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"model": ""}, "no model is named"),
        ({"model": "/nowhere/at/all"}, "there is no model folder at '/nowhere/at/all'"),
        ({"dtype": "float16"}, "float16 does not run on a CPU"),
        ({"offload": "model"}, "the device is a CPU"),
        ({"device": "toaster"}, "device must be auto, cpu, cuda"),
    ],
)
def test_wrong_settings_are_told_before_anything_is_loaded(
    make: Callable[..., Any], settings: dict[str, Any], words: str
) -> None:
    if torch.cuda.is_available() and "CPU" in words:
        pytest.skip("this machine has a GPU")
    with pytest.raises(InputError, match=words):
        make(**settings)


def test_a_folder_in_another_layout_is_told_so(make: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no model_index.json.*must be converted"):
        make(model=str(tmp_path))


def test_a_model_of_another_family_is_told_so(make: Callable[..., Any]) -> None:
    with pytest.raises(InputError, match="holds a WanPipeline, and this generator drives a CogVideoXPipeline"):
        make(Recipe("CogVideoXPipeline"))


def test_a_large_model_without_a_gpu_says_what_it_needs(
    make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(InputError, match=r"has 28 GB of weights and there is no GPU here; it needs one of about 35 GB"):
        make(Recipe(weights_gb=28.0), model="Wan-AI/Wan2.1-T2V-14B-Diffusers")


def test_a_missing_package_names_the_install_line(make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"needs torch, which is not installed: pip install 'microworldbench\[diff"):
        make()


def test_damaged_weights_stop_the_run_with_a_sentence(tiny: Path, make: Callable[..., Any], tmp_path: Path) -> None:
    import shutil

    shutil.copytree(tiny, tmp_path / "broken")
    (tmp_path / "broken" / "transformer" / "diffusion_pytorch_model.safetensors").write_bytes(b"nonsense")
    with pytest.raises(RunStoppedError, match="cannot be loaded"):
        make(model=str(tmp_path / "broken")).generate(REQUEST)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("GatedRepoError", "is gated: accept its licence"),
        ("RepositoryNotFoundError", "the hub knows no"),
        ("LocalEntryNotFoundError", "is not in the local cache"),
        ("OSError", "cannot be loaded: OSError: no"),
    ],
)
def test_what_the_hub_says_becomes_a_next_step(kind: str, words: str) -> None:
    from microworldbench.generation.pipelines import _why_not

    error = OSError("no") if kind == "OSError" else type(kind, (OSError,), {})("no")
    wrapped = OSError("no")
    wrapped.__cause__ = error
    for said in (error, wrapped):
        assert words in _why_not(DiffusersSettings(model="somebody/model"), said)


@given(
    width=st.integers(1, 4000),
    height=st.integers(1, 4000),
    duration_s=st.floats(0.01, 60),
    frame_step=st.sampled_from([1, 4, 8]),
    size_step=st.sampled_from([8, 16, 32]),
)
def test_a_request_is_fitted_to_what_the_model_can_make_and_says_so(
    width: int, height: int, duration_s: float, frame_step: int, size_step: int
) -> None:
    request = GenerationRequest(task_id="t", prompt="p", width=width, height=height, duration_s=duration_s, fps=8.0)
    shape, changed = fitted(request, DiffusersSettings(fps=8.0), Recipe(frame_step=frame_step, size_step=size_step))
    assert (shape.frames - 1) % frame_step == 0
    assert shape.width % size_step == shape.height % size_step == 0
    assert shape.width >= size_step
    assert ("width" in changed) == (shape.width != width)
    assert abs(shape.width - width) <= size_step
    assert ("duration_s" in changed) == (abs(round(shape.frames / 8, 6) - duration_s) > 0.1)
    assert "fps" not in changed


def test_every_tiny_pipeline_loads_through_its_own_index(tmp_path: Path) -> None:
    from microworldbench.testing.tiny import FAMILIES, build_tiny

    for family in FAMILIES:
        folder = build_tiny(family, tmp_path / family)
        recipe = Recipe(frame_step=8 if family == "cogvideox" else 4, size_step=32)
        generator = DiffusersGenerator(DiffusersSettings(model=str(folder), **{**SMALL, "frames": 9}), recipe)
        assert len(generator.generate(REQUEST).video) == 9
