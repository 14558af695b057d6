"""Breathing of many alveoli at the end of one duct, as elastic sacs behind resistances.

Sac i holds the volume v_i(1 + e_i) with the strain e_i. Its air moves as r_i·de_i/dt = p(t) − e_i/c_i, where p is the
pull of the muscles: they pull in inspiration and let go, and the lung's own recoil drives the air out. Strains follow
in steps of 5 ms of life, whatever the frame rate. A sac's radius goes with the cube root of its volume, and the places
of all with the cube root of the volume of all, so that neighbours stay neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..canvas import ramp
from ..mechanism import instants
from .parameters import Params

Array = NDArray[np.float64]

STEP_S = 5e-3
WARM_UP = 4
"""Breaths before the clip begins; by then each is like the last."""
OVERLAP = 0.80
"""Distance of neighbouring centres over the sum of their radii: they share a wall."""
PANTS_PER_MIN, PANTS_SHARE, SLOW_PER_MIN = 60.0, 1.2, 4.0
UNEVEN = 1.8
"""How much more an alveolus swells where each breathes for itself."""
EXTRA, LOST = 5, 4
"""Alveoli that bud out, and that vanish into their neighbours."""
BALLOON = 1.3
"""Gain of volume over resting volume of alveoli that balloon."""
BUBBLES = 14


@dataclass(frozen=True)
class State:
    """Alveoli over time. Lengths in µm from the cluster's middle: x along the duct, y down, z towards the eye."""

    params: Params
    seed: int
    fps: float
    violation: str | None
    """What was broken on purpose."""
    time_s: Array
    """(instants,) of the clip."""
    breath_s: float
    """Length of a breath in the clip."""
    strain: Array
    """(instants, alveoli) gain of volume over the resting volume."""
    centre_um: Array
    """(instants, alveoli, 3)"""
    radius_um: Array
    """(instants, alveoli); 0 for an alveolus that is not there."""
    scale: Array
    """(instants,) size of the whole over its size at rest."""
    bubble_um: Array
    """(instants, bubbles, 3: x, y, radius) of gas drawn as balls; none unless violated."""


def simulate(params: Params, seed: int, duration_s: float, fps: float, violation: str | None = None) -> State:
    """Breathes through `duration_s` seconds of the clip.

    Args:
        params: The duct.
        seed: Draws where the alveoli lie and how they differ.
        duration_s: Length of the clip.
        fps: Instants a second of the clip.
        violation: One of the mechanism's, or None.
    """
    rng = np.random.default_rng([seed, 501])
    time_s = np.arange(instants(duration_s, fps)) / fps
    place, radius = arranged(params, rng)
    rate = {"panting": PANTS_PER_MIN, "slow_breath": SLOW_PER_MIN}.get(violation or "", params.breaths_per_min)
    period = 60 / rate
    life_s = time_s * params.speed_up + params.start_phase * period
    strain = _strains(params, rng, life_s, period, len(radius), violation)
    there = _present(len(radius), place, time_s, duration_s, violation)
    size = np.cbrt(1 + strain)
    scale = np.cbrt(1 + (strain * radius**3).sum(axis=1) / (radius**3).sum())
    if violation == "out_of_step":
        scale = np.ones_like(scale)
    centre = place * scale[:, None, None]
    sizes = radius * size * np.cbrt(there)
    if violation == "extra_alveoli":
        centre, sizes = _budded(rng, centre, sizes, scale, time_s / duration_s)
        strain = np.concatenate([strain, np.repeat(strain.mean(axis=1)[:, None], EXTRA, axis=1)], axis=1)
    return State(
        params=params,
        seed=seed,
        fps=fps,
        violation=violation,
        time_s=time_s,
        breath_s=period / params.speed_up,
        strain=strain,
        centre_um=centre,
        radius_um=sizes,
        scale=scale,
        bubble_um=_bubbles(params, rng, time_s, violation),
    )


def pull(params: Params, phase: Array, period_s: float) -> Array:
    """Pull of the muscles over its peak at `phase` (parts of a breath): a quarter sine, then letting go bit by bit."""
    inspired = params.inspired_share
    rising = np.sin(np.pi / 2 * np.clip(phase / inspired, 0, 1))
    falling = np.exp(-np.maximum(phase - inspired, 0) * period_s / params.relaxes_s)
    return np.asarray(rising * falling)


def breathe(compliance: Array, resistance: Array, pulls: Array) -> Array:
    """Strains (steps, alveoli), from rest, in steps of `STEP_S`.

    Args:
        compliance: (alveoli,) strain for each cmH₂O.
        resistance: (alveoli,) cmH₂O·s for each unit of strain.
        pulls: (steps, alveoli) fall of pressure around the sacs in cmH₂O.
    """
    strain = np.zeros((len(pulls), len(compliance)))
    # Exact for a pull that is constant within a step.
    keep = np.exp(-STEP_S / (resistance * compliance))
    for k in range(1, len(pulls)):
        strain[k] = strain[k - 1] * keep + pulls[k - 1] * compliance * (1 - keep)
    return strain


def _strains(
    params: Params, rng: np.random.Generator, life_s: Array, period: float, count: int, violation: str | None
) -> Array:
    """(instants, alveoli) at times `life_s` of life, in the steady state."""
    spread = params.unevenness
    compliance = params.compliance_per_cmh2o * np.exp(rng.normal(0, spread, count))
    resistance = params.time_constant_s / params.compliance_per_cmh2o * np.exp(rng.normal(0, spread, count))
    late = rng.random(count) if violation == "out_of_step" else np.zeros(count)
    before = WARM_UP * period
    if violation == "frozen_lung":
        life_s = np.full_like(life_s, life_s[0])
    elif violation == "held_breath":
        life_s = np.minimum(life_s, life_s[0] + period)
    elif violation == "long_inspiration":  # the same breath, told backwards
        life_s = (np.floor(life_s[-1] / period) + 2) * period - life_s
    steps = np.arange(0, before + life_s.max() + 2 * STEP_S, STEP_S)
    phase = (steps[:, None] / period + late) % 1.0
    share = PANTS_SHARE if violation == "panting" else 1.0
    pulls = share * params.pull_cmh2o * pull(params, phase, period)
    fine = breathe(compliance, resistance, pulls)
    at = (before + life_s) / STEP_S
    first = at.astype(int)
    strain = fine[first] + (fine[first + 1] - fine[first]) * (at - first)[:, None]
    if violation == "out_of_step":
        return np.asarray(np.maximum(UNEVEN * (strain - strain.mean()), -0.6))
    if violation == "collapsing":
        return np.asarray(-0.96 + (1.15 / max(float(strain.max()), 1e-6)) * strain)
    if violation == "ballooning":
        return np.asarray(BALLOON * strain / max(float(strain.max()), 1e-6))
    return np.asarray(strain)


def arranged(params: Params, rng: np.random.Generator) -> tuple[Array, Array]:
    """Centres (n, 3) and radii (n,) of alveoli packed around the duct and over its end, in µm."""
    radius = params.alveolus_um / 2
    pitch = 2 * radius * OVERLAP
    around = pitch / (2 * np.sin(np.pi / params.ring_of))
    rows: list[list[float]] = []
    for ring in range(params.rings):
        for k in range(params.ring_of):
            turn = 2 * np.pi * (k + 0.5 * (ring % 2)) / params.ring_of
            rows.append([pitch * 0.87 * ring, around * np.sin(turn), around * np.cos(turn)])
    end = pitch * 0.87 * (params.rings - 1)
    for k in range(3):  # the round end
        turn = 2 * np.pi * k / 3 + 0.4
        rows.append([end + 0.8 * pitch, 0.62 * pitch * np.sin(turn), 0.62 * pitch * np.cos(turn)])
    place = np.array(rows) + rng.normal(0, 0.05 * radius, (len(rows), 3))
    place[:, 0] -= end / 2
    return _relaxed(place, radius), radius * np.exp(rng.normal(0, 0.05, len(place)))


def _relaxed(place: Array, radius: float) -> Array:
    """Centres pushed apart where they are nearer to one another than neighbours should be."""
    wanted = 2 * radius * OVERLAP
    for _ in range(12):
        apart = place[:, None] - place[None]
        distance = np.linalg.norm(apart, axis=-1) + np.eye(len(place)) * 1e9
        push = np.maximum(wanted - distance, 0) / 2
        place = place + 0.5 * (apart / distance[..., None] * push[..., None]).sum(axis=1)
    return place


def _present(count: int, place: Array, time_s: Array, duration_s: float, violation: str | None) -> Array:
    """(instants, alveoli) share of an alveolus' volume that is there."""
    there = np.ones((len(time_s), count))
    if violation == "vanishing_alveoli":
        for number, which in enumerate(np.argsort(-place[:, 2])[: 3 * LOST : 3]):
            begins = 0.2 + 0.12 * number
            there[:, which] = [1 - ramp(begins, begins + 0.15, t / duration_s) for t in time_s]
    return there


def _budded(
    rng: np.random.Generator, centre: Array, sizes: Array, scale: Array, progress: Array
) -> tuple[Array, Array]:
    """Alveoli and their sizes with `EXTRA` more that bud out of the nearest ones."""
    from scipy.spatial import Delaunay

    usual = float(np.median(sizes[0]))
    facing = centre[0, centre[0, :, 2] > 0.2 * centre[0, :, 2].max()]
    between = facing[Delaunay(facing[:, :2]).simplices].mean(axis=1)
    inner = np.argsort(np.abs(between[:, :2] - facing[:, :2].mean(axis=0)).max(axis=1))[: 4 * EXTRA]
    out = between[rng.choice(inner, EXTRA, replace=False)] + np.array([0.0, 0.0, 0.75 * usual])
    begins = 0.15 + 0.1 * np.arange(EXTRA)
    grown = np.array([[ramp(b, b + 0.2, p) for b in begins] for p in progress])
    buds = 0.8 * usual * grown * scale[:, None]
    return (
        np.concatenate([centre, out * scale[:, None, None]], axis=1),
        np.concatenate([sizes, buds], axis=1),
    )


def _bubbles(params: Params, rng: np.random.Generator, time_s: Array, violation: str | None) -> Array:
    """(instants, bubbles, 3) of balls of gas that rise through everything."""
    if violation != "drifting_bubbles":
        return np.zeros((len(time_s), 0, 3))
    width, height = params.field_width_um, params.field_height_um
    start = np.stack([rng.uniform(-0.4, 0.4, BUBBLES) * width, rng.uniform(-0.5, 0.5, BUBBLES) * height], axis=1)
    speed = np.stack([rng.normal(0, 60, BUBBLES), -rng.uniform(120, 260, BUBBLES)], axis=1)
    where = start + speed * time_s[:, None, None]
    where[..., 1] = (where[..., 1] + 0.55 * height) % (1.1 * height) - 0.55 * height
    size = np.broadcast_to(rng.uniform(26, 48, BUBBLES)[:, None], (len(time_s), BUBBLES, 1))
    return np.concatenate([where, size], axis=2)
