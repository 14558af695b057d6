"""What a run will take: arithmetic against a count, memory against what autograd keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from microverse import costs, preflight, wan
from microverse.clips import Bucket
from microverse.config import RunConfig
from microverse.presets import read_config
from microworldbench.errors import InputError

FULL_SIZE = costs.Geometry(1536, 8960, 30, 12, 16, 4096, 4)
PAPER = Bucket(832, 480, 81)


def test_the_papers_clip_has_32760_tokens_and_a_step_takes_what_it_takes() -> None:
    assert FULL_SIZE.tokens(PAPER) == 32_760
    assert sum(FULL_SIZE.forward_flops(PAPER)) / 1e12 == pytest.approx(283, abs=1)
    assert costs.training_flops(FULL_SIZE, PAPER, lora=False) / 1e15 == pytest.approx(0.85, abs=0.01)


def test_operations_are_those_that_torch_counts(tiny: Path) -> None:
    network, bucket = wan.load_network(tiny), Bucket(96, 64, 9)
    geometry = costs.Geometry.of(wan.geometry(tiny))
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        network(torch.randn(1, 16, 3, 8, 12), torch.tensor([1.0]), torch.randn(1, 512, 32), return_dict=False)
    counted = counter.get_total_flops()
    assert sum(geometry.forward_flops(bucket)) == pytest.approx(counted, rel=0.02)


def kept_by_a_block(width: int, feed_forward: int, shape: tuple[int, int, int]) -> float:
    """Bytes that autograd keeps of one block under bfloat16 autocast, weights left out."""
    from diffusers.models.transformers.transformer_wan import WanRotaryPosEmbed, WanTransformerBlock

    block = WanTransformerBlock(width, feed_forward, 4, "rms_norm_across_heads", True)
    rotary = WanRotaryPosEmbed(width // 4, (1, 2, 2), 64)(torch.randn(1, 16, *shape))
    tokens = shape[0] * shape[1] * shape[2] // 4
    inputs = [torch.randn(1, n, width, dtype=torch.bfloat16, requires_grad=True) for n in (tokens, 512, 6)]
    weights = {p.untyped_storage().data_ptr() for p in block.parameters()}
    kept: dict[int, int] = {}

    def pack(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        is_weight = tensor.dim() == 2 and set(tensor.shape) <= {width, feed_forward} and tokens not in tensor.shape
        if storage.data_ptr() not in weights and not is_weight:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t), torch.autocast("cpu", dtype=torch.bfloat16):
        kept_alive = block(*inputs, rotary)
    assert kept_alive.shape == (1, tokens, width)
    return float(sum(kept.values()))


@pytest.mark.filterwarnings("ignore:Mismatch dtype between input and weight")
@pytest.mark.parametrize(("width", "feed_forward", "shape"), [(96, 192, (6, 16, 16)), (48, 288, (5, 20, 16))])
def test_activations_are_those_that_autograd_keeps(width: int, feed_forward: int, shape: tuple[int, int, int]) -> None:
    geometry = costs.Geometry(width, feed_forward, 1, 4, 16, 32, 4)
    tokens = shape[0] * shape[1] * shape[2] // 4
    assert costs.block_activations(geometry, tokens) == pytest.approx(
        kept_by_a_block(width, feed_forward, shape), rel=0.1
    )


def estimate(*settings: str, trained: int = 1_419_000_000, frozen: int = 0, pieces: int = 1) -> costs.MemoryEstimate:
    config = read_config("paper-full", settings)
    return costs.memory(config, FULL_SIZE, frozen=frozen, trained=trained, pieces=pieces, bucket=PAPER)


def test_memory_of_the_full_size_network() -> None:
    gib = costs.GIB
    assert estimate().state / gib == pytest.approx(21.1, abs=0.1)
    assert (estimate("ema.decay=0.99").state - estimate().state) / gib == pytest.approx(5.3, abs=0.1)
    full, saved, none = (estimate(f"checkpointing.mode={mode}").total for mode in ("full", "attention_saved", "none"))
    assert full < saved < 60 * gib < none
    assert estimate("parallel.layout=fsdp", pieces=8).state < estimate().state / 5
    assert estimate("precision.weights=bf16").state == pytest.approx(estimate().state / 2)
    assert estimate(frozen=1_419_000_000, trained=23_000_000).state / gib == pytest.approx(5.6, abs=0.1)


def test_what_cannot_fit_is_refused_and_what_may_not_is_warned_of() -> None:
    memory = estimate()
    assert preflight.check_memory(memory, "cuda:0", 80 * costs.GIB) is None
    assert preflight.check_memory(memory, "cpu", None) is None
    warned = preflight.check_memory(memory, "cuda:0", 24 * costs.GIB)
    assert warned is not None
    assert "this may not fit" in warned
    with pytest.raises(InputError, match=r"optimizer need 21.1 GiB and cuda:0 has 16.0 GiB: use parallel.layout=fsdp"):
        preflight.check_memory(memory, "cuda:0", 16 * costs.GIB)


def test_parameters_are_counted_without_reading_weights(tiny: Path) -> None:
    network = wan.load_network(tiny)
    total = sum(p.numel() for p in network.parameters())
    assert preflight.parameters(RunConfig(), tiny) == (0, total)
    frozen, trained = preflight.parameters(read_config("paper-lora", ["lora.rank=4"]), tiny)
    assert (frozen, trained) == (total, 4 * 2 * (72 + 72) * 8 + 4 * 2 * 2 * (72 + 144))


def test_settings_that_train_otherwise_than_expected_are_warned_of() -> None:
    assert preflight.warnings(read_config("paper-full")) == []
    (warning,) = preflight.warnings(read_config("released"))
    assert "precision.weights=bf16" in warning
    (warning,) = preflight.warnings(read_config("paper-full", ["text.dropped=zeros"]))
    assert "empty prompt" in warning


def test_gpus_are_known_by_their_names() -> None:
    assert costs.peak_flops("NVIDIA H200") == costs.peak_flops("NVIDIA H100 80GB HBM3") == 989e12
    assert costs.peak_flops("NVIDIA H100 PCIe") == 756e12
    assert costs.peak_flops("Some Card") is None
