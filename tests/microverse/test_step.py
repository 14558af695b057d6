"""One step: its gradients against a straight reference, whatever is recomputed, accumulated, adapted or frozen."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from microverse import flow, network, optimizer, parallel, wan
from microverse.cache.reading import Cache
from microverse.config import Optimizer, RunConfig
from microverse.feed import Feed
from microverse.flow import Objective
from microverse.plan import Plan
from microverse.step import accumulate
from microworldbench.errors import InputError

Configured = Callable[..., RunConfig]


def fetched(config: RunConfig, micro: int = 1) -> Any:
    """The first step's batches."""
    cache = Cache(Path(config.cache))
    sizes = [len(clips) for _, clips in cache.buckets("train")]
    plan = Plan(sizes, config.batch, config.seed, config.text.dropout)
    shares = parallel.samples_of(config.batch, micro, 0, 1)
    zeros = config.text.dropped == "zeros"
    feed = Feed(
        cache, plan, Objective(config.objective, config.sigma), shares, torch.device("cpu"), dropped_as_zeros=zeros
    )
    return next(feed.steps(0, 1))


def prepared(config: RunConfig) -> Any:
    made = wan.load_network(Path(config.model))
    torch.manual_seed(0)
    network.prepare(made, config, "cpu")
    return made


def gradients(config: RunConfig, micro: int = 1) -> tuple[Any, dict[str, Any]]:
    made = prepared(config)
    errors = accumulate(made, fetched(config, micro).batches, lambda: network.autocast(config, "cpu"))
    return errors, {name: p.grad for name, p in network.trainable(made).items()}


def largest_difference(a: dict[str, Any], b: dict[str, Any]) -> float:
    assert a.keys() == b.keys()
    return max(float((a[name] - b[name]).abs().max()) for name in a)


@pytest.mark.parametrize("objective", ["flow", "epsilon"])
def test_gradients_equal_a_straight_reference(configured: Configured, tmp_path: Path, objective: str) -> None:
    """Written out with diffusers' scheduler and a plain loss on the stated noise or velocity."""
    from diffusers import FlowMatchEulerDiscreteScheduler, WanTransformer3DModel

    config = configured(tmp_path, f"objective={objective}")
    errors, mine = gradients(config)
    reference = WanTransformer3DModel.from_pretrained(config.model, subfolder="transformer", dtype=torch.float32)
    scheduler = FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000)
    total = torch.zeros(())
    losses = []
    for batch in fetched(config).batches:
        scheduler.sigmas, scheduler.timesteps = batch.levels, batch.levels * 1000
        noisy = scheduler.scale_noise(batch.latents, batch.levels * 1000, batch.noise)
        predicted = reference(noisy, batch.levels * 1000, batch.text.float(), return_dict=False)[0]
        if objective == "flow":
            loss = torch.nn.functional.mse_loss(predicted, batch.noise - batch.latents)
        else:
            loss = torch.nn.functional.mse_loss(noisy + (1 - batch.levels[0]) * predicted, batch.noise)
        losses.append(loss.detach())
        total = total + loss / config.batch
    total.backward()
    assert torch.allclose(errors, torch.stack(losses), rtol=1e-5)
    assert largest_difference(mine, {name: p.grad for name, p in reference.named_parameters()}) < 1e-6


@pytest.mark.parametrize("mode", ["full", "attention_saved", "every_n"])
@pytest.mark.parametrize("compute", ["fp32", "bf16"])
def test_what_is_computed_again_changes_no_gradient(
    configured: Configured, tmp_path: Path, mode: str, compute: str
) -> None:
    settings = ["batch=1", "parallel.micro_batch=1", f"precision.compute={compute}"]
    plain = gradients(configured(tmp_path, *settings, "checkpointing.mode=none"))
    again = gradients(configured(tmp_path, *settings, f"checkpointing.mode={mode}"))
    assert torch.equal(plain[0], again[0])
    assert largest_difference(plain[1], again[1]) == 0


@pytest.mark.filterwarnings("ignore")  # of the compiler's own tracing
def test_compiled_blocks_compute_the_same(
    configured: Configured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Traced and partitioned as on a GPU; only the last stage, which needs a C++ compiler and a minute, is left out."""
    settings = ["batch=1", "parallel.micro_batch=1", "checkpointing.mode=attention_saved"]
    plain = gradients(configured(tmp_path, *settings))
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="aot_eager"))
    compiled = gradients(configured(tmp_path, *settings, "compile=true"))
    assert torch.allclose(plain[0], compiled[0], rtol=1e-5)
    assert largest_difference(plain[1], compiled[1]) < 1e-6


class Counted(TorchDispatchMode):
    """Counts attention kernels and matrix products."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = self.products = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = str(func)
        self.attention += "scaled_dot_product" in name and "backward" not in name
        self.products += name in ("aten.addmm.default", "aten.mm.default")
        return func(*args, **(kwargs or {}))


def test_attention_saved_repeats_products_but_no_attention(configured: Configured, tmp_path: Path) -> None:
    counts = {}
    for mode in ("none", "full", "attention_saved"):
        config = configured(tmp_path, "batch=1", "parallel.micro_batch=1", f"checkpointing.mode={mode}")
        made, step = prepared(config), fetched(config)
        with Counted() as counted:
            accumulate(made, step.batches, lambda config=config: network.autocast(config, "cpu"))
        counts[mode] = counted
    assert counts["full"].attention == 2 * counts["none"].attention == 2 * counts["attention_saved"].attention
    assert counts["full"].products == counts["attention_saved"].products > counts["none"].products


def test_eight_times_one_is_a_batch_of_eight(configured: Configured, tmp_path: Path) -> None:
    config = configured(tmp_path, "batch=8", "parallel.micro_batch=1")
    apart, together = gradients(config, micro=1), gradients(config, micro=8)
    assert torch.allclose(apart[0], together[0], rtol=1e-5)
    assert largest_difference(apart[1], together[1]) < 1e-6


def test_bfloat16_autocast_is_near_float32(configured: Configured, tmp_path: Path) -> None:
    exact = gradients(configured(tmp_path, "precision.compute=fp32"))[0]
    near = gradients(configured(tmp_path, "precision.compute=bf16"))[0]
    assert torch.allclose(exact, near, rtol=5e-3)
    assert not torch.equal(exact, near)


def test_the_time_is_embedded_in_float32_under_autocast(configured: Configured, tmp_path: Path) -> None:
    made = prepared(configured(tmp_path, "precision.compute=bf16"))
    seen: list[Any] = []
    made.condition_embedder.time_embedder.linear_1.register_forward_hook(
        lambda _m, a, out: seen.append((a[0].dtype, out.dtype))
    )
    made.blocks[0].attn1.norm_q.register_forward_hook(lambda _m, _a, out: seen.append(out.dtype))
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.no_grad():
        made(torch.randn(1, 16, 3, 4, 6), torch.tensor([500.25]), torch.randn(1, 512, 32))
    assert seen == [(torch.float32, torch.float32), torch.bfloat16]


def test_lora_begins_as_the_base_and_trains_only_its_adapters(configured: Configured, tmp_path: Path) -> None:
    config = configured(tmp_path, "lora.rank=4", "optimizer.lr=1e-2")
    made, base = prepared(config), wan.load_network(Path(config.model))
    inputs = torch.randn(1, 16, 3, 4, 6), torch.tensor([500.0]), torch.randn(1, 512, 32)
    with torch.no_grad():
        assert torch.equal(made(*inputs, return_dict=False)[0], base(*inputs, return_dict=False)[0])
    frozen = {name: p.clone() for name, p in made.named_parameters() if not p.requires_grad}
    adapters = network.trainable(made)
    assert len(adapters) == 2 * 2 * (4 + 4 + 2)  # A and B of each layer of two blocks
    before = {name: p.detach().clone() for name, p in adapters.items()}
    adam = optimizer.adamw(list(adapters.values()), config.optimizer)
    for _ in range(2):
        accumulate(made, fetched(config).batches, lambda: network.autocast(config, "cpu"))
        adam.step()
        adam.zero_grad()
    assert all(torch.equal(p, frozen[name]) for name, p in made.named_parameters() if not p.requires_grad)
    assert all(not torch.equal(p, before[name]) for name, p in adapters.items())
    made.set_adapters([network.ADAPTER], [0.0])
    with torch.no_grad():
        assert torch.allclose(made(*inputs, return_dict=False)[0], base(*inputs, return_dict=False)[0], atol=1e-6)


def test_a_target_that_no_layer_has_is_an_error(configured: Configured, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"lora.targets: no layer's name ends in 'to_z'"):
        prepared(configured(tmp_path, "lora.targets=[to_z]"))


def test_an_attention_backend_that_is_not_there_is_an_error(configured: Configured, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="attention=nonsense: "):
        prepared(configured(tmp_path, "attention=nonsense"))


@pytest.mark.parametrize("dropped", ["empty_prompt", "zeros"])
def test_dropped_captions_are_replaced_by_what_was_chosen(configured: Configured, tmp_path: Path, dropped: str) -> None:
    config = configured(tmp_path, "batch=16", "text.dropout=0.5", f"text.dropped={dropped}")
    cache = Cache(Path(config.cache))
    null = cache.prompt("") if dropped == "empty_prompt" else torch.zeros(512, 32)
    step = fetched(config)
    texts = torch.cat([batch.text for batch in step.batches])
    clips = {clip.id: clip for clip in cache.clips}
    captions = [cache.text(clips[name].caption) for batch in step.batches for name in batch.clips]
    drops = [draw.drops_caption for draw in step.draws]
    assert 2 < sum(drops) < 14
    for text, caption, drop in zip(texts, captions, drops, strict=True):
        assert torch.equal(text, null if drop else caption)


def test_noise_and_levels_are_those_of_the_plan_in_float32(configured: Configured, tmp_path: Path) -> None:
    config = configured(tmp_path, "sigma.density=diffsynth")
    step, objective = fetched(config), Objective("flow", config.sigma)
    for batch, draw in zip(step.batches, step.draws, strict=True):
        level = objective.level(draw.u)
        noise = torch.randn(batch.latents.shape[1:], generator=torch.Generator().manual_seed(draw.noise_seed))
        assert torch.equal(batch.noise[0], noise)
        assert float(batch.levels) == pytest.approx(level, rel=1e-6)
        assert float(batch.weights) == pytest.approx(objective.weight(level), rel=1e-6)
        assert batch.noise.dtype == batch.levels.dtype == flow.times(batch.levels).dtype == torch.float32


def test_bfloat16_weights_lose_most_of_a_small_rate(configured: Configured, tmp_path: Path) -> None:
    """Why precision.weights=bf16 warns: updates below half a step of the format are rounded away."""
    torch.manual_seed(0)
    moved = {}
    for dtype in (torch.float32, torch.bfloat16):
        weight = torch.nn.Parameter((0.03 * torch.randn(20_000)).to(dtype))
        start, adam = weight.detach().clone(), optimizer.adamw([weight], Optimizer(lr=1e-5))
        for step in range(100):
            weight.grad = torch.randn(20_000, generator=torch.Generator().manual_seed(step)).to(dtype)
            adam.step()
        moved[dtype] = float((weight != start).float().mean())
    assert moved[torch.float32] > 0.99
    assert moved[torch.bfloat16] < 0.25


def test_the_rate_warms_up_and_follows_its_schedule() -> None:
    how = Optimizer(lr=1.0, warmup_steps=4, schedule="cosine")
    rates = [optimizer.learning_rate(step, 104, how) for step in range(104)]
    assert rates[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert rates[54] == pytest.approx(0.5)
    assert rates[-1] < 0.001
    assert optimizer.learning_rate(60, 100, Optimizer(lr=1.0, schedule="linear")) == pytest.approx(0.4)
    assert {optimizer.learning_rate(step, 100, Optimizer(lr=2.0)) for step in range(100)} == {2.0}


def test_the_average_follows_the_weights_and_steps_aside() -> None:
    weight = torch.nn.Parameter(torch.zeros(3))
    average = optimizer.MovingAverage({"w": weight}, decay=0.9)
    for step in range(200):
        weight.data.fill_(1.0)
        average.follow({"w": weight}, step)
    assert torch.allclose(average.weights["w"], torch.ones(3), atol=1e-4)
    weight.data.fill_(5.0)
    with optimizer.averaged({"w": weight}, average):
        assert float(weight.detach()[0]) == pytest.approx(1.0, abs=1e-4)
    assert float(weight.detach()[0]) == 5.0


def test_a_batch_that_cannot_be_shared_names_the_number_it_can_be() -> None:
    assert parallel.samples_of(8, 2, 1, 2) == [range(2, 4), range(6, 8)]
    with pytest.raises(
        InputError, match="batch of 8 cannot be shared by 3 processes that take 1 at once: make it a multiple of 3"
    ):
        parallel.samples_of(8, 1, 0, 3)


def test_shares_of_all_processes_are_the_batch() -> None:
    parts = [index for rank in range(4) for share in parallel.samples_of(24, 3, rank, 4) for index in share]
    assert sorted(parts) == list(range(24))
