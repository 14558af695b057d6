"""Measurements of flow in a vessel: direction, profile, narrowing, pulse, conservation, obstacle, jumps."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from . import corridor as corridors
from .clip import Clip
from .spec import Abstain, Measured, MeasurementSpec, Params, decided, rounded
from .velocimetry import LANES, Velocities, velocities


class DirectionParams(Params):
    """Which way things flow."""

    direction: Literal["right", "left", "down", "up"] = "right"


class SteadyParams(Params):
    """Flow that keeps its direction."""

    share: float = Field(default=0.93, gt=0.5, le=1)
    """Least share of frame steps that go the main way."""


class ReversalParams(Params):
    """Flow that turns round."""

    share: float = Field(default=0.12, gt=0, lt=0.5)
    """Share of frame steps against the main direction from which the fault is met."""


class ProfileParams(Params):
    """Fast in the middle, slow at the walls."""

    edge: float = Field(default=0.8, gt=0, lt=1)
    """Largest speed three quarters of the way to the wall, over the speed on the axis."""


class ThroatParams(Params):
    """Faster where the vessel is narrow."""

    ratio: float = Field(default=1.3, gt=1)
    """Least speed in the narrowest place over that in the open vessel."""


class PulseParams(Params):
    """Speed that rises and falls with the heart."""

    depth: float = Field(default=0.12, gt=0)
    """Least standard deviation of the speed over its mean."""
    shortest_s: float = Field(default=0.35, gt=0)
    longest_s: float = Field(default=2.5, gt=0)


class ConservedParams(Params):
    """As many cells after the narrowing as before."""

    ratio: float = Field(default=0.6, gt=0, lt=1)
    """Least density on the poorer side over that on the richer one."""


class ObstacleParams(Params):
    """Cells inside the obstacle."""

    activity: float = Field(default=0.45, gt=0)
    """Traffic inside the obstacle over that in the open vessel from which the fault is met."""


class JumpParams(Params):
    """Cells that jump."""

    drop: float = Field(default=0.55, gt=0, lt=1)
    """A frame step is broken where its match falls below this part of the usual match."""


def direction(clip: Clip, params: DirectionParams) -> Measured:
    """Net flow goes the named way."""
    flow = velocities(clip)
    along = {"right": (False, 1), "left": (False, -1), "down": (True, 1), "up": (True, -1)}[params.direction]
    if flow.corridor.turned != along[0]:
        return Measured(False, f"the vessel does not run {params.direction}ward")
    ways = np.sign(flow.speed)
    share = float((ways == along[1]).mean())
    net = float(np.median(flow.speed)) * along[1]
    met = True if share > 0.75 and net > 0 else False if share < 0.25 and net < 0 else None
    if met is None and 0.3 < share < 0.7:
        met = False
    text = f"{100 * share:.0f} % of the frame steps go {params.direction}ward (met from 75 %)"
    return Measured(met, text, {"share": rounded(share), "speed_px": rounded(net)})


def _against(flow: Velocities) -> float:
    """Share of frame steps against the main direction, among those that move."""
    usual = float(np.median(np.abs(flow.speed)))
    moving = flow.speed[np.abs(flow.speed) > 0.25 * usual]
    if not moving.size:
        raise Abstain("nothing is seen to move along the vessel")
    forward = float((moving > 0).mean())
    return min(forward, 1 - forward)


def steady_direction(clip: Clip, params: SteadyParams) -> Measured:
    """The flow never turns round."""
    share = 1 - _against(velocities(clip))
    met = decided(share, params.share - 0.05, params.share)
    text = f"{100 * share:.0f} % of the frame steps go the same way (met from {100 * params.share:.0f} %)"
    return Measured(met, text, {"share": rounded(share)})


def reversal(clip: Clip, params: ReversalParams) -> Measured:
    """The flow runs to and fro."""
    share = _against(velocities(clip))
    met = decided(share, 0.6 * params.share, params.share)
    text = f"{100 * share:.0f} % of the frame steps go against the rest (a fault from {100 * params.share:.0f} %)"
    return Measured(met, text, {"share": rounded(share)})


def _one_way(flow: Velocities) -> None:
    if _against(flow) > 0.2:
        raise Abstain("the flow turns round, so that it has no mean profile")


def _open_stations(flow: Velocities) -> np.ndarray:
    """Stations away from the narrowing (all of them where there is none)."""
    throat, narrowing = flow.corridor.throat()
    away = np.abs(flow.columns - throat) > 0.22 * flow.corridor.width.size
    return away if narrowing < 0.85 and away.sum() >= 3 else np.ones(len(flow.columns), bool)


def _lane_speeds(flow: Velocities, stations: np.ndarray) -> np.ndarray:
    """Median speed of each lane over `stations`; nan for lanes seen in fewer than two."""
    speeds = np.abs(flow.mean[stations])
    seen = np.isfinite(speeds).sum(axis=0)
    out = np.full(speeds.shape[1], np.nan)
    for lane in np.flatnonzero(seen >= min(2, len(speeds))):
        out[lane] = np.nanmedian(speeds[:, lane])
    return out


def profile(clip: Clip, params: ProfileParams) -> Measured:
    """Cells on the axis outrun those near the walls."""
    flow = velocities(clip)
    _one_way(flow)
    lanes = _lane_speeds(flow, _open_stations(flow))
    centre = lanes[np.abs(LANES) < 0.3]
    edge = lanes[np.abs(LANES) > 0.7]
    if np.isfinite(centre).sum() < 2 or not np.isfinite(edge).any():
        raise Abstain("too few cells on the axis or near the walls to compare their speeds")
    ratio = float(np.nanmean(edge) / np.nanmean(centre))
    met = decided(ratio, params.edge, min(0.99, params.edge + 0.08), above=False)
    text = f"speed three quarters of the way to the wall is {ratio:.2f} of that on the axis (met up to {params.edge:g})"
    return Measured(met, text, {"edge_over_axis": rounded(ratio), "axis_px": rounded(float(np.nanmean(centre)))})


def throat(clip: Clip, params: ThroatParams) -> Measured:
    """Cells speed up where the vessel is narrow."""
    flow = velocities(clip)
    _one_way(flow)
    column, narrowing = flow.corridor.throat()
    if narrowing > 0.82:
        raise Abstain(f"no narrowing: the narrowest place is {100 * narrowing:.0f} % of the width", narrowing=narrowing)
    if narrowing < 0.2:
        raise Abstain(f"the vessel looks closed: the narrowest place is {100 * narrowing:.0f} % of the width")
    near = np.abs(flow.columns - column) <= 0.05 * flow.corridor.width.size
    fast = _lane_speeds(flow, near)[np.abs(LANES) < 0.55]
    usual = _lane_speeds(flow, _open_stations(flow))[np.abs(LANES) < 0.55]
    if not np.isfinite(fast).any() or not np.isfinite(usual).any():
        raise Abstain("too few cells in the narrow place or outside it to compare their speeds")
    ratio = float(np.nanmedian(fast) / np.nanmedian(usual))
    met = decided(ratio, params.ratio - 0.12, params.ratio)
    text = (
        f"speed in the throat ({100 * narrowing:.0f} % of the open width) is {ratio:.2f} times that outside "
        f"(met from {params.ratio:g})"
    )
    return Measured(met, text, {"ratio": rounded(ratio), "narrowing": rounded(narrowing)})


def pulse(clip: Clip, params: PulseParams) -> Measured:
    """The speed rises and falls regularly."""
    flow = velocities(clip)
    _one_way(flow)
    if clip.duration_s < 2 * params.shortest_s + 1:
        raise Abstain(f"{clip.duration_s:.1f} s are too short to see a pulse")
    from scipy.ndimage import median_filter

    speed = median_filter(np.abs(flow.speed), 3)
    t = np.arange(speed.size) / clip.fps
    rest = speed - np.polyval(np.polyfit(t, speed, 1), t)
    rest = np.convolve(rest, np.ones(3) / 3, mode="valid")
    depth = float(rest.std() / speed.mean())
    lags = np.arange(round(params.shortest_s * clip.fps), min(rest.size // 2, round(params.longest_s * clip.fps)) + 1)
    if lags.size < 3:
        raise Abstain("too few frames to see a pulse")
    power = np.array([np.corrcoef(rest[:-lag], rest[lag:])[0, 1] for lag in lags])
    best = int(power.argmax())
    if depth >= params.depth and power[best] >= 0.4:
        met: bool | None = True
    elif depth <= 0.75 * params.depth or power[best] <= 0.2:
        met = False
    else:
        met = None
    text = (
        f"speed varies by {100 * depth:.0f} % of its mean (met from {100 * params.depth:.0f} %), repeating every "
        f"{lags[best] / clip.fps:.2f} s with correlation {power[best]:.2f} (met from 0.40)"
    )
    period = rounded(lags[best] / clip.fps)
    return Measured(met, text, {"depth": rounded(depth), "period_s": period, "correlation": rounded(power[best])})


def conserved(clip: Clip, params: ConservedParams) -> Measured:
    """As much traffic after the narrowing as before it."""
    flow = velocities(clip)
    corridor = flow.corridor
    column, _ = corridor.throat()
    width = corridor.width.size
    before = slice(width // 25, max(width // 8, min(width // 4, column - width // 6)))
    after = slice(min(width - width // 8, max(width - width // 4, column + width // 6)), width - width // 25)
    row = np.arange(corridor.activity.shape[0])[:, None]
    between = (row > corridor.wall_top) & (row < corridor.wall_bottom)
    level = 0.35 * float(np.quantile(corridor.foreground[:, between], 0.98))
    busy = ((corridor.foreground > level) & between).mean(axis=0).sum(axis=0) / np.maximum(between.sum(axis=0), 1)
    first, last = float(busy[before].mean()), float(busy[after].mean())
    if max(first, last) < 0.02:
        raise Abstain("too few cells to compare their numbers before and after")
    ratio = min(first, last) / max(first, last)
    met = decided(ratio, 0.8 * params.ratio, params.ratio)
    text = (
        f"cells cover {100 * first:.0f} % of the vessel on the left and {100 * last:.0f} % on the right, "
        f"ratio {ratio:.2f} (met from {params.ratio:g})"
    )
    return Measured(met, text, {"ratio": rounded(ratio), "left": rounded(first), "right": rounded(last)})


def enters_obstacle(clip: Clip, params: ObstacleParams) -> Measured:
    """Cells run through the obstacle."""
    flow = velocities(clip)
    found = corridors.obstacle(flow.corridor)
    met = decided(found.activity, 0.75 * params.activity, params.activity)
    text = (
        f"traffic inside the obstacle is {100 * found.activity:.0f} % of that in the open vessel "
        f"(a fault from {100 * params.activity:.0f} %)"
    )
    return Measured(met, text, {"activity": rounded(found.activity), "share": rounded(found.share)})


def jumps(clip: Clip, params: JumpParams) -> Measured:
    """At single frame steps most cells are suddenly elsewhere."""
    flow = velocities(clip)
    usual = float(np.median(flow.instant_match))
    relative = flow.instant_match / usual
    broken = int((relative < params.drop).sum())
    lowest = float(relative.min())
    met = broken > 0 and lowest < params.drop - 0.1
    if not met and lowest < params.drop:
        return Measured(None, f"the worst frame step matches {lowest:.2f} as well as usual, which decides nothing")
    text = (
        f"{broken} of {relative.size} frame steps match less than {params.drop:g} as well as usual "
        f"(the worst {lowest:.2f}); a fault from one"
    )
    return Measured(met, text, {"broken": broken, "lowest": rounded(lowest)})


SPECS = (
    MeasurementSpec("flow-direction", "Things in a vessel flow the named way.", DirectionParams, direction),
    MeasurementSpec("flow-steady-direction", "The flow in a vessel never turns round.", SteadyParams, steady_direction),
    MeasurementSpec("flow-reversal", "The flow in a vessel runs to and fro.", ReversalParams, reversal, fault=True),
    MeasurementSpec("flow-profile", "Flow is fastest on the axis and slow at the walls.", ProfileParams, profile),
    MeasurementSpec("flow-throat", "Flow is faster where the vessel is narrow.", ThroatParams, throat),
    MeasurementSpec("flow-pulse", "The speed rises and falls regularly.", PulseParams, pulse),
    MeasurementSpec("flow-conserved", "As many cells leave a narrowing as enter it.", ConservedParams, conserved),
    MeasurementSpec(
        "flow-enters-obstacle", "Cells run through a static obstacle.", ObstacleParams, enters_obstacle, fault=True
    ),
    MeasurementSpec("flow-jumps", "Most cells suddenly are elsewhere.", JumpParams, jumps, fault=True),
)
