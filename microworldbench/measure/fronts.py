"""Measurements of waves of excitation: where they start, how they spread, what happens where they meet, and after."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from . import sheet
from .clip import Clip
from .picture import LightParams, steady_light
from .sheet import Sheet
from .spec import Abstain, Measured, MeasurementSpec, Params, decided, rounded

Mask = NDArray[np.bool_]

EARLY_S = 0.15
"""Places lit so soon after the first one are where waves start."""
MET = 0.84
"""Part of the box around the sheet that lights up where fronts meet; its corners may be round."""
OUT = 0.3
"""Part of the picture's left or right side that lights up from which the sheet runs out of it."""
FLASH_S = 0.2
"""Time between the earliest and the latest places up to which the sheet is lit at once."""


class OriginsParams(Params):
    """Waves from both sides."""


class AnnihilateParams(Params):
    """Waves that end where they meet."""

    again: float = Field(default=0.06, gt=0, lt=1)
    """Largest share of the sheet over which a front passes while it is still lit."""


class PassParams(Params):
    """Waves that run through each other."""

    again: float = Field(default=0.15, gt=0, lt=1)
    """Share of the sheet over which a front passes while it is still lit from which the fault is met."""


class SpreadParams(Params):
    """Fronts that take their time."""

    shortest_s: float = Field(default=0.4, gt=0)
    longest_s: float = Field(default=4.0, gt=0)


class FlashParams(Params):
    """A sheet that lights up at once."""

    longest_s: float = Field(default=FLASH_S, gt=0)


class RecoverParams(Params):
    """Muscle that grows dark again."""

    share: float = Field(default=0.8, gt=0, lt=1)


class OrderParams(Params):
    """Darkness in the order of the glow."""

    correlation: float = Field(default=0.5, gt=0, lt=1)


class MeetParams(Params):
    """Fronts that meet in the middle."""

    low: float = Field(default=0.36, gt=0, lt=1)
    high: float = Field(default=0.64, gt=0, lt=1)


class CompleteParams(Params):
    """No place stays dark."""

    share: float = Field(default=0.85, gt=0, lt=1)


class AgainParams(Params):
    """A second round."""

    share: float = Field(default=0.4, gt=0, lt=1)
    """Least part of the sheet over which a front passes at least twice."""


def _from_dark(clip: Clip) -> Sheet:
    found = sheet.find(clip)
    if found.begins < 0:
        raise Abstain("the sheet is never dark before a wave, so that no start is seen")
    columns = found.active.mean(axis=0)
    if max(columns[0], columns[-1]) > OUT:
        raise Abstain("the sheet runs out of the picture at a side, where a wave may start")
    return found


def _starts(found: Sheet) -> tuple[bool, bool, bool]:
    """Whether waves start in the left third, in the middle and in the right third of the sheet."""
    from scipy.ndimage import label

    first = float(np.nanquantile(found.lit, 0.004))
    early = found.lit <= first + EARLY_S
    labels, count = label(early)
    columns = np.flatnonzero(found.active.any(axis=0))
    left, right = float(columns[0]), float(columns[-1])
    thirds = [False, False, False]
    for number in range(1, count + 1):
        part = labels == number
        if part.sum() < max(3, 0.003 * found.active.sum()):
            continue
        x = (float(np.nonzero(part)[1].mean()) - left) / max(right - left, 1)
        thirds[min(2, int(3 * x))] = True
    return thirds[0], thirds[1], thirds[2]


def _spread_s(found: Sheet) -> float:
    return float(np.nanquantile(found.lit, 0.95) - np.nanquantile(found.lit, 0.05))


def origins(clip: Clip, _params: OriginsParams) -> Measured:
    """Two waves start, one at the left and one at the right."""
    found = _from_dark(clip)
    left, middle, right = _starts(found)
    met = left and right and not middle
    if _spread_s(found) < FLASH_S:
        met = False
    names = [name for name, there in (("left", left), ("middle", middle), ("right", right)) if there]
    text = f"waves start at: {', '.join(names) or 'nowhere'} (met for left and right alone)"
    return Measured(met, text, {"starts": " ".join(names)})


def _again_share(clip: Clip, found: Sheet) -> float:
    """Share of the sheet over which a front passes while it is lit; flickering light would pass for fronts."""
    if steady_light(clip, LightParams()).met is False:
        raise Abstain("the light flickers, so that not every gain of light is a front")
    return float((found.again > 0)[found.active].mean())


def annihilate(clip: Clip, params: AnnihilateParams) -> Measured:
    """Fronts end where they meet."""
    found = _from_dark(clip)
    left, middle, right = _starts(found)
    if not (left and right) or middle or _spread_s(found) < FLASH_S:
        return Measured(False, "there are no two waves from the left and the right that could meet")
    share = _again_share(clip, found)
    text = (
        f"a front passes over {100 * share:.0f} % of the sheet while it is still lit (met up to "
        f"{100 * params.again:.0f} %)"
    )
    met = decided(share, params.again, 2 * params.again, above=False)
    if met and _covered(found) < MET:
        met = None if _covered(found) > MET - 0.1 else False  # they do not meet everywhere
    return Measured(met, text, {"again": rounded(share)})


def passing(clip: Clip, params: PassParams) -> Measured:
    """Fronts run on into muscle that is still lit."""
    found = _from_dark(clip)
    if _spread_s(found) < FLASH_S:
        return Measured(False, "the sheet is lit at once, so that no front passes over it")
    share = _again_share(clip, found)
    met = decided(share, 0.5 * params.again, params.again)
    text = (
        f"a front passes over {100 * share:.0f} % of the sheet while it is still lit (a fault from "
        f"{100 * params.again:.0f} %)"
    )
    return Measured(met, text, {"again": rounded(share)})


def spread(clip: Clip, params: SpreadParams) -> Measured:
    """Fronts move over the sheet."""
    found = _from_dark(clip)
    value = _spread_s(found)
    left, middle, right = _starts(found)
    met: bool | None = params.shortest_s <= value <= params.longest_s
    if not met and 0.6 * params.shortest_s < value < 1.3 * params.longest_s:
        met = None
    if met and (middle or not (left or right)):
        met = False
    if met and _covered(found) < MET:
        met = None
    text = f"the sheet is lit within {value:.2f} s (met between {params.shortest_s:g} and {params.longest_s:g} s)"
    return Measured(met, text, {"spread_s": rounded(value)})


def flash(clip: Clip, params: FlashParams) -> Measured:
    """The sheet is lit at once."""
    value = _spread_s(sheet.find(clip))
    met = decided(value, params.longest_s, 1.8 * params.longest_s, above=False)
    text = f"the sheet is lit within {value:.2f} s (a fault up to {params.longest_s:g} s)"
    return Measured(met, text, {"spread_s": rounded(value)})


def recover(clip: Clip, params: RecoverParams) -> Measured:
    """What was lit grows dark again."""
    found = sheet.find(clip)
    share = float(np.isfinite(found.dark).sum() / max(np.isfinite(found.lit).sum(), 1))
    met = decided(share, 0.75 * params.share, params.share)
    text = f"{100 * share:.0f} % of what was lit grow dark again (met from {100 * params.share:.0f} %)"
    return Measured(met, text, {"share": rounded(share)})


def order(clip: Clip, params: OrderParams) -> Measured:
    """Darkness comes in the order of the glow."""
    found = _from_dark(clip)
    if _spread_s(found) < FLASH_S:
        raise Abstain("the sheet is lit at once, so that there is no order")
    both = np.isfinite(found.lit) & np.isfinite(found.dark)
    if both.sum() < 0.5 * found.active.sum():
        raise Abstain("too little of the sheet grows dark again to tell an order")
    value = float(np.corrcoef(found.lit[both], found.dark[both])[0, 1])
    met = decided(value, params.correlation - 0.25, params.correlation)
    text = f"times of glow and of darkness correlate with {value:.2f} (met from {params.correlation:g})"
    return Measured(met, text, {"correlation": rounded(value)})


def meet(clip: Clip, params: MeetParams) -> Measured:
    """The fronts meet in the middle."""
    found = _from_dark(clip)
    left, middle, right = _starts(found)
    if not (left and right) or middle or _spread_s(found) < FLASH_S:
        return Measured(False, "there are no two fronts from the left and the right")
    if _covered(found) < MET:
        raise Abstain("the fronts do not meet")
    columns = np.flatnonzero(found.active.any(axis=0))
    rows = np.isfinite(found.lit).sum(axis=1) > 0.8 * len(columns)
    last = np.nanargmax(found.lit[rows], axis=1)
    place = float((np.median(last) - columns[0]) / max(columns[-1] - columns[0], 1))
    met: bool | None = params.low <= place <= params.high
    if not met and params.low - 0.05 < place < params.high + 0.05:
        met = None
    text = f"the fronts meet at {place:.2f} of the sheet's width (met between {params.low:g} and {params.high:g})"
    return Measured(met, text, {"place": rounded(place)})


def _covered(found: Sheet) -> float:
    """Share of the box around all that lights up that does so (corners may be round)."""
    rows, columns = np.flatnonzero(found.active.any(axis=1)), np.flatnonzero(found.active.any(axis=0))
    return float(found.active[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].mean())


def complete(clip: Clip, params: CompleteParams) -> Measured:
    """No place stays dark."""
    share = _covered(sheet.find(clip))
    met = decided(share, params.share - 0.12, params.share)
    text = f"{100 * share:.0f} % of the sheet light up (met from {100 * params.share:.0f} %)"
    return Measured(met, text, {"share": rounded(share)})


def rounds(clip: Clip, params: AgainParams) -> Measured:
    """Fronts come a second time, over muscle that was dark again."""
    found = _from_dark(clip)
    share = float((found.fronts >= 2)[found.active].mean())
    met = decided(share, 0.5 * params.share, params.share)
    text = f"fronts pass twice over {100 * share:.0f} % of the sheet (met from {100 * params.share:.0f} %)"
    return Measured(met, text, {"share": rounded(share)})


SPECS = (
    MeasurementSpec("fronts-origins", "Two waves start, at the left and at the right.", OriginsParams, origins),
    MeasurementSpec("fronts-annihilate", "Waves end where they meet.", AnnihilateParams, annihilate),
    MeasurementSpec("fronts-pass", "Waves run through each other.", PassParams, passing, fault=True),
    MeasurementSpec("fronts-spread", "Waves take a given time over a sheet.", SpreadParams, spread),
    MeasurementSpec("fronts-flash", "A sheet lights up at once.", FlashParams, flash, fault=True),
    MeasurementSpec("fronts-recover", "What was lit grows dark again.", RecoverParams, recover),
    MeasurementSpec("fronts-order", "Darkness comes in the order of the glow.", OrderParams, order),
    MeasurementSpec("fronts-meet", "Two waves meet in the middle.", MeetParams, meet),
    MeasurementSpec("fronts-complete", "No place of a sheet stays dark.", CompleteParams, complete),
    MeasurementSpec("fronts-again", "Waves come a second time.", AgainParams, rounds),
)
