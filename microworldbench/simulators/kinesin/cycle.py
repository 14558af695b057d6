"""The chemical cycle: what each head does next, and how long that takes.

Waiting times are exponential and drawn in continuous time, so that the frame rate changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .parameters import Params

BOUND_NM, FREE_NM, SWUNG_NM = 3.4, 10.5, 7.0
"""Height of a head's middle above the microtubule: bound, hanging free, and swung forward."""
FLOAT_NM = 9.0
"""How high the violation ``floating`` lifts the motor."""


@dataclass(frozen=True)
class Phase:
    """A stretch of time in which each head has its place."""

    start_ms: float
    places_nm: tuple[tuple[float, float], tuple[float, float]]
    """(x, height) that each head keeps to."""
    bound: tuple[bool, bool]
    step: int = 0
    """What the phase ends with, in sites: 1 a step to the right, −1 to the left, 0 none."""


def chosen(params: Params, rng: np.random.Generator, life_ms: float, violation: str | None) -> list[Phase]:
    """Phases of a walk that stays in the field and has a few steps, as an observer picks one."""
    phases: list[Phase] = []
    for _ in range(200):
        phases = list(_phases(params, rng, life_ms, violation))
        places = np.array([phase.places_nm for phase in phases])[..., 0]
        steps = sum(abs(phase.step) for phase in phases)
        enough = steps >= min(4, life_ms / params.step_ms / 4) or violation in ("standing", "gliding")
        if enough and places.min() > 10 and places.max() < params.field_width_nm - 10:
            break
    return phases


def _phases(params: Params, rng: np.random.Generator, life_ms: float, violation: str | None) -> Iterator[Phase]:
    """The phases of a clip, from a motor with both heads bound."""
    start = params.start_nm
    if violation == "backwards":
        start = params.field_width_nm - start
    elif violation in ("to_and_fro", "standing"):
        start = params.field_width_nm / 2
    if violation in ("standing", "gliding"):
        yield Phase(0.0, ((start, BOUND_NM), (start + params.site_nm, BOUND_NM)), (True, True))
    elif violation == "inchworm":
        yield from _inchworm(params, rng, life_ms, start)
    else:
        yield from walk(params, rng, life_ms, start, violation)


def walk(
    params: Params, rng: np.random.Generator, life_ms: float, start_nm: float, violation: str | None = None
) -> Iterator[Phase]:
    """Hand-over-hand walking until `life_ms`, or until the motor lets go if its run may end before.

    After the end of a run both heads hang free, and the motor has left.
    """
    site = params.site_nm * {"giant_strides": 3, "short_strides": 0.5}.get(violation or "", 1)
    slow = 2.6 if violation == "giant_strides" else 1.0
    places = [start_nm, start_nm + site]
    now, count = 0.0, 0
    leave = 1 - np.exp(-params.site_nm / params.run_nm)
    while now < life_ms:
        way = 1 if rng.random() < params.forward_chance else -1
        if violation == "backwards" or (violation == "to_and_fro" and count // 4 % 2):
            way = -way
        moving = int(np.argmin(places)) if way > 0 else int(np.argmax(places))
        held = places[1 - moving]
        both = ((places[0], BOUND_NM), (places[1], BOUND_NM))
        yield Phase(now, both, (True, True))
        now += slow * rng.exponential(params.release_ms)
        if not params.outlasts_clip and rng.random() < leave:
            yield Phase(now, ((places[0], FREE_NM + 6), (places[1], FREE_NM + 6)), (False, False))
            return
        yield Phase(now, _with(both, moving, (held - 0.15 * way * site, FREE_NM)), _bound(moving))
        now += slow * (rng.exponential(params.wait_ms) + rng.exponential(1e3 / (params.atp_on_um_s * params.atp_um)))
        yield Phase(now, _with(both, moving, (held + 0.85 * way * site, SWUNG_NM)), _bound(moving), way)
        now += slow * rng.exponential(params.bind_ms)
        places[moving] = held + way * site
        count += 1
        if violation == "falls_off" and count == 6:
            yield Phase(now, ((places[0], FREE_NM + FLOAT_NM), (places[1], FREE_NM + FLOAT_NM)), (False, False))
            return
        if violation == "floating" and count in (3, 8):
            lifted = ((places[0], FREE_NM + FLOAT_NM), (places[1], FREE_NM + FLOAT_NM))
            yield Phase(now, lifted, (False, False))
            now += 14.0
            places = [place + 2 * site for place in places]


def _inchworm(params: Params, rng: np.random.Generator, life_ms: float, start_nm: float) -> Iterator[Phase]:
    """The front head goes ahead by a site, and the rear one follows."""
    places, now, moving = [start_nm, start_nm + params.site_nm], 0.0, 1
    while now < life_ms:
        both = ((places[0], BOUND_NM), (places[1], BOUND_NM))
        yield Phase(now, both, (True, True))
        now += rng.exponential(params.release_ms)
        middle = places[moving] + 0.3 * params.site_nm
        yield Phase(now, _with(both, moving, (middle, SWUNG_NM)), _bound(moving), moving)
        now += rng.exponential(params.wait_ms)
        places[moving] += params.site_nm
        moving = 1 - moving


def _with(
    places: tuple[tuple[float, float], tuple[float, float]], which: int, place: tuple[float, float]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """`places` with one of the two exchanged."""
    return (place, places[1]) if which == 0 else (places[0], place)


def _bound(moving: int) -> tuple[bool, bool]:
    return (moving != 0, moving != 1)
