"""Measurements of small particles: how their displacement grows, whether they drift, jump, stand still or vanish."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from . import particles
from .clip import Clip
from .particles import Tracks
from .spec import Abstain, Measured, MeasurementSpec, Params, decided, rounded

STILL_PX = 0.5
"""Root mean square displacement, in working pixels over the longest lag, below which nothing is said to move."""


class ExponentParams(Params):
    """Displacement that grows as it does in diffusion."""

    low: float = Field(default=0.75, gt=0)
    high: float = Field(default=1.3, gt=0)
    """Range of α in MSD ∝ t^α; 1 is diffusion, 2 straight motion."""


class DirectedParams(Params):
    """Straight gliding."""

    exponent: float = Field(default=1.55, gt=1, lt=2)
    """α from which the fault is met."""


class DriftParams(Params):
    """No common drift."""

    share: float = Field(default=0.4, gt=0, lt=1)
    """Largest mean displacement over the root mean square displacement."""


class JumpParams(Params):
    """Spots that jump."""

    rate: float = Field(default=0.5, gt=0)
    """Jumps a spot and second from which the fault is met."""


class StillParams(Params):
    """Spots that stand still."""

    move: float = Field(default=0.004, gt=0)
    """Root mean square displacement over a second, over the picture's longest side, up to which the fault is met."""


class KeptParams(Params):
    """A number that stays."""

    ratio: float = Field(default=0.75, gt=0, lt=1)
    """Least of the smaller number, at the beginning or the end, over the larger."""


class NumberParams(Params):
    """How many there are."""

    least: int = Field(default=15, ge=1)
    most: int = Field(default=80, ge=1)


def _lags(tracks: Tracks, clip: Clip) -> np.ndarray:
    """Lags in frames: from 0.19 to 0.75 s, and at most a quarter of the clip."""
    longest = min(round(0.75 * clip.fps), tracks.frames // 4)
    shortest = max(2, round(0.19 * clip.fps))
    if longest < shortest + 2:
        raise Abstain(f"{clip.duration_s:.1f} s at {clip.fps:g} frames/s are too short to see displacements grow")
    return np.unique(np.linspace(shortest, longest, 8).round().astype(int))


def _growth(clip: Clip) -> tuple[float, int]:
    """Exponent α of MSD ∝ t^α, and the number of tracks it rests on.

    Raises:
        Abstain: nothing moves, or tracks are too short.
    """
    tracks = particles.find(clip)
    lags = _lags(tracks, clip)
    long_ = sum(len(when) > lags[-1] for when, _ in tracks.paths)
    if long_ < 6:
        raise Abstain(f"only {long_} spots can be followed for {lags[-1] / clip.fps:.1f} s, at least 6 are needed")
    squares = np.array([np.square(tracks.displacements(int(lag))).sum(axis=1).mean() for lag in lags])
    if squares[-1] < STILL_PX**2:
        raise Abstain(f"spots move by {np.sqrt(squares[-1]):.2f} pixels only, too little to measure")
    return float(np.polyfit(np.log(lags), np.log(squares), 1)[0]), long_


def exponent(clip: Clip, params: ExponentParams) -> Measured:
    """Mean squared displacement grows in proportion to time."""
    alpha, tracks = clip.keep("growth", lambda: _growth(clip))
    met: bool | None = None
    if params.low <= alpha <= params.high:
        met = True
    elif alpha < params.low - 0.12 or alpha > params.high + 0.12:
        met = False
    text = f"MSD grows as t^{alpha:.2f} (met between {params.low:g} and {params.high:g}), {tracks} tracks"
    return Measured(met, text, {"exponent": rounded(alpha), "tracks": tracks})


def directed(clip: Clip, params: DirectedParams) -> Measured:
    """Spots glide straight on."""
    alpha, tracks = clip.keep("growth", lambda: _growth(clip))
    met = decided(alpha, params.exponent - 0.2, params.exponent)
    text = f"MSD grows as t^{alpha:.2f} (straight motion from {params.exponent:g}), {tracks} tracks"
    return Measured(met, text, {"exponent": rounded(alpha), "tracks": tracks})


def no_drift(clip: Clip, params: DriftParams) -> Measured:
    """Spots do not all go the same way."""
    tracks = particles.find(clip)
    lag = max(2, min(round(0.75 * clip.fps), tracks.frames // 4))
    steps = tracks.displacements(lag)
    if len(steps) < 30:
        raise Abstain("too few displacements to see a drift")
    size = float(np.sqrt(np.square(steps).sum(axis=1).mean()))
    if size < STILL_PX:
        raise Abstain(f"spots move by {size:.2f} pixels only, too little to measure")
    share = float(np.hypot(*steps.mean(axis=0)) / size)
    met = decided(share, params.share, params.share + 0.15, above=False)
    text = (
        f"the common drift is {share:.2f} of the displacement in {lag / clip.fps:.2f} s (none up to {params.share:g})"
    )
    return Measured(met, text, {"share": rounded(share)})


def _ends(tracks: Tracks) -> tuple[int, int, int]:
    """Births and deaths of tracks inside the picture, and the number of spots seen in all frames together."""
    births = deaths = seen = 0
    for when, where in tracks.paths:
        if len(when) < 3:
            continue
        seen += len(when)
        births += when[0] > 0 and not tracks.near_border(where[0])
        deaths += when[-1] < tracks.frames - particles.MEMORY and not tracks.near_border(where[-1])
    return births, deaths, seen


def jumps(clip: Clip, params: JumpParams) -> Measured:
    """Spots leave one place and appear at another."""
    tracks = particles.find(clip)
    births, deaths, seen = _ends(tracks)
    if seen < 5 * particles.FEWEST:
        raise Abstain("no spot can be followed for long enough to see it jump")
    rate = min(births, deaths) / seen * clip.fps
    met = decided(rate, 0.6 * params.rate, params.rate)
    text = (
        f"{rate:.2f} jumps a spot and second (a fault from {params.rate:g}): {births} spots appear, {deaths} disappear"
    )
    return Measured(met, text, {"rate": rounded(rate), "births": births, "deaths": deaths})


def still(clip: Clip, params: StillParams) -> Measured:
    """Spots do not move."""
    tracks = particles.find(clip)
    lag = max(2, min(round(clip.fps), tracks.frames // 3))
    steps = tracks.displacements(lag)
    if len(steps) < 30:
        raise Abstain("too few spots can be followed to see them stand still")
    # Diffusive scaling brings a shorter lag to one second.
    move = float(np.sqrt(np.median(np.square(steps).sum(axis=1)) * clip.fps / lag) / max(tracks.shape))
    met = decided(move, params.move, 1.8 * params.move, above=False)
    text = f"spots move by {100 * move:.2f} % of the picture in a second (still up to {100 * params.move:g} %)"
    return Measured(met, text, {"move": rounded(move, 5)})


def kept(clip: Clip, params: KeptParams) -> Measured:
    """As many spots at the end as at the beginning."""
    tracks = particles.find(clip)
    steps = tracks.displacements(max(2, round(0.75 * clip.fps)))
    size = float(np.sqrt(np.square(steps).sum(axis=1).mean())) if len(steps) else 0.0
    if size < STILL_PX:
        raise Abstain("nothing moves, so that no spot could have been lost")
    if float(np.hypot(*steps.mean(axis=0))) > 0.8 * size:
        raise Abstain("spots stream through the picture, so that their number says nothing")
    counts = tracks.counts
    part = max(3, len(counts) // 7)
    first, last = float(np.median(counts[:part])), float(np.median(counts[-part:]))
    ratio = min(first, last) / max(first, last)
    met = decided(ratio, 0.87 * params.ratio, params.ratio)
    text = f"{first:.0f} spots at the beginning, {last:.0f} at the end, ratio {ratio:.2f} (met from {params.ratio:g})"
    return Measured(met, text, {"ratio": rounded(ratio), "first": rounded(first), "last": rounded(last)})


def number(clip: Clip, params: NumberParams) -> Measured:
    """The number of spots lies in a range."""
    counts = particles.find(clip).counts
    usual = int(np.median(counts))
    met: bool | None = params.least <= usual <= params.most
    if not met and 0.8 * params.least <= usual <= 1.25 * params.most:
        met = None
    text = f"{usual} spots in the usual frame (met between {params.least} and {params.most})"
    return Measured(met, text, {"spots": usual})


SPECS = (
    MeasurementSpec("msd-exponent", "Particles' mean squared displacement grows as time.", ExponentParams, exponent),
    MeasurementSpec("spots-directed", "Particles glide straight on.", DirectedParams, directed, fault=True),
    MeasurementSpec("spots-no-drift", "Particles do not all go the same way.", DriftParams, no_drift),
    MeasurementSpec("spots-jump", "Particles jump from place to place.", JumpParams, jumps, fault=True),
    MeasurementSpec("spots-still", "Particles stand still.", StillParams, still, fault=True),
    MeasurementSpec("spots-kept", "There are as many particles at the end as at the beginning.", KeptParams, kept),
    MeasurementSpec("spots-number", "The number of particles lies in a range.", NumberParams, number),
)
