"""How the network is spread over processes: DDP, FSDP2 or HSDP, by torch's own engine.

A network that is not spread (one process) is used as it is, so that everything can be compared with it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import torch
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard
from torch.nn.parallel import DistributedDataParallel

from microworldbench.errors import InputError

from .config import Parallel
from .launch import Processes


def samples_of(step_batch: int, micro_batch: int, rank: int, count: int) -> list[range]:
    """Which samples of a step's batch a process takes, one range a forward pass.

    Raises:
        InputError: the batch cannot be shared out evenly.
    """
    together = micro_batch * count
    if step_batch % together:
        raise InputError(
            f"a batch of {step_batch} cannot be shared by {count} processes that take {micro_batch} at once: make it a "
            f"multiple of {together}, or lower parallel.micro_batch"
        )
    starts = range(rank * micro_batch, step_batch, together)
    return [range(start, start + micro_batch) for start in starts]


def spread(build: Callable[[], Any], blank: Callable[[], Any], how: Parallel, here: Processes) -> Any:
    """The network on this process's device, spread as `how` says.

    Args:
        build: Makes the network with its weights on the CPU.
        blank: Makes the same network without weights, on the ``meta`` device.
        how: Layout.
        here: This process.
    """
    if here.count == 1 or how.layout == "ddp":
        network = build().to(here.device)
        if here.count == 1:
            return network
        ids = [here.device.index] if here.device.type == "cuda" else None
        return DistributedDataParallel(network, device_ids=ids, gradient_as_bucket_view=True)
    source = build() if here.leads else None
    network = blank()
    policy = MixedPrecisionPolicy()
    if how.all_gather == "bf16":
        policy = MixedPrecisionPolicy(torch.bfloat16, reduce_dtype=torch.float32, cast_forward_inputs=False)
    mesh = mesh_of(how, here)
    for block in network.blocks:
        fully_shard(block, mesh=mesh, mp_policy=policy)
    fully_shard(network, mesh=mesh, mp_policy=policy)
    network.to_empty(device=here.device)
    _fill(network, source)
    return network


def mesh_of(how: Parallel, here: Processes) -> DeviceMesh:
    """The processes in one row (fsdp), or in groups that each hold everything (hsdp).

    Raises:
        InputError: the processes do not divide into such groups.
    """
    if how.layout == "fsdp":
        return init_device_mesh(here.device.type, (here.count,), mesh_dim_names=("shard",))
    shard = how.shard or here.on_node
    if here.count % shard:
        raise InputError(f"parallel.shard: {here.count} processes do not divide into groups of {shard}")
    return init_device_mesh(here.device.type, (here.count // shard, shard), mesh_dim_names=("replicate", "shard"))


def _fill(network: Any, source: Any) -> None:
    """Gives every process its part of rank 0's weights; tables that no file holds are computed again."""
    from torch.distributed.checkpoint.state_dict import StateDictOptions, set_model_state_dict

    options = StateDictOptions(full_state_dict=True, broadcast_from_rank0=True)
    set_model_state_dict(network, {} if source is None else source.state_dict(), options=options)
    shape = network.config
    fresh = type(network.rope)(shape.attention_head_dim, shape.patch_size, shape.rope_max_seq_len)
    for name, table in fresh.named_buffers():
        getattr(network.rope, name).copy_(table)


def plain(network: Any) -> Any:
    """The network itself, for its methods and for sampling."""
    return network.module if isinstance(network, DistributedDataParallel) else network


@contextlib.contextmanager
def accumulating(network: Any, last: bool) -> Any:
    """The context of one forward and backward pass: gradients travel with the last one only."""
    if isinstance(network, FSDPModule):
        network.set_requires_gradient_sync(last)
        yield
    elif isinstance(network, DistributedDataParallel) and not last:
        with network.no_sync():
            yield
    else:
        yield


def clip_norm(parameters: list[Any], largest: float | None) -> Any:
    """Clips all gradients together and returns their norm before that, over all processes.

    Args:
        parameters: What is trained.
        largest: None only measures.
    """
    norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
    if hasattr(norm, "full_tensor"):
        norm = norm.full_tensor()
    if largest is not None:
        torch.nn.utils.clip_grads_with_norm_(parameters, largest, norm)
    return norm
