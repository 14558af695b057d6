"""Finds one long body that lights up in places, and reads its light along its axis over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .clip import Array, Clip
from .picture import needs_frames
from .spec import Abstain, found

BINS = 60
"""Places along the body."""
LONG = 2.6
"""Least length over width of the body."""
MIN_CHANGE = 0.12
"""Least change of brightness, of 1, that counts as lighting up."""
LIT, DARK = 0.5, 0.3
"""Light above rest, over the usual peak, above which a place is lit and below which it is dark again."""

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Kymograph:
    """Light along a body. Times in seconds, places from one end (0, left) to the other (1)."""

    light: Points
    """(frames, BINS) above rest, over the usual peak."""
    first_s: Points
    """(BINS,) when each place first lights up; nan for never."""
    again_s: Points
    """(BINS,) when it lights up for the last time after having been dark; nan for never."""
    meeting: int
    """The place away from the ends that lights up last."""
    aspect: float
    """Length over width of the body."""
    fps: float

    @property
    def lit(self) -> NDArray[np.bool_]:
        """(BINS,) whether a place ever lights up."""
        return np.isfinite(self.first_s)

    @property
    def spread_s(self) -> float:
        """Time from the first places to the last, single outliers left out; 0 where hardly anything lights up."""
        known = self.first_s[self.lit]
        return float(np.quantile(known, 0.95) - np.quantile(known, 0.05)) if known.size > 0.1 * BINS else 0.0


def find(clip: Clip) -> Kymograph:
    """The kymograph of a clip.

    Raises:
        Abstain: there is no single long body, at rest at first, that lights up in places.
    """
    return found(clip, "kymograph", _find)


def _find(clip: Clip) -> Kymograph:
    needs_frames(clip, 16)
    bright = clip.rgb.max(axis=-1)
    rest, peak = np.quantile(bright[:: max(1, clip.count // 40)], (0.12, 0.97), axis=0)
    body = _body(rest, peak)
    place, aspect = _axis(body)
    light = _profile(bright, body, place)
    base = np.quantile(light, 0.12, axis=0)
    light = light - base
    usual = float(np.quantile(light.max(axis=0), 0.93))
    if usual < MIN_CHANGE:
        raise Abstain(f"no part of the body lights up (by {usual:.2f} of 1, at least {MIN_CHANGE} needed)")
    light /= usual
    first, again = _pulses(light, clip.fps)
    if float((light[0] > LIT).mean()) > 0.35:
        raise Abstain("most of the body is lit from the beginning, so that no wave can be seen to come")
    return Kymograph(light, first, again, _meeting(first), aspect, clip.fps)


def _body(rest: Array, peak: Array) -> NDArray[np.bool_]:
    """The one long thing in the picture that stands out at rest or lights up.

    Raises:
        Abstain: there is none.
    """
    from scipy.ndimage import binary_closing, binary_fill_holes, binary_opening, gaussian_filter, label

    soft = gaussian_filter(peak, 0.008 * max(peak.shape))
    ground = float(np.quantile(soft, 0.2))
    top = float(np.quantile(soft, 0.97)) - ground
    if top < MIN_CHANGE:
        raise Abstain(f"nothing stands out (by {top:.2f} of 1)")
    # Even where no wave comes, the body is brighter at rest than its surroundings.
    mask = (soft - ground > 0.3 * top) | _dim(rest)
    mask = binary_fill_holes(binary_opening(binary_closing(mask, iterations=2), iterations=2))
    labels, count = label(mask)
    if not count:
        raise Abstain("nothing stands out in one piece")
    sizes = np.bincount(labels.ravel())[1:]
    body = np.asarray(labels == sizes.argmax() + 1)
    if sizes.max() < 0.75 * sizes.sum():
        raise Abstain(f"what stands out lies in {count} places, not in one body", places=int(count))
    share = float(body.mean())
    rim = max(2, round(0.02 * body.shape[1]))
    if not 0.03 < share < 0.6 or body[:, :rim].any() or body[:, -rim:].any():
        raise Abstain(f"what stands out runs off the picture, or is no body ({100 * share:.0f} % of the picture)")
    return body


def _dim(rest: Array) -> NDArray[np.bool_]:
    """Where the picture at rest stands out from its ground, by Otsu's threshold; nowhere if it does not."""
    from scipy.ndimage import gaussian_filter

    soft = gaussian_filter(rest, 0.01 * max(rest.shape))
    low, high = float(np.quantile(soft, 0.2)), float(np.quantile(soft, 0.97))
    if high - low < 0.05:
        return np.zeros(rest.shape, bool)
    return np.asarray(soft > low + 0.4 * (high - low))


def _axis(body: NDArray[np.bool_]) -> tuple[Points, float]:
    """Place of every pixel along the body's axis, 0 to 1 from its left end, and length over width.

    Raises:
        Abstain: the body is not long.
    """
    y, x = np.nonzero(body)
    points = np.stack([x - x.mean(), y - y.mean()])
    values, vectors = np.linalg.eigh(np.cov(points))
    axis = vectors[:, 1] * (1 if vectors[0, 1] >= 0 else -1)
    aspect = float(np.sqrt(values[1] / max(values[0], 1e-9)))
    if aspect < LONG or abs(axis[0]) < 0.8:
        raise Abstain(f"what stands out is no long body along the picture ({aspect:.1f} times as long as wide)")
    rows, columns = np.indices(body.shape)
    along = (columns - x.mean()) * axis[0] + (rows - y.mean()) * axis[1]
    low, high = np.quantile(along[body], (0.005, 0.995))
    return np.asarray((along - low) / (high - low)), aspect


def _profile(bright: Array, body: NDArray[np.bool_], place: Points) -> Points:
    """(frames, BINS) mean light over the body's width in each place, ends left out."""
    from scipy.ndimage import gaussian_filter1d

    inside = body & (place > 0.03) & (place < 0.97)
    bins = np.clip(((place[inside] - 0.03) / 0.94 * BINS).astype(int), 0, BINS - 1)
    sizes = np.maximum(np.bincount(bins, minlength=BINS), 1)
    profile = np.stack([np.bincount(bins, frame[inside], minlength=BINS) / sizes for frame in bright])
    return np.asarray(gaussian_filter1d(profile, 0.8, axis=1))


def _pulses(light: Points, fps: float) -> tuple[Points, Points]:
    """When each place first lights up, and when it does so for the last time after having been dark."""
    first, again = np.full(BINS, np.nan), np.full(BINS, np.nan)
    for i, series in enumerate(light.T):
        lit = pulsed = False
        for t, value in enumerate(series):
            if not lit and value > LIT:
                lit = True
                if pulsed:
                    again[i] = t / fps
                else:
                    before = series[t - 1] if t else value
                    first[i] = (t - (value - LIT) / max(value - before, 1e-6) * (t > 0)) / fps
                pulsed = True
            elif lit and value < DARK:
                lit = False
    return first, again


def _meeting(first: Points) -> int:
    """The place away from the ends that lights up last (the middle of several)."""
    from scipy.ndimage import gaussian_filter1d

    inner = np.arange(BINS // 8, BINS - BINS // 8)
    known = np.isfinite(first)
    if not known[inner].any():
        return BINS // 2
    filled = np.interp(np.arange(BINS), np.flatnonzero(known), first[known])
    return int(inner[gaussian_filter1d(filled, 1.0)[inner].argmax()])
