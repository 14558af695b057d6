"""One optimisation step, the arithmetic alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from . import flow, parallel


@dataclass(frozen=True)
class Batch:
    """Samples of one forward pass, on the device.

    Attributes:
        latents: Clean and normalised, B×C×T×H×W.
        noise: Standard normal, the same shape, float32.
        levels: Noise levels, B, float32.
        weights: Of each sample's squared error, B, float32.
        text: Caption embeddings, zero past their end, B×512×D.
        clips: Ids of the clips.
    """

    latents: Any
    noise: Any
    levels: Any
    weights: Any
    text: Any
    clips: tuple[str, ...]

    def to(self, device: Any) -> Batch:
        """The same on a device."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def pinned(self) -> Batch:
        """The same in memory that a GPU can fetch from while it computes."""
        return self._each(lambda tensor: tensor.pin_memory())

    def _each(self, moved: Callable[[Any], Any]) -> Batch:
        tensors = {name: value for name, value in vars(self).items() if name != "clips"}
        return Batch(**{name: moved(tensor) for name, tensor in tensors.items()}, clips=self.clips)


def predicted_velocity(network: Any, batch: Batch, context: Any) -> Any:
    """What the network makes of a batch's noisy latents, in float32."""
    noisy = flow.noised(batch.latents, batch.noise, batch.levels)
    with context:
        return network(noisy, flow.times(batch.levels), batch.text.float(), return_dict=False)[0].float()


def accumulate(network: Any, batches: Sequence[Batch], context: Callable[[], Any]) -> Any:
    """Adds up the gradients of a step: the mean over all samples of all processes.

    Args:
        network: As `parallel.spread` made it; gradients are zero or None.
        batches: This process's share, all of one size.
        context: Makes the context of a forward pass.

    Returns:
        Weighted squared error of each sample of this process, in the order of `batches`, float32.
    """
    errors = []
    for number, batch in enumerate(batches):
        with parallel.accumulating(network, last=number == len(batches) - 1):
            predicted = predicted_velocity(network, batch, context())
            error = flow.squared_errors(predicted, flow.velocity(batch.latents, batch.noise)) * batch.weights
            (error.mean() / len(batches)).backward()
        errors.append(error.detach())
    return torch.cat(errors)
