"""Training the classifier, and saying honestly how good it is.

Learning rate 5e-5, 10 epochs, 80 to 20: the paper's (Appendix C). Whether its split was by video is not said; here it
always is.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microworldbench.errors import InputError
from microworldbench.progress import Progress, Silent
from microworldbench.rubric import digest_of
from microworldbench.stats.intervals import wilson
from microworldbench.video import sample

from .labels import IRRELEVANT, RELEVANT, Labelled, split_by_source
from .model import CARD, Classifier, need_torch, pixel_values

TINY = "tiny"
"""A model of 0.2 million parameters with random weights: for trying the commands out, and for tests."""


@dataclass(frozen=True)
class Training:
    """How the classifier is trained."""

    base: str = "MCG-NJU/videomae-base"
    """A folder, a hub id, or ``tiny``."""
    lr: float = 5e-5
    epochs: int = 10
    batch: int = 8
    test_share: float = 0.2
    seed: int = 0
    warmup: float = 0.1
    weight_decay: float = 0.05


@dataclass(frozen=True)
class Evaluation:
    """How good a classifier is on clips of videos it has not seen."""

    clips: int
    sources: int
    accuracy: float
    interval: tuple[float, float] | None
    """Wilson's, 95 %; clips of one video hang together, so it is too narrow where they are many."""
    majority: float
    """What always naming the commoner label would get."""
    precision: float | None
    recall: float | None
    confusion: dict[str, int]
    """``relevant_as_irrelevant`` and so on."""


def train(clips: Sequence[Labelled], out: Path, settings: Training, *, progress: Progress | None = None) -> Evaluation:
    """Fine-tunes a classifier on `clips` and writes it, with its evaluation, to `out`.

    Raises:
        InputError: the base model cannot be loaded, or the clips cannot be split.
        VideoError: a clip cannot be decoded.
        MissingExtraError: torch or transformers is missing.
    """
    need_torch()
    import torch

    if out.exists() and any(out.iterdir()):
        raise InputError(f"{str(out)!r} is not empty; choose another folder for the classifier")
    told = progress or Silent()
    kept, held_out = split_by_source(clips, settings.test_share, settings.seed)
    torch.manual_seed(settings.seed)
    model = _base(settings.base)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(device)
    frames, side = int(model.config.num_frames), int(model.config.image_size)
    _fit(model, kept, settings, device, lambda clip: clip_values(clip, frames, side), told)
    out.mkdir(parents=True, exist_ok=True)
    model.to("cpu").save_pretrained(out)
    card: dict[str, Any] = {
        "training": asdict(settings),
        "clips": {"train": len(kept), "test": len(held_out)},
        "labels": digest_of([[c.path.name, c.label, c.source] for c in clips]),
    }
    (out / CARD).write_text(json.dumps(card, indent=1) + "\n", "utf-8")
    found = evaluate(Classifier(out), held_out)
    (out / CARD).write_text(json.dumps({**card, "evaluation": asdict(found)}, indent=1) + "\n", "utf-8")
    told.finish()
    return found


def evaluate(classifier: Classifier, clips: Sequence[Labelled]) -> Evaluation:
    """Compares what a classifier says of `clips` with their labels; above 0.5 counts as relevant."""
    said = [int(classifier.score([f.image for f in sample(c.path, classifier.frames)]) > 0.5) for c in clips]
    pairs = [(clip.label, answer) for clip, answer in zip(clips, said, strict=True)]
    right, hits = sum(a == b for a, b in pairs), sum(a == b == 1 for a, b in pairs)
    relevant, called = sum(a for a, _ in pairs), sum(b for _, b in pairs)
    names = {1: RELEVANT, 0: IRRELEVANT}
    ends = wilson(right, len(pairs)).interval
    return Evaluation(
        clips=len(pairs),
        sources=len({clip.source for clip in clips}),
        accuracy=round(right / len(pairs), 6),
        interval=None if ends is None else (round(ends[0], 6), round(ends[1], 6)),
        majority=round(max(relevant, len(pairs) - relevant) / len(pairs), 6),
        precision=round(hits / called, 6) if called else None,
        recall=round(hits / relevant, 6) if relevant else None,
        confusion={f"{names[a]}_as_{names[b]}": pairs.count((a, b)) for a in (1, 0) for b in (1, 0)},
    )


def clip_values(clip: Labelled, frames: int, side: int) -> NDArray[np.float32]:
    """The model's input for a labelled clip."""
    return pixel_values([frame.image for frame in sample(clip.path, frames)], frames, side)


def _base(name: str) -> Any:
    from transformers import VideoMAEConfig, VideoMAEForVideoClassification

    labels = {"id2label": {0: IRRELEVANT, 1: RELEVANT}, "label2id": {IRRELEVANT: 0, RELEVANT: 1}}
    if name == TINY:
        config = VideoMAEConfig(
            image_size=32,
            patch_size=8,
            num_frames=8,
            tubelet_size=2,
            hidden_size=64,
            num_hidden_layers=3,
            num_attention_heads=4,
            intermediate_size=128,
            **labels,
        )
        return VideoMAEForVideoClassification(config)
    try:
        return VideoMAEForVideoClassification.from_pretrained(name, ignore_mismatched_sizes=True, **labels)
    except (OSError, ValueError) as error:
        raise InputError(f"no VideoMAE model can be loaded from {name!r}: {error}") from None


def _fit(
    model: Any,
    clips: Sequence[Labelled],
    settings: Training,
    device: str,
    load: Callable[[Labelled], NDArray[np.float32]],
    progress: Progress,
) -> None:
    """AdamW with a linear warm-up and a linear decay; order drawn anew each epoch from the seed."""
    import torch

    steps = settings.epochs * math.ceil(len(clips) / settings.batch)
    rising = max(1, round(settings.warmup * steps))
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.lr, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / rising, max(0.0, (steps - step) / max(1, steps - rising)))
    )
    progress.stage("training", total=steps)
    model.train()
    for epoch in range(settings.epochs):
        order = np.random.default_rng([settings.seed, epoch]).permutation(len(clips))
        for start in range(0, len(order), settings.batch):
            members = [clips[i] for i in order[start : start + settings.batch]]
            values = torch.from_numpy(np.stack([load(clip) for clip in members])).to(device)
            labels = torch.tensor([clip.label for clip in members], device=device)
            loss = model(pixel_values=values, labels=labels).loss
            if not bool(torch.isfinite(loss)):
                raise InputError(f"the loss is {float(loss)} in epoch {epoch + 1}; lower the learning rate")
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            progress.advance()
    model.eval()
