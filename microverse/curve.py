"""The loss curve as SVG, the paper's Figure 9: training loss, smoothed, and the loss at fixed noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from microworldbench.rendering.svg import HEAD, NOTE, drawing, text_of, write

WIDTH, HEIGHT = 760.0, 340.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 24.0, 58.0, 46.0
POINTS = 600
"""At most so many points are drawn; longer logs are averaged in steps."""
THIN, STRONG, FIXED = "#9db8c4", "#0a6486", "#a03c0a"


def loss_curve(log: Sequence[dict[str, Any]], looks: Sequence[dict[str, Any]], title: str) -> str:
    """Draws a run's losses over its steps.

    Args:
        log: Records with ``step`` and ``loss``.
        looks: Records with ``step`` and, where it was measured, ``loss``.
        title: Of the run.
    """
    train = [(record["step"], record["loss"]) for record in log]
    fixed = [(record["step"], record["loss"]) for record in looks if "loss" in record]
    if not train and not fixed:
        return drawing(WIDTH, 60, title, "no step is done yet", [write(16, 36, "no step is done yet", extra=NOTE)])
    smooth = smoothed(train)
    drawn = [*thinned(train), *fixed]
    highest = max(value for _, value in drawn)
    frame = _Frame(max(step for step, _ in drawn), highest * 1.05 or 1.0)
    body = [
        write(LEFT, 24, text_of(f"Loss of {title}", 80), extra=HEAD),
        *_legend(bool(train), bool(fixed)),
        *frame.axes(),
    ]
    if train:
        body.append(frame.line(thinned(train), THIN, 1))
        body.append(frame.line(thinned(smooth), STRONG, 2))
    if fixed:
        body.append(frame.line(fixed, FIXED, 1.5))
        body += [frame.point(step, value, FIXED) for step, value in fixed]
    told = f"{len(train)} steps; " + (
        f"smoothed loss from {smooth[0][1]:.4g} to {smooth[-1][1]:.4g}; " if train else ""
    )
    told += f"loss at fixed noise from {fixed[0][1]:.4g} to {fixed[-1][1]:.4g}" if fixed else ""
    return drawing(WIDTH, HEIGHT, f"Loss of {title}", told, body)


def smoothed(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """Exponential mean over about a fiftieth of the points, corrected for its start."""
    decay = 1 - 1 / max(1.0, len(points) / 50)
    total = weight = 0.0
    result = []
    for step, value in points:
        total, weight = decay * total + (1 - decay) * value, decay * weight + 1 - decay
        result.append((step, total / weight))
    return result


def thinned(points: Sequence[tuple[int, float]]) -> list[tuple[float, float]]:
    """At most `POINTS` points: means of equally many neighbours."""
    size = math.ceil(len(points) / POINTS) if points else 1
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    return [(sum(s for s, _ in g) / len(g), sum(v for _, v in g) / len(g)) for g in groups]


class _Frame:
    """Places steps and losses on the drawing."""

    def __init__(self, last_step: float, highest: float) -> None:
        self.last_step, self.highest = max(1.0, last_step), highest

    def x(self, step: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * step / self.last_step

    def y(self, loss: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * loss / self.highest

    def line(self, points: Sequence[tuple[float, float]], colour: str, width: float) -> str:
        path = " ".join(f"{self.x(step):.1f},{self.y(loss):.1f}" for step, loss in points)
        return (
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round"/>'
        )

    def point(self, step: float, loss: float, colour: str) -> str:
        return f'<circle cx="{self.x(step):.1f}" cy="{self.y(loss):.1f}" r="3" fill="{colour}"/>'

    def axes(self) -> list[str]:
        body = []
        for value in _ticks(self.highest):
            y = self.y(value)
            body.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#e4e6e3"/>')
            body.append(write(LEFT - 8, y + 4, f"{value:g}", anchor="end", extra=NOTE))
        below = HEIGHT - BOTTOM + 20
        body += [write(self.x(v), below, f"{v:,.0f}", anchor="middle", extra=NOTE) for v in _ticks(self.last_step)]
        body.append(write((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "step", anchor="middle", extra=NOTE))
        return body


def _ticks(largest: float) -> list[float]:
    """Round numbers from 0 up to `largest`, four to eight of them."""
    rough = largest / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    return [float(f"{number * step:.6g}") for number in range(int(largest / step) + 1)]


def _legend(has_train: bool, has_fixed: bool) -> list[str]:
    entries = []
    if has_train:
        entries += [("training, each step", THIN, 2), ("smoothed", STRONG, 3)]
    if has_fixed:
        entries.append(("at fixed noise", FIXED, 3))
    body, x = [], LEFT
    for label, colour, width in entries:
        body.append(f'<line x1="{x}" y1="42" x2="{x + 22}" y2="42" stroke="{colour}" stroke-width="{width}"/>')
        body.append(write(x + 28, 46, label, extra=NOTE))
        x += 28 + 7.2 * len(label) + 26
    return body
