"""What a step took: time, throughput, share of the hardware's arithmetic, memory."""

from __future__ import annotations

import resource
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from .launch import Processes


@dataclass(frozen=True)
class StepRecord:
    """A step, as it is logged and shown.

    Attributes:
        step: Steps done, with it.
        loss: Mean over the batch of the weighted squared errors.
        learning_rate: Of the step.
        gradient_norm: Before clipping.
        levels: Noise level of each sample.
        errors: Weighted squared error of each sample, in the same order.
        seconds: Of the step, waiting included, looks and saves not.
        waited_s: Of them, waiting for data.
        samples_per_s: Over all processes.
        tokens_per_s: Video tokens, over all processes.
        mfu: Useful operations by what the processes' hardware could do at most; None where that is not known.
        memory_gib: Peak of this process's device, or of the process itself without one.
    """

    step: int
    loss: float
    learning_rate: float
    gradient_norm: float
    levels: list[float]
    errors: list[float]
    seconds: float
    waited_s: float
    samples_per_s: float
    tokens_per_s: float
    mfu: float | None
    memory_gib: float

    def as_json(self) -> dict[str, Any]:
        """For the log: what decides is written in full, what was measured to six digits."""
        exact = {"step", "loss", "learning_rate", "gradient_norm"}
        return {name: value if name in exact else _rounded(value) for name, value in asdict(self).items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, Sequence):
        return [_rounded(each) for each in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def peak_memory_gib(here: Processes) -> float:
    """The most memory used so far, in GiB."""
    if here.device.type == "cuda":
        return float(torch.cuda.max_memory_allocated(here.device)) / 2**30
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage counts bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30
