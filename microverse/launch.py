"""The processes of a run: one alone, or those that ``torchrun`` started. There is always a process group."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist

PATIENCE = timedelta(minutes=30)
"""How long a process waits for the others: rank 0 may be saving a first checkpoint or reading the text encoder."""


@dataclass(frozen=True)
class Processes:
    """This process among the run's.

    Attributes:
        rank: Its number.
        count: How many there are.
        on_node: How many of them run on this machine.
        device: Where it computes.
    """

    rank: int
    count: int
    on_node: int
    device: Any

    @property
    def leads(self) -> bool:
        """Whether it is the one that writes and prints."""
        return self.rank == 0

    def gathered(self, values: Any) -> Any:
        """Every process's float64 tensor of one shape, stacked by rank; a sum over them is the same everywhere."""
        if self.count == 1:
            return values[None]
        parts = [torch.empty_like(values) for _ in range(self.count)]
        dist.all_gather(parts, values)
        return torch.stack(parts)

    def told(self, value: Any) -> Any:
        """What rank 0 says, for everybody; any object that can be pickled."""
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def collected(self, value: Any) -> list[Any]:
        """Every process's object, by rank, for everybody."""
        boxes: list[Any] = [None] * self.count
        dist.all_gather_object(boxes, value)
        return boxes

    def wait(self) -> None:
        """Until all are here."""
        if self.count > 1:
            dist.all_reduce(torch.zeros(1))  # on the CPU: a barrier would wait for the GPU's stream


@contextmanager
def processes() -> Iterator[Processes]:
    """Joins the process group that torchrun's environment describes, or makes one of this process alone.

    Collectives on CPU tensors go over gloo, so that control never waits for the GPU's stream.
    """
    local = int(os.environ.get("LOCAL_RANK", "0"))
    if torch.cuda.is_available():
        device, backend = torch.device("cuda", local), "cpu:gloo,cuda:nccl"
        torch.cuda.set_device(device)
    else:
        device, backend = torch.device("cpu"), "gloo"
    if "RANK" in os.environ and "WORLD_SIZE" in os.environ:
        dist.init_process_group(backend, timeout=PATIENCE)
    else:
        dist.init_process_group(backend, store=dist.HashStore(), rank=0, world_size=1)
    try:
        count = dist.get_world_size()
        yield Processes(dist.get_rank(), count, int(os.environ.get("LOCAL_WORLD_SIZE", count)), device)
    finally:
        dist.destroy_process_group()
