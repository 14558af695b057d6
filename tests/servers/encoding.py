"""The videos that a scripted video service hands out."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np


def encode(form: Mapping[str, str]) -> bytes:
    """A short video that differs by prompt and seed, in the size and rate the form asks for."""
    from microworldbench.video import Video, write

    width, height = (int(side) for side in form.get("size", "64x48").split("x"))
    fps = float(form.get("fps", "8"))
    count = max(2, round(fps * float(form.get("seconds", "1"))))
    rng = np.random.default_rng([int(form.get("seed", "0")), *form["prompt"].encode()[:64]])
    coarse = rng.integers(0, 255, (count, height // 8, width // 8, 3), np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.mp4"
        write(path, Video(coarse.repeat(8, 1).repeat(8, 2), fps))
        return path.read_bytes()
