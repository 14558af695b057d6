"""Noise levels, noising and the two objectives."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from microverse.config import Sigma
from microverse.flow import Objective, noised, shifted, squared_errors, times, velocity

MIDDLES = (np.arange(20_000) + 0.5) / 20_000


def masses(density: str, kind: str = "flow") -> np.ndarray:
    """Training effort in each quarter of the noise levels: density times weight."""
    objective = Objective(kind, Sigma(density=density))
    levels = np.array([objective.level(u) for u in MIDDLES])
    weights = np.array([objective.weight(s) for s in levels])
    return np.histogram(levels, 4, (0, 1), weights=weights)[0] / weights.sum()


@pytest.mark.parametrize(
    ("density", "expected"),
    [
        ("fastvideo", [0.25, 0.25, 0.25, 0.25]),
        ("wan", [0.04, 0.21, 0.41, 0.34]),
        ("diffsynth", [0.05, 0.20, 0.38, 0.37]),
    ],
)
def test_each_density_puts_its_effort_where_its_authors_do(density: str, expected: list[float]) -> None:
    assert masses(density) == pytest.approx(expected, abs=0.006)


def test_the_bell_averages_one_and_vanishes_at_pure_noise() -> None:
    objective = Objective("flow", Sigma(density="diffsynth"))
    assert np.mean([objective.weight(objective.level(u)) for u in MIDDLES]) == pytest.approx(1, abs=1e-3)
    assert objective.weight(1.0) == 0
    assert objective.weight(0.5) == pytest.approx(2.08, abs=0.01)


def test_a_uniform_density_shifted_by_three_leans_to_noise() -> None:
    objective = Objective("flow", Sigma(density="fastvideo", shift=3.0))
    found = np.histogram([objective.level(u) for u in MIDDLES], 4, (0, 1))[0] / len(MIDDLES)
    assert found == pytest.approx([0.10, 0.15, 0.25, 0.50], abs=0.006)


def test_shifts_compose_and_keep_the_ends() -> None:
    assert (shifted(0.0, 5.0), shifted(1.0, 5.0)) == (0.0, 1.0)
    assert shifted(shifted(0.3, 2.0), 3.0) == pytest.approx(shifted(0.3, 6.0))


def test_noising_and_velocity_agree_with_diffusers_scheduler() -> None:
    from diffusers import FlowMatchEulerDiscreteScheduler

    scheduler = FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=3.0)
    clean, noise = torch.randn(3, 4, 2, 4, 4), torch.randn(3, 4, 2, 4, 4)
    levels = scheduler.sigmas[[100, 500, 900]]
    noisy = noised(clean, noise, levels)
    assert torch.equal(times(levels), scheduler.timesteps[[100, 500, 900]])
    assert torch.allclose(noisy, scheduler.scale_noise(clean, times(levels), noise), atol=1e-6)
    back = noisy - levels.view(-1, 1, 1, 1, 1) * velocity(clean, noise)
    assert torch.allclose(back, clean, atol=1e-5)


def test_epsilon_is_the_error_of_the_stated_noise() -> None:
    """The paper's Eq. 1, computed from the noise itself, equals our weight on the velocity's error."""
    clean, noise, predicted = (torch.randn(2, 4, 2, 4, 4, dtype=torch.float64).float() for _ in range(3))
    levels = torch.tensor([0.3, 0.8])
    objective = Objective("epsilon", Sigma())
    s = levels.view(-1, 1, 1, 1, 1)
    stated_noise = noised(clean, noise, levels) + (1 - s) * predicted
    weights = torch.tensor([objective.weight(float(level)) for level in levels])
    expected = (stated_noise - noise).square().flatten(1).mean(1)
    assert torch.allclose(squared_errors(predicted, velocity(clean, noise)) * weights, expected, rtol=1e-5)


def test_epsilon_hardly_trains_the_noisiest_quarter() -> None:
    assert masses("fastvideo", "epsilon")[3] < 0.02


def test_everything_is_float32_even_for_bfloat16_latents() -> None:
    clean, noise = torch.randn(1, 2, 1, 2, 2).bfloat16(), torch.randn(1, 2, 1, 2, 2)
    level = torch.tensor([0.123456])
    for made in (noised(clean, noise, level), velocity(clean, noise), times(level)):
        assert made.dtype == torch.float32
    assert abs(float(times(level)) - 123.456) < 1e-4
