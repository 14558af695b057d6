"""The two encoders: videos to normalised latents, captions to embeddings."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import wan
from ..config import TEXT_TOKENS, Clip


class ClipEncoder:
    """Videos to latents: the posterior's mode, normalised by the model's own statistics, computed in float32.

    Args:
        folder: The pipeline.
        device: Where to compute.
    """

    def __init__(self, folder: Path, device: Any) -> None:
        self.decoder = wan.load_decoder(folder, device)
        self.device = device
        self.mean, self.std = (part.to(device) for part in wan.latent_statistics(self.decoder))

    def __call__(self, pixels: Any) -> Any:
        """Latents 16×T'×H'×W' of pixels 3×T×H×W in -1…1."""
        import torch

        with torch.inference_mode():
            mode = self.decoder.encode(pixels[None].to(self.device)).latent_dist.mode()
            return ((mode - self.mean) / self.std)[0].cpu()


class TextEncoder:
    """Captions to UMT5 embeddings through diffusers' own pipeline, cleaned as at inference.

    Args:
        folder: The pipeline.
        device: Where to compute.
    """

    def __init__(self, folder: Path, device: Any) -> None:
        self.pipeline = wan.load_text_encoder(folder, device)
        self.device = device

    def __call__(self, captions: Sequence[str]) -> list[Any]:
        """The embedding of each caption, L×D with as many rows as it has tokens, at most 512.

        Beyond its tokens the network is given zeros, which it does attend to: pad with `padded`, never with the
        encoder's own rows.
        """
        import torch

        with torch.inference_mode():
            rows, _ = self.pipeline.encode_prompt(
                list(captions),
                do_classifier_free_guidance=False,
                max_sequence_length=TEXT_TOKENS,
                device=self.device,
            )
        return [caption[: int(caption.any(1).nonzero().max()) + 1].cpu().clone() for caption in rows]


def padded(rows: Any) -> Any:
    """An embedding with zero rows up to 512."""
    from torch.nn.functional import pad

    return pad(rows, (0, 0, 0, TEXT_TOKENS - len(rows)))


def latents_key(video: Path, clip: Clip, bucket: object) -> str:
    """What the latents of a video are filed under: its content and what is cut out of it."""
    with video.open("rb") as data:
        digest = hashlib.file_digest(data, "sha256").hexdigest()
    return hashlib.sha256(f"{digest} {bucket} {clip.fps} {clip.window}".encode()).hexdigest()[:32]


def caption_key(caption: str) -> str:
    """What the embedding of a caption is filed under."""
    return hashlib.sha256(caption.encode("utf-8", "surrogatepass")).hexdigest()[:32]
