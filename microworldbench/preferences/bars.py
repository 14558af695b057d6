"""Win, tie and loss as stacked bars, the form of the paper's Figure 6. Every share is also written in words."""

from __future__ import annotations

from ..rendering.svg import HEAD, NOTE, drawing, ink_on, label_width, text_of, write
from ..rendering.tables import share
from ..rendering.wording import quantity
from .records import PreferenceData, PreferencePair

BAR, ROW, LENGTH = 26, 46, 520
COLOURS = {"win": (33, 102, 172), "tie": (203, 208, 214), "loss": (214, 96, 77)}
"""Told apart with any kind of colour vision, and in grey."""
NARROWEST_LABEL = 0.07


def preference_bars(study: PreferenceData, *, model: str | None = None) -> str:
    """The figure as an SVG document: one bar a pair, all votes, with the interval of net wins below it.

    Args:
        study: The figures.
        model: Show only its pairs, with it on the left.
    """
    chosen = [(pair.first, pair.second) for pair in study.pairs if model in (None, pair.first, pair.second)]
    pairs = [study.between(*((a, b) if model in (None, a) else (b, a))) for a, b in chosen]
    left = 24 + max((label_width(pair.first) for pair in pairs), default=0)
    right = 24 + max((label_width(pair.second) for pair in pairs), default=0)
    body = [
        write(16, 26, "Win, tie and loss", extra=HEAD),
        write(16, 44, _subtitle(study), extra=NOTE),
        *_legend(left, 58),
    ]
    for number, pair in enumerate(pairs):
        body += _bar(pair, left, 92 + number * ROW)
    height = 92 + len(pairs) * ROW + 12
    told = "; ".join(_told(pair) for pair in pairs) + "."
    return drawing(left + LENGTH + right, height, "Win, tie and loss of pairs of models", told, body)


def _bar(pair: PreferencePair, left: float, top: float) -> list[str]:
    shares = {"win": pair.all_votes.win, "tie": pair.all_votes.tie, "loss": pair.all_votes.loss}
    made = [f"<g><title>{text_of(_told(pair), 400)}</title>"]
    made.append(write(left - 8, top + BAR / 2 + 5, text_of(pair.first), anchor="end"))
    made.append(write(left + LENGTH + 8, top + BAR / 2 + 5, text_of(pair.second)))
    x = left
    for name, part in shares.items():
        width = LENGTH * (part.value or 0.0)
        if width <= 0:
            continue
        red, green, blue = COLOURS[name]
        made.append(
            f'<rect x="{x:.1f}" y="{top:.1f}" width="{width:.1f}" height="{BAR}" fill="rgb({red},{green},{blue})" '
            'stroke="#fff"/>'
        )
        if (part.value or 0.0) >= NARROWEST_LABEL:
            ink = f'fill="{ink_on(red, green, blue)}"'
            made.append(write(x + width / 2, top + BAR / 2 + 5, share(part.value), anchor="middle", extra=ink))
        x += width
    ends, net = pair.all_votes.net.ci95, pair.all_votes.net.value
    interval = "" if ends is None else f" [{_signed(ends[0])}, {_signed(ends[1])}]"
    votes = quantity(pair.all_votes.win.n, "vote")
    note = "no votes" if net is None else f"net {_signed(net)} %{interval}, {votes}"
    made.append(write(left, top + BAR + 13, note, extra=NOTE))
    return [*made, "</g>"]


def _legend(x: float, y: float) -> list[str]:
    made = []
    for number, (name, (red, green, blue)) in enumerate(COLOURS.items()):
        at = x + 150 * number
        said = {"win": "left model wins", "tie": "tie", "loss": "right model wins"}[name]
        made.append(f'<rect x="{at:.1f}" y="{y}" width="12" height="12" fill="rgb({red},{green},{blue})"/>')
        made.append(write(at + 18, y + 11, said, extra=NOTE))
    return made


def _signed(part: float) -> str:
    """Whole percent with a sign; nothing stands before a zero."""
    percent = round(100 * part)
    return f"{percent:+d}".replace("-", "−") if percent else "0"


def _subtitle(study: PreferenceData) -> str:
    return (
        f"{quantity(study.votes, 'vote')} of {quantity(study.evaluators, 'evaluator')} on "
        f"{quantity(study.tasks, 'task')}"
    )


def _told(pair: PreferencePair) -> str:
    shares = pair.all_votes
    parts = [
        f"{name} {share(part.value)}"
        for name, part in (("wins", shares.win), ("ties", shares.tie), ("losses", shares.loss))
    ]
    of = f"{quantity(shares.win.n, 'vote')} on {quantity(pair.tasks, 'task')}"
    return f"{pair.first} against {pair.second}: {', '.join(parts)} of {of}"
