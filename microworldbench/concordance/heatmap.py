"""All pairwise kappas as a heat map. Colour repeats what every cell says in words; undefined cells are hatched."""

from __future__ import annotations

from ..rendering.svg import HEAD, NOTE, drawing, ink_on, label_width, text_of, write
from ..rendering.tables import coefficient, ends
from .records import ConcordanceData, PairKappa

CELL, GAP = 64, 2
BELOW, NONE, FULL = (214, 96, 77), (247, 247, 247), (33, 102, 172)
"""Colours of −1, 0 and 1: told apart with any kind of colour vision."""


def heat_map(found: ConcordanceData) -> str:
    """The figure as an SVG document."""
    names = [rater.name for rater in found.raters]
    left = 24 + max(label_width(name) for name in names)
    top = 76 + 0.71 * max(label_width(name) for name in names)
    size = len(names) * CELL
    right = 0.71 * label_width(names[-1]) + 24
    body = [
        _HATCH,
        write(16, 26, "Agreement of raters, Cohen’s kappa", extra=HEAD),
        write(16, 44, text_of(_subtitle(found), 120), extra=NOTE),
    ]
    for i, name in enumerate(names):
        middle = i * CELL + CELL / 2
        body.append(write(left - 8, top + middle + 4, text_of(name), anchor="end"))
        x, y = left + middle, top - 8
        body.append(write(x, y, text_of(name), extra=f'transform="rotate(-45 {x:.1f} {y:.1f})"'))
        body.append(_diagonal(left + i * CELL, top + i * CELL))
    place = {name: i for i, name in enumerate(names)}
    for pair in found.pairs.cohen:
        a, b = place[pair.first], place[pair.second]
        body += [_cell(pair, left + x * CELL, top + y * CELL) for x, y in ((a, b), (b, a))]
    body += _legend(left, top + size + 20)
    width = max(left + size + right, left + 240, 460)
    return drawing(width, top + size + 78, "Agreement of raters", _description(found), body)


def _cell(pair: PairKappa, x: float, y: float) -> str:
    value = pair.kappa.value
    fill = "url(#undefined)" if value is None else _hex(_rgb(value))
    ink = "#1a1d21" if value is None else ink_on(*_rgb(value))
    shown = coefficient(value) if value is not None else "n/a"
    return (
        f'<g><title>{text_of(_told(pair), 300)}</title><rect x="{x + GAP:.1f}" y="{y + GAP:.1f}" '
        f'width="{CELL - 2 * GAP}" height="{CELL - 2 * GAP}" rx="3" fill="{fill}"/>'
        + write(x + CELL / 2, y + CELL / 2 + 5, shown, anchor="middle", extra=f'fill="{ink}"')
        + "</g>"
    )


def _diagonal(x: float, y: float) -> str:
    return (
        f'<rect x="{x + GAP:.1f}" y="{y + GAP:.1f}" width="{CELL - 2 * GAP}" height="{CELL - 2 * GAP}" rx="3" '
        'fill="none" stroke="#c9ced4"/>'
    )


def _legend(x: float, y: float) -> list[str]:
    steps = [-1 + i / 10 for i in range(21)]
    made = [
        f'<rect x="{x + 10 * i:.1f}" y="{y:.1f}" width="10" height="12" fill="{_hex(_rgb(k))}"/>'
        for i, k in enumerate(steps)
    ]
    marks = ((0, "−1"), (105, "0 (chance)"), (210, "1"))
    made += [write(x + at, y + 28, said, anchor="middle", extra=NOTE) for at, said in marks]
    return [*made, write(x, y + 46, "hatched: undefined (n/a)", extra=NOTE)]


def _rgb(value: float) -> tuple[int, int, int]:
    end, share = FULL if value >= 0 else BELOW, min(1.0, abs(value))
    red, green, blue = (round(a + share * (b - a)) for a, b in zip(NONE, end, strict=True))
    return red, green, blue


def _hex(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _subtitle(found: ConcordanceData) -> str:
    return f"{found.pairs.units:,} criteria of videos that at least two decided, {found.pairs.tasks:,} tasks"


def _told(pair: PairKappa) -> str:
    if pair.kappa.value is None:
        said = f"undefined ({pair.kappa.reason})"
    else:
        interval = "" if pair.kappa.ci95 is None else f", 95 % interval {ends(pair.kappa.ci95)}"
        said = f"kappa {coefficient(pair.kappa.value)}{interval}"
    raw = "" if pair.observed is None else f", raw agreement {100 * pair.observed:.0f} %"
    return f"{pair.first} and {pair.second}: {said}{raw}, {pair.kappa.n} criteria"


def _description(found: ConcordanceData) -> str:
    return "; ".join(_told(pair) for pair in found.pairs.cohen) + "."


_HATCH = (
    '<defs><pattern id="undefined" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="6" height="6" fill="#f0f1f3"/><rect width="2" height="6" fill="#c9ced4"/></pattern></defs>'
)
