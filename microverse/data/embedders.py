"""Pictures as unit vectors whose products say how alike they are."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from microworldbench.errors import InputError, MissingExtraError, UnknownNameError

KNOWN = ("histogram", "picture", "clip:<folder or hub id>")
BINS = 8
CLIP_MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
CLIP_STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)
"""Of the images CLIP was trained on (Radford et al. 2021)."""


class Embedder(Protocol):
    """Embeds one picture."""

    @property
    def identity(self) -> str:
        """Everything its vectors depend on."""

    @property
    def max_side(self) -> int:
        """Pictures need not be larger than this."""

    def embed(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """A unit vector for an H×W×3 RGB picture."""


class Histogram:
    """Colours and their places: a joint RGB histogram of the whole and of four quarters. Needs no weights."""

    identity = "histogram-1"
    max_side = 96

    def embed(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """A unit vector of 5 × 512 numbers; square roots, so that the product is the Bhattacharyya coefficient."""
        height, width = image.shape[0] // 2, image.shape[1] // 2
        parts = [image, image[:height, :width], image[:height, width:], image[height:, :width], image[height:, width:]]
        return _unit(np.concatenate([np.sqrt(_histogram(part)) for part in parts]))


class Picture:
    """The picture itself, 16×9 pixels with the mean taken off: for finding copies at other sizes and qualities."""

    identity = "picture-1"
    max_side = 96

    def embed(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """A unit vector of 16 × 9 × 3 numbers; all equal for a picture of one colour."""
        from PIL import Image

        small = np.asarray(Image.fromarray(image).resize((16, 9), Image.Resampling.BOX), np.float32)
        small -= small.mean()
        return _unit(small.ravel() if np.abs(small).max() > 0.5 else np.ones(small.size, np.float32))


class ClipVision:
    """The vision tower of a CLIP model in transformers' layout, as LAION publishes OpenCLIP's.

    Args:
        source: A folder or a hub id.
        device: ``cuda`` or ``cpu``; None takes a GPU where there is one.

    Raises:
        InputError: the model cannot be loaded.
        MissingExtraError: torch or transformers is not installed.
    """

    def __init__(self, source: str, device: str | None = None) -> None:
        try:
            import torch
            from transformers import CLIPVisionModelWithProjection
        except ImportError:
            raise MissingExtraError(
                f"the embedder clip:{source}", "torch and transformers", "pip install 'microworldbench[data-ml]'"
            ) from None
        try:
            self._model: Any = CLIPVisionModelWithProjection.from_pretrained(source)
        except (OSError, ValueError) as error:
            raise InputError(f"no CLIP vision model can be loaded from {source!r}: {error}") from None
        self._device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self._model.eval().to(self._device)
        self.max_side = 2 * int(self._model.config.image_size)
        self.identity = f"clip:{model_digest(source)}"

    def embed(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """A unit vector in CLIP's joint space; the shorter side scaled to the model's size, then its middle."""
        import torch

        pixels = squared(image, int(self._model.config.image_size))
        values = ((pixels.astype(np.float32) / 255 - CLIP_MEAN) / CLIP_STD).transpose(2, 0, 1)
        with torch.inference_mode():
            batch = torch.from_numpy(np.ascontiguousarray(values))[None].to(self._device)
            found = self._model(pixel_values=batch).image_embeds[0]
        return _unit(found.float().cpu().numpy())


@cache
def make_embedder(name: str, *, device: str | None = None) -> Embedder:
    """The embedder of that name; made once in a process.

    Raises:
        UnknownNameError: there is none.
        InputError, MissingExtraError: see `ClipVision`.
    """
    kind, _, source = name.partition(":")
    if kind == "clip" and source:
        return ClipVision(source, device)
    if name == "histogram":
        return Histogram()
    if name == "picture":
        return Picture()
    raise UnknownNameError("embedder", name, KNOWN)


def embedder_identity(name: str) -> str:
    """What goes into a contract; a model is told by its files, without loading it."""
    kind, _, source = name.partition(":")
    return f"clip:{model_digest(source)}" if kind == "clip" else name


@cache
def model_digest(source: str) -> str:
    """What tells a model from another: the digest of its files for a folder, else its hub id."""
    folder = Path(source)
    if not folder.is_dir():
        return source
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in (".json", ".safetensors", ".bin") and path.is_file():
            digest.update(path.name.encode("utf-8", "surrogateescape"))
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def squared(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The middle of a picture whose shorter side is scaled to `side`, as `side` × `side` pixels."""
    from PIL import Image

    height, width = image.shape[:2]
    scale = side / min(height, width)
    size = (max(side, round(width * scale)), max(side, round(height * scale)))
    scaled = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))
    top, left = (size[1] - side) // 2, (size[0] - side) // 2
    return scaled[top : top + side, left : left + side]


def _histogram(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    shifted = image.reshape(-1, 3) >> 5
    codes = shifted[:, 0].astype(np.intp) * BINS * BINS + shifted[:, 1].astype(np.intp) * BINS + shifted[:, 2]
    return (np.bincount(codes, minlength=BINS**3) / max(1, len(codes))).astype(np.float32)


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    norm = float(np.linalg.norm(vector))
    unit: NDArray[np.float32] = (vector / norm if norm else vector).astype(np.float32)
    return unit
