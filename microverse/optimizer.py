"""AdamW, its schedule, and the moving average of the weights."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import Any

import torch

from .config import Optimizer


def adamw(parameters: list[Any], how: Optimizer) -> Any:
    """AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101) over `parameters`; its rate is set anew each step."""
    return torch.optim.AdamW(
        parameters,
        lr=how.lr,
        betas=(how.beta1, how.beta2),
        eps=how.eps,
        weight_decay=how.weight_decay,
        fused=how.fused,
        foreach=None if how.fused else False,
    )


def learning_rate(step: int, steps: int, how: Optimizer) -> float:
    """The rate of step `step` (from 0) of `steps`: a pure function, so there is nothing to save.

    The warm-up rises to the full rate linearly, over ``warmup_steps``.
    """
    if step < how.warmup_steps:
        return how.lr * (step + 1) / (how.warmup_steps + 1)
    share = (step - how.warmup_steps) / max(1, steps - how.warmup_steps)
    factor = {"constant": 1.0, "linear": 1 - share, "cosine": 0.5 * (1 + math.cos(math.pi * min(1.0, share)))}
    return how.lr * max(0.0, factor[how.schedule])


class MovingAverage:
    """An exponential moving average of the trained weights, in float32, cut up as they are.

    It follows faster at first, at ``(1 + n) / (10 + n)`` after ``n`` steps, so that the first weights do not linger.

    Args:
        parameters: What is trained, by name.
        decay: Of the average.
    """

    def __init__(self, parameters: dict[str, Any], decay: float) -> None:
        self.decay = decay
        self.weights = {name: p.detach().to(torch.float32, copy=True) for name, p in parameters.items()}

    def follow(self, parameters: dict[str, Any], step: int) -> None:
        """Takes the weights after step `step` (from 0) in."""
        new = 1 - min(self.decay, (2 + step) / (11 + step))
        for name, average in self.weights.items():
            average.lerp_(parameters[name].detach().to(torch.float32), new)


@contextlib.contextmanager
def averaged(parameters: dict[str, Any], average: MovingAverage | None) -> Iterator[None]:
    """Puts the average in the weights' place for a while; without one, nothing happens."""
    if average is None:
        yield
        return
    kept = {name: parameter.detach().clone() for name, parameter in parameters.items()}
    try:
        _put(parameters, average.weights)
        yield
    finally:
        _put(parameters, kept)


def _put(parameters: dict[str, Any], values: dict[str, Any]) -> None:
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(values[name])
