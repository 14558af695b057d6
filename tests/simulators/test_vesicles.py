"""The vesicles diffuse as Einstein says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microworldbench.simulators.vesicles.parameters import Params
from microworldbench.simulators.vesicles.physics import CAGE_S, simulate

# A field so large that no vesicle meets its walls.
OPEN = Params(field_um=30.0, density_per_um2=0.6)


def msd(paths: np.ndarray, lag: int) -> float:
    return float(np.square(paths[lag:] - paths[:-lag]).sum(axis=-1).mean())


def inner(violation: str | None = None, fps: float = 16.0) -> np.ndarray:
    """Paths (instants, vesicles, 2) of vesicles that start far from the walls."""
    paths = simulate(OPEN, 7, 5.0, fps, violation).xy_um
    start = paths[0]
    return paths[:, ((start > 5) & (start < OPEN.field_um - 5)).all(axis=1)]


def test_d_follows_from_stokes_and_einstein() -> None:
    # A sphere of 100 nm radius in water at 20 °C (1.002 mPa·s): 2.14 µm²/s.
    assert Params(radius_um=0.1, viscosity_pa_s=0.05, temperature_k=293.15).diffusion_um2_s == pytest.approx(
        2.14 * 1.002e-3 / 0.05, rel=5e-3
    )


@pytest.mark.parametrize("lag", [1, 4, 16])
def test_the_msd_is_four_d_t(lag: int) -> None:
    assert msd(inner(), lag) == pytest.approx(4 * OPEN.diffusion_um2_s * lag / 16, rel=0.12)


def test_the_msd_grows_with_exponent_one() -> None:
    paths, lags = inner(), np.array([1, 2, 4, 8, 16])
    slope = np.polyfit(np.log(lags), np.log([msd(paths, lag) for lag in lags]), 1)[0]
    assert slope == pytest.approx(1, abs=0.1)


def test_steps_are_gaussian() -> None:
    from scipy.stats import kurtosis

    assert abs(kurtosis(np.diff(inner(), axis=0).ravel())) < 0.1


def test_there_is_no_common_drift() -> None:
    moved = inner()[-1] - inner()[0]
    assert np.abs(moved.mean(axis=0)).max() < 4 * moved.std() / np.sqrt(len(moved))


def test_paths_do_not_depend_on_the_frame_rate() -> None:
    assert inner(fps=48.0)[::3] == pytest.approx(inner(fps=16.0), abs=1e-9)


@given(st.integers(0, 10_000), st.sampled_from([None, "drift", "ballistic", "teleport"]))
def test_vesicles_stay_in_the_field(seed: int, violation: str | None) -> None:
    state = simulate(Params.drawn(seed), seed, 1.0, 8.0, violation)
    assert np.all((state.xy_um >= 0) & (state.xy_um <= state.params.field_um))


def test_ballistic_vesicles_have_exponent_two() -> None:
    paths = inner("ballistic")
    assert np.log2(msd(paths, 8) / msd(paths, 4)) == pytest.approx(2, abs=0.1)


def test_drift_carries_all_the_same_way() -> None:
    steps = inner("drift")[16] - inner("drift")[0]
    assert np.hypot(*steps.mean(axis=0)) > 0.8 * np.sqrt(np.square(steps).sum(axis=1).mean())


def test_frozen_vesicles_do_not_move() -> None:
    assert np.ptp(inner("frozen"), axis=0).max() == 0


def test_teleporting_vesicles_jump_about_every_08_seconds() -> None:
    jumps = np.hypot(*np.moveaxis(np.diff(inner("teleport"), axis=0), -1, 0)) > 1
    assert jumps.mean() * 16 == pytest.approx(1 / 0.8, rel=0.2)


def test_vanishing_leaves_less_than_half() -> None:
    assert simulate(OPEN, 7, 5.0, 16.0, "vanishing").visible[-1].mean() < 0.5


@pytest.mark.parametrize("seconds", [0.125, 0.25, 1.0])
def test_caged_vesicles_get_as_far_as_their_cage_lets_them(seconds: float) -> None:
    # An Ornstein-Uhlenbeck walk in the plane: MSD = 4Dτ·(1 − exp(−t/τ)).
    paths = inner("caged")[16:]
    expected = 4 * OPEN.diffusion_um2_s * CAGE_S * (1 - np.exp(-seconds / CAGE_S))
    assert msd(paths, round(seconds * 16)) == pytest.approx(expected, rel=0.15)


def test_multiplying_vesicles_end_twice_as_many() -> None:
    count = simulate(OPEN, 7, 5.0, 16.0, "multiplying").visible.sum(axis=1)
    assert (np.diff(count) >= 0).all()
    assert count[-1] == 2 * count[0]
