"""What a step costs: arithmetic and memory, from the network's geometry."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .clips import Bucket
from .config import TEXT_TOKENS, RunConfig

GIB = 2**30

PEAK_FLOPS = {
    "B200": 2250e12,
    "GH200": 989e12,
    "H200": 989e12,
    "H100 PCIe": 756e12,
    "H100": 989e12,
    "A100": 312e12,
    "L40S": 362e12,
    "RTX 4090": 165e12,
}
"""Dense bfloat16 operations a second by part of a GPU's name, from the makers' data sheets."""


@dataclass(frozen=True)
class Geometry:
    """Sizes of a Wan2.1 network."""

    width: int
    feed_forward: int
    blocks: int
    heads: int
    channels: int
    text_width: int
    patch: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Geometry:
        """From the network's ``config.json``."""
        return cls(
            width=config["num_attention_heads"] * config["attention_head_dim"],
            feed_forward=config["ffn_dim"],
            blocks=config["num_layers"],
            heads=config["num_attention_heads"],
            channels=config["in_channels"],
            text_width=config["text_dim"],
            patch=math.prod(config["patch_size"]),
        )

    def tokens(self, bucket: Bucket) -> int:
        """Video tokens of a clip: 832×480 pixels and 81 frames are 32,760."""
        return ((bucket.frames - 1) // 4 + 1) * (bucket.height // 8) * (bucket.width // 8) // self.patch

    def forward_flops(self, bucket: Bucket) -> tuple[float, float]:
        """Operations of one sample's forward pass, in products with weights and in attention."""
        tokens, d = self.tokens(bucket), self.width
        block = 8 * tokens * d**2 + 4 * (tokens + TEXT_TOKENS) * d**2 + 4 * tokens * d * self.feed_forward
        ends = 4 * tokens * self.channels * self.patch * d + 2 * TEXT_TOKENS * d * (self.text_width + d)
        attention = 4 * tokens * (tokens + TEXT_TOKENS) * d
        return float(self.blocks * block + ends), float(self.blocks * attention)


def training_flops(geometry: Geometry, bucket: Bucket, lora: bool) -> float:
    """Operations that one sample needs, forward and backward; what checkpointing repeats is not work done.

    The backward pass is twice the forward pass; with LoRA the weights' own gradients fall away.
    """
    products, attention = geometry.forward_flops(bucket)
    return (2 if lora else 3) * products + 3 * attention


def peak_flops(device_name: str) -> float | None:
    """Of a GPU by its name; None where it is not known."""
    return next((flops for part, flops in PEAK_FLOPS.items() if part in device_name), None)


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes on one device, by what they are for. `state` is certain, `activations` within about a quarter.

    Attributes:
        weights: All of them, frozen ones too.
        gradients: Of what is trained.
        moments: AdamW's two.
        average: The moving average.
        casts: Weights in the format they are multiplied in.
        activations: What is kept for the backward pass, and what it computes again in one block.
    """

    weights: float
    gradients: float
    moments: float
    average: float
    casts: float
    activations: float

    @property
    def state(self) -> float:
        """What is there between steps."""
        return self.weights + self.gradients + self.moments + self.average

    @property
    def total(self) -> float:
        """Everything."""
        return self.state + self.casts + self.activations


def memory(
    config: RunConfig, geometry: Geometry, *, frozen: int, trained: int, pieces: int, bucket: Bucket
) -> MemoryEstimate:
    """What a run will need on each device.

    Args:
        config: The run.
        geometry: Of the network.
        frozen: Parameters that are not trained.
        trained: Parameters that are.
        pieces: Processes that the state is cut up over; 1 for ddp.
        bucket: The largest shape.
    """
    size = 4 if config.precision.weights == "fp32" else 2
    gathered = geometry.blocks and 2 * (frozen + trained) / geometry.blocks * size if pieces > 1 else 0.0
    is_cast = config.precision.compute == "bf16" and size == 4
    return MemoryEstimate(
        weights=(frozen + trained) * size / pieces + gathered,
        gradients=trained * size / pieces,
        moments=2 * trained * size / pieces,
        average=4 * trained / pieces if config.ema else 0.0,
        casts=2 * (frozen + trained) if is_cast else 0.0,
        activations=config.parallel.micro_batch * activations(config, geometry, bucket),
    )


def activations(config: RunConfig, geometry: Geometry, bucket: Bucket) -> float:
    """Bytes that one sample's forward pass leaves for the backward pass, at its worst moment."""
    tokens, d = geometry.tokens(bucket), geometry.width
    number = 2 if config.precision.compute == "bf16" else 4
    whole = block_activations(geometry, tokens)
    entry = tokens * d * number
    attention = 2 * tokens * (d * number + 4 * geometry.heads)
    mode, count = config.checkpointing.mode, geometry.blocks
    if mode == "none":
        return count * whole
    if mode == "full":
        return count * entry + whole
    if mode == "attention_saved":
        return count * (entry + attention) + whole
    again = math.ceil(count / config.checkpointing.n)
    return again * entry + (count - again) * whole + whole


def block_activations(geometry: Geometry, tokens: int) -> float:
    """What autograd keeps of one block without checkpointing; the factors are counted in a test, under autocast.

    Wan computes its norms and gates in float32, so a token leaves 70 bytes for each of the `width` numbers, 4 for each
    of the feed-forward ones, and the text 14.
    """
    return tokens * (70 * geometry.width + 4 * geometry.feed_forward) + 14 * TEXT_TOKENS * geometry.width
