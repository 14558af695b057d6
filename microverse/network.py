"""The network made ready to train: what is trained, in which numbers, what is kept for the backward pass."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.distributed.fsdp import FSDPModule
from torch.utils.checkpoint import (
    CheckpointPolicy,
    checkpoint,
    create_selective_checkpoint_contexts,
)

from microworldbench.errors import InputError

from .config import Checkpointing, Lora, RunConfig
from .messages import first_line

ADAPTER = "default"

ATTENTION_OPS = (
    "_scaled_dot_product_flash_attention",
    "_scaled_dot_product_efficient_attention",
    "_scaled_dot_product_cudnn_attention",
    "_scaled_dot_product_flash_attention_for_cpu",
    "_scaled_dot_product_fused_attention_overrideable",
)
"""What scaled dot product attention becomes on each device."""
_KEPT = {getattr(torch.ops.aten, name).default for name in ATTENTION_OPS if hasattr(torch.ops.aten, name)}


def prepare(network: Any, config: RunConfig, device_type: str) -> None:
    """Freezes, adapts, casts and marks the blocks, in place and before anything is distributed.

    Args:
        network: A float32 `WanTransformer3DModel`, on any device (``meta`` too).
        config: The run.
        device_type: Where it will run: ``cpu`` or ``cuda``.
    """
    if config.lora is not None:
        add_lora(network, config.lora)
    else:
        network.requires_grad_(True)
    if config.precision.weights == "bf16":
        for parameter in network.parameters():
            parameter.data = parameter.data.to(torch.bfloat16)
    network.train()
    _keep_time_in_float32(network, device_type)
    _norm_in_the_inputs_format(network)
    if config.attention is not None:
        _set_attention(network, config.attention)
    arrange_blocks(network, config.checkpointing, config.compile)


def add_lora(network: Any, lora: Lora) -> None:
    """Freezes the network and adds adapters to it. They start at zero: the network computes what it did.

    Raises:
        InputError: no layer ends in one of the targets.
    """
    from peft import LoraConfig

    names = [name for name, module in network.named_modules() if isinstance(module, torch.nn.Linear)]
    for target in lora.targets:
        if not any(name == target or name.endswith(f".{target}") for name in names):
            raise InputError(f"lora.targets: no layer's name ends in {target!r}; one is {names[-2]!r}")
    network.requires_grad_(False)
    network.add_adapter(
        LoraConfig(r=lora.rank, lora_alpha=lora.alpha, target_modules=list(lora.targets), init_lora_weights=True),
        adapter_name=ADAPTER,
    )


def trainable(network: Any) -> dict[str, Any]:
    """The trained parameters by name."""
    return {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}


def autocast(config: RunConfig, device_type: str) -> Any:
    """The context of a forward pass."""
    return torch.autocast(device_type, dtype=torch.bfloat16, enabled=config.precision.compute == "bf16")


def _keep_time_in_float32(network: Any, device_type: str) -> None:
    """Lets the time's embedding be computed in its weights' format, as Wan does; autocast would round it."""
    embedder = network.condition_embedder.time_embedder
    inner = embedder.forward

    def forward(sample: Any, *args: Any, **kwargs: Any) -> Any:
        with torch.autocast(device_type, enabled=False):
            return inner(sample, *args, **kwargs)

    embedder.forward = forward


def _norm_in_the_inputs_format(network: Any) -> None:
    """Lets the norms of queries and keys use one kernel, which float32 weights beside bfloat16 inputs would prevent."""
    for module in network.modules():
        if isinstance(module, torch.nn.RMSNorm):
            module.forward = _rms_norm(module)


def _rms_norm(module: Any) -> Callable[[Any], Any]:
    def forward(x: Any) -> Any:
        return torch.nn.functional.rms_norm(x, module.normalized_shape, module.weight.to(x.dtype), module.eps)

    return forward


def _set_attention(network: Any, name: str) -> None:
    try:
        network.set_attention_backend(name)
    except (ValueError, ImportError, RuntimeError) as error:
        raise InputError(f"attention={name}: {first_line(error)}") from None


def arrange_blocks(network: Any, how: Checkpointing, compiled: bool = False) -> None:
    """Sets which blocks are computed again in the backward pass, and compiles them. Neither changes a gradient.

    Compilation is outermost, so that the compiler sees what is to be saved; a spread network's hooks stay outside it.
    """
    forward = type(network.blocks[0]).forward
    keep, again = forward, _computed_again(forward, how)
    if compiled:
        keep, again = (torch.compile(function, fullgraph=True) for function in (keep, again))
    for number, block in enumerate(network.blocks):
        repeats = how.mode in ("full", "attention_saved") or (how.mode == "every_n" and number % how.n == 0)
        block.forward = functools.partial(again if repeats else keep, block)


def _computed_again(forward: Callable[..., Any], how: Checkpointing) -> Callable[..., Any]:
    options: dict[str, Any] = {"use_reentrant": False, "preserve_rng_state": False}
    if how.mode == "attention_saved":
        options["context_fn"] = _saving_attention

    def run(block: Any, *args: Any) -> Any:
        return checkpoint(forward, block, *args, **options)

    return run


def _saving_attention() -> Any:
    return create_selective_checkpoint_contexts(_policy)


def _policy(_context: Any, operation: Any, *_args: Any, **_kwargs: Any) -> CheckpointPolicy:
    return CheckpointPolicy.MUST_SAVE if operation in _KEPT else CheckpointPolicy.PREFER_RECOMPUTE


@contextlib.contextmanager
def evaluating(network: Any) -> Iterator[None]:
    """Switches training behaviour and gradients off for a while.

    A network that is cut up is left so: without a backward pass, FSDP keeps what it gathered of the outermost part, and
    would go on computing with that after the weights were changed.
    """
    was = network.training
    network.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        network.train(was)
        if isinstance(network, FSDPModule):
            network.reshard()
