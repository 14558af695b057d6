"""Newton's method for win–tie–loss models, for many resamples at once.

Every model here is one multinomial logit. A comparison has the design row z (+1 at the first item, −1 at the second,
and 1 in a last column where the side counts); with strengths θ and tie parameter η the outcomes win, tie and loss have
log-weights z·θ/2, η and −z·θ/2. Without ties that is Bradley & Terry (1952), with them Davidson (1970), η = ln ν; with
the side column Davidson & Beaver (1977).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

STEPS = 100
TOLERANCE = 1e-9
FURTHEST = 100.0
"""No parameter of counted votes lies beyond this."""
RUNAWAY = 15.0
"""A resample this much beyond the fit itself is one without a finite fit: odds of 3 million to one more."""
_LONGEST_STEP = 2.0


@dataclass(frozen=True)
class Design:
    """The comparisons of a model: rows × parameters, and what is added to the information."""

    rows: NDArray[Any]
    has_ties: bool
    penalty: NDArray[Any]
    """Parameters × parameters, of the strengths' ridge; zeros without one."""

    @property
    def width(self) -> int:
        """Parameters in all, the tie parameter last."""
        return int(self.rows.shape[1]) + int(self.has_ties)


def maximize(
    design: Design, counts: NDArray[Any], start: NDArray[Any] | None = None, furthest: float = FURTHEST
) -> NDArray[Any]:
    """Maximum likelihood parameters of each row of counts.

    Args:
        design: The comparisons.
        counts: B × comparisons × 3, how often the first won, neither did, the second won.
        start: Parameters to start from; zeros unless given.
        furthest: A parameter beyond it is taken to be running off to infinity.

    Returns:
        B × parameters; a row is NaN where the fit ran off or did not settle.
    """
    made = np.zeros((len(counts), design.width)) if start is None else np.tile(start, (len(counts), 1))
    active = np.arange(len(counts))
    settled = np.zeros(len(counts), dtype=bool)
    likelihood = _log_likelihood(design, counts, made)
    for _ in range(STEPS):
        gradient, information = _slopes(design, counts[active], made[active])
        step = _solve(information, gradient)
        # Newton decrement: twice the log-likelihood still to be gained.
        done = (gradient * step).sum(axis=1) < TOLERANCE
        made[active[done]] += np.clip(step[done], -_LONGEST_STEP, _LONGEST_STEP)
        settled[active[done]] = True
        active, step = active[~done], step[~done]
        if not len(active):
            break
        longest = np.abs(step).max(axis=1, keepdims=True)
        step = step * np.minimum(1.0, _LONGEST_STEP / np.maximum(longest, 1e-300))
        _take(design, counts, made, likelihood, active, step)
        running = np.abs(made[active]).max(axis=1) > furthest + 2 * _LONGEST_STEP
        active = active[~running]
    settled &= np.abs(made).max(axis=1, initial=0.0) <= furthest
    made[~settled] = np.nan
    return made


def _take(
    design: Design,
    counts: NDArray[Any],
    made: NDArray[Any],
    likelihood: NDArray[Any],
    active: NDArray[Any],
    step: NDArray[Any],
) -> None:
    """Adds the step, halved where it would lower the likelihood."""
    for _ in range(20):
        if not len(active):
            return
        tried = made[active] + step
        reached = _log_likelihood(design, counts[active], tried)
        better = reached >= likelihood[active] - 1e-10 * (1 + np.abs(likelihood[active]))
        made[active[better]] = tried[better]
        likelihood[active[better]] = reached[better]
        active, step = active[~better], step[~better] / 2


def _weights(design: Design, made: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Half the first item's lead, the log-weight of a tie, and the log of the total weight."""
    lead = made[:, : design.rows.shape[1]] @ design.rows.T / 2
    total = np.logaddexp(lead, -lead)
    if not design.has_ties:
        return lead, np.full_like(lead, -np.inf), total
    tie = np.broadcast_to(made[:, -1:], lead.shape)
    return lead, tie, np.logaddexp(total, tie)


def _log_likelihood(design: Design, counts: NDArray[Any], made: NDArray[Any]) -> NDArray[Any]:
    lead, tie, total = _weights(design, made)
    value = ((counts[..., 0] - counts[..., 2]) * lead - counts.sum(axis=2) * total).sum(axis=1)
    if design.has_ties:
        value = value + (counts[..., 1] * tie).sum(axis=1)
    strengths = made[:, : design.rows.shape[1]]
    penalty: NDArray[Any] = ((strengths @ design.penalty) * strengths).sum(axis=1) / 2
    result: NDArray[Any] = value - penalty
    return result


def _slopes(design: Design, counts: NDArray[Any], made: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Gradient (B × parameters) and information (B × parameters × parameters) of the penalized likelihood."""
    rows, width = design.rows, design.rows.shape[1]
    lead, tie, total = _weights(design, made)
    win, loss = np.exp(lead - total), np.exp(-lead - total)
    tied, balance, n = np.exp(tie - total), win - loss, counts.sum(axis=2)
    strengths = made[:, :width]
    gradient = (counts[..., 0] - counts[..., 2] - n * balance) @ rows / 2 - strengths @ design.penalty
    squares = (rows[:, :, None] * rows[:, None, :]).reshape(len(rows), -1)
    spread = n * (win + loss - balance**2) / 4
    information = (spread @ squares).reshape(-1, width, width) + design.penalty
    if not design.has_ties:
        return gradient, information
    whole = np.zeros((len(made), width + 1, width + 1))
    whole[:, :width, :width] = information
    whole[:, :width, width] = whole[:, width, :width] = -(n * balance * tied) @ rows / 2
    whole[:, width, width] = (n * tied * (1 - tied)).sum(axis=1)
    surplus = (counts[..., 1] - n * tied).sum(axis=1)
    return np.concatenate([gradient, surplus[:, None]], axis=1), whole


def _solve(information: NDArray[Any], gradient: NDArray[Any]) -> NDArray[Any]:
    # The trace keeps a flat direction solvable; a fit that needs it never settles and is dropped.
    width = information.shape[1]
    trace = np.trace(information, axis1=1, axis2=2)[:, None, None] / max(1, width)
    lifted = information + 1e-12 * (trace + 1e-30) * np.eye(width)
    result: NDArray[Any] = np.linalg.solve(lifted, gradient[..., None])[..., 0]
    return result


def covariance(design: Design, counts: NDArray[Any], made: NDArray[Any]) -> NDArray[Any]:
    """Inverse information at the fit (comparisons independent): parameters × parameters."""
    _, information = _slopes(design, counts[None], made[None])
    result: NDArray[Any] = np.linalg.inv(information[0])
    return result


def runs_off(design: Design, counts: NDArray[Any]) -> bool:
    """Whether some direction never lowers the likelihood, so that no finite estimate exists (Konis 2007).

    Such a direction leaves no observed outcome behind another and puts at least one ahead; a linear program finds it.
    """
    from scipy.optimize import linprog

    rows, width = design.rows, design.width
    tie = np.zeros(width)
    if design.has_ties:
        tie[-1] = 1.0
    half = np.zeros((len(rows), width))
    half[:, : rows.shape[1]] = rows / 2
    outcomes = [half, np.broadcast_to(tie, half.shape), -half] if design.has_ties else [half, -half]
    seen = [counts[:, k] > 0 for k in ((0, 1, 2) if design.has_ties else (0, 2))]
    gains = [
        (own - other)[happened]
        for i, (own, happened) in enumerate(zip(outcomes, seen, strict=True))
        for j, other in enumerate(outcomes)
        if i != j
    ]
    gain = np.concatenate(gains)
    found = linprog(-gain.sum(axis=0), A_ub=-gain, b_ub=np.zeros(len(gain)), bounds=(-1, 1), method="highs")
    return found.fun is not None and bool(found.fun < -1e-7)
