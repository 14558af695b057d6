"""Finds small round spots that stand apart, and links them into tracks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .clip import Array, Clip
from .picture import needs_frames
from .spec import Abstain, found, rounded

MAX_FRAMES = 240
SCALES = (1.3, 1.9, 2.7, 3.8, 5.4)
"""Radii (Gaussian σ, working pixels) tried for spots."""
FEWEST, MOST = 8, 150
ROUND = 0.45
"""Least curvature of a spot along its longer axis over that along its shorter one, in the median."""
MEMORY = 3
"""Frames for which a spot may be missed (another covers it) without ending its track."""

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Tracks:
    """Spots of a clip and their tracks. Positions are (x, y) in working pixels."""

    counts: NDArray[np.int64]
    """(frames,) spots in each frame."""
    paths: tuple[tuple[NDArray[np.int64], Points], ...]
    """Each track's frames, and its positions in them."""
    spacing: float
    """Median distance to the nearest other spot."""
    sigma: float
    shape: tuple[int, int]
    """Height and width of the working picture."""
    frames: int

    def displacements(self, lag: int) -> Points:
        """(n, 2): all displacements over `lag` frames."""
        out = []
        for when, where in self.paths:
            place = np.full(self.frames, -1)
            place[when] = np.arange(len(when))
            both = np.flatnonzero((place[:-lag] >= 0) & (place[lag:] >= 0))
            out.append(where[place[both + lag]] - where[place[both]])
        return np.concatenate(out) if out else np.empty((0, 2))

    def near_border(self, point: Points) -> bool:
        """Whether a spot at `point` may have come in or gone out."""
        margin = max(3.0 * self.sigma, 0.35 * self.spacing)
        height, width = self.shape
        x, y = float(point[0]), float(point[1])
        return min(x, y, width - 1 - x, height - 1 - y) < margin


def find(clip: Clip) -> Tracks:
    """The tracks of a clip.

    Raises:
        Abstain: there are no separate small spots.
    """
    return found(clip, "tracks", _find)


def _find(clip: Clip) -> Tracks:
    needs_frames(clip, 16)
    if clip.count > MAX_FRAMES:
        raise Abstain(f"{clip.count} frames are too many to follow spots in, at most {MAX_FRAMES}")
    weights, sigma = _look(clip)
    responses = [_bandpass(image @ weights, sigma) for image in clip.rgb]
    threshold = _threshold(responses, sigma)
    spots = [_peaks(response, sigma, threshold)[0] for response in responses]
    counts = np.array([len(points) for points in spots])
    usual = int(np.median(counts))
    if not FEWEST <= usual <= MOST:
        raise Abstain(f"{usual} separate spots in a frame, {FEWEST} to {MOST} needed", spots=usual)
    spacing = float(np.median([_spacing(points) for points in spots if len(points) > 2]))
    if spacing < 6 * sigma:
        raise Abstain(f"spots are too crowded to follow ({spacing:.0f} pixels apart)", spacing=rounded(spacing))
    _refuse_strings(responses, spots)
    _refuse_bands(np.concatenate(spots), clip)
    paths = linked(spots, reach=0.5 * spacing)
    return Tracks(counts, paths, spacing, sigma, (clip.luma.shape[1], clip.luma.shape[2]), clip.count)


def _refuse_strings(responses: list[Array], spots: list[Points]) -> None:
    """Spots that bend much less one way than the other are uneven stretches of lines."""
    ratios = []
    for response, points in list(zip(responses, spots, strict=True))[:: max(1, len(spots) // 8)]:
        height, width = response.shape
        x = np.clip(np.rint(points[:, 0]).astype(int), 1, width - 2)
        y = np.clip(np.rint(points[:, 1]).astype(int), 1, height - 2)
        xx = response[y, x - 1] + response[y, x + 1] - 2 * response[y, x]
        yy = response[y - 1, x] + response[y + 1, x] - 2 * response[y, x]
        xy = (response[y + 1, x + 1] + response[y - 1, x - 1] - response[y + 1, x - 1] - response[y - 1, x + 1]) / 4
        mean, apart = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
        ratios.append((mean + apart) / np.minimum(mean - apart, -1e-9))
    round_ = float(np.median(np.concatenate(ratios)))
    if round_ < ROUND:
        raise Abstain(f"bright bumps are uneven stretches of lines (roundness {round_:.2f})", round=rounded(round_))


def _refuse_bands(points: Points, clip: Clip) -> None:
    """Spots that keep to a band from side to side are carried by a stream in a vessel."""
    low, high = np.quantile(points, (0.05, 0.95), axis=0)
    across = (high - low) / (clip.luma.shape[2], clip.luma.shape[1])
    if across.min() < 0.55 and across.max() > 0.8:
        raise Abstain(f"spots keep to a band over {100 * across.min():.0f} % of the picture, as in a vessel")


def _look(clip: Clip) -> tuple[Array, float]:
    """The mix of colours, and the size, in which spots stand out most."""
    sample = clip.rgb[np.linspace(0, clip.count - 1, 3).round().astype(int)]
    mixes = ((0.299, 0.587, 0.114), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, -1), (1, -1, 0), (0, 1, -1))
    best, weights, size = 0.0, np.zeros(3, np.float32), SCALES[0]
    for mix in mixes:
        for sign in (1, -1):
            mixed = np.asarray(mix, np.float32) * np.float32(sign)
            for sigma in SCALES:
                values = np.concatenate([_peaks(_bandpass(image @ mixed, sigma), sigma, 0.0)[1] for image in sample])
                if len(values) < 3 * FEWEST:
                    continue
                values = np.sort(values)[::-1]
                strong = float(np.median(values[: 3 * 12]))
                # Spots are many times as strong as the usual bump, and the right size gives the strongest.
                score = strong * strong / max(float(np.median(values)), 0.004)
                if strong > 0.02 and score > best:
                    best, weights, size = score, mixed, sigma
    if best == 0.0:
        raise Abstain("no spots stand out from the background")
    return weights, size


def _bandpass(image: Array, sigma: float) -> Array:
    """Difference of Gaussians: positive where a spot of about `sigma` is brighter than its surroundings."""
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(image, sigma) - gaussian_filter(image, 2.0 * sigma), np.float32)


def _threshold(responses: list[Array], sigma: float) -> float:
    """The response from which a peak is a spot.

    Raises:
        Abstain: peaks come in all strengths, as in noise or texture.
    """
    some = responses[:: max(1, len(responses) // 12)]
    values = np.concatenate([_peaks(response, sigma, 0.0)[1] for response in some])
    strong = float(np.median(np.sort(values)[::-1][: 12 * len(some)]))
    inside, doubtful = float((values > 0.45 * strong).sum()), float((values > 0.2 * strong).sum())
    if inside < 0.55 * doubtful:
        raise Abstain(
            f"bumps come in all strengths ({inside / len(some):.0f} strong of {doubtful / len(some):.0f} a frame), "
            "so none is a spot for certain",
            strong=int(inside / len(some)),
            weak=int(doubtful / len(some)),
        )
    return 0.35 * strong


def _peaks(response: Array, sigma: float, threshold: float) -> tuple[Points, NDArray[np.float64]]:
    """Local maxima above `threshold`: positions (n, 2: x, y) to a fraction of a pixel, and heights."""
    from scipy.ndimage import maximum_filter

    reach = max(1, round(1.5 * sigma))
    top = (response == maximum_filter(response, 2 * reach + 1)) & (response > max(threshold, 1e-6))
    top[:1] = top[-1:] = False
    top[:, :1] = top[:, -1:] = False
    rows, columns = np.nonzero(top)
    centre = response[rows, columns]
    points = np.empty((len(rows), 2))
    for axis, (dy, dx) in enumerate(((0, 1), (1, 0))):
        before, after = response[rows - dy, columns - dx], response[rows + dy, columns + dx]
        bend = before - 2 * centre + after
        shift = np.where(bend < 0, 0.5 * (before - after) / np.where(bend < 0, bend, -1), 0)
        points[:, axis] = (columns if axis == 0 else rows) + np.clip(shift, -0.5, 0.5)
    return points, centre.astype(np.float64)


def _spacing(points: Points) -> float:
    from scipy.spatial import cKDTree

    distances = np.asarray(cKDTree(points).query(points, k=2)[0])
    return float(np.median(distances[:, 1]))


def linked(spots: list[Points], reach: float) -> tuple[tuple[NDArray[np.int64], Points], ...]:
    """Tracks by least total squared displacement from frame to frame, none longer than `reach`."""
    from scipy.optimize import linear_sum_assignment

    tracks: list[tuple[list[int], list[Points]]] = []
    alive: list[int] = []
    for frame, points in enumerate(spots):
        free = np.ones(len(points), bool)
        if alive and len(points):
            last = np.array([tracks[i][1][-1] for i in alive])
            cost = np.square(last[:, None] - points[None]).sum(axis=-1)
            for row, column in zip(*linear_sum_assignment(np.minimum(cost, reach**2)), strict=True):
                if cost[row, column] < reach**2:
                    tracks[alive[row]][0].append(frame)
                    tracks[alive[row]][1].append(points[column])
                    free[column] = False
        tracks += [([frame], [point]) for point in points[free]]
        alive = [i for i, (when, _) in enumerate(tracks) if frame - when[-1] < MEMORY]
    return tuple((np.array(when), np.array(where)) for when, where in tracks)
