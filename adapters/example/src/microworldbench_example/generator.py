"""The generator itself: an object with ``generate(request)``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from microworldbench.errors import GenerationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from microworldbench import GenerationRequest

    from . import ExampleSettings


class DriftingColours:
    """Paints waves of colour that drift; seed and prompt choose them.

    Args:
        settings: See `ExampleSettings`.
    """

    version = "1"  # raise it whenever the frames of some request change

    def __init__(self, settings: ExampleSettings) -> None:
        self.settings = settings

    def generate(self, request: GenerationRequest) -> tuple[NDArray[np.uint8], float]:
        """Frames (uint8, T×H×W×3) and frames per second.

        Raises:
            GenerationError: there is nothing to paint. Raise it where the *model* fails; let everything else (no
                memory, no network) through as it is, so that it is tried again instead of scored 0.
        """
        if not request.prompt.strip():
            raise GenerationError("the prompt is empty", kind="empty")
        width, height = request.width or 96, request.height or 64
        fps, duration_s = request.fps or 8.0, request.duration_s or 1.0
        rng = np.random.default_rng([request.seed, *request.prompt.encode("utf-8", "replace")])
        waves = rng.uniform(0.5, 3.0, 3)
        phases = rng.uniform(0, 2 * np.pi, 3)
        times = np.arange(max(2, round(fps * duration_s))) / fps
        x = np.linspace(0, 1, width)
        angle = 2 * np.pi * waves * (x[None, :, None] + self.settings.speed * times[:, None, None]) + phases
        row = np.round(127.5 + 127.5 * np.sin(angle)).astype(np.uint8)  # T×W×3
        return np.repeat(row[:, None], height, axis=1), fps
