"""What a run will take, said before it starts: shapes, batch, memory, arithmetic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from microworldbench.errors import InputError

from . import costs, parallel, wan
from .cache.reading import Cache
from .clips import buckets
from .config import RunConfig


def pieces(config: RunConfig, count: int, on_node: int) -> int:
    """Over how many processes the state is cut up."""
    if count == 1 or config.parallel.layout == "ddp":
        return 1
    return count if config.parallel.layout == "fsdp" else config.parallel.shard or on_node


def parameters(config: RunConfig, folder: Path) -> tuple[int, int]:
    """Frozen and trained parameters of the network, without reading its weights."""
    import torch
    from diffusers import WanTransformer3DModel

    from .network import add_lora, trainable

    with torch.device("meta"):
        network = WanTransformer3DModel.from_config(wan.geometry(folder))
        if config.lora is not None:
            add_lora(network, config.lora)
    total = sum(parameter.numel() for parameter in network.parameters())
    trained = sum(parameter.numel() for parameter in trainable(network).values())
    return total - trained, trained


def estimate(config: RunConfig, folder: Path, count: int, on_node: int) -> costs.MemoryEstimate:
    """Memory on each device."""
    frozen, trained = parameters(config, folder)
    return costs.memory(
        config,
        costs.Geometry.of(wan.geometry(folder)),
        frozen=frozen,
        trained=trained,
        pieces=pieces(config, count, on_node),
        bucket=max(buckets(config.clip), key=lambda shape: shape.width * shape.height * shape.frames),
    )


def facts(config: RunConfig, cache: Cache, folder: Path, count: int, on_node: int) -> list[tuple[str, str]]:
    """What a run is, by name and value.

    Raises:
        InputError: the batch cannot be shared by the processes.
    """
    frozen, trained = parameters(config, folder)
    geometry = costs.Geometry.of(wan.geometry(folder))
    batch = config.batch * (count if config.batch_is == "per_process" else 1)
    share = parallel.samples_of(batch, config.parallel.micro_batch, 0, count)
    clips = [(bucket, len(found)) for bucket, found in cache.buckets("train")]
    total = sum(number for _, number in clips)
    memory = estimate(config, folder, count, on_node)
    shapes = ", ".join(f"{number:,} of {bucket} ({geometry.tokens(bucket):,} tokens)" for bucket, number in clips)
    what = "all weights" if config.lora is None else f"adapters of rank {config.lora.rank}"
    flops = max(costs.training_flops(geometry, bucket, config.lora is not None) for bucket, _ in clips)
    return [
        ("model", f"{config.model}: {frozen + trained:,} parameters, {what} trained ({trained:,})"),
        ("clips", f"{shapes}; {len(cache.refused):,} quarantined"),
        ("steps", f"{config.steps:,} of {batch} samples, {config.steps * batch / total:.2f} passes over the clips"),
        (
            "processes",
            f"{count} ({config.parallel.layout}), each {len(share)} × {config.parallel.micro_batch} samples a step",
        ),
        ("numbers", f"{config.precision.weights} weights, {config.precision.compute} products"),
        ("memory", f"about {size(memory.total)} a process: {told(memory)}"),
        ("arithmetic", f"{flops * batch / 1e12:,.3g} TFLOP a step"),
        ("run folder", config.out),
    ]


def told(memory: costs.MemoryEstimate) -> str:
    """An estimate by its parts."""
    parts = {
        "weights": memory.weights,
        "gradients": memory.gradients,
        "moments": memory.moments,
        "average": memory.average,
        "casts": memory.casts,
        "activations": memory.activations,
    }
    return ", ".join(f"{name} {size(number)}" for name, number in parts.items() if number)


def size(number: float) -> str:
    """Bytes in GiB, or in MiB where they are few."""
    return f"{number / costs.GIB:.1f} GiB" if number >= costs.GIB / 10 else f"{number / 2**20:.1f} MiB"


def check_memory(memory: costs.MemoryEstimate, device: Any, capacity: int | None) -> str | None:
    """Refuses what cannot fit, before minutes are spent on it.

    Args:
        memory: The estimate.
        device: Named in the message.
        capacity: Bytes of it; None where there is no limit to compare with.

    Returns:
        A warning where it may not fit: activations are estimated, the rest is certain.

    Raises:
        InputError: weights, gradients and optimizer alone are too large.
    """
    if capacity is None:
        return None
    has = f"{device} has {size(capacity)}"
    if memory.state > capacity:
        raise InputError(
            f"weights, gradients and optimizer need {size(memory.state)} and {has}: use "
            "parallel.layout=fsdp on more GPUs, or lora={}"
        )
    if memory.total <= capacity:
        return None
    return (
        f"this may not fit: about {size(memory.total)} ({told(memory)}) and {has}. "
        "checkpointing.mode=full, parallel.micro_batch=1 and parallel.layout=fsdp need less"
    )


def warnings(config: RunConfig) -> list[str]:
    """Settings that train otherwise than people expect."""
    found = []
    if config.precision.weights == "bf16":
        found.append(
            "precision.weights=bf16: at a rate of 1e-5 most updates are smaller than half a step of bfloat16 and are "
            "rounded away (100 AdamW steps move about a tenth of the weights); fp32 is what the paper states"
        )
    if config.text.dropped == "zeros" and config.text.dropout:
        found.append(
            "text.dropped=zeros: the sampler's unconditional prediction uses the empty prompt's embedding, which is "
            "not zeros; the null condition it is given would not have been trained"
        )
    return found
