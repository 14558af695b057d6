"""How long does a video take on one GPU, how much memory, and does a seed repeat? Wan2.1 T2V 1.3B, random weights.

Weights have the real sizes and random values: right for time and memory, and made in seconds without a download. It
needs a CUDA GPU with about 40 GB, torch and diffusers; without them it says so and ends. ``--tiny`` runs the same code
on toy sizes on any device, to see that the script works.

    python benchmarks/gpu_generate.py --steps 10
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from microworldbench.generation.request import GenerationRequest

VARIANTS: dict[str, dict[str, Any]] = {
    "eager": {},
    "batch of 2": {"batch": 2},
    "decoder in tiles": {"vae_tiling": True},
    "blocks compiled": {"compile_blocks": True},
    "parts offloaded": {"offload": "model"},
}


def main() -> None:
    """Prints one line a variant: seconds a video, ratio to eager, peak memory, whether the seed repeats."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--frames", type=int, default=81)
    parser.add_argument("--tiny", action="store_true", help="toy sizes, any device")
    parser.add_argument("--variant", action="append", choices=list(VARIANTS), help="only these; repeatable")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there too")
    options = parser.parse_args()
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("diffusers") is None:
        print("gpu_generate needs torch and diffusers (pip install 'microworldbench[diffusers]'); nothing was measured")
        return
    import torch

    if not torch.cuda.is_available() and not options.tiny:
        print("gpu_generate needs a CUDA GPU, and torch sees none here; nothing was measured")
        return
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    size = "toy sizes" if options.tiny else "full size, random weights"
    frames = 5 if options.tiny else options.frames
    print(f"Wan2.1 T2V 1.3B, {size}, {frames} frames, {options.steps} steps, {device}, torch {torch.__version__}")
    print(f"{'variant':18}{'first s':>9}{'s/video':>9}{'ratio':>7}{'s/step':>8}{'peak GB':>9}  seed repeats")
    with tempfile.TemporaryDirectory() as folder:
        rows = [measured(name, Path(folder), options) for name in options.variant or VARIANTS]
    for row in rows:
        base = rows[0].get("video_s")
        if "error" in row:
            print(f"{row['variant']:18}{row['error']}")
            continue
        print(
            f"{row['variant']:18}{row['first_s']:9.2f}{row['video_s']:9.2f}{row['video_s'] / base if base else 0:7.2f}"
            f"{row['video_s'] / options.steps:8.3f}{row['peak_gb']:9.2f}  {row['repeats']}"
        )
    if options.json:
        options.json.write_text(json.dumps({"device": device, "torch": torch.__version__, "rows": rows}, indent=1))


def measured(name: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """One variant: a first video (compilation, allocator), then the same seed again, timed."""
    import torch

    settings = VARIANTS[name]
    cuda = torch.cuda.is_available()
    if settings.get("offload") and not cuda:
        return {"variant": name, "error": "needs an accelerator"}
    try:
        generator = made(folder, options, settings)
        requests = [
            GenerationRequest(task_id="t", prompt="A cell divides.", seed=n) for n in range(settings.get("batch", 1))
        ]
        if cuda:
            torch.cuda.reset_peak_memory_stats()
        first_s, first = timed(generator, requests)
        again_s, again = timed(generator, requests)
    except Exception as error:  # noqa: BLE001 one variant that cannot run here must not hide the others
        return {"variant": name, "error": f"{type(error).__name__}: {str(error).splitlines()[0][:90]}"}
    same = all((a.video.frames == b.video.frames).all() for a, b in zip(first, again, strict=True))
    row = {
        "variant": name,
        "first_s": first_s / len(requests),
        "video_s": again_s / len(requests),
        "peak_gb": torch.cuda.max_memory_allocated() / 1e9 if cuda else 0.0,
        "repeats": "yes" if same else "no",
    }
    del generator
    if cuda:
        torch.cuda.empty_cache()
    return row


def timed(generator: Any, requests: list[GenerationRequest]) -> tuple[float, Any]:
    """Seconds and videos of one pass, decoding included."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()
    began = time.monotonic()
    videos = generator.generate_batch(requests)
    return time.monotonic() - began, videos


def made(folder: Path, options: argparse.Namespace, settings: dict[str, Any]) -> Any:
    """The library's own generator on the built weights, so that what is measured is what users run."""
    from microworldbench.generation.diffusers import DiffusersGenerator, DiffusersSettings, Recipe
    from microworldbench.generation.pipelines import place
    from microworldbench.testing.tiny import build_tiny

    tiny = build_tiny("wan2.1", folder / "tiny")
    recipe = Recipe("WanPipeline", frame_step=4, size_step=16, float32=("vae",))
    shape = {"width": 64, "height": 64, "frames": 5} if options.tiny else {"frames": options.frames}
    generator = DiffusersGenerator(
        DiffusersSettings(model=str(tiny), steps=options.steps, **{**shape, **settings}), recipe
    )
    if not options.tiny:
        pipeline = full_size(tiny)
        place(pipeline, generator.settings, "cuda")
        pipeline.set_progress_bar_config(disable=True)
        generator._pipeline = pipeline
    return generator


def full_size(tiny: Path, device: str = "cuda") -> Any:
    """Wan2.1 T2V 1.3B with its text encoder and decoder, random, in bfloat16 (decoder: float32)."""
    import torch
    from diffusers import AutoencoderKLWan, WanPipeline, WanTransformer3DModel
    from transformers import UMT5Config, UMT5EncoderModel

    donor = WanPipeline.from_pretrained(tiny)
    sizes = {"vocab_size": 256384, "d_model": 4096, "d_kv": 64, "d_ff": 10240, "num_layers": 24, "num_heads": 64}
    text = UMT5Config(**sizes, feed_forward_proj="gated-gelu")
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device(device):
            encoder = UMT5EncoderModel(text).eval()
            network = WanTransformer3DModel(num_attention_heads=12, ffn_dim=8960, num_layers=30).eval()
    finally:
        torch.set_default_dtype(before)
    with torch.device(device):
        vae = AutoencoderKLWan().eval()
    return WanPipeline(
        tokenizer=donor.tokenizer, text_encoder=encoder, vae=vae, transformer=network, scheduler=donor.scheduler
    )


if __name__ == "__main__":
    sys.exit(main())
