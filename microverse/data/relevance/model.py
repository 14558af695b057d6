"""The classifier on disk and in memory, and how frames become its input."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microworldbench.errors import InputError, MissingExtraError

from ..embedders import model_digest, squared

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)
"""Of ImageNet, as VideoMAE was trained with."""
CARD = "relevance.json"


def need_torch() -> None:
    """Sees that the packages are there.

    Raises:
        MissingExtraError: they are not.
    """
    try:
        import torch  # noqa: F401
        import transformers  # noqa: F401
    except ImportError:
        raise MissingExtraError(
            "the relevance classifier", "torch and transformers", "pip install 'microworldbench[data-ml]'"
        ) from None


class Classifier:
    """A trained VideoMAE.

    Args:
        folder: As `training` wrote it.
        device: ``cuda`` or ``cpu``; None takes a GPU where there is one.

    Raises:
        InputError: there is no classifier in `folder`.
        MissingExtraError: torch or transformers is missing.
    """

    def __init__(self, folder: Path, device: str | None = None) -> None:
        need_torch()
        import torch
        from transformers import VideoMAEForVideoClassification

        _check_card(folder)
        try:
            self._model: Any = VideoMAEForVideoClassification.from_pretrained(folder)
        except (OSError, ValueError) as error:
            raise InputError(f"the classifier in {str(folder)!r} cannot be loaded: {error}") from None
        self._device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self._model.eval().to(self._device)
        self.frames, self.side = int(self._model.config.num_frames), int(self._model.config.image_size)

    def score(self, images: Sequence[NDArray[np.uint8]]) -> float:
        """How likely a clip is relevant, 0 to 1."""
        import torch

        values = torch.from_numpy(pixel_values(images, self.frames, self.side))[None].to(self._device)
        with torch.inference_mode():
            logits = self._model(pixel_values=values).logits[0].float()
        return float(torch.softmax(logits, dim=0)[1])


@cache
def load_classifier(folder: Path, device: str | None = None) -> Classifier:
    """The classifier in `folder`, loaded once in a process."""
    return Classifier(folder, device)


def classifier_digest(folder: Path) -> str:
    """What tells it from another.

    Raises:
        InputError: there is none.
    """
    _check_card(folder)
    return model_digest(str(folder))


def _check_card(folder: Path) -> None:
    if not (folder / CARD).is_file():
        raise InputError(
            f"{str(folder)!r} holds no relevance classifier (no {CARD}); 'microverse data relevance train' makes one"
        )


def pixel_values(images: Sequence[NDArray[np.uint8]], frames: int, side: int) -> NDArray[np.float32]:
    """Frames × 3 × `side` × `side`, normalised; spread over `images`, some of them twice where they are few."""
    chosen = [images[(2 * part + 1) * len(images) // (2 * frames)] for part in range(frames)]
    made: dict[int, NDArray[np.float32]] = {}
    for image in chosen:
        if id(image) not in made:
            unit = squared(image, side).astype(np.float32) / np.float32(255)
            made[id(image)] = ((unit - MEAN) / STD).transpose(2, 0, 1)
    return np.stack([made[id(image)] for image in chosen])


def read_card(folder: Path) -> dict[str, Any]:
    """What training wrote beside the weights.

    Raises:
        InputError: there is none, or it is damaged.
    """
    try:
        card = json.loads((folder / CARD).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / CARD} cannot be read: {error}") from None
    if not isinstance(card, dict):
        raise InputError(f"{folder / CARD} must hold an object")
    return card
