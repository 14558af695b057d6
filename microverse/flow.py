"""The objective: noise levels, noising, targets and weights, all in float32.

Flow matching as Wan2.1 was trained (Lipman et al. 2023, arXiv 2210.02747; Esser et al. 2024, arXiv 2403.03206)::

    x_s = (1 - s)·x_0 + s·ε        the network predicts v = ε - x_0 at time 1000·s

The paper's Eq. 1 is ‖ε - ε̂‖². The same network states ε̂ = x_s + (1 - s)·v̂, and the true noise is x_s + (1 - s)·v,
so Eq. 1 is the velocity's error times (1 - s)²: it hardly trains the noisiest levels, where a clip's layout is decided,
and the exported network remains one that Wan's samplers understand. That is ``objective: epsilon``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch

from .config import Sigma

TIMESTEPS = 1000
"""Noise level 1 is this time for the network."""
GRID = 1000
"""Levels of DiffSynth's training grid."""


@dataclass(frozen=True)
class Density:
    """How noise levels are drawn and weighted.

    Attributes:
        level: From a uniform number in (0, 1) and the shift to a noise level in (0, 1].
        weight: Of a squared error at a noise level, given the shift.
        shift: Its own shift.
        source: Where it is from.
    """

    level: Callable[[float, float], float]
    weight: Callable[[float, float], float]
    shift: float
    source: str


def shifted(u: float, shift: float) -> float:
    """Moves a level towards noise: ``k·u / (1 + (k - 1)·u)`` (Esser et al. 2024, section 5.3.2)."""
    return shift * u / (1 + (shift - 1) * u)


def _logit_normal(u: float, shift: float) -> float:
    from scipy.special import ndtri

    return shifted(1 / (1 + math.exp(-float(ndtri(u)))), shift)


def _on_grid(u: float, shift: float) -> float:
    return shifted(1 - math.floor(u * GRID) / GRID, shift)


def _bell(level: float, shift: float) -> float:
    return (_bell_height(level) - _bell_height(1.0)) / _bell_mean(shift)


def _bell_height(level: float) -> float:
    return math.exp(-2 * (level - 0.5) ** 2)


@cache
def _bell_mean(shift: float) -> float:
    """Mean of the bell over the grid, so that its weights average 1."""
    heights = [_bell_height(shifted(k / GRID, shift)) - _bell_height(1.0) for k in range(1, GRID + 1)]
    return sum(heights) / GRID


def _even(_level: float, _shift: float) -> float:
    return 1.0


DENSITIES: dict[str, Density] = {
    "fastvideo": Density(
        shifted, _even, 1.0, "uniform, the default of the trainer whose flags the paper's Table 4 names"
    ),
    "wan": Density(
        _logit_normal, _even, 2.0, "logit-normal with shift 2 at 480p, as Wan's authors said (Wan2.1 issue 291)"
    ),
    "diffsynth": Density(_on_grid, _bell, 5.0, "uniform on 1000 levels shifted by 5, bell-shaped weight, as released"),
}


@dataclass(frozen=True)
class Objective:
    """Noise levels and the loss of a run.

    Args:
        kind: ``flow`` or ``epsilon``.
        sigma: Density and shift.
    """

    kind: str
    sigma: Sigma

    @property
    def _density(self) -> tuple[Density, float]:
        density = DENSITIES[self.sigma.density]
        return density, density.shift if self.sigma.shift is None else self.sigma.shift

    def level(self, u: float) -> float:
        """The noise level for a uniform number in (0, 1)."""
        density, shift = self._density
        return density.level(u, shift)

    def weight(self, level: float) -> float:
        """The weight of a sample's squared velocity error at a noise level."""
        density, shift = self._density
        return density.weight(level, shift) * ((1 - level) ** 2 if self.kind == "epsilon" else 1.0)


def noised(clean: Any, noise: Any, levels: Any) -> Any:
    """``(1 - s)·x_0 + s·ε`` in float32.

    Args:
        clean: Normalised latents, B×C×T×H×W.
        noise: Standard normal, the same shape.
        levels: Noise levels, B.
    """
    s = _over(levels, clean)
    return (1 - s) * clean.float() + s * noise.float()


def velocity(clean: Any, noise: Any) -> Any:
    """What the network is to predict: ``ε - x_0`` in float32."""
    return noise.float() - clean.float()


def times(levels: Any) -> Any:
    """Noise levels as the network's time, in float32: rounding them to bfloat16 would be off by up to 2 of 1000."""
    return levels.float() * TIMESTEPS


def squared_errors(predicted: Any, target: Any) -> Any:
    """Mean squared error of each sample, B, in float32."""
    return (predicted.float() - target.float()).square().flatten(1).mean(1)


def _over(levels: Any, like: Any) -> Any:
    return levels.to(torch.float32).view(-1, *([1] * (like.ndim - 1)))
