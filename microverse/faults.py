"""What can end a run from inside, said so that the user can act on it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.distributed as dist

from microworldbench.errors import RunStoppedError

from .checkpoints import Checkpoint
from .messages import first_line

SIGNS_OF_A_LOST_PEER = ("Connection closed by peer", "Connection reset by peer", "gloo", "NCCL", "Broken pipe")


class NonFiniteError(RunStoppedError):
    """The loss or the gradients are not finite; the weights were not touched by the step."""


def non_finite(
    step: int, samples: Sequence[tuple[str, float]], errors: Sequence[float], kept: Sequence[Checkpoint]
) -> NonFiniteError:
    """The error of a step whose loss or gradients are not finite.

    Args:
        step: From 1.
        samples: Id of the clip and noise level of each sample of the step.
        errors: Of each sample.
        kept: The checkpoints there are.
    """
    bad = [sample for sample, error in zip(samples, errors, strict=True) if not math.isfinite(error)]
    what = "the loss is not finite; it comes from" if bad else "the gradients are not finite; the step had"
    told = ", ".join(f"{name!r} at noise level {level:.3f}" for name, level in bad or samples)
    last = f"the last checkpoint is {kept[-1].path.name}" if kept else "there is no checkpoint yet"
    return NonFiniteError(
        f"step {step}: {what} {told}. The weights were not changed by it; {last}. Look at the clip, lower "
        "optimizer.lr or set optimizer.clip_norm; another rate needs another out=FOLDER"
    )


@contextmanager
def told_as_sentences() -> Iterator[None]:
    """Turns what torch raises when memory is out or another process is gone into sentences.

    Raises:
        RunStoppedError: that has happened.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise RunStoppedError(
            f"the GPU is out of memory ({first_line(error)}): use parallel.micro_batch=1, checkpointing.mode=full, "
            "parallel.layout=fsdp on more GPUs, or fewer frames. What is saved is kept"
        ) from error
    except RuntimeError as error:  # torch.distributed's errors are RuntimeErrors too
        if dist.is_initialized() and dist.get_world_size() > 1 and any(s in str(error) for s in SIGNS_OF_A_LOST_PEER):
            raise RunStoppedError(
                f"another process of the run is gone ({_without_source(first_line(error))}); the same command "
                "continues from the last checkpoint"
            ) from error
        raise


def _without_source(message: str) -> str:
    """The first sentence of gloo's words, without the line of its source that they begin with and its guesses."""
    return re.sub(r"^\[[^\]]*\] ", "", message).split(". ")[0]
