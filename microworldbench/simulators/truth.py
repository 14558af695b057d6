"""What is known by construction about a simulated clip: for each criterion of its task, met, not met or undetermined.

A mechanism's module ``truth`` holds ``truth(state)``. It derives what it can from the simulated state (counts, areas,
positions in physical units, with the number in the reason); what the state does not hold (how the drawing looks) it
declares, with a reason. Near a criterion's threshold, and where a violation hides or blurs what is asked, the truth is
undetermined rather than guessed: judges are not scored there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Truth:
    """The truth of one criterion for one clip.

    Attributes:
        met: Whether the statement holds; None where it is undetermined.
        reason: The number and its threshold, or why it is declared or left open.
        known: ``state`` where it was computed from the simulated state, ``declared`` where it holds by design.
    """

    met: bool | None
    reason: str
    known: Literal["state", "declared"] = "state"


def above(value: float, threshold: float, what: str, *, margin: float = 0.15, unit: str = "") -> Truth:
    """Met where `value` exceeds `threshold`, undetermined within ``margin`` (a share of the threshold) around it.

    A value that is not finite (there was nothing to compute it from) leaves the truth undetermined.

    Args:
        value: From the state.
        threshold: The criterion's, in the same unit.
        what: What the value is, for the reason.
        margin: Half-width of the undetermined band over the threshold.
        unit: For the reason.
    """
    if not math.isfinite(value):
        return Truth(None, f"{what}: nothing to tell it from")
    reason = f"{what} {value:.3g}{unit}, threshold {threshold:.3g}{unit}"
    if abs(value - threshold) < margin * abs(threshold):
        return Truth(None, reason + " (too close to call)")
    return Truth(value > threshold, reason)


def below(value: float, threshold: float, what: str, *, margin: float = 0.15, unit: str = "") -> Truth:
    """Met where `value` is less than `threshold`; otherwise as `above`."""
    found = above(value, threshold, what, margin=margin, unit=unit)
    return Truth(None if found.met is None else not found.met, found.reason)


def within(value: float, low: float, high: float, what: str, *, margin: float = 0.15, unit: str = "") -> Truth:
    """Met between `low` and `high`, undetermined within ``margin`` (a share of each) around either."""
    if not math.isfinite(value):
        return Truth(None, f"{what}: nothing to tell it from")
    reason = f"{what} {value:.3g}{unit}, range {low:.3g} to {high:.3g}{unit}"
    if min(abs(value - end) - margin * abs(end) for end in (low, high)) < 0:
        return Truth(None, reason + " (too close to call)")
    return Truth(low < value < high, reason)


def both(first: Truth, second: Truth) -> Truth:
    """Met where both are, not met where either is not, else undetermined; known as far as the less certain of them."""
    met = False if False in (first.met, second.met) else None if None in (first.met, second.met) else True
    known: Literal["state", "declared"] = "state" if first.known == second.known == "state" else "declared"
    return Truth(met, f"{first.reason}; {second.reason}", known)


def declared(met: bool | None, reason: str) -> Truth:
    """A truth that holds by design of the drawing or the violation."""
    return Truth(met, reason, "declared")
