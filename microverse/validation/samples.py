"""Samples of the network in training: diffusers' own pipeline around it, fixed prompts, fixed seeds."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from microworldbench.video import Video, write

from .. import wan
from ..clips import buckets
from ..inference import scheduler
from ..network import evaluating
from ..prompts import Prompt, sheet_prompts

if TYPE_CHECKING:
    from ..trainer import Trainer

BASE = "base"
"""Folder of the samples made before the first step."""


def make_samples(trainer: Trainer, folder: Path) -> list[tuple[Prompt, int]]:
    """Samples every prompt and seed of the sheet into ``folder/<prompt id>/<seed>.mp4``; what is there is kept.

    Every process samples a share.

    Returns:
        Prompts and seeds of the sheet.

    Raises:
        InputError: a prompt was not encoded with the cache.
    """
    wanted, here = trainer.config.validation, trainer.here
    jobs = [(prompt, seed) for prompt in sheet_prompts(wanted) for seed in range(wanted.seeds)]
    todo = here.told([job for job in jobs if not sample_path(folder, *job).is_file()] if here.leads else None)
    if not todo:
        return jobs
    decoder = wan.load_decoder(trainer.model_folder, here.device)
    with evaluating(trainer.network):
        for number in range(math.ceil(len(todo) / here.count)):
            own = number * here.count + here.rank
            prompt, seed = todo[min(own, len(todo) - 1)]  # who has nothing left helps with the last one
            latents = sampled(trainer, prompt.text, seed)
            if own < len(todo):
                path = sample_path(folder, prompt, seed)
                path.parent.mkdir(parents=True, exist_ok=True)
                write(path, Video.from_frames(decoded(decoder, latents), wanted.fps))
    here.wait()
    return jobs


def sample_path(folder: Path, prompt: Prompt, seed: int) -> Path:
    """Where a sample lies; the layout is that of ``folder:`` generators."""
    return folder / prompt.id / f"{seed}.mp4"


def sampled(trainer: Trainer, prompt: str, seed: int) -> Any:
    """Normalised latents 1×16×T×H×W of one prompt that the cache holds, from noise drawn on the CPU."""
    from diffusers import WanPipeline

    wanted, device = trainer.config.validation, trainer.here.device
    pipeline = WanPipeline(
        tokenizer=None,
        text_encoder=None,
        vae=None,
        scheduler=scheduler(wanted.sampler, wanted.flow_shift),
        transformer=trainer.network,
    )
    pipeline.set_progress_bar_config(disable=True)
    bucket = max(buckets(trainer.config.clip), key=lambda shape: shape.frames)
    with torch.no_grad(), trainer.autocast():
        return pipeline(
            prompt_embeds=trainer.cache.prompt(prompt)[None].float().to(device),
            negative_prompt_embeds=trainer.cache.prompt(wanted.negative_prompt)[None].float().to(device),
            width=bucket.width,
            height=bucket.height,
            num_frames=bucket.frames,
            num_inference_steps=wanted.steps,
            guidance_scale=wanted.guidance,
            generator=torch.Generator().manual_seed(seed),
            output_type="latent",
        ).frames


def decoded(decoder: Any, latents: Any) -> Any:
    """Frames T×H×W×3 in 0…1 of one sample's normalised latents, in float32."""
    mean, std = (part.to(latents.device) for part in wan.latent_statistics(decoder))
    with torch.inference_mode():
        pixels = decoder.decode(latents.float() * std + mean).sample[0]
    return (pixels.permute(1, 2, 3, 0) / 2 + 0.5).clamp(0, 1).cpu().numpy()
