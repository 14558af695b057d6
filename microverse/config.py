"""What a training run is: one strict, frozen record that ``cache``, ``train`` and ``export`` share.

Every choice has a name, those the paper leaves open too (see `microverse.assumptions`). `RunConfig.digest` covers what
changes the weights that come out; where and how fast the run goes may change between one start and the next.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

BASE_MODEL = "Wan-AI/Wan2.1-T2V-1.3B-Diffusers"
FRAME_STEP = 4
"""Frames that share a latent frame: clips have ``4k + 1`` frames."""
SIZE_STEP = 16
"""Pixels that share a token, 8 of the decoder times 2 of the patch: sizes are multiples of it."""
TEXT_TOKENS = 512
"""Wan2.1 reads 512 tokens, padding included; a cache made with another length is silently wrong."""


def _number(value: object) -> object:
    """YAML 1.1 takes ``1e-5`` for text, and people mean the number."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


Real = Annotated[float, BeforeValidator(_number)]
Positive = Annotated[Real, Field(gt=0)]
Share = Annotated[Real, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """A part of the configuration: frozen, strict, no unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _lists_are_tuples(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def size_of(size: str) -> tuple[int, int]:
    """``832x480`` as (832, 480).

    Raises:
        ValueError: it is no size.
    """
    width, by, height = size.lower().replace("×", "x").partition("x")
    if not (by and width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise ValueError(f"a size is written WIDTHxHEIGHT in pixels, e.g. 832x480, got {size!r}")
    return int(width), int(height)


class Clip(Section):
    """What is cut out of every source video."""

    sizes: tuple[str, ...] = Field(default=("832x480",), min_length=1)
    """Width x height in pixels; a video goes to the size whose shape is nearest to its own."""
    frames: tuple[int, ...] = Field(default=(81,), min_length=1)
    """Lengths; a video goes to the longest it can fill."""
    fps: Positive | Literal["native"] = 16.0
    """Rate the frames are resampled to, by time. ``native`` takes them as they come, as the released trainer does."""
    window: Literal["start", "middle"] = "start"
    """Which part of a longer video is used."""

    @model_validator(mode="after")
    def _fit_the_model(self) -> Self:
        for size in self.sizes:
            width, height = size_of(size)
            if width % SIZE_STEP or height % SIZE_STEP:
                raise ValueError(f"width and height must be multiples of {SIZE_STEP}, got {size!r}")
        for frames in self.frames:
            if frames < 1 or (frames - 1) % FRAME_STEP:
                near = max(0, round((frames - 1) / FRAME_STEP)) * FRAME_STEP + 1
                raise ValueError(f"a clip has {FRAME_STEP}k + 1 frames, got {frames}; the nearest is {near}")
        return self


class Text(Section):
    """How captions are used."""

    encoder: Literal["umt5"] = "umt5"
    """Wan2.1's text encoder. The paper says CLIP, which Wan2.1 has no input for."""
    dropout: Share = 0.1
    """Share of samples that are trained without their caption."""
    dropped: Literal["empty_prompt", "zeros"] = "empty_prompt"
    """What stands in for it: the empty prompt's embedding, as the sampler uses; or zeros, as FastVideo does."""


class Sigma(Section):
    """Which noise levels are trained."""

    density: Literal["fastvideo", "wan", "diffsynth"] = "fastvideo"
    """See `microverse.flow.DENSITIES`."""
    shift: Positive | None = None
    """Shift of the density; None keeps its own."""


class Lora(Section):
    """Low-rank adapters instead of the network's own weights."""

    rank: Count = 32
    alpha: Count = 32
    targets: tuple[str, ...] = ("to_q", "to_k", "to_v", "to_out.0", "ffn.net.0.proj", "ffn.net.2")
    """Ends of the names of adapted layers: attention and feed-forward."""


class Optimizer(Section):
    """AdamW and its schedule."""

    lr: Positive = 1e-5
    weight_decay: Annotated[Real, Field(ge=0)] = 0.01
    beta1: Share = 0.9
    beta2: Share = 0.999
    eps: Positive = 1e-8
    clip_norm: Positive | None = 1.0
    """Largest norm of all gradients together; None: not clipped."""
    schedule: Literal["constant", "cosine", "linear"] = "constant"
    """After the warm-up; ``cosine`` and ``linear`` end at 0 with the last step."""
    warmup_steps: Annotated[int, Field(ge=0)] = 0
    fused: bool = True
    """One kernel for the whole update."""


class Precision(Section):
    """Number formats. Noise levels, noise, targets and the loss are float32 whatever is set here."""

    weights: Literal["fp32", "bf16"] = "fp32"
    """Of the trained weights, their gradients and AdamW's moments."""
    compute: Literal["bf16", "fp32"] = "bf16"
    """Of matrix products, by autocast."""


class Parallel(Section):
    """How the work is spread over processes."""

    layout: Literal["ddp", "fsdp", "hsdp"] = "ddp"
    """``ddp``: a whole copy each. ``fsdp``: everything cut up over all. ``hsdp``: cut up inside a group of
    `shard`, copied between groups. With one process all three are the plain network."""
    shard: Count | None = None
    """hsdp: processes in a group, e.g. the GPUs of a node; None: those that torchrun started on this node."""
    micro_batch: Count = 1
    """Samples a process takes in one forward pass; the rest of the batch is accumulated."""
    all_gather: Literal["fp32", "bf16"] = "fp32"
    """fsdp, hsdp: the format weights travel in. ``bf16`` halves the traffic."""


class Checkpointing(Section):
    """Which activations are computed again in the backward pass instead of kept."""

    mode: Literal["none", "full", "attention_saved", "every_n"] = "full"
    """``attention_saved`` keeps what attention computed, the costliest part, and repeats the rest of a block."""
    n: Count = 2
    """every_n: one block in `n` is computed again."""


class Ema(Section):
    """An exponential moving average of the trained weights."""

    decay: Annotated[Real, Field(gt=0, lt=1)] = 0.999


class Save(Section):
    """Checkpoints."""

    every: Count = 500
    keep: Count = 3
    """How many are kept, the newest."""
    asynchronous: bool = True
    """Write while training goes on; costs a copy of the state in main memory."""


class Validation(Section):
    """What is looked at during training; nothing of it changes the weights."""

    every: Count = 500
    clips: Annotated[int, Field(ge=0)] = 8
    """Clips of the fixed-noise loss: those of the cache's split ``validation``, else the first of ``train``."""
    bins: Annotated[int, Field(ge=1, le=64)] = 8
    """Noise levels of it, evenly spaced."""
    prompts: tuple[str, ...] = ()
    """Prompts of the sample sheet."""
    suite: str | None = None
    """Take the prompts from the tasks of this suite instead; needed for scoring."""
    tasks: tuple[str, ...] = ()
    """Only these tasks of the suite."""
    seeds: Count = 1
    """Samples per prompt: seeds 0…K-1."""
    steps: Count = 50
    guidance: Annotated[Real, Field(ge=0)] = 5.0
    negative_prompt: str = ""
    sampler: Literal["euler", "unipc"] = "euler"
    flow_shift: Positive = 5.0
    fps: Positive = 16.0
    """Rate the samples are written at."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.prompts and self.suite:
            raise ValueError("give either prompts or suite")
        if self.tasks and not self.suite:
            raise ValueError("tasks belong to a suite, and none is named")
        return self


class RunConfig(Section):
    """One training run. `presets` has the named ones."""

    preset: str | None = None
    """What it started from, for the record."""
    model: str = BASE_MODEL
    """Folder in diffusers' layout, or hub id, of the pipeline to start from."""
    cache: str = "cache"
    """Folder of the encoded clips."""
    out: str = "runs/microverse"
    """The run folder; the same command continues it."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    steps: Count = 5000
    batch: Count = 8
    batch_is: Literal["total", "per_process"] = "total"
    """Whether `batch` counts the samples of a step in all, or those of each process."""
    objective: Literal["flow", "epsilon"] = "flow"
    """``flow``: the velocity, as Wan2.1 was trained. ``epsilon``: the paper's Eq. 1, see `microverse.flow`."""
    clip: Clip = Clip()
    text: Text = Text()
    sigma: Sigma = Sigma()
    lora: Lora | None = None
    optimizer: Optimizer = Optimizer()
    precision: Precision = Precision()
    parallel: Parallel = Parallel()
    checkpointing: Checkpointing = Checkpointing()
    compile: bool = False
    """Compile the repeated blocks: minutes at the start, faster steps."""
    attention: str | None = None
    """Attention backend by diffusers' name (``flash``, ``_native_cudnn``, …); None: its default."""
    ema: Ema | None = None
    save: Save = Save()
    validation: Validation = Validation()
    tensorboard: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.parallel.shard is not None and self.parallel.layout != "hsdp":
            raise ValueError(f"parallel.shard belongs to layout hsdp, got layout {self.parallel.layout}")
        if self.parallel.all_gather != "fp32" and self.parallel.layout == "ddp":
            raise ValueError("parallel.all_gather belongs to the layouts fsdp and hsdp; ddp gathers nothing")
        if self.parallel.all_gather == "bf16" and self.precision.compute == "fp32":
            raise ValueError("parallel.all_gather=bf16 needs precision.compute=bf16, got fp32")
        if self.precision.weights == "bf16" and self.precision.compute == "fp32":
            raise ValueError("precision.compute=fp32 needs precision.weights=fp32, got bf16")
        if self.optimizer.warmup_steps >= self.steps:
            raise ValueError(
                f"optimizer.warmup_steps must be below steps ({self.steps}), got {self.optimizer.warmup_steps}"
            )
        return self

    @property
    def digest(self) -> str:
        """sha256 over what changes the resulting weights."""
        return hashlib.sha256(json.dumps(self.binding(), sort_keys=True).encode()).hexdigest()

    def binding(self) -> dict[str, Any]:
        """The settings that must stay the same when a run is continued, by dotted name."""
        free = FREE - {"steps"} if self.optimizer.schedule != "constant" else FREE
        return {k: v for k, v in flattened(self).items() if k not in free and k.partition(".")[0] not in free}


FREE = frozenset(
    {
        *("preset", "out", "cache", "model", "steps", "parallel", "checkpointing", "compile", "attention", "save"),
        *("validation", "tensorboard", "optimizer.fused"),
    }
)
"""What may differ when a run is continued: where it lies, how fast it goes, what is looked at, where it ends. Model and
cache are compared by their contents' fingerprints instead of their paths, the size of a step's batch by its samples."""


def flattened(config: BaseModel) -> dict[str, Any]:
    """Every setting by its dotted name, as JSON values."""
    found: dict[str, Any] = {}

    def walk(prefix: str, value: Any) -> None:
        if isinstance(value, dict) and value:
            for key, inner in value.items():
                walk(f"{prefix}.{key}" if prefix else key, inner)
        else:
            found[prefix] = value

    walk("", config.model_dump(mode="json"))
    return found
