"""How long does a training step take on one GPU, how much memory, which share of its arithmetic? Wan2.1 T2V 1.3B.

Weights and latents have the real sizes and random values: right for time and memory, and made in seconds without a
download. What is timed is the library's own step, data from a cache on disk included. It needs a CUDA GPU of 80 GB or
more, torch, diffusers and peft, and ends well within nine minutes; ``--tiny`` runs the same code on toy sizes on any
device, to see that the script works.

    python benchmarks/gpu_train.py --json rows.json
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

FULL_SIZE = {"num_attention_heads": 12, "attention_head_dim": 128, "ffn_dim": 8960, "num_layers": 30}
TOY_SIZE = {"num_attention_heads": 2, "attention_head_dim": 24, "ffn_dim": 96, "num_layers": 2}
SAVED = "checkpointing.mode=attention_saved"
VARIANTS: dict[str, list[str]] = {
    "full checkpointing": [],
    "attention saved": [SAVED],
    "attention saved, compiled": [SAVED, "compile=true"],
    "full checkpointing, compiled": ["compile=true"],
    "attention saved, cuDNN": [SAVED, "attention=_native_cudnn"],
    "attention saved, flash": [SAVED, "attention=_native_flash"],
    "attention saved, bf16 weights": [SAVED, "precision.weights=bf16"],
    "every second block": ["checkpointing.mode=every_n"],
    "LoRA, attention saved": [SAVED, "lora.rank=32"],
    "LoRA, full checkpointing": ["lora.rank=32"],
    "attention saved, batch of 2": [SAVED, "parallel.micro_batch=2"],
}
GOALS = "goals on an H200: MFU 45 % or more; attention saved 12 % faster than full within 60 GiB; waiting below 2 %"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=4, help="timed steps of each variant, after two")
    parser.add_argument("--size", default="832x480x81", help="width x height x frames")
    parser.add_argument("--budget-s", type=float, default=420.0, help="no variant is begun after so many seconds")
    parser.add_argument("--tiny", action="store_true", help="toy sizes, any device")
    parser.add_argument("--variant", action="append", choices=list(VARIANTS), help="only these; repeatable")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there too")
    options = parser.parse_args()
    for package in ("torch", "diffusers", "peft"):
        if importlib.util.find_spec(package) is None:
            print(f"gpu_train needs {package} (pip install 'microworldbench[microverse]'); nothing was measured")
            return 0
    import torch

    if not torch.cuda.is_available() and not options.tiny:
        print("gpu_train needs a CUDA GPU, and torch sees none here; nothing was measured")
        return 0
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    size = "48x32x9" if options.tiny else options.size
    print(f"Wan2.1 T2V 1.3B{' at toy size' if options.tiny else ''}, {size}, {device}, torch {torch.__version__}")
    print(f"{'variant':32}{'s/step':>9}{'samples/s':>11}{'peak GiB':>10}{'MFU':>8}{'waiting':>9}{'first s':>9}")
    began, rows = time.monotonic(), []
    with tempfile.TemporaryDirectory() as folder:
        cache = synthetic_cache(Path(folder) / "cache", size, options.tiny)
        for name in options.variant or VARIANTS:
            late = time.monotonic() - began > options.budget_s
            rows.append({"variant": name, "error": "out of time"} if late else measured(name, cache, size, options))
            show(rows[-1])
    if not options.tiny:
        print(GOALS)
    if options.json:
        found = {"device": device, "torch": torch.__version__, "size": size, "date": time.strftime("%Y-%m-%d")}
        options.json.write_text(json.dumps({**found, "rows": rows}, indent=1))
    return 0


def show(row: dict[str, Any]) -> None:
    if "error" in row:
        print(f"{row['variant']:32}{row['error']}", flush=True)
        return
    mfu = "—" if row["mfu"] is None else f"{row['mfu']:.1%}"
    peak = "—" if row["peak_gib"] is None else f"{row['peak_gib']:.1f}"
    print(
        f"{row['variant']:32}{row['step_s']:9.3f}{row['samples_per_s']:11.3f}{peak:>10}{mfu:>8}"
        f"{row['waiting']:9.2%}{row['first_s']:9.1f}",
        flush=True,
    )


def measured(name: str, cache: Path, size: str, options: argparse.Namespace) -> dict[str, Any]:
    """One variant; what cannot run here is told and hides no other."""
    import torch

    try:
        return {"variant": name, **timed(configured(cache, size, VARIANTS[name]), options)}
    except Exception as error:  # noqa: BLE001 out of memory, a kernel that is not there …
        return {"variant": name, "error": f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:80]}"}
    finally:
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        torch.compiler.reset()


def configured(cache: Path, size: str, settings: list[str]) -> Any:
    from microverse.presets import read_config

    width, height, frames = size.split("x")
    shape = [f"clip.sizes=[{width}x{height}]", f"clip.frames=[{frames}]"]
    config = read_config("paper-full", ["batch=1", f"cache={cache}", *shape, *settings])
    return config.model_copy(update={"batch": config.parallel.micro_batch})


def timed(config: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Seconds a step, first step apart; peak memory; arithmetic done by what the GPU could do."""
    import torch

    from microverse import costs, network, optimizer, parallel
    from microverse.cache.reading import Cache
    from microverse.clips import Bucket
    from microverse.feed import Feed
    from microverse.flow import Objective
    from microverse.plan import Plan
    from microverse.step import accumulate

    device = torch.device("cuda", 0) if torch.cuda.is_available() else torch.device("cpu")
    made = random_network(options.tiny, device)
    network.prepare(made, config, device.type)
    trained = list(network.trainable(made).values())
    adam, cache = optimizer.adamw(trained, config.optimizer), Cache(Path(config.cache))
    (bucket, clips), share = cache.buckets("train")[0], [range(config.batch)]
    feed = Feed(cache, Plan([len(clips)], config.batch, 0, 0.1), Objective("flow", config.sigma), share, device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    taken, waited = [], []
    began = time.perf_counter()
    for fetched in feed.steps(0, options.steps + 2):
        accumulate(made, fetched.batches, lambda: network.autocast(config, device.type)).cpu()
        parallel.clip_norm(trained, config.optimizer.clip_norm)
        adam.step()
        adam.zero_grad(set_to_none=True)
        if device.type == "cuda":
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - began)
        waited.append(fetched.waited_s)
        began = time.perf_counter()
    seconds = median(taken[2:])
    peak = costs.peak_flops(torch.cuda.get_device_name()) if device.type == "cuda" else None
    geometry = costs.Geometry.of(made.config)
    flops = costs.training_flops(geometry, Bucket.parse(str(bucket)), config.lora is not None) * config.batch
    return {
        "first_s": taken[0],
        "step_s": seconds,
        "samples_per_s": config.batch / seconds,
        "peak_gib": torch.cuda.max_memory_allocated() / costs.GIB if device.type == "cuda" else None,
        "mfu": None if peak is None else flops / seconds / peak,
        "waiting": sum(waited[2:]) / sum(taken[2:]),
    }


def random_network(is_tiny: bool, device: Any) -> Any:
    import torch
    from diffusers import WanTransformer3DModel

    with torch.device(device):
        size = {**TOY_SIZE, "text_dim": 32, "rope_max_seq_len": 64} if is_tiny else FULL_SIZE
        return WanTransformer3DModel(**size)


def synthetic_cache(folder: Path, size: str, is_tiny: bool) -> Path:
    """A cache of eight clips of noise with the real sizes."""
    import torch

    from microverse.cache import records, shards
    from microverse.cache.encode import caption_key

    width, height, frames = (int(part) for part in size.split("x"))
    shape, text = (16, (frames - 1) // 4 + 1, height // 8, width // 8), 32 if is_tiny else 4096
    folder.mkdir()
    clips, captions = [], ["", *(f"clip {number}" for number in range(8))]
    with shards.ShardWriter(folder, "texts", 10**9) as texts, shards.ShardWriter(folder, "latents", 10**9) as latents:
        for caption in captions:
            texts.add(caption_key(caption), torch.randn(1 if not caption else 180, text).to(torch.bfloat16))
        for caption in captions[1:]:
            latents.add(caption, torch.randn(shape).to(torch.bfloat16))
            entry = {"id": caption, "bucket": size, "split": "train", "latents": caption, "tokens": 180}
            clips.append(records.ClipEntry(**entry, caption=caption_key(caption), source_fps=16.0))
    about = {"sizes": (f"{width}x{height}",), "frames": (frames,), "fps": 16.0, "window": "start", "latents": "bf16"}
    info = records.CacheInfo(decoder="", text_encoder="", text_tokens=512, **about)
    (folder / "cache.json").write_text(info.model_dump_json())
    (folder / "clips.jsonl").write_bytes(records.lines(clips))
    return folder


if __name__ == "__main__":
    sys.exit(main())
