"""What does a training step cost beyond the network's own work?

Compares the trainer's loop (samples from a cache on disk, draws by number, checks for values that are not finite, a
record a step in the log) with the least loop one could write around the same diffusers network: everything in memory,
noise from the global generator, `mse_loss`, backward, clipping, fused AdamW. Blocks of at least 200 ms are interleaved
and compared in pairs, so that a busy machine slows both alike; the median ratio counts. Beside it stands that of the
processor time, which a neighbour hardly changes and which holds what the trainer's reading thread does meanwhile. The
first losses are checked to be the same when both see the same samples.

    python benchmarks/train_step.py [--rounds N]
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from microverse import wan
from microverse.cache.command import fill
from microverse.cache.reading import Cache
from microverse.checkpoints import Saver
from microverse.config import RunConfig
from microverse.launch import Processes, processes
from microverse.presets import read_config
from microverse.sources import read_sources
from microverse.step import Batch
from microverse.stopping import StopRequest
from microverse.tiny import make_tiny
from microverse.trainer import Silent, Trainer
from microworldbench.video import Video, write

TARGET = 1.10
BLOCK_S = 0.2
CASES: dict[str, tuple[dict[str, int], list[str]]] = {
    "the demo's network and clips": ({}, []),
    "larger, full checkpointing": (
        {"width": 192, "layers": 6},
        ["clip.sizes=[128x96]", "clip.frames=[33]", "batch=2", "parallel.micro_batch=2", "checkpointing.mode=full"],
    ),
    "larger, bf16 products": (
        {"width": 192, "layers": 6},
        ["clip.sizes=[128x96]", "clip.frames=[33]", "batch=2", "parallel.micro_batch=2", "precision.compute=bf16"],
    ),
    "four passes accumulated": ({}, ["parallel.micro_batch=1"]),
}
STEPS = 1_000_000
"""More than are done; only the schedule would care, and it is constant."""


def clips(folder: Path) -> Path:
    """Eight clips of drifting noise with captions."""
    folder.mkdir()
    rows = []
    for number in range(8):
        still = np.random.default_rng(number).integers(0, 256, (96, 128, 3), dtype=np.uint8)
        write(folder / f"{number}.mp4", Video(np.stack([np.roll(still, 2 * t, 1) for t in range(34)]), 16.0))
        rows.append(f'{{"video": "{number}.mp4", "prompt": "Noise number {number} drifts to the right."}}\n')
    (folder / "metadata.jsonl").write_text("".join(rows))
    return folder


def prepared(folder: Path, name: str, here: Processes) -> RunConfig:
    """A case's model and cache."""
    size, settings = CASES[name]
    make_tiny(folder / "model", **size)
    places = [f"{part}={folder / part}" for part in ("model", "cache", "out")]
    fixed = [f"steps={STEPS}", "optimizer.schedule=constant", "optimizer.lr=1e-4", "save.asynchronous=false"]
    config = read_config("tiny", [*places, *fixed, *settings])
    fill(config, *read_sources(folder.parent / "clips"), here=here)
    return config


def ours(config: RunConfig, here: Processes, alone: ExitStack) -> Iterator[float]:
    """The losses of the trainer's own loop."""
    trainer = Trainer(config, here, Silent())
    trainer._open(alone)
    stop = alone.enter_context(StopRequest())
    saver = Saver(trainer.run_folder.checkpoints, keep=1, asynchronous=False, here=here)
    return (record.loss for record, _ in trainer._steps(stop, saver))


def bare(config: RunConfig, batches: Callable[[], list[Batch]] | None = None) -> Iterator[float]:
    """The losses of the least loop; of given samples instead of drawn ones, where they are given."""
    network = wan.load_network(Path(config.model)).train()
    if config.checkpointing.mode == "full":
        network.enable_gradient_checkpointing()
    cache = Cache(Path(config.cache))
    latents = torch.stack([cache.latents(clip).float() for clip in cache.clips])
    texts = torch.stack([cache.text(clip.caption).float() for clip in cache.clips])
    adam = torch.optim.AdamW(network.parameters(), lr=config.optimizer.lr, weight_decay=0.01, fused=True)
    passes, size = config.batch // config.parallel.micro_batch, config.parallel.micro_batch
    while True:
        total = 0.0
        for given in batches() if batches else [None] * passes:
            if given is None:
                chosen = torch.randint(len(latents), (size,))
                clean, text, level = latents[chosen], texts[chosen], torch.rand(size)
                noise = torch.randn_like(clean)
            else:
                clean, text, level, noise = given.latents.float(), given.text.float(), given.levels, given.noise
            shape = level[:, None, None, None, None]
            with torch.autocast("cpu", torch.bfloat16, enabled=config.precision.compute == "bf16"):
                predicted = network((1 - shape) * clean + shape * noise, level * 1000, text, return_dict=False)[0]
            loss = torch.nn.functional.mse_loss(predicted.float(), noise - clean) / passes
            loss.backward()
            total += loss.item()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        adam.step()
        adam.zero_grad()
        yield total


def check_same(config: RunConfig, here: Processes) -> None:
    """Both loops compute the same loss of the same samples, or a comparison of their times would mean nothing."""
    trainer = Trainer(config, here, Silent())
    feed = trainer.feed()
    mine = next(ours(config.model_copy(update={"out": config.out + "-check"}), here, alone := ExitStack()))
    alone.close()
    theirs = next(bare(config, lambda: next(feed.steps(0, 1)).batches))
    if not math.isclose(mine, theirs, rel_tol=1e-2 if config.precision.compute == "bf16" else 1e-5):
        raise SystemExit(f"the loops compute different losses of the same samples: {mine} and {theirs}")


@dataclass(frozen=True)
class Block:
    """Seconds a step."""

    wall: float
    processor: float


def timed(loop: Iterator[float], steps: int) -> Block:
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(steps):
        next(loop)
    return Block((time.perf_counter() - wall) / steps, (time.process_time() - processor) / steps)


def compare(config: RunConfig, here: Processes, rounds: int) -> list[tuple[Block, Block]]:
    """Pairs of neighbouring blocks, of the trainer's loop and of the bare one."""
    check_same(config, here)
    with ExitStack() as alone:
        mine, theirs = ours(config, here, alone), bare(config)
        for loop in (mine, theirs):
            timed(loop, 3)
        steps = max(1, math.ceil(BLOCK_S / timed(theirs, 5).wall))
        pairs = []
        for turn in range(rounds):
            blocks = {loop: timed(loop, steps) for loop in ((mine, theirs) if turn % 2 else (theirs, mine))}
            pairs.append((blocks[mine], blocks[theirs]))
    return pairs


def row(name: str, pairs: list[tuple[Block, Block]]) -> bool:
    """Prints a case; whether its target is reached."""
    wall, processor = (median(getattr(a, kind) / getattr(b, kind) for a, b in pairs) for kind in ("wall", "processor"))
    mine, theirs = (median(pair[which].wall for pair in pairs) * 1e3 for which in (0, 1))
    verdict = "ok" if wall <= TARGET else "MISSED"
    print(f"{name:32}{mine:9.1f}{theirs:9.1f}{wall:13.3f}{processor:11.3f}{TARGET:11.2f}  {verdict}", flush=True)
    return wall <= TARGET


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=21)
    rounds = parser.parse_args().rounds
    wan.quieten()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", message="Mismatch dtype between input and weight")  # of the bare loop's norms
    print(f"{'a step on one core':32}{'ours ms':>9}{'bare ms':>9}{'ours / bare':>13}{'processor':>11}{'must be ≤':>11}")
    reached = True
    with tempfile.TemporaryDirectory(prefix="mwb-train-") as folder, processes() as here:
        clips(Path(folder) / "clips")
        for number, name in enumerate(CASES):
            (place := Path(folder) / str(number)).mkdir()
            reached &= row(name, compare(prepared(place, name, here), here, rounds))
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
