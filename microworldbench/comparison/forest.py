"""Paired differences with their intervals, one line a pair. What a pair's test says is also written in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ..rendering.svg import HEAD, NOTE, drawing, label_width, text_of, write
from ..rendering.tables import p_value
from ..rendering.wording import signed, span
from .records import ComparisonData, Gap

ROW, LENGTH, TOP = 30, 420, 82
MOST_PAIRS = 28
"""All pairs of eight runs. Of more, those with the best run are drawn."""
APART, ALIKE, UNSTATED = "#0a6486", "#8a949c", "#c9ced4"
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500)


def forest(found: ComparisonData) -> str:
    """The figure as an SVG document."""
    gaps = _chosen(found)
    left = 24 + max((label_width(gap.first) + label_width(gap.second) + 20 for gap in gaps), default=0)
    ends = [end for gap in gaps for pair in (_ends(gap), gap.simultaneous95) if pair for end in pair]
    reach = max([1.0, *map(abs, ends), *(abs(gap.value) for gap in gaps if gap.value is not None)])
    step = next((s for s in STEPS if reach / s <= 4), math.ceil(reach / 4))
    reach = step * math.ceil(reach / step)

    def x(value: float) -> float:
        return left + LENGTH * (value + reach) / (2 * reach)

    bottom = TOP + len(gaps) * ROW
    body = [
        write(16, 26, "Paired differences, points", extra=HEAD),
        write(16, 44, text_of(_subtitle(found), 120), extra=NOTE),
    ]
    for tick in range(-reach, reach + 1, step):
        colour = "#4d545c" if tick == 0 else "#e2e5e8"
        body.append(f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{TOP - 14}" y2="{bottom}" stroke="{colour}"/>')
        body.append(
            write(x(tick), TOP - 20, signed(tick).removesuffix(".0").replace("-", "−"), anchor="middle", extra=NOTE)
        )
    for number, gap in enumerate(gaps):
        body += _line(gap, x, left, TOP + number * ROW + ROW / 2)
    body.append(
        write(
            16,
            bottom + 22,
            "thick: 95 % interval; thin: holds for all pairs at once; blue: adjusted p ≤ 0.05",
            extra=NOTE,
        )
    )
    told = "; ".join(_told(gap) for gap in gaps) + "."
    return drawing(left + LENGTH + 90, bottom + 36, "Paired differences of runs", told, body)


def _chosen(found: ComparisonData) -> Sequence[Gap]:
    """Every pair with the better run first, the widest at the top; of many, only those with the best run."""
    gaps = [gap if (gap.value or 0.0) >= 0 else gap.mirrored() for gap in found.overall.differences]
    gaps.sort(key=lambda gap: -(gap.value or 0.0))
    if len(gaps) <= MOST_PAIRS:
        return gaps
    scores = found.overall.scores
    best = max(found.names, key=lambda name: -math.inf if (s := scores[name]) is None or s.value is None else s.value)
    return [gap for gap in gaps if best in (gap.first, gap.second)]


def _line(gap: Gap, x: Callable[[float], float], left: float, y: float) -> list[str]:
    made = [f"<g><title>{text_of(_told(gap), 300)}</title>"]
    made.append(write(left - 10, y + 4, f"{text_of(gap.first)} − {text_of(gap.second)}", anchor="end"))
    colour = APART if gap.p_adjusted is not None and gap.p_adjusted <= 0.05 else ALIKE
    ends = _ends(gap)
    for pair, width in ((gap.simultaneous95, 1.5), (ends, 5)):
        if pair is not None:
            shade = colour if gap.value is not None else UNSTATED
            made.append(
                f'<line x1="{x(pair[0]):.1f}" x2="{x(pair[1]):.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="{shade}" '
                f'stroke-width="{width}" stroke-linecap="round"{_opacity(width)}/>'
            )
    if gap.value is not None:
        made.append(
            f'<circle cx="{x(gap.value):.1f}" cy="{y:.1f}" r="5" fill="{colour}" stroke="#fff" stroke-width="1.5"/>'
        )
    made.append(write(left + LENGTH + 12, y + 4, signed(gap.value).replace("-", "−")))
    return [*made, "</g>"]


def _opacity(width: float) -> str:
    return ' stroke-opacity="0.45"' if width > 2 else ""


def _ends(gap: Gap) -> tuple[float, float] | None:
    """The interval; where no value can be stated, the bounds."""
    if gap.value is not None:
        return gap.ci95
    return None if gap.low is None or gap.high is None else (gap.low, gap.high)


def _told(gap: Gap) -> str:
    if gap.value is None:
        return f"{gap.first} less {gap.second}: no value, bounds {span(_ends(gap))}"
    return (
        f"{gap.first} less {gap.second}: {signed(gap.value)} points, 95 % interval {span(gap.ci95)}, "
        f"adjusted p {p_value(gap.p_adjusted)}, {gap.n} tasks"
    )


def _subtitle(found: ComparisonData) -> str:
    return f"{found.common_tasks:,} common tasks of {found.suite.id} {found.suite.version}, view: {found.view.name}"
