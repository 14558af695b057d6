"""The beating ventricle: the pump's course in time, the section that follows from it, and the blood inside.

The pump runs in steps of 1 ms of life and the blood in steps of 2 ms, whatever the frame rate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..mechanism import instants
from . import outline
from .blood import Blood, Exchange
from .circulation import Beat, beat
from .parameters import Params
from .shape import Section, section

Array = NDArray[np.float64]

BLOOD_STEP_S = 2e-3
FEEBLE, COLLAPSED_ML = 0.12, 4.0
"""Share of the stroke that a feeble heart ejects, and what a collapsing chamber keeps."""
LONG_SYSTOLE = 0.76
"""Part of the beat for which a ventricle contracts that contracts too long."""
RACING = 3.0


@dataclass(frozen=True)
class Course:
    """Volumes, valves and flows over time; arrays of shape (steps,)."""

    ventricle_ml: Array
    atrium_ml: Array
    mitral: Array
    """Opened part of the mitral valve as it is seen, 0 to 1."""
    aortic: Array
    mitral_ml_s: Array
    """Flow through the mitral valve in life, positive into the ventricle."""
    aortic_ml_s: Array
    """Flow through the aortic valve in life, positive out of the ventricle."""


@dataclass(frozen=True)
class State:
    """A beating ventricle over time. Lengths in mm in the heart's frame: see `shape`."""

    params: Params
    seed: int
    fps: float
    violation: str | None
    """What was broken on purpose."""
    time_s: Array
    """(instants,) of the clip."""
    beat_s: float
    """Length of a beat in the clip."""
    beat_life_s: float
    """Length of a beat in life."""
    course: Course
    """At every instant."""
    section: Section
    """At every instant; ``thinning_wall`` and ``lifting_apex`` only change what is seen, in the next two fields."""
    wall_mm: Array
    """(instants,) thickness of the muscle as it is seen."""
    apex_mm: Array
    """(instants,) how far the whole heart is moved along x in the picture."""
    blood_mm: Array
    """(instants, particles, 2) of the blood; nan while out of sight."""
    blood_part: NDArray[np.int8]
    """(instants, particles) `outline.CAVITY`, `ATRIUM`, `AORTA`, or 0 out of sight."""
    blood_depth: Array
    """(particles,) 0 front to 1 back."""


def simulate(params: Params, seed: int, duration_s: float, fps: float, violation: str | None = None) -> State:
    """Runs the heart through `duration_s` seconds of the clip.

    Args:
        params: The heart.
        seed: Draws where the blood's particles are.
        duration_s: Length of the clip.
        fps: Instants a second of the clip.
        violation: One of the mechanism's, or None.
    """
    rng = np.random.default_rng([seed, 401])
    time_s = np.arange(instants(duration_s, fps)) / fps
    cycle = beat(params)
    full, empty = float(cycle.ventricle_ml.max()), float(cycle.ventricle_ml.min())
    slow = params.slow_motion / (RACING if violation == "racing_heart" else 1.0)
    fine_s = np.arange(0, time_s[-1] / slow + 2 * BLOOD_STEP_S, BLOOD_STEP_S)
    course = _course(cycle, params.start_phase + fine_s / cycle.period_s, time_s[-1] / slow, fine_s, violation)

    def outlines(of: Course) -> Section:
        return section(params, of.ventricle_ml, of.atrium_ml, full, empty)

    fine = outlines(course)
    blood = Blood(outlines(_constant(course, full)).at(0))
    exchange = _exchange(course, fine, BLOOD_STEP_S)
    paths, parts = blood.follow(rng, fine, exchange, BLOOD_STEP_S, params.blood_per_cm2 / 100)
    depth = rng.random((paths.shape[1],))
    seen = Course(*(np.interp(time_s / slow, fine_s, each) for each in vars(course).values()))
    shapes = outlines(seen)
    place, part = _between(paths, parts, time_s / slow / BLOOD_STEP_S)
    for t in range(len(time_s)):
        place[t] = np.stack(outline.carried(part[t], place[t, :, 0], place[t, :, 1], blood.reference, shapes.at(t)), 1)
    filled = (seen.ventricle_ml - empty) / (full - empty)
    return State(
        params=params,
        seed=seed,
        fps=fps,
        violation=violation,
        time_s=time_s,
        beat_s=cycle.period_s * slow,
        beat_life_s=cycle.period_s,
        course=seen,
        section=shapes,
        wall_mm=_thinned(shapes, filled) if violation == "thinning_wall" else shapes.wall,
        apex_mm=params.length_mm - shapes.base if violation == "lifting_apex" else np.zeros(len(time_s)),
        blood_mm=place,
        blood_part=part,
        blood_depth=depth,
    )


def _course(cycle: Beat, phase: Array, length_s: float, fine_s: Array, violation: str | None) -> Course:
    """The pump at given phases (beats), with the violations that change its course."""
    rate = np.ones_like(phase)
    if violation == "long_contraction":
        phase, rate = _prolonged(cycle, phase)
    elif violation == "reversed_time":
        phase, rate = phase[0] + (length_s - fine_s) / cycle.period_s, -rate
    grid = np.arange(len(cycle.ventricle_ml)) / len(cycle.ventricle_ml)

    def at(values: Array) -> Array:
        return np.interp(phase % 1.0, grid, values, period=1.0)

    volume, into, out = at(cycle.ventricle_ml), rate * at(cycle.mitral_ml_s), rate * at(cycle.aortic_ml_s)
    mitral, aortic = at(cycle.mitral), at(cycle.aortic)
    if violation in ("feeble_beat", "collapsing_chamber"):
        full, empty = cycle.ventricle_ml.max(), cycle.ventricle_ml.min()
        share = FEEBLE if violation == "feeble_beat" else (full - COLLAPSED_ML) / (full - empty)
        volume, into, out = full - share * (full - volume), share * into, share * out
    elif violation == "both_valves_open":
        # What leaves the ventricle, or enters it, takes both ways.
        mitral, aortic = np.ones_like(phase), np.ones_like(phase)
        into, out = (into - out) / 2, (out - into) / 2
    elif violation == "shut_valves":
        mitral, aortic = np.zeros_like(phase), np.zeros_like(phase)
    return Course(volume, at(cycle.atrium_ml), mitral, aortic, into, out)


def _prolonged(cycle: Beat, phase: Array) -> tuple[Array, Array]:
    """Phases at which contraction takes `LONG_SYSTOLE` of the beat, and how fast the pump's own phase then runs."""
    ends = float(np.argmin(cycle.ventricle_ml)) / len(cycle.ventricle_ml)
    beats, part = np.floor(phase), phase % 1.0
    contracts = part < LONG_SYSTOLE
    rates = ends / LONG_SYSTOLE, (1 - ends) / (1 - LONG_SYSTOLE)
    own = np.where(contracts, part * rates[0], ends + (part - LONG_SYSTOLE) * rates[1])
    return beats + own, np.where(contracts, *rates)


def _constant(course: Course, volume_ml: float) -> Course:
    """One instant with the ventricle at `volume_ml` and the atrium at its mean volume."""
    first = replace(course, **{name: values[:1] for name, values in vars(course).items()})
    return replace(first, ventricle_ml=np.array([volume_ml]), atrium_ml=np.array([course.atrium_ml.mean()]))


def _exchange(course: Course, shapes: Section, step_s: float) -> Exchange:
    """The pump's flows as areas of the section: in the plane a chamber gains what its area gains."""
    volume, area = course.ventricle_ml, shapes.area_mm2
    slope = np.polyfit(volume, area, 3) if np.ptp(volume) > 1 else np.array([area.mean() / volume.mean(), 0.0])
    per_ml = np.polyval(np.polyder(slope), volume)
    return Exchange(per_ml * course.mitral_ml_s, per_ml * course.aortic_ml_s, np.gradient(shapes.atrium_mm2, step_s))


def _between(paths: Array, parts: NDArray[np.int8], at: Array) -> tuple[Array, NDArray[np.int8]]:
    """Positions and parts at fractional steps; a particle that comes in between two steps is where it came in."""
    first = np.minimum(at.astype(int), len(paths) - 2)
    share = (at - first)[:, None, None]
    a, b = paths[first], paths[first + 1]
    place = np.where(np.hypot(*np.moveaxis(b - a, -1, 0))[..., None] < 10, a + (b - a) * share, a)
    return place, parts[first]


def _thinned(shapes: Section, filled: Array) -> Array:
    """A wall that gets thinner, not thicker, while the cavity shrinks."""
    return np.asarray(shapes.wall.min() * (0.55 + 0.45 * filled))
