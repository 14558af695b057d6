"""MicroVerse: Wan2.1 T2V 1.3B with exported weights. Importing this imports no framework.

The paper's inference settings: 480×832, 81 frames, guidance 5.0, 50 steps. Sampler (Euler), shift (5) and rate (15) are
those of the released inference code; the paper does not state them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from microworldbench.errors import InputError
from microworldbench.generation.diffusers import DiffusersGenerator, DiffusersSettings, Recipe

BASE = "Wan-AI/Wan2.1-T2V-1.3B-Diffusers"


class MicroVerseSettings(DiffusersSettings):
    """Settings of MicroVerse; one of `transformer`, `lora` and another `model` says where its weights are."""

    model: str = BASE
    """The base, or a whole pipeline exported by ``microverse export``."""
    transformer: str | None = None
    """Folder with exported full weights of the network alone (``config.json`` and safetensors)."""
    fps: float = Field(default=15.0, gt=0, le=240)
    guidance: float = Field(default=5.0, ge=0, le=100)
    sampler: Literal["euler", "unipc"] = "euler"
    flow_shift: float = Field(default=5.0, gt=0, le=100)


def _prepare(pipeline: Any, settings: MicroVerseSettings) -> None:
    from diffusers import FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler, WanTransformer3DModel

    if settings.sampler == "euler":
        pipeline.scheduler = FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=settings.flow_shift)
    else:
        pipeline.scheduler = UniPCMultistepScheduler(
            num_train_timesteps=1000,
            prediction_type="flow_prediction",
            use_flow_sigmas=True,
            flow_shift=settings.flow_shift,
        )
    if settings.transformer is not None:
        kind = pipeline.transformer.dtype
        pipeline.transformer = WanTransformer3DModel.from_pretrained(settings.transformer, dtype=kind)


RECIPE = Recipe(
    pipeline="WanPipeline",
    frame_step=4,
    size_step=16,
    prompt_tokens=512,
    weights_gb=14.7,
    float32=("vae",),
    prepare=_prepare,
)


def load(settings: MicroVerseSettings) -> DiffusersGenerator:
    """MicroVerse with the named weights.

    Raises:
        InputError: no weights are named, two kinds are, or they are not there.
    """
    named = [part for part in ("transformer", "lora") if getattr(settings, part) is not None]
    if not named and settings.model == BASE:
        raise InputError(
            "microverse-1.3b needs MicroVerse's weights, or the base model would be scored under its name: pass "
            "-g lora=FILE, -g transformer=FOLDER or -g model=FOLDER, as 'microverse export' writes them"
        )
    if len(named) == 2:
        raise InputError("give either transformer or lora: full weights hold what a LoRA would add")
    if settings.transformer is not None and not (Path(settings.transformer) / "config.json").is_file():
        raise InputError(f"{settings.transformer!r} is no export of a network (it has no config.json)")
    return DiffusersGenerator(settings, RECIPE, "microverse-1.3b")
