"""What is particular to HunyuanVideo: embedded guidance, two text encoders. Importing this imports no framework.

Defaults are those of the authors' repository (Tencent-Hunyuan/HunyuanVideo, ``hyvideo/config.py`` and its README).
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from microworldbench.generation.diffusers import DiffusersGenerator, DiffusersSettings, Recipe


class HunyuanVideoSettings(DiffusersSettings):
    """Settings of HunyuanVideo."""

    model: str = "hunyuanvideo-community/HunyuanVideo"
    width: int = Field(default=1280, gt=0, le=8192)
    height: int = Field(default=720, gt=0, le=8192)
    frames: int = Field(default=129, gt=0, le=10_000)
    fps: float = Field(default=24.0, gt=0, le=240)
    guidance: float = Field(default=6.0, ge=0, le=100)
    """Embedded in the network: one pass a step."""
    true_guidance: float = Field(default=1.0, ge=1, le=100)
    """Classifier-free guidance with `negative_prompt`; 1 is off and half the time."""
    flow_shift: float = Field(default=7.0, gt=0, le=100)
    vae_tiling: bool = Field(default=True, exclude=True)


def _prepare(pipeline: Any, settings: HunyuanVideoSettings) -> None:
    pipeline.scheduler = type(pipeline.scheduler).from_config(pipeline.scheduler.config, shift=settings.flow_shift)


def _arguments(settings: HunyuanVideoSettings) -> dict[str, Any]:
    return {"true_cfg_scale": settings.true_guidance}


def _count_tokens(pipeline: Any, prompt: str) -> int:
    """Tokens of the prompt itself, for the language model; its fixed instruction around it comes on top."""
    return len(pipeline.tokenizer(prompt, add_special_tokens=False, verbose=False).input_ids)


RECIPE = Recipe(
    pipeline="HunyuanVideoPipeline",
    frame_step=4,
    size_step=16,
    prompt_tokens=256,
    weights_gb=42.4,
    arguments=_arguments,
    prepare=_prepare,
    count_tokens=_count_tokens,
)


def load(settings: HunyuanVideoSettings) -> DiffusersGenerator:
    """HunyuanVideo 13B."""
    return DiffusersGenerator(settings, RECIPE, "hunyuanvideo")
