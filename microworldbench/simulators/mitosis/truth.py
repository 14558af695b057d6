"""What is true of a simulated division, for every criterion of the core task ``mitosis``."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..truth import Truth, above, below, declared
from .physics import THIRD_RADIUS, State

GONE = 0.25
"""A daughter smaller than this part of the mother's radius has vanished."""
TEXTURE = "the drawing is sharp, evenly lit and unlabelled by design"


def truth(state: State) -> Mapping[str, Truth]:
    """The truth of every criterion, by id."""
    counts = _counts(state)
    return {
        "one-becomes-two": _one_becomes_two(counts),
        "third-cell": _third_cell(counts),
        "cells-merge-or-vanish": _fall(counts),
        "alone-at-first": Truth(bool(counts[0] == 1), f"{counts[0]} cells in the first frame, whole in the picture"),
        "two-at-the-end": Truth(bool(counts[-1] == 2), f"{counts[-1]} cells in the last frame"),
        "plate-before-parting": _plate_before_parting(state),
        "parting-before-furrow": _parting_before_furrow(state),
        **_of_daughters(state, counts),
        "sharp-picture": declared(True, TEXTURE),
        "steady-light": declared(True, TEXTURE),
        "labels": declared(False, TEXTURE),
        "one-continuous-shot": declared(True, "the clip is rendered in one go from one view"),
    }


def _counts(state: State) -> NDArray[np.int64]:
    """Number of separate cells at every instant."""
    radius = state.params.radius_um
    out = np.empty(len(state.bodies), np.int64)
    for t, (shape, third) in enumerate(zip(state.bodies, state.third_um, strict=True)):
        between = np.linspace(-shape.separation, shape.separation, 101)
        parted = shape.depth(between, np.zeros_like(between)).max() > 0
        whole = sum(lobe > GONE * radius for lobe in (shape.left, shape.right))
        out[t] = (whole if parted else 1) + int(third > 0.75 * THIRD_RADIUS * radius)
    return out


def _one_becomes_two(counts: NDArray[np.int64]) -> Truth:
    changes = np.diff(counts)
    met = counts[0] == 1 and counts[-1] == 2 and (changes != 0).sum() == 1
    return Truth(bool(met), f"{counts[0]} cells at first, {counts[-1]} at last, {(changes != 0).sum()} changes")


def _third_cell(counts: NDArray[np.int64]) -> Truth:
    return above(float((counts > 2).mean()), 0.05, "share of the clip with three or more bodies")


def _fall(counts: NDArray[np.int64]) -> Truth:
    falls = int((np.diff(counts) < 0).sum())
    return Truth(falls > 0, f"the number of cells falls {falls} times")


def _plate_before_parting(state: State) -> Truth:
    radius = state.params.radius_um
    gap = np.abs(state.chromatids[:, :, 1, 0] - state.chromatids[:, :, 0, 0])
    off = np.abs(state.chromatids[..., 0].mean(axis=2)).max(axis=1)
    on_plate = (off < 0.12 * radius) & (gap.max(axis=1) < 0.15 * radius)
    parted = gap.max(axis=1) > 0.4 * radius
    if not parted.any():
        return Truth(None, "no sister chromatids part, so there is nothing to come after")
    met = on_plate.any() and on_plate.argmax() < parted.argmax()
    return Truth(bool(met), f"plate complete: {bool(on_plate.any())}, and before the sisters part: {bool(met)}")


def _parting_before_furrow(state: State) -> Truth:
    if state.progress[0] > 0.5:
        return Truth(None, "the furrow is open at first and closes up, so that nothing is cut")
    half = int((state.progress > 0.5).argmax())
    gap = (state.chromatids[half, :, 1, 0] - state.chromatids[half, :, 0, 0]).min() / state.params.radius_um
    return above(float(gap), 0.8, "least distance of sisters, in radii, when the body has divided half way")


def _of_daughters(state: State, counts: NDArray[np.int64]) -> dict[str, Truth]:
    """Claims about the two daughters, which need two of them at the end."""
    ids = ("equal-chromatin", "empty-daughter", "daughters-alike", "nuclei-re-form", "volume-kept")
    if counts[0] > counts[-1] and state.violation == "reversed_time":
        return dict.fromkeys(ids, Truth(None, "time runs backwards: there are no daughters at the end"))
    volume = state.volume_um3 + 4 / 3 * np.pi * state.third_um**3
    ratio = float(volume[-1] / volume[0])
    kept = below(abs(ratio - 1), 0.35, f"the volume at the end is {ratio:.2f} of that at first; difference")
    if counts[-1] != 2:
        open_ = Truth(None, f"{counts[-1]} cells at the end, not two to compare")
        return {**dict.fromkeys(ids, open_), "volume-kept": kept}
    last = state.bodies[-1]
    alike = float((min(last.left, last.right) / max(last.left, last.right)) ** 3)
    sets = np.bincount(state.daughter_of.ravel(), minlength=2)
    shared = float(sets.min() / sets.max())
    equal = above(shared, 0.6, "chromatids of the poorer daughter over those of the richer one")
    if alike < 0.2:
        equal = Truth(None, f"a daughter of {alike:.2f} of the other's volume is too small to see its chromatin well")
    nuclei = state.condensed[-1] < 0.3 and sets.min() > 0
    return {
        "equal-chromatin": equal,
        "empty-daughter": Truth(equal.met if equal.met is None else bool(sets.min() == 0), f"chromatids {sets}"),
        "daughters-alike": above(alike, 0.5, "volume of the smaller daughter over that of the larger one"),
        "nuclei-re-form": Truth(bool(nuclei), f"chromosomes {state.condensed[-1]:.2f} condensed, sets of {sets}"),
        "volume-kept": kept,
    }
