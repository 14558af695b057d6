"""Speeds of many small things in a corridor, by correlating rows of pixels from frame to frame.

As in particle image velocimetry: a window of what changes is correlated with the next frame, and the correlations
are summed over frames (for a mean) or over windows (for one instant) before the peak is looked for, so that no single
cell needs to be followed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .clip import Clip
from .corridor import Corridor, find
from .spec import Abstain, found, rounded
from .tube import walls_move

Array = NDArray[np.float64]

STATIONS = 13
LANES = np.linspace(-0.75, 0.75, 7)
MAX_SHIFT = 0.12
"""Largest shift looked for, over the corridor's length."""
MIN_MATCH = 0.2
"""Least correlation of a window with its shifted self."""


@dataclass(frozen=True)
class Velocities:
    """Speeds along a corridor, in working pixels a frame; positive along x of the corridor."""

    corridor: Corridor
    columns: Array
    """(stations,)"""
    mean: Array
    """(stations, lanes) over the clip; nan where nothing is seen."""
    match: Array
    """(stations, lanes) height of the correlation peak, 0 to 1."""
    speed: Array
    """(frames − 1,) in the corridor's open parts, near its middle."""
    instant_match: Array
    """(frames − 1,) height of the correlation peak of each frame step."""


def velocities(clip: Clip) -> Velocities:
    """Speeds in the vessel of a clip.

    Raises:
        Abstain: there is no vessel, or nothing in it can be followed.
    """
    return found(clip, "velocities", _follow)


def _follow(clip: Clip) -> Velocities:
    corridor = find(clip)
    if walls_move(clip):
        raise Abstain("the tube's wall narrows and widens, so that what moves is no stream in a vessel")
    return _measure(clip, corridor)


def _measure(clip: Clip, corridor: Corridor) -> Velocities:
    from scipy import fft

    rows = slice(max(0, int(corridor.top.min())), int(corridor.bottom.max()) + 1)
    moving = _signal(clip, corridor, rows)
    length = moving.shape[2]
    size = fft.next_fast_len(length + int(MAX_SHIFT * length) + 1, real=True)
    after = fft.rfft(moving[1:], size, axis=2)
    energy = np.square(moving)
    x, y = np.arange(length), np.arange(rows.start, rows.stop)
    columns = np.linspace(0.08, 0.92, STATIONS) * length
    mean = np.full((STATIONS, len(LANES)), np.nan)
    match = np.zeros_like(mean)
    instants = np.zeros((moving.shape[0] - 1, size // 2 + 1), np.complex64)
    energies = np.zeros(moving.shape[0] - 1)
    throat, narrowing = corridor.throat()
    for i, column in enumerate(columns):
        weight = np.exp(-0.5 * ((x - column) / (0.035 * length)) ** 2).astype(np.float32)
        cross = np.conj(fft.rfft(moving[:-1] * weight, size, axis=2)) * after
        place = min(length - 1, int(column))
        middle, half = (corridor.top + corridor.bottom)[place] / 2, corridor.width[place] / 2
        eta = (y - middle) / max(half, 1)
        for j, lane in enumerate(LANES):
            inside = np.abs(eta - lane) < max(0.13, 2.0 / max(half, 1))
            spectrum = cross[:, inside].sum(axis=(0, 1))
            mean[i, j], match[i, j] = _peak(
                fft.irfft(spectrum, size), length, float((energy[:-1, inside] * weight).sum())
            )
        is_open = narrowing > 0.85 or abs(column - throat) > 0.2 * length
        if is_open:
            inside = np.abs(eta) < 0.45
            instants += cross[:, inside].sum(axis=1)
            energies += (energy[:-1, inside] * weight).sum(axis=(1, 2))
    series = [_peak(fft.irfft(s, size), length, float(e)) for s, e in zip(instants, energies, strict=True)]
    speed, instant = np.array([v for v, _ in series]), np.array([m for _, m in series])
    typical = float(np.median(instant))
    if typical < MIN_MATCH:
        raise Abstain(
            f"what moves cannot be followed from frame to frame (match {typical:.2f}, at least {MIN_MATCH} needed)",
            match=rounded(typical),
        )
    if float(np.median(np.abs(speed))) < 0.0012 * length:
        raise Abstain("what moves in the band does not travel along it", speed=rounded(float(np.median(speed))))
    return Velocities(corridor, columns, np.where(match >= 0.5 * MIN_MATCH, mean, np.nan), match, speed, instant)


def _signal(clip: Clip, corridor: Corridor, rows: slice) -> NDArray[np.float32]:
    """What changes in the corridor's rows, (frames, rows, w): colours less their mean, along the axis they vary on.

    Signed, so that it needs no decision about what is background where cells are dense.
    """
    colours = clip.rgb.transpose(0, 2, 1, 3) if corridor.turned else clip.rgb
    colours = colours[:, rows] - colours[:, rows].mean(axis=0)
    sample = colours.reshape(-1, 3)[:: max(1, colours.size // 600_000)]
    axis = np.linalg.eigh(sample.T @ sample)[1][:, -1]
    return np.ascontiguousarray(colours @ axis.astype(np.float32), np.float32)


def _peak(correlation: NDArray[np.floating], length: int, energy: float) -> tuple[float, float]:
    """Shift of the highest peak (centroid of its top half), and its height over the window's energy."""
    reach = int(MAX_SHIFT * length)
    near = np.concatenate([correlation[-reach:], correlation[: reach + 1]])
    top = int(near.argmax())
    if near[top] <= 0 or energy <= 0:
        return float("nan"), 0.0
    low, high = top, top
    while low > 0 and near[low - 1] > 0.6 * near[top]:
        low -= 1
    while high < near.size - 1 and near[high + 1] > 0.6 * near[top]:
        high += 1
    part = near[low : high + 1] - 0.6 * near[top]
    return float((np.arange(low, high + 1) * part).sum() / part.sum() - reach), float(near[top] / energy)
