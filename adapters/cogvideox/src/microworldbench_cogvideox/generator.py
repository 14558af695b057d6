"""What is particular to CogVideoX: 8k+1 frames, 226 tokens, dynamic guidance. Importing this imports no framework.

Defaults are those of the model cards (zai-org/CogVideoX-5b, zai-org/CogVideoX-2b) and of the authors' demo.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from microworldbench.generation.diffusers import DiffusersGenerator, DiffusersSettings, Recipe


class CogVideoXSettings(DiffusersSettings):
    """Settings of the 5B model."""

    model: str = "zai-org/CogVideoX-5b"
    width: int = Field(default=720, gt=0, le=8192)
    height: int = Field(default=480, gt=0, le=8192)
    frames: int = Field(default=49, gt=0, le=10_000)
    fps: float = Field(default=8.0, gt=0, le=240)
    guidance: float = Field(default=6.0, ge=0, le=100)
    dynamic_guidance: bool = True
    """Let guidance rise over the steps, as the authors do with the DPM sampler."""
    vae_tiling: bool = Field(default=True, exclude=True)


class SmallSettings(CogVideoXSettings):
    """Settings of the 2B model, which was trained in float16 and is sampled with DDIM."""

    model: str = "zai-org/CogVideoX-2b"
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "float16"
    dynamic_guidance: bool = False


def _recipe(weights_gb: float) -> Recipe:
    return Recipe(
        pipeline="CogVideoXPipeline",
        frame_step=8,  # two latent frames are decoded at a time; other numbers come out padded
        size_step=16,
        prompt_tokens=226,
        weights_gb=weights_gb,
        arguments=_guidance,
        prepare=_set_sampler,
    )


def _guidance(settings: CogVideoXSettings) -> dict[str, Any]:
    return {"use_dynamic_cfg": settings.dynamic_guidance}


def _set_sampler(pipeline: Any, settings: CogVideoXSettings) -> None:
    from diffusers import CogVideoXDDIMScheduler, CogVideoXDPMScheduler

    kind = CogVideoXDPMScheduler if settings.dynamic_guidance else CogVideoXDDIMScheduler
    pipeline.scheduler = kind.from_config(pipeline.scheduler.config, timestep_spacing="trailing")


def load_large(settings: CogVideoXSettings) -> DiffusersGenerator:
    """CogVideoX 5B."""
    return DiffusersGenerator(settings, _recipe(21.2), "cogvideox-5b")


def load_small(settings: SmallSettings) -> DiffusersGenerator:
    """CogVideoX 2B."""
    return DiffusersGenerator(settings, _recipe(13.4), "cogvideox-2b")
