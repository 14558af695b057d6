"""TensorBoard, for those who have it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from microworldbench.errors import MissingExtraError

from .telemetry import StepRecord
from .trainer import Watcher


class BoardWatcher:
    """Passes everything on, and writes steps to TensorBoard event files too.

    Args:
        watcher: Who is told as well.
        folder: Where the event files go.

    Raises:
        MissingExtraError: tensorboard is not installed.
    """

    def __init__(self, watcher: Watcher, folder: Path) -> None:
        if importlib.util.find_spec("tensorboard") is None:
            raise MissingExtraError("tensorboard=true", "tensorboard", "pip install tensorboard")
        self._watcher, self._folder = watcher, folder
        self._writer: Any = None

    def begin(self, steps: int, done: int) -> None:
        """Opens the event files; what an earlier process wrote beyond `done` is hidden."""
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(self._folder), purge_step=done + 1)
        self._watcher.begin(steps, done)

    def stepped(self, record: StepRecord) -> None:
        """Writes a step."""
        for name in ("loss", "learning_rate", "gradient_norm", "samples_per_s", "mfu", "memory_gib"):
            value = getattr(record, name)
            if value is not None:
                self._writer.add_scalar(f"train/{name}", value, record.step)
        self._watcher.stepped(record)

    def note(self, text: str) -> None:
        """Passes a note on."""
        self._watcher.note(text)
