"""MicroVerse as a generator: an export with the paper's inference settings. Importing this imports no framework.

The paper's Table 5: guidance 5.0, 50 steps; clips of 480×832 pixels and 81 frames. Sampler (Euler), shift (5) and rate
(15) are those of the released inference code; the paper does not state them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from microworldbench.errors import InputError
from microworldbench.generation.diffusers import DiffusersGenerator, DiffusersSettings, Recipe

from .config import BASE_MODEL


class MicroVerseSettings(DiffusersSettings):
    """Settings of MicroVerse; one of `transformer`, `lora` and another `model` says where its weights are."""

    model: str = BASE_MODEL
    """The base, or a whole pipeline exported by ``microverse export``."""
    transformer: str | None = None
    """Folder with exported full weights of the network alone (``config.json`` and safetensors)."""
    fps: float = Field(default=15.0, gt=0, le=240)
    guidance: float = Field(default=5.0, ge=0, le=100)
    sampler: Literal["euler", "unipc"] = "euler"
    flow_shift: float = Field(default=5.0, gt=0, le=100)


def scheduler(sampler: str, flow_shift: float) -> Any:
    """A sampler of diffusers for Wan's velocity."""
    from diffusers import FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler

    if sampler == "euler":
        return FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=flow_shift)
    return UniPCMultistepScheduler(
        num_train_timesteps=1000, prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=flow_shift
    )


def _prepare(pipeline: Any, settings: MicroVerseSettings) -> None:
    pipeline.scheduler = scheduler(settings.sampler, settings.flow_shift)
    if settings.transformer is not None:
        from diffusers import WanTransformer3DModel

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


def load(settings: MicroVerseSettings, name: str = "microverse-1.3b") -> DiffusersGenerator:
    """MicroVerse with the named weights.

    Raises:
        InputError: no weights are named, two kinds are, or they are not there.
    """
    named = [part for part in ("transformer", "lora") if getattr(settings, part) is not None]
    if not named and settings.model == BASE_MODEL:
        raise InputError(
            "microverse-1.3b needs MicroVerse's weights, or the base model would be scored under its name: pass "
            "-g lora=FILE, -g transformer=FOLDER or -g model=FOLDER, as 'microverse export' writes them"
        )
    if len(named) == 2:
        raise InputError("give either transformer or lora: full weights hold what a LoRA would add")
    if settings.transformer is not None and not (Path(settings.transformer) / "config.json").is_file():
        raise InputError(f"{settings.transformer!r} is no export of a network (it has no config.json)")
    return DiffusersGenerator(settings, RECIPE, name)


def kind_of_export(path: Path) -> Literal["pipeline", "transformer", "lora"]:
    """What an export is, by what lies there; also the setting of `MicroVerseSettings` that takes it.

    Raises:
        InputError: it is none that can be generated with.
    """
    if (path / "model_index.json").is_file():
        return "pipeline"
    if (path / "config.json").is_file():
        if _class_name(path / "config.json") == "WanTransformer3DModel":
            return "transformer"
    elif path.suffix == ".safetensors" and path.is_file():
        if _holds_adapters(path):
            return "lora"
        raise InputError(
            f"{str(path)!r} holds no adapters; a whole network with Wan's original names is made usable by "
            f"'microverse export {path} --out FOLDER'"
        )
    raise InputError(
        f"{str(path)!r} is no export (a pipeline's or network's folder, or a LoRA's .safetensors); "
        "'microverse export RUN --out FOLDER' writes one"
    )


def _holds_adapters(file: Path) -> bool:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="np") as weights:
            return any("lora" in name for name in weights.keys())  # noqa: SIM118 it is no dict
    except (OSError, SafetensorError) as error:
        raise InputError(f"{str(file)!r} cannot be read: {error}") from None


def _class_name(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8")).get("_class_name")
    except (OSError, ValueError, AttributeError):
        return None
