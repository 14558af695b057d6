"""Scores of one judge on the scale of another: linear equating over groups, tested by leaving each group out.

A group is a generator. What the link is to carry over is the mean of a group that nobody has judged twice, so its error
is that of predicting a group's mean from a link fitted without it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ..errors import InputError

LinkReason = Literal["too_few", "no_variation", "disagree", "too_wide"]
"""Why scores cannot be carried over. ``too_few`` groups; ``no_variation`` in one judge's scores; the judges
``disagree`` in kind (low or negative correlation); the error is ``too_wide`` to be of use."""

LEAST_GROUPS = 4
LEAST_CORRELATION = 0.4
"""Correlation of two judges' scores of single items, within groups, below which they do not measure the same thing."""
LARGEST_ERROR = 10.0
"""Error, in points, beyond which a carried-over mean says nothing."""

Paired = tuple[Sequence[float], Sequence[float]]
"""A group's scores by the first judge and by the second, item by item."""


@dataclass(frozen=True, kw_only=True)
class LinkFit:
    """A link from the first judge's scale to the second's."""

    slope: float | None
    """None exactly where `reason` says why."""
    intercept: float | None
    reason: LinkReason | None = None
    correlation: float | None = None
    """Over items within groups, each group weighing the same; what groups differ in as a whole is left out."""
    error: float | None = None
    """Root mean square of `errors`: of a group's mean that is carried over."""
    errors: dict[str, float] = field(default_factory=dict)
    """For each group, its mean carried over by a link fitted without it, less the mean it has."""
    low: float | None = None
    """Lowest mean of a group by the first judge; below it nothing is known."""
    high: float | None = None
    n: int = 0
    """Items."""

    def carried(self, score: float) -> float | None:
        """A mean by the first judge on the second's scale; None outside the range of the groups, or without a link."""
        if self.slope is None or self.intercept is None or self.low is None or self.high is None:
            return None
        return self.intercept + self.slope * score if self.low <= score <= self.high else None


def fit_link(
    groups: Mapping[str, Paired],
    *,
    least_groups: int = LEAST_GROUPS,
    least_correlation: float = LEAST_CORRELATION,
    largest_error: float = LARGEST_ERROR,
) -> LinkFit:
    """Fits the line that gives the second judge's mean and spread to the first's scores (linear equating).

    The line treats both judges alike: turned round it is the link back. A regression would not, and would shrink the
    distances between generators by the noise of single items (Kolen & Brennan, Test Equating, Scaling, and Linking).

    Args:
        groups: By generator.
        least_groups: Refuse below so many.
        least_correlation: Refuse below this correlation.
        largest_error: Refuse above this leave-one-group-out error, in points.

    Raises:
        InputError: a group's two lists differ in length, or hold a number that is not finite.
    """
    for name, (first, second) in groups.items():
        if len(first) != len(second):
            raise InputError(f"group {name!r} has {len(first)} scores by the one judge and {len(second)} by the other")
        if not all(math.isfinite(value) for value in (*first, *second)):
            raise InputError(f"group {name!r} holds a score that is not finite")
    held = {name: pair for name, pair in groups.items() if pair[0]}
    n = sum(len(first) for first, _ in held.values())
    if len(held) < max(2, least_groups):
        return LinkFit(slope=None, intercept=None, reason="too_few", n=n)
    line = _line(held)
    if line is None:
        return LinkFit(slope=None, intercept=None, reason="no_variation", n=n)
    slope, intercept, correlation = line
    errors = _left_out(held)
    error = math.sqrt(math.fsum(e * e for e in errors.values()) / len(errors)) if len(errors) == len(held) else None
    reason: LinkReason | None = None
    if correlation < least_correlation:
        reason = "disagree"
    elif error is None:
        reason = "no_variation"
    elif error > largest_error:
        reason = "too_wide"
    means = [_mean(first) for first, _ in held.values()]
    return LinkFit(
        slope=None if reason else slope,
        intercept=None if reason else intercept,
        reason=reason,
        correlation=correlation,
        error=error,
        errors=errors,
        low=min(means),
        high=max(means),
        n=n,
    )


def transport_error(source: Mapping[str, Paired], target: Mapping[str, Paired]) -> float | None:
    """Root mean square error of the means of `target` when the link is fitted on `source` alone.

    Returns:
        None where either is empty or `source` does not vary.
    """
    line = _line({name: pair for name, pair in source.items() if pair[0]}) if source else None
    held = [pair for pair in target.values() if pair[0]]
    if line is None or not held:
        return None
    slope, intercept, _ = line
    errors = [intercept + slope * _mean(first) - _mean(second) for first, second in held]
    return math.sqrt(math.fsum(e * e for e in errors) / len(errors))


def _left_out(groups: Mapping[str, Paired]) -> dict[str, float]:
    errors = {}
    for name, (first, second) in groups.items():
        line = _line({other: pair for other, pair in groups.items() if other != name})
        if line is not None:
            slope, intercept, _ = line
            errors[name] = intercept + slope * _mean(first) - _mean(second)
    return errors


def _line(groups: Mapping[str, Paired]) -> tuple[float, float, float] | None:
    """Slope, intercept and correlation with equal weight for every group; None where a judge's scores do not vary."""
    if not groups:
        return None
    mean_x = _mean([_mean(first) for first, _ in groups.values()])
    mean_y = _mean([_mean(second) for _, second in groups.values()])
    var_x = _mean([_moment(first, first, mean_x, mean_x) for first, _ in groups.values()])
    var_y = _mean([_moment(second, second, mean_y, mean_y) for _, second in groups.values()])
    if min(var_x, var_y) < 1e-9:
        return None
    slope = math.sqrt(var_y / var_x)
    return slope, mean_y - slope * mean_x, _correlation(groups)


def _correlation(groups: Mapping[str, Paired]) -> float:
    """Within groups; 0 where the scores of a group do not vary in any."""
    centred = [(first, second, _mean(first), _mean(second)) for first, second in groups.values()]
    var_x = math.fsum(_moment(a, a, x, x) for a, _, x, _ in centred)
    var_y = math.fsum(_moment(b, b, y, y) for _, b, _, y in centred)
    if min(var_x, var_y) < 1e-9:
        return 0.0
    return math.fsum(_moment(a, b, x, y) for a, b, x, y in centred) / math.sqrt(var_x * var_y)


def _moment(a: Sequence[float], b: Sequence[float], centre_a: float, centre_b: float) -> float:
    return _mean([(x - centre_a) * (y - centre_b) for x, y in zip(a, b, strict=True)])


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
