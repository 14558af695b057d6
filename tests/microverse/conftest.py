"""A toy pipeline, a few clips and their cache, made once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from microverse.config import RunConfig
from microverse.presets import read_config
from microworldbench.video import Video, write

CAPTIONS = {
    "red": "A red vesicle drifts to the right inside a dark cell.",
    "green": "Green filaments sweep downwards; the background is bright.",
    "blue": "Blue light fades in slowly.",
    "grey": "Nothing moves: an even grey field.",
}
SMALL = ["clip.sizes=[48x32]", "clip.frames=[9]"]


def moving_square(
    colour: Sequence[int], ground: int, frames: int = 12, width: int = 48, height: int = 32
) -> np.ndarray:
    made = np.full((frames, height, width, 3), ground, np.uint8)
    for t in range(frames):
        left = (2 * t) % (width - 16)
        made[t, 8:24, left : left + 16] = colour
    return made


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four clips that nobody would mix up, with the metadata of the released layout."""
    folder = tmp_path_factory.mktemp("clips")
    (folder / "videos").mkdir()
    looks = {
        "red": ((230, 30, 30), 10),
        "green": ((20, 220, 60), 200),
        "blue": ((40, 40, 240), 60),
        "grey": ((128,) * 3, 128),
    }
    rows = []
    for name, (colour, ground) in looks.items():
        write(folder / "videos" / f"{name}.mp4", Video(moving_square(colour, ground), 16.0), crf=1)
        rows.append({"id": name, "video": f"videos/{name}.mp4", "prompt": CAPTIONS[name]})
    (folder / "metadata.json").write_text(json.dumps(rows))
    return folder


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy pipeline, small."""
    pytest.importorskip("diffusers", reason="training is not installed")
    from microverse.tiny import make_tiny
    from microverse.wan import quieten

    quieten()
    return make_tiny(tmp_path_factory.mktemp("tiny") / "pipeline", width=72, layers=2)


@pytest.fixture(scope="session")
def configured(tiny: Path, clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., RunConfig]:
    """Makes a configuration whose model and cache exist: ``configured(out, "steps=3", …)``."""
    from microverse.cache.command import fill
    from microverse.launch import processes
    from microverse.sources import read_sources

    cache = tmp_path_factory.mktemp("cache") / "clips"

    def configure(out: Path, *settings: str) -> RunConfig:
        base = [f"model={tiny}", f"cache={cache}", f"out={out}", *SMALL]
        quiet = ["validation.clips=2", "validation.bins=2", "save.asynchronous=false"]
        return read_config("tiny", [*base, *quiet, *settings])

    with processes() as here:
        fill(configure(cache), *read_sources(clips), here=here, workers=1, latents="fp32")
    return configure


@pytest.fixture
def here() -> Any:
    """One process."""
    from microverse.launch import processes

    with processes() as alone:
        yield alone


@pytest.fixture
def watcher() -> Any:
    """Keeps what it is told."""

    class Kept:
        def __init__(self) -> None:
            self.records: list[Any] = []
            self.notes: list[str] = []

        def begin(self, steps: int, done: int) -> None: ...

        def stepped(self, record: Any) -> None:
            self.records.append(record)

        def note(self, text: str) -> None:
            self.notes.append(text)

        @property
        def losses(self) -> list[float]:
            return [record.loss for record in self.records]

    return Kept()
