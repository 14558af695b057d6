"""Flow of red cells on streamlines: Poiseuille-like profile, continuity u·A = const, a pulse from the heart.

A cell keeps its relative radius η = r/R(x). Along its streamline u(x, η, t) = ū(t)·g(η)·(R₀/R(x))², with
g(η) = (1 + 2/k)·(1 − |η|^k), whose mean over the section is 1. The time from the inlet to x at unit speed,
τ(x) = ∫ (R/R₀)² dx, turns this into uniform motion: τ grows by g(η)·∫ū dt. So the time step of the physics is that of
the pulse alone (1 ms of the animal's time), whatever the frame rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..mechanism import instants
from .parameters import Params

Array = NDArray[np.float64]

PULSE_STEP_S = 1e-3
MARGIN_UM = 20.0
"""How far cells are followed beyond the field on either side."""
JUMP_EVERY_S = 0.5
"""Seconds of the clip between the jumps of the violation ``teleport``."""


@dataclass(frozen=True)
class State:
    """Red cells over time; arrays of shape (instants, cells) unless said otherwise.

    Lengths in µm: x from the left edge of the field, y downwards from the vessel's mean axis.
    """

    params: Params
    seed: int
    fps: float
    time_s: Array
    """(instants,) of the clip's time."""
    mean_speed_um_s: Array
    """(instants,) upstream speed averaged over the section, in the animal's time; negative runs backwards."""
    x_um: Array
    y_um: Array
    eta: Array
    """Relative position across the lumen, −1 (upper wall) to 1."""
    visible: NDArray[np.bool_]
    angle: Array
    tilt: Array
    """(cells,) 0 edge-on to 1 face-on."""
    depth: Array
    """(cells,) 0 front to 1 back."""
    violation: str | None
    """What was broken on purpose."""


def axis_um(params: Params, x_um: Array) -> Array:
    """Height of the vessel's axis at `x_um`."""
    return params.bend_um * np.sin(2 * np.pi * 0.9 * x_um / params.field_width_um + params.bend_phase)


def clot_height_um(params: Params, x_um: Array) -> Array:
    """How far the clot stands out from its wall at `x_um`."""
    reach = (x_um - params.clot_position * params.field_width_um) / params.clot_half_length_um
    return 2 * params.lumen_radius_um * (1 - params.throat_fraction) * np.exp(-0.5 * reach**4)


def lumen_um(params: Params, x_um: Array) -> tuple[Array, Array]:
    """Upper and lower boundary of the free lumen at `x_um`."""
    axis, clot = axis_um(params, x_um), clot_height_um(params, x_um)
    top, bottom = axis - params.lumen_radius_um, axis + params.lumen_radius_um
    return (top + clot, bottom) if params.clot_side == "above" else (top, bottom - clot)


def profile(params: Params, eta: Array) -> Array:
    """g(η): speed over the section's mean speed."""
    k = params.profile_exponent
    return (1 + 2 / k) * (1 - np.abs(eta) ** k)


def mean_speed(params: Params, time_s: Array) -> Array:
    """Upstream mean speed at clip times `time_s`: a steep systolic rise and a slower fall, with the wanted mean."""
    beats = time_s / params.slow_motion * params.heart_rate_per_min / 60
    phase = beats % 1.0
    pulse = np.exp(-(((phase - 0.25) / 0.14) ** 2)) + 0.45 * np.exp(-(((phase - 0.55) / 0.2) ** 2))
    return params.mean_speed_um_s * (1 + params.pulsatility * (1.9 * pulse - 0.763))


def simulate(params: Params, seed: int, duration_s: float, fps: float, violation: str | None = None) -> State:
    """Follows every cell for `duration_s` seconds of the clip.

    Args:
        params: The vessel.
        seed: Draws where the cells start and how they lie.
        duration_s: Length of the clip.
        fps: Instants a second of the clip.
        violation: One of the mechanism's, or None.
    """
    rng = np.random.default_rng([seed, 101])
    time_s = np.arange(instants(duration_s, fps)) / fps
    power = {"no_acceleration": 0.0, "cells_through_clot": 0.0, "slow_throat": -1.0}.get(violation or "", 1.0)
    x_grid, tau_grid = _transit(params, power)
    eta, start = _lanes(params, rng, len(time_s), tau_grid[-1], jumps=violation == "teleport", fps=fps)

    speed, path = _pulse(params, time_s, violation)
    gain = {"plug_flow": np.full_like(eta, 0.7), "fast_walls": 0.35 + 0.95 * eta**2}.get(violation or "")
    gain = profile(params, eta) if gain is None else gain
    x = np.interp((start + gain * path[:, None]) % tau_grid[-1], tau_grid, x_grid)
    y = _across(params, x, eta, ignores_clot=violation == "cells_through_clot")

    visible = np.ones(x.shape, bool)
    if violation == "vanishing_cells":
        doomed = rng.random(params.cells) < 0.8
        visible = ~(doomed & (x > params.clot_position * params.field_width_um))
    spin = rng.normal(0, 0.12, (len(time_s), params.cells)) / np.sqrt(fps) - 0.25 * eta * path[-1] / x_grid[-1] / fps
    return State(
        params=params,
        seed=seed,
        fps=fps,
        time_s=time_s,
        mean_speed_um_s=speed,
        x_um=x,
        y_um=y,
        eta=eta,
        visible=visible,
        angle=rng.uniform(0, np.pi, params.cells) + np.cumsum(spin, axis=0),
        tilt=rng.uniform(0.4, 1.0, params.cells),
        depth=rng.uniform(0, 1, params.cells),
        violation=violation,
    )


def _transit(params: Params, power: float) -> tuple[Array, Array]:
    """Positions along the vessel and the transit time to each at unit upstream speed; 1 is the power of continuity."""
    x = np.linspace(-MARGIN_UM, params.field_width_um + MARGIN_UM, 1500)
    top, bottom = lumen_um(params, x)
    area = ((bottom - top) / (2 * params.lumen_radius_um)) ** (2 * power)
    return x, np.concatenate([[0.0], np.cumsum(np.diff(x) * (area[1:] + area[:-1]) / 2)])


def _lanes(
    params: Params, rng: np.random.Generator, count: int, length: float, jumps: bool, fps: float
) -> tuple[Array, Array]:
    """Relative radius and starting transit time of every cell at every instant (constant unless cells jump)."""
    widest = 1 - (params.cell_free_layer_um + params.red_cell_diameter_um / 2) / params.lumen_radius_um
    n = params.cells
    # Stratified in both directions, so that no seed leaves a lane or a stretch empty.
    eta = (rng.permutation(n) + rng.random(n)) / n * 2 - 1
    start = (rng.permutation(n) + rng.random(n)) / n * length
    eta, start = np.tile(eta, (count, 1)), np.tile(start, (count, 1))
    if jumps:
        first = round(JUMP_EVERY_S * fps)
        for instant in range(max(1, first), count, max(1, first)):
            moved = rng.random(n) < 0.8
            eta[instant:, moved] = rng.uniform(-1, 1, moved.sum())
            start[instant:, moved] = rng.uniform(0, length, moved.sum())
    return eta * widest, start


def _pulse(params: Params, time_s: Array, violation: str | None) -> tuple[Array, Array]:
    """Upstream mean speed, and how far it has carried (µm) at each instant."""
    step = PULSE_STEP_S * params.slow_motion
    fine = np.arange(0, time_s[-1] + 2 * step, step)
    speed = np.full_like(fine, params.mean_speed_um_s) if violation == "steady_flow" else mean_speed(params, fine)
    if violation == "reversed_flow":
        speed = -speed
    elif violation == "sloshing_flow":
        speed = params.mean_speed_um_s * np.sign(np.sin(2 * np.pi * fine / 1.3))
    covered = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) / 2 * step)]) / params.slow_motion
    return np.interp(time_s, fine, speed), np.interp(time_s, fine, covered)


def _across(params: Params, x: Array, eta: Array, ignores_clot: bool) -> Array:
    """Height of cells at `x` with relative radius `eta`."""
    if ignores_clot:
        return axis_um(params, x) + eta * params.lumen_radius_um
    top, bottom = lumen_um(params, x)
    return (top + bottom) / 2 + eta * (bottom - top) / 2
