"""A toy Wan2.1 pipeline, written offline: every step from caching to scoring runs with it on a laptop.

Text encoder and network are random. The autoencoder is not: its weights are set so that a latent frame holds the mean
colours of 8×8 pixels in each of its four frames, and decoding spreads them out again. Clips survive it as blurred
pictures, so that what a toy network has learnt can be looked at.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

COLOURS = 3
CHANNELS = 16
"""Of the autoencoder, inside and in its latents; 4 frames × 3 colours are in use."""
MEAN, SPREAD = -0.5, 0.4
"""Of the pixels of a dark microscope picture, in -1…1: what latents are normalised by."""
OFFSET, ANCHOR = 8.0, 200.0
"""Before a norm and SiLU, values are lifted by the offset, where SiLU changes nothing, beside a constant so large that
the norm divides by nearly the same number everywhere."""


def make_tiny(folder: Path, *, seed: int = 0, width: int = 96, layers: int = 3) -> Path:
    """Writes the pipeline in diffusers' layout.

    Args:
        folder: Where; made if it is not there.
        seed: Of the random weights.
        width: Of the network, a multiple of 24.
        layers: Blocks of the network.

    Returns:
        `folder`.
    """
    import torch
    from diffusers import WanPipeline, WanTransformer3DModel

    from microworldbench.testing.tiny import T5_WIDTH, build_tiny

    build_tiny("wan2.1", folder, seed=seed)
    state = torch.random.get_rng_state()
    torch.manual_seed(seed)
    try:
        network = WanTransformer3DModel(
            num_attention_heads=width // 24,
            attention_head_dim=24,
            text_dim=T5_WIDTH,
            freq_dim=64,
            ffn_dim=2 * width,
            num_layers=layers,
            rope_max_seq_len=64,
        )
    finally:
        torch.random.set_rng_state(state)
    parts = WanPipeline.from_pretrained(folder, transformer=None, vae=None)
    WanPipeline(
        tokenizer=parts.tokenizer,
        text_encoder=parts.text_encoder,
        scheduler=parts.scheduler,
        vae=block_autoencoder(),
        transformer=network,
    ).save_pretrained(folder)
    return folder


def block_autoencoder() -> Any:
    """An `AutoencoderKLWan` that keeps the mean colours of blocks of 8×8 pixels, frame by frame."""
    import torch
    from diffusers import AutoencoderKLWan

    used = 4 * COLOURS
    decoder = AutoencoderKLWan(
        base_dim=CHANNELS,
        z_dim=CHANNELS,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=0,
        temperal_downsample=[False, True, True],
        latents_mean=[MEAN] * used + [0.0] * (CHANNELS - used),
        latents_std=[SPREAD] * used + [1.0] * (CHANNELS - used),
    )
    with torch.no_grad():
        for name, parameter in decoder.named_parameters():
            parameter.fill_(1.0 if name.endswith("gamma") else 0.0)
        _set_encoder(decoder.encoder)
        _identity(decoder.quant_conv, 2 * CHANNELS)
        _identity(decoder.post_quant_conv, CHANNELS)
        _set_decoder(decoder.decoder)
    return decoder


def _set_encoder(encoder: Any) -> None:
    used = COLOURS
    _identity(encoder.conv_in, used)
    for layer in encoder.down_blocks:  # three times half the size, and from the second on half the frames
        for channel in range(used):
            layer.resample[1].weight[channel, channel, :2, :2] = 0.25
        if layer.mode == "downsample3d":
            for channel in range(used):  # the two frames of a pair lie side by side in the channels
                layer.time_conv.weight[channel, channel, 1] = 1.0
                layer.time_conv.weight[used + channel, channel, 2] = 1.0
            used *= 2
    _head(encoder, used)
    encoder.conv_out.bias[CHANNELS:] = -20.0  # the posterior has no spread


def _set_decoder(decoder: Any) -> None:
    used = 4 * COLOURS
    _identity(decoder.conv_in, used)
    decoder.conv_in.bias[:used] = 1.0  # black is 0, as what lies outside the picture is for a convolution
    for block in decoder.up_blocks:
        (resnet,) = block.resnets
        if hasattr(resnet.conv_shortcut, "weight"):
            _identity(resnet.conv_shortcut, used)
        if block.upsamplers is None:
            continue
        (layer,) = block.upsamplers
        if layer.mode == "upsample3d":
            used //= 2
            for channel in range(used):  # the second half of the channels is the later frame
                layer.time_conv.weight[channel, channel, 2] = 1.0
                layer.time_conv.weight[CHANNELS + channel, used + channel, 2] = 1.0
        for channel in range(used):
            layer.resample[1].weight[channel, channel] = _smooth()
    _head(decoder, used, decoder.up_blocks[-1].resnets[-1])
    decoder.conv_out.bias -= 1.0


def _head(half: Any, used: int, last: Any = None) -> None:
    """Makes the norm, SiLU and convolution at the end of encoder or decoder nearly linear."""
    import torch

    last = last if last is not None else half.mid_block.resnets[-1]
    lift = torch.zeros(CHANNELS)
    lift[:used], lift[-1] = OFFSET, ANCHOR
    last.conv2.bias.copy_(lift)
    half.norm_out.gamma.fill_(float(lift.norm()) / CHANNELS**0.5)
    _identity(half.conv_out, used)
    half.conv_out.bias[:used] = -torch.nn.functional.silu(torch.tensor(OFFSET))


def _identity(layer: Any, used: int) -> None:
    """Passes the first channels of a convolution through, each from its own place."""
    size = layer.weight.shape[2:]
    centre = size[0] - 1, size[1] // 2, size[2] // 2  # causal: the newest frame
    for channel in range(used):
        layer.weight[(channel, channel, *centre)] = 1.0


def _smooth() -> Any:
    import torch

    line = torch.tensor([0.25, 0.5, 0.25])
    return line[:, None] * line
