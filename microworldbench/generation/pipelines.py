"""Checks, loads and places a diffusers pipeline; every way it can fail is a sentence with a next step."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

from ..errors import InputError, MissingExtraError, RunStoppedError
from .recipes import DiffusersSettings, Recipe

NEEDED = ("torch", "diffusers", "transformers", "accelerate")
CPU_LIMIT_GB = 8.0
"""Larger weights are not loaded on a CPU unless ``device=cpu`` says so: one video would take hours."""
HEADROOM = 1.25
"""Memory for activations and the decoder, as a factor on the weights: what 480p clips of Wan take on top, roughly."""


class DeviceMemoryError(Exception):
    """The device ran out of memory. Counts as infrastructure: the video stays missing, the model is not blamed."""


def check_before_loading(settings: DiffusersSettings, recipe: Recipe) -> str:
    """Looks at packages, path and device, and at whether the weights can fit, without loading them.

    Returns:
        The device to use.

    Raises:
        InputError: something is missing or cannot work; says what is needed.
    """
    for package in NEEDED:
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError("generating with diffusers", package, "pip install 'microworldbench[diffusers]'")
    if settings.lora is not None and importlib.util.find_spec("peft") is None:
        raise MissingExtraError("a LoRA", "peft", "pip install peft")
    if not settings.model:
        raise InputError("no model is named: pass -g model=PATH (a folder in diffusers' layout) or a hub id")
    _check_path(settings.model, recipe)
    if settings.lora is not None and _looks_local(settings.lora) and not Path(settings.lora).exists():
        raise InputError(f"there is no LoRA at {settings.lora!r}")
    device = _device(settings)
    _check_dtype(settings, device)
    if device == "cpu" and settings.offload != "none":
        raise InputError(f"offload={settings.offload} moves weights off an accelerator, and the device is a CPU")
    _check_memory(settings, recipe, device)
    return device


def load_pipeline(settings: DiffusersSettings, recipe: Recipe, device: str) -> Any:
    """The pipeline on its device, ready to be called.

    Raises:
        RunStoppedError: the weights cannot be had or do not fit together; says why.
        DeviceMemoryError: they do not fit on the device.
    """
    import diffusers
    import torch

    kind = getattr(diffusers, recipe.pipeline or "DiffusionPipeline")
    dtype = dtype_of(settings, device)
    types: Any = {"default": dtype, **dict.fromkeys(recipe.float32, torch.float32)} if recipe.float32 else dtype
    try:
        pipeline = kind.from_pretrained(settings.model, dtype=types, revision=settings.revision)
        if settings.lora is not None:
            pipeline.load_lora_weights(settings.lora, adapter_name="lora")
            pipeline.set_adapters(["lora"], [settings.lora_scale])
        if recipe.prepare is not None:
            recipe.prepare(pipeline, settings)
        place(pipeline, settings, device)
    except InputError as error:  # a recipe found that the weights are not what it drives
        raise RunStoppedError(str(error)) from None
    except Exception as error:
        if is_out_of_memory(error):
            raise DeviceMemoryError(what_helps(settings, device)) from None
        raise RunStoppedError(_why_not(settings, error)) from error
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def dtype_of(settings: DiffusersSettings, device: str) -> Any:
    """The torch dtype of the settings on `device`."""
    import torch

    name = settings.dtype if settings.dtype != "auto" else ("float32" if device == "cpu" else "bfloat16")
    return getattr(torch, name)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` says that memory ran out, on a device or in the machine."""
    import torch

    words = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and ("out of memory" in words or "can't allocate memory" in words)
    )


def what_helps(settings: DiffusersSettings, device: str) -> str:
    """Which setting uses less memory than these do."""
    ran_out = f"{device} ran out of memory with offload={settings.offload}, batch={settings.batch}"
    if settings.batch > 1:
        return f"{ran_out}: use -g batch=1"
    if device == "cpu":
        return f"{ran_out}: use a smaller model, or fewer frames by -g frames=…"
    if not settings.vae_tiling:
        return f"{ran_out}: use -g vae_tiling=true" + (", then -g offload=model" if settings.offload == "none" else "")
    steps = {"none": "-g offload=model", "model": "-g offload=group", "group": "-g offload=sequential"}
    return f"{ran_out}: use {steps.get(settings.offload, 'fewer frames by -g frames=… or a larger GPU')}"


def _check_path(model: str, recipe: Recipe) -> None:
    if not _looks_local(model):
        return
    folder = Path(model)
    if not folder.is_dir():
        raise InputError(f"there is no model folder at {model!r}")
    if not (folder / "model_index.json").is_file():
        raise InputError(
            f"{model!r} is not in diffusers' layout (it has no model_index.json); original checkpoints must be "
            "converted first, repositories whose names end in '-Diffusers' are"
        )
    kind = _index(folder).get("_class_name")
    if recipe.pipeline is not None and kind != recipe.pipeline:
        raise InputError(f"{model!r} holds a {kind}, and this generator drives a {recipe.pipeline}")


def _looks_local(path: str) -> bool:
    return Path(path).exists() or path.startswith((".", "/", "~")) or path.count("/") != 1


def _device(settings: DiffusersSettings) -> str:
    import torch

    if settings.device != "auto":
        try:
            torch.device(settings.device)
        except RuntimeError:
            raise InputError(f"device must be auto, cpu, cuda, cuda:N or mps, got {settings.device!r}") from None
        if settings.device.startswith("cuda") and not torch.cuda.is_available():
            raise InputError(f"device={settings.device}: no CUDA GPU is visible to torch {torch.__version__}")
        return settings.device
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _check_dtype(settings: DiffusersSettings, device: str) -> None:
    import torch

    if device == "cpu" and settings.dtype == "float16":
        raise InputError("dtype=float16 does not run on a CPU; use dtype=float32 or bfloat16")
    wants_bfloat16 = settings.dtype in ("auto", "bfloat16")
    if device.startswith("cuda") and wants_bfloat16 and not torch.cuda.is_bf16_supported():
        raise InputError(f"the GPU {torch.cuda.get_device_name()} has no bfloat16; use -g dtype=float16 or float32")


def _check_memory(settings: DiffusersSettings, recipe: Recipe, device: str) -> None:
    import torch

    parts = _parts_gb(settings.model)
    total = sum(parts.values()) if parts else recipe.weights_gb
    if total is None:
        return
    if device == "cpu":
        if total > CPU_LIMIT_GB and settings.device == "auto":
            raise InputError(
                f"{settings.model} has {total:.0f} GB of weights and there is no GPU here; it needs one of about "
                f"{total * HEADROOM:.0f} GB, or a smaller one with -g offload=model. -g device=cpu tries the CPU anyway"
            )
        return
    if not device.startswith("cuda"):
        return
    there = torch.cuda.get_device_properties(torch.device(device)).total_memory / 1e9
    if settings.offload == "none" and total > there:
        raise InputError(
            f"{settings.model} has {total:.0f} GB of weights and {torch.cuda.get_device_name(device)} {there:.0f} GB: "
            "use -g offload=model"
        )
    largest = max(parts.values(), default=0.0)
    if settings.offload == "model" and largest > there:
        raise InputError(
            f"the largest part of {settings.model} has {largest:.0f} GB of weights and "
            f"{torch.cuda.get_device_name(device)} {there:.0f} GB: use -g offload=group"
        )


def _parts_gb(model: str) -> dict[str, float]:
    """Sizes of a local model's parts as they are stored; empty for a hub id."""
    folder = Path(model)
    if not folder.is_dir():
        return {}
    sizes = {
        name: sum(file.stat().st_size for file in (folder / name).glob("*.safetensors")) / 1e9
        for name in _index(folder)
        if (folder / name).is_dir()
    }
    return {name: size for name, size in sizes.items() if size}


def _index(folder: Path) -> dict[str, Any]:
    try:
        content = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / 'model_index.json'} cannot be read: {error}") from None
    return content if isinstance(content, dict) else {}


def place(pipeline: Any, settings: DiffusersSettings, device: str) -> None:
    """Moves a loaded pipeline to `device` and sets attention, compilation, tiling and offload as the settings say."""
    import torch

    networks = [n for n in (getattr(pipeline, "transformer", None), getattr(pipeline, "transformer_2", None)) if n]
    for network in networks:
        if settings.attention is not None:
            network.set_attention_backend(settings.attention)
        if settings.compile_blocks:
            network.compile_repeated_blocks(fullgraph=True)
    if settings.vae_tiling:
        pipeline.vae.enable_tiling()
    if settings.offload == "model":
        pipeline.enable_model_cpu_offload(device=device)
    elif settings.offload == "sequential":
        pipeline.enable_sequential_cpu_offload(device=device)
    elif settings.offload == "group":
        where = torch.device(device)
        pipeline.enable_group_offload(onload_device=where, offload_type="leaf_level", use_stream=True)
    else:
        pipeline.to(device)


def _chain(error: BaseException | None) -> list[BaseException]:
    """`error` and what it came from: loaders wrap the hub's exceptions."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _why_not(settings: DiffusersSettings, error: Exception) -> str:
    """A sentence for what came out of loading; the hub's exceptions are known by name so as not to import it."""
    kinds = {kind.__name__ for each in _chain(error) for kind in type(each).__mro__}
    model, first = settings.model, (str(error).strip().splitlines() or [type(error).__name__])[0]
    if "GatedRepoError" in kinds:
        return f"{model} is gated: accept its licence on the hub and log in with 'hf auth login', then run again"
    if "RepositoryNotFoundError" in kinds or "RevisionNotFoundError" in kinds:
        return f"the hub knows no {model!r} (revision {settings.revision or 'default'}), or it is private to others"
    if kinds & {"LocalEntryNotFoundError", "OfflineModeIsEnabled", "ConnectionError"}:
        return f"{model} is not in the local cache and the hub cannot be reached; download it first, e.g. 'hf download'"
    if settings.attention is not None and "attention" in first.lower():
        return f"the attention backend {settings.attention!r} cannot be used here: {first}"
    return f"{model} cannot be loaded: {type(error).__name__}: {first[:500]}"
