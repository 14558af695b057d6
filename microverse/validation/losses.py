"""The loss at fixed noise, by noise level: comparable from step to step, which the training loss is not.

The training loss draws a new noise level for every sample, and the level decides most of its size. Here the same clips
meet the same noise at the same levels every time, unweighted, so that a change is a change of the network.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from .. import flow
from ..cache.records import ClipEntry
from ..feed import assembled
from ..network import evaluating
from ..plan import VALIDATION, noise_seed
from ..step import predicted_velocity

if TYPE_CHECKING:
    from ..trainer import Trainer


@dataclass(frozen=True)
class FixedNoiseLoss:
    """Mean squared error of the predicted velocity at each noise level.

    Attributes:
        levels: Noise levels, evenly spaced.
        losses: At each level, over the clips.
        clips: How many clips were used.
        held_out: Whether they are kept from training.
    """

    levels: list[float]
    losses: list[float]
    clips: int
    held_out: bool

    @property
    def mean(self) -> float:
        """Over the levels."""
        return sum(self.losses) / len(self.losses)


def fixed_noise_loss(trainer: Trainer) -> FixedNoiseLoss | None:
    """Measures it; every process does a share, and all get the same result. None where no clips are wanted."""
    wanted, here = trainer.config.validation, trainer.here
    clips, held_out = _clips(trainer, wanted.clips)
    if not clips:
        return None
    levels = [(number + 0.5) / wanted.bins for number in range(wanted.bins)]
    pairs = [(clip, level) for clip in range(len(clips)) for level in range(wanted.bins)]
    rounds = math.ceil(len(pairs) / here.count)
    errors = torch.zeros(len(clips), wanted.bins, dtype=torch.float64)
    with evaluating(trainer.network):
        for number in range(rounds):  # all take part in every forward pass, as a spread network needs
            clip, level = pairs[min(number * here.count + here.rank, len(pairs) - 1)]
            error = _error(trainer, clips[clip], levels[level], noise_seed(trainer.config.seed, VALIDATION, clip))
            for rank, told in enumerate(here.gathered(torch.tensor([error], dtype=torch.float64)).flatten().tolist()):
                its_clip, its_level = pairs[min(number * here.count + rank, len(pairs) - 1)]
                errors[its_clip, its_level] = told
    return FixedNoiseLoss(levels, errors.mean(0).tolist(), len(clips), held_out)


def _clips(trainer: Trainer, count: int) -> tuple[list[ClipEntry], bool]:
    for split in ("validation", "train"):
        found = [clip for _, clips in trainer.cache.buckets(split) for clip in clips]
        if found:
            return found[:count], split == "validation"
    return [], False


def _error(trainer: Trainer, clip: ClipEntry, level: float, seed: int) -> float:
    text: Any = trainer.cache.text(clip.caption)
    batch = assembled(trainer.cache, [clip], [seed], [level], [text]).to(trainer.here.device)
    predicted = predicted_velocity(trainer.network, batch, trainer.autocast())
    return float(flow.squared_errors(predicted, flow.velocity(batch.latents, batch.noise)).item())
