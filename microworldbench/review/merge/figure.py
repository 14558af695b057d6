"""Action frequencies as an SVG of small bars: levels below each other, dimensions side by side, experts as rows."""

from __future__ import annotations

from collections.abc import Sequence

from ...rendering.svg import HEAD, NOTE, drawing, ink_on, label_width, text_of, write
from ...rendering.wording import DIMENSIONS, LEVELS
from ...rubric import Dimension, Level
from .records import ActionCount

COLOURS = {
    "keep": (203, 208, 214),
    "weight": (146, 197, 222),
    "modify": (33, 102, 172),
    "delete": (214, 96, 77),
    "add": (90, 160, 110),
}
"""Told apart with any kind of colour vision; every bar is also told in words."""
WORDS = {"keep": "keep", "weight": "other weight", "modify": "reword", "delete": "delete", "add": "add"}
BAR, ROW, LENGTH, GAP = 16, 24, 210, 30
NARROWEST_LABEL = 18.0
TOP, HEADING = 84, 26


def action_figure(actions: Sequence[ActionCount]) -> str:
    """The figure as an SVG document; all bars of it have one scale.

    Args:
        actions: From `frequencies.count_actions`; at least one.
    """
    experts = sorted({count.expert for count in actions}, key=lambda name: (len(name), name))
    levels = [level for level in Level if any(count.level is level for count in actions)]
    most = max(sum(_parts(count).values()) for count in actions)
    left = 24 + max(label_width(name) for name in experts)
    cells = {(c.expert, c.level, c.dimension): c for c in actions}
    body = [write(16, 26, "What experts wanted changed", extra=HEAD), *_legend(16, 44)]
    for column, dimension in enumerate(Dimension):
        x = left + column * (LENGTH + GAP)
        body.append(write(x, TOP, text_of(DIMENSIONS[dimension]), extra='font-weight="600"'))
    y = TOP + 10.0
    for level in levels:
        body.append(write(16, y + 14, text_of(LEVELS[level]), extra=NOTE))
        y += HEADING
        for expert in experts:
            body.append(write(left - 10, y + BAR - 3, text_of(expert), anchor="end"))
            for column, dimension in enumerate(Dimension):
                x = left + column * (LENGTH + GAP)
                if (count := cells.get((expert, level, dimension))) is not None:
                    body += _bar(count, x, y, LENGTH / most)
            y += ROW
        y += 8
    told = "; ".join(_told(count) for count in actions) + "."
    return drawing(left + 3 * LENGTH + 2 * GAP + 24, y + 8, "Actions of experts on criteria", told, body)


def _bar(count: ActionCount, x: float, y: float, scale: float) -> list[str]:
    made = [f"<g><title>{text_of(_told(count), 300)}</title>"]
    for name, number in _parts(count).items():
        width = number * scale
        if not number:
            continue
        red, green, blue = COLOURS[name]
        made.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{BAR}" fill="rgb({red},{green},{blue})" '
            'stroke="#fff"/>'
        )
        if width >= NARROWEST_LABEL:
            ink = f'font-size="11" fill="{ink_on(red, green, blue)}"'
            made.append(write(x + width / 2, y + BAR - 4, str(number), anchor="middle", extra=ink))
        x += width
    return [*made, "</g>"]


def _legend(x: float, y: float) -> list[str]:
    made = []
    for name, (red, green, blue) in COLOURS.items():
        made.append(f'<rect x="{x:.1f}" y="{y}" width="12" height="12" fill="rgb({red},{green},{blue})"/>')
        made.append(write(x + 18, y + 11, WORDS[name], extra=NOTE))
        x += 42 + label_width(WORDS[name])
    return made


def _parts(count: ActionCount) -> dict[str, int]:
    return {name: getattr(count, name) for name in COLOURS}


def _told(count: ActionCount) -> str:
    parts = [f"{number} {WORDS[name]}" for name, number in _parts(count).items() if number]
    return f"{count.expert}, {LEVELS[count.level]}, {DIMENSIONS[count.dimension]}: {', '.join(parts)}"
