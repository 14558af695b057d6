"""Measurements of peristalsis: which way rings of contraction travel, how far they close, and what the contents do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from . import tube
from .clip import Clip
from .spec import Abstain, Measured, MeasurementSpec, Params, decided, rounded
from .tube import Tube

Series = NDArray[np.float64]

LEAST_DEPTH = 0.06
"""Least swing of the width, over the usual width, from which rings are said to be there."""
MATCH = 0.12
"""Least correlation of bits with themselves a moment later."""


class DirectionParams(Params):
    """Which way rings travel."""

    direction: Literal["right", "left"] = "right"
    travel: float = Field(default=0.55, gt=0, lt=1)
    """Least part of the wall's motion that goes this way and not the other, −1 to 1."""


class StandingParams(Params):
    """Contraction on the spot."""

    travel: float = Field(default=0.3, gt=0, lt=1)
    """Travel either way up to which the fault is met."""


class NarrowingParams(Params):
    """Rings that close."""

    ratio: float = Field(default=0.5, gt=0, lt=1)
    """Largest narrowest over widest inside."""


class RingSpeedParams(Params):
    """How fast rings are."""

    shortest_s: float = Field(default=1.5, gt=0)
    longest_s: float = Field(default=6.0, gt=0)
    """Range of the time in which a ring crosses the picture."""


class CarriedParams(Params):
    """Contents that go with the rings."""

    share: float = Field(default=0.4, gt=0)
    """Least speed of bits over that of the rings."""


class KeptParams(Params):
    """Contents that stay."""

    ratio: float = Field(default=0.7, gt=0, lt=1)
    """Least number of bits in the last part of the clip over that in the first, or the reverse."""


class JumpParams(Params):
    """Bits that jump."""

    drop: float = Field(default=0.55, gt=0, lt=1)
    """A step is broken where its match falls below this part of the usual match."""


@dataclass(frozen=True)
class _Waves:
    travel: float
    """Part of the wall's motion to the right less that to the left, −1 to 1; 0 where nothing moves."""
    moving: float
    """Root mean square change of the width over time, over the usual width."""
    depth: float
    """Swing of the width over the usual width, along the tube and over time."""
    speed: float
    """Of the rings, parts of the picture's width a second; nan where none travel."""


def _waves(clip: Clip) -> _Waves:
    return clip.keep("waves", lambda: _measure_waves(tube.find(clip)))


def _measure_waves(found: Tube) -> _Waves:
    from scipy.ndimage import gaussian_filter

    width = gaussian_filter(found.width, (0.5, 2.0), mode="nearest")
    usual = float(np.median(width))
    low, high = np.quantile(width, (0.02, 0.98))
    depth = float((high - low) / max(high, 1))
    changing = width - width.mean(axis=0)
    moving = float(changing.std() / max(usual, 1))
    if moving < 0.02:
        return _Waves(0.0, moving, depth, float("nan"))
    spectrum = np.square(np.abs(np.fft.fft2(changing * np.hanning(len(changing))[:, None])))
    spectrum[0] = spectrum[:, 0] = 0
    omega, k = np.fft.fftfreq(width.shape[0])[:, None], np.fft.fftfreq(width.shape[1])[None]
    # exp(i(kx + ωt)) goes to the right where k and ω differ in sign.
    right, left = float(spectrum[omega * k < 0].sum()), float(spectrum[omega * k > 0].sum())
    travel = (right - left) / max(right + left, 1e-12)
    return _Waves(travel, moving, depth, _ring_speed(changing, found.looks_s))


def _ring_speed(changing: Series, looks_s: float) -> float:
    """Parts of the width a second by which the pattern moves, from the best shift over some lags."""
    columns = changing.shape[1]
    lag = max(1, round(0.2 / looks_s))
    shifts = np.arange(-columns // 3, columns // 3 + 1)
    a, b = changing[:-lag], changing[lag:]
    match = []
    for shift in shifts:
        one = a[:, max(0, -shift) : columns - max(0, shift)]
        other = b[:, max(0, shift) : columns - max(0, -shift)]
        match.append(float((one * other).sum() / np.sqrt(np.square(one).sum() * np.square(other).sum() + 1e-12)))
    return float(shifts[int(np.argmax(match))] / columns / (lag * looks_s))


def direction(clip: Clip, params: DirectionParams) -> Measured:
    """Rings travel the named way."""
    waves = _waves(clip)
    if waves.depth < LEAST_DEPTH:
        raise Abstain(f"the inside's width swings by {100 * waves.depth:.0f} % only, so that no ring is seen")
    travel = waves.travel if params.direction == "right" else -waves.travel
    met = decided(travel, params.travel - 0.2, params.travel)
    text = f"travel of the wall's motion to the {params.direction} is {travel:.2f} of 1 (met from {params.travel:g})"
    return Measured(met, text, {"travel": rounded(travel), "moving": rounded(waves.moving)})


def standing(clip: Clip, params: StandingParams) -> Measured:
    """The tube tightens and slackens on the spot."""
    waves = _waves(clip)
    if waves.moving < 0.02:
        return Measured(False, f"the width changes by {100 * waves.moving:.1f} % only, so that nothing tightens")
    met = decided(abs(waves.travel), params.travel, params.travel + 0.2, above=False)
    if met and waves.moving < 0.05:
        met = None
    text = f"travel of the wall's motion is {abs(waves.travel):.2f} of 1 either way (a fault up to {params.travel:g})"
    return Measured(met, text, {"travel": rounded(waves.travel), "moving": rounded(waves.moving)})


def narrowing(clip: Clip, params: NarrowingParams) -> Measured:
    """Rings narrow the inside."""
    width = tube.find(clip).width
    low, high = (float(np.quantile(width, q)) for q in (0.02, 0.98))
    ratio = low / max(high, 1)
    met = decided(ratio, params.ratio, params.ratio + 0.12, above=False)
    text = f"the inside is {ratio:.2f} times as wide at its narrowest as at its widest (met up to {params.ratio:g})"
    return Measured(met, text, {"ratio": rounded(ratio)})


def ring_speed(clip: Clip, params: RingSpeedParams) -> Measured:
    """Rings cross the picture in a given time."""
    waves = _waves(clip)
    if waves.depth < LEAST_DEPTH:
        raise Abstain(f"the inside's width swings by {100 * waves.depth:.0f} % only, so that no ring is seen")
    if abs(waves.travel) < 0.5:
        met = False if abs(waves.travel) < 0.3 else None
        return Measured(met, f"no ring travels (travel {waves.travel:.2f} of 1)", {"travel": rounded(waves.travel)})
    crossing = 1 / max(abs(waves.speed), 1e-3)
    met = params.shortest_s <= crossing <= params.longest_s
    if not met and 0.7 * params.shortest_s < crossing < 1.3 * params.longest_s:
        met = None
    text = (
        f"a ring crosses the picture in {crossing:.1f} s (met between {params.shortest_s:g} and {params.longest_s:g} s)"
    )
    return Measured(met, text, {"crossing_s": rounded(crossing)})


@dataclass(frozen=True)
class _Bits:
    speed: float
    """Of the bits, parts of the picture's width a second, to the right."""
    match: Series
    """(looks − 1,) correlation of bits with themselves one look later, at that speed."""
    amount: Series
    """(looks,) how much the contents are mottled, a measure of their number."""


def _bits(clip: Clip) -> _Bits:
    return clip.keep("bits", lambda: _measure_bits(tube.find(clip)))


def _measure_bits(found: Tube) -> _Bits:
    from scipy.ndimage import binary_erosion, gaussian_filter

    side = max(found.inside.shape[1:])
    fine, broad = max(0.6, 0.003 * side), 0.012 * side
    light = found.images.mean(axis=-1)
    # Bits are round and small; folds of the wall behind are lines across the tube, so they go by their own mean.
    detail = gaussian_filter(light, (0, fine, fine)) - gaussian_filter(light, (0, broad, 0.6 * fine))
    core = np.stack([binary_erosion(mask, iterations=2) for mask in found.inside])
    detail = np.where(core, detail, 0.0)
    amount = np.sqrt(np.square(detail).sum(axis=(1, 2)) / np.maximum(core.sum(axis=(1, 2)), 1))
    if float(np.median(amount)) < 0.004:
        raise Abstain("nothing in the tube's contents can be followed", amount=rounded(float(np.median(amount))))
    return _Bits(*_shift(detail, found.time_s), amount)


def _shift(detail: Series, time_s: Series) -> tuple[float, Series]:
    """Speed along the tube of what is seen in `detail`, and each step's match at that speed."""
    from scipy import fft

    columns, steps_s = detail.shape[2], np.diff(time_s)
    usual_s = float(np.median(steps_s))
    size = fft.next_fast_len(2 * columns, real=True)
    spectra = fft.rfft(detail, size, axis=2)
    cross = fft.irfft((np.conj(spectra[:-1]) * spectra[1:]).sum(axis=1), size, axis=1)
    energy = np.sqrt(np.square(detail[:-1]).sum(axis=(1, 2)) * np.square(detail[1:]).sum(axis=(1, 2)))
    reach = min(columns // 4, max(4, round(0.9 * columns * float(steps_s.max()))))
    table = cross[:, np.arange(-reach, reach + 1)] / np.maximum(energy, 1e-9)[:, None]
    # Where a film is held, nothing is to be followed.
    held = np.square(detail[1:] - detail[:-1]).sum(axis=(1, 2)) < 0.05 * energy
    counted = (np.abs(steps_s - usual_s) < 0.25 * usual_s) & (~held | bool(held.sum() > len(held) - 8))
    total = np.median(table[counted], axis=0)
    best = int(total.argmax()) - reach
    if total[best + reach] < MATCH:
        raise Abstain(f"bits in the tube cannot be followed from look to look (match {total[best + reach]:.2f})")
    at = np.clip(np.round(best * steps_s / usual_s).astype(int) + reach, 1, 2 * reach - 1)
    near = np.max([table[np.arange(len(table)), at + off] for off in (-1, 0, 1)], axis=0)
    near = np.maximum(near, table[:, reach])  # nor does what stays for a moment jump
    if not held.all():
        near[held] = np.median(near[~held])
    return best / columns / usual_s, near


def carried(clip: Clip, params: CarriedParams) -> Measured:
    """Bits go with the rings."""
    waves, bits = _waves(clip), _bits(clip)
    if waves.depth < LEAST_DEPTH and abs(bits.speed) < 0.03:
        return Measured(False, "neither rings nor bits are seen to travel", {"speed": rounded(bits.speed)})
    if abs(waves.travel) < 0.3:
        if abs(bits.speed) > 0.1:
            raise Abstain("bits travel but no ring does, so that there is nothing to compare them with")
        return Measured(False, "neither rings nor bits are seen to travel", {"speed": rounded(bits.speed)})
    if not abs(waves.speed) > 0.03:
        raise Abstain("the rings' speed cannot be told")
    share = bits.speed / abs(waves.speed)
    met = decided(share, 0.5 * params.share, params.share)
    text = f"bits go to the right at {share:.2f} times the speed of the rings (met from {params.share:g})"
    return Measured(met, text, {"share": rounded(share), "speed": rounded(bits.speed)})


def kept(clip: Clip, params: KeptParams) -> Measured:
    """As many bits at the end as at the beginning."""
    amount = _bits(clip).amount
    part = max(3, len(amount) // 6)
    first, last = (float(np.median(np.square(a))) for a in (amount[:part], amount[-part:]))
    ratio = min(first, last) / max(first, last, 1e-12)
    met = decided(ratio, 0.78 * params.ratio, params.ratio)
    text = (
        f"the contents are mottled {ratio:.2f} times as much in the poorer end of the clip (met from {params.ratio:g})"
    )
    return Measured(met, text, {"ratio": rounded(ratio)})


def jumps(clip: Clip, params: JumpParams) -> Measured:
    """At single steps most bits are suddenly elsewhere."""
    match = _bits(clip).match
    relative = match / max(float(np.median(match)), 1e-9)
    broken, lowest = int((relative < params.drop).sum()), float(relative.min())
    met: bool | None = broken > 0 and lowest < params.drop - 0.08
    if broken and not met:
        met = None
    text = (
        f"{broken} of {relative.size} steps match less than {params.drop:g} as well as usual (the worst {lowest:.2f}); "
        "a fault from one"
    )
    return Measured(met, text, {"broken": broken, "lowest": rounded(lowest)})


SPECS = (
    MeasurementSpec("gut-direction", "Rings of contraction travel the named way.", DirectionParams, direction),
    MeasurementSpec("gut-standing", "A tube tightens and slackens on the spot.", StandingParams, standing, fault=True),
    MeasurementSpec("gut-narrowing", "Rings narrow the inside of a tube.", NarrowingParams, narrowing),
    MeasurementSpec("gut-ring-speed", "Rings cross the picture in a given time.", RingSpeedParams, ring_speed),
    MeasurementSpec("gut-carried", "Bits in a tube go with the rings.", CarriedParams, carried),
    MeasurementSpec("gut-kept", "There are as many bits at the end as at the beginning.", KeptParams, kept),
    MeasurementSpec("gut-jumps", "Most bits suddenly are elsewhere.", JumpParams, jumps, fault=True),
)
