"""The sample sheet: base beside tuned, prompt by prompt, as one page and as one video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from microworldbench.runs import RunFolder, write_atomically
from microworldbench.video import Video, read, write

from ..prompts import Prompt
from .samples import BASE, sample_path

COLUMN_PX = 416
"""Width of a sample in the video."""
ROWS = 6
"""Prompts that the video shows; the page shows all."""
GAP_PX = 8


@dataclass(frozen=True)
class Sheet:
    """What the page says beside the samples.

    Attributes:
        title: Of the run.
        steps: Steps whose samples there are, in order.
        jobs: Prompts and seeds.
        facts: Name and value, e.g. of the losses and scores.
        warnings: What a reader must know first.
        curve: The loss curve as SVG, if there is one.
    """

    title: str
    steps: list[int]
    jobs: list[tuple[Prompt, int]]
    facts: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    curve: str | None = None


def step_folder(samples: Path, step: int) -> Path:
    """Where the samples of a step lie; those of step 0 are the base's."""
    return samples / (BASE if step == 0 else f"step-{step:08d}")


def write_sheet(samples: Path, sheet: Sheet) -> Path:
    """Writes ``index.html`` beside the samples. Videos are linked, and nothing else is loaded.

    Raises:
        RunStoppedError: the disk is full.
    """
    from microworldbench.rendering.templating import asset, environment, source_hash, trusted

    style = "\n".join([asset("theme.css"), asset("sheet.css", __package__)])
    script = asset("sheet.js", __package__)
    policy = (
        f"default-src 'none'; style-src {source_hash(style)}; script-src {source_hash(script)}; "
        "media-src 'self' file:; base-uri 'none'; form-action 'none'"
    )
    page = (
        environment(__package__)
        .get_template("sheet.html")
        .render(
            sheet=sheet,
            rows=[_row(samples, sheet, prompt, seed) for prompt, seed in sheet.jobs],
            curve=trusted(sheet.curve) if sheet.curve else None,
            style=trusted(style),
            script=trusted(script),
            policy=policy,
        )
    )
    target = samples / "index.html"
    with RunFolder(samples).stopping(target):
        write_atomically(target, page.encode("utf-8", "backslashreplace"))
    return target


def _row(samples: Path, sheet: Sheet, prompt: Prompt, seed: int) -> dict[str, object]:
    """A prompt's samples: of each step the address, or None where it was not made."""
    paths = {step: sample_path(step_folder(samples, step), prompt, seed) for step in sheet.steps}
    found = [(step, path.relative_to(samples).as_posix() if path.is_file() else None) for step, path in paths.items()]
    return {"prompt": prompt, "seed": seed, "samples": found}


def write_side_by_side(samples: Path, step: int, jobs: Sequence[tuple[Prompt, int]]) -> Path | None:
    """Writes one video with the base's samples on the left and those of `step` on the right.

    Returns:
        Its path in the step's folder; None where no prompt has both.
    """
    pairs = [
        (sample_path(step_folder(samples, 0), *job), sample_path(step_folder(samples, step), *job)) for job in jobs
    ]
    rows = [tuple(map(read, pair)) for pair in pairs if all(path.is_file() for path in pair)][:ROWS]
    if not rows:
        return None
    length = max(len(video) for row in rows for video in row)
    pictures = [[_column(video, length) for video in row] for row in rows]
    frames = np.concatenate([_beside(row) for row in pictures], axis=1)
    target = step_folder(samples, step) / "side-by-side.mp4"
    write(target, Video(frames, rows[0][0].fps))
    return target


def _column(video: Video, length: int) -> NDArray[np.uint8]:
    """A clip at the sheet's width, its last frame held up to `length`, with a dark edge."""
    from PIL import Image

    width = min(COLUMN_PX, video.width)
    size = width, round(video.height * width / video.width)
    small = np.stack([np.asarray(Image.fromarray(frame).resize(size)) for frame in video.frames])
    held = np.concatenate([small, np.repeat(small[-1:], length - len(small), axis=0)])
    return np.pad(held, ((0, 0), (0, GAP_PX), (0, GAP_PX), (0, 0)))


def _beside(row: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    return np.concatenate(row, axis=2)
