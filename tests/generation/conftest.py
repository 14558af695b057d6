"""Video services on real sockets."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "servers"))

from videos_server import VideosServer


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


@pytest.fixture
def videos_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., VideosServer]]:
    """Starts servers that end with the test."""
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with ExitStack() as servers:

        def start(**script: Any) -> VideosServer:
            return servers.enter_context(VideosServer(encode, **script))

        yield start
