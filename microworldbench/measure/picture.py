"""Measurements any video allows: one shot, steady light, motion, sharpness, contrast, a still camera, order in time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from .clip import Array, Clip
from .spec import Abstain, Measured, MeasurementSpec, Params, decided, found, rounded

MIN_FRAMES = 8
LIKENESS = 0.2
"""Correlation of neighbouring pixels below which a picture is noise (0.3 and more under heavy grain)."""
MATCH = 0.25
"""Least height of a correlation peak (1 for equal pictures) by which a shift is believed."""
FEWEST_BLOCKS = 5
"""Least number of blocks, of 36, that must match for the camera to be judged."""
SHAKEN, TOGETHER, SHAKING = 0.008, 0.7, 0.5
"""A camera shakes that, in so large a share of frame steps (the last), shifts so large a share of blocks (the second)
by so much of the picture's longest side (the first)."""


class ShotParams(Params):
    """One continuous shot."""

    spike: float = Field(default=6.0, gt=1)
    """A cut changes the coarse picture this many times as much as the frame steps around it."""


class LightParams(Params):
    """Steady brightness."""

    flicker: float = Field(default=0.02, gt=0)
    """Largest allowed relative flicker (standard deviation of the brightness step against its neighbours)."""


class MotionParams(Params):
    """Something moves."""

    frozen_share: float = Field(default=0.34, gt=0, le=1)
    """Largest share of frame steps in which nothing changes."""


class SharpParams(Params):
    """Sharp edges."""

    blur: float = Field(default=0.0042, gt=0)
    """Largest blur of the strongest edges (Gaussian standard deviation) over the picture's longest side."""


class ContrastParams(Params):
    """Bright and dark parts."""

    spread: float = Field(default=0.25, gt=0, le=1)
    """Least distance between the 1st and 99.5th percentile of luminance, of 1."""


class CameraParams(Params):
    """A camera that stands still."""

    shift: float = Field(default=0.012, gt=0)
    """Largest shift, over the picture's longest side, of a part that counts as being where it was."""


class OrderParams(Params):
    """Frames in order."""

    share: float = Field(default=0.8, gt=0.5, le=1)
    """Least share of frames whose successor is nearer than the frame four steps on."""


def needs_frames(clip: Clip, least: int = MIN_FRAMES) -> None:
    """Abstains on clips too short to say anything about time."""
    if clip.count < least:
        raise Abstain(f"only {clip.count} frames, at least {least} are needed", frames=clip.count)


def needs_a_picture(clip: Clip) -> None:
    """Abstains on nothing but noise, where a pixel says nothing of the one beside it."""
    sample = clip.luma[:: max(1, clip.count // 8)]
    here, beside = sample[..., :-1] - sample[..., :-1].mean(), sample[..., 1:] - sample[..., 1:].mean()
    spread = float(np.sqrt(np.square(here).mean() * np.square(beside).mean()))
    if spread > 1e-6 and (likeness := float((here * beside).mean()) / spread) < LIKENESS:
        raise Abstain("the picture is nothing but noise", likeness=rounded(likeness))


def needs_a_held_camera(clip: Clip) -> None:
    """Abstains where the view glides or shakes: places in the picture then say little of the process."""
    try:
        camera = still_camera(clip, CameraParams())
    except Abstain:
        return
    if camera.met is False:
        raise Abstain(f"the camera moves: {camera.observation}")


def needs_order(clip: Clip) -> None:
    """Abstains on frames that do not follow one another in order; where the camera shakes, that cannot be told."""
    try:
        order = in_order(clip, OrderParams())
    except Abstain:
        return
    if order.met is False and _shaken(clip) <= SHAKING:
        raise Abstain(f"the frames are out of order: {order.observation}")


def _shaken(clip: Clip) -> float:
    """Share of frame steps in which the whole picture is shifted, of those in which that can be seen."""
    return clip.keep("shaken", lambda: _measure_shaking(clip))


def _measure_shaking(clip: Clip) -> float:
    limit = SHAKEN * max(clip.luma.shape[1:])
    at = np.unique(np.linspace(0, clip.count - 2, min(12, clip.count - 1)).round().astype(int))
    shaken = []
    for i in at:
        shifts = _shifts(clip.luma[i], clip.luma[i + 1])
        if len(shifts) >= 2 * FEWEST_BLOCKS:
            whole = np.median(shifts, axis=0)
            with_it = float((np.hypot(*(shifts - whole).T) <= limit).mean())
            shaken.append(np.hypot(*whole) > limit and with_it > TOGETHER)
    return float(np.mean(shaken)) if len(shaken) >= len(at) / 2 else 0.0


def coarse(clip: Clip) -> Array:
    """The frames as 24 × 24 mean colours, (frames, 24, 24, 3)."""

    def make() -> Array:
        rows = np.array_split(np.arange(clip.rgb.shape[1]), 24)
        columns = np.array_split(np.arange(clip.rgb.shape[2]), 24)
        if min(len(rows[-1]), len(columns[-1])) == 0:
            raise Abstain("the picture is smaller than 24 pixels")
        edges_y, edges_x = [r[0] for r in rows], [c[0] for c in columns]
        total = np.add.reduceat(np.add.reduceat(clip.rgb, edges_y, axis=1), edges_x, axis=2)
        area = np.outer([len(r) for r in rows], [len(c) for c in columns])
        return np.asarray(total / area[..., None], np.float32)

    return clip.keep("coarse", make)


def one_shot(clip: Clip, params: ShotParams) -> Measured:
    """No frame step changes the coarse picture out of all proportion."""
    needs_frames(clip)
    needs_order(clip)
    small = coarse(clip)
    steps = np.abs(np.diff(small, axis=0)).mean(axis=(1, 2, 3))
    # A cut is one step that stands out from those around it, and from the noise of a compressed still.
    around = np.pad(steps, 4, mode="reflect")
    windows = np.delete(np.lib.stride_tricks.sliding_window_view(around, 9), 4, axis=1)
    spikes = steps / np.maximum(np.median(windows, axis=1), 0.002)
    worst = float(spikes.max())
    at = int(spikes.argmax()) + 1
    met = decided(worst, 0.75 * params.spike, 1.25 * params.spike, above=False) if steps[at - 1] > 0.02 else True
    text = (
        f"the most sudden change between frames is {worst:.1f} times those around it (a cut above {params.spike:g}), "
        f"at {at / clip.fps:.2f} s"
    )
    return Measured(met, text, {"spike": rounded(worst), "frame": at})


def steady_light(clip: Clip, params: LightParams) -> Measured:
    """The mean brightness does not jump up and down."""
    needs_frames(clip)
    mean = clip.luma.mean(axis=(1, 2)).astype(np.float64)
    if mean.mean() < 0.01:
        raise Abstain("the picture is black")
    # Second differences ignore slow changes; white noise of deviation s gives them s·√6.
    flicker = float(np.std(np.diff(mean, 2)) / np.sqrt(6) / mean.mean())
    met = decided(flicker, 0.75 * params.flicker, 1.25 * params.flicker, above=False)
    text = f"brightness flickers by {100 * flicker:.2f} % (steady up to {100 * params.flicker:g} %)"
    return Measured(met, text, {"flicker": rounded(flicker, 5)})


def moving(clip: Clip, params: MotionParams) -> Measured:
    """Frames go on changing."""
    needs_frames(clip)
    steps = np.array([_strongest(b - a) for a, b in zip(clip.luma[:-1], clip.luma[1:], strict=True)])
    still = float((steps < 0.012).mean())
    met = decided(still, 0.75 * params.frozen_share, 1.25 * params.frozen_share, above=False)
    text = f"nothing changes in {100 * still:.0f} % of the frame steps (frozen above {100 * params.frozen_share:g} %)"
    return Measured(met, text, {"still_share": rounded(still)})


def _strongest(step: Array) -> float:
    """The change that one pixel in a thousand exceeds, after averaging 2 × 2 against compression noise."""
    height, width = (side // 2 * 2 for side in step.shape)
    small = step[:height, :width].reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
    return float(np.quantile(np.abs(small), 0.999))


def sharp(clip: Clip, params: SharpParams) -> Measured:
    """The strongest edges are narrow.

    The gradient of a step blurred by s falls with the scale σ it is taken at as 1/√(s² + σ²), so two scales give s
    (Zhuo and Sim 2011, Pattern Recognition 44, 1852).
    """
    from scipy.ndimage import gaussian_gradient_magnitude

    needs_a_picture(clip)
    side = max(clip.frames.shape[1:3])
    widths = []
    for index in np.linspace(0, clip.count - 1, min(5, clip.count)).round().astype(int):
        grey = clip.frames[index].astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
        fine, broad = (gaussian_gradient_magnitude(grey, sigma) for sigma in (1.0, 2.0))
        strong = fine >= max(float(np.quantile(fine, 0.995)), 2.0)
        if strong.sum() < 30:
            continue
        ratio = np.clip(fine[strong] / np.maximum(broad[strong], 1e-3), 1.001, 1.999) ** 2
        widths.append(float(np.quantile(np.sqrt(np.clip(4 - ratio, 0, None) / (ratio - 1)), 0.35)))
    if not widths:
        raise Abstain("no edges to measure sharpness on")
    blur = float(np.median(widths))
    limit = max(params.blur * side, 1.6)
    met = decided(blur, 0.85 * limit, 1.15 * limit, above=False)
    text = f"edges are blurred by {blur:.1f} pixels (sharp up to {limit:.1f} at {side} pixels)"
    return Measured(met, text, {"blur_px": rounded(blur), "limit_px": rounded(limit)})


def contrast(clip: Clip, params: ContrastParams) -> Measured:
    """The picture spans dark and bright and is not clipped."""
    sample = clip.luma[:: max(1, clip.count // 12)]
    low, high = (float(np.quantile(sample, q)) for q in (0.01, 0.995))
    clipped = float(((sample < 0.004) | (sample > 0.996)).mean())
    spread = high - low
    met = decided(spread, 0.85 * params.spread, 1.15 * params.spread)
    if clipped > 0.4:
        met = False
    text = f"luminance spans {spread:.2f} of 1 (enough from {params.spread:g}), {100 * clipped:.0f} % of it clipped"
    return Measured(met, text, {"spread": rounded(spread), "clipped": rounded(clipped)})


def still_camera(clip: Clip, params: CameraParams) -> Measured:
    """Parts of the picture keep their places: a moving camera leaves none where it was, a moving subject some."""
    return found(clip, f"camera {params.shift}", lambda clip: _camera(clip, params))


def _camera(clip: Clip, params: CameraParams) -> Measured:
    needs_frames(clip)
    shaken = _shaken(clip)
    if shaken > SHAKING:
        text = f"the whole picture jumps in {100 * shaken:.0f} % of the frame steps (shaking from {100 * SHAKING:g} %)"
        return Measured(False, text, {"shaken": rounded(shaken)})
    first, *later = _views(clip)
    limit = params.shift * max(clip.luma.shape[1:])
    kept, together = [], []
    for view in later:
        shifts = _shifts(first, view)
        if len(shifts) >= FEWEST_BLOCKS:
            apart = np.hypot(*(shifts - np.median(shifts, axis=0)).T)
            kept.append(float((np.hypot(*shifts.T) <= limit).mean()))
            together.append(len(shifts) >= 2 * FEWEST_BLOCKS and float(np.median(apart)) <= limit)
    if not kept:
        raise Abstain("too little of the picture stays the same to see the camera by")
    least = min(kept)
    met = decided(least, 0.1, 0.3)
    if met is False and not together[kept.index(least)]:
        raise Abstain("parts of the picture move, but not together, which says nothing of the camera")
    text = (
        f"{100 * least:.0f} % of the picture's parts stay within {100 * params.shift:g} % of its width "
        "(still from 30 %, moving up to 10 %)"
    )
    return Measured(met, text, {"kept": rounded(least)})


def _views(clip: Clip) -> list[Array]:
    """Temporal medians of six parts of the clip, in which small moving things are gone."""
    parts = np.array_split(np.arange(clip.count), 6)
    return [np.median(clip.luma[part[:: max(1, len(part) // 11)]], axis=0).astype(np.float32) for part in parts]


def _blocks(view: Array) -> list[Array]:
    """A picture's 6 × 6 overlapping blocks, each a quarter of its sides."""
    height, width = (side // 4 for side in view.shape)
    return [
        view[top : top + height, left : left + width]
        for top in np.linspace(0, view.shape[0] - height, 6).astype(int)
        for left in np.linspace(0, view.shape[1] - width, 6).astype(int)
    ]


def _shifts(before: Array, after: Array) -> NDArray[np.int64]:
    """(blocks, 2) shifts (y, x) of those blocks of a picture that can be found again in another."""
    pairs = zip(_blocks(before), _blocks(after), strict=True)
    return np.array([shift for a, b in pairs if (shift := _shift(a, b)) is not None]).reshape(-1, 2)


def _shift(a: Array, b: Array) -> tuple[int, int] | None:
    """Shift (y, x) of block `b` against `a` in pixels, by phase correlation; None where they do not match."""
    window = np.outer(np.hanning(a.shape[0]), np.hanning(a.shape[1])).astype(np.float32)
    cross = np.fft.rfft2((a - a.mean()) * window).conj() * np.fft.rfft2((b - b.mean()) * window)
    # Fine detail is compression noise; the lowest frequencies are light.
    frequency = np.hypot(np.fft.fftfreq(a.shape[0])[:, None], np.fft.rfftfreq(a.shape[1])[None, :])
    band = (frequency > 0.02) & (frequency < 0.25)
    surface = np.fft.irfft2(np.where(band, cross / np.maximum(np.abs(cross), 1e-9), 0), s=a.shape)
    if surface.max() < MATCH * np.fft.irfft2(band.astype(complex), s=a.shape).max():
        return None
    row, column = np.unravel_index(int(surface.argmax()), a.shape)
    dy, dx = ((int(p) + n // 2) % n - n // 2 for p, n in zip((row, column), a.shape, strict=True))
    return dy, dx


def in_order(clip: Clip, params: OrderParams) -> Measured:
    """Neighbouring frames are more alike than frames four steps apart: the frames are not shuffled."""
    return found(clip, f"order {params.share}", lambda clip: _order(clip, params))


def _order(clip: Clip, params: OrderParams) -> Measured:
    needs_frames(clip, 16)
    from scipy.ndimage import gaussian_filter

    sigma = max(1.5, 0.006 * max(clip.luma.shape[1:]))
    soft = np.stack([gaussian_filter(frame, sigma) for frame in clip.luma])[:, ::2, ::2]
    near = np.abs(soft[1:-3] - soft[:-4]).mean(axis=(1, 2))
    far = np.abs(soft[4:] - soft[:-4]).mean(axis=(1, 2))
    if float(np.median(far)) < 0.0008:
        raise Abstain("too little changes to see an order", change=rounded(float(np.median(far)), 6))
    share = float((near < 0.97 * far).mean())
    met = decided(share, 0.7, params.share)
    text = (
        f"{100 * share:.0f} % of frames resemble the next more than the fourth next "
        f"(in order from {100 * params.share:g} %)"
    )
    return Measured(met, text, {"share": rounded(share)})


SPECS = (
    MeasurementSpec("one-shot", "One continuous shot without a cut.", ShotParams, one_shot),
    MeasurementSpec("steady-light", "Brightness does not flicker.", LightParams, steady_light),
    MeasurementSpec("moving", "The picture keeps changing and does not freeze.", MotionParams, moving),
    MeasurementSpec("sharp", "Edges are sharp.", SharpParams, sharp),
    MeasurementSpec("contrast", "The picture has contrast and is not clipped.", ContrastParams, contrast),
    MeasurementSpec("still-camera", "The camera stands still.", CameraParams, still_camera),
    MeasurementSpec("in-order", "Frames follow one another in order.", OrderParams, in_order),
)
