"""Wan2.1's parts: where a pipeline lies, what identifies it, how network, decoder and text encoder are loaded."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from microworldbench.errors import InputError, RunStoppedError

from .messages import first_line

FLOAT32_PARTS = ("time_embedder", "scale_shift_table", "norm1", "norm2", "norm3")
"""Weights with these in their names stay in float32 whatever format the network is loaded in."""
SAMPLED_BYTES = 1 << 16
SAMPLES = 64
"""A part's fingerprint reads so many places of each weight file, so that 11 GB of text encoder take no time."""


def locate(model: str) -> Path:
    """The folder of a pipeline in diffusers' layout; a hub id is downloaded first.

    Raises:
        InputError: it is no Wan2.1 text-to-video pipeline.
        RunStoppedError: the hub does not have it, or cannot be reached.
    """
    folder = Path(model)
    if not folder.is_dir():
        if model.startswith((".", "/", "~")) or model.count("/") != 1:
            raise InputError(f"there is no model folder at {model!r}; 'microverse make-tiny {model}' makes a toy one")
        folder = _downloaded(model)
    index = _json(folder / "model_index.json")
    if index.get("_class_name") != "WanPipeline":
        raise InputError(f"{model!r} holds a {index.get('_class_name')}; training needs a WanPipeline (Wan2.1 T2V)")
    config = _json(folder / "transformer" / "config.json")
    if config.get("image_dim") or index.get("boundary_ratio") is not None or index.get("expand_timesteps"):
        raise InputError(f"{model!r} is another Wan (image conditions or two experts); training needs Wan2.1 T2V")
    return folder


def _downloaded(model: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(model, allow_patterns=["*.json", "*.safetensors", "*.model", "*.txt"]))
    except Exception as error:
        raise RunStoppedError(
            f"{model} is not in the local cache and cannot be downloaded: {first_line(error)}"
        ) from error


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}); a pipeline in diffusers' layout has it") from None
    return content if isinstance(content, dict) else {}


def geometry(folder: Path) -> dict[str, Any]:
    """The network's ``config.json``."""
    return _json(folder / "transformer" / "config.json")


def fingerprint(folder: Path, *parts: str) -> str:
    """What tells the contents of a pipeline's parts from others, whatever the folder is called.

    Configuration files are read whole, weight files at evenly spaced places.

    Args:
        folder: The pipeline.
        *parts: Its subfolders, e.g. ``vae``.
    """
    digest = hashlib.sha256()
    for part in parts:
        for file in sorted(path for path in (folder / part).rglob("*") if path.is_file()):
            if file.suffix not in (".json", ".safetensors", ".model", ".txt"):
                continue
            size = file.stat().st_size
            digest.update(f"{file.relative_to(folder).as_posix()} {size}\n".encode())
            with file.open("rb") as data:
                for place in range(0, size, max(SAMPLED_BYTES, size // SAMPLES)):
                    data.seek(place)
                    digest.update(data.read(SAMPLED_BYTES))
    return digest.hexdigest()


def load_network(folder: Path) -> Any:
    """The network in float32, on the CPU.

    Raises:
        InputError: its weights are missing or damaged.
    """
    import torch
    from diffusers import WanTransformer3DModel

    try:
        return WanTransformer3DModel.from_pretrained(folder, subfolder="transformer", dtype=torch.float32)
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"the network in {folder} cannot be loaded: {first_line(error)}") from error


def load_decoder(folder: Path, device: Any) -> Any:
    """The autoencoder in float32: encoding in bfloat16 hurts."""
    import torch
    from diffusers import AutoencoderKLWan

    return AutoencoderKLWan.from_pretrained(folder, subfolder="vae", dtype=torch.float32).to(device).eval()


def load_text_encoder(folder: Path, device: Any) -> Any:
    """A pipeline of tokenizer and text encoder alone; bfloat16 on an accelerator, as at inference."""
    import torch
    from diffusers import WanPipeline

    dtype = torch.float32 if torch.device(device).type == "cpu" else torch.bfloat16
    pipeline = WanPipeline.from_pretrained(folder, transformer=None, vae=None, dtype=dtype)
    pipeline.text_encoder.to(device).eval()
    return pipeline


def latent_statistics(decoder: Any) -> tuple[Any, Any]:
    """Mean and standard deviation of each latent channel, 1×C×1×1×1. Normalised latents are ``(z - mean) / std``."""
    import torch

    shape = (1, decoder.config.z_dim, 1, 1, 1)
    mean, std = (torch.tensor(v).view(shape) for v in (decoder.config.latents_mean, decoder.config.latents_std))
    return mean, std


def quieten() -> None:
    """Stops the libraries' own progress bars and advice, which would break ours up."""
    import warnings

    import diffusers
    import transformers

    for library in (diffusers.utils.logging, transformers.utils.logging):
        library.set_verbosity_error()
        library.disable_progress_bar()
    warnings.filterwarnings("ignore", module=r"diffusers|transformers|peft|torch\.distributed")
