"""What is particular to a family of diffusers pipelines, and what every one of them can be set to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Offload = Literal["none", "model", "group", "sequential"]


class DiffusersSettings(BaseModel):
    """What ``-g key=value`` accepts. Where and how it runs is not part of the identity; what changes the video is."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, protected_namespaces=())

    model: str = ""
    """Folder in diffusers' layout, or id on the model hub."""
    revision: str | None = None
    """Commit, tag or branch on the hub; None: its default."""
    lora: str | None = None
    """LoRA weights (file or folder) on top of the model; needs peft."""
    lora_scale: float = Field(default=1.0, ge=0, le=4)
    width: int = Field(default=832, gt=0, le=8192)
    height: int = Field(default=480, gt=0, le=8192)
    frames: int = Field(default=81, gt=0, le=10_000)
    fps: float = Field(default=16.0, gt=0, le=240)
    """The rate the model was trained at; its frames play at no other."""
    steps: int = Field(default=50, gt=0, le=1000)
    guidance: float = Field(default=5.0, ge=0, le=100)
    negative_prompt: str = ""
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    """``auto``: bfloat16 on an accelerator, float32 on a CPU."""
    attention: str | None = None
    """Backend by diffusers' name, e.g. ``flash`` or ``_native_cudnn``; None: its default."""
    device: str = Field(default="auto", exclude=True)
    """``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``; several with commas (``cuda:0,cuda:1``) get a process each."""
    offload: Offload = Field(default="none", exclude=True)
    """What waits in main memory: ``model`` whole parts, ``group`` and ``sequential`` single layers."""
    compile_blocks: bool = Field(default=False, exclude=True)
    """Compile the repeated blocks: slower first video, faster others."""
    vae_tiling: bool = Field(default=False, exclude=True)
    """Decode in tiles: less memory, slower."""
    batch: int = Field(default=1, ge=1, le=64, exclude=True)
    """Requests made in one pass."""


@dataclass(frozen=True)
class Recipe:
    """A family of pipelines. Its functions are module-level ones, so that other processes can be sent it.

    Attributes:
        pipeline: Class in ``diffusers``; None: what the model's own ``model_index.json`` names.
        frame_step: Frames come as ``k * frame_step + 1``.
        size_step: Width and height are multiples of it.
        prompt_tokens: What the text encoder reads; None where it has no limit.
        weights_gb: Size of the weights in bfloat16, for the check before they are loaded; None where unknown.
        float32: Parts kept in float32.
        arguments: Further arguments of a call, from the settings.
        prepare: Called with the loaded pipeline and the settings, e.g. to set the scheduler's shift.
        count_tokens: Tokens of a prompt, given the pipeline; None: counted with its tokenizer.
    """

    pipeline: str | None = None
    frame_step: int = 1
    size_step: int = 8
    prompt_tokens: int | None = None
    weights_gb: float | None = None
    float32: tuple[str, ...] = ()
    arguments: Callable[[Any], Mapping[str, Any]] | None = None
    prepare: Callable[[Any, Any], None] | None = None
    count_tokens: Callable[[Any, str], int] | None = None


@dataclass(frozen=True)
class Shape:
    """The size of a clip, as the model can make it."""

    width: int
    height: int
    frames: int
    fps: float


def fitted(request: Any, settings: DiffusersSettings, recipe: Recipe) -> tuple[Shape, dict[str, Any]]:
    """What the model can make that is nearest to the request.

    Returns:
        The shape, and the parts in which it differs from what was asked for.
    """
    fps = settings.fps
    asked_frames = settings.frames if request.duration_s is None else request.duration_s * fps
    frames = max(1, round((asked_frames - 1) / recipe.frame_step)) * recipe.frame_step + 1
    width, height = (
        max(1, round(asked / recipe.size_step)) * recipe.size_step
        for asked in (request.width or settings.width, request.height or settings.height)
    )
    made = Shape(width, height, frames, fps)
    changed: dict[str, Any] = {}
    for part, got, tolerance in (
        ("width", width, 0.0),
        ("height", height, 0.0),
        ("fps", fps, 1e-6),
        ("duration_s", round(frames / fps, 6), 0.1),
    ):
        wanted = getattr(request, part)
        if wanted is not None and abs(wanted - got) > tolerance:
            changed[part] = got
    return made, changed
