"""What is particular to each Wan model: sizes, rate, guidance, shift, experts. Importing this imports no framework.

Defaults are those of the model's authors (``wan/configs`` and ``README`` of Wan-Video/Wan2.1 and Wan-Video/Wan2.2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from microworldbench.errors import InputError
from microworldbench.generation.diffusers import DiffusersGenerator, DiffusersSettings, Recipe

NEGATIVE_PROMPT = (
    "色调艳丽，过曝，静态，细节模糊不清，字幕，风格，作品，画作，画面，静止，整体发灰，最差质量，低质量，JPEG压缩残留，"
    "丑陋的，残缺的，多余的手指，画得不好的手部，画得不好的脸部，畸形的，毁容的，形态畸形的肢体，手指融合，静止不动的画面，"
    "杂乱的背景，三条腿，背景人很多，倒着走"
)
"""What the authors' own code puts in place of an empty negative prompt (``sample_neg_prompt``)."""


class WanSettings(DiffusersSettings):
    """Settings of Wan2.1-T2V-1.3B; the other models change the defaults."""

    model: str = "Wan-AI/Wan2.1-T2V-1.3B-Diffusers"
    negative_prompt: str = NEGATIVE_PROMPT
    guidance: float = Field(default=6.0, ge=0, le=100)
    flow_shift: float = Field(default=8.0, gt=0, le=100)
    """Shift of the noise schedule: the higher, the more steps at high noise."""


class Wan21Large(WanSettings):
    """Wan2.1-T2V-14B."""

    model: str = "Wan-AI/Wan2.1-T2V-14B-Diffusers"
    width: int = Field(default=1280, gt=0, le=8192)
    height: int = Field(default=720, gt=0, le=8192)
    guidance: float = Field(default=5.0, ge=0, le=100)
    flow_shift: float = Field(default=5.0, gt=0, le=100)


class Wan22Dense(WanSettings):
    """Wan2.2-TI2V-5B: 24 frames a second, a decoder of 16×16 pixels."""

    model: str = "Wan-AI/Wan2.2-TI2V-5B-Diffusers"
    width: int = Field(default=1280, gt=0, le=8192)
    height: int = Field(default=704, gt=0, le=8192)
    frames: int = Field(default=121, gt=0, le=10_000)
    fps: float = Field(default=24.0, gt=0, le=240)
    guidance: float = Field(default=5.0, ge=0, le=100)
    flow_shift: float = Field(default=5.0, gt=0, le=100)


class Wan22Experts(WanSettings):
    """Wan2.2-T2V-A14B: one expert for high noise, one for low."""

    model: str = "Wan-AI/Wan2.2-T2V-A14B-Diffusers"
    width: int = Field(default=1280, gt=0, le=8192)
    height: int = Field(default=720, gt=0, le=8192)
    steps: int = Field(default=40, gt=0, le=1000)
    guidance: float = Field(default=4.0, ge=0, le=100)
    """Of the high-noise expert."""
    guidance_low_noise: float = Field(default=3.0, ge=0, le=100)
    flow_shift: float = Field(default=12.0, gt=0, le=100)
    boundary: float = Field(default=0.875, gt=0, lt=1)
    """Noise level at which the low-noise expert takes over."""


@dataclass(frozen=True)
class Model:
    """One model as it is registered."""

    settings: type[WanSettings]
    recipe: Recipe
    summary: str
    needs: tuple[str, ...]


def _set_shift(pipeline: Any, settings: WanSettings) -> None:
    config = pipeline.scheduler.config
    name = next((name for name in ("flow_shift", "shift") if name in config), None)
    if name is None:
        raise InputError(f"the scheduler {type(pipeline.scheduler).__name__} has no shift; Wan's pipelines have one")
    pipeline.scheduler = type(pipeline.scheduler).from_config(config, **{name: settings.flow_shift})


def _prepare_dense(pipeline: Any, settings: WanSettings) -> None:
    if pipeline.transformer_2 is not None:
        raise InputError(f"{settings.model} has two experts; use wan2.2-t2v-a14b")
    _set_shift(pipeline, settings)


def _prepare_ti2v(pipeline: Any, settings: WanSettings) -> None:
    if not pipeline.config.expand_timesteps:
        raise InputError(f"{settings.model} is not a TI2V model (its pipeline has no expand_timesteps)")
    _prepare_dense(pipeline, settings)


def _prepare_experts(pipeline: Any, settings: Wan22Experts) -> None:
    if pipeline.transformer_2 is None:
        raise InputError(f"{settings.model} has one expert, and wan2.2-t2v-a14b two; choose another generator for it")
    pipeline.register_to_config(boundary_ratio=settings.boundary)
    _set_shift(pipeline, settings)


def _two_guidances(settings: Wan22Experts) -> dict[str, Any]:
    return {"guidance_scale_2": settings.guidance_low_noise}


def _recipe(prepare: Callable[[Any, Any], None], weights_gb: float, size_step: int = 16, **changes: Any) -> Recipe:
    return Recipe(
        pipeline="WanPipeline",
        frame_step=4,
        size_step=size_step,
        prompt_tokens=512,
        weights_gb=weights_gb,
        float32=("vae",),  # decoding in bfloat16 is close but not equal to it
        prepare=prepare,
        **changes,
    )


MODELS = {
    "wan2.1-t2v-1.3b": Model(
        WanSettings,
        _recipe(_prepare_dense, 14.7),
        "Wan2.1 T2V 1.3B: 5 s at 832×480, 16 frames/s",
        ("1 GPU with 24 GB (12 GB with offload=model)", "18 GB of weights"),
    ),
    "wan2.1-t2v-14b": Model(
        Wan21Large,
        _recipe(_prepare_dense, 40.5),
        "Wan2.1 T2V 14B: 5 s at 1280×720, 16 frames/s",
        ("1 GPU with 80 GB (40 GB with offload=model)", "70 GB of weights"),
    ),
    "wan2.2-ti2v-5b": Model(
        Wan22Dense,
        _recipe(_prepare_ti2v, 24.2, size_step=32),
        "Wan2.2 TI2V 5B: 5 s at 1280×704, 24 frames/s",
        ("1 GPU with 40 GB (24 GB with offload=model)", "35 GB of weights"),
    ),
    "wan2.2-t2v-a14b": Model(
        Wan22Experts,
        _recipe(_prepare_experts, 68.9, arguments=_two_guidances),
        "Wan2.2 T2V A14B, two experts: 5 s at 1280×720, 16 frames/s",
        ("1 GPU with 80 GB and offload=model", "126 GB of weights"),
    ),
}
"""By registered name."""


class Loader:
    """``load`` of one spec.

    Args:
        name: The registered name.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, settings: WanSettings) -> DiffusersGenerator:
        return DiffusersGenerator(settings, MODELS[self.name].recipe, self.name)


def loader(name: str) -> Loader:
    """What loads the model registered as `name`."""
    return Loader(name)
