"""Tiny random pipelines, built offline through the real diffusers classes and saved as a user's model would be.

They make noise, in a second on a CPU; what they show is that an adapter loads, calls and describes the real classes
rightly. Needs torch, diffusers and transformers.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import UnknownNameError

T5_WIDTH = 32


def build_tiny(family: str, folder: Path, *, seed: int = 0) -> Path:
    """Writes a tiny pipeline in diffusers' layout.

    Args:
        family: One of `FAMILIES`.
        folder: Where; made if it is not there.
        seed: Of the weights.

    Returns:
        `folder`.

    Raises:
        UnknownNameError: there is no such family.
    """
    if family not in FAMILIES:
        raise UnknownNameError("tiny pipeline", family, FAMILIES)
    import torch

    state = torch.random.get_rng_state()
    torch.manual_seed(seed)
    try:
        FAMILIES[family]().save_pretrained(folder)
    finally:
        torch.random.set_rng_state(state)
    return folder


def _wan21() -> Any:
    from diffusers import WanPipeline

    return WanPipeline(transformer=_wan_network(16), vae=_wan_vae(), **_wan_parts(3.0))


def _wan22_experts() -> Any:
    from diffusers import WanPipeline

    networks = {"transformer": _wan_network(16), "transformer_2": _wan_network(16)}
    return WanPipeline(vae=_wan_vae(), boundary_ratio=0.875, **networks, **_wan_parts(3.0))


def _wan22_ti2v() -> Any:
    from diffusers import AutoencoderKLWan, WanPipeline

    vae = AutoencoderKLWan(
        base_dim=4,
        decoder_base_dim=4,
        z_dim=48,
        in_channels=12,
        out_channels=12,
        is_residual=True,
        patch_size=2,
        latents_mean=[0.0] * 48,
        latents_std=[1.0] * 48,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        scale_factor_spatial=16,
        scale_factor_temporal=4,
        temperal_downsample=[False, True, True],
    )
    return WanPipeline(transformer=_wan_network(48), vae=vae, expand_timesteps=True, **_wan_parts(5.0))


def _wan_network(channels: int) -> Any:
    from diffusers import WanTransformer3DModel

    return WanTransformer3DModel(
        patch_size=(1, 2, 2),
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=channels,
        out_channels=channels,
        text_dim=T5_WIDTH,
        freq_dim=64,
        ffn_dim=32,
        num_layers=2,
        cross_attn_norm=True,
        qk_norm="rms_norm_across_heads",
        rope_max_seq_len=64,
    )


def _wan_vae() -> Any:
    from diffusers import AutoencoderKLWan

    return AutoencoderKLWan(
        base_dim=4, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1, temperal_downsample=[False, True, True]
    )


def _wan_parts(shift: float) -> dict[str, Any]:
    from diffusers import UniPCMultistepScheduler

    scheduler = UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, num_train_timesteps=1000, flow_shift=shift
    )
    return {"tokenizer": _t5_tokenizer(512), "text_encoder": _t5("UMT5"), "scheduler": scheduler}


def _cogvideox() -> Any:
    from diffusers import (
        AutoencoderKLCogVideoX,
        CogVideoXDPMScheduler,
        CogVideoXPipeline,
        CogVideoXTransformer3DModel,
    )

    network = CogVideoXTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=16,
        in_channels=4,
        out_channels=4,
        time_embed_dim=8,
        text_embed_dim=T5_WIDTH,
        num_layers=2,
        sample_width=8,
        sample_height=8,
        sample_frames=9,
        patch_size=2,
        temporal_compression_ratio=4,
        max_text_seq_length=226,
        use_rotary_positional_embeddings=True,
    )
    vae = AutoencoderKLCogVideoX(
        down_block_types=("CogVideoXDownBlock3D",) * 4,
        up_block_types=("CogVideoXUpBlock3D",) * 4,
        block_out_channels=(8, 8, 8, 8),
        latent_channels=4,
        layers_per_block=1,
        norm_num_groups=2,
        temporal_compression_ratio=4,
    )
    scheduler = CogVideoXDPMScheduler(
        prediction_type="v_prediction", rescale_betas_zero_snr=True, snr_shift_scale=1.0, timestep_spacing="trailing"
    )
    return CogVideoXPipeline(
        tokenizer=_t5_tokenizer(226), text_encoder=_t5("T5"), vae=vae, transformer=network, scheduler=scheduler
    )


def _hunyuanvideo() -> Any:
    from diffusers import (
        AutoencoderKLHunyuanVideo,
        FlowMatchEulerDiscreteScheduler,
        HunyuanVideoPipeline,
        HunyuanVideoTransformer3DModel,
    )
    from transformers import CLIPTextConfig, CLIPTextModel, LlamaConfig, LlamaModel

    network = HunyuanVideoTransformer3DModel(
        in_channels=4,
        out_channels=4,
        num_attention_heads=2,
        attention_head_dim=10,
        num_layers=1,
        num_single_layers=1,
        num_refiner_layers=1,
        patch_size=1,
        patch_size_t=1,
        guidance_embeds=True,
        text_embed_dim=16,
        pooled_projection_dim=8,
        rope_axes_dim=(2, 4, 4),
    )
    vae = AutoencoderKLHunyuanVideo(
        latent_channels=4,
        down_block_types=("HunyuanVideoDownBlock3D",) * 4,
        up_block_types=("HunyuanVideoUpBlock3D",) * 4,
        block_out_channels=(8, 8, 8, 8),
        layers_per_block=1,
        norm_num_groups=4,
        spatial_compression_ratio=8,
        temporal_compression_ratio=4,
        mid_block_add_attention=True,
    )
    llama = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 4, "num_attention_heads": 4}
    clip = {"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    llama_tokens, clip_tokens = _byte_tokenizer(400, start="<s>", pad="<pad>"), _byte_tokenizer(77, start="<s>")
    ends = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}
    return HunyuanVideoPipeline(
        text_encoder=LlamaModel(LlamaConfig(vocab_size=300, max_position_embeddings=512, **llama, **ends)).eval(),
        tokenizer=llama_tokens,
        transformer=network,
        vae=vae,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0),
        text_encoder_2=CLIPTextModel(CLIPTextConfig(vocab_size=300, projection_dim=8, **clip, **ends)).eval(),
        tokenizer_2=clip_tokens,
    )


def _t5(kind: str) -> Any:
    import transformers

    config = getattr(transformers, f"{kind}Config")(
        vocab_size=300, d_model=T5_WIDTH, d_kv=8, d_ff=37, num_layers=2, num_heads=4, feed_forward_proj="gated-gelu"
    )
    return getattr(transformers, f"{kind}EncoderModel")(config).eval()


def _t5_tokenizer(length: int) -> Any:
    return _byte_tokenizer(length, start=None, pad="<pad>")


def _byte_tokenizer(length: int, *, start: str | None, pad: str = "</s>") -> Any:
    """One token a byte, so that every text of every script has tokens; ``</s>`` ends it."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    names = ["<s>", "</s>", "<pad>", "<unk>", *alphabet]
    special = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": pad, "unk_token": "<unk>"}
    tokenizer = Tokenizer(models.BPE(vocab={name: number for number, name in enumerate(names)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    single = f"{start} $A </s>" if start else "$A </s>"
    tokenizer.post_processor = processors.TemplateProcessing(single=single, special_tokens=[("<s>", 0), ("</s>", 1)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=length, **special)


FAMILIES: dict[str, Callable[[], Any]] = {
    "wan2.1": _wan21,
    "wan2.2-a14b": _wan22_experts,
    "wan2.2-ti2v": _wan22_ti2v,
    "cogvideox": _cogvideox,
    "hunyuanvideo": _hunyuanvideo,
}
"""What can be built, by name."""
