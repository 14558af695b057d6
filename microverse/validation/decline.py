"""Early warning: samples that fall apart while the loss looks well.

Fine-tuning can end in noise, flicker or a grey field with a small loss. Three numbers of a clip tell those apart from a
picture without any model; they are compared with the base's sample of the same prompt and seed, so that a prompt that
asks for grain or stillness is no alarm.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

FACTOR = 2.0
"""How many times worse than the base's the median sample must be."""


@dataclass(frozen=True)
class Looks:
    """What a clip looks like.

    Attributes:
        grain: Root mean square of what is finer than 2 pixels, by the clip's contrast; white noise has about 0.9, a
            sharp picture below 0.4.
        flicker: Root mean square of the change from frame to frame, by the clip's contrast; independent frames have
            1.4.
        contrast: Standard deviation of brightness, 0…1.
    """

    grain: float
    flicker: float
    contrast: float


def looks(frames: NDArray[np.uint8]) -> Looks:
    """Measures frames T×H×W×3."""
    grey = frames.astype(np.float32).mean(3) / 255
    contrast = float(grey.std())
    scale = max(contrast, 1 / 255)
    blocks = grey[:, : grey.shape[1] // 2 * 2, : grey.shape[2] // 2 * 2]
    shape = len(blocks), blocks.shape[1] // 2, 2, blocks.shape[2] // 2, 2
    fine = blocks.reshape(shape) - blocks.reshape(shape).mean((2, 4), keepdims=True)
    change = np.diff(grey, axis=0) if len(grey) > 1 else np.zeros(1, np.float32)
    return Looks(
        grain=float(np.sqrt(np.square(fine).mean())) / scale,
        flicker=float(np.sqrt(np.square(change).mean())) / scale,
        contrast=contrast,
    )


def signs_of_decline(base: list[Looks], tuned: list[Looks], loss_change: float | None) -> list[str]:
    """What has become worse than in the base's samples of the same prompts and seeds, in sentences.

    Args:
        base: One for each sample.
        tuned: The same samples now.
        loss_change: Of the fixed-noise loss since the first step; None where it is not measured.
    """
    if not base:
        return []
    pairs = list(zip(base, tuned, strict=True))
    found = []
    for name, told, floor in (("grain", "noisier", 0.05), ("flicker", "more restless", 0.05)):
        ratio = median(max(getattr(now, name), floor) / max(getattr(before, name), floor) for before, now in pairs)
        if ratio >= FACTOR:
            found.append(f"{told} ({name} {ratio:.1f} times the base's)")
    ratio = median(max(now.contrast, 1e-3) / max(before.contrast, 1e-3) for before, now in pairs)
    if ratio <= 1 / FACTOR:
        found.append(f"flatter (contrast {ratio:.2f} times the base's)")
    if not found:
        return []
    falling = loss_change is not None and loss_change < 0
    meanwhile = f" while the loss fell by {-loss_change:.3g}" if falling and loss_change is not None else ""
    sentence = (
        f"the samples have become {' and '.join(found)}{meanwhile}: look at the sample sheet before training on. A "
        "rate that is too high, noise levels that do not fit the sampler's shift and zeros for dropped captions do this"
    )
    return [sentence]
