"""Distributions as bars in SVG: the paper's Figures 4 and 5 for this curation."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from microworldbench.rendering.svg import HEAD, NOTE, drawing, text_of, write

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, WIDEST = 400, 210, 24, 36, 52, 72
BAR = "#46618c"
MARK = "#b3402a"


@dataclass(frozen=True)
class Bin:
    """One bar."""

    label: str
    count: int


def histogram(values: Sequence[float], edges: Sequence[float], unit: str = "") -> list[Bin]:
    """Counts between `edges`; what lies beyond the last goes into a bin of its own."""
    bins = []
    for low, high in zip(edges, [*edges[1:], math.inf], strict=True):
        inside = sum(low <= value < high for value in values)
        label = f"{low:g}–{high:g}{unit}" if math.isfinite(high) else f"≥ {low:g}{unit}"
        bins.append(Bin(label, inside))
    return bins if bins[-1].count else bins[:-1]


def counted(values: Sequence[str], most: int = 8) -> list[Bin]:
    """The commonest values; the others together."""
    counts = Counter(values).most_common()
    shown = [Bin(name, number) for name, number in counts[:most]]
    rest = sum(number for _, number in counts[most:])
    return [*shown, Bin("others", rest)] if rest else shown


def chart(title: str, note: str, bins: Sequence[Bin], mark: int | None = None) -> str:
    """A bar chart as a whole SVG document, which may stand inside a page.

    Args:
        title: What it is.
        note: A line below the title: how many, and of what.
        bins: The bars.
        mark: Number of the bar that a threshold stands before.
    """
    top = max((b.count for b in bins), default=0) or 1
    step = (WIDTH - LEFT - 12) / max(1, len(bins))
    floor = HEIGHT - BOTTOM
    body = [write(12, 22, text_of(title, 60), extra=HEAD), write(12, 40, text_of(note, 80), extra=NOTE)]
    for number, b in enumerate(bins):
        x, tall = LEFT + number * step, (floor - TOP - 12) * b.count / top
        wide = min(step - 4, WIDEST)
        place = f'x="{x + (step - wide) / 2:.1f}" y="{floor - tall:.1f}"'
        size = f'width="{wide:.1f}" height="{max(tall, 0.5):.1f}"'
        body.append(f'<g><title>{text_of(f"{b.label}: {b.count:,}", 80)}</title><rect {place} {size} fill="{BAR}"/>')
        if b.count:
            body.append(write(x + step / 2, floor - tall - 4, f"{b.count:,}", anchor="middle", extra='font-size="11"'))
        body.append("</g>")
        small = f'font-size="{11 if len(bins) <= 7 else 9}"'
        body.append(write(x + step / 2, floor + 16, text_of(b.label, 14), anchor="middle", extra=small))
    if mark is not None:
        x = LEFT + mark * step
        body.append(f'<path d="M{x:.1f} {TOP} V{floor}" stroke="{MARK}" stroke-width="2" stroke-dasharray="4 3"/>')
    body.append(f'<path d="M{LEFT} {floor} H{WIDTH - 12}" stroke="#9aa1ad"/>')
    told = f"{note}. " + "; ".join(f"{b.label}: {b.count:,}" for b in bins) + "."
    return drawing(WIDTH, HEIGHT, title, told, body)


def funnel_chart(steps: Sequence[tuple[str, int]]) -> str:
    """The funnel as centred bars, as in the paper's Figure 7."""
    row, width, label = 34, 760, 250
    most = max((count for _, count in steps), default=0) or 1
    body = []
    for number, (name, count) in enumerate(steps):
        y, long = 8 + number * row, (width - label - 90) * count / most
        body.append(write(label - 12, y + 19, text_of(name), anchor="end"))
        body.append(
            f'<rect x="{label:.1f}" y="{y}" width="{max(long, 1):.1f}" height="{row - 8}" rx="2" fill="{BAR}"/>'
        )
        share = f" ({100 * count / steps[0][1]:.1f} %)" if steps[0][1] else ""
        body.append(write(label + long + 8, y + 19, text_of(f"{count:,}{share}")))
    told = "; ".join(f"{name}: {count:,}" for name, count in steps) + "."
    return drawing(width, 16 + len(steps) * row, "Clips that remain after each step", told, body)


def threshold_bin(edges: Sequence[float], threshold: float | None) -> int | None:
    """The bar before which a threshold stands, where it falls on an edge."""
    return next((i for i, edge in enumerate(edges) if threshold is not None and math.isclose(edge, threshold)), None)


def with_threshold(edges: Sequence[float], threshold: float | None) -> list[float]:
    """`edges` with the threshold among them."""
    return sorted({*edges, *([] if threshold is None else [threshold])})


Distributions = Mapping[str, str]
"""Title to drawing."""
