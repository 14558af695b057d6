"""Where a score's point, interval and bounds lie on a strip, in percent of its width.

The page draws strips as SVG with positions in percent, so they fit any width without scaling their lines.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ..scorecard import Score

_LOWEST, _STEP = -50, 25


@dataclass(frozen=True)
class Span:
    """A stretch of a strip, in percent of its width."""

    start: float
    end: float

    @property
    def length(self) -> float:
        """How long it is."""
        return round(self.end - self.start, 2)


@dataclass(frozen=True)
class Strip:
    """One score on an axis, in percent of its width."""

    bounds: Span
    interval: Span | None
    point: float | None


@dataclass(frozen=True)
class Axis:
    """Scores from `low` to 100 on a strip; what lies below `low` is drawn at its left end."""

    low: int

    @classmethod
    def holding(cls, scores: Iterable[Score | None]) -> Axis:
        """An axis from 0 to 100, or from as far below 0 as `scores` reach, but not below -50."""
        least = min((score.low for score in scores if score is not None), default=0.0)
        return cls(max(_LOWEST, min(0, math.floor(least / _STEP) * _STEP)))

    @property
    def ticks(self) -> list[tuple[int, float]]:
        """Labels and where they stand."""
        return [(value, self.at(value)) for value in range(self.low, 101, _STEP)]

    def at(self, value: float) -> float:
        """Where `value` stands, in percent."""
        held = min(max(value, self.low), 100.0)
        return round(100 * (held - self.low) / (100 - self.low), 2)

    def strip(self, score: Score | None) -> Strip | None:
        """`score` on this axis; None where there is none."""
        if score is None:
            return None
        interval = None if score.ci95 is None else Span(*map(self.at, score.ci95))
        point = None if score.value is None else self.at(score.value)
        return Strip(Span(self.at(score.low), self.at(score.high)), interval, point)
